//! The nodes of a plan.

use std::sync::Arc;

use dask_graph::{Graph, Key, LayerInfo, Op, Token, Tokenizer, Value};
use serde::{Deserialize, Serialize};

use super::Plan;
use super::aggregate::AggregateSpec;
use super::asof::AsOfSpec;
use super::best::BestSpec;
use super::bins::Bins;
use super::divisions::Index;
use super::join::{JoinColumn, JoinSpec, Side};
use super::layout::Layout;
use super::scan::ScanSpec;
use super::window::WindowSpec;
use crate::error::FrameError;
use crate::expr::Expr;
use crate::schema::{DataType, Field, Schema};
use crate::source::Source;

/// One operation of a plan, its inputs, and the columns it gives.
#[derive(Debug)]
pub(crate) struct PlanNode {
    pub(crate) op: PlanOp,
    inputs: Vec<Plan>,
    schema: Schema,
    /// Which column is the index, and what is known of it.
    pub(crate) index: Index,
    /// Where the user wrote it.
    pub(crate) info: LayerInfo,
}

#[derive(Clone, Debug)]
pub(crate) enum PlanOp {
    /// Some columns, by position, of files. Of what has no row that fulfils the filter nothing need be read.
    Read { source: Arc<Source>, columns: Vec<usize>, filter: Option<Expr> },
    /// Tables in memory, each in a value.
    Tables { tables: Arc<[Value]>, token: Token },
    /// Partitions that a graph computes.
    Graph { graph: Graph, keys: Vec<Key> },
    /// The given columns and no others.
    Project(Vec<(Arc<str>, Expr)>),
    /// All columns, and window functions of some.
    Window(Arc<WindowSpec>),
    /// What a function of the user makes of each partition.
    Map(Arc<MapSpec>),
    /// The rows for which the condition holds.
    Filter(Expr),
    /// A row a group.
    Aggregate(Arc<AggregateSpec>),
    /// All rows, with a column of values along the rows of each group.
    Scan(Arc<ScanSpec>),
    /// A row for each value of a list, or for each part of a text between separators.
    Explode { column: Arc<str>, separator: Option<Arc<str>> },
    /// The rows whose random number, made of their number and the seed, is in a range.
    Random { number: Arc<str>, range: [f64; 2], seed: u64 },
    /// Each row of the first input with the rows of the second that have its key.
    Join(Arc<JoinSpec>),
    /// All rows in order.
    Sort(Arc<SortSpec>),
    /// The first rows of all in order, in one partition.
    Top(Arc<SortSpec>, usize),
    /// Some rows of each group, of each partition by itself.
    Best(Arc<BestSpec>),
    /// The first rows, in one partition.
    Limit(usize),
    /// The partitions of all inputs, which have one schema.
    Concat,
    /// The rows that have a time, with the name of its bin in its place.
    Bin(Arc<Bins>),
    /// Groups by bin, and a row for each bin between them that has none: that of the second input.
    FillBins(Arc<Bins>),
    /// Each row of the first input with the nearest of the second.
    AsOf(Arc<AsOfSpec>),
    /// Partitions of one number of all inputs, which have one schema and one index, put together.
    Interleave,
    /// The same rows, somewhere else.
    Layout(Arc<Layout>),
}

/// A function of the user for whole partitions.
#[derive(Debug)]
pub(crate) struct MapSpec {
    /// Takes a table and gives a table.
    pub(crate) function: Arc<dyn Op>,
    /// The columns that it said it would give.
    pub(crate) schema: Schema,
    /// How many rows it sees before and behind the partition.
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) token: Token,
}

