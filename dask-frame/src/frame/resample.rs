//! Rows grouped by stretches of time.

use std::sync::Arc;

use dask_graph::LayerInfo;

use super::DataFrame;
use crate::error::FrameError;
use crate::expr::{Aggregate, col};
use crate::plan::bins::Bins;
use crate::plan::{AggregateSpec, PlanNode, PlanOp};
use crate::rule::{End, Rule};
use crate::schema::DataType;
use crate::table::Table;

/// Into which stretches time is cut, and what they are called: options of [`DataFrame::resample`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Resample {
    rule: String,
    closed: Option<End>,
    label: Option<End>,
}

impl Resample {
    /// Cuts time by one of pandas' rules, a number and a unit: `us`, `ms`, `s`, `min`, `h`, `D`, `W` (weeks that end
    /// on Sundays), `ME` or `M`, `QE` or `Q`, `YE` or `Y` (cut at the last days of months, quarters, years), `MS`,
    /// `QS`, `YS` (at their first days).
    ///
    /// Stretches of equal length are counted from midnight before the first time. Weeks and what is cut at last days
    /// have their right end and are named by it, all others their left end.
    pub fn every(rule: impl Into<String>) -> Self {
        Self { rule: rule.into(), closed: None, label: None }
    }

    /// Bins have the time at their left end, and not the one at their right end.
    pub fn closed_left(mut self) -> Self {
        self.closed = Some(End::Left);
        self
    }

    /// Bins have the time at their right end, and not the one at their left end.
    pub fn closed_right(mut self) -> Self {
        self.closed = Some(End::Right);
        self
    }

    /// Names bins by their left ends.
    pub fn label_left(mut self) -> Self {
        self.label = Some(End::Left);
        self
    }

    /// Names bins by their right ends.
    pub fn label_right(mut self) -> Self {
        self.label = Some(End::Right);
        self
    }
}

impl From<&str> for Resample {
    fn from(rule: &str) -> Self {
        Self::every(rule)
    }
}

/// A frame with its rows grouped by stretches of time, made by [`DataFrame::resample`].
#[derive(Clone, Debug)]
#[must_use = "a resampling gives a frame by `agg`"]
pub struct Resampled {
    frame: DataFrame,
    bins: Bins,
}

impl DataFrame {
    /// Groups rows by stretches of time in which the values of the index, timestamps, lie.
    ///
    /// Stretches between the first and the last that have no row are groups, too. Rows without a time are left out.
    ///
    /// Source: [`pandas.DataFrame.resample`](https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.resample.html).
    ///
    /// # Errors
    ///
    /// - `BadArgument` if there is no index.
    /// - `WrongType` if the index is not of timestamps.
    /// - `BadRule` if the rule is none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, Resample, col, size};
    /// # use dask_graph::Collection;
    /// let hour = 3_600_000_000_i64;
    /// let times = Column::timestamps([1, 2, 14, 40].map(|at| Some(at * hour)));
    /// let frame = DataFrame::from_columns([("t", times), ("x", Column::from(vec![1, 2, 3, 4]))], 2)?;
    /// let frame = frame.set_index_sorted("t")?.resample("12h")?.agg([col("x").sum(), size()])?;
    /// let table = frame.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("x_sum")?, &Column::from(vec![3, 3, 0, 4]));
    /// assert_eq!(table.column("size")?, &Column::from(vec![2, 1, 0, 1]));
    /// assert_eq!(table.column("t")?.get(2).to_string(), "1970-01-02 00:00:00");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resample(&self, resample: impl Into<Resample>) -> Result<Resampled, FrameError> {
        let Resample { rule, closed, label } = resample.into();
        let rule = Rule::parse(&rule)?;
        let Some(column) = self.index().map(Arc::<str>::from) else {
            let problem =
                "the frame has no index; make a column of timestamps the index with `set_index`".into();
            return Err(FrameError::BadArgument { operation: "resample", problem });
        };
        let got = self.schema().field(&column)?.dtype();
        if got != DataType::Timestamp {
            let (expr, expected) = (column.to_string(), "Timestamp");
            return Err(FrameError::WrongType { operation: "resample", expr, got, expected });
        }
        let (closed, label) = (closed.unwrap_or(rule.usual_end()), label.unwrap_or(rule.usual_end()));
        Ok(Resampled { frame: self.clone(), bins: Bins { column, rule, closed, label } })
    }
}

impl Resampled {
    /// Computes a row a stretch of time: its name, which is the index, then the aggregates. The result is one
    /// partition, in the order of time.
    ///
    /// # Errors
    ///
    /// As [`GroupBy::agg`](crate::GroupBy::agg).
    #[track_caller]
    pub fn agg(&self, aggregates: impl IntoIterator<Item = Aggregate>) -> Result<DataFrame, FrameError> {
        let info = LayerInfo::here();
        let bins = Arc::new(self.bins.clone());
        let binned = self.frame.with(PlanOp::Bin(Arc::clone(&bins)), info.clone())?;
        let aggregate = |aggregate: Aggregate| Ok((aggregate.output_name()?, aggregate));
        let aggregates = aggregates.into_iter().map(aggregate).collect::<Result<Vec<_>, FrameError>>()?;
        let spec = |keys| {
            let spec = AggregateSpec::new(keys, aggregates.clone(), self.frame.schema(), true, true)?;
            Ok::<_, FrameError>(PlanOp::Aggregate(Arc::new(spec)))
        };
        let key = (Arc::clone(&bins.column), col(Arc::clone(&bins.column)));
        let groups = binned.with(spec(vec![key])?, info.clone())?;
        // What the aggregates make of no row.
        let nothing = DataFrame::of_tables(vec![Table::empty(self.frame.schema().clone())], info.clone())?;
        let nothing = nothing.with(spec(Vec::new())?, info.clone())?;
        let plans = vec![Arc::clone(&groups.plan), Arc::clone(&nothing.plan)];
        Ok(self.frame.over(PlanNode::new(PlanOp::FillBins(bins), plans, info)?))
    }

    /// Computes the first, the largest, the smallest and the last value of a column in each stretch of time, as
    /// `open`, `high`, `low` and `close`.
    ///
    /// # Errors
    ///
    /// `UnknownColumn` if there is no column of that name.
    #[track_caller]
    pub fn ohlc(&self, column: &str) -> Result<DataFrame, FrameError> {
        let of = col(column);
        self.agg([
            of.first().alias("open"),
            of.max().alias("high"),
            of.min().alias("low"),
            of.last().alias("close"),
        ])
    }
}
