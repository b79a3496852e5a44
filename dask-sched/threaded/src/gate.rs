//! The memory limit: tasks that read or create data wait here until it fits.

use crate::sync::Mutex;
use dask_graph::{NodeId, Plan};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Hands out roots and ready producers while the memory they are expected to need is there.
///
/// A producer starts only while the bytes of live results, those expected of running producers, and its own
/// fit under the limit; or when nothing else can run, so that there is always progress. All others start
/// when they are ready: most of them free more than they make.
///
/// One lock: who sets a memory limit has tasks of megabytes, beside which it is nothing.
pub(crate) struct Gate {
    limit: u64,
    state: Mutex<State>,
}

struct State {
    /// Roots in static order.
    roots: Vec<NodeId>,
    next_root: usize,
    /// Producers that are ready, waiting for memory, first in static order on top.
    held: BinaryHeap<Reverse<NodeId>>,
    /// Bytes expected of the producers that run.
    reserved: u64,
    /// The largest result of a producer so far: what is expected of one that does not say.
    largest: u64,
    /// Workers that have a task or look for one.
    working: usize,
}

/// A node that may start.
#[derive(Clone, Copy)]
pub(crate) struct Admitted {
    pub(crate) node: NodeId,
    /// Bytes reserved for it, to be given back to [`Gate::settle`].
    pub(crate) reserved: u64,
}

impl Gate {
    pub(crate) fn new(limit: u64, plan: &Plan) -> Self {
        let roots = plan.nodes().filter(|&node| plan.dependencies(node).next().is_none()).collect();
        let state =
            State { roots, next_root: 0, held: BinaryHeap::new(), reserved: 0, largest: 0, working: 0 };
        Gate { limit, state: Mutex::new(state) }
    }

    /// Keeps a ready producer until it fits.
    pub(crate) fn hold(&self, node: NodeId) {
        self.state.lock().held.push(Reverse(node));
    }

    /// Counts the calling worker as working.
    pub(crate) fn enter(&self) {
        self.state.lock().working += 1;
    }

    /// Counts the calling worker, which found nothing to do, as idle.
    ///
    /// When it was the last and no task is ready (`is_any_ready`), nothing else can run: then the next
    /// producer may, whatever its size, and the worker counts as working again.
    pub(crate) fn leave(&self, plan: &Plan, is_any_ready: impl FnOnce() -> bool) -> Option<Admitted> {
        let mut state = self.state.lock();
        state.working -= 1;
        if state.working > 0 || is_any_ready() {
            return None;
        }
        let next = state.first()?;
        state.working += 1;
        Some(state.admit(plan, next))
    }

    /// Returns whether [`next`](Self::next) would give a node.
    pub(crate) fn is_open(&self, plan: &Plan, live: u64) -> bool {
        self.state.lock().fitting(plan, self.limit, live).is_some()
    }

    /// Returns the next node in static order if it fits.
    pub(crate) fn next(&self, plan: &Plan, live: u64) -> Option<Admitted> {
        let mut state = self.state.lock();
        let next = state.fitting(plan, self.limit, live)?;
        Some(state.admit(plan, next))
    }

    /// Gives back what was reserved for a producer that has ended and made `made` bytes.
    pub(crate) fn settle(&self, reserved: u64, made: u64) {
        let mut state = self.state.lock();
        state.reserved -= reserved;
        state.largest = state.largest.max(made);
    }
}

impl State {
    /// The first in static order of the roots and the held.
    fn first(&self) -> Option<NodeId> {
        let root = self.roots.get(self.next_root).copied();
        let held = self.held.peek().map(|&Reverse(node)| node);
        match (root, held) {
            (Some(root), Some(held)) => Some(root.min(held)),
            (one, other) => one.or(other),
        }
    }

    fn fitting(&self, plan: &Plan, limit: u64, live: u64) -> Option<NodeId> {
        let node = self.first()?;
        let needed = live.saturating_add(self.reserved).saturating_add(self.expected(plan, node));
        (plan.producer_nbytes(node).is_none() || needed <= limit).then_some(node)
    }

    fn admit(&mut self, plan: &Plan, node: NodeId) -> Admitted {
        if self.roots.get(self.next_root) == Some(&node) {
            self.next_root += 1;
        } else {
            self.held.pop();
        }
        let reserved = self.expected(plan, node);
        self.reserved = self.reserved.saturating_add(reserved);
        Admitted { node, reserved }
    }

    /// The bytes that a node is expected to make, as far as it is a producer.
    fn expected(&self, plan: &Plan, node: NodeId) -> u64 {
        match plan.producer_nbytes(node) {
            None => 0,
            Some(0) => self.largest,
            Some(nbytes) => nbytes,
        }
    }
}
