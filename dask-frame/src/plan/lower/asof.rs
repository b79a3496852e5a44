//! Joins with the nearest row as tasks.

use std::sync::Arc;

use dask_graph::{Arg, Graph, Key, LayerInfo, Materialized, Name, Task, Tokenizer};

use super::exchange::in_ranges;
use super::gather;
use super::sort::boundaries;
use super::stage::Pending;
use crate::plan::PlanNode;
use crate::plan::asof::AsOfSpec;
use crate::plan::node::SortSpec;
use crate::plan::ops::{AsOfIndexOp, AsOfJoin, AsOfRangesOp, Step};
use crate::plan::size::{SMALL_NBYTES, nbytes};
use crate::schema::Schema;

/// Each partition of the left side joined with the right side: that is gathered if it is known to be small, otherwise
/// exchanged by ranges of its key.
pub(super) fn asof(spec: &Arc<AsOfSpec>, node: &PlanNode, mut left: Pending, right: Pending) -> Pending {
    let (of_right, info) = (&node.inputs()[1], &node.info);
    let schema = of_right.schema();
    let is_small = right.n() == 1 || nbytes(of_right).is_some_and(|nbytes| nbytes <= SMALL_NBYTES);
    let right = match is_small {
        true => gathered(spec, schema, right, info),
        false => exchanged(spec, schema, right, info),
    };
    let at = left.from().n_args() + left.whole.len();
    let token =
        right.iter().fold(Tokenizer::new("asof").feed(&spec.token()), |token, (key, _)| token.feed(key));
    let token = token.finish();
    left.whole.extend(right);
    let (schema, right) = (node.schema().clone(), schema.clone());
    let join = AsOfJoin { spec: Arc::clone(spec), schema, right, at };
    left.then(Step::AsOf(join), token, "merge_asof", info)
}

/// The right side in memory, as an argument.
fn gathered(spec: &Arc<AsOfSpec>, schema: &Schema, right: Pending, info: &LayerInfo) -> Vec<(Key, Graph)> {
    let op = AsOfIndexOp { spec: Arc::clone(spec), schema: schema.clone() };
    let index = gather("index", spec.token(), Arc::new(op), &right.lowered(), info);
    vec![(index.key(0), index.graph)]
}

/// The right side in ranges, as arguments: in memory as a whole if there is room, or what was exchanged; the directory;
/// the boundaries.
fn exchanged(spec: &Arc<AsOfSpec>, schema: &Schema, right: Pending, info: &LayerInfo) -> Vec<(Key, Graph)> {
    let rows = right.lowered();
    let by = vec![Arc::clone(&spec.on.1)];
    let sort = Arc::new(SortSpec { by, descending: vec![false], nulls_first: false });
    let boundaries = boundaries(&sort, schema, &rows, info);
    let splits = in_ranges(&rows, spec, &boundaries, info);
    let token = Tokenizer::new("index").feed(&spec.token()).feed(&splits.all).finish();
    let index = Key::named(Name::from_token("index", token));
    let mut layer = Materialized::with_info(index.name().clone(), info.clone());
    let op = AsOfRangesOp { spec: Arc::clone(spec), schema: schema.clone() };
    layer.insert(index.clone(), Task::new(Arc::new(op), [Arg::key(splits.all)]));
    let graph = Graph::with_inputs(layer, [&splits.graph]);
    vec![(index, graph), (splits.open, splits.graph), (boundaries.key(0), boundaries.graph)]
}
