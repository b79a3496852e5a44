//! Frames made of delayed tables and functions, and delayed tables made of frames.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, BlobReader, Codec, Collection, Delayed, Encoding, Graph, Key, LayerInfo, Materialized, Name,
    Op, OpError, Own, Packer, Payload, Refused, Task, Tokenizer, Unpack, Value, make_portable_by,
    try_delayed,
};
use serde::{Deserialize, Serialize};

use super::DataFrame;
use crate::error::EvalError;
use crate::pack::pack;
use crate::plan::{PlanNode, PlanOp};
use crate::schema::Schema;
use crate::table::Table;

impl DataFrame {
    /// Makes a frame of delayed tables, a partition each. A table of another schema is an error of the run.
    ///
    /// As `dask.dataframe.from_delayed`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::{Column, DataFrame, DataType, Field, FrameError, Schema, Table, col};
    /// use dask_graph::{Collection, try_delayed};
    ///
    /// let load = try_delayed(|n: i64| Table::new([("n", Column::from(vec![n, n + 1]))]));
    /// let schema = Schema::new([Field::new("n", DataType::Int64)])?;
    /// let frame = DataFrame::from_delayed([load.call((1_i64,)), load.call((5_i64,))], schema);
    /// let total = frame.agg([col("n").sum()])?.compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(total.column("n_sum")?.get(0).to_string(), "14");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn from_delayed(tables: impl IntoIterator<Item = Delayed<Table>>, schema: Schema) -> Self {
        let info = LayerInfo::here();
        make_portable_by::<Table, AsBlob>();
        let tables = tables.into_iter().collect::<Vec<_>>();
        let mut token = Tokenizer::new("from_delayed").feed(&schema);
        tables.iter().for_each(|table| token.add(table.key()));
        let name = Name::from_token("from_delayed", token.finish());
        let op: Arc<dyn Op> = Arc::new(TakeOp { schema: schema.clone() });
        let mut layer = Materialized::with_info(name.clone(), info.clone());
        let keys = (0..).zip(&tables).map(|(at, table)| {
            let key = Key::new(&name, &[at]);
            layer.insert(key.clone(), Task::new(Arc::clone(&op), [Arg::key(table.key().clone())]));
            key
        });
        let keys = keys.collect();
        let graph = Graph::with_inputs(layer, tables.iter().map(Collection::graph));
        Self::new(PlanNode::source(PlanOp::Graph { graph, keys }, schema, info))
    }

    /// Makes a frame of the tables that a function makes of each of some inputs, a partition each. A table of another
    /// schema is an error of the run.
    ///
    /// As `dask.dataframe.from_map`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::{Column, DataFrame, DataType, Field, Schema, Table};
    /// use dask_graph::Collection;
    ///
    /// let schema = Schema::new([Field::new("n", DataType::Int64)])?;
    /// let frame = DataFrame::from_map([1_i64, 5], schema, |n| Table::new([("n", Column::from(vec![n; 2]))]));
    /// assert_eq!(frame.compute_with(&dask_sched_sync::Sync::new())?.column("n")?, &Column::from(vec![1, 1, 5, 5]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn from_map<T, E>(
        inputs: impl IntoIterator<Item = T>,
        schema: Schema,
        function: impl Fn(T) -> Result<Table, E> + Send + Sync + 'static,
    ) -> Self
    where
        T: Clone + Send + Sync + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        let function = try_delayed(move |input: Own<T>| function(input.0));
        Self::from_delayed(inputs.into_iter().map(|input| function.call((input,))), schema)
    }

    /// Returns each partition as a delayed table.
    ///
    /// As dask's `DataFrame.to_delayed`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame};
    /// # use dask_graph::Collection;
    /// let frame = DataFrame::from_columns([("n", Column::from(vec![1, 2, 3]))], 3)?;
    /// let last = &frame.to_delayed()[2];
    /// assert_eq!(last.compute_with(&dask_sched_sync::Sync::new())?.column("n")?, &Column::from(vec![3]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn to_delayed(&self) -> Vec<Delayed<Table>> {
        make_portable_by::<Table, AsBlob>();
        self.keys().into_iter().map(|key| Delayed::from_key(self.graph().clone(), key)).collect()
    }
}

/// How tables leave the process where nobody says that they are more than data: as they always do.
struct AsBlob;

impl Encoding<Table> for AsBlob {
    fn codec() -> Codec<Table> {
        Codec::new(
            |table: &Table, bytes| match table.to_blob() {
                Some(blob) => Ok(blob?.write_to(bytes)?),
                None => unreachable!("tables have a way to leave the process"),
            },
            |bytes| Ok(Table::from_blob(&mut BlobReader::new(bytes)?)?),
        )
    }
}

/// Takes a table as a partition, if it has the columns it should have.
#[derive(Debug, Serialize, Deserialize)]
struct TakeOp {
    schema: Schema,
}

impl Op for TakeOp {
    fn name(&self) -> Cow<'_, str> {
        "from_delayed".into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let table = args.take::<Table>(0)?;
        if *table.schema() != self.schema {
            let (got, expected) = (table.schema().to_string(), self.schema.to_string());
            return Err(OpError::failed(EvalError::OtherSchema { got, expected }));
        }
        Ok(Value::sized(table))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}
