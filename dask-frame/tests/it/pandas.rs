//! What pandas gives: every golden case, on several partitionings, one of them with empty partitions, and all
//! schedulers.

use super::golden::{Cut, Golden, check};
use super::run::schedulers;

#[test]
fn pandas_gives_the_same() {
    assert_eq!(check(&schedulers(), &Cut::ALL), Golden::load().cases().len());
}
