//! The memory limit: which producers may start, and where results go.

use dask_graph::{NodeId, Plan};

/// Counts bytes against the limit, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    limit: Option<u64>,
    /// Bytes of results that are in memory and have not been released.
    live: u64,
    /// Bytes that are expected of what is in flight.
    reserved: u64,
    /// The largest result of a producer so far: what is expected of one that does not say.
    largest: u64,
}

impl Memory {
    pub(crate) fn new(limit: Option<u64>) -> Self {
        Memory { limit, ..Memory::default() }
    }

    /// Whether a node has to fit before it starts: if it is a producer and there is a limit.
    pub(crate) fn holds(&self, plan: &Plan, node: NodeId) -> bool {
        self.limit.is_some() && plan.producer_nbytes(node).is_some()
    }

    /// Whether the result of a producer fits with what is there and what is expected.
    pub(crate) fn fits(&self, plan: &Plan, producer: NodeId) -> bool {
        self.is_within_limit(self.expected(plan, producer))
    }

    /// Reserves what a node is expected to make and returns it, to be given to [`settle`](Self::settle).
    pub(crate) fn reserve(&mut self, plan: &Plan, node: NodeId) -> u64 {
        let expected = self.expected(plan, node);
        self.reserved = self.reserved.saturating_add(expected);
        expected
    }

    /// Gives back what was reserved for a node that is no longer in flight.
    pub(crate) fn settle(&mut self, reserved: u64) {
        self.reserved = self.reserved.saturating_sub(reserved);
    }

    /// Whether all that is there and expected fits.
    pub(crate) fn is_enough(&self) -> bool {
        self.is_within_limit(0)
    }

    /// Learns how much a producer has made.
    pub(crate) fn learn(&mut self, plan: &Plan, node: NodeId, nbytes: u64) {
        if plan.producer_nbytes(node).is_some() {
            self.largest = self.largest.max(nbytes);
        }
    }

    /// Counts a result that has come into memory.
    pub(crate) fn add(&mut self, nbytes: u64) {
        self.live = self.live.saturating_add(nbytes);
    }

    /// Counts a result that has been released.
    pub(crate) fn release(&mut self, nbytes: u64) {
        self.live = self.live.saturating_sub(nbytes);
    }

    fn is_within_limit(&self, more: u64) -> bool {
        let needed = self.live.saturating_add(self.reserved).saturating_add(more);
        self.limit.is_none_or(|limit| needed <= limit)
    }

    /// The bytes that a node is expected to make, as far as it is a producer: one at least, so that none whose
    /// size is unknown fits when memory is full.
    fn expected(&self, plan: &Plan, node: NodeId) -> u64 {
        match plan.producer_nbytes(node) {
            None => 0,
            Some(0) => self.largest.max(1),
            Some(nbytes) => nbytes,
        }
    }

    /// Live bytes and reserved bytes.
    #[cfg(test)]
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.live, self.reserved)
    }
}
