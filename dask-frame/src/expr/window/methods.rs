//! How window functions are written.

use std::error::Error;

use dask_graph::{named_op, try_named_op};
use serde::{Deserialize, Serialize};

use super::{Closed, Cumulative, Frame, Statistic, WindowFunction};
use crate::column::Column;
use crate::error::FrameError;
use crate::expr::closure::Closure;
use crate::expr::function::Function;
use crate::expr::{Expr, Node, Operand};
use crate::schema::DataType;
use crate::time::parse_duration;

/// Which rank rows of equal values have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RankMethod {
    /// The mean of their places.
    Average,
    /// The first of their places.
    Min,
    /// The last of their places.
    Max,
    /// Each its own place, in the order of the rows.
    First,
    /// The number of different values up to it.
    Dense,
}

impl RankMethod {
    pub(super) fn word(self) -> &'static str {
        match self {
            RankMethod::Average => "average",
            RankMethod::Min => "min",
            RankMethod::Max => "max",
            RankMethod::First => "first",
            RankMethod::Dense => "dense",
        }
    }
}

macro_rules! cumulative {
    ($($(#[$doc:meta])* $name:ident => $kind:ident;)*) => {
        impl Expr {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> Expr {
                self.window(WindowFunction::Cumulative(Cumulative::$kind))
            }
        )*}
    };
}

cumulative! {
    /// Adds up the values of all rows up to each; where a value is missing, the sum is. An integer sum that does
    /// not fit 64 bits is an error.
    cum_sum => Sum;
    /// Multiplies the values of all rows up to each; otherwise as [`cum_sum`](Expr::cum_sum).
    cum_prod => Product;
    /// Finds the smallest value of all rows up to each; missing where the value is.
    cum_min => Min;
    /// Finds the largest value of all rows up to each; missing where the value is.
    cum_max => Max;
    /// Counts the values that are there in all rows up to each.
    cum_count => Count;
}

impl Expr {
    fn window(&self, function: WindowFunction) -> Expr {
        Expr::over(Node::Function(Function::Window(function), vec![self.clone()]))
    }

    /// Returns the value `n` rows before each row, or behind it if `n` is negative; missing where there is no such
    /// row.
    ///
    /// Windows reach into the partitions around, however short these are.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::{Column, DataFrame, col};
    /// use dask_graph::Collection;
    ///
    /// // Each row is a partition of its own.
    /// let frame = DataFrame::from_columns([("x", Column::from(vec![3, 5, 4, 8]))], 4)?;
    /// let x = col("x");
    /// let table = frame
    ///     .select([x.shift(1).alias("before"), x.diff(1).alias("diff"), x.cum_sum().alias("sum"), x.rolling(2).max().alias("max")])?
    ///     .compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("before")?, &Column::from(vec![None, Some(3), Some(5), Some(4)]));
    /// assert_eq!(table.column("diff")?, &Column::from(vec![None, Some(2), Some(-1), Some(4)]));
    /// assert_eq!(table.column("sum")?, &Column::from(vec![3, 8, 12, 20]));
    /// assert_eq!(table.column("max")?, &Column::from(vec![None, Some(5.0), Some(5.0), Some(8.0)]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn shift(&self, n: i64) -> Expr {
        self.window(WindowFunction::Shift(n))
    }

    /// Returns the difference to the value `n` rows before. Of integers without a sign, a value that falls is an error:
    /// cast them to `Int64` first.
    #[must_use]
    pub fn diff(&self, n: i64) -> Expr {
        self - self.shift(n)
    }

    /// Returns by which part the value differs from that `n` rows before.
    #[must_use]
    pub fn pct_change(&self, n: i64) -> Expr {
        self / self.shift(n) - 1.0
    }

    /// Replaces a missing value by the last before it that is there.
    #[must_use]
    pub fn ffill(&self) -> Expr {
        self.window(WindowFunction::Fill { forward: true, limit: None })
    }

    /// Replaces at most `limit` missing values in a row by the last before them that is there.
    #[must_use]
    pub fn ffill_limit(&self, limit: u64) -> Expr {
        self.window(WindowFunction::Fill { forward: true, limit: Some(limit) })
    }

    /// Replaces a missing value by the next behind it that is there.
    #[must_use]
    pub fn bfill(&self) -> Expr {
        self.window(WindowFunction::Fill { forward: false, limit: None })
    }

    /// Replaces at most `limit` missing values in a row by the next behind them that is there.
    #[must_use]
    pub fn bfill_limit(&self, limit: u64) -> Expr {
        self.window(WindowFunction::Fill { forward: false, limit: Some(limit) })
    }

    /// Returns the place of each value among all rows in order, from 1; missing where the value is.
    ///
    /// The column and its ranks, but no others, are held in memory as a whole.
    #[must_use]
    pub fn rank(&self, method: RankMethod) -> Expr {
        self.window(WindowFunction::Rank { method, descending: false, percent: false })
    }

    /// [`rank`](Expr::rank) with the largest value first.
    #[must_use]
    pub fn rank_descending(&self, method: RankMethod) -> Expr {
        self.window(WindowFunction::Rank { method, descending: true, percent: false })
    }

    /// [`rank`](Expr::rank) as a part of the number of values, or of different values if the method is dense.
    #[must_use]
    pub fn rank_percent(&self, method: RankMethod) -> Expr {
        self.window(WindowFunction::Rank { method, descending: false, percent: true })
    }

    /// Calls a function with the column of each partition, and takes what it returns: a column of the declared type
    /// and of the same length, else the run fails. Two calls of this method count as different work. A closure that
    /// captures nothing runs in other processes, too.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::{Column, DataFrame, DataType, col};
    /// use dask_graph::Collection;
    ///
    /// let frame = DataFrame::from_columns([("x", Column::from(vec![3, 5, 4, 8]))], 2)?;
    /// let bits = |x: &Column| -> Result<Column, String> {
    ///     let x = x.i64s().ok_or("integers were expected")?;
    ///     Ok(Column::from(x.map(|x| x.map(|x| i64::from(x.count_ones()))).collect::<Vec<_>>()))
    /// };
    /// let table = frame.select([col("x").map(bits, DataType::Int64)])?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("x")?, &Column::from(vec![2, 2, 1, 1]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn map<E, F>(&self, function: F, output: DataType) -> Expr
    where
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
        F: Fn(&Column) -> Result<Column, E> + Send + Sync + 'static,
    {
        let function = Closure::new(try_named_op("map", move |column: &Column| function(column)));
        self.window(WindowFunction::Map { function, output })
    }

    /// Takes the last `n` rows up to each; a method of [`Rolling`] says what of them.
    pub fn rolling(&self, n: u64) -> Rolling {
        let least = usize::try_from(n).unwrap_or(usize::MAX);
        let frame = Frame::Rows { n, center: false, closed: Closed::Right };
        Rolling { of: self.clone(), by: None, frame, least }
    }

    /// Takes the rows of the last so long, like `2h`, by a column of times in which no row is before the last.
    ///
    /// # Errors
    ///
    /// `BadDuration` if the text is no duration.
    pub fn rolling_by(&self, by: impl Into<Expr>, time: &str) -> Result<Rolling, FrameError> {
        let micros = parse_duration(time.as_bytes());
        let micros = micros.ok_or_else(|| FrameError::BadDuration { text: time.into() })?;
        let frame = Frame::Time { micros, center: false, closed: Closed::Right };
        Ok(Rolling { of: self.clone(), by: Some(by.into()), frame, least: 1 })
    }

    /// Takes all rows up to each.
    pub fn expanding(&self) -> Rolling {
        Rolling { of: self.clone(), by: None, frame: Frame::Expanding, least: 1 }
    }
}

