//! Where the results are that are alive: in memory, or, under a memory limit, also on disk.

use dask_graph::{NodeId, Plan, RunError, Value, Watch};
use dask_sched_spill::Results as Limited;

/// The results of one run.
///
/// A trait, and not a choice at each step, so that who sets no limit pays for none.
pub(crate) trait Results {
    /// Prepares what a node takes.
    fn begin(&mut self, _node: NodeId, _watch: &Watch<'_>) -> Result<(), RunError> {
        Ok(())
    }

    /// Takes a result; in the last place of a task once: the value itself (and true) if it is the last time, a
    /// share of it otherwise.
    fn take(&mut self, node: NodeId, is_last_place: bool) -> (Value, bool);

    fn put(&mut self, node: NodeId, value: Value);

    /// Lets go of what a node has taken.
    fn end(&mut self, _node: NodeId, _watch: &Watch<'_>) -> Result<(), RunError> {
        Ok(())
    }

    /// The results that were asked for, when all have been made.
    fn outputs(&mut self, plan: &Plan, watch: &Watch<'_>) -> Result<Vec<Value>, RunError>;
}

/// All in memory, each with the number of times it will still be taken.
pub(crate) struct InMemory(Vec<(Option<Value>, u32)>);

impl InMemory {
    pub(crate) fn new(plan: &Plan) -> Self {
        InMemory(plan.nodes().map(|node| (None, plan.uses(node))).collect())
    }

    fn share(&self, node: NodeId) -> Value {
        let value = self.0[node.index()].0.clone();
        value.unwrap_or_else(|| unreachable!("{node:?} is needed before it was made"))
    }
}

impl Results for InMemory {
    fn take(&mut self, node: NodeId, is_last_place: bool) -> (Value, bool) {
        if !is_last_place {
            return (self.share(node), false);
        }
        let (_, uses) = &mut self.0[node.index()];
        *uses -= 1;
        if *uses > 0 {
            return (self.share(node), false);
        }
        let value = self.0[node.index()].0.take();
        (value.unwrap_or_else(|| unreachable!("{node:?} is needed before it was made")), true)
    }

    fn put(&mut self, node: NodeId, value: Value) {
        self.0[node.index()].0 = Some(value);
    }

    fn outputs(&mut self, plan: &Plan, _: &Watch<'_>) -> Result<Vec<Value>, RunError> {
        Ok(plan.outputs().iter().map(|&node| self.share(node)).collect())
    }
}

impl Results for Limited<'_> {
    fn begin(&mut self, node: NodeId, watch: &Watch<'_>) -> Result<(), RunError> {
        Limited::begin(self, node, watch)
    }

    fn take(&mut self, node: NodeId, is_last_place: bool) -> (Value, bool) {
        Limited::take(self, node, is_last_place)
    }

    fn put(&mut self, node: NodeId, value: Value) {
        // Nobody asks for what comes back: it is dropped.
        drop(Limited::put(self, node, value));
    }

    fn end(&mut self, node: NodeId, watch: &Watch<'_>) -> Result<(), RunError> {
        Limited::end(self, node, watch)
    }

    fn outputs(&mut self, _: &Plan, watch: &Watch<'_>) -> Result<Vec<Value>, RunError> {
        Limited::outputs(self, watch)
    }
}
