//! Plans made to layers of tasks.
//!
//! Operations that take a partition and give a partition wait in a [`Pending`] stage until something needs
//! their result as it is: a gathering of partitions, a second consumer, the user. Then the stage becomes one
//! blockwise layer with one op. Aggregates become a tree of merges of fixed shape over the partial results,
//! so that the result does not depend on what finishes first.

mod aggregate;
mod asof;
mod bins;
mod exchange;
mod join;
mod layout;
mod map;
mod read;
mod scan;
mod sort;
mod stage;
mod whole;
mod window;

use std::collections::HashMap;
use std::sync::Arc;

use dask_graph::{
    Arg, Axis, Graph, Key, LayerInfo, Materialized, Name, Node, Op, Task, Token, Tokenizer, Value,
};

use super::node::{PlanNode, PlanOp};
use super::ops::{LimitOp, Step};
use super::{Plan, consumers, id, in_order, tokenized};
use stage::{Base, Pending};

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
        let mut stage = stage(node, inputs.collect());
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

/// Puts an operation on the stages of its inputs.
fn stage(node: &Plan, mut inputs: Vec<Pending>) -> Pending {
    let schema = node.schema().clone();
    match &node.op {
        PlanOp::Read { source, columns, filter } => {
            let label = source.label();
            let pieces = source.pieces_for(filter.as_ref());
            let source = source.filtered(filter.as_ref());
            let token = Tokenizer::new(label).feed(&*source).feed(&pieces).feed(columns).finish();
            let columns = columns.clone();
            let base = Base::Read { source, columns, pieces: pieces.into() };
            Pending::new(base, token, label, &node.info)
        }
        PlanOp::Tables { tables, token } => Pending::after(in_memory(tables, *token, &node.info)),
        PlanOp::Graph { graph, keys } => Pending::after(aliases("computed", keys, [graph], &node.info)),
        PlanOp::Project(columns) => {
            let token = tokenized("project", columns.iter().map(|(name, expr)| (name, expr)));
            let step = Step::Project(columns.clone(), schema);
            inputs.remove(0).then(step, token, "project", &node.info)
        }
        PlanOp::Map(spec) => map::map(spec, node.inputs()[0].schema(), inputs.remove(0), &node.info),
        PlanOp::Window(spec) => {
            window::window(spec, node.inputs()[0].schema(), &schema, inputs.remove(0), &node.info)
        }
        PlanOp::Filter(condition) => {
            let token = Tokenizer::new("filter").feed(condition).finish();
            inputs.remove(0).then(Step::Filter(condition.clone()), token, "filter", &node.info)
        }
        PlanOp::Limit(n) => {
            let n = *n;
            let token = Tokenizer::new("limit").feed(&n).finish();
            let heads = inputs.remove(0).then(Step::Head(n), token, "head", &node.info).lowered();
            Pending::after(gather(
                "limit",
                token,
                Arc::new(LimitOp { n, sort: None, schema }),
                &heads,
                &node.info,
            ))
        }
        PlanOp::Sort(spec) => sort::sort(spec, &schema, inputs.remove(0), &node.info),
        PlanOp::Top(spec, n) => sort::top(spec, *n, schema, inputs.remove(0), &node.info),
        PlanOp::Best(spec) => {
            inputs.remove(0).then(Step::Best(Arc::clone(spec)), spec.token(), "best", &node.info)
        }
        PlanOp::AsOf(spec) => {
            let right = inputs.remove(1);
            asof::asof(spec, node, inputs.remove(0), right)
        }
        PlanOp::Interleave => {
            let inputs = inputs.into_iter().map(Pending::lowered).collect::<Vec<_>>();
            Pending::after(layout::interleaved(&inputs, &schema, &node.info))
        }
        PlanOp::Bin(bins) => bins::bin(bins, inputs.remove(0), &node.info),
        PlanOp::FillBins(bins) => {
            let nothing = inputs.remove(1);
            bins::fill(bins, inputs.remove(0), nothing, &node.info)
        }
        PlanOp::Layout(layout) => layout::layout(layout, &schema, inputs.remove(0), &node.info),
        PlanOp::Aggregate(spec) => {
            let input = (node.inputs()[0].schema(), inputs.remove(0));
            aggregate::aggregate(spec, &schema, input, &node.info)
        }
        PlanOp::Explode { column, separator } => {
            let token = Tokenizer::new("explode").feed(column).feed(separator).finish();
            let step = Step::Explode(Arc::clone(column), separator.clone(), schema);
            inputs.remove(0).then(step, token, "explode", &node.info)
        }
        PlanOp::Random { number, range, seed } => {
            let token = Tokenizer::new("sample").feed(number).feed(&range.to_vec()).feed(seed).finish();
            let step = Step::Random(Arc::clone(number), *range, *seed);
            inputs.remove(0).then(step, token, "sample", &node.info)
        }
        PlanOp::Scan(spec) => {
            let input = (node.inputs()[0].schema(), schema);
            Pending::after(scan::scan(spec, input, &inputs.remove(0).lowered(), &node.info))
        }
        PlanOp::Join(spec) => {
            let right = inputs.remove(1);
            join::join(spec, node, inputs.remove(0), right)
        }
        PlanOp::Concat => {
            let inputs = inputs.into_iter().map(Pending::lowered).collect::<Vec<_>>();
            let keys = inputs.iter().flat_map(Partitions::keys).collect::<Vec<_>>();
            Pending::after(aliases("concat", &keys, inputs.iter().map(|input| &input.graph), &node.info))
        }
    }
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
