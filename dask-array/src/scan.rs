//! Cumulative operations over one axis of a block, and how blocks are joined to one.
//!
//! ```text
//! one after the other      block ── scan ──┐
//!                          block ── scan ──┴── scan ──┐          a block begins with what the one before ends with
//!                          block ─────────────────────┴── scan
//!
//! from totals              block ── fold ──┐          ┌── scan   totals of all blocks first, of which each block's
//!                          block ── fold ──┼─ prefix ─┼── scan   beginning is made in a tree (Blelloch 1990), then
//!                          block ── fold ──┘          └── scan   all blocks at the same time
//! ```

mod neutral;
pub(crate) mod op;

use serde::{Deserialize, Serialize};

use crate::element::Element;

pub(crate) use self::neutral::Neutral;

/// What is accumulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Scan {
    Sum,
    Prod,
}

/// Accumulates `n` elements of `out` from `start` on, which lies in memory so that the neighbour before an element along
/// the axis is `step` elements before it and the axis has length `len`. What comes before the first is in `carry`,
/// if anything does: one element for each line along the axis.
pub(crate) fn accumulate<T: Element>(
    out: &mut [T],
    start: usize,
    n: usize,
    step: usize,
    len: usize,
    carry: Option<&[T]>,
    join: impl Fn(T, T) -> T,
) {
    let mut at = start;
    let end = start + n;
    while at < end {
        if step == 1 {
            // A piece of one line, each element of which waits for the one before.
            let (line, within) = (at / len, at % len);
            let stop = end.min(at + len - within);
            let mut last = match within {
                0 => carry.map(|carry| carry[line]),
                _ => Some(out[at - 1]),
            };
            for x in &mut out[at..stop] {
                let next = last.map_or(*x, |last| join(last, *x));
                (*x, last) = (next, Some(next));
            }
            at = stop;
            continue;
        }
        // A piece of a row of neighbours across the axis, all of which take from the row before.
        let (row, within) = (at / step, at % step);
        let stop = end.min(at + step - within);
        let (before, piece) = out.split_at_mut(at);
        let piece = &mut piece[..stop - at];
        if row % len > 0 {
            let before = &before[at - step..];
            for (x, &before) in piece.iter_mut().zip(before) {
                *x = join(before, *x);
            }
        } else if let Some(carry) = carry {
            let carry = &carry[row / len * step + within..];
            for (x, &before) in piece.iter_mut().zip(carry) {
                *x = join(before, *x);
            }
        }
        at = stop;
    }
}

#[cfg(test)]
mod tests {
    use super::accumulate;

    #[test]
    fn every_way_to_cut_gives_the_same() {
        let (outer, len, step) = (2, 5, 3);
        let x: Vec<i64> = (1..=30).map(|i| i * i % 17).collect();
        let carry: Vec<i64> = (100..106).collect();
        let mut want = x.clone();
        for o in 0..outer {
            for s in 0..step {
                let mut sum = carry[o * step + s];
                for l in 0..len {
                    let at = (o * len + l) * step + s;
                    sum += x[at];
                    want[at] = sum;
                }
            }
        }
        for tile in 1..31 {
            let mut out = x.clone();
            for start in (0..30).step_by(tile) {
                let n = tile.min(30 - start);
                accumulate(&mut out, start, n, step, len, Some(&carry), |a, b| a + b);
            }
            assert_eq!(out, want);
        }
    }

    #[test]
    fn lines_are_accumulated_by_themselves() {
        let mut out = vec![1, 2, 3, 10, 20, 30];
        accumulate(&mut out, 0, 4, 1, 3, None, |a, b| a + b);
        accumulate(&mut out, 4, 2, 1, 3, None, |a, b| a + b);
        assert_eq!(out, [1, 3, 6, 10, 30, 60]);
    }
}
