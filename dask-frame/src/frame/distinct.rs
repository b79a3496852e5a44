//! Different rows and values, and how often they come.

use std::sync::Arc;

use dask_graph::{Collection, ComputeError, RunOptions, Scheduler, installed};

use super::scan::fresh;
use super::{DataFrame, Merge, Sort};
use crate::column::{Categories, Scalar};
use crate::error::FrameError;
use crate::expr::{Expr, col, lit, size};
use crate::schema::DataType;

/// Which rows of several with one key are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// The first.
    #[default]
    First,
    /// The last.
    Last,
    /// None of them.
    None,
}

/// What is counted, and how: options of [`DataFrame::value_counts`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ValueCounts {
    columns: Vec<Expr>,
    normalize: bool,
    keep_nulls: bool,
    sort: bool,
}

impl ValueCounts {
    /// Counts the values of a column or an expression.
    pub fn of(column: impl Into<Expr>) -> Self {
        Self { columns: vec![column.into()], normalize: false, keep_nulls: false, sort: true }
    }

    /// Counts combinations with another column or expression.
    pub fn and(mut self, column: impl Into<Expr>) -> Self {
        self.columns.push(column.into());
        self
    }

    /// Gives shares of all rows that are counted, as `proportion`, instead of counts.
    pub fn normalize(mut self) -> Self {
        self.normalize = true;
        self
    }

    /// Counts missing values, too.
    pub fn keep_nulls(mut self) -> Self {
        self.keep_nulls = true;
        self
    }

    /// Leaves out to sort by count.
    pub fn unsorted(mut self) -> Self {
        self.sort = false;
        self
    }
}

impl From<&str> for ValueCounts {
    fn from(column: &str) -> Self {
        ValueCounts::of(column)
    }
}

