//! Which ranks a quantile lies between, and how.

use serde::{Deserialize, Serialize};

/// How a quantile is found that lies between two elements (numpy's `method`; the first nine are those of Hyndman and
/// Fan 1996).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum QuantileMethod {
    /// H&F 1.
    InvertedCdf,
    /// H&F 2.
    AveragedInvertedCdf,
    /// H&F 3.
    ClosestObservation,
    /// H&F 4.
    InterpolatedInvertedCdf,
    /// H&F 5.
    Hazen,
    /// H&F 6.
    Weibull,
    /// H&F 7: numpy's default.
    Linear,
    /// H&F 8.
    MedianUnbiased,
    /// H&F 9.
    NormalUnbiased,
    /// The lower of the two.
    Lower,
    /// The higher of the two.
    Higher,
    /// Halfway between the two.
    Midpoint,
    /// The nearer of the two, of equally near ones that with the even rank.
    Nearest,
    /// The mean of the two in the middle, as of a median.
    #[doc(hidden)]
    Median,
}

/// The shares of quantiles: made of a number, or of several.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantiles {
    /// One, which adds no axis to the result.
    One(f64),
    /// Several, which stand along the first axis of the result.
    Many(Vec<f64>),
}

impl From<f64> for Quantiles {
    fn from(q: f64) -> Self {
        Self::One(q)
    }
}

impl From<&[f64]> for Quantiles {
    fn from(q: &[f64]) -> Self {
        Self::Many(q.to_vec())
    }
}

impl From<Vec<f64>> for Quantiles {
    fn from(q: Vec<f64>) -> Self {
        Self::Many(q)
    }
}

impl<const N: usize> From<[f64; N]> for Quantiles {
    fn from(q: [f64; N]) -> Self {
        Self::Many(q.to_vec())
    }
}

/// Where a quantile lies: between the elements of two ranks, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) lower: usize,
    pub(super) upper: usize,
    /// How far from the lower to the upper.
    share: f64,
}

impl QuantileMethod {
    /// The place of a quantile among `n` elements, of which there is one at least.
    pub(super) fn place(self, n: usize, q: f64) -> Place {
        let last = n.saturating_sub(1);
        let exact = |rank: f64| {
            let rank = (rank.max(0.0) as usize).min(last);
            Place { lower: rank, upper: rank, share: 0.0 }
        };
        let of = n as f64;
        let steps = (of - 1.0) * q;
        let by = |alpha: f64, beta: f64| of * q + (alpha + q * (1.0 - alpha - beta)) - 1.0;
        // The rank below, or the one above unless a condition holds.
        let discrete = |rank: f64, below: &dyn Fn(f64) -> bool| {
            let floor = rank.floor();
            exact(if rank == floor && below(floor) { floor } else { floor + 1.0 })
        };
        match self {
            Self::InvertedCdf => discrete(of * q - 1.0, &|_| true),
            Self::ClosestObservation => discrete(of * q - 1.5, &|floor| floor.rem_euclid(2.0) == 1.0),
            Self::AveragedInvertedCdf => {
                let between = between(of * q - 1.0, last);
                if between.share == 0.0 && between.lower != between.upper {
                    return Place { share: 0.5, ..between };
                }
                Place { share: if between.share > 0.0 { 1.0 } else { 0.0 }, ..between }
            }
            Self::InterpolatedInvertedCdf => between(by(0.0, 1.0), last),
            Self::Hazen => between(by(0.5, 0.5), last),
            Self::Weibull => between(by(0.0, 0.0), last),
            Self::Linear => between(steps, last),
            Self::MedianUnbiased => between(by(1.0 / 3.0, 1.0 / 3.0), last),
            Self::NormalUnbiased => between(by(3.0 / 8.0, 3.0 / 8.0), last),
            Self::Lower => exact(steps.floor()),
            Self::Higher => exact(steps.ceil()),
            Self::Nearest => exact(steps.round_ties_even()),
            Self::Midpoint | Self::Median => {
                let place = between(steps, last);
                Place { share: if place.share > 0.0 { 0.5 } else { 0.0 }, ..place }
            }
        }
    }

    /// The number between two elements.
    pub(super) fn mix(self, place: Place, lower: f64, upper: f64) -> f64 {
        if place.share == 0.0 || lower == upper {
            return lower;
        }
        if self == Self::Median {
            return (lower + upper) / 2.0;
        }
        let distance = upper - lower;
        // From the nearer end, so that it never lies beyond.
        if place.share < 0.5 {
            lower + distance * place.share
        } else {
            upper - distance * (1.0 - place.share)
        }
    }
}

fn between(rank: f64, last: usize) -> Place {
    if rank < 0.0 {
        return Place { lower: 0, upper: 0, share: 0.0 };
    }
    if rank >= last as f64 {
        return Place { lower: last, upper: last, share: 0.0 };
    }
    let lower = rank.floor();
    Place { lower: lower as usize, upper: lower as usize + 1, share: rank - lower }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As numpy.quantile([0, 10, 20, 30], q, method=...) gives them.
    #[test]
    fn methods_are_numpys() {
        use QuantileMethod::*;
        let qs = [0.0, 0.1, 0.25, 0.5, 0.6, 0.9, 1.0];
        let cases: [(QuantileMethod, [f64; 7]); 13] = [
            (InvertedCdf, [0.0, 0.0, 0.0, 10.0, 20.0, 30.0, 30.0]),
            (AveragedInvertedCdf, [0.0, 0.0, 5.0, 15.0, 20.0, 30.0, 30.0]),
            (ClosestObservation, [0.0, 0.0, 0.0, 10.0, 10.0, 30.0, 30.0]),
            (InterpolatedInvertedCdf, [0.0, 0.0, 0.0, 10.0, 14.0, 26.0, 30.0]),
            (Hazen, [0.0, 0.0, 5.0, 15.0, 19.0, 30.0, 30.0]),
            (Weibull, [0.0, 0.0, 2.5, 15.0, 20.0, 30.0, 30.0]),
            (Linear, [0.0, 3.0000000000000004, 7.5, 15.0, 18.0, 27.0, 30.0]),
            (MedianUnbiased, [0.0, 0.0, 4.166666666666668, 15.0, 19.333333333333332, 30.0, 30.0]),
            (NormalUnbiased, [0.0, 0.0, 4.375, 15.0, 19.25, 30.0, 30.0]),
            (Lower, [0.0, 0.0, 0.0, 10.0, 10.0, 20.0, 30.0]),
            (Higher, [0.0, 10.0, 10.0, 20.0, 20.0, 30.0, 30.0]),
            (Midpoint, [0.0, 5.0, 5.0, 15.0, 15.0, 25.0, 30.0]),
            (Nearest, [0.0, 0.0, 10.0, 20.0, 20.0, 30.0, 30.0]),
        ];
        for (method, expected) in cases {
            for (q, want) in qs.into_iter().zip(expected) {
                let place = method.place(4, q);
                let got = method.mix(place, place.lower as f64 * 10.0, place.upper as f64 * 10.0);
                assert!((got - want).abs() < 1e-12, "{method:?} {q}: {got}, expected {want}");
            }
        }
    }
}
