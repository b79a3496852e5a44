//! Functions for the rows of each group of a partition.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Unpacked, Value};
use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::error::EvalError;
use crate::kernel::group::Groups;
use crate::schema::Schema;
use crate::table::Table;

/// Calls functions, one on the result of the other, with the rows of each group of a partition: as tables of the
/// columns `seen`, in the order of the rows. Groups come in the order in which they first appear.
#[derive(Debug)]
pub(crate) struct EachGroupOp {
    pub(crate) functions: Vec<Arc<dyn Op>>,
    /// The columns that each function said it would give.
    pub(crate) given: Vec<Schema>,
    pub(crate) keys: Vec<Arc<str>>,
    pub(crate) seen: Schema,
    pub(crate) results: Results,
    /// The columns of the results together.
    pub(crate) output: Schema,
}

/// What becomes of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Results {
    /// They come one after another.
    Alone,
    /// Each is some rows, one at least, behind the keys of its group.
    Keyed,
    /// Each is a row, behind the keys of its group. Without keys there is one even of no rows.
    KeyedRow,
}

impl EachGroupOp {
    fn run(&self, table: &Table) -> Result<Table, EvalError> {
        let keys = self.keys.iter().map(|name| table.column(name).cloned()).collect::<Result<Vec<_>, _>>()?;
        let groups = Groups::new(&keys, table.n_rows(), false);
        let (starts, rows) = groups.rows(None);
        let table = table.select(&self.seen)?;
        let mut results = Vec::new();
        let mut key_rows = Vec::new();
        for (group, ends) in starts.windows(2).enumerate() {
            let rows = &rows[ends[0] as usize..ends[1] as usize];
            if rows.is_empty() && self.results != Results::KeyedRow {
                continue;
            }
            let result = self.call_for(&taken(&table, rows)).map_err(|source| EvalError::Function {
                expr: self.described(&keys, rows),
                source: Box::new(source),
            })?;
            if self.results != Results::Alone
                && let Some(&first) = groups.first_rows.get(group)
            {
                key_rows.extend(std::iter::repeat_n(first, result.n_rows()));
            }
            results.push(result);
        }
        let schema = self.given.last().unwrap_or(&self.seen);
        let result = Table::concat(schema, &results.iter().collect::<Vec<_>>())?;
        if self.results == Results::Alone {
            return Ok(result);
        }
        let columns = keys.iter().map(|key| key.take(&key_rows)).chain(result.columns().iter().cloned());
        Ok(Table::with_rows(self.output.clone(), columns.collect(), result.n_rows())?)
    }

    fn call_for(&self, rows: &Table) -> Result<Table, OpError> {
        let mut table = rows.clone();
        for (function, schema) in self.functions.iter().zip(&self.given) {
            let mut slots = [Some(Value::sized(table))];
            let result = function.call(Args::new(&mut slots))?;
            table = result.into_inner::<Table>().map_err(OpError::failed)?;
            if table.schema() != schema {
                let (got, expected) = (table.schema().to_string(), schema.to_string());
                return Err(OpError::failed(EvalError::OtherSchema { got, expected }));
            }
        }
        let got = table.n_rows();
        let expected = match self.results {
            Results::KeyedRow if got != 1 => "one",
            // A group without a state would be lost.
            Results::Keyed if got == 0 => "one at least",
            _ => return Ok(table),
        };
        Err(OpError::failed(EvalError::WrongRows { got, expected }))
    }

    /// Names the group of some rows.
    fn described(&self, keys: &[Column], rows: &[u32]) -> String {
        let Some(&row) = rows.first() else { return "all rows".into() };
        let values = keys.iter().map(|key| key.get(row as usize).to_string()).collect::<Vec<_>>();
        if values.is_empty() { "all rows".into() } else { format!("group {}", values.join(", ")) }
    }
}

/// Returns some rows of a table, without copying if they lie together.
fn taken(table: &Table, rows: &[u32]) -> Table {
    match (rows.first(), rows.last()) {
        (Some(&first), Some(&last)) if (last - first) as usize + 1 == rows.len() => {
            table.slice(first as usize, rows.len())
        }
        _ => table.take(rows),
    }
}

impl Op for EachGroupOp {
    fn name(&self) -> Cow<'_, str> {
        let names = self.functions.iter().map(|function| function.name()).collect::<Vec<_>>();
        names.join("+").into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        self.run(args.get::<Table>(0)?).map(Value::sized).map_err(OpError::failed)
    }

    /// The functions of the user travel apart from the data.
    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(&self.given, &self.keys, &self.seen, self.results, &self.output))?;
        self.functions.iter().try_for_each(|function| to.op(function))?;
        Ok(|from| {
            let (given, keys, seen, results, output) = from.state::<(Vec<Schema>, _, _, _, _)>()?;
            let functions = given.iter().map(|_| from.op()).collect::<Result<_, _>>()?;
            Ok(Unpacked::op(EachGroupOp { functions, given, keys, seen, results, output }))
        })
    }
}
