//! What pandas gives: every golden case whose operations exist, on several partitionings, one of them with empty
//! partitions, and all schedulers.

use super::golden::{Cut, Golden, NOT_YET, check, run_case};
use super::run::schedulers;

#[test]
fn pandas_gives_the_same() {
    assert_eq!(check(&schedulers(), &Cut::ALL) + NOT_YET.len(), Golden::load().cases().len());
}

#[test]
fn what_is_listed_does_not_run_yet() {
    let golden = Golden::load();
    for (id, reason) in NOT_YET {
        let (_, case) = golden.cases().find(|(case, _)| case == id).expect(id);
        assert!(run_case(&golden, case, Cut::Given).is_err(), "{id} runs, but is listed: {reason}");
    }
}
