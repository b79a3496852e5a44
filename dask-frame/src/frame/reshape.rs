//! Tables turned: wide to long, long to wide, one row to several.

use std::sync::Arc;

use dask_graph::LayerInfo;

use super::DataFrame;
use super::scan::fresh;
use crate::column::Scalar;
use crate::error::FrameError;
use crate::expr::{Aggregate, AggregateKind, Expr, col, common, lit, when};
use crate::plan::{PlanNode, PlanOp};

/// What is melted, and what the results are called: options of [`DataFrame::melt`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Melt {
    ids: Vec<Arc<str>>,
    values: Option<Vec<Arc<str>>>,
    variable_name: Arc<str>,
    value_name: Arc<str>,
}

impl Melt {
    /// Repeats these columns for each of the others.
    pub fn ids<N: Into<Arc<str>>>(columns: impl IntoIterator<Item = N>) -> Self {
        let ids = columns.into_iter().map(Into::into).collect();
        Self { ids, values: None, variable_name: "variable".into(), value_name: "value".into() }
    }

    /// Sets the columns whose values are put below each other: all others, unless set.
    pub fn values<N: Into<Arc<str>>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.values = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Sets what the column of the columns' names is called: `variable`, unless set.
    pub fn variable_name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.variable_name = name.into();
        self
    }

    /// Sets what the column of values is called: `value`, unless set.
    pub fn value_name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.value_name = name.into();
        self
    }
}

/// What is laid out as a table of two keys: options of [`DataFrame::pivot_table`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Pivot {
    index: Vec<Expr>,
    columns: Expr,
    /// The values that get columns; none if all categories do.
    values: Option<Vec<Scalar>>,
    aggregate: Aggregate,
}

impl Pivot {
    /// Lays out an aggregate, with a column for each of these values of an expression.
    pub fn new<V: Into<Scalar>>(
        aggregate: Aggregate,
        columns: impl Into<Expr>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        Self { index: Vec::new(), columns: columns.into(), values: Some(values), aggregate }
    }

    /// Lays out an aggregate, with a column for each known category of an expression.
    pub fn by_categories(aggregate: Aggregate, columns: impl Into<Expr>) -> Self {
        Self { index: Vec::new(), columns: columns.into(), values: None, aggregate }
    }

    /// Makes a row for each combination of these keys.
    pub fn index<E: Into<Expr>>(mut self, keys: impl IntoIterator<Item = E>) -> Self {
        self.index = keys.into_iter().map(Into::into).collect();
        self
    }
}

