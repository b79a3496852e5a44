//! What the tasks of a frame do.

mod aggregate;
mod asof;
mod beside;
mod bins;
mod csv;
mod each_group;
mod exchange;
mod group_window;
mod groups;
mod join;
mod layout;
mod map;
mod outline;
mod quantile;
mod reshape;
mod rows;
mod scan;
mod window;

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

pub(super) use aggregate::MergeOp;
pub(super) use asof::{AsOfIndexOp, AsOfJoin, AsOfRangesOp};
pub(super) use beside::{BesideOp, Guard, Placed};
pub(super) use bins::FirstTimeOp;
pub(super) use csv::TransitionOp;
pub(crate) use each_group::{EachGroupOp, Results};
pub(super) use exchange::{ExchangeOp, GatherOp, SplitBy, SplitOp};
pub(super) use group_window::GroupWindowOp;
pub(super) use groups::{FinishOp, JoinStatesOp, Together};
pub(super) use join::{IndexOp, JoinOp, MatchedOp, UnmatchedOp};
pub(crate) use layout::SizeOp;
pub(super) use layout::{AfterOp, EndsOp, JoinPartsOp, PassOp, PieceOp, RangesOp, WithinOp};
pub(super) use map::MapOp;
pub(crate) use outline::OutlineOp;
pub(super) use quantile::{QuantilesOp, n_places};
pub(super) use rows::{BoundariesOp, LimitOp, TailOp, sample_schema};
pub(super) use scan::{JoinSeedsOp, ScanOp, SeedOp};
pub(super) use window::{Carried, EdgeOp, RankOp, StateOp, WindowOp};

use super::aggregate::AggregateSpec;
use super::best::BestSpec;
use super::bins::Bins;
use super::join::JoinSpec;
use super::node::SortSpec;
use crate::csv::QuoteState;
use crate::error::EvalError;
use crate::expr::Expr;
use crate::kernel::join::JoinIndex;
use crate::pack::pack;
use crate::schema::Schema;
use crate::source::{Piece, Source};
use crate::table::Table;

/// One thing done to a partition on its way.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Step {
    Project(Vec<(Arc<str>, Expr)>, Schema),
    Filter(Expr),
    Head(usize),
    Tail(usize),
    Sort(Arc<SortSpec>),
    /// The first rows in order.
    Top(Arc<SortSpec>, usize),
    /// Some rows of each group.
    Best(Arc<BestSpec>),
    /// Joins with the nearest rows.
    AsOf(AsOfJoin),
    /// The first time of a column.
    Least(Arc<str>),
    /// The names of bins in the place of times; the first time of all is the task's argument of this number.
    Bin(Arc<Bins>, usize),
    /// Bins without rows, put between the others; what they hold is the task's argument of this number.
    FillBins(Arc<Bins>, usize),
    /// Some of the keys of an order, as a table of this schema.
    Sample(Arc<SortSpec>, Schema),
    /// Joins with the index that is the task's argument of this number.
    Join(Arc<JoinSpec>, Schema, usize),
    /// Joins as the right side.
    JoinLeft(Arc<JoinSpec>, Schema, usize),
    /// Makes a row for each value of a list, or for each part of a text between separators.
    Explode(Arc<str>, Option<Arc<str>>, Schema),
    /// Keeps the rows whose random number, made of their number and a seed, is in a range.
    Random(Arc<str>, [f64; 2], u64),
    /// Aggregates into states.
    Partial(Arc<AggregateSpec>, Schema),
}

/// Where a stage takes its partition from.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum From {
    /// The table that is the first argument.
    Table,
    /// A piece of a file: the first argument; the second is the state of the quotes before it, if records
    /// may begin anywhere.
    Source { source: Arc<Source>, columns: Vec<usize>, states: bool },
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
            From::Table | From::Source { states: false, .. } => 1,
            From::Source { states: true, .. } => 2,
        }
    }
}

