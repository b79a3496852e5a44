//! Values of rows from the other rows of their group, and some rows of each group.

use std::sync::Arc;

use dask_graph::LayerInfo;

use super::{DataFrame, GroupBy, Merge};
use crate::column::Scalar;
use crate::error::FrameError;
use crate::expr::{Aggregate, Expr, Scan, col, lit};
use crate::plan::{PlanOp, ScanSpec};
use crate::schema::Schema;

/// Returns names that `schema` does not have.
pub(super) fn fresh<const N: usize>(schema: &Schema) -> [Arc<str>; N] {
    some_fresh(schema, &[])
}

/// Returns names that neither `schema` nor `taken` has.
pub(super) fn some_fresh<const N: usize>(schema: &Schema, taken: &[Arc<str>]) -> [Arc<str>; N] {
    let mut names = fresh_besides(schema, taken);
    std::array::from_fn(|_| names.next().expect("there is no end of names"))
}

/// Returns names that neither `schema` nor `taken` has.
pub(super) fn fresh_besides(schema: &Schema, taken: &[Arc<str>]) -> impl Iterator<Item = Arc<str>> {
    let free = |name: &Arc<str>| schema.position(name).is_none() && !taken.contains(name);
    (0..).map(|at| Arc::from(format!("hidden {at}"))).filter(free)
}

