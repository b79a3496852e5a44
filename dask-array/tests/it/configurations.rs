//! The schedulers that every case runs on.

use dask_graph::Scheduler;
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;

/// Sync and threaded, as written and optimised.
pub(super) fn schedulers() -> Vec<(&'static str, Box<dyn Scheduler>)> {
    vec![
        ("sync", Box::new(Sync::new())),
        ("sync, optimised", Box::new(Optimized::new(Sync::new()))),
        ("threaded", Box::new(Threaded::with_workers(2))),
        ("threaded, optimised", Box::new(Optimized::new(Threaded::with_workers(3)))),
    ]
}
