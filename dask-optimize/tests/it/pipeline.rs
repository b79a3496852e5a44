//! The standard pipeline as a whole.

mod bad_input;
mod laws;
mod random;

use dask_graph::{Graph, Key, PrepareError};
use dask_optimize::{Context, Pipeline};

/// Limits that make the pipeline keep what is needed twice, and make most of it again.
const LIMITS: [Option<u64>; 2] = [None, Some(1500)];

fn prepared(graph: &Graph, keys: &[Key], memory_limit: Option<u64>) -> Result<Graph, PrepareError> {
    Pipeline::standard().run(graph, &Context::new(keys).with_memory_limit(memory_limit))
}
