//! Functions whose value in a row depends on the rows around it.
//!
//! They are part of expressions where they are written. Before a plan is made of the expression, each is taken
//! out and becomes a column of its own, computed by a window node ([`crate::plan::window`]).

mod methods;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Expr;
use super::agg::added_up;
use super::closure::Closure;
use super::function::wrong_type;
use crate::error::FrameError;
use crate::schema::DataType;
use crate::time::Ticks;

pub use methods::{RankMethod, Rolling};

/// A function of the rows around a row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum WindowFunction {
    /// Of all rows up to this one. A missing value stays missing and is skipped.
    Cumulative(Cumulative),
    /// The value so many rows before, or behind if negative.
    Shift(i64),
    /// The last value that is there, at most `limit` rows away; the next one if not `forward`.
    Fill { forward: bool, limit: Option<u64> },
    /// A statistic of the rows in a window.
    Statistic { frame: Frame, statistic: Statistic, least: usize },
    /// What a function of the user makes of the values in a window.
    Apply { frame: Frame, least: usize, function: Closure },
    /// What a function of the user makes of the column of a partition.
    Map { function: Closure, output: DataType },
    /// The place among all rows in order.
    Rank { method: RankMethod, descending: bool, percent: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cumulative {
    Sum,
    Product,
    Min,
    Max,
    Count,
}

/// Which rows are in the window of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Frame {
    /// So many rows, of which this is the last, or the one in the middle.
    Rows { n: u64, center: bool, closed: Closed },
    /// The rows of the last so many microseconds, or half of them before and half behind, by a column of times.
    Time { micros: i64, center: bool, closed: Closed },
    /// All rows up to this one.
    Expanding,
}

/// Which ends of a window belong to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Closed {
    /// The right one, which is the row itself unless the window is centred.
    #[default]
    Right,
    /// The left one: the row exactly a window's length ago, and not the row itself.
    Left,
    /// Both.
    Both,
    /// None.
    Neither,
}

impl Closed {
    /// Returns whether the left end belongs to the window.
    pub(crate) fn left(self) -> bool {
        matches!(self, Closed::Left | Closed::Both)
    }

    /// Returns whether the right end belongs to the window.
    pub(crate) fn right(self) -> bool {
        matches!(self, Closed::Right | Closed::Both)
    }
}

/// What is computed of the rows in a window. What is missing is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Statistic {
    Count,
    Sum,
    Mean,
    Min,
    Max,
    Var { ddof: u8 },
    Std { ddof: u8 },
    Skew,
    Kurtosis,
    Quantile(f64),
    Cov { ddof: u8 },
    Corr,
}

impl WindowFunction {
    fn word(&self) -> &'static str {
        match self {
            WindowFunction::Cumulative(Cumulative::Sum) => "cum_sum",
            WindowFunction::Cumulative(Cumulative::Product) => "cum_prod",
            WindowFunction::Cumulative(Cumulative::Min) => "cum_min",
            WindowFunction::Cumulative(Cumulative::Max) => "cum_max",
            WindowFunction::Cumulative(Cumulative::Count) => "cum_count",
            WindowFunction::Shift(_) => "shift",
            WindowFunction::Fill { forward: true, .. } => "ffill",
            WindowFunction::Fill { .. } => "bfill",
            WindowFunction::Rank { .. } => "rank",
            WindowFunction::Apply { .. } => "rolling_apply",
            WindowFunction::Map { .. } => "map",
            WindowFunction::Statistic { statistic, .. } => match statistic {
                Statistic::Count => "rolling_count",
                Statistic::Sum => "rolling_sum",
                Statistic::Mean => "rolling_mean",
                Statistic::Min => "rolling_min",
                Statistic::Max => "rolling_max",
                Statistic::Var { .. } => "rolling_var",
                Statistic::Std { .. } => "rolling_std",
                Statistic::Skew => "rolling_skew",
                Statistic::Kurtosis => "rolling_kurt",
                Statistic::Quantile(_) => "rolling_quantile",
                Statistic::Cov { .. } => "rolling_cov",
                Statistic::Corr => "rolling_corr",
            },
        }
    }

    /// Returns how many of the arguments are values; a column of times may come behind them.
    pub(crate) fn n_values(&self) -> usize {
        match self {
            WindowFunction::Statistic { statistic: Statistic::Cov { .. } | Statistic::Corr, .. } => 2,
            _ => 1,
        }
    }

    /// Returns the type of the result.
    pub(crate) fn dtype(&self, args: &[Expr], dtypes: &[DataType]) -> Result<DataType, FrameError> {
        let problem =
            |problem: &str| Err(FrameError::BadArgument { operation: self.word(), problem: problem.into() });
        let number = |dtype: DataType| dtype.is_numeric() || dtype == DataType::Bool;
        let numbers = |at: usize| match number(dtypes[at].clone()) {
            true => Ok(()),
            false => Err(wrong_type(self.word(), &args[at], dtypes[at].clone(), "a number or Bool")),
        };
        match self {
            WindowFunction::Cumulative(Cumulative::Sum) if dtypes[0] == DataType::Duration => {
                Ok(dtypes[0].clone())
            }
            WindowFunction::Cumulative(Cumulative::Sum | Cumulative::Product) => {
                numbers(0)?;
                Ok(added_up(&dtypes[0]))
            }
            WindowFunction::Cumulative(Cumulative::Count) => Ok(DataType::Int64),
            WindowFunction::Cumulative(Cumulative::Min | Cumulative::Max) | WindowFunction::Rank { .. }
                if !dtypes[0].is_key() =>
            {
                Err(wrong_type(self.word(), &args[0], dtypes[0].clone(), "values that can be compared"))
            }
            WindowFunction::Cumulative(_) | WindowFunction::Shift(_) | WindowFunction::Fill { .. } => {
                Ok(dtypes[0].clone())
            }
            WindowFunction::Rank { .. } => Ok(DataType::Float64),
            WindowFunction::Map { output, .. } => Ok(output.clone()),
            WindowFunction::Apply { frame, least, .. } => {
                numbers(0)?;
                self.check_frame(*frame, *least, args, dtypes)?;
                match frame {
                    Frame::Expanding => problem("a function of all rows so far would have to keep them all"),
                    _ => Ok(DataType::Float64),
                }
            }
            WindowFunction::Statistic { frame, statistic, least } => {
                if *statistic != Statistic::Count {
                    (0..self.n_values()).try_for_each(numbers)?;
                }
                self.check_frame(*frame, *least, args, dtypes)?;
                match statistic {
                    Statistic::Quantile(q) if !(0.0..=1.0).contains(q) => {
                        problem("a quantile lies between 0 and 1")
                    }
                    Statistic::Quantile(_) if *frame == Frame::Expanding => {
                        problem("quantiles of all rows so far would have to keep them all")
                    }
                    Statistic::Count => Ok(DataType::Int64),
                    _ => Ok(DataType::Float64),
                }
            }
        }
    }
}

