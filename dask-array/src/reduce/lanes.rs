//! Folding a line of elements to one.

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
