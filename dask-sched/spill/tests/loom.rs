//! Results that move while others want them, over every interleaving.
//!
//! Compiles `src/slots.rs` against loom's primitives. Run by `cargo xtask ci loom`; empty otherwise.
#![cfg(loom)]
#![allow(unreachable_pub, dead_code, missing_docs)]

#[path = "../src/slots.rs"]
mod slots;

mod sync {
    pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
}

use loom::sync::Arc;
use loom::thread;
use slots::{Slots, Taken};
use std::sync::Arc as Count;

/// A result whose owners are counted, and its file.
type One = Slots<Count<i32>, i32>;

fn one(uses: u32) -> Arc<One> {
    let slots = Slots::new([uses].into_iter());
    assert!(slots.put(0, Count::new(7)).is_none());
    Arc::new(slots)
}

/// What a worker does that makes room: writes the result if it may.
fn spill(slots: &One) {
    if let Some(mut leaving) = slots.leave(0, |value| Count::strong_count(value) == 1) {
        let file = leaving.take_file().unwrap_or(**leaving.value());
        drop(leaving.done(file));
    }
}

/// What a task does that takes the result; returns whether it owns it.
fn consume(slots: &One) -> bool {
    slots.pin(0, |_| 1);
    if let Some(arriving) = slots.fetch(0) {
        let value = Count::new(*arriving.file());
        arriving.done(value);
    }
    let (value, is_last) = match slots.take(0) {
        Some(Taken::Shared(value)) => (value, false),
        Some(Taken::Last(value)) => (value, true),
        None => panic!("a pinned result was not there"),
    };
    assert_eq!(*value, 7);
    drop(value);
    slots.unpin(0);
    is_last
}

/// A result leaves while its only user comes: the user gets it, and is its only owner.
#[test]
fn the_only_user_owns_a_result_that_is_about_to_leave() {
    loom::model(|| {
        let slots = one(1);
        let spilling = {
            let slots = slots.clone();
            thread::spawn(move || spill(&slots))
        };
        slots.pin(0, |_| 1);
        if let Some(arriving) = slots.fetch(0) {
            let value = Count::new(*arriving.file());
            arriving.done(value);
        }
        match slots.take(0) {
            Some(Taken::Last(value)) => assert_eq!(Count::try_unwrap(value), Ok(7)),
            _ => panic!("the only user is the last"),
        }
        spilling.join().unwrap();
    });
}

/// Two users of a result on disk, and a third thread that would have it leave again: one of them is the last.
#[test]
fn one_of_two_users_is_the_last() {
    loom::model(|| {
        let slots = one(2);
        spill(&slots);
        let others = [consume as fn(&One) -> bool, |slots| {
            spill(slots);
            false
        }]
        .map(|other| {
            let slots = slots.clone();
            thread::spawn(move || other(&slots))
        });
        let mut owners = usize::from(consume(&slots));
        owners += others.into_iter().map(|other| usize::from(other.join().unwrap())).sum::<usize>();
        assert_eq!(owners, 1);
        assert!(slots.take(0).is_none());
    });
}

/// Two threads would have one result leave: it leaves once, and comes back.
#[test]
fn one_moves_it_at_a_time() {
    loom::model(|| {
        let slots = one(1);
        let other = {
            let slots = slots.clone();
            thread::spawn(move || spill(&slots))
        };
        spill(&slots);
        other.join().unwrap();
        assert!(consume(&slots));
    });
}

/// A move that is given up while somebody waits for it: the one who waits gets the result.
#[test]
fn who_waits_for_a_move_that_fails_goes_on() {
    loom::model(|| {
        let slots = one(1);
        let failing = {
            let slots = slots.clone();
            thread::spawn(move || drop(slots.leave(0, |_| true)))
        };
        assert!(consume(&slots));
        failing.join().unwrap();
    });
}
