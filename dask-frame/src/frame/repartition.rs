//! Frames with their rows in other partitions.

use std::ops::Range;
use std::sync::Arc;

use dask_graph::{
    Arg, Collection, ComputeError, Graph, Key, LayerInfo, Materialized, Name, Op, RunOptions, Scheduler,
    Task, Token,
};

use super::DataFrame;
use super::index::bounds;
use crate::column::Scalar;
use crate::error::FrameError;
use crate::plan::SizeOp;
use crate::plan::divisions::order;
use crate::plan::layout::{Layout, Pieces};
use crate::rule::Rule;

impl DataFrame {
    /// Exchanges rows so that those with equal values in some columns come together in one of `n_partitions`.
    ///
    /// Missing values equal missing values. Rows that come together keep their order. Rows stay in memory while there is
    /// room and go by way of files, with about a partition in memory at a time, where there is none; they are counted
    /// when they go and when they come. Group-by, joins and sorts do what they need of it themselves.
    ///
    /// Source: [`dask.dataframe.DataFrame.shuffle`](https://docs.dask.org/en/stable/generated/dask.dataframe.DataFrame.shuffle.html).
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if there is no column of that name.
    /// - `BadArgument` if no column is named, or `n_partitions` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame};
    /// # use dask_graph::Collection;
    /// let frame = DataFrame::from_columns([("k", Column::from(vec!["a", "b", "a", "c", "b"]))], 2)?;
    /// let table = frame.shuffle(["k"], 3)?.compute_with(&dask_sched_sync::Sync::new())?;
    /// let keys = table.column("k")?.strs().unwrap().flatten().collect::<Vec<_>>();
    /// assert_eq!(keys.len(), 5);
    /// let first_b = keys.iter().position(|key| *key == "b").unwrap();
    /// assert_eq!(keys[first_b + 1], "b", "they are in one partition");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn shuffle<N: AsRef<str>>(
        &self,
        on: impl IntoIterator<Item = N>,
        n_partitions: u32,
    ) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let on =
            on.into_iter().map(|name| self.schema().field(name.as_ref()).map(|field| field.shared_name()));
        let on = on.collect::<Result<Vec<_>, _>>()?;
        on.iter().try_for_each(|name| self.schema().field(name)?.dtype().expect_key("shuffle", name))?;
        if on.is_empty() || n_partitions == 0 {
            let problem = "name a column to shuffle on, and one partition at least".into();
            return Err(FrameError::BadArgument { operation: "shuffle", problem });
        }
        Ok(self.laid_out(Layout::Shuffle { on, n: n_partitions }, info))
    }

    /// Puts neighbouring partitions together, or cuts partitions by rows, so that there are `n_partitions`.
    ///
    /// Known divisions stay known if partitions are put together.
    ///
    /// # Errors
    ///
    /// `BadArgument` if `n_partitions` is 0.
    #[track_caller]
    pub fn repartition(&self, n_partitions: u32) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        if n_partitions == 0 {
            let problem = "a frame has one partition at least, which may be empty".into();
            return Err(FrameError::BadArgument { operation: "repartition", problem });
        }
        let from = self.n_partitions() as u32;
        if from == n_partitions {
            return Ok(self.clone());
        }
        Ok(self.laid_out(Layout::Pieces(Pieces { from, to: n_partitions }), info))
    }

    /// Cuts and puts together partitions so that these are their divisions; those of the frame must be known.
    ///
    /// The outer bounds stay what they are, or are moved outwards.
    ///
    /// # Errors
    ///
    /// - `UnknownDivisions` if those of the frame are not known.
    /// - `BadArgument` if the new ones are fewer than two, not of the index' type, not in order, or if they leave
    ///   out rows.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame};
    /// # use dask_graph::Collection;
    /// let frame = DataFrame::from_columns([("id", Column::from(vec![7, 1, 5, 3]))], 2)?;
    /// let frame = frame.set_index_divisions("id", [0, 4, 9])?.repartition_divisions([0, 2, 6, 9])?;
    /// let middle = frame.get_partition(1)?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(middle.column("id")?, &Column::from(vec![3, 5]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn repartition_divisions<S: Into<Scalar>>(
        &self,
        divisions: impl IntoIterator<Item = S>,
    ) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let operation = "repartition";
        let index = &self.plan.index;
        let (Some(column), Some(old)) = (&index.name, index.divisions.column()) else {
            return Err(FrameError::UnknownDivisions { operation });
        };
        let bounds = bounds(operation, old.dtype(), divisions.into_iter().map(Into::into))?;
        let (old_last, new_last) = (old.len() - 1, bounds.len() - 1);
        if order(&bounds, 0, old, 0).is_gt() || order(&bounds, new_last, old, old_last).is_lt() {
            let problem = format!("rows lie between {} and {}", old.get(0), old.get(old_last));
            return Err(FrameError::BadArgument { operation, problem });
        }
        let (column, old) = (Arc::clone(column), old.clone());
        Ok(self.laid_out(Layout::Ranges { column, old, bounds }, info))
    }

    /// Cuts and puts together partitions so that each has the rows of one stretch of time, by one of the rules of
    /// [`Resample::every`](crate::Resample::every). The divisions must be known, and timestamps.
    ///
    /// # Errors
    ///
    /// - `UnknownDivisions` if the divisions are not known.
    /// - `BadRule` if the rule is none.
    /// - `BadArgument` if the index is not of timestamps, or there would be more than a million partitions.
    #[track_caller]
    pub fn repartition_freq(&self, rule: &str) -> Result<Self, FrameError> {
        let rule = Rule::parse(rule)?;
        let operation = "repartition";
        let bounds = self.divisions().bounds().ok_or(FrameError::UnknownDivisions { operation })?;
        let bad = |problem: &str| Err(FrameError::BadArgument { operation, problem: problem.into() });
        let (Some(Scalar::Timestamp(first)), Some(Scalar::Timestamp(last))) = (bounds.first(), bounds.last())
        else {
            return bad("the index is not of timestamps");
        };
        let mut edges = vec![rule.last_edge(*first)];
        while edges[edges.len() - 1] <= *last {
            edges.push(rule.next(edges[edges.len() - 1]));
            if edges.len() > 1_000_000 {
                return bad("there would be more than a million partitions; take longer stretches of time");
            }
        }
        self.repartition_divisions(edges.into_iter().map(Scalar::Timestamp))
    }

    /// Puts partitions together or cuts them so that there are about `nbytes` bytes in each.
    ///
    /// The partitions are computed now, with this scheduler, to learn their sizes, and not kept.
    ///
    /// # Errors
    ///
    /// As [`compute_with`](Collection::compute_with).
    #[track_caller]
    pub fn repartition_nbytes_with(
        &self,
        nbytes: u64,
        scheduler: &dyn Scheduler,
    ) -> Result<Self, ComputeError> {
        let info = LayerInfo::here();
        let name = Name::from_token("nbytes", Token::unique());
        let mut layer = Materialized::with_info(name.clone(), info.clone());
        let op: Arc<dyn Op> = Arc::new(SizeOp);
        let sizes = self.keys().into_iter().zip(0..).map(|(part, at)| {
            let key = Key::new(&name, &[at]);
            layer.insert(key.clone(), Task::new(Arc::clone(&op), [Arg::key(part)]));
            key
        });
        let sizes = sizes.collect::<Vec<_>>();
        let sizes =
            Graph::with_inputs(layer, [self.graph()]).values(&sizes, scheduler, &RunOptions::default())?;
        let sizes = sizes.iter().map(|size| size.get::<u64>().copied()).collect::<Result<Vec<_>, _>>();
        let total = sizes.map_err(ComputeError::finish)?.iter().sum::<u64>();
        let from = self.n_partitions() as u32;
        let to = u32::try_from(total.div_ceil(nbytes.max(1))).unwrap_or(u32::MAX).max(1);
        Ok(self.laid_out(Layout::Pieces(Pieces { from, to }), info))
    }

    /// Returns one partition as a frame.
    ///
    /// # Errors
    ///
    /// `BadArgument` if there are not so many.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame};
    /// # use dask_graph::Collection;
    /// let frame = DataFrame::from_columns([("n", Column::from(vec![1, 2, 3, 4]))], 2)?;
    /// let last = frame.get_partition(1)?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(last.column("n")?, &Column::from(vec![3, 4]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn get_partition(&self, at: usize) -> Result<Self, FrameError> {
        self.partitions(at..at.saturating_add(1))
    }

    /// Returns some neighbouring partitions as a frame.
    ///
    /// # Errors
    ///
    /// `BadArgument` if there are not so many, or none is wanted.
    #[track_caller]
    pub fn partitions(&self, partitions: Range<usize>) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let n = self.n_partitions();
        if partitions.is_empty() || partitions.end > n {
            let problem = format!("the frame has the partitions 0 to {}, wanted are {partitions:?}", n - 1);
            return Err(FrameError::BadArgument { operation: "partitions", problem });
        }
        Ok(self.laid_out(Layout::Pick(partitions.map(|at| at as u32).collect()), info))
    }
}
