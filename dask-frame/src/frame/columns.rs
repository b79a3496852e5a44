//! Operations on columns: which there are, and what they are called and hold.

use std::sync::Arc;

use dask_graph::LayerInfo;

use super::DataFrame;
use crate::error::FrameError;
use crate::expr::{Expr, col};
use crate::plan::PlanOp;

impl DataFrame {
    /// Returns the given columns, in the given order: names, or expressions with an alias.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn`, `WrongType`, `TypeMismatch` or `TooDeep` for what is wrong in an expression.
    /// - `DuplicateColumn` if two results have one name, `BadArgument` if one has none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame, Expr, col};
    /// # let frame = DataFrame::from_columns([("x", Column::from(vec![1, 2])), ("y", Column::from(vec![3, 4]))], 1)?;
    /// let frame = frame.select(["y".into(), (col("x") * 2).alias("double")])?;
    /// assert_eq!(frame.schema().to_string(), "y: Int64, double: Int64");
    /// assert_eq!(frame.select(["double"])?.schema().len(), 1);
    /// # Ok::<(), dask_frame::FrameError>(())
    /// ```
    #[track_caller]
    pub fn select<E: Into<Expr>>(&self, columns: impl IntoIterator<Item = E>) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let named = |expr: E| {
            let expr = expr.into();
            Ok((expr.output_name()?, expr.unaliased()))
        };
        let columns = columns.into_iter().map(named).collect::<Result<_, FrameError>>()?;
        self.with(PlanOp::Project(columns), info)
    }

    /// Returns all columns but the given ones.
    ///
    /// # Errors
    ///
    /// `UnknownColumn` if there is no column of that name.
    #[track_caller]
    pub fn drop<N: AsRef<str>>(&self, columns: impl IntoIterator<Item = N>) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let dropped =
            columns.into_iter().map(|name| self.schema().field(name.as_ref()).map(|field| field.name()));
        let dropped = dropped.collect::<Result<Vec<_>, _>>()?;
        let kept = self.kept().filter(|(name, _)| !dropped.contains(&&**name)).collect();
        self.with(PlanOp::Project(kept), info)
    }

    /// Gives columns new names: pairs of old and new. All are renamed at once, so names can be exchanged.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if there is no column of an old name.
    /// - `DuplicateColumn` if a new name is taken.
    #[track_caller]
    pub fn rename<A: AsRef<str>, B: Into<Arc<str>>>(
        &self,
        names: impl IntoIterator<Item = (A, B)>,
    ) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let mut columns = self.kept().collect::<Vec<_>>();
        for (old, new) in names {
            self.schema().field(old.as_ref())?;
            let at = self.schema().position(old.as_ref()).unwrap_or_default();
            columns[at].0 = new.into();
        }
        self.with(PlanOp::Project(columns), info)
    }

    /// Adds a column, or replaces the one of that name in its place.
    ///
    /// # Errors
    ///
    /// As [`with_columns`](DataFrame::with_columns).
    #[track_caller]
    pub fn with_column(&self, name: impl Into<Arc<str>>, expr: impl Into<Expr>) -> Result<Self, FrameError> {
        self.with_columns([(name, expr)])
    }

    /// Adds or replaces columns; all expressions see the columns as they were before.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn`, `WrongType`, `TypeMismatch` or `TooDeep` for what is wrong in an expression.
    #[track_caller]
    pub fn with_columns<N: Into<Arc<str>>, E: Into<Expr>>(
        &self,
        new: impl IntoIterator<Item = (N, E)>,
    ) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let mut columns = self.kept().collect::<Vec<_>>();
        for (name, expr) in new {
            let (name, expr) = (name.into(), expr.into().unaliased());
            match columns.iter_mut().find(|(column, _)| *column == name) {
                Some(column) => column.1 = expr,
                None => columns.push((name, expr)),
            }
        }
        self.with(PlanOp::Project(columns), info)
    }

    /// All columns as they are.
    pub(super) fn kept(&self) -> impl Iterator<Item = (Arc<str>, Expr)> {
        self.schema().fields().iter().map(|field| (field.shared_name(), col(field.shared_name())))
    }
}