impl MapSpec {
    /// A function of each partition by itself, which is never known to do the same as another.
    pub(crate) fn of_partitions(function: Arc<dyn Op>, schema: Schema) -> Self {
        Self { function, schema, before: 0, after: 0, token: Token::unique() }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SortSpec {
    pub(crate) by: Vec<Arc<str>>,
    pub(crate) descending: Vec<bool>,
    pub(crate) nulls_first: bool,
}

impl SortSpec {
    pub(super) fn token(&self) -> Token {
        Tokenizer::new("sort").feed(&self.by).feed(&self.descending).feed(&self.nulls_first).finish()
    }
}

impl PlanNode {
    /// Makes a node, or says which of its expressions does not fit its input.
    pub(crate) fn new(op: PlanOp, inputs: Vec<Plan>, info: LayerInfo) -> Result<Plan, FrameError> {
        let schema = op.schema(&inputs)?;
        let index = Index::of(&op, &inputs);
        Ok(Arc::new(Self { op, inputs, schema, index, info }))
    }

    /// Makes a node of a plan that was checked before and is only being rearranged.
    pub(super) fn rearranged(op: PlanOp, inputs: Vec<Plan>, info: &LayerInfo) -> Plan {
        Self::new(op, inputs, info.clone()).expect("a rearranged plan fits together as the one written did")
    }

    /// Makes a source, whose columns nothing else tells.
    pub(crate) fn source(op: PlanOp, schema: Schema, info: LayerInfo) -> Plan {
        Self::source_with(op, schema, Index::default(), info)
    }

    /// Makes a source of which the index is known.
    pub(crate) fn source_with(op: PlanOp, schema: Schema, index: Index, info: LayerInfo) -> Plan {
        Arc::new(Self { op, inputs: Vec::new(), schema, index, info })
    }

    /// Takes some of the rows of an input, or puts them elsewhere, which is possible with any input.
    pub(crate) fn of_rows(op: PlanOp, input: Plan, info: LayerInfo) -> Plan {
        let schema = input.schema().clone();
        let inputs = vec![input];
        let index = Index::of(&op, &inputs);
        Arc::new(Self { op, inputs, schema, index, info })
    }

    pub(super) fn with_inputs(&self, inputs: Vec<Plan>) -> Plan {
        Self::rearranged(self.op.clone(), inputs, &self.info)
    }

    pub(crate) fn inputs(&self) -> &[Plan] {
        &self.inputs
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
    }
}

/// Long plans are chains; each node is dropped here rather than in the drop of the one above.
impl Drop for PlanNode {
    fn drop(&mut self) {
        let mut stack = std::mem::take(&mut self.inputs);
        while let Some(input) = stack.pop() {
            if let Some(mut node) = Arc::into_inner(input) {
                stack.append(&mut node.inputs);
            }
        }
    }
}

impl PlanOp {
    /// Returns the columns that the operation gives, from those of its inputs.
    fn schema(&self, inputs: &[Plan]) -> Result<Schema, FrameError> {
        match self {
            PlanOp::Read { source, columns, .. } => source.schema().select(source.names(columns)),
            PlanOp::Tables { .. } | PlanOp::Graph { .. } => {
                unreachable!("a source of partitions is made with its schema")
            }
            PlanOp::Project(columns) => typed(columns, inputs[0].schema()),
            PlanOp::Map(spec) => Ok(spec.schema.clone()),
            PlanOp::Window(spec) => spec.schema(inputs[0].schema()),
            PlanOp::Filter(condition) => {
                condition.expect_condition(inputs[0].schema())?;
                Ok(inputs[0].schema().clone())
            }
            PlanOp::Aggregate(spec) => {
                let keys = typed(&spec.keys, inputs[0].schema())?;
                let results = spec.aggregates.iter().zip(spec.outputs());
                let results = results.map(|((name, _), dtype)| Field::new(Arc::clone(name), dtype));
                Schema::new(keys.fields().iter().cloned().chain(results))
            }
            PlanOp::Scan(spec) => spec.schema(inputs[0].schema()),
            PlanOp::Explode { column, separator } => {
                exploded(column, separator.as_deref(), inputs[0].schema())
            }
            PlanOp::Random { number, .. } => {
                inputs[0].schema().field(number)?;
                Ok(inputs[0].schema().clone())
            }
            PlanOp::Join(spec) => joined(&spec.columns, inputs, |at| spec.on[at].2.clone()),
            PlanOp::AsOf(spec) => joined(&spec.columns, inputs, |_| spec.on.2.clone()),
            PlanOp::Sort(spec) | PlanOp::Top(spec, _) => {
                let in_order =
                    |name: &Arc<str>| inputs[0].schema().field(name)?.dtype().expect_key("sort_values", name);
                spec.by.iter().try_for_each(in_order)?;
                Ok(inputs[0].schema().clone())
            }
            PlanOp::Best(spec) => {
                let in_order =
                    |name: &Arc<str>| inputs[0].schema().field(name)?.dtype().expect_key("nlargest", name);
                spec.columns().try_for_each(in_order)?;
                Ok(inputs[0].schema().clone())
            }
            PlanOp::Limit(_) | PlanOp::Bin(_) | PlanOp::FillBins(_) => Ok(inputs[0].schema().clone()),
            PlanOp::Layout(layout) => {
                layout.columns().iter().try_for_each(|name| inputs[0].schema().field(name).map(drop))?;
                Ok(inputs[0].schema().clone())
            }
            PlanOp::Concat | PlanOp::Interleave => {
                let first = inputs[0].schema();
                match inputs.iter().position(|input| input.schema() != first) {
                    None => Ok(first.clone()),
                    Some(index) => {
                        let (got, expected) = (inputs[index].schema().to_string(), first.to_string());
                        Err(FrameError::SchemaMismatch { index, got, expected })
                    }
                }
            }
        }
    }
}

fn typed(columns: &[(Arc<str>, Expr)], schema: &Schema) -> Result<Schema, FrameError> {
    let field = |(name, expr): &(Arc<str>, Expr)| Ok(Field::new(Arc::clone(name), expr.dtype(schema)?));
    Schema::new(columns.iter().map(field).collect::<Result<Vec<_>, FrameError>>()?)
}

/// The columns where the values of lists, or the parts of texts, have rows of their own.
fn exploded(column: &str, separator: Option<&str>, schema: &Schema) -> Result<Schema, FrameError> {
    let operation = if separator.is_none() { "explode" } else { "explode_split" };
    let part = match (schema.field(column)?.dtype(), separator) {
        (DataType::Utf8, Some("")) => {
            let problem = "the separator is empty".into();
            return Err(FrameError::BadArgument { operation, problem });
        }
        (DataType::Utf8, Some(_)) => DataType::Utf8,
        (DataType::List(item), None) => DataType::clone(&item),
        (got, _) => {
            let expected = if separator.is_none() { "a list; `explode_split` cuts texts" } else { "Utf8" };
            return Err(FrameError::WrongType { operation, expr: column.to_owned(), got, expected });
        }
    };
    Schema::new(schema.fields().iter().map(|field| match field.name() == column {
        true => Field::new(field.shared_name(), part.clone()),
        false => field.clone(),
    }))
}

/// The columns of a join, of which `key` tells the types of keys.
fn joined(
    columns: &[JoinColumn],
    inputs: &[Plan],
    key: impl Fn(usize) -> DataType,
) -> Result<Schema, FrameError> {
    let field = |column: &JoinColumn| {
        let dtype = match &column.from {
            Side::Left(name) => inputs[0].schema().field(name)?.dtype(),
            Side::Right(name) => inputs[1].schema().field(name)?.dtype(),
            Side::Key(at) => key(*at),
            Side::Indicator => DataType::Utf8,
        };
        Ok(Field::new(Arc::clone(&column.name), dtype))
    };
    Schema::new(columns.iter().map(field).collect::<Result<Vec<_>, FrameError>>()?)
}
