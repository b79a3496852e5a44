//! Functions of the numbers, and of any values, of a row.

mod eval;
mod methods;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::agg::added_up;
use super::function::wrong_type;
use super::{Expr, common, settle};
use crate::column::Scalar;
use crate::error::FrameError;
use crate::schema::DataType;

pub use methods::{coalesce, row_all, row_any, row_count, row_max, row_mean, row_min, row_sum};

/// A function of the values of a row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum MathFunction {
    /// To so many decimals, halves to the even.
    Round(i32),
    Floor,
    Ceil,
    Truncate,
    Sign,
    /// A function of floats, missing where it is not defined.
    Real(Real),
    /// The first value that is there.
    Coalesce,
    /// Of all arguments, the missing skipped.
    Row(RowStatistic),
    /// Values looked up in a list; what is not in it stays as it is, or becomes missing.
    Replace {
        from: Vec<Scalar>,
        to: Vec<Scalar>,
        keep: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Real {
    Sqrt,
    Cbrt,
    Exp,
    ExpM1,
    Ln,
    Log2,
    Log10,
    Ln1P,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RowStatistic {
    Sum,
    Mean,
    Min,
    Max,
    Count,
    Any,
    All,
}

impl Real {
    fn word(self) -> &'static str {
        match self {
            Real::Sqrt => "sqrt",
            Real::Cbrt => "cbrt",
            Real::Exp => "exp",
            Real::ExpM1 => "expm1",
            Real::Ln => "log",
            Real::Log2 => "log2",
            Real::Log10 => "log10",
            Real::Ln1P => "log1p",
            Real::Sin => "sin",
            Real::Cos => "cos",
            Real::Tan => "tan",
            Real::Asin => "arcsin",
            Real::Acos => "arccos",
            Real::Atan => "arctan",
            Real::Sinh => "sinh",
            Real::Cosh => "cosh",
            Real::Tanh => "tanh",
        }
    }
}

impl MathFunction {
    fn word(&self) -> &'static str {
        match self {
            MathFunction::Round(_) => "round",
            MathFunction::Floor => "floor",
            MathFunction::Ceil => "ceil",
            MathFunction::Truncate => "trunc",
            MathFunction::Sign => "sign",
            MathFunction::Real(real) => real.word(),
            MathFunction::Coalesce => "coalesce",
            MathFunction::Row(RowStatistic::Sum) => "row_sum",
            MathFunction::Row(RowStatistic::Mean) => "row_mean",
            MathFunction::Row(RowStatistic::Min) => "row_min",
            MathFunction::Row(RowStatistic::Max) => "row_max",
            MathFunction::Row(RowStatistic::Count) => "row_count",
            MathFunction::Row(RowStatistic::Any) => "row_any",
            MathFunction::Row(RowStatistic::All) => "row_all",
            MathFunction::Replace { keep: true, .. } => "replace",
            MathFunction::Replace { .. } => "map_values",
        }
    }

    /// Returns the type in which the arguments are mixed, and that of the result.
    pub(super) fn dtype(&self, args: &[Expr], dtypes: &[DataType]) -> Result<DataType, FrameError> {
        let fits = |fits: fn(&DataType) -> bool, expected| {
            let wrong = args.iter().zip(dtypes).find(|(_, dtype)| !fits(dtype));
            wrong.map_or(Ok(()), |(arg, got)| Err(wrong_type(self.word(), arg, got.clone(), expected)))
        };
        let number = DataType::is_numeric;
        let bad = |problem: String| FrameError::BadArgument { operation: self.word(), problem };
        match self {
            MathFunction::Row(RowStatistic::Count) => Ok(DataType::Int64),
            MathFunction::Row(RowStatistic::Any | RowStatistic::All) => {
                fits(|dtype| *dtype == DataType::Bool, "Bool")?;
                Ok(DataType::Bool)
            }
            MathFunction::Coalesce | MathFunction::Row(_) => {
                match self {
                    MathFunction::Coalesce => {}
                    MathFunction::Row(RowStatistic::Sum | RowStatistic::Mean) => {
                        fits(number, "a number")?;
                    }
                    _ => fits(DataType::is_key, "values that can be compared")?,
                }
                let (first, rest) = dtypes.split_first().ok_or_else(|| bad("name a column".into()))?;
                let mut all = first.clone();
                for (arg, dtype) in args[1..].iter().zip(rest) {
                    all = common(&all, dtype).ok_or_else(|| FrameError::TypeMismatch {
                        operation: self.word(),
                        left: args[0].to_string(),
                        left_dtype: all,
                        right: arg.to_string(),
                        right_dtype: dtype.clone(),
                    })?;
                }
                Ok(match self {
                    MathFunction::Row(RowStatistic::Mean) => real(&all),
                    MathFunction::Row(RowStatistic::Sum) => added_up(&all),
                    _ => all,
                })
            }
            MathFunction::Replace { from, to, keep } => {
                fits(DataType::is_key, "values that can be compared")?;
                let of = &dtypes[0];
                let mut all = keep.then(|| of.clone());
                for value in to {
                    let next = if *keep { settle(value, of).dtype() } else { value.dtype() };
                    let both = match &all {
                        Some(all) => common(all, &next),
                        None => Some(next.clone()),
                    };
                    all = Some(both.ok_or_else(|| {
                        bad(format!(
                            "{value} is {next}, and others are of a type that it cannot be mixed with"
                        ))
                    })?);
                }
                if let Some(value) = from.iter().find(|value| common(of, &value.dtype()).is_none()) {
                    let problem = format!("`{}` is {of}, and {value} is {}", args[0], value.dtype());
                    return Err(bad(problem));
                }
                all.ok_or_else(|| bad("name a value at least".into()))
            }
            MathFunction::Real(_) => {
                fits(number, "a number")?;
                Ok(real(&dtypes[0]))
            }
            _ => {
                fits(number, "a number")?;
                Ok(dtypes[0].clone())
            }
        }
    }
}

/// Returns the type of real numbers that are computed of numbers of a type: floats of 32 bits stay such.
fn real(of: &DataType) -> DataType {
    if *of == DataType::Float32 { DataType::Float32 } else { DataType::Float64 }
}

impl fmt::Display for MathFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            MathFunction::Round(decimals) => write!(f, " {decimals}"),
            MathFunction::Replace { from, to, .. } => {
                for (at, (from, to)) in from.iter().zip(to).enumerate() {
                    write!(f, "{}{from}: {to}", if at > 0 { ", " } else { " " })?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
