//! Rows exchanged between partitions: each partition is split by where its rows belong; each new partition is gathered
//! from what all have given.

mod exchanged;

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Value};
use dask_graph_shuffle::Directory;
use serde::{Deserialize, Serialize};

use super::quantile::{Bounds, floats};
use crate::error::EvalError;
use crate::hash;
use crate::kernel::asof;
use crate::kernel::join::key_columns;
use crate::kernel::keys::Keys;
use crate::kernel::sort::{cuts, sorted_rows};
use crate::pack::pack;
use crate::plan::asof::AsOfSpec;
use crate::plan::node::SortSpec;
use crate::schema::{DataType, Schema};
use crate::table::Table;

pub(in crate::plan) use exchanged::Exchanged;

/// Where rows belong.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) enum SplitBy {
    /// By hash of these columns, brought to these types.
    Hash(Vec<(Arc<str>, DataType)>),
    /// By their place in this order among the boundaries, a table that is the task's third argument.
    Range(Arc<SortSpec>),
    /// By the place of their value, of floats of which none is missing, between [`Bounds`] made of the boundaries.
    Value(Arc<str>),
    /// By their place among the boundaries, as above, of the key to which rows are near; a row without key belongs
    /// nowhere.
    AsOf(Arc<AsOfSpec>),
}

/// Splits the rows of a partition, the first argument, by where they belong; the directory for those that leave memory
/// is the second.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct SplitOp {
    pub(in crate::plan) by: SplitBy,
    /// How many partitions there will be.
    pub(in crate::plan) n: u32,
}

impl Op for SplitOp {
    fn name(&self) -> Cow<'_, str> {
        "split".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = args.get::<Table>(0)?;
        let directory = args.get::<Directory>(1)?;
        let split = match &self.by {
            SplitBy::Hash(on) => split_by_hash(table, on, self.n),
            SplitBy::Range(sort) => split_by_range(table, sort, args.get::<Table>(2)?),
            SplitBy::Value(name) => split_by_value(table, name, args.get::<Table>(2)?, self.n),
            SplitBy::AsOf(spec) => asof::split_by_range(spec, table, args.get::<Table>(2)?),
        };
        let (rows, ends) = split.map_err(OpError::failed)?;
        Exchanged::split(table, &rows, ends, directory).map(Value::sized).map_err(OpError::failed)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Splits the rows of a table by the hash of some columns, brought to these types.
pub(super) fn split_rows(
    table: &Table,
    on: &[(Arc<str>, DataType)],
    n: u32,
    directory: &Directory,
) -> Result<Exchanged, EvalError> {
    let (rows, ends) = split_by_hash(table, on, n)?;
    Exchanged::split(table, &rows, ends, directory)
}

/// Returns the rows in the order of where they belong, and for each place where its rows end in that order. Rows that
/// belong to one place stay in their order.
fn split_by_hash(
    table: &Table,
    on: &[(Arc<str>, DataType)],
    n: u32,
) -> Result<(Vec<u32>, Vec<usize>), EvalError> {
    let keys = key_columns(table, on)?;
    let hashes = Keys::new(&keys, table.n_rows()).hashes();
    Ok(by_target(&hashes.into_iter().map(|hash| target(hash, n)).collect::<Vec<_>>(), n))
}

/// Splits the rows of a table by the place of a value between boundaries, without an order within a place.
fn split_by_value(
    table: &Table,
    name: &str,
    boundaries: &Table,
    n: u32,
) -> Result<(Vec<u32>, Vec<usize>), EvalError> {
    let bounds = Bounds::new(floats(boundaries, name)?);
    Ok(by_target(&floats(table, name)?.iter().map(|&value| bounds.place(value)).collect::<Vec<_>>(), n))
}

fn by_target(targets: &[u32], n: u32) -> (Vec<u32>, Vec<usize>) {
    let mut ends = vec![0; n as usize];
    targets.iter().for_each(|&target| ends[target as usize] += 1);
    let mut total = 0;
    for end in &mut ends {
        // For now, where its rows begin; every row that is put there moves it on.
        (*end, total) = (total, total + *end);
    }
    let mut rows = vec![0; targets.len()];
    for (row, &target) in (0..).zip(targets) {
        let end = &mut ends[target as usize];
        rows[*end] = row;
        *end += 1;
    }
    (rows, ends)
}

/// Where a hash belongs. It is hashed once more, so that the keys that come together are not alike in the hashes by
/// which they will be told apart.
fn target(hash: u64, n: u32) -> u32 {
    (((hash::word(!hash) >> 32) * u64::from(n)) >> 32) as u32
}

fn split_by_range(
    table: &Table,
    sort: &SortSpec,
    boundaries: &Table,
) -> Result<(Vec<u32>, Vec<usize>), EvalError> {
    let columns =
        |table: &Table| sort.by.iter().map(|name| table.column(name).cloned()).collect::<Result<Vec<_>, _>>();
    let by = columns(table)?;
    let rows = sorted_rows(&by, table.n_rows(), &sort.descending, sort.nulls_first);
    let ends = cuts(&by, &rows, &columns(boundaries)?, &sort.descending, sort.nulls_first);
    Ok((rows, ends))
}

/// Puts together what all partitions give.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct ExchangeOp {
    pub(in crate::plan) n: u32,
}

impl Op for ExchangeOp {
    fn name(&self) -> Cow<'_, str> {
        "exchange".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let splits = args.list(0)?.iter().map(|value| value.get::<Exchanged>());
        let splits = splits.collect::<Result<Vec<_>, _>>().map_err(OpError::failed)?;
        Exchanged::of(splits, self.n).map(Value::sized).map_err(OpError::failed)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Gathers the rows of a new partition: the arguments are the directory, what was exchanged, the partition's number, and
/// anything that is to be done before.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct GatherOp {
    pub(in crate::plan) schema: Schema,
}

impl Op for GatherOp {
    fn name(&self) -> Cow<'_, str> {
        "gather".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let (directory, exchanged) = (args.get::<Directory>(0)?, args.get::<Exchanged>(1)?);
        let table = exchanged.table(directory, *args.get::<u32>(2)?, &self.schema);
        table.map(Value::sized).map_err(OpError::failed)
    }

    fn is_producer(&self) -> bool {
        true
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}
