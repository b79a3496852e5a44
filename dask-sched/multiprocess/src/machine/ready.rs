//! Nodes that are ready to be sent, and which of them a worker gets next.

use super::event::Worker;
use dask_graph::NodeId;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Nodes, the first in static order on top.
type Heap = BinaryHeap<Reverse<NodeId>>;

/// Nodes that are ready to be sent, each in one heap.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// Those that any worker may run as well as any other.
    common: Heap,
    /// Those whose inputs are at hand on one worker.
    near: BTreeMap<Worker, Heap>,
    /// Producers that have to fit in memory before they start: none if there is no limit.
    producers: Heap,
}

/// One of the heaps.
#[derive(Clone, Copy)]
enum Which {
    Common,
    Near(Worker),
    Producers,
}

impl Ready {
    /// Adds a node that any worker may run.
    pub(crate) fn push(&mut self, node: NodeId) {
        self.common.push(Reverse(node));
    }

    /// Adds a node that had best run on this worker.
    pub(crate) fn push_near(&mut self, node: NodeId, worker: Worker) {
        self.near.entry(worker).or_default().push(Reverse(node));
    }

    /// Adds a node that has to fit in memory.
    pub(crate) fn push_producer(&mut self, node: NodeId) {
        self.producers.push(Reverse(node));
    }

    /// Takes the next node for a worker: the first of those near it, those for all, and a producer that fits.
    /// If there are none, the first of those near others, and tells near whom.
    ///
    /// So there is one for every worker as long as there is any but producers that do not fit.
    ///
    /// # Complexity
    ///
    /// O(log n); when it takes from others, O(w) more for w workers.
    pub(crate) fn next(
        &mut self,
        worker: Worker,
        fits: impl FnOnce(NodeId) -> bool,
    ) -> Option<(NodeId, Option<Worker>)> {
        let producer = self.first(Which::Producers).filter(|&(node, _)| fits(node));
        let own = [self.first(Which::Near(worker)), self.first(Which::Common), producer];
        let first = own.into_iter().flatten().min_by_key(|&(node, _)| node);
        let (node, which) = first.or_else(|| self.first_near_any())?;
        self.heap(which)?.pop();
        let near = match which {
            Which::Near(owner) if owner != worker => Some(owner),
            _ => None,
        };
        Some((node, near))
    }

    /// Takes the first producer, whether it fits or not.
    pub(crate) fn next_producer(&mut self) -> Option<NodeId> {
        self.producers.pop().map(|Reverse(node)| node)
    }

    /// Forgets that nodes are near a worker: any may run them.
    pub(crate) fn forget(&mut self, worker: Worker) {
        if let Some(mut near) = self.near.remove(&worker) {
            self.common.append(&mut near);
        }
    }

    fn first_near_any(&self) -> Option<(NodeId, Which)> {
        let firsts = self.near.keys().filter_map(|&worker| self.first(Which::Near(worker)));
        firsts.min_by_key(|&(node, _)| node)
    }

    fn first(&self, which: Which) -> Option<(NodeId, Which)> {
        let heap = match which {
            Which::Common => &self.common,
            Which::Near(worker) => self.near.get(&worker)?,
            Which::Producers => &self.producers,
        };
        heap.peek().map(|&Reverse(node)| (node, which))
    }

    fn heap(&mut self, which: Which) -> Option<&mut Heap> {
        match which {
            Which::Common => Some(&mut self.common),
            Which::Near(worker) => self.near.get_mut(&worker),
            Which::Producers => Some(&mut self.producers),
        }
    }

    /// All nodes that are ready, in no order.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = NodeId> {
        let heaps = [&self.common, &self.producers].into_iter().chain(self.near.values());
        heaps.flatten().map(|&Reverse(node)| node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Worker = Worker(0);
    const B: Worker = Worker(1);

    #[track_caller]
    fn check(ready: &mut Ready, worker: Worker, fits: bool, expected: Option<(u32, Option<Worker>)>) {
        assert_eq!(ready.next(worker, |_| fits), expected.map(|(node, near)| (NodeId(node), near)));
    }

    fn ready() -> Ready {
        let mut ready = Ready::default();
        ready.push(NodeId(4));
        ready.push_near(NodeId(3), A);
        ready.push_near(NodeId(5), A);
        ready.push_near(NodeId(6), B);
        ready.push_producer(NodeId(1));
        ready
    }

    #[test]
    fn the_first_of_own_and_common_goes_first_and_then_what_is_near_others() {
        let mut ready = ready();
        check(&mut ready, A, false, Some((3, None)));
        check(&mut ready, A, false, Some((4, None)));
        check(&mut ready, B, false, Some((6, None)));
        check(&mut ready, B, false, Some((5, Some(A))));
        check(&mut ready, A, false, None);
        check(&mut ready, A, true, Some((1, None)));
    }

    #[test]
    fn what_was_near_a_dead_worker_is_for_all() {
        let mut ready = ready();
        ready.forget(A);
        check(&mut ready, B, true, Some((1, None)));
        check(&mut ready, B, true, Some((3, None)));
        assert_eq!(ready.iter().count(), 3);
    }

    #[test]
    fn a_producer_may_be_taken_though_it_does_not_fit() {
        let mut ready = ready();
        assert_eq!(ready.next_producer(), Some(NodeId(1)));
        assert_eq!(ready.next_producer(), None);
    }
}
