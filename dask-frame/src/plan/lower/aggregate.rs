//! Group-by as tasks.

use std::sync::Arc;

use dask_graph::{Arg, Blockwise, Graph, Key, LayerInfo, Materialized, Name, Op, Task, Tokenizer, Value};
use dask_graph_shuffle::open_task;

use super::stage::Pending;
use super::{FAN_IN, Partitions, ROWS, gather, whole};
use crate::plan::aggregate::AggregateSpec;
use crate::plan::node::SortSpec;
use crate::plan::ops::{FinishOp, JoinStatesOp, LimitOp, MergeOp, Step, Together};
use crate::schema::Schema;

/// Partial states by partition, brought together.
///
/// A frame as a whole, and one of a single partition, gives states that are merged in a tree; those of a whole frame that
/// would hold its values go [by way of these](whole). Others give states that are merged in a tree as long as they are
/// few; those that are many are exchanged by the hash of their keys, and finished part by part. Groups that are to come
/// in order are put together in the end.
pub(super) fn aggregate(
    spec: &Arc<AggregateSpec>,
    result: &Schema,
    (schema, input): (&Schema, Pending),
    info: &LayerInfo,
) -> Pending {
    if spec.keys.is_empty() && input.n() > 1 && spec.states().any(|at| whole::goes_by_values(spec, at)) {
        return Pending::after(whole::whole(spec, schema, result, &input.lowered(), info));
    }
    let states = spec.state_schema(result);
    let step = Step::Partial(Arc::clone(spec), states.clone());
    let partials = input.then(step, spec.token(), "aggregate", info).lowered();
    // Which groups no row has is seen where all are.
    if spec.keys.is_empty() || partials.n == 1 || !spec.observed {
        return Pending::after(tree(spec, result, &states, &partials, info));
    }
    let finished = parts(spec, result, states, &partials, info);
    if !spec.sort {
        return Pending::after(finished);
    }
    let by = result.names().take(spec.keys.len()).map(Arc::from).collect::<Vec<_>>();
    let sort = SortSpec { descending: vec![false; by.len()], by, nulls_first: false };
    let token = sort.token();
    let all = LimitOp { n: usize::MAX, sort: Some(Arc::new(sort)), schema: result.clone() };
    Pending::after(gather("sorted-groups", token, Arc::new(all), &finished, info))
}

fn tree(
    spec: &Arc<AggregateSpec>,
    result: &Schema,
    states: &Schema,
    partials: &Partitions,
    info: &LayerInfo,
) -> Partitions {
    let token = Tokenizer::new("merge").feed(&partials.name).feed(&partials.n).finish();
    let merge = |result| -> Arc<dyn Op> {
        Arc::new(MergeOp { spec: Arc::clone(spec), states: states.clone(), result })
    };
    let inner = merge(None);
    let tree = Name::from_token("merge", token);
    let name = Name::from_token("group_by", token);
    let mut layer = Materialized::with_info(tree.clone(), info.clone());
    // Values that are kept get no fewer on their way: they are put together once.
    let fan_in = if spec.keeps_values() { usize::MAX } else { FAN_IN };
    let level = levels(&mut layer, &tree, partials.keys(), fan_in, |keys| {
        Task::new(Arc::clone(&inner), [Arg::list(keys)])
    });
    let mut last = Materialized::with_info(name.clone(), info.clone());
    last.insert(Key::new(&name, &[0]), Task::new(merge(Some(result.clone())), [Arg::list(level)]));
    let merges = Graph::with_inputs(layer, [&partials.graph]);
    Partitions { graph: Graph::with_inputs(last, [&merges, &partials.graph]), name, n: 1 }
}

/// Makes tasks of `fan_in` keys each, and again of these, until one task can take all; returns those.
fn levels(
    layer: &mut Materialized,
    name: &Name,
    mut level: Vec<Key>,
    fan_in: usize,
    task: impl Fn(Vec<Key>) -> Task,
) -> Vec<Key> {
    for depth in 0u32.. {
        if level.len() <= fan_in {
            break;
        }
        let merged = level.chunks(fan_in).zip(0u32..).map(|(keys, at)| {
            let key = Key::new(name, &[depth, at]);
            layer.insert(key.clone(), task(keys.to_vec()));
            key
        });
        level = merged.collect();
    }
    level
}

fn parts(
    spec: &Arc<AggregateSpec>,
    result: &Schema,
    states: Schema,
    partials: &Partitions,
    info: &LayerInfo,
) -> Partitions {
    let token = Tokenizer::new("groups").feed(&partials.name).feed(&partials.n).finish();
    // Enough for many threads, and no larger than a few partitions each.
    let n = partials.n.min(16).max(partials.n / 4);
    let together = Arc::new(Together { spec: Arc::clone(spec), states, n });
    let name = |label: &str| Name::from_token(label, token);
    let open = name("open");
    let opened = open_task(&open);
    let join: Arc<dyn Op> = Arc::new(JoinStatesOp(Arc::clone(&together)));
    let take = |keys: Vec<Key>| Task::new(Arc::clone(&join), [Arg::list(keys), Arg::key(Key::named(&open))]);
    // Each partition decides for itself before it meets others.
    let own = name("states");
    let mut layer = Materialized::with_info(own.clone(), info.clone());
    let keys = partials.keys().into_iter().zip(0u32..).map(|(partial, at)| {
        let key = Key::new(&own, &[at]);
        layer.insert(key.clone(), take(vec![partial]));
        key
    });
    let keys = keys.collect::<Vec<_>>();
    let graph = Graph::with_inputs(layer, [&partials.graph, &opened]);
    let tree = name("merge");
    let mut layer = Materialized::with_info(tree.clone(), info.clone());
    let level = levels(&mut layer, &tree, keys, FAN_IN, take);
    let graph = Graph::with_inputs(layer, [&graph, &opened]);
    let all = name("groups");
    let mut layer = Materialized::with_info(all.clone(), info.clone());
    layer.insert(Key::named(&all), take(level));
    let graph = Graph::with_inputs(layer, [&graph, &opened]);
    let finish = FinishOp { together, result: result.clone() };
    let finish = Blockwise::builder(name("group_by"), Arc::new(finish), &[(ROWS, n)])
        .whole(Key::named(&all))
        .whole(Key::named(&open))
        .per_block(&[(ROWS, n)], |index| Value::new(index[0]))
        .info(info.clone())
        .build()
        .expect("one axis, the same everywhere");
    Partitions { graph: Graph::with_inputs(finish, [&graph, &opened]), name: name("group_by"), n }
}
