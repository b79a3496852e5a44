//! What is known of one node.

use super::event::{Attempt, Worker};

/// The state of a node.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) phase: Phase,
    /// The number of the sending that counts, or of the next one. One more than that of every void sending.
    pub(crate) attempt: Attempt,
    /// Inputs that are not done.
    pub(crate) missing: u32,
    /// Dependents that are not done, and one if the node was asked for.
    pub(crate) uses_left: u32,
    /// Workers that died while they ran it.
    pub(crate) deaths: u32,
    /// The size of the result; 0 until it is done.
    pub(crate) nbytes: u64,
    /// Whether the size counts as live: it is done, not released, not data, and in memory.
    pub(crate) is_live: bool,
    /// Who has the result at hand.
    pub(crate) holders: Holders,
}

/// Where a node is on its way.
///
/// ```text
///                    ┌──────────── void ────────────┐
///                    ▼                              │
///    Waiting ───▶ Ready ───▶ Sent(worker) ──────────┤
///       │                                           ├───▶ Done, or Failed
///       └──────────────────▶ AtHome ────────────────┘
/// ```
///
/// When a run is ending, nothing becomes ready: a node whose attempt was void then waits for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// For inputs.
    #[default]
    Waiting,
    /// In one of the heaps of [`Ready`](super::ready::Ready).
    Ready,
    /// In the queue of this worker.
    Sent(Worker),
    /// The driver runs it.
    AtHome,
    /// Its result is there, unless no uses are left: then it has been released.
    Done,
    Failed,
}

/// The workers that had a result in their hands last: two at most.
///
/// A result that more than two have used has no place of its own, and so it need not be known where all its
/// copies are. Dead workers are not taken out; who asks knows who lives.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Holders([Option<Worker>; 2]);

impl Holders {
    /// Adds a worker in the place of the one that came before the last.
    pub(crate) fn add(&mut self, worker: Worker) {
        if self.0[0] != Some(worker) {
            self.0 = [Some(worker), self.0[0]];
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Worker> {
        self.0.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_two_hold_a_result() {
        let mut holders = Holders::default();
        [1, 2, 2, 1, 3].map(Worker).into_iter().for_each(|worker| holders.add(worker));
        assert!(holders.iter().eq([3, 1].map(Worker)));
    }
}
