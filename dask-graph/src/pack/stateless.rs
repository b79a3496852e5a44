//! Functions without state: made again in another process out of nothing but their type.
//!
//! The one module of the crate with `unsafe`. What makes it sound:
//!
//! 1. A function is made again only when one of its type has been shown before ([`Witnesses`]), here or in a
//!    process of the same executable, so there can be values of the type.
//! 2. Its size is zero: there are no bytes that could be wrong.
//! 3. Nothing happens when it is dropped, so dropping one more changes nothing.
//! 4. It is `Send` and `Sync`, and called as `Fn`. A closure may have captured a value of size zero that
//!    stands for a right ("I may write to this cell"). Through `&self` a closure can only lend what it
//!    captured and never give it away, and a shared loan from a second closure allows nothing that one from
//!    the first does not.

#![expect(unsafe_code, reason = "there is no safe way to a value of a type that is a closure's")]

use std::any::TypeId;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::needs_drop;
use std::ptr::NonNull;

/// What can be called: any `Fn` of up to eight arguments, with `M` its signature, which is always inferred.
///
/// Sealed: it says that calling is all that can be done with it.
pub trait Callable<M>: sealed::Callable<M> {}

impl<M, F: sealed::Callable<M>> Callable<M> for F {}

mod sealed {
    pub trait Callable<M> {}

    macro_rules! callable {
        ($([$($a:ident)*])+) => {$(
            impl<Func, Out, $($a),*> Callable<fn($($a),*) -> Out> for Func where Func: Fn($($a),*) -> Out {}
        )+};
    }
    callable! { [] [A] [A B] [A B C] [A B C D] [A B C D E] [A B C D E F] [A B C D E F G] [A B C D E F G H] }
}

/// The functions without state of a packed op, in the order in which they were packed: for each a mark that says
/// that there has been one of its type.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Witnesses(Vec<u64>);

impl Witnesses {
    /// The marks, for sending.
    pub fn marks(&self) -> &[u64] {
        &self.0
    }

    /// Marks that were sent.
    ///
    /// # Safety
    ///
    /// - They are the [`marks`](Self::marks) of `Witnesses` in this process or in one that runs the same
    ///   executable.
    pub unsafe fn from_marks(marks: Vec<u64>) -> Self {
        Self(marks)
    }

    /// Notes that there is a function of this type; `None` if it has state.
    pub(super) fn push<M, F: Callable<M> + Send + Sync + 'static>(&mut self, _function: &F) -> Option<()> {
        is_stateless::<F>().then(|| self.0.push(mark_of::<F>()))
    }

    pub(super) fn rest(&self) -> Rest<'_> {
        Rest(&self.0)
    }
}

/// The witnesses that have not been read.
pub(super) struct Rest<'w>(&'w [u64]);

impl Rest<'_> {
    /// The next function, if it is of this type.
    pub(super) fn next<M, F: Callable<M> + Send + Sync + 'static>(&mut self) -> Option<F> {
        let &witness = self.0.split_off_first()?;
        if !is_stateless::<F>() || witness != mark_of::<F>() {
            return None;
        }
        // SAFETY: a read of a type of size zero (checked above) is valid for any pointer that is not null and
        // aligned, which a dangling `NonNull` is. That the value may exist and that one more of it does no
        // harm is argued at the head of the module: clause 1 is the mark, which only `push` makes, clauses 2
        // and 3 are `is_stateless`, clause 4 is the bounds.
        Some(unsafe { NonNull::<F>::dangling().read() })
    }
}

fn is_stateless<F>() -> bool {
    size_of::<F>() == 0 && !needs_drop::<F>()
}

/// The same in all processes of one executable: ids of types are made by the compiler, and the hasher has
/// fixed keys.
fn mark_of<F: 'static>() -> u64 {
    let mut hasher = DefaultHasher::new();
    TypeId::of::<F>().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again<M, F: Callable<M> + Send + Sync + 'static>(function: &F) -> Option<F> {
        let mut witnesses = Witnesses::default();
        witnesses.push(function)?;
        witnesses.rest().next()
    }

    #[test]
    fn functions_without_state_are_made_again() {
        let twice = |x: i64| 2 * x;
        assert_eq!(again(&twice).unwrap()(21), 42);
        assert_eq!(again(&str::len).unwrap()("four"), 4);
    }

    #[test]
    fn functions_with_state_are_not() {
        let k = 3_i64;
        assert!(again(&move |x: i64| x + k).is_none());
        let pointer: fn(i64) -> i64 = |x| x;
        assert!(again(&pointer).is_none());
    }

    #[test]
    fn what_does_something_when_dropped_is_not_made_again() {
        struct Guard;
        impl Drop for Guard {
            fn drop(&mut self) {}
        }
        let guard = Guard;
        let guarded = move || {
            let _ = &guard;
        };
        assert_eq!(size_of_val(&guarded), 0);
        assert!(again(&guarded).is_none());
    }

    #[test]
    fn the_mark_of_another_function_makes_nothing() {
        fn next_like<M, F: Callable<M> + Send + Sync + 'static>(_: &F, rest: &mut Rest<'_>) -> Option<F> {
            rest.next()
        }
        let (one, two) = (|| 1, || 2);
        let mut witnesses = Witnesses::default();
        witnesses.push(&one).unwrap();
        assert!(next_like(&two, &mut witnesses.rest()).is_none());
        assert!(next_like(&one, &mut witnesses.rest()).is_some());
        assert!(next_like(&one, &mut Witnesses::default().rest()).is_none());
    }
}
