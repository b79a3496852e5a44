//! One worker that goes through the static order by itself, until others share what is left.
//!
//! Where tasks do next to nothing, workers only fetch each other's results from each other's caches: one is faster
//! than two. So a run begins with one, in the static order, which needs no counting of inputs; when its tasks turn
//! out to take long, even in the middle of the first, the rest is shared.

use crate::sync::{AtomicUsize, Ordering};

/// How far the lone worker has come.
///
/// *Every node is begun either by the lone worker or by those who share, never by both. Who shares knows which nodes
/// the lone worker has finished without telling their dependents, and sees their results.* Checked with loom.
pub(crate) struct Lone(AtomicUsize);

/// Marks that the rest is shared: nothing changes any more.
const SHARED: usize = 1 << (usize::BITS - 1);
/// Marks that the lone worker has finished all that it has begun, and is between two jobs; otherwise it is in the
/// middle of the last.
const ASIDE: usize = SHARED >> 1;
/// The bits that count the nodes that were begun.
const BEGUN: usize = ASIDE - 1;

impl Lone {
    /// Nothing has been begun.
    pub(crate) fn new() -> Self {
        Lone(AtomicUsize::new(ASIDE))
    }

    /// Begins the next node, of this number, the first of a job or after the one before; returns false if it belongs
    /// to those who share.
    ///
    /// Release, here and when it steps aside, so that who shares from here on sees the results of the nodes before.
    pub(crate) fn begin(&self, node: usize, is_first: bool) -> bool {
        self.exchange(if is_first { node | ASIDE } else { node }, node + 1)
    }

    /// Steps aside after the node before this one; returns false if the rest is shared.
    pub(crate) fn step_aside(&self, node: usize) -> bool {
        self.exchange(node, node | ASIDE)
    }

    fn exchange(&self, old: usize, new: usize) -> bool {
        self.0.compare_exchange(old, new, Ordering::Release, Ordering::Acquire).is_ok()
    }

    /// The number of nodes that the lone worker has begun.
    pub(crate) fn begun(&self) -> usize {
        self.0.load(Ordering::Relaxed) & BEGUN
    }

    /// Shares what the lone worker has not begun; returns the number of nodes that it has.
    pub(crate) fn share(&self) -> usize {
        self.0.fetch_or(SHARED, Ordering::AcqRel) & BEGUN
    }

    /// For those who share: the number of nodes that the lone worker has finished, whose dependents it has not told.
    pub(crate) fn finished(&self) -> usize {
        let now = self.0.load(Ordering::Acquire);
        if now & ASIDE == 0 { (now & BEGUN) - 1 } else { now & BEGUN }
    }
}
