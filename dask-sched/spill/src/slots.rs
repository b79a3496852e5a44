//! Where each result is, in memory, on disk or both, and how it moves while many threads want it.
//!
//! One lock over all, held only to look and to note; a slot whose result is being written or read is marked as
//! moving meanwhile. The promises, checked over every interleaving by `tests/loom.rs`, which compiles this
//! file against loom's primitives:
//!
//! - *One moves it at a time.* Who wants a result that moves waits until it has settled, and whoever moves it
//!   waits for nobody, so that all waiting ends.
//! - *A pinned result stays.* Once [`pin`](Slots::pin) and [`fetch`](Slots::fetch) have returned, it is in
//!   memory until it is unpinned: taking it neither waits nor fails.
//! - *The last that takes it owns it,* whether or not it was on disk in between.
//! - *A move that fails leaves everything as it was,* also when it unwinds.

use std::sync::PoisonError;

use crate::sync::{Condvar, Mutex, MutexGuard};

/// The results `T` of the nodes of a plan, by index, in memory or in files `F`.
pub(crate) struct Slots<T, F> {
    slots: Mutex<Vec<Slot<T, F>>>,
    settled: Condvar,
}

struct Slot<T, F> {
    /// How often the result will still be taken.
    uses: u32,
    /// Running tasks that take it.
    pins: u32,
    value: Option<T>,
    /// The same on disk; beside a value, it makes leaving free.
    file: Option<F>,
    is_moving: bool,
}

/// What [`Slots::take`] gave.
pub(crate) enum Taken<T> {
    /// A share of the result; others will take it, too.
    Shared(T),
    /// The result itself: nobody takes it after this.
    Last(T),
}

impl<T: Clone, F> Slots<T, F> {
    /// Slots of nodes whose results will be taken so often.
    pub(crate) fn new(uses: impl Iterator<Item = u32>) -> Self {
        let slot = |uses| Slot { uses, pins: 0, value: None, file: None, is_moving: false };
        Slots { slots: Mutex::new(uses.map(slot).collect()), settled: Condvar::new() }
    }

    /// Puts a result in, or gives it back when nobody will take it.
    pub(crate) fn put(&self, at: usize, value: T) -> Option<T> {
        let slot = &mut self.lock()[at];
        if slot.uses == 0 {
            return Some(value);
        }
        slot.value = Some(value);
        None
    }

    /// Keeps a result from leaving memory, on behalf of a task that will take it.
    ///
    /// Returns the `size` of its file if it has left, after waiting if it is about to.
    pub(crate) fn pin(&self, at: usize, size: impl FnOnce(&F) -> u64) -> u64 {
        let mut slots = self.lock();
        // First of all, so that who is about to move it learns of it.
        slots[at].pins += 1;
        slots = self.settle(slots, at);
        let slot = &slots[at];
        if slot.value.is_some() { 0 } else { slot.file.as_ref().map_or(0, size) }
    }

    /// Ends what [`pin`](Self::pin) began; returns whether the result could leave memory now.
    pub(crate) fn unpin(&self, at: usize) -> bool {
        let slot = &mut self.lock()[at];
        slot.pins -= 1;
        slot.pins == 0 && slot.value.is_some()
    }

    /// Returns a pinned result to be read back if it is on disk, after waiting if somebody else does so.
    pub(crate) fn fetch(&self, at: usize) -> Option<Arriving<'_, T, F>> {
        let mut slots = self.settle(self.lock(), at);
        let slot = &mut slots[at];
        if slot.value.is_some() {
            return None;
        }
        let file = slot.file.take()?;
        slot.is_moving = true;
        Some(Arriving { slots: self, at, file: Some(file) })
    }

    /// Takes a pinned result once; `None` if it is not there (it never was, or every use is spent).
    pub(crate) fn take(&self, at: usize) -> Option<Taken<T>> {
        let mut slots = self.lock();
        let slot = &mut slots[at];
        slot.uses = slot.uses.saturating_sub(1);
        if slot.uses > 0 {
            return slot.value.clone().map(Taken::Shared);
        }
        let (value, file) = (slot.value.take(), slot.file.take());
        // Removing a file is nothing to do under the lock.
        drop(slots);
        drop(file);
        value.map(Taken::Last)
    }

    /// Clones a pinned result without counting it as a use; `None` if it is not there.
    pub(crate) fn share(&self, at: usize) -> Option<T> {
        self.lock()[at].value.clone()
    }

    /// Returns a result that is to leave memory, if it is there, nobody has pinned or moves it, and `may` says
    /// so.
    pub(crate) fn leave(&self, at: usize, may: impl FnOnce(&T) -> bool) -> Option<Leaving<'_, T, F>> {
        let slot = &mut self.lock()[at];
        if slot.pins > 0 || slot.is_moving || !slot.value.as_ref().is_some_and(may) {
            return None;
        }
        slot.is_moving = true;
        Some(Leaving { slots: self, at, value: slot.value.take(), file: slot.file.take() })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Slot<T, F>>> {
        // What is changed under the lock is whole at every point where it could unwind.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle<'s>(
        &self,
        mut slots: MutexGuard<'s, Vec<Slot<T, F>>>,
        at: usize,
    ) -> MutexGuard<'s, Vec<Slot<T, F>>> {
        while slots[at].is_moving {
            slots = self.settled.wait(slots).unwrap_or_else(PoisonError::into_inner);
        }
        slots
    }

    /// Ends a move: notes where the result is now.
    fn land(&self, mut slots: MutexGuard<'_, Vec<Slot<T, F>>>, at: usize, value: Option<T>, file: Option<F>) {
        let slot = &mut slots[at];
        (slot.value, slot.file, slot.is_moving) = (value, file, false);
        drop(slots);
        self.settled.notify_all();
    }
}

