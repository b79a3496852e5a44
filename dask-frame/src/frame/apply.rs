//! Functions of the user for groups, each of which is whole in one call.

use std::error::Error;
use std::sync::Arc;

use dask_graph::{LayerInfo, try_named_op};

use super::scan::fresh_besides;
use super::{DataFrame, GroupBy};
use crate::error::FrameError;
use crate::expr::col;
use crate::plan::{EachGroupOp, MapSpec, PlanOp, Results, SortSpec};
use crate::schema::Schema;
use crate::table::Table;

impl GroupBy {
    /// Calls a function with the rows of each group, in the order of the table, and puts what it returns one after
    /// another: in the order of the keys, or in no order to speak of if the groups are
    /// [`unsorted`](GroupBy::unsorted).
    ///
    /// The function sees all columns, keys among them; `select` those that it needs first, since all are carried
    /// along. It may return any number of rows, of the columns that it says; a table with others is an error of the
    /// run, as is what it fails with itself, both with the keys of the group. Without keys, the frame is one group.
    /// The function is not called for no rows. A closure that captures nothing runs in other processes, too.
    ///
    /// Rows are exchanged as for [`sort_values`](DataFrame::sort_values), or [`shuffle`](DataFrame::shuffle) if the groups
    /// are unsorted: a group has to fit in memory.
    ///
    /// Source: [`dask.dataframe.groupby.DataFrameGroupBy.apply`](https://docs.dask.org/en/stable/generated/dask.dataframe.api.GroupBy.apply.html).
    ///
    /// # Errors
    ///
    /// - `UnknownColumn`, `WrongType`, `TypeMismatch` or `TooDeep` for what is wrong in a key.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::{Column, DataFrame, DataType, Field, FrameError, Schema, Table};
    /// use dask_graph::Collection;
    ///
    /// let columns = [("who", Column::from(vec!["b", "a", "b"])), ("n", Column::from(vec![1, 2, 5]))];
    /// let frame = DataFrame::from_columns(columns, 2)?;
    /// let schema = Schema::new([Field::new("who", DataType::Utf8), Field::new("range", DataType::Int64)])?;
    /// let range = |group: &Table| {
    ///     let n = group.column("n")?.i64s().unwrap().flatten().collect::<Vec<_>>();
    ///     let range = n.iter().max().unwrap() - n.iter().min().unwrap();
    ///     Table::new([("who", group.column("who")?.slice(0, 1)), ("range", Column::from(vec![range]))])
    /// };
    /// let frame = frame.group_by(["who"]).apply(range, schema)?;
    /// let table = frame.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("who")?, &Column::from(vec!["a", "b"]));
    /// assert_eq!(table.column("range")?, &Column::from(vec![0, 4]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn apply<E, F>(&self, function: F, schema: Schema) -> Result<DataFrame, FrameError>
    where
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
        F: Fn(&Table) -> Result<Table, E> + Send + Sync + 'static,
    {
        let (rows, keys) = self.together()?;
        let op = EachGroupOp {
            functions: vec![try_named_op("apply", move |table: &Table| function(table))],
            given: vec![schema.clone()],
            keys,
            seen: self.frame.schema().clone(),
            results: Results::Alone,
            output: schema,
        };
        rows.each_group(op, LayerInfo::here())
    }

    /// Brings the rows of each group into one partition, in their order. Returns the columns of the keys, too.
    #[track_caller]
    pub(super) fn together(&self) -> Result<(DataFrame, Vec<Arc<str>>), FrameError> {
        let info = LayerInfo::here();
        let (frame, keys) = self.with_key_columns()?;
        if keys.is_empty() {
            return Ok((frame.repartition(1)?, keys));
        }
        if self.sort {
            let sort = SortSpec { by: keys.clone(), descending: vec![false; keys.len()], nulls_first: false };
            return Ok((frame.with(PlanOp::Sort(Arc::new(sort)), info)?, keys));
        }
        let n_partitions = frame.n_partitions() as u32;
        Ok((frame.shuffle(&keys, n_partitions)?, keys))
    }

    /// Returns the frame with a column for each key, without the rows that are left out, and the names of these columns.
    #[track_caller]
    pub(super) fn with_key_columns(&self) -> Result<(DataFrame, Vec<Arc<str>>), FrameError> {
        let mut free = fresh_besides(self.frame.schema(), &[]);
        let (mut keys, mut added) = (Vec::new(), Vec::new());
        for (_, key) in self.named_keys()? {
            keys.push(match key.as_column() {
                Some(name) => Arc::clone(name),
                None => {
                    let name = free.next().expect("there is no end of names");
                    added.push((Arc::clone(&name), key));
                    name
                }
            });
        }
        let frame = if added.is_empty() { self.frame.clone() } else { self.frame.with_columns(added)? };
        let keep = keys.iter().filter(|_| self.drop_nulls).map(|name| col(Arc::clone(name)).is_not_null());
        let frame =
            keep.reduce(|all, next| all.and(next)).map_or(Ok(frame.clone()), |keep| frame.filter(keep))?;
        Ok((frame, keys))
    }
}

impl DataFrame {
    /// Has functions called for each group of each partition.
    pub(super) fn each_group(&self, op: EachGroupOp, info: LayerInfo) -> Result<Self, FrameError> {
        let schema = op.output.clone();
        self.with(PlanOp::Map(Arc::new(MapSpec::of_partitions(Arc::new(op), schema))), info)
    }
}
