//! Short ways to write and run graphs of closures.

use dask_graph::{Arg, Graph, Key, Materialized, Op, Plan, RunError, RunOptions, Scheduler, Task, Value};
use std::sync::Arc;

/// The key of task `i`.
pub(crate) fn t(i: usize) -> Key {
    Key::new("t", &[i as u32])
}

/// The plan for `wanted` of the tasks `t(0), t(1), …` with these ops and dependencies.
pub(crate) fn plan_of(
    nodes: impl IntoIterator<Item = (Arc<dyn Op>, Vec<usize>)>,
    wanted: impl IntoIterator<Item = usize>,
) -> Plan {
    let mut layer = Materialized::new("t");
    for (i, (op, dependencies)) in nodes.into_iter().enumerate() {
        layer.insert(t(i), Task::new(op, dependencies.into_iter().map(|d| Arg::Key(t(d)))));
    }
    let keys: Vec<Key> = wanted.into_iter().map(t).collect();
    Graph::from_layer(layer).lower(&keys).unwrap()
}

pub(crate) fn run(scheduler: &dyn Scheduler, plan: &Plan) -> Result<Vec<Value>, RunError> {
    scheduler.run(plan, &RunOptions::new())
}
