//! The smallest collection: a typed promise of one result. A model for those who write collections.

mod arith;
mod call;

use std::fmt;
use std::marker::PhantomData;

use crate::collection::{Collection, ComputeError};
use crate::function::{named_op, try_named_op};
use crate::graph::Graph;
use crate::key::{Key, Name};
use crate::layer::{LayerInfo, Materialized};
use crate::task::{Arg, Node, Task};
use crate::token::{Token, Tokenize, Tokenizer};
use crate::value::Value;

pub use call::{DelayedArg, DelayedArgs, DelayedFn, TryDelayedFn, delayed, try_delayed};

/// A typed promise of one result.
///
/// ```
/// use dask_graph::{Collection, Delayed, delayed};
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
/// let inc = delayed(|x: i64| x + 1);
/// let sum = delayed(|numbers: Vec<i64>| numbers.iter().sum::<i64>());
///
/// let parts: Vec<Delayed<i64>> = (0..10).map(|i| inc.call((i,))).collect();
/// let total = sum.call((parts,)) * Delayed::value(2);
/// assert_eq!(total.compute_with(&Naive).unwrap(), 110);
/// ```
pub struct Delayed<T> {
    graph: Graph,
    key: Key,
    /// A promise holds no `T`.
    marker: PhantomData<fn() -> T>,
}

impl<T: Send + Sync + 'static> Delayed<T> {
    /// A promise of data that is there already; two of them are never one, see [`Delayed::pure_value`].
    #[track_caller]
    pub fn value(data: T) -> Self {
        Self::leaf(Name::from_token("value", Token::unique()), data)
    }

    /// A promise of data that is there already, named by its content: equal data is one node.
    #[track_caller]
    pub fn pure_value(data: T) -> Self
    where
        T: Tokenize,
    {
        let token = Tokenizer::new("value").feed(std::any::type_name::<T>()).feed(&data).finish();
        Self::leaf(Name::from_token("value", token), data)
    }

    #[track_caller]
    fn leaf(name: Name, data: T) -> Self {
        let mut layer = Materialized::new(name.clone());
        layer.insert(name.clone(), Node::data(data));
        Self::from_key(Graph::from_layer(layer), name)
    }

    /// The promise of a key of a graph whose result is a `T`; a wrong type is an error of the run.
    pub fn from_key(graph: Graph, key: impl Into<Key>) -> Self {
        Self { graph, key: key.into(), marker: PhantomData }
    }

    /// The promise of one task over the results in `inputs`.
    #[track_caller]
    pub(crate) fn of_task<'a>(name: Name, task: Task, inputs: impl IntoIterator<Item = &'a Graph>) -> Self {
        let mut layer = Materialized::with_info(name.clone(), LayerInfo::here());
        layer.insert(name.clone(), task);
        Self::from_key(Graph::with_inputs(layer, inputs), name)
    }

    /// The promise of a whole collection's output.
    #[track_caller]
    pub(crate) fn of_collection<C>(collection: C) -> Self
    where
        C: Collection<Output = T> + Send + Sync + 'static,
    {
        let (graph, keys) = (collection.graph().clone(), collection.keys());
        let token = Tokenizer::new("finish").feed(&keys).finish();
        let op =
            try_named_op("finish", move |values: &crate::value::List| collection.finish(values.0.clone()));
        Self::of_task(Name::from_token("finish", token), Task::new(op, [Arg::list(keys)]), [&graph])
    }

    /// The promise of `function` of this result.
    #[track_caller]
    pub fn map<U: Send + Sync + 'static>(
        &self,
        function: impl Fn(&T) -> U + Send + Sync + 'static,
    ) -> Delayed<U> {
        let name = Name::from_token("map", Token::unique());
        let op = named_op("map", move |x: &T| function(x));
        Delayed::of_task(name, Task::new(op, [Arg::from(&self.key)]), [&self.graph])
    }

    /// The key of the result.
    pub fn key(&self) -> &Key {
        &self.key
    }
}

impl<A, B> Delayed<(A, B)>
where
    A: Clone + Send + Sync + 'static,
    B: Clone + Send + Sync + 'static,
{
    /// The promises of the two parts of a pair.
    #[track_caller]
    pub fn unzip(&self) -> (Delayed<A>, Delayed<B>) {
        (self.map(|pair| pair.0.clone()), self.map(|pair| pair.1.clone()))
    }
}

impl<T: Clone + Send + Sync + 'static> Collection for Delayed<T> {
    type Output = T;

    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn keys(&self) -> Vec<Key> {
        vec![self.key.clone()]
    }

    fn finish(&self, values: Vec<Value>) -> Result<T, ComputeError> {
        match values.into_iter().next() {
            Some(value) => value.into_inner().map_err(ComputeError::finish),
            None => unreachable!("one key gives one value"),
        }
    }

    fn rebuild(&self, graph: Graph, rename: &dyn Fn(&Name) -> Name) -> Self {
        Self::from_key(graph, Key::new(rename(self.key.name()), self.key.index()))
    }
}

impl<T> Clone for Delayed<T> {
    fn clone(&self) -> Self {
        Self { graph: self.graph.clone(), key: self.key.clone(), marker: PhantomData }
    }
}

impl<T> fmt::Debug for Delayed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delayed({})", self.key)
    }
}
