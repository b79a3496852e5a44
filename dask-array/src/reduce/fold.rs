//! Folding what a program makes, tile by tile.

use std::ops::Range;

use super::lanes::{self, LINES};
use crate::element::Element;
use crate::program::domain::{Domain, TILE, row_major};
use crate::program::op::Compiled;
use crate::program::run::{Input, ProgramError, Runner};

/// Additions to a partial sum before it is added to the sum proper.
const SETTLE: usize = 128;

/// Slots that are filled side by side before the next are begun: they fit the second-level cache, and the pieces of
/// lines that are read for them are long enough to be read ahead.
const PANEL: usize = 8 * TILE;

/// Shorter lines are not worth looking at several.
const MIN_LINE: usize = 64;

/// Partial results, one a slot, that elements are folded into.
pub(crate) trait Folding<T> {
    /// Folds all of `line`, whose first element has number `at`, into one slot.
    fn along(&mut self, slot: usize, at: usize, line: &[T]);
    /// Folds the elements of `line`, whose first has number `at`, into one slot each.
    fn across(&mut self, slots: Range<usize>, at: usize, line: &[T]);
    /// Folds lines one after the other into the same slots, one element into each; the first element has number `at`.
    fn across_lines(&mut self, slots: Range<usize>, at: usize, lines: &[&[T]]) {
        for (number, line) in lines.iter().enumerate() {
            self.across(slots.clone(), at + number * line.len(), line);
        }
    }
    /// Called when many elements, or the last of a group, went into these slots.
    fn settle(&mut self, _slots: Range<usize>) {}
}

/// Sums on three levels: a number enters a sum of at most [`SETTLE`] numbers, that a sum of as many sums, and only
/// that the sum proper.
pub(crate) struct Sums<T> {
    low: Vec<T>,
    middle: Vec<T>,
    high: Vec<T>,
    /// Sums in `middle`; for slots that are filled side by side, only that of the first is kept.
    settled: Vec<u8>,
}

impl<T: Element> Sums<T> {
    pub(crate) fn new(slots: usize) -> Self {
        let zeros = || vec![T::default(); slots];
        Self { low: zeros(), middle: zeros(), high: zeros(), settled: vec![0; slots] }
    }

    pub(crate) fn finish(mut self) -> Vec<T> {
        move_into(&mut self.high, &mut self.middle);
        self.high
    }
}

/// Adds sums to those of the next level and begins them anew.
fn move_into<T: Element>(high: &mut [T], low: &mut [T]) {
    for (high, low) in high.iter_mut().zip(low) {
        *high = T::add(*high, *low);
        *low = T::default();
    }
}

impl<T: Element> Folding<T> for Sums<T> {
    fn along(&mut self, slot: usize, _: usize, line: &[T]) {
        self.low[slot] = T::add(self.low[slot], lanes::sum(line));
    }

    fn across(&mut self, slots: Range<usize>, _: usize, line: &[T]) {
        lanes::across(&mut self.low[slots], [line], T::add);
    }

    fn across_lines(&mut self, slots: Range<usize>, _: usize, lines: &[&[T]]) {
        lanes::across_lines(&mut self.low[slots], lines, T::add);
    }

    fn settle(&mut self, slots: Range<usize>) {
        let Some(settled) = self.settled.get_mut(slots.start) else { return };
        *settled += 1;
        let full = usize::from(*settled) == SETTLE;
        if full {
            *settled = 0;
        }
        move_into(&mut self.middle[slots.clone()], &mut self.low[slots.clone()]);
        if full {
            move_into(&mut self.high[slots.clone()], &mut self.middle[slots]);
        }
    }
}

/// Folds with a function that needs no care: products, minima, maxima.
pub(crate) struct Plain<T, F> {
    slots: Vec<T>,
    first: T,
    join: F,
}

impl<T: Element, F: Fn(T, T) -> T> Plain<T, F> {
    pub(crate) fn new(slots: usize, first: T, join: F) -> Self {
        Self { slots: vec![first; slots], first, join }
    }

    pub(crate) fn finish(self) -> Vec<T> {
        self.slots
    }
}

impl<T: Element, F: Fn(T, T) -> T> Folding<T> for Plain<T, F> {
    fn along(&mut self, slot: usize, _: usize, line: &[T]) {
        let folded = lanes::fold(line, self.first, |x| x, &self.join);
        self.slots[slot] = (self.join)(self.slots[slot], folded);
    }

    fn across(&mut self, slots: Range<usize>, _: usize, line: &[T]) {
        lanes::across(&mut self.slots[slots], [line], &self.join);
    }

    fn across_lines(&mut self, slots: Range<usize>, _: usize, lines: &[&[T]]) {
        lanes::across_lines(&mut self.slots[slots], lines, &self.join);
    }
}

/// Where partial results lie in the index space of the elements.
pub(crate) struct Slots {
    domain: Domain,
    strides: Vec<usize>,
    /// Number of partial results.
    pub(crate) len: usize,
}

