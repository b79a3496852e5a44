//! Window functions of a partition, and what partitions hand on to each other for them.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Unpacked, Value};
use serde::{Deserialize, Serialize};

use super::gathered;
use super::rows::tail;
use crate::column::{Column, View};
use crate::error::EvalError;
use crate::expr::WindowFunction;
use crate::kernel::window::{Carry, combined, empty_state, rank, state_of, with_rows, with_state};
use crate::pack::pack;
use crate::plan::window::{WindowColumn, WindowSpec};
use crate::schema::Schema;
use crate::table::Table;

pub(super) fn args(column: &WindowColumn, table: &Table) -> Result<Vec<Column>, EvalError> {
    Ok(column.args.iter().map(|name| table.column(name).cloned()).collect::<Result<_, _>>()?)
}

/// Cuts off the rows that the partitions behind (or before) will reach, from the tables of all arguments put
/// together.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct EdgeOp {
    pub(in crate::plan) schema: Schema,
    /// So many rows at least.
    pub(in crate::plan) n: usize,
    /// And those of the last (or first) so many microseconds by some columns.
    pub(in crate::plan) times: Vec<(Arc<str>, i64)>,
    /// Whether it is for the partitions behind.
    pub(in crate::plan) last: bool,
}

impl EdgeOp {
    fn edge(&self, table: &Table) -> Result<Table, EvalError> {
        let mut n = self.n;
        for (by, micros) in &self.times {
            n = n.max(rows_of_end(*micros, table.column(by)?, self.last));
        }
        Ok(if self.last { tail(table, n) } else { table.slice(0, n) })
    }
}

/// Counts the rows of at most so many microseconds before the last, or behind the first.
fn rows_of_end(micros: i64, by: &Column, last: bool) -> usize {
    let View::Ticks(times, _) = by.view() else { return 0 };
    // That the times are in order is checked where they are used; here too many rows do no harm.
    match (times.first(), times.last()) {
        (_, Some(end)) if last => {
            times.iter().rev().take_while(|time| **time >= end.saturating_sub(micros)).count()
        }
        (Some(end), _) => times.iter().take_while(|time| **time <= end.saturating_add(micros)).count(),
        _ => 0,
    }
}

impl Op for EdgeOp {
    fn name(&self) -> Cow<'_, str> {
        "edge".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let mut tables = Vec::new();
        for at in 0..args.len() {
            tables.push(args.get::<Table>(at)?.select(&self.schema).map_err(OpError::failed)?);
        }
        let tables = tables.iter().collect::<Vec<_>>();
        let table = Table::concat(&self.schema, &tables).map_err(OpError::failed)?;
        Ok(Value::sized(self.edge(&table).map_err(OpError::failed)?))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// The states that are carried in one direction.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct Carried {
    pub(in crate::plan) spec: Arc<WindowSpec>,
    pub(in crate::plan) direction: Carry,
    pub(in crate::plan) input: Schema,
    pub(in crate::plan) output: Schema,
    pub(in crate::plan) states: Schema,
}

impl Carried {
    fn columns(&self) -> impl Iterator<Item = &WindowColumn> {
        self.spec.columns.iter().filter(|column| column.carry() == Some(self.direction))
    }

    fn table(&self, states: impl Iterator<Item = Vec<Column>>) -> Result<Table, EvalError> {
        Ok(Table::with_rows(self.states.clone(), states.flatten().collect(), 1)?)
    }

    /// The states of no rows.
    pub(in crate::plan) fn none(&self) -> Result<Table, EvalError> {
        self.table(self.columns().map(|column| {
            let (from, to) = column.dtypes(&self.input, &self.output);
            empty_state(&column.function, &from, &to)
        }))
    }

    fn of(&self, table: &Table) -> Result<Table, EvalError> {
        let states = self.columns().map(|column| {
            let (_, to) = column.dtypes(&self.input, &self.output);
            Ok(state_of(&column.function, &args(column, table)?, &to))
        });
        self.table(states.collect::<Result<Vec<_>, EvalError>>()?.into_iter())
    }

    fn combined(&self, far: &Table, near: &Table) -> Result<Table, EvalError> {
        let (mut far, mut near) = (far.columns(), near.columns());
        let states = self.columns().map(|column| {
            let (from, to) = column.dtypes(&self.input, &self.output);
            let n = empty_state(&column.function, &from, &to).len();
            let (a, b);
            ((a, far), (b, near)) = (far.split_at(n), near.split_at(n));
            combined(&column.function, a, b)
        });
        let states = states.collect::<Vec<_>>();
        self.table(states.into_iter())
    }
}

/// The states of a partition, or of two parts: the far one and the one near to where they will be used.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct StateOp(pub(in crate::plan) Arc<Carried>);

