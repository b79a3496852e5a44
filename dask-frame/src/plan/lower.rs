//! Plans made to layers of tasks.
//!
//! Operations that take a partition and give a partition wait in a [`Pending`] stage until something needs
//! their result as it is: a gathering of partitions, a second consumer, the user. Then the stage becomes one
//! blockwise layer with one op. Aggregates become a tree of merges of fixed shape over the partial results,
//! so that the result does not depend on what finishes first.

use std::collections::HashMap;
use std::sync::Arc;

use dask_graph::{
    Arg, Axis, Blockwise, Graph, Key, LayerInfo, Materialized, Name, Node, Op, Task, Token, Tokenize,
    Tokenizer, Value, try_named_op,
};

use super::node::{AggregateSpec, JoinSpec, PlanNode, PlanOp, Side};
use super::ops::{
    From, IndexOp, LimitOp, MatchedOp, MergeOp, SortOp, StageOp, Step, TransitionOp, UnmatchedOp,
};
use super::{Plan, consumers, id, in_order};
use crate::csv::{CsvSource, QuoteState, Transition};
use crate::schema::Schema;

/// How many partial results are merged at once: few enough that a merge is small beside its inputs' making.
const FAN_IN: usize = 8;

const ROWS: Axis = Axis(0);

/// A frame as tasks.
#[derive(Clone, Debug)]
pub(crate) struct Lowered {
    pub(crate) graph: Graph,
    pub(crate) keys: Vec<Key>,
}

/// Lowers a plan.
pub(crate) fn lower(root: &Plan) -> Lowered {
    let order = in_order(root);
    let consumers = consumers(&order);
    let mut pending: HashMap<*const PlanNode, Pending> = HashMap::new();
    for node in &order {
        // What has one consumer is taken by it; copying a stage at every step would cost their square.
        let take = |input: &Plan| match consumers[&id(input)] {
            1 => pending.remove(&id(input)),
            _ => pending.get(&id(input)).cloned(),
        };
        let inputs = node.inputs().iter().map(take).map(|input| input.expect("inputs come first in order"));
        let mut stage = Pending::of(node, inputs.collect());
        if consumers.get(&id(node)).is_some_and(|&n| n > 1) {
            stage = Pending::after(stage.lowered());
        }
        pending.insert(id(node), stage);
    }
    let lowered = pending.remove(&id(root)).expect("the root comes last in its order").lowered();
    Lowered { keys: lowered.keys(), graph: lowered.graph }
}

/// Partitions `0..n` of one name.
#[derive(Clone)]
struct Partitions {
    graph: Graph,
    name: Name,
    n: u32,
}

impl Partitions {
    fn key(&self, at: u32) -> Key {
        Key::new(&self.name, &[at])
    }

    fn keys(&self) -> Vec<Key> {
        (0..self.n).map(|at| self.key(at)).collect()
    }

    fn list(&self) -> Arg {
        Arg::list(self.keys())
    }
}

/// A partition-wise stage that may still grow.
#[derive(Clone)]
struct Pending {
    base: Base,
    steps: Vec<Arc<Step>>,
    /// What every task takes besides its partition.
    whole: Vec<(Key, Graph)>,
    token: Token,
    label: &'static str,
    info: LayerInfo,
    stands_for: Vec<Name>,
}

#[derive(Clone)]
enum Base {
    Read { source: Arc<CsvSource>, columns: Vec<usize> },
    Layer(Partitions),
}

