//! How results, ready tasks and idle workers go from one thread to another.
//!
//! Two small parts, each with its promises, all checked over every interleaving by `tests/loom.rs`, which
//! compiles this file against loom's primitives:
//!
//! - A [`Cell`] is all that changes about a node. It counts the dependencies that the node still waits for:
//!   *exactly one of those who finish them learns that it was the last, and it sees the results of all.*
//!   And it holds the result between the task that made it and those that take it: *the last that takes it
//!   owns it.*
//! - A [`Crew`] counts the workers of a run. *Work that was pushed is never left to sleepers:* either a
//!   worker that is about to leave sees it, or the pusher learns that it has to call one back.

use crate::sync::{AtomicU32, AtomicUsize, Mutex, Ordering, fence};

/// All that changes about a node while a plan runs.
///
/// One small lock a node, which is never held while anything else happens. Only neighbours in the graph
/// meet at it, so it is rarely contended. What belongs to a node lies together, since in a large graph a
/// cache miss costs more than everything else here: 32 bytes, two nodes a line.
pub(crate) struct Cell<T> {
    result: Mutex<Option<T>>,
    /// How often the result will still be taken; changes under the lock.
    uses: AtomicU32,
    /// Dependencies that are not done.
    waiting: AtomicU32,
}

/// What [`Cell::take`] gave.
pub(crate) enum Taken<T> {
    /// A share of the result; others will take it, too.
    Shared(T),
    /// The result itself: nobody takes it after this.
    Last(T),
}

impl<T: Clone> Cell<T> {
    /// The cell of a node that waits for so many dependencies and whose result will be taken `uses` times.
    pub(crate) fn new(dependencies: u32, uses: u32) -> Self {
        Cell { result: Mutex::new(None), uses: AtomicU32::new(uses), waiting: AtomicU32::new(dependencies) }
    }

    /// The cell of a node that waits for nothing any more, with its result if that is made.
    pub(crate) fn holding(result: Option<T>, uses: u32) -> Self {
        Cell { result: Mutex::new(result), uses: AtomicU32::new(uses), waiting: AtomicU32::new(0) }
    }

    /// Counts one dependency as done and returns whether it was the last.
    ///
    /// Release, so that what the caller wrote before is seen by the one who learns of the last; acquire, so
    /// that this one sees what all wrote. A count of one can only be the caller's own: then nobody else
    /// touches the counter any more and the write is saved, which in a chain is every time.
    pub(crate) fn arrive(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 1 || self.waiting.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Puts the result in, or gives it back when nobody will take it.
    pub(crate) fn put(&self, result: T) -> Option<T> {
        let mut held = self.result.lock();
        // Relaxed here and below: the lock orders these.
        if self.uses.load(Ordering::Relaxed) == 0 {
            return Some(result);
        }
        *held = Some(result);
        None
    }

    /// Clones the result without counting it as a use; `None` if it is not there.
    pub(crate) fn share(&self) -> Option<T> {
        self.result.lock().clone()
    }

    /// Takes the result once; `None` if it is not there (it never was, or every use is spent).
    pub(crate) fn take(&self) -> Option<Taken<T>> {
        let mut held = self.result.lock();
        let uses = self.uses.load(Ordering::Relaxed).saturating_sub(1);
        self.uses.store(uses, Ordering::Relaxed);
        if uses == 0 { held.take().map(Taken::Last) } else { held.clone().map(Taken::Shared) }
    }
}

/// The workers of one run: how many are at it, and how one leaves and is called back.
///
/// A worker counts from the moment it is called until it leaves.
pub(crate) struct Crew {
    active: AtomicUsize,
    size: usize,
}

impl Crew {
    /// A crew of at most `size` workers, of which one has been called.
    pub(crate) fn new(size: usize) -> Self {
        Crew { active: AtomicUsize::new(1), size }
    }

    /// Returns whether some worker is away that could be called; only a hint.
    pub(crate) fn has_absent(&self) -> bool {
        self.active.load(Ordering::Relaxed) < self.size
    }

    /// Returns whether the calling worker is the only one left.
    ///
    /// A lone worker that finds no work is at the end of the run: nobody else is there to make any.
    pub(crate) fn is_alone(&self) -> bool {
        self.active.load(Ordering::Acquire) == 1
    }

    /// Tells the crew that there is work for others, after it was made visible.
    ///
    /// Returns whether the caller has to call one more worker, which is counted already.
    pub(crate) fn recruit(&self) -> bool {
        // Pairs with the fence in `retire`: either the one who leaves sees the work, or this load sees that
        // it left.
        fence(Ordering::SeqCst);
        self.enter()
    }

    /// Leaves the crew, unless `has_work` now says that there is work; returns whether the caller has left.
    ///
    /// The caller must have found no work before; `has_work` looks once more after the others can know that
    /// the caller is leaving.
    pub(crate) fn retire(&self, has_work: impl FnOnce() -> bool) -> bool {
        self.active.fetch_sub(1, Ordering::AcqRel);
        fence(Ordering::SeqCst);
        // If the crew is full again, the pusher has called somebody else in the caller's place.
        !(has_work() && self.enter())
    }

    /// Leaves the crew unless that would leave nobody; returns whether the caller has left.
    pub(crate) fn refuse(&self) -> bool {
        let mut active = self.active.load(Ordering::Relaxed);
        while active > 1 {
            match self.active.compare_exchange_weak(active, active - 1, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => active = now,
            }
        }
        false
    }

    fn enter(&self) -> bool {
        let mut active = self.active.load(Ordering::Relaxed);
        while active < self.size {
            match self.active.compare_exchange_weak(active, active + 1, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => active = now,
            }
        }
        false
    }
}
