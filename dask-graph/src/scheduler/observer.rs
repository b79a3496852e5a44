//! Those who watch a run: progress, profiles, traces.

use std::time::Duration;

use crate::plan::{NodeId, Plan};

/// The number of a worker within a run, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(pub u32);

/// Watches a run.
///
/// Every method has a default that does nothing. Methods are called from workers, so they should be quick;
/// `started` comes before and `finished` after all others, also when the run fails. Only nodes that do work
/// are reported ([`Plan::is_task`]), never data or aliases.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use dask_graph::{Observer, Plan, TaskEnd};
///
/// #[derive(Default)]
/// struct Count(AtomicUsize);
///
/// impl Observer for Count {
///     fn task_finished(&self, _: &Plan, _: &TaskEnd) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
/// }
/// ```
pub trait Observer: Send + Sync {
    /// A run begins.
    fn started(&self, _plan: &Plan) {}

    /// A task begins.
    fn task_started(&self, _plan: &Plan, _task: &TaskStart) {}

    /// A task has ended, well or not.
    fn task_finished(&self, _plan: &Plan, _task: &TaskEnd) {}

    /// The run has ended, well or not.
    fn finished(&self, _plan: &Plan, _run: &RunEnd) {}
}

/// A task that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskStart {
    /// Which.
    pub node: NodeId,
    /// On which worker.
    pub worker: WorkerId,
    /// When, counted from the start of the run.
    pub at: Duration,
}

impl TaskStart {
    /// A task that begins now.
    pub fn new(node: NodeId, worker: WorkerId, at: Duration) -> Self {
        Self { node, worker, at }
    }
}

/// A task that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskEnd {
    /// Which.
    pub node: NodeId,
    /// On which worker.
    pub worker: WorkerId,
    /// When it began, counted from the start of the run.
    pub start: Duration,
    /// When it ended, counted from the start of the run.
    pub end: Duration,
    /// The size of its result in bytes; 0 when it failed.
    pub nbytes: u64,
    /// The bytes of results alive in memory after it, in this run.
    pub live_nbytes: u64,
    /// Whether it failed.
    pub failed: bool,
}

impl TaskEnd {
    /// The end of the task `start`.
    pub fn new(start: TaskStart, end: Duration, nbytes: u64, live_nbytes: u64, failed: bool) -> Self {
        Self { node: start.node, worker: start.worker, start: start.at, end, nbytes, live_nbytes, failed }
    }
}

/// A run that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunEnd {
    /// When it ended, counted from its start.
    pub at: Duration,
    /// Whether it failed, was cancelled or ran out of time.
    pub failed: bool,
    /// The most bytes of results that were alive in memory at once.
    pub peak_nbytes: u64,
    /// The bytes of results that were written to disk since the memory limit asked for it.
    pub spilled_nbytes: u64,
}

impl RunEnd {
    /// A run that has ended.
    pub fn new(at: Duration, failed: bool, peak_nbytes: u64, spilled_nbytes: u64) -> Self {
        Self { at, failed, peak_nbytes, spilled_nbytes }
    }
}
