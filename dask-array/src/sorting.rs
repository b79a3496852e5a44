//! The order of elements that sorting, searching and choosing use: numpy's, with NaN behind all numbers.

use std::cmp::Ordering;

use crate::element::Element;
use crate::reduce::choice::is_nan;

/// Whether `a` comes before `b`.
#[inline(always)]
pub(crate) fn is_before<T: Element>(a: T, b: T) -> bool {
    T::lt(a, b) || (is_nan(b) && !is_nan(a))
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
        x.sort_by(|&a, &b| order(a, b));
        assert_eq!(x[..3], [-1.0, 1.0, f64::INFINITY]);
        assert_eq!((place(&x, f64::NAN, false), place(&x, f64::NAN, true)), (3, 5));
        assert_eq!((place(&x, 1.0, false), place(&x, 1.0, true)), (1, 2));
    }
}