impl Op for StageOp {
    fn name(&self) -> Cow<'_, str> {
        let from = match &self.from {
            From::Table => None,
            From::Source { source, .. } => Some(source.label()),
        };
        let steps = self.steps.iter().map(|step| match **step {
            Step::Project(..) => "project",
            Step::Filter(_) => "filter",
            Step::Head(_) => "head",
            Step::Tail(_) => "tail",
            Step::Sort(_) => "sort",
            Step::Top(..) => "top",
            Step::Best(_) => "best",
            Step::Sample(..) => "sample",
            Step::AsOf(_) => "merge_asof",
            Step::Least(_) => "least",
            Step::Bin(..) => "bin",
            Step::FillBins(..) => "fill",
            Step::Join(..) | Step::JoinLeft(..) => "join",
            Step::Explode(..) => "explode",
            Step::Random(..) => "sample",
            Step::Partial(..) => "aggregate",
        });
        let mut names = from.into_iter().chain(steps).collect::<Vec<_>>();
        names.dedup();
        names.join("+").into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let (mut table, steps) = match &self.from {
            From::Table => (args.take::<Table>(0)?, &self.steps[..]),
            From::Source { source, columns, states } => {
                let state = if *states { *args.get::<QuoteState>(1)? } else { QuoteState::CellStart };
                // What is asked of the rows first may spare reading them.
                let conditions = self.steps.iter().map_while(|step| match &**step {
                    Step::Filter(condition) => Some(condition),
                    _ => None,
                });
                let conditions = conditions.collect::<Vec<_>>();
                let table = source.read(*args.get::<Piece>(0)?, state, columns, &conditions);
                (table.map_err(OpError::failed)?, &self.steps[conditions.len()..])
            }
        };
        for step in steps {
            table = match &**step {
                Step::Project(columns, schema) => project(&table, columns, schema),
                Step::Filter(condition) => condition.filter(&table),
                Step::Head(n) => Ok(table.slice(0, *n)),
                Step::Tail(n) => Ok(rows::tail(&table, *n)),
                Step::Sort(spec) => rows::sorted(spec, &table),
                Step::Top(spec, n) => rows::top(spec, &table, *n),
                Step::Best(spec) => spec.best(&table),
                Step::Sample(spec, schema) => rows::sample(spec, schema, &table),
                Step::AsOf(join) => Ok(join.join(&table, &args)?),
                Step::Least(column) => bins::least(column, &table),
                Step::Bin(bins, at) => bins::bin(bins, &table, *args.get::<i64>(*at)?),
                Step::FillBins(bins, at) => bins::fill(bins, &table, args.get::<Table>(*at)?),
                Step::Join(spec, schema, at) => join::join(spec, schema, &table, args.get::<JoinIndex>(*at)?),
                Step::JoinLeft(spec, schema, at) => {
                    join::join_left(spec, schema, &table, args.get::<JoinIndex>(*at)?)
                }
                Step::Explode(column, separator, schema) => {
                    reshape::explode(&table, column, separator.as_deref(), schema)
                }
                Step::Random(number, range, seed) => reshape::sample(&table, number, *range, *seed),
                Step::Partial(spec, schema) => aggregate::partial(spec, schema, &table),
            }
            .map_err(OpError::failed)?;
        }
        Ok(Value::sized(table))
    }

    fn is_producer(&self) -> bool {
        matches!(self.from, From::Source { .. })
    }

    fn output_nbytes(&self, args: &[Arg]) -> Option<u64> {
        match (&self.from, args.first()) {
            (From::Source { source, columns, .. }, Some(Arg::Value(piece))) => {
                Some(source.estimate(*piece.downcast_ref::<Piece>()?, columns))
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

/// Returns the partitions of an op's first argument, a list, as one table.
fn gathered(args: &Args<'_>, schema: &Schema) -> Result<Table, OpError> {
    let list = args.list(0)?;
    let tables = list.iter().map(|value| value.get::<Table>()).collect::<Result<Vec<_>, _>>();
    let tables = tables.map_err(OpError::failed)?;
    Table::concat(schema, &tables).map_err(OpError::failed)
}
