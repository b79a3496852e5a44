//! Frames given to and taken from other collections, by way of the graph specification's columns.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{
    Args, Collection, ColumnField, ColumnKind, ColumnPartitions, Columns, Graph, Key, LayerInfo,
    Materialized, Name, Op, OpError, Packer, Refused, Task, Tokenizer, Unpack, Value,
};
use serde::{Deserialize, Serialize};

use super::DataFrame;
use crate::column::Column;
use crate::error::FrameError;
use crate::pack::pack;
use crate::plan::{PlanNode, PlanOp};
use crate::schema::{DataType, Field, Schema};
use crate::table::Table;

impl DataFrame {
    /// Makes a frame of partitions that another collection makes, such as a bag of records
    /// (`Bag::to_columns` of `dask-bag`).
    ///
    /// # Errors
    ///
    /// `DuplicateColumn` if two columns have one name.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_frame::{DataFrame, col};
    /// use dask_graph::{ColumnField, ColumnKind, ColumnPartitions, ColumnValues, Columns, Collection, Key, graph};
    ///
    /// let delays = Columns::new([("delay", ColumnValues::Int64(vec![7, -2]).into())])?;
    /// let dsk = graph! { ("delays", 0) => delays };
    /// let fields = vec![ColumnField::new("delay", ColumnKind::Int64)];
    /// let partitions = ColumnPartitions::from_graph(dsk, [Key::new("delays", &[0])], fields);
    /// let frame = DataFrame::from_partitions(&partitions)?.agg([col("delay").sum()])?;
    /// assert_eq!(frame.compute_with(&dask_sched_sync::Sync::new())?.column("delay_sum")?.get(0).to_string(), "5");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn from_partitions(partitions: &ColumnPartitions) -> Result<Self, FrameError> {
        let info = LayerInfo::here();
        let field = |field: &ColumnField| {
            let dtype = dtype_of(field.kind).ok_or_else(|| FrameError::BadArgument {
                operation: "from_partitions",
                problem: format!("column `{}` is {}, which frames do not have", field.name, field.kind),
            })?;
            Ok(Field::new(field.name.as_str(), dtype))
        };
        let fields = partitions.fields().iter().map(field).collect::<Result<Vec<_>, FrameError>>()?;
        let schema = Schema::new(fields)?;
        let op = Arc::new(FromColumnsOp { schema: schema.clone() });
        let (graph, keys) = exchanged("from_partitions", op, partitions, &info);
        Ok(Self::new(PlanNode::source(PlanOp::Graph { graph, keys }, schema, info)))
    }

    /// Returns the partitions for another collection to take, such as a bag of records (`Bag::from_columns` of
    /// `dask-bag`). Narrower numbers are handed over in 64 bits, integers with a sign.
    ///
    /// # Errors
    ///
    /// `BadArgument` if a column has a type that the exchange does not know; `cast` it to one of integers,
    /// floats, truth values, texts or timestamps.
    #[track_caller]
    pub fn to_partitions(&self) -> Result<ColumnPartitions, FrameError> {
        let field = |field: &Field| {
            let kind = kind_of(&field.dtype()).ok_or_else(|| FrameError::BadArgument {
                operation: "to_partitions",
                problem: format!(
                    "column `{}` is {}, which is not exchanged; convert it with `cast`",
                    field.name(),
                    field.dtype()
                ),
            })?;
            Ok(ColumnField::new(field.name(), kind))
        };
        let fields = self.schema().fields().iter().map(field).collect::<Result<Vec<_>, FrameError>>()?;
        let (graph, keys) = exchanged("to_partitions", Arc::new(ToColumnsOp), self, &LayerInfo::here());
        Ok(ColumnPartitions::from_graph(graph, keys, fields))
    }
}

/// Puts an op on every partition of a collection.
fn exchanged(label: &str, op: Arc<dyn Op>, of: &impl Collection, info: &LayerInfo) -> (Graph, Vec<Key>) {
    let partitions = of.keys();
    let name = Name::from_token(label, Tokenizer::new(label).feed(&partitions).finish());
    let mut layer = Materialized::with_info(name.clone(), info.clone());
    let keys = (0..).zip(partitions).map(|(at, partition)| {
        let key = Key::new(&name, &[at]);
        layer.insert(key.clone(), Task::new(Arc::clone(&op), [partition.into()]));
        key
    });
    let keys = keys.collect();
    (Graph::with_inputs(layer, [of.graph()]), keys)
}

fn dtype_of(kind: ColumnKind) -> Option<DataType> {
    Some(match kind {
        ColumnKind::Int64 => DataType::Int64,
        ColumnKind::UInt64 => DataType::UInt64,
        ColumnKind::Float64 => DataType::Float64,
        ColumnKind::Bool => DataType::Bool,
        ColumnKind::Text => DataType::Utf8,
        ColumnKind::Timestamp => DataType::Timestamp,
        _ => return None,
    })
}

fn kind_of(dtype: &DataType) -> Option<ColumnKind> {
    Some(match dtype {
        DataType::Int64 => ColumnKind::Int64,
        DataType::UInt64 => ColumnKind::UInt64,
        DataType::Float64 => ColumnKind::Float64,
        // The narrower numbers are handed over in the width that all collections know.
        dtype if dtype.wide() == DataType::Int64 => ColumnKind::Int64,
        dtype if dtype.wide() == DataType::Float64 => ColumnKind::Float64,
        DataType::Bool => ColumnKind::Bool,
        DataType::Utf8 => ColumnKind::Text,
        DataType::Timestamp => ColumnKind::Timestamp,
        // They would come back as another type.
        _ => return None,
    })
}

/// Makes a table of columns.
#[derive(Debug, Serialize, Deserialize)]
struct FromColumnsOp {
    schema: Schema,
}

impl Op for FromColumnsOp {
    fn name(&self) -> Cow<'_, str> {
        "from_partitions".into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let columns = args.take::<Columns>(0)?;
        let n_rows = columns.n_rows();
        let (names, columns): (Vec<_>, Vec<_>) = columns
            .into_columns()
            .into_iter()
            .map(|(name, data)| (name, Column::from_exchange(data)))
            .unzip();
        let fields = names.into_iter().zip(&columns).map(|(name, column)| Field::new(name, column.dtype()));
        let schema = Schema::new(fields).map_err(OpError::failed)?;
        if schema != self.schema {
            let (got, expected) = (schema.to_string(), self.schema.to_string());
            return Err(OpError::failed(FrameError::SchemaMismatch { index: 0, got, expected }));
        }
        Table::with_rows(schema, columns, n_rows).map(Value::sized).map_err(OpError::failed)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Makes columns of a table.
#[derive(Debug, Serialize, Deserialize)]
struct ToColumnsOp;

impl Op for ToColumnsOp {
    fn name(&self) -> Cow<'_, str> {
        "to_partitions".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = args.get::<Table>(0)?;
        if table.columns().is_empty() {
            return Ok(Value::sized(Columns::without_columns(table.n_rows())));
        }
        let columns = table.columns().iter().map(Column::to_exchange);
        Columns::new(table.schema().names().zip(columns)).map(Value::sized).map_err(OpError::failed)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}
