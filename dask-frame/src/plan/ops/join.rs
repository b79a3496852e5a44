//! Joins of one partition.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

use super::gathered;
use crate::column::{Column, Mask};
use crate::error::EvalError;
use crate::kernel::join::{JoinIndex, key_columns};
use crate::pack::pack;
use crate::plan::node::{JoinSpec, Side};
use crate::schema::Schema;
use crate::table::Table;

fn left_keys(spec: &JoinSpec, left: &Table) -> Result<Vec<Column>, EvalError> {
    key_columns(left, spec.on.iter().map(|(name, _, dtype)| (name, *dtype)))
}

pub(super) fn join(
    spec: &JoinSpec,
    schema: &Schema,
    left: &Table,
    index: &JoinIndex,
) -> Result<Table, EvalError> {
    let keys = left_keys(spec, left)?;
    let pairs = index.pairs(&keys, left.n_rows(), spec.keep[0])?;
    let columns = spec.columns.iter().map(|column| {
        Ok(match &column.from {
            Side::Left(name) => left.column(name)?.take(&pairs.left),
            Side::Key(at) => keys[*at].take(&pairs.left),
            Side::Right(name) => index.table.column(name)?.take(&pairs.right),
        })
    });
    let columns = columns.collect::<Result<Vec<_>, EvalError>>()?;
    Ok(Table::with_rows(schema.clone(), columns, pairs.left.len())?)
}

/// Puts partitions together and indexes them as the small side of a join.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct IndexOp {
    pub(in crate::plan) spec: Arc<JoinSpec>,
    pub(in crate::plan) schema: Schema,
}

impl Op for IndexOp {
    fn name(&self) -> Cow<'_, str> {
        "index".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = gathered(&args, &self.schema)?;
        let on = self.spec.on.iter().map(|(_, name, dtype)| (Arc::clone(name), *dtype)).collect();
        Ok(Value::sized(JoinIndex::new(table, on).map_err(OpError::failed)?))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Finds which rows of a join's index have a partner in a partition.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct MatchedOp(pub(in crate::plan) Arc<JoinSpec>);

impl Op for MatchedOp {
    fn name(&self) -> Cow<'_, str> {
        "match".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let left = args.get::<Table>(0)?;
        let keys = left_keys(&self.0, left).map_err(OpError::failed)?;
        Ok(Value::sized(args.get::<JoinIndex>(1)?.matched(&keys, left.n_rows())))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// The rows of the small side that have no partner in any partition: the last partition of a join that
/// keeps them.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct UnmatchedOp {
    pub(in crate::plan) spec: Arc<JoinSpec>,
    pub(in crate::plan) schema: Schema,
}

impl Op for UnmatchedOp {
    fn name(&self) -> Cow<'_, str> {
        "unmatched".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let index = args.get::<JoinIndex>(1)?;
        let mut matched = Mask::all(index.table.n_rows(), false);
        for value in args.list(0)? {
            matched = matched.or(value.get::<Mask>().map_err(OpError::failed)?);
        }
        let rows =
            (0..index.table.n_rows() as u32).filter(|&row| !matched.get(row as usize)).collect::<Vec<_>>();
        let columns = self.spec.columns.iter().zip(self.schema.fields()).map(|(column, field)| {
            Ok(match &column.from {
                Side::Left(_) => Column::nulls(field.dtype(), rows.len()),
                Side::Key(at) => index.keys()[*at].take(&rows),
                Side::Right(name) => index.table.column(name)?.take(&rows),
            })
        });
        let columns = columns.collect::<Result<Vec<_>, EvalError>>().map_err(OpError::failed)?;
        let table = Table::with_rows(self.schema.clone(), columns, rows.len()).map_err(OpError::failed)?;
        Ok(Value::sized(table))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}