impl Pending {
    fn of(node: &Plan, mut inputs: Vec<Pending>) -> Self {
        let schema = node.schema().clone();
        match &node.op {
            PlanOp::Read { source, columns } => {
                let token = Tokenizer::new("read_csv").feed(&**source).feed(columns).finish();
                let base = Base::Read { source: Arc::clone(source), columns: columns.clone() };
                Self::new(base, token, "read_csv", &node.info)
            }
            PlanOp::Tables { tables, token } => Self::after(in_memory(tables, *token, &node.info)),
            PlanOp::Graph { graph, keys } => Self::after(aliases("computed", keys, [graph], &node.info)),
            PlanOp::Project(columns) => {
                let token = tokenized("project", columns.iter().map(|(name, expr)| (name, expr)));
                let step = Step::Project(columns.clone(), schema);
                inputs.remove(0).then(step, token, "project", &node.info)
            }
            PlanOp::Filter(condition) => {
                let token = Tokenizer::new("filter").feed(condition).finish();
                inputs.remove(0).then(Step::Filter(condition.clone()), token, "filter", &node.info)
            }
            PlanOp::Limit(n) => {
                let n = *n;
                let token = Tokenizer::new("limit").feed(&n).finish();
                let heads = inputs.remove(0).then(Step::Head(n), token, "head", &node.info).lowered();
                Self::after(gather("limit", token, Arc::new(LimitOp { n, schema }), &heads, &node.info))
            }
            PlanOp::Sort(spec) => {
                let rows = inputs.remove(0).lowered();
                let token = Tokenizer::new("sort")
                    .feed(&spec.by)
                    .feed(&spec.descending)
                    .feed(&spec.nulls_first)
                    .finish();
                let op = SortOp { spec: Arc::clone(spec), schema };
                Self::after(gather("sort", token, Arc::new(op), &rows, &node.info))
            }
            PlanOp::Aggregate(spec) => Self::after(aggregate(spec, &schema, inputs.remove(0), &node.info)),
            PlanOp::Join(spec) => {
                let right = inputs.remove(1).lowered();
                let right_schema = node.inputs()[1].schema().clone();
                join(spec, schema, inputs.remove(0), &right, right_schema, &node.info)
            }
            PlanOp::Concat => {
                let inputs = inputs.into_iter().map(Pending::lowered).collect::<Vec<_>>();
                let keys = inputs.iter().flat_map(Partitions::keys).collect::<Vec<_>>();
                Self::after(aliases("concat", &keys, inputs.iter().map(|input| &input.graph), &node.info))
            }
        }
    }

    fn new(base: Base, token: Token, label: &'static str, info: &LayerInfo) -> Self {
        let info = info.clone();
        Self { base, steps: Vec::new(), whole: Vec::new(), token, label, info, stands_for: Vec::new() }
    }

    /// A stage over partitions that are tasks already, with nothing to do yet.
    fn after(partitions: Partitions) -> Self {
        let token = Tokenizer::new("partitions").feed(&partitions.name).feed(&partitions.n).finish();
        Self::new(Base::Layer(partitions), token, "partitions", &LayerInfo::default())
    }

    /// Adds a step.
    fn then(mut self, step: Step, token: Token, label: &'static str, info: &LayerInfo) -> Self {
        if !self.is_empty() {
            self.stands_for.push(Name::from_token(self.label, self.token));
        }
        self.steps.push(Arc::new(step));
        self.token = Tokenizer::new(label).feed(&self.token).feed(&token).finish();
        self.label = label;
        self.info = info.clone();
        self
    }

    fn is_empty(&self) -> bool {
        self.steps.is_empty() && matches!(self.base, Base::Layer(_))
    }

    fn n(&self) -> u32 {
        match &self.base {
            Base::Read { source, .. } => source.blocks.len() as u32,
            Base::Layer(partitions) => partitions.n,
        }
    }

    /// Returns what the tasks take first.
    fn from(&self) -> From {
        match &self.base {
            Base::Read { source, columns } => {
                let states = source.needs_states();
                From::Csv { source: Arc::clone(source), columns: columns.clone(), states }
            }
            Base::Layer(_) => From::Table,
        }
    }

    /// Makes the stage a layer.
    fn lowered(self) -> Partitions {
        if let (true, Base::Layer(partitions)) = (self.is_empty(), &self.base) {
            return partitions.clone();
        }
        let n = self.n();
        let name = Name::from_token(self.label, self.token);
        let from = self.from();
        let states = match &self.base {
            Base::Read { source, .. } if from.n_args() == 2 => Some(quote_states(source, &self.info)),
            _ => None,
        };
        let op = StageOp { from, steps: self.steps };
        let mut layer = Blockwise::builder(name.clone(), Arc::new(op), &[(ROWS, n)]);
        let mut graphs = Vec::new();
        match &self.base {
            Base::Read { source, .. } => {
                let source = Arc::clone(source);
                layer =
                    layer.per_block(&[(ROWS, n)], move |index| Value::new(source.blocks[index[0] as usize]));
            }
            Base::Layer(partitions) => {
                layer = layer.blocks(partitions.name.clone(), &[(ROWS, n)]);
                graphs.push(&partitions.graph);
            }
        }
        if let Some(states) = &states {
            layer = layer.blocks(states.name.clone(), &[(ROWS, n)]);
            graphs.push(&states.graph);
        }
        for (key, graph) in &self.whole {
            layer = layer.whole(key.clone());
            graphs.push(graph);
        }
        let mut info = self.info.clone();
        if !self.stands_for.is_empty() {
            info.stands_for = self.stands_for.iter().cloned().chain([name.clone()]).collect();
        }
        let layer =
            layer.info(info).build().expect("a stage has one axis, and all its arguments have it or none");
        Partitions { graph: Graph::with_inputs(layer, graphs), name, n }
    }
}