/// A result on its way to disk; it stays in memory unless this is [done](Leaving::done).
pub(crate) struct Leaving<'s, T: Clone, F> {
    slots: &'s Slots<T, F>,
    at: usize,
    value: Option<T>,
    file: Option<F>,
}

impl<T: Clone, F> Leaving<'_, T, F> {
    /// The result; nobody else has it.
    pub(crate) fn value(&self) -> &T {
        self.value.as_ref().unwrap_or_else(|| unreachable!("it is there until it has left"))
    }

    /// The file in which the result already is, if it has been on disk before.
    pub(crate) fn take_file(&mut self) -> Option<F> {
        self.file.take()
    }

    /// Lets go of the result, which is in `file`, and gives it back to be dropped; `None` if somebody has
    /// pinned it meanwhile, so that it stays and is in both places.
    pub(crate) fn done(mut self, file: F) -> Option<T> {
        let slots = self.slots.lock();
        let value = self.value.take();
        if slots[self.at].pins > 0 {
            self.slots.land(slots, self.at, value, Some(file));
            return None;
        }
        self.slots.land(slots, self.at, None, Some(file));
        value
    }
}

impl<T: Clone, F> Drop for Leaving<'_, T, F> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            self.slots.land(self.slots.lock(), self.at, Some(value), self.file.take());
        }
    }
}

/// A result on its way back; it stays on disk unless this is [done](Arriving::done).
pub(crate) struct Arriving<'s, T: Clone, F> {
    slots: &'s Slots<T, F>,
    at: usize,
    file: Option<F>,
}

impl<T: Clone, F> Arriving<'_, T, F> {
    /// Where the result is.
    pub(crate) fn file(&self) -> &F {
        self.file.as_ref().unwrap_or_else(|| unreachable!("it is there until the result has arrived"))
    }

    /// Puts the result back into memory. Its file goes, unless others will take it later: then it may leave
    /// again.
    pub(crate) fn done(mut self, value: T) {
        let slots = self.slots.lock();
        let file = self.file.take();
        let (kept, gone) = if slots[self.at].uses > 1 { (file, None) } else { (None, file) };
        self.slots.land(slots, self.at, Some(value), kept);
        drop(gone);
    }
}

impl<T: Clone, F> Drop for Arriving<'_, T, F> {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            self.slots.land(self.slots.lock(), self.at, None, Some(file));
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// One result, taken so often, and put in.
    fn slots(uses: u32) -> Slots<&'static str, u8> {
        let slots = Slots::new([uses].into_iter());
        assert!(slots.put(0, "result").is_none());
        slots
    }

    fn spill(slots: &Slots<&'static str, u8>) {
        assert_eq!(slots.leave(0, |_| true).unwrap().done(7), Some("result"));
    }

    #[test]
    fn a_result_leaves_and_comes_back_to_its_only_user() {
        let slots = slots(1);
        spill(&slots);
        assert!(slots.leave(0, |_| true).is_none(), "it has left");
        assert_eq!(slots.pin(0, |file| u64::from(*file)), 7);
        slots.fetch(0).unwrap().done("result");
        assert!(slots.leave(0, |_| true).is_none(), "it is pinned");
        assert!(matches!(slots.take(0), Some(Taken::Last("result"))));
        assert!(!slots.unpin(0) && slots.take(0).is_none());
    }

    #[test]
    fn a_result_that_others_take_keeps_its_file_and_leaves_again_for_nothing() {
        let slots = slots(2);
        spill(&slots);
        slots.pin(0, |_| 0);
        slots.fetch(0).unwrap().done("result");
        assert!(matches!(slots.take(0), Some(Taken::Shared("result"))));
        assert!(slots.unpin(0));
        let mut leaving = slots.leave(0, |_| true).unwrap();
        assert_eq!(leaving.take_file(), Some(7));
        leaving.done(7);
        slots.pin(0, |_| 0);
        slots.fetch(0).unwrap().done("result");
        assert!(slots.slots.lock().unwrap()[0].file.is_none(), "the last user needs no file");
    }

    #[test]
    fn a_result_that_was_pinned_while_it_was_written_stays() {
        let slots = slots(1);
        let leaving = slots.leave(0, |_| true).unwrap();
        // What `pin` does before it waits.
        slots.slots.lock().unwrap()[0].pins += 1;
        assert_eq!(leaving.done(7), None);
        assert!(slots.fetch(0).is_none(), "it is in memory");
        assert!(matches!(slots.take(0), Some(Taken::Last("result"))));
    }

    #[test]
    fn a_move_that_fails_leaves_everything_as_it_was() {
        let slots = slots(1);
        drop(slots.leave(0, |_| true).unwrap());
        assert!(slots.leave(0, |_| false).is_none());
        spill(&slots);
        slots.pin(0, |_| 0);
        drop(slots.fetch(0).unwrap());
        slots.fetch(0).unwrap().done("again");
        assert_eq!(slots.share(0), Some("again"));
    }

    #[test]
    fn what_nobody_takes_is_given_back() {
        assert_eq!(Slots::<_, ()>::new([0].into_iter()).put(0, 1), Some(1));
    }
}
