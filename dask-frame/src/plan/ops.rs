//! What the tasks of a frame do.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

use super::node::{AggregateSpec, JoinSpec, Side, SortSpec};
use crate::column::{Column, Mask, NO_ROW};
use crate::csv::{Block, CsvSource, QuoteState, Transition};
use crate::error::EvalError;
use crate::expr::Expr;
use crate::kernel::aggregate::{finish, merge, partial, state_dtypes};
use crate::kernel::group::Groups;
use crate::kernel::join::{JoinIndex, key_columns};
use crate::kernel::sort::sorted_rows;
use crate::pack::pack;
use crate::schema::{Field, Schema};
use crate::table::Table;

/// One thing done to a partition on its way.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Step {
    Project(Vec<(Arc<str>, Expr)>, Schema),
    Filter(Expr),
    Head(usize),
    /// Joins with the index that is the task's argument of this number.
    Join(Arc<JoinSpec>, Schema, usize),
    /// Aggregates into states.
    Partial(Arc<AggregateSpec>, Schema),
}

/// Where a stage takes its partition from.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum From {
    /// The table that is the first argument.
    Table,
    /// A block of a file: the first argument; the second is the state of the quotes before it, if records
    /// may begin anywhere.
    Csv { source: Arc<CsvSource>, columns: Vec<usize>, states: bool },
}

/// All that is done to one partition between two points where partitions meet, as one op: no table between
/// the steps outlives the next.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StageOp {
    pub(super) from: From,
    pub(super) steps: Vec<Arc<Step>>,
}

impl From {
    /// Returns how many arguments it takes, the first ones.
    pub(super) fn n_args(&self) -> usize {
        match self {
            From::Table | From::Csv { states: false, .. } => 1,
            From::Csv { states: true, .. } => 2,
        }
    }
}

