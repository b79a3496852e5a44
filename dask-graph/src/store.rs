//! A graph that grows by hand and remembers what was computed.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::collection::{ComputeError, data_graph};
use crate::graph::Graph;
use crate::key::Key;
use crate::layer::Materialized;
use crate::scheduler::{RunOptions, Scheduler};
use crate::task::Node;
use crate::value::Value;

/// A graph that grows by hand and computes each key once: dask's `Store`.
///
/// ```
/// use dask_graph::{Arg, Node, Store, Task, op};
/// # use dask_graph::{NodeId, Plan, RunError, RunOptions, Scheduler, Scratch, Value};
/// # struct Naive;
/// # impl Scheduler for Naive {
/// #     fn run(&self, plan: &Plan, _: &RunOptions) -> Result<Vec<Value>, RunError> {
/// #         let mut done: Vec<Value> = Vec::new();
/// #         for node in plan.nodes() {
/// #             let value = plan.execute(node, &mut Scratch::default(), |of, _| done[of.index()].clone());
/// #             done.push(value.map_err(|error| RunError::of_task(plan, node, error))?);
/// #         }
/// #         Ok(plan.outputs().iter().map(|node| done[node.index()].clone()).collect())
/// #     }
/// # }
///
/// let mut store = Store::new();
/// store.set("x", Node::data(1_i64)).unwrap();
/// store.set("y", Task::new(op(|x: i64| x + 1), [Arg::key("x")])).unwrap();
/// assert_eq!(store.get("y", &Naive).unwrap().get::<i64>(), Ok(&2));
/// assert!(store.set("y", Node::data(5_i64)).is_err());
/// ```
#[derive(Debug, Default)]
pub struct Store {
    nodes: FxHashMap<Key, Node>,
    computed: Mutex<FxHashMap<Key, Value>>,
}

/// A key of a [`Store`] that has a meaning already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("key {0} is in the store already; a store's keys keep their meaning, choose another key")]
pub struct KeyTaken(pub Key);

impl Store {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a computation or data under a new key.
    ///
    /// # Errors
    ///
    /// - When the key is taken.
    pub fn set(&mut self, key: impl Into<Key>, node: impl Into<Node>) -> Result<(), KeyTaken> {
        let key = key.into();
        if self.nodes.contains_key(&key) {
            return Err(KeyTaken(key));
        }
        self.nodes.insert(key, node.into());
        Ok(())
    }

    /// The value of a key: computed the first time, remembered afterwards.
    ///
    /// # Errors
    ///
    /// As [`Collection::compute`](crate::Collection::compute).
    pub fn get(&self, key: impl Into<Key>, scheduler: &dyn Scheduler) -> Result<Value, ComputeError> {
        let key = key.into();
        let known = self.computed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(value) = known.get(&key) {
            return Ok(value.clone());
        }
        let mut layer = Materialized::new("store");
        for (name, node) in self.nodes.iter().filter(|(name, _)| !known.contains_key(name)) {
            layer.insert(name, node.clone());
        }
        let (keys, values) = known.into_iter().unzip();
        let graph = Graph::merge([&Graph::from_layer(layer), &data_graph(keys, values)]);
        let value = graph.values(std::slice::from_ref(&key), scheduler, &RunOptions::default())?.remove(0);
        self.computed.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value.clone());
        Ok(value)
    }
}
