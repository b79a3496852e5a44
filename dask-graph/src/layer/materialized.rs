//! The layer that is a map from keys to nodes.

use std::fmt;

use rustc_hash::FxHashSet;

use crate::code::{Step, steps};
use crate::key::{Key, Name};
use crate::layer::{Layer, LayerInfo};
use crate::plan::PlanLayer;
use crate::task::Node;
use crate::tasks::Tasks;

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
pub struct Materialized {
    name: Name,
    tasks: Tasks,
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
        Self { name: name.into(), tasks: Tasks::default(), foreign: false, info }
    }

    /// The layer `layer`, made of these tasks, which may only have keys of other names if they had `foreign` ones.
    pub(crate) fn from_tasks(layer: &PlanLayer, tasks: Tasks, foreign: bool) -> Self {
        let foreign =
            foreign && tasks.numbers_with_node().any(|number| *tasks.key(number).name() != layer.name);
        Self { name: layer.name.clone(), tasks, foreign, info: layer.info.clone() }
    }

    /// Makes room for `additional` nodes.
    pub fn reserve(&mut self, additional: usize) {
        self.tasks.reserve(additional);
    }

    /// Puts a node under a key and returns what stood there before.
    ///
    /// What was replaced is let go of with the layer, not before.
    ///
    /// # Panics
    ///
    /// - When the layer would know more than 2³⁰ keys or literals, or 2²⁸ ops or arguments of one task: more
    ///   than a hundred gigabytes of tasks.
    pub fn insert(&mut self, key: impl Into<Key>, node: impl Into<Node>) -> Option<Node> {
        let key = key.into();
        self.foreign |= *key.name() != self.name;
        let inserted = self.tasks.insert(&key, &node.into());
        inserted.unwrap_or_else(|_| panic!("layer {} holds more tasks than can be numbered", self.name))
    }

    /// The keys and nodes, in the order in which the keys were first written, be it inside a task.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, Node)> {
        self.tasks
            .numbers_with_node()
            .filter_map(|number| Some((self.tasks.key(number), self.tasks.node(number)?)))
    }

    /// The keys whose work the node of `key` does, in the order in which it does it; `None` for its own alone.
    ///
    /// ```
    /// use dask_graph::{Key, Materialized, Node};
    ///
    /// let [x, y] = ["x", "y"].map(Key::named);
    /// let mut layer = Materialized::new("layer");
    /// layer.insert(&y, Node::data(2_i64));
    /// assert_eq!(layer.stands_for(&y), None);
    /// layer.set_stands_for(&y, [x.clone(), y.clone()]);
    /// assert_eq!(layer.stands_for(&y), Some(vec![x, y.clone()]));
    /// ```
    pub fn stands_for(&self, key: &Key) -> Option<Vec<Key>> {
        self.tasks.stands_for().get(self.tasks.number(key)?).map(|keys| keys.cloned().collect())
    }

    /// Says whose work the node of `key` does; nothing happens when there is none. To insert another node
    /// takes it back.
    pub fn set_stands_for(&mut self, key: &Key, keys: impl IntoIterator<Item = Key>) {
        if let Some(number) = self.tasks.number(key).filter(|&number| self.tasks.has_node(number)) {
            self.tasks.set_stands_for(number, keys);
        }
    }

    /// Lets others draw on the keys: the layer does not change any more.
    pub(crate) fn share_keys(&mut self) {
        self.tasks.share_keys();
    }

    pub(crate) fn tasks(&self) -> &Tasks {
        &self.tasks
    }
}

impl Layer for Materialized {
    fn name(&self) -> &Name {
        &self.name
    }

    fn len(&self) -> usize {
        self.tasks.n_nodes()
    }

    fn node(&self, key: &Key) -> Option<Node> {
        self.tasks.node(self.tasks.number(key)?)
    }

    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        Box::new(self.tasks.numbers_with_node().map(|number| self.tasks.key(number).clone()))
    }

    fn inputs(&self) -> Vec<Name> {
        let mut names = FxHashSet::default();
        for step in self.tasks.numbers_with_node().flat_map(|number| steps(self.tasks.code(number))) {
            if let Step::Again(number) = step
                && !self.tasks.has_node(number)
            {
                names.insert(self.tasks.key(number).name());
            }
        }
        let mut names: Vec<Name> = names.into_iter().cloned().collect();
        names.sort();
        names
    }

    fn info(&self) -> &LayerInfo {
        &self.info
    }

    fn has_foreign_names(&self) -> bool {
        self.foreign
    }

    fn as_materialized(&self) -> Option<&Materialized> {
        Some(self)
    }
}

impl fmt::Debug for Materialized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
