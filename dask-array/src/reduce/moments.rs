//! Counts, means and centred sums: what variances are merged from.

use std::ops::Range;

use dask_graph::Payload;

use super::fold::Folding;
use super::lanes;

/// Count, mean and sum of squared distances from the mean, for each kept element of a block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moments {
    /// Elements that went into each mean.
    pub(crate) count: f64,
    pub(crate) means: Vec<f64>,
    /// Sums of squared distances from the mean.
    pub(crate) squares: Vec<f64>,
    /// Shape of the partial result, of length one along the reduced axes.
    pub(crate) shape: Vec<usize>,
}

impl Payload for Moments {
    fn nbytes(&self) -> u64 {
        (size_of_val(&*self.means) + size_of_val(&*self.squares)) as u64
    }
}

impl Moments {
    /// Takes the elements of `other` in.
    ///
    /// With d the difference of the means and n, m the counts, the mean moves by d·m/(n+m) and the squares
    /// grow by the other's and by d²·n·m/(n+m).
    pub(crate) fn merge(&mut self, other: &Moments) {
        if other.count == 0.0 {
            return;
        }
        let total = self.count + other.count;
        let (share, weight) = (other.count / total, self.count * other.count / total);
        let into = self.means.iter_mut().zip(&mut self.squares);
        for ((mean, square), (&its_mean, &its_square)) in into.zip(other.means.iter().zip(&other.squares)) {
            let d = its_mean - *mean;
            *mean += d * share;
            *square += its_square + d * d * weight;
        }
        self.count = total;
    }
}

/// Moments being collected.
pub(crate) struct Collecting {
    means: Vec<f64>,
    squares: Vec<f64>,
    /// Elements seen by a slot; for slots that are filled side by side, only that of the first is kept.
    seen: Vec<f64>,
}

impl Collecting {
    pub(crate) fn new(slots: usize) -> Self {
        Self { means: vec![0.0; slots], squares: vec![0.0; slots], seen: vec![0.0; slots] }
    }

    pub(crate) fn finish(self, count: f64, shape: Vec<usize>) -> Moments {
        Moments { count, means: self.means, squares: self.squares, shape }
    }
}

impl Folding<f64> for Collecting {
    fn along(&mut self, slot: usize, line: &[f64]) {
        let n = line.len() as f64;
        if n == 0.0 {
            return;
        }
        let mean = lanes::sum(line) / n;
        let squares = lanes::fold(line, 0.0, |x: f64| (x - mean) * (x - mean), |a, b| a + b);
        let seen = self.seen[slot];
        let total = seen + n;
        let d = mean - self.means[slot];
        self.means[slot] += d * (n / total);
        self.squares[slot] += squares + d * d * (seen * n / total);
        self.seen[slot] = total;
    }

    fn across(&mut self, slots: Range<usize>, line: &[f64]) {
        let Some(seen) = self.seen.get_mut(slots.start) else { return };
        *seen += 1.0;
        let share = 1.0 / *seen;
        let into = self.means[slots.clone()].iter_mut().zip(&mut self.squares[slots]);
        for ((mean, square), &x) in into.zip(line) {
            let d = x - *mean;
            *mean += d * share;
            *square += d * (x - *mean);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_is_as_seeing_all_at_once() {
        let x: Vec<f64> = (0..100).map(|i| 1e6 + f64::from(i * i % 37)).collect();
        let of = |x: &[f64]| {
            let mut all = Collecting::new(1);
            all.along(0, x);
            all.finish(x.len() as f64, vec![1])
        };
        let mut merged = of(&x[..30]);
        merged.merge(&of(&x[30..30]));
        merged.merge(&of(&x[30..]));
        let whole = of(&x);
        assert_eq!(merged.count, 100.0);
        assert!((merged.means[0] - whole.means[0]).abs() < 1e-9);
        assert!((merged.squares[0] - whole.squares[0]).abs() < 1e-6);

        let mut across = Collecting::new(1);
        for &x in &x {
            across.across(0..1, &[x]);
        }
        assert!((across.squares[0] - whole.squares[0]).abs() < 1e-6);
    }
}
