//! What Python gives: every golden case that is covered, on several cuts and all schedulers.

use dask_graph::Collection;
use serde_json::{Value, json};

use super::expression::list;
use super::golden::{Built, Cut, build, check, index};
use super::runners::schedulers;

#[test]
fn every_case_gives_the_golden_answer() {
    // 73 cases, of which 5 have answers for their own cut only.
    assert_eq!(check(&schedulers(), &Cut::ALL), 4 * (73 - 5) + 5);
}

#[test]
fn sources_are_cut_as_dask_cuts_them() {
    let index = index();
    let mut ran = 0;
    for case in list(&index["cases"]).iter().filter(|case| case["group"] == "source") {
        let Ok(Built::Bag(bag)) = build(case, Cut::Own) else { panic!("{case}") };
        let sizes = bag.map_partitions(|items| [json!(items.len())]);
        let got = sizes.compute_with(&dask_sched_sync::Sync::new()).unwrap();
        assert_eq!(Value::Array(got), case["dask_partitions"], "{}", case["id"]);
        ran += 1;
    }
    assert_eq!(ran, 6);
}
