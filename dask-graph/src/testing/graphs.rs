//! Graphs that the checks run, and short ways to run them.

use std::sync::Arc;

use crate::graph::Graph;
use crate::key::{Key, Name};
use crate::layer::{Layer, LayerInfo, Materialized};
use crate::op::Op;
use crate::plan::Plan;
use crate::scheduler::{RunError, RunOptions, Scheduler};
use crate::task::{Arg, Node, Task};
use crate::value::Value;

/// The key of task `i`.
pub(super) fn t(i: usize) -> Key {
    Key::new("t", &[i as u32])
}

/// A graph of the tasks `t(0), t(1), …` with these ops and the tasks that they depend on.
pub(super) fn tasks(nodes: impl IntoIterator<Item = (Arc<dyn Op>, Vec<usize>)>) -> Graph {
    let mut layer = Materialized::new("t");
    for (i, (op, dependencies)) in nodes.into_iter().enumerate() {
        layer.insert(t(i), Task::new(op, dependencies.into_iter().map(|d| Arg::Key(t(d)))));
    }
    Graph::from_layer(layer)
}

/// A graph like that of [`tasks`], whose tasks are made when they are asked for: for large ones.
pub(super) fn rule(
    n: usize,
    node: impl Fn(usize) -> (Arc<dyn Op>, Vec<usize>) + Send + Sync + 'static,
) -> Graph {
    Graph::from_layer(Rule { name: Name::new("t"), n, node, info: LayerInfo::here() })
}

struct Rule<F> {
    name: Name,
    n: usize,
    node: F,
    info: LayerInfo,
}

impl<F> Layer for Rule<F>
where
    F: Fn(usize) -> (Arc<dyn Op>, Vec<usize>) + Send + Sync + 'static,
{
    fn name(&self) -> &Name {
        &self.name
    }
    fn len(&self) -> usize {
        self.n
    }
    fn node(&self, key: &Key) -> Option<Node> {
        let &[task] = key.index() else { return None };
        if *key.name() != self.name || task as usize >= self.n {
            return None;
        }
        let (op, dependencies) = (self.node)(task as usize);
        Some(Task::new(op, dependencies.into_iter().map(|d| Arg::Key(t(d)))).into())
    }
    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        Box::new((0..self.n).map(t))
    }
    fn inputs(&self) -> Vec<Name> {
        Vec::new()
    }
    fn info(&self) -> &LayerInfo {
        &self.info
    }
}

/// The plan for some keys of a graph that is known to be sound.
pub(super) fn plan(graph: &Graph, keys: &[Key]) -> Plan {
    graph.lower(keys).unwrap_or_else(|error| panic!("the suite's own graph is not sound: {error}"))
}

/// Runs the plan for `keys` without options.
pub(super) fn run(scheduler: &dyn Scheduler, graph: &Graph, keys: &[Key]) -> Result<Vec<Value>, RunError> {
    scheduler.run(&plan(graph, keys), &RunOptions::new())
}

/// The result of a single key, which has to be a `T`.
pub(super) fn get<T: Clone + Send + Sync + 'static>(scheduler: &dyn Scheduler, graph: &Graph, key: Key) -> T {
    let mut values = run(scheduler, graph, &[key]).unwrap_or_else(|error| panic!("the run failed: {error}"));
    assert_eq!(values.len(), 1, "one key was asked for");
    let value = values.pop().unwrap_or_else(|| unreachable!("its length was checked"));
    value.into_inner().unwrap_or_else(|error| panic!("{error}"))
}

/// SplitMix64: draws that are the same everywhere.
pub(super) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Up to three distinct tasks before `task`, not far back.
pub(super) fn random_dependencies(task: usize) -> Vec<usize> {
    let draw = |n| task - 1 - (mix((3 * task + n) as u64) % task.min(1000) as u64) as usize;
    let mut dependencies: Vec<usize> = (0..3.min(task)).map(draw).collect();
    dependencies.sort_unstable();
    dependencies.dedup();
    dependencies
}
