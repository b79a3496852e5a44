//! Counting live bytes and telling observers: the part of it that all schedulers share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::plan::{NodeId, Plan};
use crate::scheduler::{Observer, RunEnd, RunOptions, TaskEnd, TaskStart, WorkerId};
use crate::value::Value;

/// Counts the bytes of live results in one run and tells its observers.
///
/// A scheduler makes one when a run starts, calls [`task_started`](Self::task_started) and
/// [`task_finished`](Self::task_finished) around each node, and [`finish`](Self::finish) at the end. When
/// nobody watches and there is no memory limit, nothing is counted and no clock is read: a scheduler asks
/// [`is_counting`](Self::is_counting) before it measures anything.
pub struct Watch<'a> {
    plan: &'a Plan,
    observers: &'a [Arc<dyn Observer>],
    is_counting: bool,
    origin: Instant,
    live: AtomicU64,
    peak: AtomicU64,
    spilled: AtomicU64,
}

impl<'a> Watch<'a> {
    /// Begins to watch a run and tells the observers that it has started.
    pub fn start(plan: &'a Plan, options: &'a RunOptions) -> Self {
        let observers = options.observers();
        observers.iter().for_each(|observer| observer.started(plan));
        Self {
            plan,
            observers,
            is_counting: !observers.is_empty() || options.get_memory_limit().is_some(),
            origin: Instant::now(),
            live: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            spilled: AtomicU64::new(0),
        }
    }

    /// Whether anybody wants to know sizes and times.
    pub fn is_counting(&self) -> bool {
        self.is_counting
    }

    /// The bytes that a node's result counts for while it is alive: none for data, which the plan holds whatever
    /// a run does.
    pub fn nbytes(&self, node: NodeId, result: &Value) -> u64 {
        if self.plan.is_data(node) { 0 } else { result.nbytes() }
    }

    /// The bytes of results that are alive now.
    pub fn live_nbytes(&self) -> u64 {
        self.live.load(Ordering::Relaxed)
    }

    /// Tells the observers, if there are any and the node does work, that it begins on this worker.
    pub fn task_started(&self, node: NodeId, worker: WorkerId) -> Option<TaskStart> {
        if self.observers.is_empty() || !self.plan.is_task(node) {
            return None;
        }
        let start = TaskStart::new(node, worker, self.origin.elapsed());
        self.observers.iter().for_each(|observer| observer.task_started(self.plan, &start));
        Some(start)
    }

    /// Counts what a node made and what it released, in bytes, and tells the observers if they know of it.
    pub fn task_finished(&self, start: Option<TaskStart>, made: u64, released: u64, failed: bool) {
        let live = self.count(made, released);
        if let Some(start) = start {
            let end = TaskEnd::new(start, self.origin.elapsed(), made, live, failed);
            self.observers.iter().for_each(|observer| observer.task_finished(self.plan, &end));
        }
    }

    /// Counts `nbytes` of results that have left memory for the disk, for which `written` bytes were written:
    /// none if they are there from before.
    pub fn spilled(&self, nbytes: u64, written: u64) {
        self.count(0, nbytes);
        self.spilled.fetch_add(written, Ordering::Relaxed);
    }

    /// Counts `nbytes` of results that were read back from disk.
    pub fn restored(&self, nbytes: u64) {
        self.count(nbytes, 0);
    }

    /// Returns the bytes that are alive after so many more and fewer.
    fn count(&self, more: u64, fewer: u64) -> u64 {
        let live = if more >= fewer {
            let more = more - fewer;
            self.live.fetch_add(more, Ordering::Relaxed) + more
        } else {
            let fewer = fewer - more;
            self.live.fetch_sub(fewer, Ordering::Relaxed) - fewer
        };
        self.peak.fetch_max(live, Ordering::Relaxed);
        live
    }

    /// Tells the observers that the run has ended.
    pub fn finish(self, failed: bool) {
        if self.observers.is_empty() {
            return;
        }
        let end =
            RunEnd::new(self.origin.elapsed(), failed, self.peak.into_inner(), self.spilled.into_inner());
        self.observers.iter().for_each(|observer| observer.finished(self.plan, &end));
    }
}

impl fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("live", &self.live).field("peak", &self.peak).finish_non_exhaustive()
    }
}
