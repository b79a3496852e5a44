//! The rows of each group with the smallest or largest values.

use std::sync::Arc;

use dask_graph::LayerInfo;

use super::{DataFrame, GroupBy, Sort};
use crate::error::FrameError;
use crate::plan::layout::Layout;
use crate::plan::{BestSpec, PlanOp};

impl GroupBy {
    /// Returns the `n` rows of each group with the largest values of a column, largest first; of equal ones the first.
    /// Rows without a value are left out, and so are rows with a missing key unless
    /// [`keep_nulls`](GroupBy::keep_nulls) is set. Groups come in the order of their keys unless
    /// [`unsorted`](GroupBy::unsorted) is set.
    ///
    /// Each partition keeps its own first; these are exchanged by the hash of the keys.
    ///
    /// The values are those of pandas' `SeriesGroupBy.nlargest`, here with the whole rows.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if there is no column of that name.
    /// - `UnknownColumn`, `WrongType`, `TypeMismatch` or `TooDeep` for what is wrong in a key.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame};
    /// # use dask_graph::Collection;
    /// let columns = [("who", Column::from(vec!["b", "a", "b", "b"])), ("n", Column::from(vec![1, 2, 3, 4]))];
    /// let frame = DataFrame::from_columns(columns, 2)?;
    /// let table = frame.group_by(["who"]).nlargest(2, "n")?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("who")?, &Column::from(vec!["a", "b", "b"]));
    /// assert_eq!(table.column("n")?, &Column::from(vec![2, 4, 3]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn nlargest(&self, n: usize, column: impl Into<Arc<str>>) -> Result<DataFrame, FrameError> {
        self.best(n, column.into(), true, LayerInfo::here())
    }

    /// Returns the `n` rows of each group with the smallest values of a column, smallest first; otherwise as
    /// [`nlargest`](GroupBy::nlargest).
    ///
    /// # Errors
    ///
    /// As [`nlargest`](GroupBy::nlargest).
    #[track_caller]
    pub fn nsmallest(&self, n: usize, column: impl Into<Arc<str>>) -> Result<DataFrame, FrameError> {
        self.best(n, column.into(), false, LayerInfo::here())
    }

    fn best(
        &self,
        n: usize,
        column: Arc<str>,
        largest: bool,
        info: LayerInfo,
    ) -> Result<DataFrame, FrameError> {
        self.frame.schema().field(&column)?;
        let (frame, keys) = self.with_key_columns()?;
        let n_partitions = frame.n_partitions() as u32;
        let hidden = keys.iter().filter(|key| self.frame.schema().position(key).is_none()).cloned();
        let hidden = hidden.collect::<Vec<_>>();
        let spec = Arc::new(BestSpec { keys: keys.clone(), column: Arc::clone(&column), largest, n });
        let best = |frame: &DataFrame| frame.with(PlanOp::Best(Arc::clone(&spec)), info.clone());
        let mut all = best(&frame)?;
        if n_partitions > 1 {
            let together = Layout::Shuffle { on: keys.clone(), n: n_partitions };
            all = best(&all.laid_out(together, info.clone()))?;
        }
        let mut keys = keys.into_iter();
        if self.sort
            && let Some(first) = keys.next()
        {
            let by = keys.fold(Sort::by(first), Sort::then_by).then_by(column);
            all = all.sort_values(if largest { by.descending() } else { by })?;
        }
        all.drop(hidden)
    }
}
