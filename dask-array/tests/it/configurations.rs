//! The schedulers that every case runs on.

use dask_graph::Scheduler;
use dask_graph::testing::Travelling;
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;

/// Sync, threaded, and as if in other processes, as written and optimised.
pub(super) fn schedulers() -> Vec<(&'static str, Box<dyn Scheduler>)> {
    let mut schedulers = in_process();
    schedulers.push(("travelling", Box::new(Travelling)));
    schedulers.push(("travelling, optimised", Box::new(Optimized::new(Travelling))));
    schedulers
}

/// Those on which a test may count what happens.
pub(super) fn in_process() -> Vec<(&'static str, Box<dyn Scheduler>)> {
    vec![
        ("sync", Box::new(Sync::new())),
        ("sync, optimised", Box::new(Optimized::new(Sync::new()))),
        ("threaded", Box::new(Threaded::with_workers(2))),
        ("threaded, optimised", Box::new(Optimized::new(Threaded::with_workers(3)))),
    ]
}
