//! Window functions of the rows of a group, all of which are there.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Unpacked, Value};
use serde::{Deserialize, Serialize};

use super::window::args;
use crate::column::Column;
use crate::error::EvalError;
use crate::expr::WindowFunction;
use crate::kernel::window::{empty_state, rank, with_rows, with_state};
use crate::plan::window::{WindowColumn, WindowSpec};
use crate::schema::Schema;
use crate::table::Table;

/// Adds window functions to a table before and behind which there is nothing.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct GroupWindowOp {
    pub(in crate::plan) spec: Arc<WindowSpec>,
    pub(in crate::plan) output: Schema,
}

impl GroupWindowOp {
    fn run(&self, table: &Table) -> Result<Table, EvalError> {
        let mut columns = table.columns().to_vec();
        for column in &self.spec.columns {
            columns.push(self.column(column, table)?);
        }
        Ok(Table::with_rows(self.output.clone(), columns, table.n_rows())?)
    }

    fn column(&self, column: &WindowColumn, table: &Table) -> Result<Column, EvalError> {
        let args = args(column, table)?;
        let (input, output) = column.dtypes(table.schema(), &self.output);
        match (&column.function, column.carry()) {
            (&WindowFunction::Rank { method, descending, percent }, _) => {
                Ok(rank(&args[0], method, descending, percent))
            }
            (function, None) => with_rows(function, &args, 0..table.n_rows(), &column.name),
            (function, Some(_)) => {
                with_state(function, &empty_state(function, &input, &output), &args, output)
                    .map_err(|_| EvalError::Overflow { expr: column.name.to_string() })
            }
        }
    }
}

impl Op for GroupWindowOp {
    fn name(&self) -> Cow<'_, str> {
        "window of groups".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        self.run(args.get::<Table>(0)?).map(Value::sized).map_err(OpError::failed)
    }

    /// The functions of the user travel apart from the data.
    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(self)?;
        self.spec.pack_closures(to)?;
        Ok(|from| {
            let mut window = from.state::<Self>()?;
            Arc::make_mut(&mut window.spec).unpack_closures(from)?;
            Ok(Unpacked::op(window))
        })
    }
}
