//! Single results: what a bag is reduced to.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, Collection, ComputeError, Delayed, Graph, Key, Materialized, Name, Node, Op, OpError, Packer,
    Refused, Task, Token, Unpack, Unpacked, Value,
};

use crate::stream::Of;

/// One value, described and not yet computed: a count, a sum, the end of a fold.
///
/// ```
/// use dask_bag::{Bag, Partitions};
/// use dask_graph::Collection;
///
/// let n = Bag::range(10, Partitions::count(3)).count().map(|n| format!("{n} numbers"));
/// assert_eq!(n.compute_with(&dask_sched_sync::Sync::new()).unwrap(), "10 numbers");
/// ```
#[must_use = "an item describes work, which is done when it is computed"]
pub struct Item<T> {
    graph: Graph,
    key: Key,
    item: Of<T>,
}

impl<T> Item<T> {
    /// The value that `graph` holds under `key`, which must be a `T`; computing reports one that is not.
    pub fn from_graph(graph: Graph, key: impl Into<Key>) -> Self {
        Self { graph, key: key.into(), item: Of::default() }
    }

    /// The key of the value.
    pub fn key(&self) -> &Key {
        &self.key
    }
}

impl<T: Clone + Send + Sync + 'static> Item<T> {
    /// A delayed value as an item.
    pub fn from_delayed(delayed: &Delayed<T>) -> Self {
        Self::from_graph(delayed.graph().clone(), delayed.key().clone())
    }

    /// The item as a delayed value.
    pub fn to_delayed(&self) -> Delayed<T> {
        Delayed::from_key(self.graph.clone(), self.key.clone())
    }

    /// What `f` makes of the value.
    #[track_caller]
    pub fn map<U: Send + Sync + 'static>(&self, f: impl Fn(T) -> U + Send + Sync + 'static) -> Item<U> {
        let name = Name::from_token("apply", Token::unique());
        let mut layer = Materialized::new(&name);
        let op = Arc::new(Apply(move |item| Value::new(f(item)), Of::<T>::default()));
        layer.insert(name.clone(), Node::Task(Task::new(op, [Arg::Key(self.key.clone())])));
        Item::from_graph(Graph::with_inputs(layer, [&self.graph]), name)
    }
}

/// A function of one value of any type.
struct Apply<T, F>(F, Of<T>);

impl<T: Clone + Send + Sync + 'static, F: Fn(T) -> Value + Send + Sync + 'static> Op for Apply<T, F> {
    fn name(&self) -> Cow<'_, str> {
        "apply".into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        args.take(0).map(&self.0)
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.function::<fn(T) -> Value, F>(&self.0)?;
        Ok(|from| Ok(Unpacked::op(Apply(from.function::<fn(T) -> Value, F>()?, Of::<T>::default()))))
    }
}

impl<T: Clone + Send + Sync + 'static> Collection for Item<T> {
    type Output = T;

    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn keys(&self) -> Vec<Key> {
        vec![self.key.clone()]
    }

    fn finish(&self, values: Vec<Value>) -> Result<T, ComputeError> {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.into_inner().map_err(ComputeError::finish),
            (first, _) => {
                unreachable!("one key gives one value, got {}", if first.is_some() { "more" } else { "none" })
            }
        }
    }

    fn rebuild(&self, graph: Graph, rename: &dyn Fn(&Name) -> Name) -> Self {
        Self::from_graph(graph, Key::new(rename(self.key.name()), self.key.index()))
    }
}

// By hand: a derived one would ask for `T: Clone`.
impl<T> Clone for Item<T> {
    fn clone(&self) -> Self {
        Self::from_graph(self.graph.clone(), self.key.clone())
    }
}

impl<T> fmt::Debug for Item<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item").field("key", &self.key).field("type", &std::any::type_name::<T>()).finish()
    }
}
