//! Joins with the nearest row as tasks.

use std::sync::Arc;

use super::gather;
use super::stage::Pending;
use crate::plan::Plan;
use crate::plan::asof::AsOfSpec;
use crate::plan::ops::{AsOfIndexOp, Step};

/// The right side gathered, each partition of the left joined with it.
pub(super) fn asof(spec: &Arc<AsOfSpec>, node: &Plan, mut left: Pending, right: Pending) -> Pending {
    let token = spec.token();
    let op = AsOfIndexOp { spec: Arc::clone(spec), schema: node.inputs()[1].schema().clone() };
    let index = gather("index", token, Arc::new(op), &right.lowered(), &node.info);
    let at = left.from().n_args() + left.whole.len();
    left.whole.push((index.key(0), index.graph.clone()));
    let token = dask_graph::Tokenizer::new("asof").feed(&token).feed(&index.name).finish();
    left.then(Step::AsOf(Arc::clone(spec), node.schema().clone(), at), token, "merge_asof", &node.info)
}