impl GroupBy {
    /// Adds or replaces columns that are computed along the rows of each group, in the order of the table. All see
    /// the columns as they were before. Rows with a missing key get no value, unless
    /// [`keep_nulls`](GroupBy::keep_nulls) is set.
    ///
    /// Each partition is computed by itself, behind a few rows a group that stand for the partitions before it.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn`, `WrongType`, `TypeMismatch` or `TooDeep` for what is wrong in an expression.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, Scan, col};
    /// # use dask_graph::Collection;
    /// let columns = [("who", Column::from(vec!["a", "b", "a", "b"])), ("n", Column::from(vec![1, 2, 3, 4]))];
    /// let frame = DataFrame::from_columns(columns, 2)?;
    /// let scans = [("sum", Scan::cumsum("n")), ("before", Scan::shift("n", 1)), ("nth", Scan::cumcount())];
    /// let table = frame.group_by(["who"]).scan(scans)?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("sum")?, &Column::from(vec![1, 2, 4, 6]));
    /// assert_eq!(table.column("before")?, &Column::from(vec![None, None, Some(1), Some(2)]));
    /// assert_eq!(table.column("nth")?, &Column::from(vec![0, 0, 1, 1]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn scan<N: Into<Arc<str>>>(
        &self,
        scans: impl IntoIterator<Item = (N, Scan)>,
    ) -> Result<DataFrame, FrameError> {
        let info = LayerInfo::here();
        let scans = scans.into_iter().map(|(name, scan)| (name.into(), scan)).collect::<Vec<_>>();
        let names = scans.iter().map(|(name, _)| Arc::clone(name)).collect::<Vec<_>>();
        let hidden = fresh_besides(self.frame.schema(), &names).take(scans.len()).collect::<Vec<_>>();
        let keys = self.named_keys()?;
        let mut frame = self.frame.clone();
        let mut columns = Vec::new();
        for ((name, scan), hidden) in scans.into_iter().zip(&hidden) {
            // What is added up along partitions is so in a wide type: only the results have to fit that of the values.
            let dtype = scan.dtype(frame.schema())?;
            let is_narrow = scan.adds() && dtype.wide() != dtype;
            let value = match col(Arc::clone(hidden)) {
                value if scan.counts() => value - 1,
                value if is_narrow => value.cast(dtype.clone()),
                value => value,
            };
            columns.push((name, value));
            let expr = scan.expr.unaliased();
            let expr = if is_narrow { expr.cast(dtype.wide()) } else { expr };
            let scan = Scan { expr, ..scan };
            let (keys, name, drop_nulls) = (keys.clone(), Arc::clone(hidden), self.drop_nulls);
            let spec = ScanSpec { keys, name, scan, drop_nulls };
            frame = frame.with(PlanOp::Scan(Arc::new(spec)), info.clone())?;
        }
        frame.with_columns(columns)?.drop(hidden)
    }

    /// Adds or replaces a column with the difference of an expression from what it is `by` rows before in the group. Of
    /// integers without a sign, a value that falls is an error: cast them to `Int64` first.
    ///
    /// # Errors
    ///
    /// As [`scan`](GroupBy::scan).
    #[track_caller]
    pub fn diff(
        &self,
        name: impl Into<Arc<str>>,
        expr: impl Into<Expr>,
        by: i32,
    ) -> Result<DataFrame, FrameError> {
        let (name, expr) = (name.into(), expr.into());
        let [hidden] = fresh(self.frame.schema());
        let frame = self.scan([(Arc::clone(&hidden), Scan::shift(expr.clone(), by))])?;
        frame.with_column(name, expr - col(Arc::clone(&hidden)))?.drop([hidden])
    }

    /// Adds or replaces columns with the aggregates of each row's group. Rows with a missing key get no value, unless
    /// [`keep_nulls`](GroupBy::keep_nulls) is set. The rows stay in their order; the aggregates of all groups are
    /// gathered in memory.
    ///
    /// # Errors
    ///
    /// As [`agg`](GroupBy::agg).
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, col};
    /// # use dask_graph::Collection;
    /// let columns = [("who", Column::from(vec!["a", "b", "a"])), ("n", Column::from(vec![1, 2, 3]))];
    /// let frame = DataFrame::from_columns(columns, 2)?;
    /// let frame = frame.group_by(["who"]).transform([col("n").mean()])?;
    /// let table = frame.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("n_mean")?, &Column::from(vec![2.0, 2.0, 2.0]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn transform(
        &self,
        aggregates: impl IntoIterator<Item = Aggregate>,
    ) -> Result<DataFrame, FrameError> {
        let aggregates = aggregates.into_iter().collect::<Vec<_>>();
        let names = aggregates.iter().map(Aggregate::output_name).collect::<Result<Vec<_>, _>>()?;
        self.expect_keys()?;
        // Without keys all rows have one.
        let keys = if self.keys.is_empty() { vec![lit(0_i64)] } else { self.keys.clone() };
        let free = fresh_besides(self.frame.schema(), &names);
        let mut key_names = free.take(keys.len() + aggregates.len()).collect::<Vec<_>>();
        let results = key_names.split_off(keys.len());
        let frame = self.frame.with_columns(key_names.iter().cloned().zip(keys))?;
        let aggregates = aggregates.into_iter().zip(&results).map(|(one, name)| one.alias(Arc::clone(name)));
        let groups = GroupBy {
            frame: frame.clone(),
            keys: key_names.iter().map(|name| col(Arc::clone(name))).collect(),
            sort: false,
            ..*self
        };
        let merge = Merge::on(key_names.iter().cloned()).left().broadcast();
        let merged = frame.merge(&groups.agg(aggregates)?, merge)?;
        let columns = names.into_iter().zip(results.iter().map(|name| col(Arc::clone(name))));
        merged.with_columns(columns)?.drop(key_names.iter().chain(&results))
    }

    /// Returns the first `n` rows of each group, in the order of the table.
    ///
    /// # Errors
    ///
    /// As [`scan`](GroupBy::scan).
    #[track_caller]
    pub fn head(&self, n: usize) -> Result<DataFrame, FrameError> {
        self.numbered(Scan::cumcount(), |number| number.lt(n as i64))
    }

    /// Returns the last `n` rows of each group, in the order of the table.
    ///
    /// # Errors
    ///
    /// As [`scan`](GroupBy::scan).
    #[track_caller]
    pub fn tail(&self, n: usize) -> Result<DataFrame, FrameError> {
        self.numbered(Scan::cumcount().reversed(), |number| number.lt(n as i64))
    }

    /// Returns row `n` of each group that has so many, from 0, or from the end if `n` is negative; -1 is the last.
    ///
    /// # Errors
    ///
    /// As [`scan`](GroupBy::scan).
    #[track_caller]
    pub fn nth(&self, n: i64) -> Result<DataFrame, FrameError> {
        match n {
            0.. => self.numbered(Scan::cumcount(), |number| number.eq(n)),
            _ => self.numbered(Scan::cumcount().reversed(), |number| number.eq(-1 - n)),
        }
    }

    fn numbered(&self, scan: Scan, keep: impl Fn(Expr) -> Expr) -> Result<DataFrame, FrameError> {
        let [number] = fresh(self.frame.schema());
        let frame = self.scan([(Arc::clone(&number), scan)])?;
        frame.filter(keep(col(Arc::clone(&number))))?.drop([number])
    }

    /// Returns the rows of one group: those whose keys have these values. There is none if there is no such group.
    ///
    /// # Errors
    ///
    /// - `BadArgument` if there are not as many values as keys.
    /// - `TypeMismatch` if a value is not of the type of its key.
    #[track_caller]
    pub fn get_group<V: Into<Scalar>>(
        &self,
        values: impl IntoIterator<Item = V>,
    ) -> Result<DataFrame, FrameError> {
        let values = values.into_iter().map(Into::into).collect::<Vec<Scalar>>();
        if values.len() != self.keys.len() {
            let problem = format!("{} values for {} keys", values.len(), self.keys.len());
            return Err(FrameError::BadArgument { operation: "get_group", problem });
        }
        let equal = |(key, value): (&Expr, Scalar)| match value.is_null() {
            true => key.is_null(),
            false => key.eq(lit(value)),
        };
        let conditions = self.keys.iter().zip(values).map(equal);
        match conditions.reduce(|all, next| all.and(next)) {
            Some(condition) => self.frame.filter(condition),
            None => Ok(self.frame.clone()),
        }
    }
}

impl DataFrame {
    /// Adds a column with the number of each row in the whole frame, from 0, or replaces the column of that name.
    ///
    /// # Errors
    ///
    /// As [`with_columns`](DataFrame::with_columns).
    #[track_caller]
    pub fn with_row_number(&self, name: impl Into<Arc<str>>) -> Result<Self, FrameError> {
        self.group_by([] as [Expr; 0]).scan([(name, Scan::cumcount())])
    }
}
