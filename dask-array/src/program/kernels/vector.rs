//! Loops compiled for wider vectors, chosen when the program runs.
//!
//! The crate is compiled for the baseline of the target: two `f64` at a time on x86-64, and no instruction for
//! `floor`. What goes through [`widest`] is compiled once more for AVX2, and every call of it takes the version that
//! the machine has. The loops are short and inlined, so a call costs one branch a tile; results are the same to the
//! bit, since Rust neither fuses nor reorders floating-point operations.

use std::sync::LazyLock;

use pulp::{Arch, NullaryFnOnce};

use super::Src;

/// A loop that is to be compiled for several instruction sets.
pub(crate) trait Loop {
    /// What it gives.
    type Output;

    /// Runs it; to be marked `#[inline(always)]`, as must be all that it calls.
    fn run(self) -> Self::Output;
}

/// Runs a loop with the widest vectors that this machine has.
#[inline(always)]
pub(crate) fn widest<L: Loop>(it: L) -> L::Output {
    static ARCH: LazyLock<Arch> = LazyLock::new(Arch::new);
    ARCH.dispatch(Dispatched(it))
}

struct Dispatched<L>(L);

impl<L: Loop> NullaryFnOnce for Dispatched<L> {
    type Output = L::Output;

    #[inline(always)]
    fn call(self) -> L::Output {
        self.0.run()
    }
}

/// Writes what a function gives for each element of a tile.
#[inline(always)]
pub(super) fn map1<T: Copy, U: Copy>(a: Src<'_, T>, out: &mut [U], f: impl Fn(T) -> U) {
    widest(Map1 { a, out, f });
}

/// Writes what a function gives for each pair of elements of two tiles.
#[inline(always)]
pub(super) fn map2<T: Copy, U: Copy>(a: Src<'_, T>, b: Src<'_, T>, out: &mut [U], f: impl Fn(T, T) -> U) {
    widest(Map2 { a, b, out, f });
}

struct Map1<'a, T, U, F> {
    a: Src<'a, T>,
    out: &'a mut [U],
    f: F,
}

impl<T: Copy, U: Copy, F: Fn(T) -> U> Loop for Map1<'_, T, U, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        super::map1(self.a, self.out, self.f);
    }
}

struct Map2<'a, T, U, F> {
    a: Src<'a, T>,
    b: Src<'a, T>,
    out: &'a mut [U],
    f: F,
}

impl<T: Copy, U: Copy, F: Fn(T, T) -> U> Loop for Map2<'_, T, U, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        super::map2(self.a, self.b, self.out, self.f);
    }
}
