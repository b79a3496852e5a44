//! Functions of the user for whole partitions.

use std::error::Error;
use std::sync::Arc;

use dask_graph::{LayerInfo, try_named_op};

use super::DataFrame;
use crate::error::FrameError;
use crate::plan::{MapSpec, PlanOp};
use crate::schema::Schema;
use crate::table::Table;

impl DataFrame {
    /// Calls a function with every partition, and takes what it returns for the partition.
    ///
    /// The function says which columns it will return; a table with others is an error of the run
    /// (`EvalError::OtherSchema`), as is what it fails with itself. It is called for empty partitions, too. Two
    /// calls of this method count as different work, whatever the functions do. A closure that captures nothing
    /// runs in other processes, too.
    ///
    /// # Errors
    ///
    /// None for now; as the other operations of a frame it returns a `Result`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::{Column, DataFrame, DataType, Field, FrameError, Schema, Table};
    /// use dask_graph::Collection;
    ///
    /// let frame = DataFrame::from_columns([("x", Column::from(vec![3, 5, 4, 8]))], 2)?;
    /// let schema = Schema::new([Field::new("largest", DataType::Int64)])?;
    /// let largest = |part: &Table| {
    ///     let largest = part.column("x")?.i64s().unwrap().max().flatten();
    ///     Table::new([("largest", Column::from(vec![largest]))])
    /// };
    /// let table = frame.map_partitions(largest, schema)?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(table.column("largest")?, &Column::from(vec![5, 8]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn map_partitions<E, F>(&self, function: F, schema: Schema) -> Result<Self, FrameError>
    where
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
        F: Fn(&Table) -> Result<Table, E> + Send + Sync + 'static,
    {
        self.map_with(0, 0, function, schema, LayerInfo::here())
    }

    /// Calls a function with every partition and as many rows before and behind it, from as many partitions as that
    /// takes, and fewer at the ends of the frame. The function returns a row for each that it was given; those of
    /// the rows around are cut off.
    ///
    /// # Errors
    ///
    /// As [`map_partitions`](DataFrame::map_partitions).
    #[track_caller]
    pub fn map_overlap<E, F>(
        &self,
        before: usize,
        after: usize,
        function: F,
        schema: Schema,
    ) -> Result<Self, FrameError>
    where
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
        F: Fn(&Table) -> Result<Table, E> + Send + Sync + 'static,
    {
        self.map_with(before, after, function, schema, LayerInfo::here())
    }

    fn map_with<E, F>(
        &self,
        before: usize,
        after: usize,
        function: F,
        schema: Schema,
        info: LayerInfo,
    ) -> Result<Self, FrameError>
    where
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
        F: Fn(&Table) -> Result<Table, E> + Send + Sync + 'static,
    {
        let function = try_named_op("map_partitions", move |table: &Table| function(table));
        let spec = MapSpec { before, after, ..MapSpec::of_partitions(function, schema) };
        self.with(PlanOp::Map(Arc::new(spec)), info)
    }
}
