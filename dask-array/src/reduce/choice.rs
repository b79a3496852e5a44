//! The smallest and the largest, and where they are.

use std::ops::Range;

use super::fold::Folding;
use super::lanes;
use super::paired::Paired;
use crate::element::{Element, Scalar};

/// No position: nothing was chosen yet.
pub(crate) const NOWHERE: i64 = -1;

/// How positions follow from the order in which elements are folded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    /// Elements folded until the position grows by one.
    pub(crate) step: usize,
    /// Positions until they begin anew.
    pub(crate) len: usize,
}

impl Places {
    fn of(self, at: usize) -> i64 {
        (at / self.step.max(1) % self.len.max(1)) as i64
    }
}

/// A choice among elements: the largest or the smallest, with NaN before all others or left out.
pub(crate) struct Choosing<T, const LARGEST: bool, const SKIP_NAN: bool> {
    values: Vec<T>,
    at: Vec<i64>,
    places: Places,
}

/// Whether `x` is to be chosen over `than`.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN is what differs from itself, and the only test that integers have too")]
pub(crate) fn is_better<T: Element, const LARGEST: bool, const SKIP_NAN: bool>(x: T, than: T) -> bool {
    let beyond = if LARGEST { T::lt(than, x) } else { T::lt(x, than) };
    beyond || (!SKIP_NAN && x != x && than == than)
}

/// Not a number for the types that have it, else what any other number wins against.
pub(crate) fn nothing<T: Element>(largest: bool) -> T {
    let nan = T::from_scalar(Scalar::F64(f64::NAN));
    if is_nan(nan) {
        return nan;
    }
    if largest { T::lowest() } else { T::highest() }
}

/// Whether the number is none.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN is what differs from itself, and the only test that integers have too")]
pub(crate) fn is_nan<T: Element>(x: T) -> bool {
    x != x
}

/// The smaller of two numbers, or the one that is not NaN.
#[inline(always)]
pub(crate) fn least_number<T: Element>(a: T, b: T) -> T {
    if T::lt(b, a) || is_nan(a) { b } else { a }
}

/// The larger of two numbers, or the one that is not NaN.
#[inline(always)]
pub(crate) fn greatest_number<T: Element>(a: T, b: T) -> T {
    if T::lt(a, b) || is_nan(a) { b } else { a }
}

impl<T: Element, const LARGEST: bool, const SKIP_NAN: bool> Choosing<T, LARGEST, SKIP_NAN> {
    pub(crate) fn new(slots: usize, places: Places) -> Self {
        Self { values: vec![T::default(); slots], at: vec![NOWHERE; slots], places }
    }

    pub(crate) fn finish(self, shape: Vec<usize>) -> Paired<T> {
        Paired { values: self.values, numbers: self.at, shape }
    }

    fn best(line: &[T]) -> T {
        match (LARGEST, SKIP_NAN) {
            (true, false) => lanes::fold(line, T::lowest(), |x| x, T::greatest),
            (false, false) => lanes::fold(line, T::highest(), |x| x, T::least),
            (true, true) => lanes::fold(line, nothing(true), |x| x, greatest_number),
            (false, true) => lanes::fold(line, nothing(false), |x| x, least_number),
        }
    }
}

impl<T: Element, const LARGEST: bool, const SKIP_NAN: bool> Folding<T> for Choosing<T, LARGEST, SKIP_NAN> {
    fn along(&mut self, slot: usize, at: usize, line: &[T]) {
        // First the value, in lanes; where it is only matters if it is better than what there is.
        let best = Self::best(line);
        if SKIP_NAN && is_nan(best) {
            return;
        }
        if self.at[slot] == NOWHERE || is_better::<T, LARGEST, SKIP_NAN>(best, self.values[slot]) {
            let found = line.iter().position(|&x| x == best || (is_nan(x) && is_nan(best)));
            if let Some(found) = found {
                self.values[slot] = best;
                self.at[slot] = self.places.of(at + found);
            }
        }
    }

    fn across(&mut self, slots: Range<usize>, at: usize, line: &[T]) {
        let place = self.places.of(at);
        let into = self.values[slots.clone()].iter_mut().zip(&mut self.at[slots]);
        for ((value, at), &x) in into.zip(line) {
            let first = *at == NOWHERE && !(SKIP_NAN && is_nan(x));
            let better = first || is_better::<T, LARGEST, SKIP_NAN>(x, *value) && *at != NOWHERE;
            *value = if better { x } else { *value };
            *at = if better { place } else { *at };
        }
    }
}

/// Takes the choices of other blocks in; of equals the one that comes first.
pub(crate) fn merge<T: Element>(into: &mut Paired<T>, other: &Paired<T>, largest: bool, skip_nan: bool) {
    let better: fn(T, T) -> bool = match (largest, skip_nan) {
        (true, false) => is_better::<T, true, false>,
        (false, false) => is_better::<T, false, false>,
        (true, true) => is_better::<T, true, true>,
        (false, true) => is_better::<T, false, true>,
    };
    let mine = into.values.iter_mut().zip(&mut into.numbers);
    for ((value, at), (&its, &its_at)) in mine.zip(other.values.iter().zip(&other.numbers)) {
        if its_at == NOWHERE {
            continue;
        }
        let is_first = its_at < *at && !better(*value, its);
        if *at == NOWHERE || better(its, *value) || is_first {
            (*value, *at) = (its, its_at);
        }
    }
}
