//! Sums of what is a number, and how many that were.

use std::ops::Range;

use super::fold::{Folding, Sums};
use super::paired::Paired;
use crate::program::domain::TILE;

/// Sums and counts of the elements that are not NaN.
pub(crate) struct Counted {
    sums: Sums<f64>,
    counts: Vec<i64>,
    numbers: Vec<f64>,
}

impl Counted {
    pub(crate) fn new(slots: usize) -> Self {
        Self { sums: Sums::new(slots), counts: vec![0; slots], numbers: Vec::with_capacity(TILE) }
    }

    pub(crate) fn finish(self, shape: Vec<usize>) -> Paired<f64> {
        Paired { values: self.sums.finish(), numbers: self.counts, shape }
    }

    fn clean(&mut self, line: &[f64]) {
        self.numbers.clear();
        self.numbers.extend(line.iter().map(|&x| if x.is_nan() { 0.0 } else { x }));
    }
}

impl Folding<f64> for Counted {
    fn along(&mut self, slot: usize, at: usize, line: &[f64]) {
        self.clean(line);
        self.sums.along(slot, at, &self.numbers);
        self.counts[slot] += line.iter().map(|x| i64::from(!x.is_nan())).sum::<i64>();
    }

    fn across(&mut self, slots: Range<usize>, at: usize, line: &[f64]) {
        self.clean(line);
        self.sums.across(slots.clone(), at, &self.numbers);
        for (count, x) in self.counts[slots].iter_mut().zip(line) {
            *count += i64::from(!x.is_nan());
        }
    }

    fn settle(&mut self, slots: Range<usize>) {
        self.sums.settle(slots);
    }
}
