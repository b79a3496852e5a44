//! Rows of several partitions, put in order or cut off.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

use super::gathered;
use crate::column::{Column, View};
use crate::error::{EvalError, FrameError};
use crate::hash;
use crate::kernel::sort::{first_rows, sorted_rows};
use crate::pack::pack;
use crate::plan::node::SortSpec;
use crate::schema::{DataType, Field, Schema};
use crate::table::Table;

/// How many rows of a partition are looked at to find where to cut an order.
const SAMPLE_ROWS: usize = 128;

fn by(spec: &SortSpec, table: &Table) -> Result<Vec<Column>, FrameError> {
    spec.by.iter().map(|name| table.column(name).cloned()).collect()
}

/// The rows in order.
pub(super) fn sorted(spec: &SortSpec, table: &Table) -> Result<Table, EvalError> {
    let rows = sorted_rows(&by(spec, table)?, table.n_rows(), &spec.descending, spec.nulls_first);
    Ok(if rows.is_sorted() { table.clone() } else { table.take(&rows) })
}

/// The first rows in order.
pub(super) fn top(spec: &SortSpec, table: &Table, n: usize) -> Result<Table, EvalError> {
    Ok(table.take(&first_rows(&by(spec, table)?, table.n_rows(), &spec.descending, spec.nulls_first, n)))
}

pub(super) fn tail(table: &Table, n: usize) -> Table {
    table.slice(table.n_rows().saturating_sub(n), n)
}

/// The columns of a sample: keys, and how many rows each row stands for.
pub(in crate::plan) fn sample_schema(spec: &SortSpec, schema: &Schema) -> Schema {
    let keys = spec.by.iter().filter_map(|name| schema.field(name).ok());
    let keys = keys.enumerate().map(|(at, field)| Field::new(format!("key {at}"), field.dtype()));
    Schema::new(keys.chain([Field::new("rows", DataType::Float64)])).expect("numbered names differ")
}

/// One row of each of as many equal stretches of the partition, at a place that looks random and is the same in
/// every run.
pub(super) fn sample(spec: &SortSpec, schema: &Schema, table: &Table) -> Result<Table, EvalError> {
    let n_rows = table.n_rows() as u64;
    let n = n_rows.min(SAMPLE_ROWS as u64);
    let row = |at: u64| {
        let (begin, end) = (at * n_rows / n, (at + 1) * n_rows / n);
        (begin + hash::word(at) % (end - begin)) as u32
    };
    let rows = (0..n).map(row).collect::<Vec<_>>();
    let keys = by(spec, table)?.into_iter().map(|key| key.take(&rows));
    let weight = Column::from(vec![n_rows as f64 / n.max(1) as f64; rows.len()]);
    Ok(Table::with_rows(schema.clone(), keys.chain([weight]).collect(), rows.len())?)
}

/// Puts samples together and cuts them into parts of about equally many rows.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct BoundariesOp {
    pub(in crate::plan) spec: Arc<SortSpec>,
    /// The columns of the samples.
    pub(in crate::plan) samples: Schema,
    pub(in crate::plan) n: u32,
}

impl Op for BoundariesOp {
    fn name(&self) -> Cow<'_, str> {
        "boundaries".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let samples = gathered(&args, &self.samples)?;
        self.boundaries(&samples).map(Value::sized).map_err(OpError::failed)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

impl BoundariesOp {
    fn boundaries(&self, samples: &Table) -> Result<Table, EvalError> {
        let Some((weights, keys)) = samples.columns().split_last() else { unreachable!("there are weights") };
        let View::Float64(weights) = weights.view() else { unreachable!("weights are floats") };
        let rows = sorted_rows(keys, samples.n_rows(), &self.spec.descending, self.spec.nulls_first);
        let total = weights.iter().sum::<f64>();
        let (mut before, mut boundaries) = (0.0, Vec::new());
        for &row in &rows {
            before += weights[row as usize];
            let wanted = |boundaries: &Vec<u32>| total * (boundaries.len() + 1) as f64 / f64::from(self.n);
            while boundaries.len() + 1 < self.n as usize && before > wanted(&boundaries) {
                boundaries.push(row);
            }
        }
        let keys = keys.iter().map(|key| key.take(&boundaries));
        Ok(Table::new(self.spec.by.iter().cloned().zip(keys))?)
    }
}

/// The first rows of partitions put together, all of which are in this order if one is given.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct LimitOp {
    pub(in crate::plan) n: usize,
    pub(in crate::plan) sort: Option<Arc<SortSpec>>,
    pub(in crate::plan) schema: Schema,
}

impl Op for LimitOp {
    fn name(&self) -> Cow<'_, str> {
        "limit".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = gathered(&args, &self.schema)?;
        match &self.sort {
            Some(sort) => top(sort, &table, self.n).map(Value::sized).map_err(OpError::failed),
            None => Ok(Value::sized(table.slice(0, self.n))),
        }
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// The last rows of partitions put together.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct TailOp {
    pub(in crate::plan) n: usize,
    pub(in crate::plan) schema: Schema,
}

impl Op for TailOp {
    fn name(&self) -> Cow<'_, str> {
        "tail".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        Ok(Value::sized(tail(&gathered(&args, &self.schema)?, self.n)))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}
