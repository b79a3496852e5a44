//! Joins as tasks.

use std::sync::Arc;

use dask_graph::{Arg, Blockwise, Graph, Key, LayerInfo, Materialized, Name, Task, Tokenizer};

use super::exchange::both_by_hash;
use super::stage::Pending;
use super::{Partitions, ROWS, aliases, gather};
use crate::plan::Plan;
use crate::plan::join::{Algorithm, JoinSpec};
use crate::plan::ops::{IndexOp, JoinOp, MatchedOp, Step, UnmatchedOp};
use crate::schema::Schema;

/// Joins two inputs of `node`.
pub(super) fn join(spec: &Arc<JoinSpec>, node: &Plan, left: Pending, right: Pending) -> Pending {
    let schemas = [0, 1].map(|side: usize| node.inputs()[side].schema());
    let (schema, info) = (node.schema(), &node.info);
    match spec.algorithm {
        Algorithm::BroadcastRight => with_right_in_memory(spec, schema, schemas, left, right, info),
        Algorithm::BroadcastLeft => {
            let index = index(spec, 0, schemas[0], &left.lowered(), info);
            let step = |at| Step::JoinLeft(Arc::clone(spec), schema.clone(), at);
            with_index(spec, step, right, &index, info)
        }
        Algorithm::Shuffle(n) => {
            let (left, right) = (left.lowered(), right.lowered());
            let sides = [(&left, spec.keys(0), schemas[0]), (&right, spec.keys(1), schemas[1])];
            let [left, right] = both_by_hash(sides, n, info);
            Pending::after(pair_by_pair(spec, schema, &left, &right, info))
        }
        Algorithm::Aligned => {
            Pending::after(pair_by_pair(spec, schema, &left.lowered(), &right.lowered(), info))
        }
    }
}

/// All partitions of a side, indexed.
fn index(
    spec: &Arc<JoinSpec>,
    side: usize,
    schema: &Schema,
    rows: &Partitions,
    info: &LayerInfo,
) -> Partitions {
    let op = IndexOp { spec: Arc::clone(spec), side, schema: schema.clone() };
    let keys = spec.keys(side);
    let keys =
        keys.iter().fold(Tokenizer::new("keys"), |token, (name, dtype)| token.feed(&**name).feed(dtype));
    gather("index", keys.finish(), Arc::new(op), rows, info)
}

fn with_index(
    spec: &Arc<JoinSpec>,
    step: impl Fn(usize) -> Step,
    mut rows: Pending,
    index: &Partitions,
    info: &LayerInfo,
) -> Pending {
    let at = rows.from().n_args() + rows.whole.len();
    rows.whole.push((index.key(0), index.graph.clone()));
    let token = Tokenizer::new("join").feed(&spec.token()).feed(&index.name).finish();
    rows.then(step(at), token, "join", info)
}

/// Every partition of the left side is joined with the right side; what the right side keeps without partner comes as
/// one more partition.
fn with_right_in_memory(
    spec: &Arc<JoinSpec>,
    schema: &Schema,
    schemas: [&Schema; 2],
    left: Pending,
    right: Pending,
    info: &LayerInfo,
) -> Pending {
    let index = index(spec, 1, schemas[1], &right.lowered(), info);
    let step = |at| Step::Join(Arc::clone(spec), schema.clone(), at);
    if !spec.how.keeps_right() {
        return with_index(spec, step, left, &index, info);
    }
    let left = left.lowered();
    let joined = with_index(spec, step, Pending::after(left.clone()), &index, info).lowered();
    let token = Tokenizer::new("match").feed(&spec.token()).feed(&left.name).feed(&index.name).finish();
    let matched = Name::from_token("match", token);
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
    let op = UnmatchedOp { spec: Arc::clone(spec), left: schemas[0].clone(), schema: schema.clone() };
    layer.insert(Key::new(&name, &[0]), Task::new(Arc::new(op), [matched.list(), Arg::key(index.key(0))]));
    let unmatched =
        Partitions { graph: Graph::with_inputs(layer, [&matched.graph, &index.graph]), name, n: 1 };
    let keys = joined.keys().into_iter().chain(unmatched.keys()).collect::<Vec<_>>();
    Pending::after(aliases("join", &keys, [&joined.graph, &unmatched.graph], info))
}

/// Partitions of one number joined.
fn pair_by_pair(
    spec: &Arc<JoinSpec>,
    schema: &Schema,
    left: &Partitions,
    right: &Partitions,
    info: &LayerInfo,
) -> Partitions {
    let token = Tokenizer::new("join").feed(&spec.token()).feed(&left.name).feed(&right.name).finish();
    let name = Name::from_token("join", token);
    let axis = [(ROWS, left.n)];
    let op = JoinOp { spec: Arc::clone(spec), schema: schema.clone() };
    let layer = Blockwise::builder(name.clone(), Arc::new(op), &axis)
        .blocks(left.name.clone(), &axis)
        .blocks(right.name.clone(), &axis)
        .info(info.clone())
        .build()
        .expect("both sides have as many partitions");
    Partitions { graph: Graph::with_inputs(layer, [&left.graph, &right.graph]), name, n: left.n }
}