/// The rows of a window of which something is to be computed; made by [`Expr::rolling`] and its neighbours.
///
/// Missing values are skipped. Results are floats, and missing where fewer values are there than
/// [`min_periods`](Rolling::min_periods).
#[derive(Clone, Debug)]
#[must_use]
pub struct Rolling {
    of: Expr,
    by: Option<Expr>,
    frame: Frame,
    least: usize,
}

macro_rules! statistics {
    ($($(#[$doc:meta])* $name:ident => $statistic:expr;)*) => {
        impl Rolling {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(self) -> Expr {
                self.with($statistic, None)
            }
        )*}
    };
}

statistics! {
    /// Counts the values that are there.
    count => Statistic::Count;
    /// Adds up.
    sum => Statistic::Sum;
    /// Averages.
    mean => Statistic::Mean;
    /// Finds the smallest value.
    min => Statistic::Min;
    /// Finds the largest value.
    max => Statistic::Max;
    /// Computes the variance with `n - 1` in the denominator.
    var => Statistic::Var { ddof: 1 };
    /// Computes the standard deviation with `n - 1` in the denominator.
    std => Statistic::Std { ddof: 1 };
    /// Computes the skewness, without bias.
    skew => Statistic::Skew;
    /// Computes the excess kurtosis, without bias.
    kurt => Statistic::Kurtosis;
    /// Finds the median.
    median => Statistic::Quantile(0.5);
}

impl Rolling {
    fn with(self, statistic: Statistic, other: Option<Expr>) -> Expr {
        let function = WindowFunction::Statistic { frame: self.frame, statistic, least: self.least };
        let args = std::iter::once(self.of).chain(other).chain(self.by).collect();
        Expr::over(Node::Function(Function::Window(function), args))
    }

    /// Says how many values must be there for a result: of a window of rows all, otherwise one, if this is not
    /// called.
    pub fn min_periods(mut self, n: usize) -> Self {
        self.least = n;
        self
    }

    /// Puts each row into the middle of its window rather than at the end: half of the rows, or of the time, lie
    /// behind it.
    pub fn center(mut self) -> Self {
        if let Frame::Rows { center, .. } | Frame::Time { center, .. } = &mut self.frame {
            *center = true;
        }
        self
    }

    /// Sets which ends of a window belong to it: the right one, unless set. A window of rows that has its left end has
    /// one row more, one that does not have its right end one less.
    ///
    /// As pandas' `closed`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::{Closed, Column, DataFrame, col};
    /// use dask_graph::Collection;
    ///
    /// let times = Column::timestamps([0, 1, 2, 4].map(|second| Some(second * 1_000_000)));
    /// let frame = DataFrame::from_columns([("t", times), ("x", Column::from(vec![1, 2, 4, 8]))], 2)?;
    /// let window = || col("x").rolling_by("t", "2s");
    /// let before = window()?.closed(Closed::Left).sum().alias("before");
    /// let around = window()?.center().closed(Closed::Both).sum().alias("around");
    /// let table = frame.select([before, around])?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("before")?, &Column::from(vec![None, Some(1.0), Some(3.0), Some(4.0)]));
    /// assert_eq!(table.column("around")?, &Column::from(vec![3.0, 7.0, 6.0, 8.0]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn closed(mut self, ends: Closed) -> Self {
        if let Frame::Rows { closed, .. } | Frame::Time { closed, .. } = &mut self.frame {
            *closed = ends;
        }
        self
    }

    /// Computes the variance with `n - ddof` in the denominator.
    #[must_use]
    pub fn var_ddof(self, ddof: u8) -> Expr {
        self.with(Statistic::Var { ddof }, None)
    }

    /// Computes the standard deviation with `n - ddof` in the denominator.
    #[must_use]
    pub fn std_ddof(self, ddof: u8) -> Expr {
        self.with(Statistic::Std { ddof }, None)
    }

    /// Calls a function with the values of each window in which there are enough, NaN for those that are missing.
    #[must_use]
    pub fn apply(self, function: impl Fn(&[f64]) -> f64 + Send + Sync + 'static) -> Expr {
        let each = move |values: &Vec<f64>, windows: &Vec<(usize, usize)>| {
            let result = |&(start, end): &(usize, usize)| function(&values[start..end]);
            windows.iter().map(result).collect::<Vec<f64>>()
        };
        let function = Closure::new(named_op("apply", each));
        let function = WindowFunction::Apply { frame: self.frame, least: self.least, function };
        let args = std::iter::once(self.of).chain(self.by).collect();
        Expr::over(Node::Function(Function::Window(function), args))
    }

    /// Finds the value below which the part `q` of the values lies, between two values in proportion.
    #[must_use]
    pub fn quantile(self, q: f64) -> Expr {
        self.with(Statistic::Quantile(q), None)
    }

    /// Computes the covariance with another expression, over the rows in which both are there.
    #[must_use]
    pub fn cov(self, other: impl Into<Operand>) -> Expr {
        self.with(Statistic::Cov { ddof: 1 }, Some(other.into().into_expr()))
    }

    /// Computes the correlation with another expression, over the rows in which both are there.
    #[must_use]
    pub fn corr(self, other: impl Into<Operand>) -> Expr {
        self.with(Statistic::Corr, Some(other.into().into_expr()))
    }
}
