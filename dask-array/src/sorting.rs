//! The order of elements that sorting, searching and choosing use: numpy's, with NaN behind all numbers.

use std::cmp::Ordering;

use crate::element::Element;
use crate::reduce::choice::is_nan;

/// Whether `a` comes before `b`.
#[inline(always)]
pub(crate) fn is_before<T: Element>(a: T, b: T) -> bool {
    // Without branches, which sorting could not foresee.
    T::lt(a, b) | (is_nan(b) & !is_nan(a))
}

/// The order of two elements.
#[inline(always)]
pub(crate) fn order<T: Element>(a: T, b: T) -> Ordering {
    if is_before(a, b) {
        Ordering::Less
    } else if is_before(b, a) {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

/// The order of two elements neither of which is NaN.
#[inline(always)]
pub(crate) fn number_order<T: Element>(a: T, b: T) -> Ordering {
    if T::lt(a, b) {
        Ordering::Less
    } else if T::lt(b, a) {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

/// Moves NaN to the end; how many elements are before it.
pub(crate) fn numbers_first<T: Element>(elements: &mut [T]) -> usize {
    let mut numbers = elements.len();
    let mut at = 0;
    while at < numbers {
        if is_nan(elements[at]) {
            numbers -= 1;
            elements.swap(at, numbers);
        } else {
            at += 1;
        }
    }
    numbers
}

/// Sorts elements that nothing else belongs to.
pub(crate) fn sort<T: Element>(elements: &mut [T]) {
    let numbers = numbers_first(elements);
    elements[..numbers].sort_unstable_by(|&a, &b| number_order(a, b));
}

/// Where `x` would be inserted into sorted elements: before those that are equal, or behind.
#[inline]
pub(crate) fn place<T: Element>(sorted: &[T], x: T, behind: bool) -> usize {
    if behind {
        sorted.partition_point(|&a| !is_before(x, a))
    } else {
        sorted.partition_point(|&a| is_before(a, x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_comes_last_and_is_equal_to_itself() {
        let mut x = [f64::NAN, 1.0, f64::INFINITY, f64::NAN, -1.0];
        sort(&mut x);
        assert!(x[3].is_nan() && order(x[2], x[3]).is_lt());
        assert_eq!(x[..3], [-1.0, 1.0, f64::INFINITY]);
        assert_eq!((place(&x, f64::NAN, false), place(&x, f64::NAN, true)), (3, 5));
        assert_eq!((place(&x, 1.0, false), place(&x, 1.0, true)), (1, 2));
    }
}
