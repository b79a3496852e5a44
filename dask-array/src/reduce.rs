//! The first step of a reduction and the tree that joins its results.
//!
//! ```text
//! block ──fold──┐
//! block ──fold──┼─ join ─┐            a partial result has length one along the reduced axes; joins take
//! block ──fold──┘        ├─ finish    partial results in the order of their blocks, in groups of fixed size,
//! block ──fold──── join ─┘            so that a result never depends on who was ready first
//! ```
//!
//! # Accuracy
//!
//! Floating-point sums are made in eight interleaved lanes within a tile of about a thousand elements, the sums of
//! at most 128 tiles (or rows) are added up before they are added to others of their kind, at most 128 of these before
//! they enter the block's sum, and blocks are added in a tree: the rounding error grows with the number of *levels
//! and groups*, not with the number of elements,
//! and is much like that of pairwise summation. Deviations merge counts, means and centred sums (Chan,
//! Golub and LeVeque 1979), never the difference of two large sums.

pub(crate) mod choice;
pub(crate) mod counted;
pub(crate) mod fold;
pub(crate) mod join;
pub(crate) mod lanes;
pub(crate) mod moments;
pub(crate) mod op;
pub(crate) mod paired;
pub(crate) mod tree;

use serde::{Deserialize, Serialize};

/// How elements are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Fold {
    Sum,
    Prod,
    /// The smallest; of bools, whether all hold.
    Min,
    /// The largest; of bools, whether any holds.
    Max,
    /// The smallest that is not NaN, or NaN if all are.
    NanMin,
    /// The largest that is not NaN, or NaN if all are.
    NanMax,
    /// Sum and number of those that are not NaN, of `f64`.
    Counted,
    /// Count, mean and sums of powers of distances from the mean, of `f64`.
    Moments {
        order: u32,
        skip_nan: bool,
    },
    /// The first of the smallest or largest, and where it is.
    Choice {
        largest: bool,
        skip_nan: bool,
    },
}

/// What is done to the joined result in the end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Finish {
    /// Nothing.
    Keep,
    /// Rounded to a narrower type.
    Round,
    /// Divided by the number of elements.
    Mean { count: f64 },
    /// Sums divided by their numbers.
    CountedMean,
    /// Moments to the variance.
    Var { ddof: f64 },
    /// Moments to the standard deviation.
    Std { ddof: f64 },
    /// Moments to the mean power of the distance from the mean.
    Moment,
    /// Moments to the skewness.
    Skew { bias: bool },
    /// Moments to the kurtosis.
    Kurtosis { fisher: bool, bias: bool },
    /// Choices to their positions.
    Position,
}
