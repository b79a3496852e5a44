//! Passes over tasks.

mod cases;
mod golden;
mod laws;
pub(super) mod random;
pub(super) mod text;

use dask_graph::{Graph, Key, PlanError, RunOptions, Scheduler, Value};
use dask_optimize::{
    FuseLimits, cull, fuse, fuse_linear, inline, inline_constants, inline_functions, merge_equal,
    remove_aliases,
};
use dask_sched_sync::Sync;

pub(super) type Pass = fn(&Graph, &[Key]) -> Result<Graph, PlanError>;

/// All passes by name. None of them looks at names of keys, so none may depend on them.
pub(super) const PASSES: [(&str, Pass); 13] = [
    ("cull", cull),
    ("fuse_linear", fuse_linear),
    ("fuse, average width 0.5", |graph, keys| fuse(graph, keys, &FuseLimits::new(0.5))),
    ("fuse, average width 1", |graph, keys| fuse(graph, keys, &FuseLimits::default())),
    ("fuse, average width 2", |graph, keys| fuse(graph, keys, &FuseLimits::new(2.0))),
    ("fuse, average width 4", |graph, keys| fuse(graph, keys, &FuseLimits::new(4.0).max_height(3))),
    ("inline all", |graph, keys| {
        let all: Vec<Key> = graph.layers().iter().flat_map(|layer| layer.keys()).collect();
        inline(graph, keys, &all)
    }),
    ("inline every other", |graph, keys| {
        let all = graph.layers().into_iter().flat_map(|layer| layer.keys());
        inline(
            graph,
            keys,
            &all.filter(|key| key.index().iter().sum::<u32>().is_multiple_of(2)).collect::<Vec<_>>(),
        )
    }),
    ("inline_constants", inline_constants),
    ("inline_functions", |graph, keys| inline_functions(graph, keys, |op| op.name() == "minus")),
    ("remove_aliases", remove_aliases),
    ("merge_equal", |graph, keys| merge_equal(graph, keys, |_| true)),
    ("merge_equal, some pure", |graph, keys| merge_equal(graph, keys, |op| op.name() != "plus")),
];

pub(super) fn values(graph: &Graph, keys: &[Key]) -> Vec<Value> {
    let plan = graph.lower(keys).unwrap_or_else(|error| panic!("no plan: {error}"));
    Sync::new().run(&plan, &RunOptions::new()).unwrap_or_else(|error| panic!("no values: {error}"))
}