fn tokenized<'a, T: Tokenize + 'a>(label: &str, parts: impl Iterator<Item = T>) -> Token {
    parts.fold(Tokenizer::new(label), |tokenizer, part| tokenizer.feed(&part)).finish()
}

/// A layer of one task that takes all partitions as a list.
fn gather(label: &str, token: Token, op: Arc<dyn Op>, of: &Partitions, info: &LayerInfo) -> Partitions {
    let token = Tokenizer::new(label).feed(&token).feed(&of.name).feed(&of.n).finish();
    let name = Name::from_token(label, token);
    let mut layer = Materialized::with_info(name.clone(), info.clone());
    layer.insert(Key::new(&name, &[0]), Task::new(op, [of.list()]));
    Partitions { graph: Graph::with_inputs(layer, [&of.graph]), name, n: 1 }
}

fn in_memory(tables: &[Value], token: Token, info: &LayerInfo) -> Partitions {
    let name = Name::from_token("tables", token);
    let mut layer = Materialized::with_info(name.clone(), info.clone());
    for (at, table) in tables.iter().enumerate() {
        layer.insert(Key::new(&name, &[at as u32]), Node::from(table.clone()));
    }
    Partitions { graph: Graph::from_layer(layer), name, n: tables.len() as u32 }
}

/// Partitions of several names under one.
fn aliases<'a>(
    label: &str,
    keys: &[Key],
    graphs: impl IntoIterator<Item = &'a Graph>,
    info: &LayerInfo,
) -> Partitions {
    let name = Name::from_token(label, tokenized(label, keys.iter()));
    let mut layer = Materialized::with_info(name.clone(), info.clone());
    for (at, key) in keys.iter().enumerate() {
        layer.insert(Key::new(&name, &[at as u32]), Node::Alias(key.clone()));
    }
    Partitions { graph: Graph::with_inputs(layer, graphs), name, n: keys.len() as u32 }
}

/// The state of the quotes before each block: a chain of small tasks over one scan a block.
fn quote_states(source: &Arc<CsvSource>, info: &LayerInfo) -> Partitions {
    let n = source.blocks.len() as u32;
    let token = Tokenizer::new("quotes").feed(&**source).finish();
    let scans = Name::from_token("scan-quotes", token);
    let blocks = Arc::clone(source);
    let scan = Blockwise::builder(scans.clone(), Arc::new(TransitionOp(Arc::clone(source))), &[(ROWS, n)])
        .per_block(&[(ROWS, n)], move |index| Value::new(blocks.blocks[index[0] as usize]))
        .info(info.clone())
        .build()
        .expect("one axis, the same everywhere");
    let next = try_named_op("quote-state", |state: &QuoteState, transition: &Transition| {
        Ok::<_, std::convert::Infallible>(transition.apply(*state))
    });
    let name = Name::from_token("quote-state", token);
    let mut layer = Materialized::with_info(name.clone(), info.clone());
    for (at, block) in (0..n).zip(&source.blocks) {
        let node = match block.number {
            0 => Node::data(QuoteState::CellStart),
            _ => {
                let before = [Key::new(&name, &[at - 1]), Key::new(&scans, &[at - 1])];
                Task::new(Arc::clone(&next), before.map(Arg::key)).into()
            }
        };
        layer.insert(Key::new(&name, &[at]), node);
    }
    Partitions { graph: Graph::with_inputs(layer, [&Graph::from_layer(scan)]), name, n }
}

