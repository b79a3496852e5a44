//! Passes one after the other, and schedulers that run them first.

use std::sync::Arc;

use dask_graph::{Graph, Key, Plan, RunError, RunOptions, Scheduler, Value};

use crate::fuse_layers::fuse_layers;

/// A pass: makes another graph that holds the same wanted keys with the same values.
pub type Pass = fn(&Graph, &[Key]) -> Graph;

/// Passes that run one after the other.
///
/// ```
/// use dask_graph::{Key, graph, op};
/// use dask_optimize::Pipeline;
///
/// let graph = graph! { "x" => 1_i64 };
/// let wanted = [Key::named("x")];
/// assert_eq!(Pipeline::standard().run(&graph, &wanted).len(), 1);
/// ```
#[derive(Clone, Default)]
pub struct Pipeline {
    passes: Vec<(&'static str, Pass)>,
}

impl Pipeline {
    /// No passes: graphs stay as they are.
    pub fn new() -> Self {
        Self::default()
    }

    /// What schedulers use: layer fusion.
    pub fn standard() -> Self {
        Self::new().then("fuse_layers", fuse_layers)
    }

    /// Adds a pass at the end.
    #[must_use]
    pub fn then(mut self, name: &'static str, pass: Pass) -> Self {
        self.passes.push((name, pass));
        self
    }

    /// The names of the passes, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.passes.iter().map(|&(name, _)| name)
    }

    /// Runs the passes.
    pub fn run(&self, graph: &Graph, keys: &[Key]) -> Graph {
        self.passes.iter().fold(graph.clone(), |graph, (_, pass)| pass(&graph, keys))
    }
}

/// A scheduler that prepares every graph with a pipeline.
pub struct Optimized<S> {
    scheduler: S,
    pipeline: Arc<Pipeline>,
}

impl<S: Scheduler> Optimized<S> {
    /// `scheduler` with the standard pipeline.
    pub fn new(scheduler: S) -> Self {
        Self::with_pipeline(scheduler, Pipeline::standard())
    }

    /// `scheduler` with this pipeline.
    pub fn with_pipeline(scheduler: S, pipeline: Pipeline) -> Self {
        Self { scheduler, pipeline: Arc::new(pipeline) }
    }
}

impl<S: Scheduler> Scheduler for Optimized<S> {
    fn run(&self, plan: &Plan, options: &RunOptions) -> Result<Vec<Value>, RunError> {
        self.scheduler.run(plan, options)
    }

    fn prepare(&self, graph: Graph, keys: &[Key]) -> Graph {
        self.pipeline.run(&self.scheduler.prepare(graph, keys), keys)
    }
}
