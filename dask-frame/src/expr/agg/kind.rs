//! What aggregates there are, and their types.

use std::fmt;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use crate::error::FrameError;
use crate::schema::DataType;

/// How values are aggregated.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AggregateKind {
    /// The sum of the values.
    Sum,
    /// The product of the values.
    Product,
    /// The sum over the count.
    Mean,
    /// The number of values that are there.
    Count,
    /// The number of rows.
    Size,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// The first value that is there.
    First,
    /// The last value that is there.
    Last,
    /// Whether a value is true, or not zero.
    Any,
    /// Whether no value is false, or zero.
    All,
    /// The variance.
    Var {
        /// What is taken from the count in the denominator.
        ddof: u8,
    },
    /// The standard deviation.
    Std {
        /// What is taken from the count in the denominator.
        ddof: u8,
    },
    /// The standard error of the mean: the standard deviation over the root of the count.
    Sem {
        /// What is taken from the count in the denominator.
        ddof: u8,
    },
    /// The skewness, without bias.
    Skew,
    /// The excess kurtosis, without bias.
    Kurtosis,
    /// The covariance of two expressions.
    Cov {
        /// What is taken from the count in the denominator.
        ddof: u8,
    },
    /// Pearson's correlation of two expressions.
    Corr,
    /// The label of the first row that has the smallest value.
    IdxMin,
    /// The label of the first row that has the largest value.
    IdxMax,
    /// The quantile of this rank between 0 and 1, interpolated linearly; the median is that of 0.5.
    Quantile(f64),
    /// A quantile by a digest of the values.
    QuantileApprox(f64),
    /// The number of different values.
    NUnique,
    /// The number of different values by a sketch of their hashes.
    NUniqueApprox,
    /// The value that comes most often; of several the smallest.
    Mode,
    /// All values, missing ones among them, in a list.
    List,
    /// The different values, a missing one among them, in a list.
    Unique,
}

use AggregateKind::{
    All, Any, Corr, Count, Cov, First, IdxMax, IdxMin, Kurtosis, Last, List, Max, Mean, Min, Mode, NUnique,
    NUniqueApprox, Product, Quantile, QuantileApprox, Sem, Size, Skew, Std, Sum, Unique, Var,
};

impl AggregateKind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Sum => "sum",
            Product => "prod",
            Mean => "mean",
            Count => "count",
            Size => "size",
            Min => "min",
            Max => "max",
            First => "first",
            Last => "last",
            Any => "any",
            All => "all",
            Var { .. } => "var",
            Std { .. } => "std",
            Sem { .. } => "sem",
            Skew => "skew",
            Kurtosis => "kurt",
            Cov { .. } => "cov",
            Corr => "corr",
            IdxMin => "idxmin",
            IdxMax => "idxmax",
            // Exactly the half.
            Quantile(q) if q.to_bits() == 0.5_f64.to_bits() => "median",
            Quantile(_) => "quantile",
            QuantileApprox(_) => "quantile_approx",
            NUnique => "nunique",
            NUniqueApprox => "nunique_approx",
            Mode => "mode",
            List => "list",
            Unique => "unique",
        }
    }

    /// Returns whether the result is the label of a row.
    pub(crate) fn is_labelled(self) -> bool {
        matches!(self, IdxMin | IdxMax)
    }

    /// Checks what a number in it may be.
    pub(super) fn check(self) -> Result<(), FrameError> {
        match self {
            Quantile(q) | QuantileApprox(q) if !(0.0..=1.0).contains(&q) => Err(FrameError::BadArgument {
                operation: "quantile",
                problem: format!("the rank {q} is not between 0 and 1"),
            }),
            _ => Ok(()),
        }
    }

    /// Returns the type of the result, or which input has the wrong type and what was expected.
    pub(in crate::expr) fn output(self, inputs: &[DataType]) -> Result<DataType, (usize, &'static str)> {
        let first = inputs.first().cloned().unwrap_or(DataType::Int64);
        let number = |dtype: &DataType| dtype.is_numeric() || *dtype == DataType::Bool;
        let numbers = |output| match inputs.iter().position(|dtype| !number(dtype)) {
            None => Ok(output),
            Some(at) => Err((at, "a number or Bool")),
        };
        // Of floats of 32 bits such, of all else such of 64.
        let float = if first == DataType::Float32 { DataType::Float32 } else { DataType::Float64 };
        match self {
            Sum | Product => numbers(added_up(&first)),
            Mean | Var { .. } | Std { .. } | Sem { .. } | Skew | Kurtosis => numbers(float),
            Cov { .. } | Corr | Quantile(_) | QuantileApprox(_) => numbers(DataType::Float64),
            Count | Size => Ok(DataType::Int64),
            NUnique | NUniqueApprox | Unique | Mode | Min | Max | IdxMin | IdxMax if !first.is_key() => {
                Err((0, "values that can be compared"))
            }
            NUnique | NUniqueApprox => Ok(DataType::Int64),
            List | Unique => Ok(DataType::list_of(&first)),
            Any | All => numbers(DataType::Bool),
            Min | Max | IdxMin | IdxMax if !first.has_order() => Err((
                0,
                "a type with an order: `cat().as_ordered` gives one, a cast to Utf8 compares letters",
            )),
            Min | Max | First | Last | Mode => Ok(first),
            IdxMin | IdxMax => Ok(inputs.get(1).cloned().unwrap_or(DataType::Int64)),
        }
    }
}

/// Returns the type of sums and products of numbers of a type: integers have 64 bits, as numpy's.
pub(in crate::expr) fn added_up(dtype: &DataType) -> DataType {
    match dtype {
        dtype if dtype.is_float() => dtype.clone(),
        dtype if dtype.is_unsigned() => DataType::UInt64,
        _ => DataType::Int64,
    }
}

impl fmt::Display for AggregateKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Tokenize for AggregateKind {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.word().tokenize(t);
        match self {
            Var { ddof } | Std { ddof } | Sem { ddof } | Cov { ddof } => ddof.tokenize(t),
            Quantile(q) | QuantileApprox(q) => q.tokenize(t),
            _ => {}
        }
    }
}
