//! The oracle: a scheduler too simple to be wrong.

use crate::plan::{NodeId, Plan, Scratch};
use crate::scheduler::{RunError, RunOptions, Scheduler};
use crate::value::{List, Value};

/// Runs the nodes in order and keeps every result.
pub(super) struct Naive;

impl Scheduler for Naive {
    fn run(&self, plan: &Plan, _: &RunOptions) -> Result<Vec<Value>, RunError> {
        let mut done: Vec<Value> = Vec::new();
        let mut scratch = Scratch::default();
        for node in plan.nodes() {
            let value = plan.execute(node, &mut scratch, |of: NodeId, _| done[of.index()].clone());
            done.push(value.map_err(|error| RunError::of_task(plan, node, error))?);
        }
        Ok(plan.outputs().iter().map(|node| done[node.index()].clone()).collect())
    }
}

/// All numbers in a value, through lists, as bits: results are compared bit for bit.
pub(super) fn bits(value: &Value) -> Vec<u64> {
    if let Some(list) = value.downcast_ref::<List>() {
        return list.iter().flat_map(bits).collect();
    }
    if let Some(number) = value.downcast_ref::<f64>() {
        return vec![number.to_bits()];
    }
    if let Some(number) = value.downcast_ref::<u64>() {
        return vec![*number];
    }
    panic!("a result of type {} in a graph of numbers", value.type_name())
}
