//! Group-by as tasks.

use std::sync::Arc;

use dask_graph::{Arg, Graph, Key, LayerInfo, Materialized, Name, Op, Task, Tokenizer};

use super::stage::Pending;
use super::{FAN_IN, Partitions};
use crate::plan::aggregate::AggregateSpec;
use crate::plan::ops::{MergeOp, Step};
use crate::schema::Schema;

/// Partial states by partition, merged in a tree.
pub(super) fn aggregate(
    spec: &Arc<AggregateSpec>,
    result: &Schema,
    input: Pending,
    info: &LayerInfo,
) -> Partitions {
    let states = spec.state_schema(result);
    let step = Step::Partial(Arc::clone(spec), states.clone());
    let partials = input.then(step, spec.token(), "aggregate", info).lowered();
    let token = Tokenizer::new("merge").feed(&partials.name).feed(&partials.n).finish();
    let merge = |result| -> Arc<dyn Op> {
        Arc::new(MergeOp { spec: Arc::clone(spec), states: states.clone(), result })
    };
    let inner = merge(None);
    let tree = Name::from_token("merge", token);
    let name = Name::from_token("group_by", token);
    let mut layer = Materialized::with_info(tree.clone(), info.clone());
    let mut level = partials.keys();
    // Values that are kept get no fewer on their way: they are put together once.
    let fan_in = if spec.keeps_values() { usize::MAX } else { FAN_IN };
    for depth in 0u32.. {
        if level.len() <= fan_in {
            break;
        }
        let merged = level.chunks(fan_in).zip(0u32..).map(|(keys, at)| {
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
