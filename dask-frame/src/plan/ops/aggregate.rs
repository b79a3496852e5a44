//! Group-by of one partition, and the merge of what several gave.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

use super::gathered;
use crate::column::{Column, NO_ROW};
use crate::error::EvalError;
use crate::kernel::aggregate::{finish, merge, partial, state_dtypes};
use crate::kernel::group::Groups;
use crate::kernel::sort::sorted_rows;
use crate::pack::pack;
use crate::plan::node::AggregateSpec;
use crate::schema::{Field, Schema};
use crate::table::Table;

impl AggregateSpec {
    /// Returns the columns of a table of states: keys, then what each aggregate needs.
    pub(in crate::plan) fn state_schema(&self, result: &Schema) -> Schema {
        let keys = result.fields().iter().take(self.keys.len()).enumerate();
        let keys = keys.map(|(i, field)| Field::new(format!("key {i}"), field.dtype()));
        let states =
            self.aggregates.iter().zip(&self.dtypes).enumerate().flat_map(|(i, ((_, aggregate), dtype))| {
                let states = state_dtypes(aggregate.kind(), *dtype).into_iter().enumerate();
                states.map(move |(j, dtype)| Field::new(format!("state {i}.{j}"), dtype))
            });
        Schema::new(keys.chain(states)).expect("numbered names differ")
    }

    fn overflow(&self, at: usize) -> EvalError {
        EvalError::Overflow { expr: self.aggregates[at].1.to_string() }
    }

    fn key_rows(&self, keys: &[Column], groups: &Groups) -> Vec<Column> {
        keys.iter().map(|key| key.take(&groups.first_rows)).collect()
    }
}

pub(super) fn aggregate(spec: &AggregateSpec, schema: &Schema, table: &Table) -> Result<Table, EvalError> {
    let keys = spec.keys.iter().map(|(_, expr)| expr.eval(table)).collect::<Result<Vec<_>, _>>()?;
    let groups = Groups::new(&keys, table.n_rows(), spec.drop_nulls);
    let mut columns = spec.key_rows(&keys, &groups);
    for (at, (_, aggregate)) in spec.aggregates.iter().enumerate() {
        let input = aggregate.expr().map(|expr| expr.eval(table)).transpose()?;
        columns.extend(partial(aggregate.kind(), input.as_ref(), &groups).map_err(|_| spec.overflow(at))?);
    }
    Ok(Table::with_rows(schema.clone(), columns, groups.n)?)
}

/// Merges tables of states; the last merge makes results of them.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct MergeOp {
    pub(in crate::plan) spec: Arc<AggregateSpec>,
    pub(in crate::plan) states: Schema,
    /// The columns of the result, if this is the last merge.
    pub(in crate::plan) result: Option<Schema>,
}

impl Op for MergeOp {
    fn name(&self) -> Cow<'_, str> {
        "merge groups".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let states = gathered(&args, &self.states)?;
        let merged = self.merge(&states).map_err(OpError::failed)?;
        Ok(Value::sized(merged))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

impl MergeOp {
    fn merge(&self, table: &Table) -> Result<Table, EvalError> {
        let spec = &*self.spec;
        let (keys, mut states) = table.columns().split_at(spec.keys.len());
        let groups = Groups::new(keys, table.n_rows(), false);
        let mut columns = spec.key_rows(keys, &groups);
        for (at, ((_, aggregate), dtype)) in spec.aggregates.iter().zip(&spec.dtypes).enumerate() {
            let (own, rest) = states.split_at(state_dtypes(aggregate.kind(), *dtype).len());
            states = rest;
            let merged = merge(aggregate.kind(), own, &groups).map_err(|_| spec.overflow(at))?;
            match self.result {
                Some(_) => columns.push(finish(aggregate.kind(), &merged)),
                None => columns.extend(merged),
            }
        }
        let Some(schema) = &self.result else {
            return Ok(Table::with_rows(self.states.clone(), columns, groups.n)?);
        };
        let table = Table::with_rows(schema.clone(), columns, groups.n)?;
        if !spec.sort || spec.keys.is_empty() {
            return Ok(table);
        }
        let keys = &table.columns()[..spec.keys.len()];
        let rows = sorted_rows(keys, groups.n, &vec![false; keys.len()], false);
        debug_assert!(!rows.contains(&NO_ROW));
        Ok(table.take(&rows))
    }
}
