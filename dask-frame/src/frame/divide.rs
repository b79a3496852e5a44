//! Divisions found by computing: quantiles of a column, or the ends of partitions that are in order.

use std::sync::Arc;

use dask_graph::{
    Arg, Collection, ComputeError, Graph, Key, LayerInfo, Materialized, Name, Op, RunOptions, Scheduler,
    Task, Token,
};

use super::DataFrame;
use crate::column::Column;
use crate::error::{EvalError, FrameError};
use crate::plan::OutlineOp;
use crate::plan::divisions::order;
use crate::plan::layout::Layout;
use crate::table::Table;

impl DataFrame {
    /// [`set_index`](DataFrame::set_index) with divisions that are known, since quantiles of the column are computed
    /// now, with this scheduler.
    ///
    /// There are as many partitions as before, or fewer if few values are different. A frame without rows has no
    /// divisions.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if there is no column of that name, `BadArgument` if it has missing values.
    /// - As [`compute_with`](Collection::compute_with).
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame};
    /// let frame = DataFrame::from_columns([("id", Column::from(vec![7, 1, 5, 3]))], 2)?;
    /// let frame = frame.set_index_with("id", &dask_sched_sync::Sync::new())?;
    /// assert_eq!(frame.divisions().to_string(), "[1, 5, 7]");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn set_index_with(&self, column: &str, scheduler: &dyn Scheduler) -> Result<Self, ComputeError> {
        let info = LayerInfo::here();
        let (frame, column) = self.index_first(column, &info).map_err(ComputeError::finish)?;
        let outlines = frame.outlines(&column, false, scheduler)?;
        match quantiles(&column, &outlines).map_err(ComputeError::finish)? {
            Some(bounds) => Ok(frame.laid_out(Layout::Divide { column, bounds }, info)),
            None => Ok(frame.laid_out(Layout::Mark { name: Some(column) }, info)),
        }
    }

    /// [`set_index_sorted`](DataFrame::set_index_sorted) with divisions that are known, since the ends of the
    /// partitions are computed now, with this scheduler.
    ///
    /// Partitions without rows are left out. If one partition ends with the value with which the next begins, rows
    /// are moved.
    ///
    /// # Errors
    ///
    /// - `UnknownColumn` if there is no column of that name, `BadArgument` if it has missing values.
    /// - `NotSorted` if the column is not in order.
    /// - As [`compute_with`](Collection::compute_with).
    #[track_caller]
    pub fn set_index_sorted_with(
        &self,
        column: &str,
        scheduler: &dyn Scheduler,
    ) -> Result<Self, ComputeError> {
        let info = LayerInfo::here();
        let (frame, column) = self.index_first(column, &info).map_err(ComputeError::finish)?;
        let outlines = frame.outlines(&column, true, scheduler)?;
        let (bounds, is_apart) = ends(&column, &outlines).map_err(ComputeError::finish)?;
        let Some(bounds) = bounds else {
            return Ok(frame.laid_out(Layout::Mark { name: Some(column) }, info));
        };
        if !is_apart {
            return Ok(frame.laid_out(Layout::Divide { column, bounds }, info));
        }
        let partitions = (0..).zip(&outlines).filter(|(_, outline)| outline.n_rows() > 0);
        let partitions = partitions.map(|(at, _)| at).collect::<Vec<u32>>();
        let some = match partitions.len() == outlines.len() {
            true => frame,
            false => frame.laid_out(Layout::Pick(partitions), info.clone()),
        };
        Ok(some.laid_out(Layout::Checked { column, bounds }, info))
    }

    /// Quantiles of a column in each partition.
    fn outlines(
        &self,
        column: &Arc<str>,
        sorted: bool,
        scheduler: &dyn Scheduler,
    ) -> Result<Vec<Table>, ComputeError> {
        let name = Name::from_token("outline", Token::unique());
        let mut layer = Materialized::new(name.clone());
        let op: Arc<dyn Op> = Arc::new(OutlineOp { column: Arc::clone(column), sorted });
        let keys = self.keys().into_iter().zip(0..).map(|(part, at)| {
            let key = Key::new(&name, &[at]);
            layer.insert(key.clone(), Task::new(Arc::clone(&op), [Arg::key(part)]));
            key
        });
        let keys = keys.collect::<Vec<_>>();
        let graph = Graph::with_inputs(layer, [self.graph()]);
        let values = graph.values(&keys, scheduler, &RunOptions::default())?;
        let tables = values.iter().map(|value| value.get::<Table>().cloned()).collect::<Result<Vec<_>, _>>();
        tables.map_err(ComputeError::finish)
    }
}

/// The values of all outlines that have some.
fn values<'a>(column: &str, outlines: &'a [Table]) -> Result<Vec<&'a Column>, EvalError> {
    let some = outlines.iter().filter(|outline| outline.n_rows() > 0);
    let columns = some.map(|outline| outline.column(column)).collect::<Result<Vec<_>, _>>()?;
    if columns.iter().any(|column| column.null_count() > 0) {
        let problem = format!("`{column}` has missing values, which lie in no division; drop them first");
        return Err(FrameError::BadArgument { operation: "set_index", problem }.into());
    }
    Ok(columns)
}

/// Bounds between which lie about equally many rows.
fn quantiles(column: &str, outlines: &[Table]) -> Result<Option<Column>, EvalError> {
    let columns = values(column, outlines)?;
    if columns.is_empty() {
        return Ok(None);
    }
    OutlineOp::bounds(&Column::concat(&columns), outlines).map(Some)
}

/// The first value of each partition, and the last of all; and whether no partition ends with the value with which
/// the next begins.
fn ends(column: &str, outlines: &[Table]) -> Result<(Option<Column>, bool), EvalError> {
    let columns = values(column, outlines)?;
    let Some(last) = columns.last() else { return Ok((None, true)) };
    let mut bounds: Vec<Column> = Vec::new();
    let mut is_apart = true;
    for (at, ends) in columns.iter().enumerate() {
        if let Some(before) = at.checked_sub(1).map(|at| columns[at]) {
            let (end, begin) = (before.len() - 1, 0);
            let order = order(before, end, ends, begin);
            if order.is_gt() {
                let (value, before) = (ends.get(begin).to_string(), before.get(end).to_string());
                return Err(EvalError::NotSorted { column: column.into(), value, before });
            }
            is_apart &= order.is_lt();
        }
        let first = ends.slice(0, 1);
        // Partitions that begin with one value come together.
        if bounds.last().is_none_or(|before| order(before, 0, &first, 0).is_lt()) {
            bounds.push(first);
        }
    }
    bounds.push(last.slice(last.len() - 1, 1));
    Ok((Some(Column::concat(&bounds.iter().collect::<Vec<_>>())), is_apart))
}
