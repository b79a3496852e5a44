//! Schedulers that run passes first.

use std::sync::Arc;

use dask_graph::{Graph, Key, PassReport, Plan, PrepareError, RunError, RunOptions, Scheduler, Value};

use crate::pipeline::{Context, Pipeline};

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

    fn prepare(&self, graph: Graph, keys: &[Key], options: &RunOptions) -> Result<Graph, PrepareError> {
        let graph = self.scheduler.prepare(graph, keys, options)?;
        self.pipeline.run(&graph, &Context::new(keys).with_memory_limit(options.get_memory_limit()))
    }

    fn prepare_with_report(
        &self,
        graph: Graph,
        keys: &[Key],
        options: &RunOptions,
    ) -> Result<(Graph, Vec<PassReport>), PrepareError> {
        let (graph, mut reports) = self.scheduler.prepare_with_report(graph, keys, options)?;
        let context = Context::new(keys).with_memory_limit(options.get_memory_limit());
        let (graph, own) = self.pipeline.explain(&graph, &context)?;
        reports.extend(own);
        Ok((graph, reports))
    }
}
