//! The hand-over between workers, over every interleaving.
//!
//! Compiles `src/handover.rs` against loom's primitives. Run by `cargo xtask ci loom`; empty otherwise.
#![cfg(loom)]
#![allow(unreachable_pub, dead_code, missing_docs)]

#[path = "../src/handover.rs"]
mod handover;

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicU32, AtomicUsize, Ordering, fence};

    /// loom's mutex with the signature of parking_lot's.
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Mutex(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }
}

use handover::{Countdown, Crew, Slot, Taken};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// Two tasks feed a third: whoever finishes last runs it, exactly one does, and it finds both results.
#[test]
fn the_last_dependency_starts_the_task_and_sees_all_results() {
    loom::model(|| {
        let slots = Arc::new([Slot::new(1), Slot::new(1)]);
        let waiting = Arc::new(Countdown::new(2));
        let finish = move |i: usize, slots: &[Slot<usize>; 2], waiting: &Countdown| {
            assert!(slots[i].put(10 + i).is_none());
            if !waiting.arrive() {
                return 0;
            }
            for (j, slot) in slots.iter().enumerate() {
                assert!(matches!(slot.take(), Some(Taken::Last(value)) if value == 10 + j));
            }
            1
        };
        let other = {
            let (slots, waiting) = (slots.clone(), waiting.clone());
            thread::spawn(move || finish(1, &slots, &waiting))
        };
        let ran = finish(0, &slots, &waiting) + other.join().unwrap();
        assert_eq!(ran, 1);
    });
}

/// Two tasks take one result at the same time: one of them owns it, and the slot is empty afterwards.
#[test]
fn the_last_to_take_owns() {
    loom::model(|| {
        let slot = Arc::new(Slot::new(2));
        slot.put(7);
        let take = |slot: &Slot<i32>| match slot.take() {
            Some(Taken::Last(7)) => 1,
            Some(Taken::Shared(7)) => 0,
            _ => panic!("the value was not there"),
        };
        let other = {
            let slot = slot.clone();
            thread::spawn(move || take(&slot))
        };
        let owners = take(&slot) + other.join().unwrap();
        assert_eq!(owners, 1);
        assert!(slot.take().is_none());
    });
}

/// One worker pushes while another leaves: the work is seen by the one who leaves, or somebody is called.
#[test]
fn pushed_work_is_never_left_to_sleepers() {
    loom::model(|| {
        let crew = Arc::new(Crew::new(2));
        assert!(crew.recruit(), "the second worker is called");
        let queue = Arc::new(AtomicUsize::new(0));
        let leaving = {
            let (crew, queue) = (crew.clone(), queue.clone());
            thread::spawn(move || crew.retire(|| queue.load(Ordering::Relaxed) > 0))
        };
        // Relaxed, as the weakest that a queue may do.
        queue.store(1, Ordering::Relaxed);
        let called = crew.recruit();
        let left = leaving.join().unwrap();
        assert!(called || !left, "the worker left and nobody was called");
        assert!(!crew.has_absent());
    });
}

/// Both workers leave or refuse at the same time: one that refuses never leaves the run without a worker.
#[test]
fn a_run_always_keeps_a_worker() {
    loom::model(|| {
        let crew = Arc::new(Crew::new(2));
        assert!(crew.recruit());
        let other = {
            let crew = crew.clone();
            thread::spawn(move || crew.refuse())
        };
        let refused = [crew.refuse(), other.join().unwrap()];
        assert_eq!(refused.iter().filter(|&&left| left).count(), 1);
        assert!(crew.is_alone());
    });
}