/// Partial states by partition, merged in a tree.
fn aggregate(spec: &Arc<AggregateSpec>, result: &Schema, input: Pending, info: &LayerInfo) -> Partitions {
    let keys = tokenized("keys", spec.keys.iter().map(|(name, expr)| (name, expr)));
    let aggregates =
        tokenized("aggregates", spec.aggregates.iter().map(|(name, aggregate)| (name, aggregate)));
    let options = (spec.drop_nulls, spec.sort);
    let token = Tokenizer::new("group_by").feed(&keys).feed(&aggregates).feed(&options).finish();
    let states = spec.state_schema(result);
    let step = Step::Partial(Arc::clone(spec), states.clone());
    let partials = input.then(step, token, "aggregate", info).lowered();
    let token = Tokenizer::new("merge").feed(&partials.name).feed(&partials.n).finish();
    let merge = |result| -> Arc<dyn Op> {
        Arc::new(MergeOp { spec: Arc::clone(spec), states: states.clone(), result })
    };
    let inner = merge(None);
    let tree = Name::from_token("merge", token);
    let name = Name::from_token("group_by", token);
    let mut layer = Materialized::with_info(tree.clone(), info.clone());
    let mut level = partials.keys();
    for depth in 0u32.. {
        if level.len() <= FAN_IN {
            break;
        }
        let merged = level.chunks(FAN_IN).zip(0u32..).map(|(keys, at)| {
            let key = Key::new(&tree, &[depth, at]);
            layer.insert(key.clone(), Task::new(Arc::clone(&inner), [Arg::list(keys.to_vec())]));
            key
        });
        level = merged.collect();
    }
    let mut last = Materialized::with_info(name.clone(), info.clone());
    last.insert(Key::new(&name, &[0]), Task::new(merge(Some(result.clone())), [Arg::list(level)]));
    let merges = Graph::with_inputs(layer, [&partials.graph]);
    Partitions { graph: Graph::with_inputs(last, [&merges, &partials.graph]), name, n: 1 }
}

/// The right side indexed once, every partition of the left joined with it; what the right side keeps
/// without partner comes as one more partition.
fn join(
    spec: &Arc<JoinSpec>,
    schema: Schema,
    left: Pending,
    right: &Partitions,
    right_schema: Schema,
    info: &LayerInfo,
) -> Pending {
    let on = tokenized("on", spec.on.iter().map(|(left, right, dtype)| (left, right, *dtype)));
    let columns = tokenized(
        "columns",
        spec.columns.iter().map(|column| {
            let (side, from) = match &column.from {
                Side::Left(name) => (0, name.to_string()),
                Side::Right(name) => (1, name.to_string()),
                Side::Key(at) => (2, at.to_string()),
            };
            (column.name.to_string(), side, from)
        }),
    );
    let index_op = IndexOp { spec: Arc::clone(spec), schema: right_schema };
    let index = gather("index", on, Arc::new(index_op), right, info);
    let parts = Tokenizer::new("join").feed(&on).feed(&columns).feed(&spec.keep.to_vec());
    let token = parts.feed(&index.name).finish();
    let join_with_index = |mut left: Pending| {
        let at = left.from().n_args() + left.whole.len();
        left.whole.push((index.key(0), index.graph.clone()));
        left.then(Step::Join(Arc::clone(spec), schema.clone(), at), token, "join", info)
    };
    if !spec.keep[1] {
        return join_with_index(left);
    }
    let left = left.lowered();
    let joined = join_with_index(Pending::after(left.clone())).lowered();
    let matched = Name::from_token(
        "match",
        Tokenizer::new("match").feed(&on).feed(&left.name).feed(&index.name).finish(),
    );
    let layer = Blockwise::builder(matched.clone(), Arc::new(MatchedOp(Arc::clone(spec))), &[(ROWS, left.n)])
        .blocks(left.name.clone(), &[(ROWS, left.n)])
        .whole(index.key(0))
        .info(info.clone())
        .build()
        .expect("one axis, the same everywhere");
    let graph = Graph::with_inputs(layer, [&left.graph, &index.graph]);
    let matched = Partitions { graph, name: matched, n: left.n };
    let name = Name::from_token("unmatched", Tokenizer::new("unmatched").feed(&joined.name).finish());
    let mut layer = Materialized::with_info(name.clone(), info.clone());
    let op = UnmatchedOp { spec: Arc::clone(spec), schema };
    layer.insert(Key::new(&name, &[0]), Task::new(Arc::new(op), [matched.list(), Arg::key(index.key(0))]));
    let unmatched =
        Partitions { graph: Graph::with_inputs(layer, [&matched.graph, &index.graph]), name, n: 1 };
    let keys = joined.keys().into_iter().chain(unmatched.keys()).collect::<Vec<_>>();
    Pending::after(aliases("join", &keys, [&joined.graph, &unmatched.graph], info))
}
