//! Graphs: layers joined by reference.

use std::any::Any;
use std::fmt;
use std::mem;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::key::{Key, Name};
use crate::layer::{Blockwise, Layer, LayerInfo, Materialized, Relabelled};
use crate::plan::{Plan, PlanError};
use crate::task::Node;

/// Layers joined by reference.
///
/// A graph is one or more layers and the graphs below them. Adding an operation makes one new layer that
/// points at what was there before: it costs the size of the operation, however large the rest is. Graphs
/// are immutable and cheap to clone; walking and dropping them does not recurse.
///
/// ```
/// use dask_graph::{Arg, Graph, Key, Materialized, Task, op};
///
/// let mut layer = Materialized::new("hand-written");
/// layer.insert("x", dask_graph::Node::data(20_i64));
/// layer.insert("y", Task::new(op(|x: i64| x + 1), [Arg::key("x")]));
/// let graph = Graph::from_layer(layer);
///
/// let mut top = Materialized::new("z");
/// top.insert("z", Task::new(op(|y: i64| 2 * y), [Arg::key("y")]));
/// let graph = Graph::with_inputs(top, [&graph]);
/// assert_eq!(graph.lower(&[Key::named("z")]).unwrap().len(), 3);
/// ```
#[derive(Clone, Default)]
pub struct Graph {
    heads: Arc<[Arc<Link>]>,
}

/// One layer and the links to the layers below it.
struct Link {
    layer: Arc<dyn Layer>,
    inputs: Vec<Arc<Link>>,
}

impl Drop for Link {
    fn drop(&mut self) {
        // Links that only this one held are taken apart here, one after the other.
        let mut rest = mem::take(&mut self.inputs);
        while let Some(link) = rest.pop() {
            if let Some(mut link) = Arc::into_inner(link) {
                rest.append(&mut link.inputs);
            }
        }
    }
}

impl Graph {
    /// A graph without layers.
    pub fn new() -> Self {
        Self::default()
    }

    /// A graph of one layer that needs no other.
    pub fn from_layer(layer: impl Layer) -> Self {
        Self::with_inputs(layer, [])
    }

    /// A graph whose newest layer is `layer` and which holds all of `inputs`.
    ///
    /// # Complexity
    ///
    /// Time and space O(number of inputs), whatever they hold.
    pub fn with_inputs<'a>(mut layer: impl Layer, inputs: impl IntoIterator<Item = &'a Graph>) -> Self {
        if let Some(map) = (&mut layer as &mut dyn Any).downcast_mut::<Materialized>() {
            map.share_keys();
        }
        Self::with_shared(Arc::new(layer), inputs)
    }

    /// [`with_inputs`](Self::with_inputs) for a layer that is shared already.
    pub fn with_shared<'a>(layer: Arc<dyn Layer>, inputs: impl IntoIterator<Item = &'a Graph>) -> Self {
        let inputs = distinct_heads(inputs);
        Self { heads: Arc::new([Arc::new(Link { layer, inputs })]) }
    }

    /// A graph that holds all of `graphs`.
    pub fn merge<'a>(graphs: impl IntoIterator<Item = &'a Graph>) -> Self {
        Self { heads: distinct_heads(graphs).into() }
    }

    /// All layers, each once, inputs before the layers that use them.
    ///
    /// # Complexity
    ///
    /// Time and space O(layers and links).
    pub fn layers(&self) -> Vec<&Arc<dyn Layer>> {
        let mut found = Vec::new();
        self.walk(|link| found.push(&link.layer));
        found
    }

    /// The layer of this name.
    ///
    /// # Complexity
    ///
    /// O(layers and links); to look up many keys, lower the graph.
    pub fn layer(&self, name: &Name) -> Option<&Arc<dyn Layer>> {
        self.layers().into_iter().find(|layer| layer.name() == name)
    }

    /// What the graph holds under `key`.
    ///
    /// # Complexity
    ///
    /// O(layers and links); to look up many keys, lower the graph.
    pub fn node(&self, key: &Key) -> Option<Node> {
        self.layers().into_iter().rev().find_map(|layer| layer.node(key))
    }

    /// The number of keys in all layers.
    pub fn len(&self) -> usize {
        self.layers().iter().map(|layer| layer.len()).sum()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.layers().iter().all(|layer| layer.is_empty())
    }

    /// The plan that computes `keys`: the needed part of the graph, in dense form and ordered.
    ///
    /// # Errors
    ///
    /// - When a key is in no layer: the error names the task that wanted it.
    /// - When tasks need each other in a circle: the error lists the circle.
    /// - When two hand-written layers hold the same key.
    ///
    /// # Complexity
    ///
    /// Time and space O(layers + needed tasks + their dependencies).
    pub fn lower(&self, keys: &[Key]) -> Result<Plan, PlanError> {
        crate::plan::lower(self, keys)
    }

    /// The graph in which every layer was replaced by what `replace` gives for it; `None` keeps it.
    ///
    /// # Complexity
    ///
    /// Time and space O(layers and links).
    pub fn map_layers(&self, mut replace: impl FnMut(&Arc<dyn Layer>) -> Option<Arc<dyn Layer>>) -> Self {
        let mut new: FxHashMap<*const Link, Arc<Link>> = FxHashMap::default();
        self.walk(|link| {
            let layer = replace(&link.layer).unwrap_or_else(|| link.layer.clone());
            let inputs = link.inputs.iter().map(|input| new[&Arc::as_ptr(input)].clone()).collect();
            new.insert(Arc::as_ptr(link), Arc::new(Link { layer, inputs }));
        });
        Self { heads: self.heads.iter().map(|head| new[&Arc::as_ptr(head)].clone()).collect() }
    }

    /// The same graph with other information on the layers that are called one of `names`.
    #[must_use]
    pub fn relabel(&self, names: &[Name], info: impl Fn(&LayerInfo) -> LayerInfo) -> Self {
        self.map_layers(|layer| {
            let info = names.contains(layer.name()).then(|| info(layer.info()))?;
            Some(match layer.downcast_ref::<Blockwise>() {
                Some(blockwise) => Arc::new(blockwise.with_info(info)),
                None => Arc::new(Relabelled { inner: layer.clone(), info }),
            })
        })
    }

    /// Visits every link once, inputs first, without recursion.
    fn walk<'a>(&'a self, mut visit: impl FnMut(&'a Arc<Link>)) {
        let mut seen: FxHashSet<*const Link> = FxHashSet::default();
        let mut path: Vec<(&Arc<Link>, std::slice::Iter<'a, Arc<Link>>)> = Vec::new();
        for head in self.heads.iter() {
            if seen.insert(Arc::as_ptr(head)) {
                path.push((head, head.inputs.iter()));
            }
            while let Some((link, inputs)) = path.last_mut() {
                match inputs.next() {
                    Some(input) => {
                        if seen.insert(Arc::as_ptr(input)) {
                            path.push((input, input.inputs.iter()));
                        }
                    }
                    None => {
                        visit(link);
                        path.pop();
                    }
                }
            }
        }
    }
}

fn distinct_heads<'a>(graphs: impl IntoIterator<Item = &'a Graph>) -> Vec<Arc<Link>> {
    let mut heads: Vec<Arc<Link>> = Vec::new();
    let mut seen = FxHashSet::default();
    for head in graphs.into_iter().flat_map(|graph| graph.heads.iter()) {
        if seen.insert(Arc::as_ptr(head)) {
            heads.push(head.clone());
        }
    }
    heads
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.layers().iter().map(|layer| (layer.name(), layer.len()))).finish()
    }
}
