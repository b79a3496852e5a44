//! Every way of running a graph.

use dask_graph::testing::Travelling;
use dask_graph::{Collection, ComputeError, Scheduler};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;

use super::errors::chain;

/// The schedulers that every test runs on, with their names.
pub(crate) fn schedulers() -> Vec<(&'static str, Box<dyn Scheduler>)> {
    let mut schedulers = in_process();
    schedulers.push(("travelling", Box::new(Travelling)));
    schedulers.push(("travelling, optimised", Box::new(Optimized::new(Travelling))));
    schedulers
}

/// Those for which functions may capture, and types need not be told how they leave the process.
pub(crate) fn in_process() -> Vec<(&'static str, Box<dyn Scheduler>)> {
    vec![
        ("sync", Box::new(Sync::new())),
        ("threaded", Box::new(Threaded::with_workers(2))),
        ("sync, optimised", Box::new(Optimized::new(Sync::new()))),
        ("threaded, optimised", Box::new(Optimized::new(Threaded::with_workers(2)))),
    ]
}

/// Computes on every scheduler; all must give `expected`.
#[track_caller]
pub(crate) fn check<C: Collection>(collection: &C, expected: C::Output)
where
    C::Output: PartialEq + std::fmt::Debug,
{
    for (name, scheduler) in schedulers() {
        let got = collection.compute_with(&*scheduler).unwrap_or_else(|e| panic!("{name}: {}", chain(&e)));
        assert_eq!(got, expected, "{name}");
    }
}

/// Computes on every scheduler; all must fail, with these words in their chains of errors.
#[track_caller]
pub(crate) fn check_fails<C: Collection>(collection: &C, words: &[&str])
where
    C::Output: std::fmt::Debug,
{
    for (name, scheduler) in schedulers() {
        let error: ComputeError = collection.compute_with(&*scheduler).expect_err(name);
        let chain = chain(&error);
        for word in words {
            assert!(chain.contains(word), "{name}: `{word}` is not in: {chain}");
        }
    }
}
