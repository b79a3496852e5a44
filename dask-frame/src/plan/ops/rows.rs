//! Rows of several partitions, put in order or cut off.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

use super::gathered;
use crate::kernel::sort::sorted_rows;
use crate::pack::pack;
use crate::plan::node::SortSpec;
use crate::schema::Schema;

/// Puts partitions together in one order.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct SortOp {
    pub(in crate::plan) spec: Arc<SortSpec>,
    pub(in crate::plan) schema: Schema,
}

impl Op for SortOp {
    fn name(&self) -> Cow<'_, str> {
        "sort".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = gathered(&args, &self.schema)?;
        let by = self.spec.by.iter().map(|name| table.column(name).cloned()).collect::<Result<Vec<_>, _>>();
        let by = by.map_err(OpError::failed)?;
        let rows = sorted_rows(&by, table.n_rows(), &self.spec.descending, self.spec.nulls_first);
        Ok(Value::sized(table.take(&rows)))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// The first rows of partitions put together.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct LimitOp {
    pub(in crate::plan) n: usize,
    pub(in crate::plan) schema: Schema,
}

impl Op for LimitOp {
    fn name(&self) -> Cow<'_, str> {
        "limit".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        Ok(Value::sized(gathered(&args, &self.schema)?.slice(0, self.n)))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}