impl WindowFunction {
    fn check_frame(
        &self,
        frame: Frame,
        least: usize,
        args: &[Expr],
        dtypes: &[DataType],
    ) -> Result<(), FrameError> {
        let problem =
            |problem: &str| Err(FrameError::BadArgument { operation: self.word(), problem: problem.into() });
        match frame {
            Frame::Rows { n: 0, .. } => problem("a window has one row at least"),
            Frame::Rows { n, .. } if usize::try_from(n).is_ok_and(|n| n < least) => {
                problem("a window has fewer rows than it is to have values: lower `min_periods`")
            }
            Frame::Time { micros, .. } if micros <= 0 => problem("a window is longer than no time"),
            Frame::Time { .. } => {
                let (by, got) = (&args[self.n_values()], dtypes[self.n_values()].clone());
                match got {
                    DataType::Timestamp | DataType::Zoned(_) | DataType::Duration => Ok(()),
                    _ => Err(wrong_type(self.word(), by, got, "Timestamp")),
                }
            }
            _ => Ok(()),
        }
    }

    /// Returns the function of the user, if there is one.
    pub(crate) fn closure(&self) -> Option<&Closure> {
        match self {
            WindowFunction::Apply { function, .. } | WindowFunction::Map { function, .. } => Some(function),
            _ => None,
        }
    }

    pub(crate) fn closure_mut(&mut self) -> Option<&mut Closure> {
        match self {
            WindowFunction::Apply { function, .. } | WindowFunction::Map { function, .. } => Some(function),
            _ => None,
        }
    }
}

impl fmt::Display for WindowFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            WindowFunction::Shift(n) => write!(f, " {n}"),
            WindowFunction::Fill { limit: Some(limit), .. } => write!(f, " {limit}"),
            WindowFunction::Rank { method, descending, .. } => {
                write!(f, " {}{}", method.word(), if *descending { ", descending" } else { "" })
            }
            WindowFunction::Map { output, .. } => write!(f, " {output}"),
            WindowFunction::Apply { frame, .. } => write!(f, " {frame}"),
            WindowFunction::Statistic { frame, statistic, .. } => {
                write!(f, " {frame}")?;
                match statistic {
                    Statistic::Quantile(q) => write!(f, ", {q}"),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Frame::Rows { n, .. } => write!(f, "{n}")?,
            Frame::Time { micros, .. } => write!(f, "{}", Ticks(*micros, DataType::Duration))?,
            Frame::Expanding => f.write_str("expanding")?,
        }
        let (Frame::Rows { center, closed, .. } | Frame::Time { center, closed, .. }) = *self else {
            return Ok(());
        };
        f.write_str(if center { ", center" } else { "" })?;
        f.write_str(match closed {
            Closed::Right => "",
            Closed::Left => ", closed left",
            Closed::Both => ", closed both",
            Closed::Neither => ", closed neither",
        })
    }
}
