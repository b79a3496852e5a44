//! The index of a frame: a column by whose values its partitions are divided.

use std::sync::Arc;

use dask_graph::LayerInfo;

use super::DataFrame;
use crate::column::{Column, Scalar};
use crate::error::FrameError;
use crate::expr::{col, settle};
use crate::plan::divisions::{Divisions, order};
use crate::plan::layout::Layout;
use crate::plan::{PlanOp, SortSpec};
use crate::schema::DataType;

impl DataFrame {
    /// Returns the name of the column that is the index, if one is.
    #[must_use]
    pub fn index(&self) -> Option<&str> {
        self.plan.index.name.as_deref()
    }

    /// Returns what is known of the index' values in each partition.
    #[must_use]
    pub fn divisions(&self) -> &Divisions {
        &self.plan.index.divisions
    }

    /// Returns whether the divisions are known.
    #[must_use]
    pub fn known_divisions(&self) -> bool {
        self.divisions().is_known()
    }

    /// Returns the same frame of whose divisions nothing is known.
    #[must_use]
    #[track_caller]
    pub fn clear_divisions(&self) -> Self {
        self.laid_out(Layout::Forget, LayerInfo::here())
    }

    /// Makes a column the index: it comes first, and the rows come in its order, exchanged between as many
    /// partitions as there are. The column that was the index before stays as it is.
    ///
    /// The bounds of the partitions are found when the frame is computed, from samples, so the divisions are not
    /// known; see [`set_index_with`](DataFrame::set_index_with) and
    /// [`set_index_divisions`](DataFrame::set_index_divisions).
    ///
    /// Source: [`dask.dataframe.DataFrame.set_index`](https://docs.dask.org/en/stable/generated/dask.dataframe.DataFrame.set_index.html).
    ///
    /// # Errors
    ///
    /// `UnknownColumn` if there is no column of that name.
    #[track_caller]
    pub fn set_index(&self, column: &str) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let (frame, column) = self.index_first(column, &info)?;
        let sorted = frame.with(PlanOp::Sort(Arc::new(SortSpec::by(&column))), info.clone())?;
        Ok(sorted.laid_out(Layout::Mark { name: Some(column) }, info))
    }

    /// Makes a column the index in whose order the rows are already: nothing is moved.
    ///
    /// The order is checked when the frame is computed. Missing values come last.
    ///
    /// # Errors
    ///
    /// `UnknownColumn` if there is no column of that name.
    #[track_caller]
    pub fn set_index_sorted(&self, column: &str) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let (frame, column) = self.index_first(column, &info)?;
        Ok(frame.laid_out(Layout::Sorted { column }, info))
    }

    /// Makes a column the index, with its rows exchanged between partitions of these bounds, one more than there
    /// are partitions, and in order.
    ///
    /// When the frame is computed, a missing value or one outside of the bounds is an error.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if there is no column of that name.
    /// - `BadArgument` if the bounds are fewer than two, not of the column's type, missing, or not in order. Only
    ///   the last two may be equal.
    #[track_caller]
    pub fn set_index_divisions<S: Into<Scalar>>(
        &self,
        column: &str,
        divisions: impl IntoIterator<Item = S>,
    ) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let (frame, column) = self.index_first(column, &info)?;
        let dtype = frame.schema().field(&column)?.dtype();
        let bounds = bounds("set_index", dtype, divisions.into_iter().map(Into::into))?;
        Ok(frame.laid_out(Layout::Divide { column, bounds }, info))
    }

    /// Makes the index a column like the others.
    #[must_use]
    #[track_caller]
    pub fn reset_index(&self) -> Self {
        self.laid_out(Layout::Mark { name: None }, LayerInfo::here())
    }

    pub(super) fn index_first(&self, column: &str, info: &LayerInfo) -> Result<(Self, Arc<str>), FrameError> {
        let field = self.schema().field(column)?;
        field.dtype().expect_key("set_index", column)?;
        let column = field.shared_name();
        let others = self.schema().fields().iter().map(|field| field.shared_name());
        let columns = std::iter::once(Arc::clone(&column)).chain(others.filter(|name| *name != column));
        let columns = columns.map(|name| (Arc::clone(&name), col(name))).collect();
        Ok((self.with(PlanOp::Project(columns), info.clone())?, column))
    }
}

/// Returns divisions as a column, if they can be some of an index of this type.
pub(super) fn bounds(
    operation: &'static str,
    dtype: DataType,
    divisions: impl Iterator<Item = Scalar>,
) -> Result<Column, FrameError> {
    let bad = |problem: String| Err(FrameError::BadArgument { operation, problem });
    let mut columns = Vec::new();
    for value in divisions {
        let value = settle(&value, &dtype);
        if value.dtype() != dtype || value.is_null() {
            return bad(format!("the division {value} is no {dtype}, which the index is"));
        }
        columns.push(Column::repeat(&value, 1));
    }
    if columns.len() < 2 {
        return bad(format!("{} divisions; there is one more than partitions", columns.len()));
    }
    let bounds = Column::concat(&columns.iter().collect::<Vec<_>>());
    let last = bounds.len() - 1;
    let in_order = |at: &usize| {
        let order = order(&bounds, at - 1, &bounds, *at);
        order.is_lt() || (order.is_eq() && *at == last)
    };
    match (1..=last).find(|at| !in_order(at)) {
        Some(at) => bad(format!("the division {} comes after {}", bounds.get(at), bounds.get(at - 1))),
        None => Ok(bounds),
    }
}
