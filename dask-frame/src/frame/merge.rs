//! Joins.

use std::sync::Arc;

use dask_graph::LayerInfo;

use super::DataFrame;
use crate::column::Column;
use crate::error::FrameError;
use crate::plan::divisions::{intersection, larger, smaller, union_within};
pub use crate::plan::join::How;
use crate::plan::join::{Algorithm, JoinColumn, JoinSpec, KeyPair, Side, key_pair};
use crate::plan::layout::Layout;
use crate::plan::size::{SMALL_NBYTES, nbytes};
use crate::plan::{PlanNode, PlanOp};
use crate::schema::{Field, Schema};

/// What is joined on, and how: options of [`DataFrame::merge`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Merge {
    left_on: Vec<Arc<str>>,
    right_on: Vec<Arc<str>>,
    how: How,
    suffixes: [Arc<str>; 2],
    indicator: Option<Arc<str>>,
    /// Whether the keys are the indexes.
    on_index: bool,
    /// Whether a side is gathered (or else both are exchanged), if that was said.
    broadcast: Option<bool>,
}

impl Merge {
    /// Joins on columns that have the same names on both sides.
    pub fn on<N: Into<Arc<str>>>(columns: impl IntoIterator<Item = N>) -> Self {
        let columns = columns.into_iter().map(Into::into).collect::<Vec<_>>();
        let suffixes = ["_x", "_y"].map(Arc::from);
        let (how, indicator) = (How::Inner, None);
        Self {
            left_on: columns.clone(),
            right_on: columns,
            how,
            suffixes,
            indicator,
            on_index: false,
            broadcast: None,
        }
    }

    /// Joins on the indexes of both sides; the result has that of the left side.
    ///
    /// With known divisions on both sides, partitions are aligned and joined pair by pair without an exchange, those
    /// that no row can come from are left out, and the divisions of the result are known.
    pub fn on_index() -> Self {
        Self { on_index: true, ..Self::on([] as [&str; 0]) }
    }

    /// Makes every pair of rows; there are no keys.
    pub fn cross() -> Self {
        Self { how: How::Cross, ..Self::on([] as [&str; 0]) }
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

    /// Adds a column of this name that says which sides a row is from: `left_only`, `right_only` or `both`.
    pub fn indicator(mut self, name: impl Into<Arc<str>>) -> Self {
        self.indicator = Some(name.into());
        self
    }

    /// Gathers the right side in memory, whatever its size; for an inner or a right join the left side, if that is
    /// known to be smaller.
    pub fn broadcast(mut self) -> Self {
        self.broadcast = Some(true);
        self
    }

    /// Exchanges both sides by key, whatever their sizes.
    pub fn shuffled(mut self) -> Self {
        self.broadcast = Some(false);
        self
    }

    /// Sets what is appended to columns other than keys that both sides have: `_x` and `_y`, unless set.
    pub fn suffixes(mut self, left: impl Into<Arc<str>>, right: impl Into<Arc<str>>) -> Self {
        self.suffixes = [left.into(), right.into()];
        self
    }
}

impl DataFrame {
    /// Joins with another frame: a row for each pair of rows with equal keys, and what else the kind of the join
    /// says.
    ///
    /// How it is done follows from the sizes, as far as they are known before it runs:
    ///
    /// - A side of no more than 64 MiB, or of one partition if its size is not known, is gathered in memory, indexed
    ///   once, and joined with each partition of the other. If that is the right side, the rows come in the order of
    ///   this frame, and the rows of `right` without partner, if they are kept, in a partition of their own.
    /// - Otherwise both sides are exchanged, and joined partition by partition. Where there is no room for what is
    ///   exchanged, it is in files, and no more than two partitions and their result are in memory at a time. The order
    ///   of the rows is not defined.
    ///
    /// [`Merge::broadcast`] and [`Merge::shuffled`] say which it shall be.
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
        let (spec, [left, right]) = merge.spec(self, right, &info)?;
        let plans = vec![Arc::clone(&left.plan), Arc::clone(&right.plan)];
        Ok(self.over(PlanNode::new(PlanOp::Join(Arc::new(spec)), plans, info)?))
    }

    /// Joins with another frame on the indexes of both, [`Merge::on_index`] of this kind.
    ///
    /// # Errors
    ///
    /// As [`merge`](DataFrame::merge), and `BadArgument` if one of the frames has no index.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, How};
    /// # use dask_graph::Collection;
    /// let planes = [("tail", Column::from(vec!["N1", "N2"])), ("seats", Column::from(vec![180, 50]))];
    /// let planes = DataFrame::from_columns(planes, 1)?.set_index("tail")?;
    /// let flights = [("tail", Column::from(vec!["N2", "N1", "N2"])), ("flight", Column::from(vec![1, 2, 3]))];
    /// let flights = DataFrame::from_columns(flights, 2)?.set_index("tail")?;
    /// let table = flights.join(&planes, How::Left)?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("seats")?, &Column::from(vec![180, 50, 50]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn join(&self, right: &DataFrame, how: How) -> Result<Self, FrameError> {
        self.merge(right, Merge::on_index().how(how))
    }
}

