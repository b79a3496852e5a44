//! The first rows of a sort, found without sorting the others.

use std::collections::HashMap;
use std::sync::Arc;

use super::node::{PlanNode, PlanOp};
use super::{Plan, id, in_order};

/// So many rows at most are found by partition and then put together in one.
const MOST_ROWS: usize = 1 << 20;

/// Returns the plan with the first rows of a sort taken from the first rows of each partition.
pub(super) fn first_of_sorted(root: &Plan) -> Plan {
    let mut new: HashMap<*const PlanNode, Plan> = HashMap::new();
    for node in &in_order(root) {
        let inputs = node.inputs().iter().map(|input| Arc::clone(&new[&id(input)])).collect::<Vec<_>>();
        let rebuilt = match (&node.op, inputs.first().map(|input| &input.op)) {
            (PlanOp::Limit(n), Some(PlanOp::Sort(spec))) if *n <= MOST_ROWS => {
                let op = PlanOp::Top(Arc::clone(spec), *n);
                PlanNode::rearranged(op, inputs[0].inputs().to_vec(), &node.info)
            }
            _ if node.inputs().iter().zip(&inputs).all(|(old, new)| Arc::ptr_eq(old, new)) => {
                Arc::clone(node)
            }
            _ => node.with_inputs(inputs),
        };
        new.insert(id(node), rebuilt);
    }
    Arc::clone(&new[&id(root)])
}
