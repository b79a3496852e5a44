//! Folding a line of elements: to one, or into a line of slots.

use crate::element::Element;
use crate::program::kernels::vector::{Loop, widest};

/// Independent partial results within a line: enough to keep the vector units of today's machines busy.
const LANES: usize = 8;

/// Folds `line` in [`LANES`] interleaved lanes, which are then folded in pairs.
#[inline(always)]
pub(crate) fn fold<T: Element, U: Element>(
    line: &[T],
    first: U,
    of: impl Fn(T) -> U,
    join: impl Fn(U, U) -> U,
) -> U {
    widest(Fold { line, first, of, join })
}

struct Fold<'a, T, U, F, J> {
    line: &'a [T],
    first: U,
    of: F,
    join: J,
}

impl<T: Element, U: Element, F: Fn(T) -> U, J: Fn(U, U) -> U> Loop for Fold<'_, T, U, F, J> {
    type Output = U;

    #[inline(always)]
    fn run(self) -> U {
        in_lanes(self.line, self.first, self.of, self.join)
    }
}

#[inline(always)]
fn in_lanes<T: Element, U: Element>(
    line: &[T],
    first: U,
    of: impl Fn(T) -> U,
    join: impl Fn(U, U) -> U,
) -> U {
    let mut lanes = [first; LANES];
    let mut chunks = line.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = join(*lane, of(x));
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(chunks.remainder()) {
        *lane = join(*lane, of(x));
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    join(join(join(a, b), join(c, d)), join(join(e, f), join(g, h)))
}

/// Lines that are folded into slots together: each slot is read and written once for all of them, and they are read
/// from memory at the same time.
pub(crate) const LINES: usize = 4;

/// Folds the elements of some lines, line by line, into the slots beside them.
#[inline(always)]
pub(crate) fn across<T: Element, const N: usize>(
    slots: &mut [T],
    lines: [&[T]; N],
    join: impl Fn(T, T) -> T,
) {
    widest(Across { slots, lines, join });
}

/// The same of any number of lines.
#[inline(always)]
pub(crate) fn across_lines<T: Element>(slots: &mut [T], lines: &[&[T]], join: impl Fn(T, T) -> T) {
    let (together, rest) = lines.as_chunks::<LINES>();
    together.iter().for_each(|&lines| across(slots, lines, &join));
    rest.iter().for_each(|&line| across(slots, [line], &join));
}

struct Across<'a, T, J, const N: usize> {
    slots: &'a mut [T],
    lines: [&'a [T]; N],
    join: J,
}

impl<T: Element, J: Fn(T, T) -> T, const N: usize> Loop for Across<'_, T, J, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let n = self.lines.iter().fold(self.slots.len(), |n, line| n.min(line.len()));
        let lines = self.lines.map(|line| &line[..n]);
        for (at, slot) in self.slots[..n].iter_mut().enumerate() {
            *slot = lines.iter().fold(*slot, |slot, line| (self.join)(slot, line[at]));
        }
    }
}

/// The sum of a line.
pub(crate) fn sum<T: Element>(line: &[T]) -> T {
    fold(line, T::default(), |x| x, T::add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_summed_whole() {
        for n in 0..40_i64 {
            let line: Vec<i64> = (0..n).collect();
            assert_eq!(sum(&line), line.iter().sum::<i64>());
        }
    }
}
