//! States of groups on their way together: merged as long as they are few, and exchanged by the hash of their keys as
//! soon as they are many.
//!
//! What stands for the states of some partitions is their [`Table`], or what is [`Exchanged`]. Whether it is the one
//! or the other is found out when they are there, and depends on nothing but them.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Value};
use dask_graph_shuffle::Directory;
use serde::{Deserialize, Serialize};

use super::exchange::{Exchanged, split_rows};
use crate::error::EvalError;
use crate::pack::pack;
use crate::plan::aggregate::AggregateSpec;
use crate::schema::{DataType, Schema};
use crate::table::Table;

/// The most rows of states that are kept in memory together: a merge of a few of these takes milliseconds.
const MOST_ROWS: usize = 1 << 16;

/// How states come together.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct Together {
    pub(in crate::plan) spec: Arc<AggregateSpec>,
    pub(in crate::plan) states: Schema,
    /// Into how many parts they are written.
    pub(in crate::plan) n: u32,
}

impl Together {
    fn split(&self, states: &Table, directory: &Directory) -> Result<Exchanged, EvalError> {
        let keys = self.states.fields().iter().take(self.spec.keys.len());
        let on =
            keys.map(|field| (field.shared_name(), field.dtype())).collect::<Vec<(Arc<str>, DataType)>>();
        split_rows(states, &on, self.n, directory)
    }

    /// Merges the states of one group.
    fn merged(&self, states: &Table) -> Result<Table, EvalError> {
        let (keys, n, merged) = self.spec.merge(states)?;
        self.spec.table(&self.states, keys, n, &merged)
    }

    /// Returns what stands for the states of several parts.
    fn joined(&self, parts: &[Value], directory: &Directory) -> Result<Value, OpError> {
        let tables = parts.iter().filter_map(Value::downcast_ref::<Table>).collect::<Vec<_>>();
        if tables.len() == parts.len() {
            return self.joined_tables(&tables, directory).map_err(OpError::failed);
        }
        // Each goes where it stands among the others: what is first in a group stays first.
        let splits = parts.iter().map(|part| match part.downcast_ref::<Table>() {
            Some(table) => self.split(table, directory).map(Cow::Owned).map_err(OpError::failed),
            None => part.get().map(Cow::Borrowed).map_err(OpError::failed),
        });
        let splits = splits.collect::<Result<Vec<Cow<'_, Exchanged>>, _>>()?;
        Exchanged::of(splits.iter().map(AsRef::as_ref), self.n).map(Value::sized).map_err(OpError::failed)
    }

    fn joined_tables(&self, tables: &[&Table], directory: &Directory) -> Result<Value, EvalError> {
        let merged = match tables {
            &[one] => one.clone(),
            _ => self.merged(&Table::concat(&self.states, tables)?)?,
        };
        Ok(match merged.n_rows() {
            0..=MOST_ROWS => Value::sized(merged),
            _ => Value::sized(self.split(&merged, directory)?),
        })
    }
}

/// Brings the states of some partitions, a list, together; the second argument is the directory for those that are
/// many.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct JoinStatesOp(pub(in crate::plan) Arc<Together>);

impl Op for JoinStatesOp {
    fn name(&self) -> Cow<'_, str> {
        "merge groups".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let parts = args.list(0)?.iter().cloned().collect::<Vec<_>>();
        self.0.joined(&parts, args.get::<Directory>(1)?)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Makes results of the states of a part: the arguments are all states, the directory, and the part's number. If they
/// are few, the first part is all of them.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct FinishOp {
    pub(in crate::plan) together: Arc<Together>,
    pub(in crate::plan) result: Schema,
}

impl Op for FinishOp {
    fn name(&self) -> Cow<'_, str> {
        "finish groups".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let Together { spec, states, .. } = &*self.together;
        let part = *args.get::<u32>(2)?;
        let rows = match args.value(0)?.downcast_ref::<Table>() {
            Some(_) if part > 0 => return Ok(Value::sized(Table::empty(self.result.clone()))),
            Some(all) => all.clone(),
            None => {
                let exchanged = args.get::<Exchanged>(0)?;
                exchanged.table(args.get::<Directory>(1)?, part, states).map_err(OpError::failed)?
            }
        };
        let finished =
            spec.merge(&rows).and_then(|(keys, n, merged)| spec.finish(&self.result, keys, n, &merged));
        Ok(Value::sized(finished.map_err(OpError::failed)?))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}
