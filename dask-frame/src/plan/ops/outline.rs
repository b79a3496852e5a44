//! Quantiles of one column, by partition and of all.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

use super::layout::check_sorted;
use crate::column::{Column, View};
use crate::error::EvalError;
use crate::kernel::sort::sorted_rows;
use crate::pack::pack;
use crate::plan::divisions::order;
use crate::table::Table;

/// How many quantiles of a partition stand for its rows.
const QUANTILES: usize = 128;
/// The column that says how many rows a quantile stands for.
const ROWS: &str = "rows";

/// Values of a column in a partition, smallest to largest, with both ends, and how many rows each stands for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct OutlineOp {
    pub(crate) column: Arc<str>,
    /// Whether the rows should be in order, which is checked.
    pub(crate) sorted: bool,
}

impl Op for OutlineOp {
    fn name(&self) -> Cow<'_, str> {
        "outline".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        self.outline(args.get::<Table>(0)?).map(Value::sized).map_err(OpError::failed)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

impl OutlineOp {
    fn outline(&self, table: &Table) -> Result<Table, EvalError> {
        if self.sorted {
            check_sorted(table, &self.column)?;
        }
        let column = table.column(&self.column)?;
        let rows = sorted_rows(std::slice::from_ref(column), table.n_rows(), &[false], false);
        let n = rows.len().min(QUANTILES);
        // The first and the last are among them.
        let place = |at: usize| if n == 1 { 0 } else { at * (rows.len() - 1) / (n - 1) };
        let some = (0..n).map(|at| rows[place(at)]).collect::<Vec<_>>();
        let weight = Column::from(vec![rows.len() as f64 / n.max(1) as f64; n]);
        // A frame may have a column of that name.
        let name = if *self.column == *ROWS { "n rows" } else { ROWS };
        Ok(Table::new([(&*self.column, column.take(&some)), (name, weight)])?)
    }

    /// The bounds between which lie about equally many rows, for as many partitions as there are outlines, or fewer;
    /// `values` are those of all outlines.
    pub(crate) fn bounds(values: &Column, outlines: &[Table]) -> Result<Column, EvalError> {
        let mut weights = Vec::with_capacity(values.len());
        for outline in outlines {
            if let View::Float64(more) = outline.columns()[1].view() {
                weights.extend_from_slice(more);
            }
        }
        let rows = sorted_rows(std::slice::from_ref(values), values.len(), &[false], false);
        let total = weights.iter().sum::<f64>();
        let mut before = 0.0;
        let mut bounds = vec![rows[0]];
        for &row in &rows {
            let wanted = total * bounds.len() as f64 / outlines.len() as f64;
            let last = bounds[bounds.len() - 1] as usize;
            if before >= wanted
                && bounds.len() < outlines.len()
                && order(values, last, values, row as usize).is_lt()
            {
                bounds.push(row);
            }
            before += weights[row as usize];
        }
        bounds.extend(rows.last());
        Ok(values.take(&bounds))
    }
}
