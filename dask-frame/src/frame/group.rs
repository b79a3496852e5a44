//! Aggregation by group, and of whole frames.

use std::sync::Arc;

use dask_graph::LayerInfo;

use super::DataFrame;
use super::scan::fresh;
use crate::error::FrameError;
use crate::expr::{Aggregate, Expr, col, known};
use crate::plan::{AggregateSpec, PlanOp};

/// A frame with its rows grouped by keys, made by [`DataFrame::group_by`].
#[derive(Clone, Debug)]
#[must_use = "a grouping gives a frame by `agg`"]
pub struct GroupBy {
    pub(super) frame: DataFrame,
    pub(super) keys: Vec<Expr>,
    pub(super) drop_nulls: bool,
    pub(super) sort: bool,
    pub(super) observed: bool,
}

impl DataFrame {
    /// Groups rows by columns or expressions.
    ///
    /// Rows with a missing key are left out, and groups come in the order of their keys, as in pandas; see
    /// [`keep_nulls`](GroupBy::keep_nulls) and [`unsorted`](GroupBy::unsorted). Of categories, those that rows have are
    /// groups, and no others; see [`observed`](GroupBy::observed).
    pub fn group_by<E: Into<Expr>>(&self, keys: impl IntoIterator<Item = E>) -> GroupBy {
        let keys = keys.into_iter().map(Into::into).collect();
        GroupBy { frame: self.clone(), keys, drop_nulls: true, sort: true, observed: true }
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

    /// Leaves the groups in an order that depends on the rows and partitions alone. It is that in which they first
    /// appear if there are few; many are exchanged between partitions, and then it is none to speak of.
    pub fn unsorted(mut self) -> Self {
        self.sort = false;
        self
    }

    /// Sets whether only the categories that rows have are groups, as they are unless set. If not, [`agg`](GroupBy::agg)
    /// gives a group for each known category, and with several keys for each combination of their categories and of the
    /// values that other keys have. A group without rows has the sum 0, the count 0, and no mean. Other operations on groups take
    /// those that have rows.
    ///
    /// Source: [`DataFrame.groupby`](https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.groupby.html) with
    /// `observed`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, col};
    /// # use dask_graph::Collection;
    /// let columns = [("size", Column::from(vec!["small", "huge"])), ("n", Column::from(vec![1, 2]))];
    /// let frame = DataFrame::from_columns(columns, 2)?;
    /// let frame = frame.with_column("size", col("size").cat().set_categories(["small", "large", "huge"]))?;
    /// let sums = frame.group_by(["size"]).observed(false).agg([col("n").sum()])?;
    /// let table = sums.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("n_sum")?, &Column::from(vec![1, 0, 2]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn observed(mut self, observed: bool) -> Self {
        self.observed = observed;
        self
    }

    /// Computes a row a group: its keys, then the aggregates.
    ///
    /// Each partition is aggregated by itself. As long as groups are few, their states are merged in a tree, in memory.
    /// Where they are many, or states are, since they hold values, states are exchanged by the hash of their keys, and
    /// each part is finished by itself. Which it is shows when the states are there.
    ///
    /// The result is one partition in the order of the keys. Where that is too much for memory, take it
    /// [`unsorted`](GroupBy::unsorted), in several partitions, and sort it with
    /// [`sort_values`](DataFrame::sort_values).
    ///
    /// # Errors
    ///
    /// - `UnknownColumn`, `WrongType`, `TypeMismatch` or `TooDeep` for what is wrong in an expression.
    /// - `DuplicateColumn` if two results have one name; give one an alias.
    /// - `UnknownCategories` if those of a key are to be groups, [`observed`](GroupBy::observed) or not, and are not known.
    #[track_caller]
    pub fn agg(&self, aggregates: impl IntoIterator<Item = Aggregate>) -> Result<DataFrame, FrameError> {
        let info = LayerInfo::here();
        let aggregates = aggregates.into_iter().collect::<Vec<_>>();
        let names = aggregates.iter().map(Aggregate::output_name).collect::<Result<Vec<_>, _>>()?;
        let mut frame = self.frame.clone();
        let mut labelled = aggregates;
        if labelled.iter().any(Aggregate::wants_labels) {
            // The index, or the number of the row.
            let label = match frame.index().map(Arc::<str>::from) {
                Some(index) => index,
                None => {
                    let [number] = fresh(frame.schema());
                    frame = frame.with_row_number(Arc::clone(&number))?;
                    number
                }
            };
            let label = |aggregate: Aggregate| match aggregate.wants_labels() {
                true => aggregate.with(col(Arc::clone(&label))),
                false => aggregate,
            };
            labelled = labelled.into_iter().map(label).collect();
        }
        let aggregates = names.into_iter().zip(labelled).collect();
        let keys = self.named_keys()?;
        if !self.observed {
            for (_, key) in &keys {
                let dtype = key.dtype(frame.schema())?;
                dtype.categories().map_or(Ok(()), |_| known("group_by", key, &dtype).map(drop))?;
            }
        }
        let spec = AggregateSpec::new(keys, aggregates, frame.schema(), self.drop_nulls, self.sort)?;
        let spec = spec.observed(self.observed);
        frame.with(PlanOp::Aggregate(Arc::new(spec)), info)
    }

    /// Returns the keys with their names.
    pub(super) fn named_keys(&self) -> Result<Vec<(Arc<str>, Expr)>, FrameError> {
        self.expect_keys()?;
        let key = |expr: &Expr| Ok((expr.output_name()?, expr.clone().unaliased()));
        self.keys.iter().map(key).collect()
    }

    /// Checks that the keys are expressions of the frame whose values can be keys.
    pub(super) fn expect_keys(&self) -> Result<(), FrameError> {
        let schema = self.frame.schema();
        self.keys.iter().try_for_each(|key| key.dtype(schema)?.expect_key("group_by", key))
    }
}
