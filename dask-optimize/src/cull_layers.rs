//! Layer culling: layers that nobody needs are left out.

use dask_graph::{Graph, Key};

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
/// assert_eq!(cull_layers(&both, &y.keys()).layers().len(), 1);
/// ```
///
/// # Complexity
///
/// Time O(layers and their inputs); layers that hold their tasks in a map are walked once to know their inputs.
pub fn cull_layers(graph: &Graph, keys: &[Key]) -> Graph {
    LayerList::new(graph, keys).into_graph()
}
