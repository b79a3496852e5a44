//! Statistics of whole frames: a row, or a few.

use std::sync::Arc;

use super::{DataFrame, Sort};
use crate::error::FrameError;
use crate::expr::{Aggregate, Expr, col, lit};
use crate::schema::{DataType, Field};

macro_rules! column_aggregates {
    ($($(#[$doc:meta])* $name:ident of $which:ident;)*) => {
        impl DataFrame {$(
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// As [`agg`](DataFrame::agg).
            #[track_caller]
            pub fn $name(&self) -> Result<Self, FrameError> {
                self.each_column($which, |column| column.$name())
            }
        )*}
    };
}

column_aggregates! {
    /// Adds up each column of numbers: a frame of one row.
    sum of is_number;
    /// Multiplies the values of each column of numbers: a frame of one row.
    prod of is_number;
    /// Averages each column of numbers: a frame of one row.
    mean of is_number;
    /// Computes the variance of each column of numbers, with `n - 1` in the denominator: a frame of one row.
    var of is_number;
    /// Computes the standard deviation of each column of numbers, with `n - 1` in the denominator: a frame of one row.
    std of is_number;
    /// Finds the median of each column of numbers, exactly, as [`quantile`](DataFrame::quantile) does: a frame of one
    /// row.
    median of is_number;
    /// Finds the smallest value of each column: a frame of one row.
    min of any_type;
    /// Finds the largest value of each column: a frame of one row.
    max of any_type;
    /// Counts the values of each column that are there: a frame of one row.
    count of any_type;
    /// Counts the different values of each column: a frame of one row. Where they are many, they are exchanged by their
    /// hash and counted part by part.
    nunique of any_type;
}

fn is_number(dtype: &DataType) -> bool {
    dtype.is_numeric()
}

fn any_type(_: &DataType) -> bool {
    true
}

impl DataFrame {
    fn each_column(
        &self,
        which: impl Fn(&DataType) -> bool,
        of: impl Fn(Expr) -> Aggregate,
    ) -> Result<Self, FrameError> {
        let fields = self.schema().fields().iter().filter(|field| which(&field.dtype()));
        self.agg(fields.map(|field| of(col(field.shared_name())).alias(field.shared_name())))
    }

    /// Describes the columns of numbers: a row each for count, mean, standard deviation, minimum, quartiles, and
    /// maximum, under the name `statistic`, and a column of floats for each column. Quartiles
    /// are exact, as those of [`quantile`](DataFrame::quantile); [`Expr::quantile_approx`] needs less.
    ///
    /// # Errors
    ///
    /// - `BadArgument` if there is no column of numbers.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame};
    /// # use dask_graph::Collection;
    /// let frame = DataFrame::from_columns([("x", Column::from(vec![1, 2, 3, 4, 5]))], 2)?;
    /// let table = frame.describe()?.compute_with(&dask_sched_sync::Sync::new())?;
    /// let names = vec!["count", "mean", "std", "min", "25%", "50%", "75%", "max"];
    /// assert_eq!(table.column("statistic")?, &Column::from(names));
    /// assert_eq!(table.column("x")?.get(5).to_string(), "3.0");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn describe(&self) -> Result<Self, FrameError> {
        let numbers = self.numbers("describe")?;
        let statistics: [(&str, &dyn Fn(&Expr) -> Aggregate); 8] = [
            ("count", &Expr::count),
            ("mean", &Expr::mean),
            ("std", &Expr::std),
            ("min", &Expr::min),
            ("25%", &|column| column.quantile(0.25)),
            ("50%", &Expr::median),
            ("75%", &|column| column.quantile(0.75)),
            ("max", &Expr::max),
        ];
        let rows = statistics.map(|(name, statistic)| {
            let values = numbers.iter().map(|name| statistic(&col(Arc::clone(name)))).collect();
            (lit(name), values)
        });
        self.rows("statistic", &numbers, rows.into())
    }

    /// Finds quantiles of a column: a row each, with their ranks as `q` and themselves as `value`, interpolated
    /// linearly.
    ///
    /// They are exact, and the values need not fit into memory: they are exchanged by where they are among boundaries
    /// that a sample gives, and only those near a rank are looked into. [`Expr::quantile_approx`] needs less.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` or `WrongType` if there is no such column, or no numbers in it.
    /// - `BadArgument` if there is no rank, or one is not between 0 and 1.
    #[track_caller]
    pub fn quantile(
        &self,
        column: impl Into<Arc<str>>,
        ranks: impl IntoIterator<Item = f64>,
    ) -> Result<Self, FrameError> {
        let column = col(column);
        let rows = ranks.into_iter().map(|q| (lit(q), vec![column.quantile(q)])).collect::<Vec<_>>();
        if rows.is_empty() {
            let problem = "give a rank between 0 and 1".into();
            return Err(FrameError::BadArgument { operation: "quantile", problem });
        }
        self.rows("q", &["value".into()], rows)
    }

    /// Computes Pearson's correlation of each pair of columns of numbers, over the rows in which both have a value:
    /// a row and a column for each, and their names as `column`.
    ///
    /// # Errors
    ///
    /// - `BadArgument` if there is no column of numbers.
    #[track_caller]
    pub fn corr(&self) -> Result<Self, FrameError> {
        self.pairs("corr", |a, b| a.corr(b))
    }

    /// Computes the covariance of each pair of columns of numbers, over the rows in which both have a value, with
    /// `n - 1` in the denominator: a row and a column for each, and their names as `column`.
    ///
    /// # Errors
    ///
    /// - `BadArgument` if there is no column of numbers.
    #[track_caller]
    pub fn cov(&self) -> Result<Self, FrameError> {
        self.pairs("cov", |a, b| a.cov(b))
    }

    fn pairs(
        &self,
        operation: &'static str,
        of: impl Fn(&Expr, Expr) -> Aggregate,
    ) -> Result<Self, FrameError> {
        let numbers = self.numbers(operation)?;
        let column = |at: usize| col(Arc::clone(&numbers[at]));
        // Both orders of a pair are one aggregate.
        let row = |i: usize| (0..numbers.len()).map(|j| of(&column(i.min(j)), column(i.max(j)))).collect();
        let rows = numbers.iter().enumerate().map(|(i, name)| (lit(name.to_string()), row(i)));
        self.rows("column", &numbers, rows.collect())
    }

    /// Returns the `n` rows with the largest values of a column, the largest first; of equal ones the first. They are
    /// found in each partition, and then among those.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if there is no such column.
    #[track_caller]
    pub fn nlargest(&self, n: usize, column: impl Into<Arc<str>>) -> Result<Self, FrameError> {
        Ok(self.sort_values(Sort::by(column).descending())?.limit(n))
    }

    /// Returns the `n` rows with the smallest values of a column, the smallest first; of equal ones the first. They are
    /// found in each partition, and then among those.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if there is no such column.
    #[track_caller]
    pub fn nsmallest(&self, n: usize, column: impl Into<Arc<str>>) -> Result<Self, FrameError> {
        Ok(self.sort_values(Sort::by(column))?.limit(n))
    }

    /// Returns the names of the columns of numbers.
    fn numbers(&self, operation: &'static str) -> Result<Vec<Arc<str>>, FrameError> {
        let numbers = self.schema().fields().iter().filter(|field| field.dtype().is_numeric());
        let numbers = numbers.map(Field::shared_name).collect::<Vec<_>>();
        if numbers.is_empty() {
            let problem = format!("there is no column of numbers; columns are {}", self.schema());
            return Err(FrameError::BadArgument { operation, problem });
        }
        Ok(numbers)
    }

    /// Makes rows of aggregates of the whole frame, as floats: each with a label and a value for each name.
    fn rows(
        &self,
        label: &'static str,
        names: &[Arc<str>],
        rows: Vec<(Expr, Vec<Aggregate>)>,
    ) -> Result<Self, FrameError> {
        let result = |row: usize, at: usize| format!("{row} {at}");
        let aggregates = rows.iter().enumerate().flat_map(|(row, (_, values))| {
            values.iter().enumerate().map(move |(at, value)| value.clone().alias(result(row, at)))
        });
        let all = self.agg(aggregates)?;
        let rows = rows.iter().enumerate().map(|(row, (name, _))| {
            let values = names.iter().enumerate();
            let values =
                values.map(|(at, name)| col(result(row, at)).cast(DataType::Float64).alias(Arc::clone(name)));
            all.select([name.clone().alias(label)].into_iter().chain(values))
        });
        Self::concat(&rows.collect::<Result<Vec<_>, _>>()?)
    }
}