impl Merge {
    /// Says what the join is, and which frames are joined: those given, or as they are aligned.
    fn spec(
        mut self,
        left: &DataFrame,
        right: &DataFrame,
        info: &LayerInfo,
    ) -> Result<(JoinSpec, [DataFrame; 2]), FrameError> {
        let bad = |problem: &str| FrameError::BadArgument { operation: "merge", problem: problem.into() };
        if self.on_index {
            let index = |frame: &DataFrame| {
                frame
                    .index()
                    .map(Arc::from)
                    .ok_or_else(|| bad("a frame has no index; make one with `set_index`"))
            };
            (self.left_on, self.right_on) = (vec![index(left)?], vec![index(right)?]);
        }
        match (self.left_on.is_empty(), self.how) {
            (true, How::Cross) => {}
            (true, _) => return Err(bad("name a column to join on")),
            (false, How::Cross) => return Err(bad("a cross join has no keys")),
            (false, _) => {}
        }
        let on = self.keys(left.schema(), right.schema())?;
        let columns = self.columns(&on, left.schema(), right.schema());
        let index = self.on_index.then(|| Arc::clone(&on[0].0));
        let aligned =
            if self.on_index && self.broadcast.is_none() { self.aligned(left, right, info) } else { None };
        let (algorithm, sides) = match aligned {
            Some(sides) => (Algorithm::Aligned, sides),
            None => (self.algorithm(left, right), [left.clone(), right.clone()]),
        };
        Ok((JoinSpec { on, how: self.how, columns, algorithm, index }, sides))
    }

    fn keys(&self, left: &Schema, right: &Schema) -> Result<Vec<KeyPair>, FrameError> {
        let pairs = self.left_on.iter().zip(&self.right_on);
        pairs.map(|(a, b)| key_pair("merge", (left, a), (right, b))).collect()
    }

    fn columns(&self, on: &[KeyPair], left: &Schema, right: &Schema) -> Vec<JoinColumn> {
        // The number of the key that comes as one column, being called the same on both sides.
        let shared_key = |name: &str| on.iter().position(|(a, b, _)| **a == *name && a == b);
        let index_key = |name: &str, side: &Arc<str>| (self.on_index && **side == *name).then_some(0);
        let is_filter = self.how.is_filter();
        let suffixed = |name: Arc<str>, is_taken: bool, suffix: &str| -> Arc<str> {
            if is_taken && !is_filter { format!("{name}{suffix}").into() } else { name }
        };
        let is_shown = |field: &Field, key: Option<&Arc<str>>| {
            shared_key(field.name()).is_none() && key.and_then(|key| index_key(field.name(), key)).is_none()
        };
        let (left_key, right_key) = (self.left_on.first(), self.right_on.first());
        let mut columns = Vec::new();
        for field in left.fields() {
            let name = field.shared_name();
            let key = shared_key(&name).or_else(|| index_key(&name, left_key?));
            columns.push(match key {
                Some(at) if !is_filter => JoinColumn { name, from: Side::Key(at) },
                _ => {
                    let is_taken = right
                        .fields()
                        .iter()
                        .any(|field| field.name() == &*name && is_shown(field, right_key));
                    JoinColumn {
                        name: suffixed(Arc::clone(&name), is_taken, &self.suffixes[0]),
                        from: Side::Left(name),
                    }
                }
            });
        }
        for field in right.fields().iter().filter(|field| !is_filter && is_shown(field, right_key)) {
            let name = field.shared_name();
            let is_taken = left.position(&name).is_some();
            columns.push(JoinColumn {
                name: suffixed(Arc::clone(&name), is_taken, &self.suffixes[1]),
                from: Side::Right(name),
            });
        }
        if let (Some(name), false) = (&self.indicator, is_filter) {
            columns.push(JoinColumn { name: Arc::clone(name), from: Side::Indicator });
        }
        columns
    }

    fn algorithm(&self, left: &DataFrame, right: &DataFrame) -> Algorithm {
        if self.how == How::Cross {
            return Algorithm::BroadcastRight;
        }
        let sizes = [left, right].map(|side| (nbytes(&side.plan), side.n_partitions()));
        let is_small = |side: usize| match sizes[side] {
            (Some(nbytes), _) => nbytes <= SMALL_NBYTES,
            (None, n) => n == 1,
        };
        let may_gather_left = matches!(self.how, How::Inner | How::Right);
        let is_left_smaller = matches!((sizes[0].0, sizes[1].0), (Some(left), Some(right)) if left < right);
        let n = sizes[0].1.max(sizes[1].1) as u32;
        match self.broadcast {
            Some(false) => Algorithm::Shuffle(n),
            Some(true) if may_gather_left && is_left_smaller && !is_small(1) => Algorithm::BroadcastLeft,
            Some(true) => Algorithm::BroadcastRight,
            None if is_small(1) || n == 1 => Algorithm::BroadcastRight,
            None if is_small(0) && may_gather_left => Algorithm::BroadcastLeft,
            None => Algorithm::Shuffle(n),
        }
    }

    /// Both sides with the same divisions, if theirs are known and of one type: all that the kind of the join needs.
    fn aligned(&self, left: &DataFrame, right: &DataFrame, info: &LayerInfo) -> Option<[DataFrame; 2]> {
        let (a, b) = (left.divisions().column()?, right.divisions().column()?);
        if a.dtype() != b.dtype() {
            return None;
        }
        let bounds = match self.how {
            How::Left | How::Semi | How::Anti => union_within(a, b, a, a),
            How::Right => union_within(a, b, b, b),
            How::Inner => intersection(a, b),
            How::Outer => union_within(a, b, smaller(a, b), larger(a, b)),
            How::Cross => return None,
        };
        let side = |frame: &DataFrame, old: &Column| {
            let column = frame.index().map(Arc::from)?;
            let (old, bounds) = (old.clone(), bounds.clone());
            Some(frame.laid_out(Layout::Ranges { column, old, bounds }, info.clone()))
        };
        Some([side(left, a)?, side(right, b)?])
    }
}
