//! The standard pipeline as a whole.

mod bad_input;
mod laws;
pub(super) mod random;

use dask_graph::{Graph, Key, Name, PrepareError};
use dask_optimize::{Context, Pipeline};

/// Limits that make the pipeline keep what is needed twice, and make most of it again.
const LIMITS: [Option<u64>; 2] = [None, Some(1500)];

fn prepared(graph: &Graph, keys: &[Key], memory_limit: Option<u64>) -> Result<Graph, PrepareError> {
    Pipeline::standard().run(graph, &Context::new(keys).with_memory_limit(memory_limit))
}

/// Each layer's name and number of keys, and the operations that it stands for, in order of names.
fn layers(graph: &Graph) -> Vec<(Name, usize, Vec<Name>)> {
    let about = graph.layers().into_iter();
    let mut about: Vec<_> =
        about.map(|layer| (layer.name().clone(), layer.len(), layer.operations().to_vec())).collect();
    about.sort();
    about
}
