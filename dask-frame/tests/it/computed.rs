//! Frames computed in several ways, which must agree.

use dask_frame::{DataFrame, Table};
use dask_graph::{Collection, Scheduler};

/// Computes a frame on each scheduler, with the planner and without, and returns the one answer they all gave.
///
/// Asserts that the schema was known before.
#[track_caller]
pub(crate) fn computed(frame: &DataFrame, schedulers: &[(&str, Box<dyn Scheduler>)], what: &str) -> Table {
    let mut answer: Option<Table> = None;
    for (planner, frame) in [("planned", frame.clone()), ("as written", frame.unoptimized())] {
        for (scheduler, run) in schedulers {
            let table = frame.compute_with(&**run).unwrap_or_else(|error| {
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
