//! Aggregation by group, and of whole frames.

use std::sync::Arc;

use dask_graph::LayerInfo;

use super::DataFrame;
use crate::error::FrameError;
use crate::expr::{Aggregate, Expr};
use crate::plan::{AggregateSpec, PlanOp};

/// A frame with its rows grouped by keys, made by [`DataFrame::group_by`].
#[derive(Clone, Debug)]
#[must_use = "a grouping gives a frame by `agg`"]
pub struct GroupBy {
    frame: DataFrame,
    keys: Vec<Expr>,
    drop_nulls: bool,
    sort: bool,
}

impl DataFrame {
    /// Groups rows by columns or expressions.
    ///
    /// Rows with a missing key are left out, and groups come in the order of their keys, as in pandas; see
    /// [`keep_nulls`](GroupBy::keep_nulls) and [`unsorted`](GroupBy::unsorted).
    pub fn group_by<E: Into<Expr>>(&self, keys: impl IntoIterator<Item = E>) -> GroupBy {
        let keys = keys.into_iter().map(Into::into).collect();
        GroupBy { frame: self.clone(), keys, drop_nulls: true, sort: true }
    }

    /// Aggregates the whole frame to one row; there is one even if the frame has none.
    ///
    /// # Errors
    ///
    /// As [`GroupBy::agg`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, col, size};
    /// # use dask_graph::Collection;
    /// let frame = DataFrame::from_columns([("x", Column::from(vec![Some(1), None, Some(5)]))], 2)?;
    /// let table = frame.agg([col("x").sum(), col("x").mean(), size()])?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("x_sum")?, &Column::from(vec![6]));
    /// assert_eq!(table.column("x_mean")?, &Column::from(vec![3.0]));
    /// assert_eq!(table.column("size")?, &Column::from(vec![3]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn agg(&self, aggregates: impl IntoIterator<Item = Aggregate>) -> Result<Self, FrameError> {
        self.group_by([] as [Expr; 0]).agg(aggregates)
    }
}

impl GroupBy {
    /// Makes rows with a missing key groups of their own, which come last.
    pub fn keep_nulls(mut self) -> Self {
        self.drop_nulls = false;
        self
    }

    /// Leaves the groups in the order in which they first appear.
    pub fn unsorted(mut self) -> Self {
        self.sort = false;
        self
    }

    /// Computes a row a group: its keys, then the aggregates. The result is one partition.
    ///
    /// Each partition is aggregated by itself; the results are merged in a tree.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn`, `WrongType`, `TypeMismatch` or `TooDeep` for what is wrong in an expression.
    /// - `DuplicateColumn` if two results have one name; give one an alias.
    #[track_caller]
    pub fn agg(&self, aggregates: impl IntoIterator<Item = Aggregate>) -> Result<DataFrame, FrameError> {
        let info = LayerInfo::here();
        let key = |expr: &Expr| Ok((expr.output_name()?, expr.clone().unaliased()));
        let keys = self.keys.iter().map(key).collect::<Result<Vec<_>, FrameError>>()?;
        let aggregate = |aggregate: Aggregate| {
            if aggregate.wants_labels() {
                let problem =
                    format!("`{aggregate}` has no labels yet; give them with `idxmin_by` or `idxmax_by`");
                return Err(FrameError::BadArgument { operation: "agg", problem });
            }
            Ok((aggregate.output_name()?, aggregate))
        };
        let aggregates = aggregates.into_iter().map(aggregate).collect::<Result<Vec<_>, FrameError>>()?;
        let spec = AggregateSpec::new(keys, aggregates, self.frame.schema(), self.drop_nulls, self.sort)?;
        self.frame.with(PlanOp::Aggregate(Arc::new(spec)), info)
    }
}
