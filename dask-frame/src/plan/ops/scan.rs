//! Scans of partitions, each behind the seed of those before it.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

use super::gathered;
use crate::column::Column;
use crate::error::EvalError;
use crate::kernel::aggregate::Overflow;
use crate::kernel::group::Groups;
use crate::kernel::scan::{scan, seed};
use crate::pack::pack;
use crate::plan::scan::ScanSpec;
use crate::schema::Schema;
use crate::table::Table;

impl ScanSpec {
    /// Returns keys and value of each row, in the order of the scan.
    fn rows(&self, schema: &Schema, table: &Table) -> Result<Table, EvalError> {
        let columns = self.exprs().map(|expr| expr.eval(table)).collect::<Result<Vec<_>, _>>()?;
        let rows = Table::with_rows(schema.clone(), columns, table.n_rows())?;
        Ok(if self.scan.backward { rows.take(&backwards(rows.n_rows())) } else { rows })
    }

    /// Brings keys and values down to a seed.
    fn seed(&self, schema: &Schema, rows: &Table) -> Result<Table, EvalError> {
        let (value, keys) = rows.columns().split_last().expect("there is a value");
        let groups = Groups::new(keys, rows.n_rows(), self.drop_nulls);
        let (rows, values) = seed(self.scan.kind, value, &groups).map_err(|Overflow| self.overflow())?;
        let columns = keys.iter().map(|key| key.take(&rows)).chain([values]).collect();
        Ok(Table::with_rows(schema.clone(), columns, rows.len())?)
    }

    /// Returns the value of each row of a partition.
    fn values(&self, schema: &Schema, before: &Table, table: &Table) -> Result<Column, EvalError> {
        let rows = Table::concat(schema, &[before, &self.rows(schema, table)?])?;
        let (value, keys) = rows.columns().split_last().expect("there is a value");
        let groups = Groups::new(keys, rows.n_rows(), self.drop_nulls);
        let scanned = scan(self.scan.kind, value, &groups).map_err(|Overflow| self.overflow())?;
        let scanned = scanned.slice(before.n_rows(), table.n_rows());
        Ok(if self.scan.backward { scanned.take(&backwards(table.n_rows())) } else { scanned })
    }

    fn overflow(&self) -> EvalError {
        EvalError::Overflow { expr: self.scan.to_string() }
    }
}

fn backwards(n: usize) -> Vec<u32> {
    (0..n as u32).rev().collect()
}

/// Makes the seed that a partition leaves to those that come after it.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct SeedOp {
    pub(in crate::plan) spec: Arc<ScanSpec>,
    pub(in crate::plan) schema: Schema,
}

impl Op for SeedOp {
    fn name(&self) -> Cow<'_, str> {
        "seed".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let rows = self.spec.rows(&self.schema, args.get::<Table>(0)?);
        let seed = rows.and_then(|rows| self.spec.seed(&self.schema, &rows));
        Ok(Value::sized(seed.map_err(OpError::failed)?))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Makes one seed of several.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct JoinSeedsOp {
    pub(in crate::plan) spec: Arc<ScanSpec>,
    pub(in crate::plan) schema: Schema,
}

impl Op for JoinSeedsOp {
    fn name(&self) -> Cow<'_, str> {
        "join seeds".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let seeds = gathered(&args, &self.schema)?;
        Ok(Value::sized(self.spec.seed(&self.schema, &seeds).map_err(OpError::failed)?))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Adds the column of a scan to a partition: the first argument; the second is the seed of what is before it.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct ScanOp {
    pub(in crate::plan) spec: Arc<ScanSpec>,
    pub(in crate::plan) seeds: Schema,
    pub(in crate::plan) schema: Schema,
}

impl Op for ScanOp {
    fn name(&self) -> Cow<'_, str> {
        "scan".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = args.get::<Table>(0)?;
        let values = self.spec.values(&self.seeds, args.get::<Table>(1)?, table);
        let columns = table.columns().iter().cloned().chain([values.map_err(OpError::failed)?]).collect();
        let scanned = Table::with_rows(self.schema.clone(), columns, table.n_rows());
        Ok(Value::sized(scanned.map_err(OpError::failed)?))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}
