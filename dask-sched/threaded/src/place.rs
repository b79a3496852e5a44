//! What the current thread is in the middle of, as far as schedulers are concerned.
//!
//! A thread that waits (for the other half of a nested `rayon::join`, or for the end of a nested run) is
//! given other jobs of the pool meanwhile. A worker loop among them would go on long after the wait is over
//! and hold up the task that waits. So each thread knows where it is, and a loop asks first.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(Place::Nowhere) };
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In no run at all.
    Nowhere,
    /// In a worker loop, and so perhaps in a task.
    AtWork,
    /// Waiting for the end of this run.
    AtEndOf(RunId),
}

/// The number of a run, unique in this process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunId(usize);

impl RunId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        RunId(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Marks where the thread is until it is dropped.
pub(crate) struct Mark(Place);

impl Drop for Mark {
    fn drop(&mut self) {
        PLACE.set(self.0);
    }
}

/// Marks that the thread waits for the end of `run`.
pub(crate) fn wait_for(run: RunId) -> Mark {
    Mark(PLACE.replace(Place::AtEndOf(run)))
}

/// Marks that the thread works.
pub(crate) fn work() -> Mark {
    Mark(PLACE.replace(Place::AtWork))
}

/// Returns whether a worker loop of `run` may start here without holding anything up.
pub(crate) fn is_free_for(run: RunId) -> bool {
    match PLACE.get() {
        Place::Nowhere => true,
        Place::AtWork => false,
        Place::AtEndOf(other) => other == run,
    }
}
