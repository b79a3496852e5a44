//! Joins.

use std::sync::Arc;

use dask_graph::LayerInfo;

use super::DataFrame;
use crate::error::FrameError;
use crate::expr::common;
use crate::plan::{JoinColumn, JoinSpec, PlanNode, PlanOp, Side};

/// Which rows without partner a join keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum How {
    /// None.
    #[default]
    Inner,
    /// Those of the left side.
    Left,
    /// Those of the right side.
    Right,
    /// Those of both sides.
    Outer,
}

/// What is joined on, and how: options of [`DataFrame::merge`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Merge {
    left_on: Vec<Arc<str>>,
    right_on: Vec<Arc<str>>,
    how: How,
    suffixes: [Arc<str>; 2],
}

impl Merge {
    /// Joins on columns that have the same names on both sides.
    pub fn on<N: Into<Arc<str>>>(columns: impl IntoIterator<Item = N>) -> Self {
        let columns = columns.into_iter().map(Into::into).collect::<Vec<_>>();
        let suffixes = ["_x", "_y"].map(Arc::from);
        Self { left_on: columns.clone(), right_on: columns, how: How::Inner, suffixes }
    }

    /// Joins on columns of the left side and columns of the right side, pair by pair.
    pub fn on_pairs<L: Into<Arc<str>>, R: Into<Arc<str>>>(pairs: impl IntoIterator<Item = (L, R)>) -> Self {
        let (left_on, right_on) = pairs.into_iter().map(|(left, right)| (left.into(), right.into())).unzip();
        Self { left_on, right_on, ..Self::on([] as [&str; 0]) }
    }

    /// Sets which rows without partner are kept: none, unless set.
    pub fn how(mut self, how: How) -> Self {
        self.how = how;
        self
    }

    /// Keeps the rows of the left side that have no partner.
    pub fn left(self) -> Self {
        self.how(How::Left)
    }

    /// Sets what is appended to columns other than keys that both sides have: `_x` and `_y`, unless set.
    pub fn suffixes(mut self, left: impl Into<Arc<str>>, right: impl Into<Arc<str>>) -> Self {
        self.suffixes = [left.into(), right.into()];
        self
    }
}

impl DataFrame {
    /// Joins with a smaller frame: a row for each pair of rows with equal keys.
    ///
    /// `right` is gathered in memory, indexed once, and joined with each partition of this frame; so make the
    /// smaller frame the right one. The rows come in the order of this frame; with [`How::Right`] and
    /// [`How::Outer`] the rows of `right` without partner follow in a partition of their own.
    ///
    /// As in pandas a missing key equals a missing key, a key of the same name on both sides comes as one
    /// column, and other columns that both sides have get suffixes. Keys of integers and floats are compared
    /// as floats.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if a key is not there.
    /// - `TypeMismatch` if the keys cannot be compared.
    /// - `DuplicateColumn` if the suffixes do not tell columns apart.
    /// - `BadArgument` if there is no key.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, Merge};
    /// # use dask_graph::Collection;
    /// let flights = DataFrame::from_columns([("carrier", Column::from(vec!["UA", "XX", "UA"]))], 2)?;
    /// let names = [("carrier", Column::from(vec!["UA", "AA"])), ("name", Column::from(vec!["United", "American"]))];
    /// let names = DataFrame::from_columns(names, 1)?;
    /// let table = flights.merge(&names, Merge::on(["carrier"]).left())?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("name")?, &Column::from(vec![Some("United"), None, Some("United")]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn merge(&self, right: &DataFrame, merge: Merge) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let spec = merge.spec(self, right)?;
        let plans = vec![Arc::clone(&self.plan), Arc::clone(&right.plan)];
        Ok(self.over(PlanNode::new(PlanOp::Join(Arc::new(spec)), plans, info)?))
    }
}

impl Merge {
    fn spec(self, left: &DataFrame, right: &DataFrame) -> Result<JoinSpec, FrameError> {
        let (left, right) = (left.schema(), right.schema());
        if self.left_on.is_empty() {
            let problem = "name a column to join on".into();
            return Err(FrameError::BadArgument { operation: "merge", problem });
        }
        let mut on = Vec::new();
        for (a, b) in self.left_on.iter().zip(&self.right_on) {
            let (a_dtype, b_dtype) = (left.field(a)?.dtype(), right.field(b)?.dtype());
            let dtype = common(a_dtype, b_dtype).ok_or_else(|| FrameError::TypeMismatch {
                operation: "merge",
                left: a.to_string(),
                left_dtype: a_dtype,
                right: b.to_string(),
                right_dtype: b_dtype,
            })?;
            on.push((Arc::clone(a), Arc::clone(b), dtype));
        }
        // The number of the key that comes as one column, being called the same on both sides.
        let shared_key = |name: &str| on.iter().position(|(a, b, _)| **a == *name && a == b);
        let mut columns = Vec::new();
        for field in left.fields() {
            let name = field.shared_name();
            columns.push(match shared_key(&name) {
                Some(at) => JoinColumn { name, from: Side::Key(at) },
                None => {
                    let taken = right.position(&name).is_some();
                    let suffixed =
                        if taken { format!("{name}{}", self.suffixes[0]).into() } else { Arc::clone(&name) };
                    JoinColumn { name: suffixed, from: Side::Left(name) }
                }
            });
        }
        for field in right.fields() {
            let name = field.shared_name();
            if shared_key(&name).is_none() {
                let taken = left.position(&name).is_some();
                let suffixed =
                    if taken { format!("{name}{}", self.suffixes[1]).into() } else { Arc::clone(&name) };
                columns.push(JoinColumn { name: suffixed, from: Side::Right(name) });
            }
        }
        let keep = match self.how {
            How::Inner => [false, false],
            How::Left => [true, false],
            How::Right => [false, true],
            How::Outer => [true, true],
        };
        Ok(JoinSpec { on, keep, columns })
    }
}
