//! Tables of one row put side by side.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

use crate::column::{Column, NO_ROW, View};
use crate::error::EvalError;
use crate::pack::pack;
use crate::schema::Schema;
use crate::table::Table;

/// Makes one row of the columns of several: its argument is a list of tables of one row.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct BesideOp {
    /// The columns of the result, and where each comes from.
    pub(in crate::plan) schema: Schema,
    pub(in crate::plan) columns: Vec<Placed>,
}

/// A column of one of the tables.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct Placed {
    /// The number of the table.
    pub(in crate::plan) table: usize,
    pub(in crate::plan) column: Arc<str>,
    pub(in crate::plan) guard: Option<Guard>,
}

/// What makes a result missing: counts in the first table.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct Guard {
    /// The columns that say how many values there are, and how many rows.
    pub(in crate::plan) counts: [Arc<str>; 2],
    /// Fewer values are too few.
    pub(in crate::plan) min_count: u32,
    /// Whether a row without a value is one too many.
    pub(in crate::plan) spoilt_by_nulls: bool,
}

impl Op for BesideOp {
    fn name(&self) -> Cow<'_, str> {
        "beside".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let list = args.list(0)?;
        let tables = list.iter().map(|value| value.get::<Table>()).collect::<Result<Vec<_>, _>>();
        self.row(&tables.map_err(OpError::failed)?).map(Value::sized).map_err(OpError::failed)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

impl BesideOp {
    fn row(&self, tables: &[&Table]) -> Result<Table, EvalError> {
        let columns = self.columns.iter().map(|placed| {
            let column = tables[placed.table].column(&placed.column)?;
            Ok(match &placed.guard {
                Some(guard) if !guard.lets_pass(tables[0])? => column.take(&[NO_ROW]),
                _ => column.clone(),
            })
        });
        Ok(Table::with_rows(self.schema.clone(), columns.collect::<Result<Vec<_>, EvalError>>()?, 1)?)
    }
}

impl Guard {
    fn lets_pass(&self, counts: &Table) -> Result<bool, EvalError> {
        let count = |column: &Column| match column.view() {
            View::Int64(counts) => counts[0],
            _ => unreachable!("counts are integers"),
        };
        let [values, rows] = &self.counts;
        let (values, rows) = (count(counts.column(values)?), count(counts.column(rows)?));
        Ok(values >= i64::from(self.min_count) && !(self.spoilt_by_nulls && values < rows))
    }
}