impl Slots {
    /// The slots of elements of this shape (axes slowest first), folded along the axes marked in `reduced`.
    pub(crate) fn new(shape: &[usize], reduced: &[bool]) -> Self {
        let kept: Vec<usize> =
            shape.iter().zip(reduced).map(|(&n, &reduced)| if reduced { 1 } else { n }).collect();
        let mut strides = [row_major(&kept)];
        let domain = Domain::merge(shape, &mut strides);
        let [strides] = strides;
        Self { domain, strides, len: kept.iter().product() }
    }

    fn inner(&self) -> usize {
        self.strides[self.strides.len() - 1]
    }
}

/// Evaluates a program on all elements and folds them. Elements are numbered in the order of the axes in `order`.
///
/// The order in which elements meet in a slot follows from `slots` alone, so it is the same however much of
/// the work before it was fused into the program.
pub(crate) fn run<T: Element>(
    compiled: &Compiled,
    inputs: &[Input<'_>],
    shape: &[usize],
    order: &[usize],
    slots: &Slots,
    folding: &mut impl Folding<T>,
) -> Result<(), ProgramError> {
    let domain = &slots.domain;
    if compiled.program.dtype != T::DTYPE {
        return Err(ProgramError::Result { got: compiled.program.dtype, expected: T::DTYPE });
    }
    let tile = domain.tile().min(domain.len()).max(1);
    let mut runner = Runner::new(&compiled.program, &compiled.allocation, inputs, shape, order, tile);
    let mut scratch = vec![T::default(); tile];
    let mut settling = Settling { slots: 0..0, calls: 0 };

    let line = domain.line();
    if domain.len() > 0 && line > TILE && slots.inner() == 1 {
        // Long lines whose elements go to slots of their own: down the lines, a panel's width at a time, so that
        // the slots stay in the cache.
        for panel in (0..line).step_by(PANEL) {
            let width = PANEL.min(line - panel);
            for outer in 0..domain.len() / line {
                let first = domain.line_offset(outer, &slots.strides) + panel;
                settling.enter(first..first + width, 1, folding);
                for within in (0..width).step_by(TILE) {
                    let n = TILE.min(width - within);
                    let slot = first + within;
                    let at = outer * line + panel + within;
                    runner.seek(at, n);
                    runner.show(&mut scratch, |tile| folding.across(slot..slot + n, at, tile))?;
                }
            }
        }
    } else if slots.inner() == 1
        && line >= MIN_LINE
        && let Some(lines) = runner.lines(line)
    {
        let (mut number, n_lines) = (0, domain.len() / line);
        while number < n_lines {
            let slot = domain.line_offset(number, &slots.strides);
            let slots_of_line = slot..slot + line;
            let left = settling.left(&slots_of_line).min(LINES).min(n_lines - number);
            let same = (number..number + left).take_while(|&n| domain.line_offset(n, &slots.strides) == slot);
            let mut together = [&[][..]; LINES];
            let n = same.zip(&mut together).map(|(number, line)| *line = lines.get(number)).count();
            settling.enter(slots_of_line.clone(), n, folding);
            folding.across_lines(slots_of_line, number * line, &together[..n]);
            number += n;
        }
    } else {
        let mut start = 0;
        while start < domain.len() {
            // A tile is a piece of a line or several whole lines.
            let n = match line - start % line {
                rest if line > TILE => tile.min(rest),
                _ => tile.min(domain.len() - start),
            };
            runner.seek(start, n);
            runner.show(&mut scratch, |tile| {
                let mut at = start;
                for piece in tile.chunks(line - start % line) {
                    let slot = domain.line_offset(at / line, &slots.strides);
                    if slots.inner() == 1 {
                        settling.enter(slot..slot + piece.len(), 1, folding);
                        folding.across(slot..slot + piece.len(), at, piece);
                    } else {
                        settling.enter(slot..slot + 1, 1, folding);
                        folding.along(slot, at, piece);
                    }
                    at += piece.len();
                }
            })?;
            start += n;
        }
    }
    folding.settle(settling.slots);
    Ok(())
}

/// Keeps count of what goes where, to settle in time.
struct Settling {
    slots: Range<usize>,
    calls: usize,
}

impl Settling {
    /// How many lines these slots may be given before they settle.
    fn left(&self, slots: &Range<usize>) -> usize {
        if self.slots == *slots && self.calls < SETTLE { SETTLE - self.calls } else { SETTLE }
    }

    /// Says that these slots are given `n` lines now, no more than are [`left`](Self::left).
    fn enter<T>(&mut self, slots: Range<usize>, n: usize, folding: &mut impl Folding<T>) {
        if self.slots != slots || self.calls == SETTLE {
            folding.settle(std::mem::replace(&mut self.slots, slots));
            self.calls = 0;
        }
        self.calls += n;
    }
}
