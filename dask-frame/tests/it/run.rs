//! Every frame on every scheduler, optimised or not.

use dask_frame::{DataFrame, Table};
use dask_graph::testing::Travelling;
use dask_graph::{Collection, Scheduler};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;

use super::computed::{chain, computed};

/// The schedulers by name.
pub(crate) fn schedulers() -> Vec<(&'static str, Box<dyn Scheduler>)> {
    vec![
        ("sync", Box::new(Sync::new())),
        ("threaded", Box::new(Threaded::with_workers(2))),
        ("sync, fused", Box::new(Optimized::new(Sync::new()))),
        ("travelling", Box::new(Travelling)),
        ("travelling, fused", Box::new(Optimized::new(Travelling))),
    ]
}

/// Computes a frame in every way and returns the one answer they all gave.
#[track_caller]
pub(crate) fn every_way(frame: &DataFrame, what: &str) -> Table {
    computed(frame, &schedulers(), what)
}

/// Computes a frame that should fail, and returns the error with its causes.
///
/// Asserts that it is the same wherever tasks run one after another.
#[track_caller]
pub(crate) fn failure(frame: &DataFrame) -> String {
    let fails = |scheduler: &dyn Scheduler| match frame.compute_with(scheduler) {
        Ok(table) => panic!("this should fail, and gave\n{table}"),
        Err(error) => chain(&error),
    };
    let error = fails(&Sync::new());
    assert_eq!(error, fails(&Travelling));
    error
}
