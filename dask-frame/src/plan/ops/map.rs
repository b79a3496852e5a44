//! Functions of the user for whole partitions.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Unpacked, Value};

use crate::error::EvalError;
use crate::schema::Schema;
use crate::table::Table;

/// Calls a function with a partition, the first argument. Behind it come, of what there is, rows before and rows
/// behind, which the function sees, too, and whose results are cut off.
#[derive(Debug)]
pub(in crate::plan) struct MapOp {
    pub(in crate::plan) function: Arc<dyn Op>,
    pub(in crate::plan) input: Schema,
    /// The columns that the function said it would give.
    pub(in crate::plan) output: Schema,
    pub(in crate::plan) before: bool,
    pub(in crate::plan) after: bool,
}

impl MapOp {
    fn run(&self, args: &Args<'_>) -> Result<Table, OpError> {
        let own = args.get::<Table>(0)?;
        let before = if self.before { Some(args.get::<Table>(1)?) } else { None };
        let after = if self.after { Some(args.get::<Table>(1 + usize::from(self.before))?) } else { None };
        let around = before.into_iter().chain([own]).chain(after).collect::<Vec<_>>();
        let around = Table::concat(&self.input, &around).map_err(OpError::failed)?;
        let n_rows = around.n_rows();
        let mut slots = [Some(Value::sized(around))];
        let result = self.function.call(Args::new(&mut slots))?;
        let result = result.into_inner::<Table>().map_err(OpError::failed)?;
        if *result.schema() != self.output {
            let (got, expected) = (result.schema().to_string(), self.output.to_string());
            return Err(OpError::failed(EvalError::OtherSchema { got, expected }));
        }
        if !self.before && !self.after {
            return Ok(result);
        }
        if result.n_rows() != n_rows {
            let (got, expected) = (result.n_rows(), n_rows);
            return Err(OpError::failed(EvalError::OtherLength { got, expected }));
        }
        Ok(result.slice(before.map_or(0, Table::n_rows), own.n_rows()))
    }
}

impl Op for MapOp {
    fn name(&self) -> Cow<'_, str> {
        self.function.name()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        self.run(&args).map(Value::sized)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(&self.input, &self.output, self.before, self.after))?;
        to.op(&self.function)?;
        Ok(|from| {
            let (input, output, before, after) = from.state()?;
            Ok(Unpacked::op(MapOp { function: from.op()?, input, output, before, after }))
        })
    }
}
