//! Partitions cut, put together, and checked to be where they are said to be.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Payload, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

use super::gathered;
use crate::column::{Column, Mask};
use crate::error::EvalError;
use crate::kernel::keys::Keys;
use crate::pack::pack;
use crate::schema::Schema;
use crate::table::Table;

/// Puts partitions together.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct JoinPartsOp {
    pub(in crate::plan) schema: Schema,
}

impl Op for JoinPartsOp {
    fn name(&self) -> Cow<'_, str> {
        "put together".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        gathered(&args, &self.schema).map(Value::sized)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// One of several equal parts of a partition.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct PieceOp {
    pub(in crate::plan) at: u32,
    pub(in crate::plan) of: u32,
}

impl Op for PieceOp {
    fn name(&self) -> Cow<'_, str> {
        "piece".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = args.get::<Table>(0)?;
        let cut = |at: u32| (u64::from(at) * table.n_rows() as u64 / u64::from(self.of)) as usize;
        let (begin, end) = (cut(self.at), cut(self.at + 1));
        Ok(Value::sized(table.slice(begin, end - begin)))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Bounds of an index as a table of one column, which is what travels.
fn bounds_of(table: &Table, column: &str, bounds: &Table) -> Result<[Column; 1], EvalError> {
    Ok([Column::concat(&[bounds.column(column)?, table.column(column)?])])
}

/// The rows of partitions, a list, whose index is between two bounds, a table of two rows.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct RangesOp {
    pub(in crate::plan) column: Arc<str>,
    /// Whether the last bound is part of it.
    pub(in crate::plan) is_last: bool,
    pub(in crate::plan) schema: Schema,
}

impl Op for RangesOp {
    fn name(&self) -> Cow<'_, str> {
        "range".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let bounds = args.get::<Table>(1)?;
        let parts = args.list(0)?.iter().map(|value| {
            let table = value.get::<Table>().map_err(OpError::failed)?;
            let together = bounds_of(table, &self.column, bounds).map_err(OpError::failed)?;
            let keys = Keys::new(&together, table.n_rows() + 2);
            let keep = Mask::from_fn(table.n_rows(), |row| {
                let end = keys.order(0, row + 2, 1);
                keys.order(0, row + 2, 0).is_ge() && (end.is_lt() || self.is_last && end.is_eq())
            });
            Ok(table.filter(&keep))
        });
        let parts = parts.collect::<Result<Vec<_>, OpError>>()?;
        let table = Table::concat(&self.schema, &parts.iter().collect::<Vec<_>>());
        table.map(Value::sized).map_err(OpError::failed)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Lets a partition pass if its index is between two bounds, a table of two rows, and in order if it should be.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct WithinOp {
    pub(in crate::plan) column: Arc<str>,
    /// Whether the last bound is part of it.
    pub(in crate::plan) is_last: bool,
    /// Whether the rows should be in order.
    pub(in crate::plan) sorted: bool,
}

impl Op for WithinOp {
    fn name(&self) -> Cow<'_, str> {
        "check divisions".into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let table = args.take::<Table>(0)?;
        let bounds = args.get::<Table>(1)?;
        self.check(&table, bounds).map_err(OpError::failed)?;
        Ok(Value::sized(table))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

impl WithinOp {
    fn check(&self, table: &Table, bounds: &Table) -> Result<(), EvalError> {
        if self.sorted {
            check_sorted(table, &self.column)?;
        }
        let together = bounds_of(table, &self.column, bounds)?;
        let keys = Keys::new(&together, table.n_rows() + 2);
        let is_within = |row: usize| {
            let end = keys.order(0, row, 1);
            keys.is_valid(0, row)
                && keys.order(0, row, 0).is_ge()
                && (end.is_lt() || self.is_last && end.is_eq())
        };
        match (2..table.n_rows() + 2).find(|&row| !is_within(row)) {
            None => Ok(()),
            Some(row) => {
                let shown = |row: usize| together[0].get(row).to_string();
                Err(EvalError::OutsideDivisions {
                    column: self.column.to_string(),
                    value: shown(row),
                    first: shown(0),
                    last: shown(1),
                })
            }
        }
    }
}

/// Checks that a column has no missing value before another and is in order.
pub(super) fn check_sorted(table: &Table, column: &Arc<str>) -> Result<(), EvalError> {
    let columns = [table.column(column)?.clone()];
    let keys = Keys::new(&columns, table.n_rows());
    let is_after = |row: usize| match (keys.is_valid(0, row - 1), keys.is_valid(0, row)) {
        (true, true) => keys.order(0, row - 1, row).is_le(),
        (before, after) => before || !after,
    };
    match (1..table.n_rows()).find(|&row| !is_after(row)) {
        None => Ok(()),
        Some(row) => Err(not_sorted(column, &columns[0], row - 1, row)),
    }
}

fn not_sorted(name: &str, column: &Column, before: usize, row: usize) -> EvalError {
    let (value, before) = (column.get(row).to_string(), column.get(before).to_string());
    EvalError::NotSorted { column: name.into(), value, before }
}

/// The first and the last row of a partition's index, which is checked to be in order; nothing of an empty one.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct EndsOp {
    pub(in crate::plan) column: Arc<str>,
}

impl Op for EndsOp {
    fn name(&self) -> Cow<'_, str> {
        "ends".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        self.ends(args.get::<Table>(0)?).map(Value::sized).map_err(OpError::failed)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

impl EndsOp {
    fn ends(&self, table: &Table) -> Result<Table, EvalError> {
        check_sorted(table, &self.column)?;
        let column = table.column(&self.column)?;
        let ends = match table.n_rows() as u32 {
            0 => vec![],
            n => vec![0, n - 1],
        };
        Ok(Table::new([(Arc::clone(&self.column), column.take(&ends))])?)
    }
}

/// The last row of what came before a partition and of its ends, if they are in order.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct AfterOp {
    pub(in crate::plan) column: Arc<str>,
}

impl Op for AfterOp {
    fn name(&self) -> Cow<'_, str> {
        "check order".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let (before, ends) = (args.get::<Table>(0)?, args.get::<Table>(1)?);
        let all = Table::concat(ends.schema(), &[before, ends]).map_err(OpError::failed)?;
        check_sorted(&all, &self.column).map_err(OpError::failed)?;
        Ok(Value::sized(all.slice(all.n_rows().saturating_sub(1), 1)))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Lets a partition pass, since what else the task takes has been checked.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct PassOp;

impl Op for PassOp {
    fn name(&self) -> Cow<'_, str> {
        "pass".into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        Ok(Value::sized(args.take::<Table>(0)?))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// The bytes of a partition.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SizeOp;

impl Op for SizeOp {
    fn name(&self) -> Cow<'_, str> {
        "nbytes".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        Ok(Value::new(args.get::<Table>(0)?.nbytes()))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}
