//! Joins with the nearest row.

use std::sync::Arc;

use dask_graph::LayerInfo;

use super::DataFrame;
use crate::column::Scalar;
use crate::error::FrameError;
use crate::plan::asof::AsOfSpec;
pub use crate::plan::asof::Direction;
use crate::plan::join::{JoinColumn, Side, key_pair};
use crate::plan::{PlanNode, PlanOp};
use crate::schema::{DataType, Schema};

/// On what to join with the nearest row, and how: options of [`DataFrame::merge_asof`].
#[derive(Clone, Debug)]
#[must_use]
pub struct AsOf {
    on: [Arc<str>; 2],
    by: Vec<Arc<str>>,
    direction: Direction,
    tolerance: Option<Scalar>,
    exact: bool,
    suffixes: [Arc<str>; 2],
}

impl AsOf {
    /// Joins on a column that has the same name on both sides, with the last row that is no larger.
    pub fn on(column: impl Into<Arc<str>>) -> Self {
        let column = column.into();
        Self::on_pair(Arc::clone(&column), column)
    }

    /// Joins on a column of the left and one of the right side.
    pub fn on_pair(left: impl Into<Arc<str>>, right: impl Into<Arc<str>>) -> Self {
        let suffixes = ["_x", "_y"].map(Arc::from);
        let on = [left.into(), right.into()];
        Self { on, by: Vec::new(), direction: Direction::Backward, tolerance: None, exact: true, suffixes }
    }

    /// Takes only rows that are equal in these columns, which have the same names on both sides.
    pub fn by<N: Into<Arc<str>>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.by = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Sets where the nearest row is looked for.
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// Takes no row that is farther away than this: a number, or for times a [`Scalar::Duration`].
    pub fn tolerance(mut self, tolerance: impl Into<Scalar>) -> Self {
        self.tolerance = Some(tolerance.into());
        self
    }

    /// Sets whether a row that is equal counts: yes, unless set.
    pub fn allow_exact_matches(mut self, allow: bool) -> Self {
        self.exact = allow;
        self
    }

    /// Sets what is appended to columns that both sides have: `_x` and `_y`, unless set.
    pub fn suffixes(mut self, left: impl Into<Arc<str>>, right: impl Into<Arc<str>>) -> Self {
        self.suffixes = [left.into(), right.into()];
        self
    }
}

impl DataFrame {
    /// Joins each row with the nearest row of another frame: the columns of that, or missing values.
    ///
    /// Rows and partitions stay what they are, and neither side need be in order. A missing key is near nothing.
    ///
    /// A `right` that is small, or has room in memory while it is exchanged, is put in order once and looked up from
    /// each partition of this frame. A larger one is exchanged by ranges of its key, as many as it has partitions, and
    /// each partition of this frame reads the ranges in which its keys lie, one at a time, and then those beside them
    /// for rows that have found nothing yet. So few ranges are read where the keys of a partition lie close together,
    /// and fewer with a tolerance.
    ///
    /// Source: [`pandas.merge_asof`](https://pandas.pydata.org/docs/reference/api/pandas.merge_asof.html).
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if a column is not there.
    /// - `TypeMismatch` if keys cannot be compared, `WrongType` if that which is to be near is no number or time.
    /// - `BadArgument` if the tolerance is negative or not of the type of a distance.
    /// - `DuplicateColumn` if the suffixes do not tell columns apart.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{AsOf, Column, DataFrame};
    /// # use dask_graph::Collection;
    /// let trades = DataFrame::from_columns([("t", Column::from(vec![3, 7, 12]))], 2)?;
    /// let quotes = [("t", Column::from(vec![1, 5, 7])), ("bid", Column::from(vec![100, 101, 102]))];
    /// let quotes = DataFrame::from_columns(quotes, 2)?;
    /// let table = trades.merge_asof(&quotes, AsOf::on("t").tolerance(4))?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("bid")?, &Column::from(vec![Some(100), Some(102), None]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn merge_asof(&self, right: &DataFrame, asof: AsOf) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let spec = asof.spec(self.schema(), right.schema())?;
        let plans = vec![Arc::clone(&self.plan), Arc::clone(&right.plan)];
        Ok(self.over(PlanNode::new(PlanOp::AsOf(Arc::new(spec)), plans, info)?))
    }
}

impl AsOf {
    fn spec(self, left: &Schema, right: &Schema) -> Result<AsOfSpec, FrameError> {
        let operation = "merge_asof";
        let key = |a: &Arc<str>, b: &Arc<str>| key_pair(operation, (left, a), (right, b));
        let on = key(&self.on[0], &self.on[1])?;
        let got = on.2.clone();
        if matches!(got, DataType::Bool | DataType::Utf8 | DataType::Categorical(_)) {
            let (expr, expected) = (on.0.to_string(), "a number or a time");
            return Err(FrameError::WrongType { operation, expr, got, expected });
        }
        let is_fitting = |tolerance: &Scalar| match (tolerance, &got) {
            (Scalar::Int64(most), dtype) if dtype.is_numeric() || *dtype == DataType::Date => *most >= 0,
            (Scalar::Float64(most), dtype) if dtype.is_float() => *most >= 0.0,
            (Scalar::Duration(most), DataType::Timestamp | DataType::Zoned(_) | DataType::Duration) => {
                *most >= 0
            }
            _ => false,
        };
        if let Some(tolerance) = self.tolerance.as_ref().filter(|tolerance| !is_fitting(tolerance)) {
            let problem = format!("{tolerance} is no distance between values of {got}");
            return Err(FrameError::BadArgument { operation, problem });
        }
        let by = self.by.iter().map(|name| key(name, name)).collect::<Result<Vec<_>, _>>()?;
        let is_shared =
            |name: &str| (on.0 == on.1 && *on.0 == *name) || self.by.iter().any(|by| **by == *name);
        let suffixed = |name: Arc<str>, other: &Schema, suffix: &str| -> Arc<str> {
            let is_taken = other.position(&name).is_some() && !is_shared(&name);
            if is_taken { format!("{name}{suffix}").into() } else { name }
        };
        let of_left = left.fields().iter().map(|field| {
            let name = field.shared_name();
            JoinColumn { name: suffixed(Arc::clone(&name), right, &self.suffixes[0]), from: Side::Left(name) }
        });
        let of_right = right.fields().iter().filter(|field| !is_shared(field.name())).map(|field| {
            let name = field.shared_name();
            JoinColumn { name: suffixed(Arc::clone(&name), left, &self.suffixes[1]), from: Side::Right(name) }
        });
        let columns = of_left.chain(of_right).collect();
        let (direction, tolerance, exact) = (self.direction, self.tolerance, self.exact);
        Ok(AsOfSpec { on, by, direction, tolerance, exact, columns })
    }
}