impl DataFrame {
    /// Counts how often values come: a row for each, with the count as `count`, the most frequent first; of equal
    /// counts the smaller value first. Known categories that do not come have the count 0.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn`, `WrongType`, `TypeMismatch` or `TooDeep` for what is wrong in an expression.
    /// - `DuplicateColumn` if a column is called like the count.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, ValueCounts};
    /// # use dask_graph::Collection;
    /// let frame = DataFrame::from_columns([("x", Column::from(vec!["b", "a", "b", "c"]))], 2)?;
    /// let table = frame.value_counts("x")?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("x")?, &Column::from(vec!["b", "a", "c"]));
    /// assert_eq!(table.column("count")?, &Column::from(vec![2, 1, 1]));
    /// let shares = frame.value_counts(ValueCounts::of("x").normalize())?;
    /// let table = shares.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("proportion")?, &Column::from(vec![0.5, 0.25, 0.25]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn value_counts(&self, counts: impl Into<ValueCounts>) -> Result<Self, FrameError> {
        let ValueCounts { columns, normalize, keep_nulls, sort } = counts.into();
        let keys = columns.iter().map(Expr::output_name).collect::<Result<Vec<_>, _>>()?;
        let dtypes =
            columns.iter().map(|column| column.dtype(self.schema())).collect::<Result<Vec<_>, _>>()?;
        // Known categories that do not come have the count 0, as in pandas.
        let observed = !dtypes.iter().filter_map(DataType::categories).all(Categories::is_known);
        let grouped = self.group_by(columns).observed(observed);
        let grouped = if keep_nulls { grouped.keep_nulls() } else { grouped };
        let mut counted = grouped.agg([size().alias("count")])?;
        if normalize {
            // The total is joined to each count by a key that all have.
            let [one, total] = &fresh(counted.schema());
            let all = counted.agg([col("count").sum().alias(Arc::clone(total))])?;
            let all = all.with_column(Arc::clone(one), lit(0_i64))?;
            counted = counted.with_column(Arc::clone(one), lit(0_i64))?;
            counted = counted.merge(&all, Merge::on([Arc::clone(one)]).left().broadcast())?;
            let share = (col("count") / col(Arc::clone(total))).alias("proportion");
            counted = counted.select(keys.iter().cloned().map(col).chain([share]))?;
        }
        if !sort {
            return Ok(counted);
        }
        let by = Sort::by(if normalize { "proportion" } else { "count" }).descending();
        counted.sort_values(keys.into_iter().fold(by, Sort::then_by))
    }

    /// Returns the different values of a column, a missing one among them, in the order in which they first appear if
    /// they are few; see [`GroupBy::unsorted`](crate::GroupBy::unsorted).
    ///
    /// # Errors
    ///
    /// - `UnknownColumn`, `WrongType`, `TypeMismatch` or `TooDeep` for what is wrong in the expression.
    #[track_caller]
    pub fn unique(&self, column: impl Into<Expr>) -> Result<Self, FrameError> {
        self.group_by([column]).keep_nulls().unsorted().agg([])
    }

    /// Returns the rows without those that repeat others in some columns, or in all if none is given, in the order of
    /// the table. A missing value equals a missing value.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if there is no column of that name.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, Keep};
    /// # use dask_graph::Collection;
    /// let columns = [("x", Column::from(vec!["b", "a", "b"])), ("y", Column::from(vec![1, 2, 3]))];
    /// let frame = DataFrame::from_columns(columns, 2)?;
    /// let y = |keep| -> Result<_, Box<dyn std::error::Error>> {
    ///     let table = frame.drop_duplicates(["x"], keep)?.compute_with(&dask_sched_sync::Sync::new())?;
    ///     Ok(table.column("y")?.clone())
    /// };
    /// assert_eq!(y(Keep::First)?, Column::from(vec![1, 2]));
    /// assert_eq!(y(Keep::Last)?, Column::from(vec![2, 3]));
    /// assert_eq!(y(Keep::None)?, Column::from(vec![2]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn drop_duplicates<N: Into<Arc<str>>>(
        &self,
        subset: impl IntoIterator<Item = N>,
        keep: Keep,
    ) -> Result<Self, FrameError> {
        let names = self.schema().names().map(Arc::<str>::from).collect::<Vec<_>>();
        let mut keys = subset.into_iter().map(Into::into).collect::<Vec<_>>();
        keys.iter().try_for_each(|key| self.schema().field(key).map(drop))?;
        if keys.is_empty() {
            keys.clone_from(&names);
        }
        let [number, rows] = fresh(self.schema());
        let end = |name: &Arc<str>| {
            let column = col(Arc::clone(name));
            let end = if keep == Keep::Last { column.last() } else { column.first() };
            end.skip_nulls(false).alias(Arc::clone(name))
        };
        let mut kept = names.iter().filter(|name| !keys.contains(name)).map(end).collect::<Vec<_>>();
        // Groups keep no order, so rows are numbered: those that are kept come in the order of their numbers.
        let place = match keep {
            Keep::Last => col(Arc::clone(&number)).max(),
            Keep::First | Keep::None => col(Arc::clone(&number)).min(),
        };
        kept.extend([place.alias(Arc::clone(&number)), size().alias(Arc::clone(&rows))]);
        let numbered = self.with_row_number(Arc::clone(&number))?;
        let groups = numbered.group_by(keys.into_iter().map(col)).keep_nulls().unsorted();
        let mut different = groups.agg(kept)?;
        if keep == Keep::None {
            different = different.filter(col(rows).eq(1))?;
        }
        different.sort_values(Sort::by(number))?.select(names.into_iter().map(col))
    }

    /// Computes the different values of a column that are there, in order, with the installed scheduler: what
    /// [`pivot_table`](DataFrame::pivot_table) and [`get_dummies`](DataFrame::get_dummies) need to know before they
    /// can say what columns they give.
    ///
    /// # Errors
    ///
    /// - `Finish`, with a [`FrameError`] as its source, if there is no such column.
    /// - As [`compute`](Collection::compute).
    pub fn values_of(&self, column: impl Into<Expr>) -> Result<Vec<Scalar>, ComputeError> {
        let installed = installed().ok_or(ComputeError::NoScheduler)?;
        self.values_of_opts(column, &installed.scheduler, &installed.options)
    }

    /// [`values_of`](DataFrame::values_of) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`values_of`](DataFrame::values_of).
    pub fn values_of_with(
        &self,
        column: impl Into<Expr>,
        scheduler: &dyn Scheduler,
    ) -> Result<Vec<Scalar>, ComputeError> {
        self.values_of_opts(column, scheduler, &RunOptions::default())
    }

    pub(super) fn values_of_opts(
        &self,
        column: impl Into<Expr>,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<Vec<Scalar>, ComputeError> {
        let values = self.group_by([column.into()]).agg([]).map_err(ComputeError::finish)?;
        let table = values.compute_opts(scheduler, options)?;
        Ok((0..table.n_rows()).map(|row| table.columns()[0].get(row)).collect())
    }
}
