//! The layer that is a map from keys to nodes.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::key::{Key, Name};
use crate::layer::{Layer, LayerInfo};
use crate::task::Node;

/// A layer that holds its nodes in a map: hand-written graphs, trees, anything irregular.
///
/// ```
/// use dask_graph::{Arg, Key, Layer, Materialized, Task, op};
///
/// let mut layer = Materialized::new("total");
/// layer.insert(Key::new("total", &[0]), Task::new(op(|a: i64, b: i64| a + b), [Arg::key("x"), Arg::key("y")]));
/// assert_eq!(layer.len(), 1);
/// assert_eq!(layer.inputs(), ["x".into(), "y".into()]);
/// ```
#[derive(Debug)]
pub struct Materialized {
    name: Name,
    nodes: FxHashMap<Key, Node>,
    foreign: bool,
    info: LayerInfo,
}

impl Materialized {
    /// An empty layer, written at the caller's place.
    #[track_caller]
    pub fn new(name: impl Into<Name>) -> Self {
        Self::with_info(name, LayerInfo::here())
    }

    /// An empty layer.
    pub fn with_info(name: impl Into<Name>, info: LayerInfo) -> Self {
        Self { name: name.into(), nodes: FxHashMap::default(), foreign: false, info }
    }

    /// Makes room for `additional` nodes.
    pub fn reserve(&mut self, additional: usize) {
        self.nodes.reserve(additional);
    }

    /// Puts a node under a key and returns what stood there before.
    pub fn insert(&mut self, key: impl Into<Key>, node: impl Into<Node>) -> Option<Node> {
        let key = key.into();
        self.foreign |= *key.name() != self.name;
        self.nodes.insert(key, node.into())
    }

    /// The keys and nodes, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Node)> {
        self.nodes.iter()
    }
}

impl Layer for Materialized {
    fn name(&self) -> &Name {
        &self.name
    }

    fn len(&self) -> usize {
        self.nodes.len()
    }

    fn node(&self, key: &Key) -> Option<Node> {
        self.nodes.get(key).cloned()
    }

    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        Box::new(self.nodes.keys().cloned())
    }

    fn inputs(&self) -> Vec<Name> {
        let mut names = BTreeSet::new();
        for node in self.nodes.values() {
            node.for_each_key(|key| {
                if !self.nodes.contains_key(key) {
                    names.insert(key.name());
                }
            });
        }
        names.into_iter().cloned().collect()
    }

    fn info(&self) -> &LayerInfo {
        &self.info
    }

    fn has_foreign_names(&self) -> bool {
        self.foreign
    }
}
