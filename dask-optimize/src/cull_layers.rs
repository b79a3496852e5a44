//! Layer culling: layers that nobody needs are left out.

use dask_graph::{Graph, Key, PlanError};

use crate::layer_list::LayerList;

/// Leaves out the layers that `keys` do not need. Hand-written layers, which may hold any keys, are kept.
///
/// Within a layer nothing has to be culled: a plan asks for the tasks that it needs and for no others.
///
/// The successor of dask's `HighLevelGraph.cull`.
///
/// ```
/// use dask_graph::{Collection, Delayed, Graph};
/// use dask_optimize::cull_layers;
///
/// let x = Delayed::value(1_i64).map(|x: &i64| x + 1);
/// let y = Delayed::value(2_i64);
/// let both = Graph::merge([x.graph(), y.graph()]);
/// assert_eq!(cull_layers(&both, &y.keys())?.layers().len(), 1);
/// # Ok::<(), dask_graph::PlanError>(())
/// ```
///
/// # Errors
///
/// - When a key is wanted, or needed, whose layer is not there. Whether layers have the keys that are asked of
///   them, [`Graph::lower`] finds out.
/// - When layers need each other in a circle, and their tasks do too.
///
/// # Complexity
///
/// Time O(layers and their inputs); layers that hold their tasks in a map are walked once to know their inputs.
pub fn cull_layers(graph: &Graph, keys: &[Key]) -> Result<Graph, PlanError> {
    Ok(LayerList::of(graph, keys)?.map_or_else(|| graph.clone(), LayerList::into_graph))
}
