//! Frames put together.

use std::sync::Arc;

use dask_graph::LayerInfo;

use super::DataFrame;
use super::merge::{How, Merge};
use crate::column::{Column, Scalar};
use crate::error::FrameError;
use crate::expr::{Expr, col, common, lit};
use crate::plan::divisions::{larger, smaller, union_within};
use crate::plan::layout::Layout;
use crate::plan::{PlanNode, PlanOp};
use crate::schema::{DataType, Schema};

impl DataFrame {
    /// Returns the partitions of several frames, one frame after another.
    ///
    /// If all have one index and known divisions, of which those of one frame end before those of the next begin, the
    /// divisions of the result are known; see [`concat_interleaved`](DataFrame::concat_interleaved) for others.
    ///
    /// # Errors
    ///
    /// - `BadArgument` if there is no frame.
    /// - `SchemaMismatch` if their columns differ in name, type or order; [`concat_inner`](DataFrame::concat_inner)
    ///   and [`concat_outer`](DataFrame::concat_outer) make them agree.
    #[track_caller]
    pub fn concat<'a>(frames: impl IntoIterator<Item = &'a DataFrame>) -> Result<Self, FrameError> {
        Self::put_together(&frames.into_iter().collect::<Vec<_>>(), PlanOp::Concat, LayerInfo::here())
    }

    /// Returns the partitions of several frames, one frame after another, with the columns that all of them have.
    ///
    /// Numbers of one name become the narrowest type that holds both: integers and floats are floats.
    ///
    /// # Errors
    ///
    /// - `BadArgument` if there is no frame.
    /// - `TypeMismatch` if columns of one name have types that nothing can hold together.
    #[track_caller]
    pub fn concat_inner<'a>(frames: impl IntoIterator<Item = &'a DataFrame>) -> Result<Self, FrameError> {
        Self::concat_some(&frames.into_iter().collect::<Vec<_>>(), false, LayerInfo::here())
    }

    /// Returns the partitions of several frames, one frame after another, with the columns of all of them: missing
    /// values where a frame has none.
    ///
    /// # Errors
    ///
    /// As [`concat_inner`](DataFrame::concat_inner).
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame};
    /// # use dask_graph::Collection;
    /// let a = DataFrame::from_columns([("x", Column::from(vec![1])), ("y", Column::from(vec!["a"]))], 1)?;
    /// let b = DataFrame::from_columns([("x", Column::from(vec![0.5]))], 1)?;
    /// let table = DataFrame::concat_outer([&a, &b])?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("x")?, &Column::from(vec![1.0, 0.5]));
    /// assert_eq!(table.column("y")?, &Column::from(vec![Some("a"), None]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn concat_outer<'a>(frames: impl IntoIterator<Item = &'a DataFrame>) -> Result<Self, FrameError> {
        Self::concat_some(&frames.into_iter().collect::<Vec<_>>(), true, LayerInfo::here())
    }

    /// Returns the rows of this frame and then those of another, with the columns of both: missing values where a frame
    /// has none. [`concat_outer`](DataFrame::concat_outer) does so with more than two.
    ///
    /// # Errors
    ///
    /// As [`concat_inner`](DataFrame::concat_inner).
    #[track_caller]
    pub fn append(&self, other: &Self) -> Result<Self, FrameError> {
        Self::concat_outer([self, other])
    }

    /// Returns the rows of several frames of one index, those of each division together, frame after frame; the
    /// divisions are known.
    ///
    /// Source: [`dask.dataframe.concat`](https://docs.dask.org/en/stable/generated/dask.dataframe.concat.html) with
    /// `interleave_partitions`.
    ///
    /// # Errors
    ///
    /// - As [`concat`](DataFrame::concat).
    /// - `UnknownDivisions` if those of a frame are not known, `BadArgument` if the indexes have other names or types.
    #[track_caller]
    pub fn concat_interleaved<'a>(
        frames: impl IntoIterator<Item = &'a DataFrame>,
    ) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let frames = frames.into_iter().collect::<Vec<_>>();
        if frames.windows(2).any(|pair| pair[0].index() != pair[1].index()) {
            let problem = "the indexes of the frames have other names".into();
            return Err(FrameError::BadArgument { operation: "concat", problem });
        }
        let aligned = Self::aligned(&frames, "concat", &info)?;
        Self::put_together(&aligned.iter().collect::<Vec<_>>(), PlanOp::Interleave, info)
    }

    /// Returns the columns of several frames side by side, in rows of equal values of their indexes: an outer join.
    ///
    /// Columns of one name get the suffixes `_x` and `_y`.
    ///
    /// # Errors
    ///
    /// `BadArgument` if there is no frame, or one has no index.
    #[track_caller]
    pub fn concat_columns<'a>(frames: impl IntoIterator<Item = &'a DataFrame>) -> Result<Self, FrameError> {
        let mut frames = frames.into_iter();
        let Some(first) = frames.next() else { return Err(no_frame()) };
        frames.try_fold(first.clone(), |all, frame| all.merge(frame, Merge::on_index().how(How::Outer)))
    }

    /// Returns the same frames with the same divisions: all bounds of all of them.
    ///
    /// # Errors
    ///
    /// - `BadArgument` if there is no frame, or if the indexes have other types.
    /// - `UnknownDivisions` if those of a frame are not known.
    #[track_caller]
    pub fn align<'a>(frames: impl IntoIterator<Item = &'a DataFrame>) -> Result<Vec<Self>, FrameError> {
        Self::aligned(&frames.into_iter().collect::<Vec<_>>(), "align", &LayerInfo::here())
    }

    fn aligned(
        frames: &[&DataFrame],
        operation: &'static str,
        info: &LayerInfo,
    ) -> Result<Vec<Self>, FrameError> {
        let known = frames
            .iter()
            .map(|frame| Some((frame, frame.index().map(Arc::from)?, frame.divisions().column()?)));
        let known = known.collect::<Option<Vec<(_, Arc<str>, &Column)>>>();
        let known = known.ok_or(FrameError::UnknownDivisions { operation })?;
        let mut all = known.first().ok_or_else(no_frame)?.2.clone();
        for (_, _, bounds) in &known {
            if bounds.dtype() != all.dtype() {
                let problem = format!("an index is {}, another {}", all.dtype(), bounds.dtype());
                return Err(FrameError::BadArgument { operation, problem });
            }
            all = union_within(&all, bounds, smaller(&all, bounds), larger(&all, bounds));
        }
        let same = |(frame, column, old): (&&DataFrame, Arc<str>, &Column)| {
            frame.laid_out(Layout::Ranges { column, old: old.clone(), bounds: all.clone() }, info.clone())
        };
        Ok(known.into_iter().map(same).collect())
    }

    fn concat_some(frames: &[&DataFrame], outer: bool, info: LayerInfo) -> Result<Self, FrameError> {
        let mut columns: Vec<(Arc<str>, DataType)> = Vec::new();
        for (at, field) in frames
            .iter()
            .enumerate()
            .flat_map(|(at, frame)| frame.schema().fields().iter().map(move |field| (at, field)))
        {
            let is_everywhere = || frames.iter().all(|frame| frame.schema().position(field.name()).is_some());
            match columns.iter_mut().find(|(name, _)| **name == *field.name()) {
                Some((name, dtype)) => {
                    *dtype = common(dtype, &field.dtype()).ok_or_else(|| FrameError::TypeMismatch {
                        operation: "concat",
                        left: name.to_string(),
                        left_dtype: dtype.clone(),
                        right: format!("{name} of frame {at}"),
                        right_dtype: field.dtype(),
                    })?;
                }
                None if outer || is_everywhere() => columns.push((field.shared_name(), field.dtype())),
                None => {}
            }
        }
        let agreeing = frames.iter().map(|frame| {
            let columns =
                columns.iter().map(|(name, dtype)| (Arc::clone(name), column(frame.schema(), name, dtype)));
            frame.with(PlanOp::Project(columns.collect()), info.clone())
        });
        let agreeing = agreeing.collect::<Result<Vec<_>, _>>()?;
        Self::put_together(&agreeing.iter().collect::<Vec<_>>(), PlanOp::Concat, info)
    }

    fn put_together(frames: &[&DataFrame], op: PlanOp, info: LayerInfo) -> Result<Self, FrameError> {
        let first = frames.first().ok_or_else(no_frame)?;
        let plans = frames.iter().map(|frame| Arc::clone(&frame.plan)).collect();
        Ok(first.over(PlanNode::new(op, plans, info)?))
    }
}

/// A column of a frame in a type, or missing values if there is none.
fn column(schema: &Schema, name: &Arc<str>, dtype: &DataType) -> Expr {
    match schema.field(name) {
        Ok(field) if field.dtype() == *dtype => col(Arc::clone(name)),
        Ok(_) => col(Arc::clone(name)).cast(dtype.clone()),
        Err(_) => lit(Scalar::Null(dtype.clone())),
    }
}

fn no_frame() -> FrameError {
    FrameError::BadArgument { operation: "concat", problem: "there is no frame to put together".into() }
}
