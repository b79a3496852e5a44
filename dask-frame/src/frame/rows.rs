//! Operations on rows: which there are, and in what order.

use std::sync::Arc;

use dask_graph::LayerInfo;

use super::DataFrame;
use crate::error::FrameError;
use crate::expr::{Expr, col};
use crate::plan::layout::Layout;
use crate::plan::{PlanNode, PlanOp, SortSpec};
use crate::schema::DataType;

impl DataFrame {
    /// Returns the rows for which the condition holds; where it is missing, it does not.
    ///
    /// # Errors
    ///
    /// - `WrongType` if it is no condition.
    /// - `UnknownColumn`, `WrongType`, `TypeMismatch` or `TooDeep` for what is wrong in it.
    #[track_caller]
    pub fn filter(&self, condition: impl Into<Expr>) -> Result<Self, FrameError> {
        self.with(PlanOp::Filter(condition.into().unaliased()), LayerInfo::here())
    }

    /// Returns the rows that have a value in each of the given columns, or in each at all if none is given.
    ///
    /// # Errors
    ///
    /// `UnknownColumn` if there is no column of that name.
    #[track_caller]
    pub fn drop_nulls<N: AsRef<str>>(
        &self,
        columns: impl IntoIterator<Item = N>,
    ) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let named = columns
            .into_iter()
            .map(|name| self.schema().field(name.as_ref()).map(|field| field.shared_name()));
        let mut names = named.collect::<Result<Vec<_>, _>>()?;
        if names.is_empty() {
            names = self.schema().fields().iter().map(|field| field.shared_name()).collect();
        }
        let filter = |frame: Self, name| frame.with(PlanOp::Filter(col(name).is_not_null()), info.clone());
        names.into_iter().try_fold(self.clone(), filter)
    }

    /// Returns the rows that have a value in `n` columns at least.
    ///
    /// # Errors
    ///
    /// `BadArgument` if there are not so many columns.
    #[track_caller]
    pub fn drop_nulls_below(&self, n: usize) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        if n > self.schema().len() {
            let problem = format!("no row has {n} values: there are {} columns", self.schema().len());
            return Err(FrameError::BadArgument { operation: "drop_nulls_below", problem });
        }
        let there = self.schema().names().map(|name| col(name).is_not_null().cast(DataType::Int64));
        match there.reduce(|a, b| a + b) {
            Some(count) => self.with(PlanOp::Filter(count.ge(i64::try_from(n).unwrap_or(i64::MAX))), info),
            None => Ok(self.clone()),
        }
    }

    /// Replaces missing values in every column by the last before them that is there.
    #[must_use]
    #[track_caller]
    pub fn ffill(&self) -> Self {
        self.fill_all(Expr::ffill, LayerInfo::here())
    }

    /// Replaces missing values in every column by the next behind them that is there.
    #[must_use]
    #[track_caller]
    pub fn bfill(&self) -> Self {
        self.fill_all(Expr::bfill, LayerInfo::here())
    }

    fn fill_all(&self, fill: impl Fn(&Expr) -> Expr, info: LayerInfo) -> Self {
        let filled = self.kept().map(|(name, column)| (name, fill(&column))).collect();
        self.with(PlanOp::Project(filled), info).expect("columns of any type can be filled")
    }

    /// Returns the first `n` rows as a frame of one partition.
    ///
    /// Computing it takes the first rows of every partition; [`head`](DataFrame::head) looks at as many
    /// partitions as it needs.
    #[must_use]
    #[track_caller]
    pub fn limit(&self, n: usize) -> Self {
        self.over(PlanNode::of_rows(PlanOp::Limit(n), Arc::clone(&self.plan), LayerInfo::here()))
    }

    /// Returns the last `n` rows as a frame of one partition.
    ///
    /// Computing it takes the last rows of every partition; [`tail`](DataFrame::tail) looks at as many
    /// partitions as it needs.
    #[must_use]
    #[track_caller]
    pub fn limit_last(&self, n: usize) -> Self {
        self.laid_out(Layout::Tail(n), LayerInfo::here())
    }

    /// Returns all rows in the order of some columns, in as many partitions as there are.
    ///
    /// Rows are exchanged: a sample of each partition says where to cut the order, then each partition is split,
    /// gathered, and sorted by itself. So where there is no room for what is exchanged, and it is in files, no more than
    /// about a partition is in memory, unless very many rows are equal in all columns of the order: these are in one. Only the first
    /// rows ([`limit`](DataFrame::limit)) are found without an exchange.
    ///
    /// The sort is stable: rows of equal keys keep their order, as with pandas' `kind="stable"`. Missing
    /// values come last, unless the options say otherwise.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if there is no column of that name.
    /// - `BadArgument` if no column is named.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, Sort};
    /// # use dask_graph::Collection;
    /// let frame = DataFrame::from_columns([("x", Column::from(vec![Some(2), None, Some(3), Some(1)]))], 2)?;
    /// let sorted = frame.sort_values(Sort::by("x").descending())?;
    /// let table = sorted.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("x")?, &Column::from(vec![Some(3), Some(2), Some(1), None]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn sort_values(&self, sort: impl Into<Sort>) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let Sort(SortSpec { by, descending, nulls_first }) = sort.into();
        if by.is_empty() {
            let problem = "name a column to sort by".into();
            return Err(FrameError::BadArgument { operation: "sort_values", problem });
        }
        self.with(PlanOp::Sort(Arc::new(SortSpec { by, descending, nulls_first })), info)
    }
}

/// In what order to sort.
#[derive(Debug)]
#[must_use]
pub struct Sort(SortSpec);

impl Sort {
    /// Sorts by a column, smallest first.
    pub fn by(column: impl Into<Arc<str>>) -> Self {
        Self(SortSpec { by: vec![column.into()], descending: vec![false], nulls_first: false })
    }

    /// Sorts rows that are equal so far by another column, smallest first.
    pub fn then_by(mut self, column: impl Into<Arc<str>>) -> Self {
        self.0.by.push(column.into());
        self.0.descending.push(false);
        self
    }

    /// Turns the order of the column named last around. Rows of equal keys still keep their order.
    pub fn descending(mut self) -> Self {
        if let Some(last) = self.0.descending.last_mut() {
            *last = true;
        }
        self
    }

    /// Puts missing values first.
    pub fn nulls_first(mut self) -> Self {
        self.0.nulls_first = true;
        self
    }
}

impl DataFrame {
    /// Says in which partitions the rows of this frame are.
    pub(super) fn laid_out(&self, layout: Layout, info: LayerInfo) -> Self {
        self.over(PlanNode::of_rows(PlanOp::Layout(Arc::new(layout)), Arc::clone(&self.plan), info))
    }
}

impl From<&str> for Sort {
    fn from(column: &str) -> Self {
        Sort::by(column)
    }
}

impl<N: Into<Arc<str>>, const COLUMNS: usize> From<[N; COLUMNS]> for Sort {
    fn from(columns: [N; COLUMNS]) -> Self {
        let by = columns.into_iter().map(Into::into).collect();
        Self(SortSpec { by, descending: vec![false; COLUMNS], nulls_first: false })
    }
}
