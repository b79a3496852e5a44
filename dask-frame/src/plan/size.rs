//! How large the result of a plan is, as far as can be told before it runs.

use std::collections::HashMap;

use dask_graph::Value;

use super::node::{PlanNode, PlanOp};
use super::{Plan, id, in_order};

/// A side of a join that takes no more than this is gathered in memory rather than exchanged.
pub(crate) const SMALL_NBYTES: u64 = 64 << 20;

/// Returns the bytes of all partitions, about; filters are taken to drop nothing.
pub(crate) fn nbytes(root: &Plan) -> Option<u64> {
    let mut sizes: HashMap<*const PlanNode, Option<u64>> = HashMap::new();
    for node in &in_order(root) {
        let size = {
            let input = |at: usize| sizes[&id(&node.inputs()[at])];
            match &node.op {
                PlanOp::Read { source, columns, filter } => Some(
                    source
                        .pieces_for(filter.as_ref())
                        .iter()
                        .map(|piece| source.estimate(*piece, columns))
                        .sum(),
                ),
                PlanOp::Tables { tables, .. } => Some(tables.iter().map(Value::nbytes).sum()),
                PlanOp::Project(columns) => {
                    let of = node.inputs()[0].schema().len().max(1) as u64;
                    input(0).map(|size| size / of * columns.len() as u64)
                }
                PlanOp::Filter(_)
                | PlanOp::Sort(_)
                | PlanOp::Best(_)
                | PlanOp::Layout(_)
                | PlanOp::Limit(_)
                | PlanOp::Top(..) => input(0),
                PlanOp::Concat | PlanOp::Interleave => (0..node.inputs().len()).map(input).sum(),
                _ => None,
            }
        };
        sizes.insert(id(node), size);
    }
    sizes[&id(root)]
}
