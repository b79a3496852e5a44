//! The suite that every scheduler has to pass, with few workers and with more than cores.

use dask_graph::testing::conformance;
use dask_sched_threaded::Threaded;

#[track_caller]
fn conforms_with(workers: usize) {
    conformance(&|| Box::new(Threaded::with_workers(workers)));
    if workers > 1 {
        conformance(&|| Box::new(Threaded::with_workers(workers).eager()));
    }
}

#[test]
fn conforms_with_1_worker() {
    conforms_with(1);
}

#[test]
fn conforms_with_2_workers() {
    conforms_with(2);
}

#[test]
fn conforms_with_7_workers() {
    conforms_with(7);
}