impl Op for StageOp {
    fn name(&self) -> Cow<'_, str> {
        let from = matches!(self.from, From::Csv { .. }).then_some("read_csv");
        let steps = self.steps.iter().map(|step| match **step {
            Step::Project(..) => "project",
            Step::Filter(_) => "filter",
            Step::Head(_) => "head",
            Step::Join(..) => "join",
            Step::Partial(..) => "aggregate",
        });
        let mut names = from.into_iter().chain(steps).collect::<Vec<_>>();
        names.dedup();
        names.join("+").into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let mut table = match &self.from {
            From::Table => args.take::<Table>(0)?,
            From::Csv { source, columns, states } => {
                let state = if *states { *args.get::<QuoteState>(1)? } else { QuoteState::CellStart };
                source.read(*args.get::<Block>(0)?, state, columns).map_err(OpError::failed)?
            }
        };
        for step in &self.steps {
            table = match &**step {
                Step::Project(columns, schema) => project(&table, columns, schema),
                Step::Filter(condition) => condition.eval_filter(&table).map(|keep| table.filter(&keep)),
                Step::Head(n) => Ok(table.slice(0, *n)),
                Step::Join(spec, schema, at) => join(spec, schema, &table, args.get::<JoinIndex>(*at)?),
                Step::Partial(spec, schema) => aggregate(spec, schema, &table),
            }
            .map_err(OpError::failed)?;
        }
        Ok(Value::sized(table))
    }

    fn is_producer(&self) -> bool {
        matches!(self.from, From::Csv { .. })
    }

    fn output_nbytes(&self, args: &[Arg]) -> Option<u64> {
        match (&self.from, args.first()) {
            (From::Csv { source, columns, .. }, Some(Arg::Value(block))) => {
                Some(source.estimate(*block.downcast_ref::<Block>()?, columns))
            }
            _ => None,
        }
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

fn project(table: &Table, columns: &[(Arc<str>, Expr)], schema: &Schema) -> Result<Table, EvalError> {
    let columns = columns.iter().map(|(_, expr)| expr.eval(table)).collect::<Result<Vec<_>, _>>()?;
    Ok(Table::with_rows(schema.clone(), columns, table.n_rows())?)
}

/// How a block of a file changes the state of the quotes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TransitionOp(pub(super) Arc<CsvSource>);

impl Op for TransitionOp {
    fn name(&self) -> Cow<'_, str> {
        "scan quotes".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let transition = self.0.transition(*args.get::<Block>(0)?).map_err(OpError::failed)?;
        Ok(Value::new(transition))
    }

    fn output_nbytes(&self, _: &[Arg]) -> Option<u64> {
        Some(size_of::<Transition>() as u64)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

fn left_keys(spec: &JoinSpec, left: &Table) -> Result<Vec<Column>, EvalError> {
    key_columns(left, spec.on.iter().map(|(name, _, dtype)| (name, *dtype)))
}

fn join(spec: &JoinSpec, schema: &Schema, left: &Table, index: &JoinIndex) -> Result<Table, EvalError> {
    let keys = left_keys(spec, left)?;
    let pairs = index.pairs(&keys, left.n_rows(), spec.keep[0])?;
    let columns = spec.columns.iter().map(|column| {
        Ok(match &column.from {
            Side::Left(name) => left.column(name)?.take(&pairs.left),
            Side::Key(at) => keys[*at].take(&pairs.left),
            Side::Right(name) => index.table.column(name)?.take(&pairs.right),
        })
    });
    let columns = columns.collect::<Result<Vec<_>, EvalError>>()?;
    Ok(Table::with_rows(schema.clone(), columns, pairs.left.len())?)
}

/// Puts partitions together and indexes them as the small side of a join.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct IndexOp {
    pub(super) spec: Arc<JoinSpec>,
    pub(super) schema: Schema,
}

impl Op for IndexOp {
    fn name(&self) -> Cow<'_, str> {
        "index".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = gathered(&args, &self.schema)?;
        let on = self.spec.on.iter().map(|(_, name, dtype)| (Arc::clone(name), *dtype)).collect();
        Ok(Value::sized(JoinIndex::new(table, on).map_err(OpError::failed)?))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

fn gathered(args: &Args<'_>, schema: &Schema) -> Result<Table, OpError> {
    let list = args.list(0)?;
    let tables = list.iter().map(|value| value.get::<Table>()).collect::<Result<Vec<_>, _>>();
    let tables = tables.map_err(OpError::failed)?;
    Table::concat(schema, &tables).map_err(OpError::failed)
}

/// Finds which rows of a join's index have a partner in a partition.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct MatchedOp(pub(super) Arc<JoinSpec>);

impl Op for MatchedOp {
    fn name(&self) -> Cow<'_, str> {
        "match".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let left = args.get::<Table>(0)?;
        let keys = left_keys(&self.0, left).map_err(OpError::failed)?;
        Ok(Value::sized(args.get::<JoinIndex>(1)?.matched(&keys, left.n_rows())))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// The rows of the small side that have no partner in any partition: the last partition of a join that
/// keeps them.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct UnmatchedOp {
    pub(super) spec: Arc<JoinSpec>,
    pub(super) schema: Schema,
}

impl Op for UnmatchedOp {
    fn name(&self) -> Cow<'_, str> {
        "unmatched".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let index = args.get::<JoinIndex>(1)?;
        let mut matched = Mask::all(index.table.n_rows(), false);
        for value in args.list(0)? {
            matched = matched.or(value.get::<Mask>().map_err(OpError::failed)?);
        }
        let rows =
            (0..index.table.n_rows() as u32).filter(|&row| !matched.get(row as usize)).collect::<Vec<_>>();
        let columns = self.spec.columns.iter().zip(self.schema.fields()).map(|(column, field)| {
            Ok(match &column.from {
                Side::Left(_) => Column::nulls(field.dtype(), rows.len()),
                Side::Key(at) => index.keys()[*at].take(&rows),
                Side::Right(name) => index.table.column(name)?.take(&rows),
            })
        });
        let columns = columns.collect::<Result<Vec<_>, EvalError>>().map_err(OpError::failed)?;
        let table = Table::with_rows(self.schema.clone(), columns, rows.len()).map_err(OpError::failed)?;
        Ok(Value::sized(table))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Puts partitions together in one order.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SortOp {
    pub(super) spec: Arc<SortSpec>,
    pub(super) schema: Schema,
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
pub(super) struct LimitOp {
    pub(super) n: usize,
    pub(super) schema: Schema,
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

impl AggregateSpec {
    /// Returns the columns of a table of states: keys, then what each aggregate needs.
    pub(super) fn state_schema(&self, result: &Schema) -> Schema {
        let keys = result.fields().iter().take(self.keys.len()).enumerate();
        let keys = keys.map(|(i, field)| Field::new(format!("key {i}"), field.dtype()));
        let states =
            self.aggregates.iter().zip(&self.dtypes).enumerate().flat_map(|(i, ((_, aggregate), dtype))| {
                let states = state_dtypes(aggregate.kind(), *dtype).into_iter().enumerate();
                states.map(move |(j, dtype)| Field::new(format!("state {i}.{j}"), dtype))
            });
        Schema::new(keys.chain(states)).expect("numbered names differ")
    }

    fn overflow(&self, at: usize) -> EvalError {
        EvalError::Overflow { expr: self.aggregates[at].1.to_string() }
    }

    fn key_rows(&self, keys: &[Column], groups: &Groups) -> Vec<Column> {
        keys.iter().map(|key| key.take(&groups.first_rows)).collect()
    }
}

fn aggregate(spec: &AggregateSpec, schema: &Schema, table: &Table) -> Result<Table, EvalError> {
    let keys = spec.keys.iter().map(|(_, expr)| expr.eval(table)).collect::<Result<Vec<_>, _>>()?;
    let groups = Groups::new(&keys, table.n_rows(), spec.drop_nulls);
    let mut columns = spec.key_rows(&keys, &groups);
    for (at, (_, aggregate)) in spec.aggregates.iter().enumerate() {
        let input = aggregate.expr().map(|expr| expr.eval(table)).transpose()?;
        columns.extend(partial(aggregate.kind(), input.as_ref(), &groups).map_err(|_| spec.overflow(at))?);
    }
    Ok(Table::with_rows(schema.clone(), columns, groups.n)?)
}

/// Merges tables of states; the last merge makes results of them.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct MergeOp {
    pub(super) spec: Arc<AggregateSpec>,
    pub(super) states: Schema,
    /// The columns of the result, if this is the last merge.
    pub(super) result: Option<Schema>,
}

impl Op for MergeOp {
    fn name(&self) -> Cow<'_, str> {
        "merge groups".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let states = gathered(&args, &self.states)?;
        let merged = self.merge(&states).map_err(OpError::failed)?;
        Ok(Value::sized(merged))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

impl MergeOp {
    fn merge(&self, table: &Table) -> Result<Table, EvalError> {
        let spec = &*self.spec;
        let (keys, mut states) = table.columns().split_at(spec.keys.len());
        let groups = Groups::new(keys, table.n_rows(), false);
        let mut columns = spec.key_rows(keys, &groups);
        for (at, ((_, aggregate), dtype)) in spec.aggregates.iter().zip(&spec.dtypes).enumerate() {
            let (own, rest) = states.split_at(state_dtypes(aggregate.kind(), *dtype).len());
            states = rest;
            let merged = merge(aggregate.kind(), own, &groups).map_err(|_| spec.overflow(at))?;
            match self.result {
                Some(_) => columns.push(finish(aggregate.kind(), &merged)),
                None => columns.extend(merged),
            }
        }
        let Some(schema) = &self.result else {
            return Ok(Table::with_rows(self.states.clone(), columns, groups.n)?);
        };
        let table = Table::with_rows(schema.clone(), columns, groups.n)?;
        if !spec.sort || spec.keys.is_empty() {
            return Ok(table);
        }
        let keys = &table.columns()[..spec.keys.len()];
        let rows = sorted_rows(keys, groups.n, &vec![false; keys.len()], false);
        debug_assert!(!rows.contains(&NO_ROW));
        Ok(table.take(&rows))
    }
}
