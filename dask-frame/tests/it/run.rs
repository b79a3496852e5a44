//! Every frame on every scheduler, optimised or not.

use dask_frame::{DataFrame, Table};
use dask_graph::testing::Travelling;
use dask_graph::{Collection, Scheduler};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;

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
///
/// Asserts that the schema was known before.
#[track_caller]
pub(crate) fn every_way(frame: &DataFrame, what: &str) -> Table {
    let mut answer: Option<Table> = None;
    for (planner, frame) in [("planned", frame.clone()), ("as written", frame.unoptimized())] {
        for (scheduler, run) in schedulers() {
            let table = frame.compute_with(&*run).unwrap_or_else(|error| {
                panic!("{what}, {scheduler}, {planner}: {}", chain(&error));
            });
            assert_eq!(table.schema(), frame.schema(), "{what}, {scheduler}, {planner}");
            match &answer {
                None => answer = Some(table),
                Some(answer) => assert_eq!(answer, &table, "{what}, {scheduler}, {planner}"),
            }
        }
    }
    answer.expect("there is a scheduler")
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

/// An error and its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