impl DataFrame {
    /// Puts columns below each other: a row for each row and column, with the column's name and the value. All rows
    /// of a column come before those of the next.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if there is no column of a name.
    /// - `TypeMismatch` if the values have no type in common.
    /// - `BadArgument` if there is no column of values.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, Melt};
    /// # use dask_graph::Collection;
    /// let columns = [("id", vec![1, 2]), ("a", vec![3, 4]), ("b", vec![5, 6])];
    /// let frame = DataFrame::from_columns(columns.map(|(name, values)| (name, Column::from(values))), 2)?;
    /// let table = frame.melt(Melt::ids(["id"]))?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("id")?, &Column::from(vec![1, 2, 1, 2]));
    /// assert_eq!(table.column("variable")?, &Column::from(vec!["a", "a", "b", "b"]));
    /// assert_eq!(table.column("value")?, &Column::from(vec![3, 4, 5, 6]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn melt(&self, melt: Melt) -> Result<Self, FrameError> {
        let schema = self.schema();
        let all = || schema.fields().iter().map(|field| field.shared_name());
        let values = melt.values.unwrap_or_else(|| all().filter(|name| !melt.ids.contains(name)).collect());
        let Some(first) = values.first() else {
            let problem = "there is no column of values".into();
            return Err(FrameError::BadArgument { operation: "melt", problem });
        };
        let mut dtype = schema.field(first)?.dtype();
        for name in &values {
            let got = schema.field(name)?.dtype();
            dtype = common(&dtype, &got).ok_or_else(|| FrameError::TypeMismatch {
                operation: "melt",
                left: first.to_string(),
                left_dtype: dtype,
                right: name.to_string(),
                right_dtype: got,
            })?;
        }
        let of = |name: &Arc<str>| {
            let ids = melt.ids.iter().map(|id| col(Arc::clone(id)));
            let variable = lit(name.to_string()).alias(Arc::clone(&melt.variable_name));
            let value = col(Arc::clone(name)).cast(dtype.clone()).alias(Arc::clone(&melt.value_name));
            self.select(ids.chain([variable, value]))
        };
        Self::concat(&values.iter().map(of).collect::<Result<Vec<_>, _>>()?)
    }

    /// Lays out an aggregate as a table: a row for each combination of the keys of the index, a column for each
    /// listed value, called like it. [`values_of`](DataFrame::values_of) finds the values that there are; rows with
    /// others are left out. A cell without rows is missing, or 0 if it counts.
    ///
    /// # Errors
    ///
    /// - As [`GroupBy::agg`](crate::GroupBy::agg).
    /// - `BadArgument` if the aggregate is of no expression, a list, or does not skip missing values.
    /// - `UnknownCategories` if there is to be a column for each category, and they are not known.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, Pivot, col};
    /// # use dask_graph::Collection;
    /// let columns = [
    ///     ("day", Column::from(vec![1, 1, 2])),
    ///     ("item", Column::from(vec!["fig", "pear", "fig"])),
    ///     ("n", Column::from(vec![3, 4, 5])),
    /// ];
    /// let frame = DataFrame::from_columns(columns, 2)?;
    /// let pivot = Pivot::new(col("n").sum(), "item", ["fig", "pear"]).index(["day"]);
    /// let table = frame.pivot_table(pivot)?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("fig")?, &Column::from(vec![3, 5]));
    /// assert_eq!(table.column("pear")?, &Column::from(vec![Some(4), None]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn pivot_table(&self, pivot: Pivot) -> Result<Self, FrameError> {
        let Pivot { index, columns, values, aggregate } = pivot;
        let values = match values {
            Some(values) => values,
            None => self.categories_of("pivot_table", &columns)?,
        };
        // Of each cell the rows of others are missing values, which lists would have, too.
        if matches!(aggregate.kind(), AggregateKind::List | AggregateKind::Unique) {
            let kind = aggregate.kind();
            let problem =
                format!("`{kind}` of the rows of a cell; group by the index and the column instead");
            return Err(FrameError::BadArgument { operation: "pivot_table", problem });
        }
        if aggregate.spoilt_by_nulls() || aggregate.takes_nulls() {
            let problem = "missing values are skipped in cells; fill them before, or group by the index and the \
                column instead of `skip_nulls(false)`";
            return Err(FrameError::BadArgument { operation: "pivot_table", problem: problem.into() });
        }
        let adds = matches!(aggregate.kind(), AggregateKind::Sum | AggregateKind::Product);
        let aggregate = if adds { aggregate.min_count(1) } else { aggregate };
        let cell = |value: Scalar| {
            let name = value.to_string();
            let here = if value.is_null() { columns.is_null() } else { columns.eq(lit(value)) };
            if aggregate.exprs().next().is_none() {
                let problem = "an aggregate of a column is needed; use `count` instead of `size`".into();
                return Err(FrameError::BadArgument { operation: "pivot_table", problem });
            }
            Ok(aggregate.clone().map(|expr| when(here.clone()).then(expr).otherwise_null()).alias(name))
        };
        let cells = values.into_iter().map(cell).collect::<Result<Vec<_>, _>>()?;
        self.group_by(index).agg(cells)
    }

    /// Makes a column of truth values for each listed value of a column, called `column_value`: whether it is that
    /// value. Other columns are left out; [`values_of`](DataFrame::values_of) finds the values that there are.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if there is no such column, `TypeMismatch` if a value is not of its type.
    #[track_caller]
    pub fn get_dummies<V: Into<Scalar>>(
        &self,
        column: impl Into<Arc<str>>,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Self, FrameError> {
        let column = column.into();
        self.select(values.into_iter().map(|value| {
            let value = value.into();
            let name = format!("{column}_{value}");
            let of = col(Arc::clone(&column));
            let is = if value.is_null() { of.is_null() } else { of.eq(lit(value)).fill_null(false) };
            is.alias(name)
        }))
    }

    /// Makes a column of truth values for each known category of a column, as [`get_dummies`](DataFrame::get_dummies)
    /// does for the values that it is given.
    ///
    /// Source: [`dask.dataframe.get_dummies`](https://docs.dask.org/en/stable/generated/dask.dataframe.get_dummies.html).
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if there is no such column, `WrongType` if it has no categories.
    /// - `UnknownCategories` if they are not known.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, col};
    /// # use dask_graph::Collection;
    /// let frame = DataFrame::from_columns([("x", Column::from(vec!["a", "b"]).to_categorical())], 2)?;
    /// let error = frame.get_dummies_of_categories("x").unwrap_err().to_string();
    /// assert!(error.contains("`as_known`"));
    /// let sync = dask_sched_sync::Sync::new();
    /// let table = frame.as_known_with("x", &sync)?.get_dummies_of_categories("x")?.compute_with(&sync)?;
    /// assert_eq!(table.column("x_b")?, &Column::from(vec![false, true]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn get_dummies_of_categories(&self, column: impl Into<Arc<str>>) -> Result<Self, FrameError> {
        let column = column.into();
        let values = self.categories_of("get_dummies", &col(Arc::clone(&column)))?;
        self.get_dummies(column, values)
    }

    /// Makes a row for each value of a list; the other columns are repeated. A list without values is one row with a
    /// missing value, as a missing list is.
    ///
    /// Source: [`DataFrame.explode`](https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.explode.html).
    ///
    /// # Errors
    ///
    /// `UnknownColumn` if there is no such column, `WrongType` if it has no lists.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame};
    /// # use dask_graph::Collection;
    /// let lists = Column::from(vec![vec![3, 4], vec![], vec![5]]);
    /// let frame = DataFrame::from_columns([("id", Column::from(vec![1, 2, 3])), ("x", lists)], 2)?;
    /// let table = frame.explode("x")?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("id")?, &Column::from(vec![1, 1, 2, 3]));
    /// assert_eq!(table.column("x")?, &Column::from(vec![Some(3), Some(4), None, Some(5)]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn explode(&self, column: impl Into<Arc<str>>) -> Result<Self, FrameError> {
        self.with(PlanOp::Explode { column: column.into(), separator: None }, LayerInfo::here())
    }

    /// Makes a row for each part of a text, cut at a separator; the other columns are repeated. A missing text
    /// stays one row.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if there is no such column, `WrongType` if it has no texts.
    /// - `BadArgument` if the separator is empty.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame};
    /// # use dask_graph::Collection;
    /// let columns = [("id", Column::from(vec![1, 2])), ("tags", Column::from(vec!["a,b", "c"]))];
    /// let frame = DataFrame::from_columns(columns, 2)?;
    /// let table = frame.explode_split("tags", ",")?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("id")?, &Column::from(vec![1, 1, 2]));
    /// assert_eq!(table.column("tags")?, &Column::from(vec!["a", "b", "c"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn explode_split(&self, column: impl Into<Arc<str>>, separator: &str) -> Result<Self, FrameError> {
        let separator = Some(separator.into());
        self.with(PlanOp::Explode { column: column.into(), separator }, LayerInfo::here())
    }

    /// Returns about this share of the rows, chosen at random; the same rows for the same seed, however the frame is
    /// cut in partitions.
    ///
    /// # Errors
    ///
    /// - `BadArgument` if the share is not between 0 and 1.
    #[track_caller]
    pub fn sample(&self, share: f64, seed: u64) -> Result<Self, FrameError> {
        if !(0.0..=1.0).contains(&share) {
            let problem = format!("the share {share} is not between 0 and 1");
            return Err(FrameError::BadArgument { operation: "sample", problem });
        }
        self.between(0.0, share, seed)
    }

    /// Gives each row to one of several frames at random, in these shares; the same rows for the same seed, however
    /// the frame is cut in partitions.
    ///
    /// # Errors
    ///
    /// - `BadArgument` if a share is negative, or they do not add up to 1.
    #[track_caller]
    pub fn random_split(
        &self,
        shares: impl IntoIterator<Item = f64>,
        seed: u64,
    ) -> Result<Vec<Self>, FrameError> {
        let shares = shares.into_iter().collect::<Vec<_>>();
        let total = shares.iter().sum::<f64>();
        if shares.iter().any(|share| *share < 0.0) || (total - 1.0).abs() > 1e-9 {
            let problem = format!("the shares {shares:?} are not parts of 1");
            return Err(FrameError::BadArgument { operation: "random_split", problem });
        }
        let mut from = 0.0;
        let parts = shares.iter().enumerate().map(|(at, share)| {
            // The last takes what rounding has left.
            let to = if at + 1 == shares.len() { 1.0 } else { from + share };
            let part = self.between(from, to, seed);
            from = to;
            part
        });
        parts.collect()
    }

    /// Returns the rows whose random number is in a range.
    fn between(&self, from: f64, to: f64, seed: u64) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let [number] = fresh(self.schema());
        let numbered = self.with_row_number(Arc::clone(&number))?;
        let op = PlanOp::Random { number: Arc::clone(&number), range: [from, to], seed };
        let plans = vec![Arc::clone(&numbered.plan)];
        numbered.over(PlanNode::new(op, plans, info)?).drop([number])
    }
}