impl Op for StateOp {
    fn name(&self) -> Cow<'_, str> {
        "carry".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = match args.len() {
            1 => self.0.of(args.get(0)?),
            _ => self.0.combined(args.get(0)?, args.get(1)?),
        };
        Ok(Value::sized(table.map_err(OpError::failed)?))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// The ranks of all rows of all partitions.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct RankOp {
    pub(in crate::plan) spec: Arc<WindowSpec>,
    /// What is ranked.
    pub(in crate::plan) schema: Schema,
    pub(in crate::plan) ranks: Schema,
}

impl Op for RankOp {
    fn name(&self) -> Cow<'_, str> {
        "rank".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = gathered(&args, &self.schema)?;
        let ranks = self.spec.columns.iter().filter_map(|column| match column.function {
            WindowFunction::Rank { method, descending, percent } => {
                let of = table.column(&column.args[0]);
                Some(of.map(|of| rank(of, method, descending, percent)))
            }
            _ => None,
        });
        let ranks = ranks.collect::<Result<Vec<_>, _>>().map_err(OpError::failed)?;
        let table = Table::with_rows(self.ranks.clone(), ranks, table.n_rows()).map_err(OpError::failed)?;
        Ok(Value::sized(table))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Adds window functions to a partition, the first argument. Behind it come, of what there is: rows before, rows
/// behind, states of what is before, states of what is behind, and the ranks of all rows.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::plan) struct WindowOp {
    pub(in crate::plan) spec: Arc<WindowSpec>,
    pub(in crate::plan) edge: Schema,
    pub(in crate::plan) before: bool,
    pub(in crate::plan) after: bool,
    pub(in crate::plan) forward: Option<Arc<Carried>>,
    pub(in crate::plan) backward: Option<Arc<Carried>>,
    pub(in crate::plan) ranks: bool,
    pub(in crate::plan) output: Schema,
}

/// States that are still to be used.
struct States<'a>(&'a [Column]);

impl<'a> States<'a> {
    fn next(&mut self, n: usize) -> &'a [Column] {
        let (own, rest) = self.0.split_at(n);
        self.0 = rest;
        own
    }
}

impl WindowOp {
    fn run(&self, tables: &[&Table]) -> Result<Table, EvalError> {
        let (&table, mut rest) = tables.split_first().expect("a window function is computed for a partition");
        let mut next = |is_there: bool| {
            let (first, others) = rest.split_first().filter(|_| is_there)?;
            rest = others;
            Some(*first)
        };
        let (before, after) = (next(self.before), next(self.after));
        let (forward, backward) = (next(self.forward.is_some()), next(self.backward.is_some()));
        let ranks = next(self.ranks);
        let own = table.select(&self.edge)?;
        let around = before.into_iter().chain([&own]).chain(after).collect::<Vec<_>>();
        let around = Table::concat(&self.edge, &around)?;
        let start = before.map_or(0, Table::n_rows);
        let mut forward = States(forward.map_or(&[], Table::columns));
        let mut backward = States(backward.map_or(&[], Table::columns));
        let mut ranks = ranks.map_or(&[] as &[Column], Table::columns).iter();
        let mut columns = table.columns().to_vec();
        for column in &self.spec.columns {
            let (input, output) = column.dtypes(table.schema(), &self.output);
            let states = match column.carry() {
                Some(Carry::Forward) => Some(&mut forward),
                Some(Carry::Backward) => Some(&mut backward),
                None => None,
            };
            columns.push(match states {
                None => {
                    let own = start..start + table.n_rows();
                    with_rows(&column.function, &args(column, &around)?, own, &column.name)?
                }
                Some(states) => {
                    let state = states.next(empty_state(&column.function, &input, &output).len());
                    match column.is_rank().then(|| ranks.next()).flatten() {
                        Some(ranks) => ranks.slice(rows_before(state), table.n_rows()),
                        None => with_state(&column.function, state, &args(column, table)?, output)
                            .map_err(|_| EvalError::Overflow { expr: column.name.to_string() })?,
                    }
                }
            });
        }
        Ok(Table::with_rows(self.output.clone(), columns, table.n_rows())?)
    }
}

/// The number of rows in the partitions before.
fn rows_before(state: &[Column]) -> usize {
    let n = state[0].i64s().and_then(|mut n| n.next()).flatten();
    n.and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
}

impl Op for WindowOp {
    fn name(&self) -> Cow<'_, str> {
        "window".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let tables = (0..args.len()).map(|at| args.get::<Table>(at)).collect::<Result<Vec<_>, _>>()?;
        Ok(Value::sized(self.run(&tables).map_err(OpError::failed)?))
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
