//! Joins as tasks.

use std::sync::Arc;

use dask_graph::{Arg, Blockwise, Graph, Key, LayerInfo, Materialized, Name, Task, Tokenizer};

use super::stage::Pending;
use super::{Partitions, ROWS, aliases, gather, tokenized};
use crate::plan::node::{JoinSpec, Side};
use crate::plan::ops::{IndexOp, MatchedOp, Step, UnmatchedOp};
use crate::schema::Schema;

/// The right side indexed once, every partition of the left joined with it; what the right side keeps
/// without partner comes as one more partition.
pub(super) fn join(
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
