//! The nodes that wait for nothing, handed out in static order.

use crate::apart::Apart;
use crate::sync::{AtomicUsize, Ordering};
use dask_graph::{NodeId, Plan};
use std::ops::Range;

/// The nodes without dependencies, of which workers take the next few.
pub(crate) struct Roots {
    nodes: Vec<NodeId>,
    next: Apart<AtomicUsize>,
    /// A worker takes at most one part in so many of what is left, so that nobody is left with nothing.
    share: usize,
    max_batch: usize,
}

/// The largest number of roots that one worker takes at once: enough to make the shared cursor cheap.
const MAX_BATCH: usize = 64;

impl Roots {
    pub(crate) fn new(plan: &Plan, workers: usize) -> Self {
        // A batch is begun in order but, where it is stolen from, not finished in order: data that is read
        // too early lies around, so roots that make data are handed out one by one.
        let max_batch = if plan.has_producers() { 1 } else { MAX_BATCH };
        Roots { nodes: Self::of(plan), next: Apart(AtomicUsize::new(0)), share: 4 * workers, max_batch }
    }

    /// The nodes without dependencies, in static order.
    pub(crate) fn of(plan: &Plan) -> Vec<NodeId> {
        plan.nodes().filter(|&node| plan.dependencies(node).is_empty()).collect()
    }

    /// Returns whether there is none left.
    pub(crate) fn is_empty(&self) -> bool {
        self.next.load(Ordering::Relaxed) >= self.nodes.len()
    }

    /// Takes the next few; empty at the end.
    pub(crate) fn take(&self) -> &[NodeId] {
        let seen = self.next.load(Ordering::Relaxed);
        if seen >= self.nodes.len() {
            return &[];
        }
        let batch = ((self.nodes.len() - seen) / self.share).clamp(1, self.max_batch);
        let from = self.next.fetch_add(batch, Ordering::Relaxed).min(self.nodes.len());
        let range: Range<usize> = from..(from + batch).min(self.nodes.len());
        &self.nodes[range]
    }
}
