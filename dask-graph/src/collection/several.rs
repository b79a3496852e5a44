//! Several collections computed as one plan.

use crate::collection::{Collection, ComputeError, data_graph};
use crate::graph::Graph;
use crate::key::{Key, Name};
use crate::scheduler::{RunOptions, Scheduler, installed};
use crate::value::Value;

/// One or several collections: a collection, or a tuple or vector of them.
pub trait Collections: Sized {
    /// What computing gives: a tuple or vector of the collections' outputs.
    type Outputs;

    /// Adds the collections' graphs.
    fn add_graphs<'a>(&'a self, graphs: &mut Vec<&'a Graph>);

    /// Adds the collections' keys, in the order in which the values are wanted.
    fn add_keys(&self, keys: &mut Vec<Key>);

    /// Makes the outputs of the values of the keys, in order.
    ///
    /// # Errors
    ///
    /// - When the values do not fit together.
    fn finish_all(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Outputs, ComputeError>;

    /// The same collections over data: each over the values of its own keys, which come in order.
    fn persist_all(&self, values: &mut dyn Iterator<Item = Value>) -> Self;

    /// The same collections over another graph.
    fn rebuild_all(&self, graph: &Graph, rename: &dyn Fn(&Name) -> Name) -> Self;
}

impl<C: Collection> Collections for C {
    type Outputs = C::Output;

    fn add_graphs<'a>(&'a self, graphs: &mut Vec<&'a Graph>) {
        graphs.push(self.graph());
    }

    fn add_keys(&self, keys: &mut Vec<Key>) {
        keys.extend(self.keys());
    }

    fn finish_all(&self, values: &mut dyn Iterator<Item = Value>) -> Result<C::Output, ComputeError> {
        self.finish(values.take(self.keys().len()).collect())
    }

    fn persist_all(&self, values: &mut dyn Iterator<Item = Value>) -> Self {
        let keys = self.keys();
        let values = values.take(keys.len()).collect();
        self.rebuild(data_graph(keys, values), &Name::clone)
    }

    fn rebuild_all(&self, graph: &Graph, rename: &dyn Fn(&Name) -> Name) -> Self {
        self.rebuild(graph.clone(), rename)
    }
}

impl<C: Collections> Collections for Vec<C> {
    type Outputs = Vec<C::Outputs>;

    fn add_graphs<'a>(&'a self, graphs: &mut Vec<&'a Graph>) {
        self.iter().for_each(|collection| collection.add_graphs(graphs));
    }

    fn add_keys(&self, keys: &mut Vec<Key>) {
        self.iter().for_each(|collection| collection.add_keys(keys));
    }

    fn finish_all(&self, values: &mut dyn Iterator<Item = Value>) -> Result<Self::Outputs, ComputeError> {
        self.iter().map(|collection| collection.finish_all(values)).collect()
    }

    fn persist_all(&self, values: &mut dyn Iterator<Item = Value>) -> Self {
        self.iter().map(|collection| collection.persist_all(values)).collect()
    }

    fn rebuild_all(&self, graph: &Graph, rename: &dyn Fn(&Name) -> Name) -> Self {
        self.iter().map(|collection| collection.rebuild_all(graph, rename)).collect()
    }
}

macro_rules! tuples {
    ($($($t:ident)+;)+) => {$(
        #[allow(non_snake_case, reason = "the type parameters name the fields")]
        impl<$($t: Collections),+> Collections for ($($t,)+) {
            type Outputs = ($($t::Outputs,)+);

            fn add_graphs<'a>(&'a self, graphs: &mut Vec<&'a Graph>) {
                let ($($t,)+) = self;
                $($t.add_graphs(graphs);)+
            }

            fn add_keys(&self, keys: &mut Vec<Key>) {
                let ($($t,)+) = self;
                $($t.add_keys(keys);)+
            }

            fn finish_all(
                &self,
                values: &mut dyn Iterator<Item = Value>,
            ) -> Result<Self::Outputs, ComputeError> {
                let ($($t,)+) = self;
                Ok(($($t.finish_all(values)?,)+))
            }

            fn persist_all(&self, values: &mut dyn Iterator<Item = Value>) -> Self {
                let ($($t,)+) = self;
                ($($t.persist_all(values),)+)
            }

            fn rebuild_all(&self, graph: &Graph, rename: &dyn Fn(&Name) -> Name) -> Self {
                let ($($t,)+) = self;
                ($($t.rebuild_all(graph, rename),)+)
            }
        }
    )+};
}
tuples! { A; A B; A B C; A B C D; A B C D E; A B C D E F; A B C D E F G; A B C D E F G H; }

/// Computes several collections as one plan with the installed scheduler: what they share is done once.
///
/// # Errors
///
/// As [`Collection::compute`].
pub fn compute<C: Collections>(collections: C) -> Result<C::Outputs, ComputeError> {
    let installed = installed().ok_or(ComputeError::NoScheduler)?;
    compute_with(collections, &installed.scheduler, &installed.options)
}

/// Computes several collections as one plan with this scheduler and these options.
///
/// # Errors
///
/// As [`Collection::compute`].
pub fn compute_with<C: Collections>(
    collections: C,
    scheduler: &dyn Scheduler,
    options: &RunOptions,
) -> Result<C::Outputs, ComputeError> {
    let (graph, keys) = merged(&collections);
    let values = graph.values(&keys, scheduler, options)?;
    collections.finish_all(&mut values.into_iter())
}

/// Computes all blocks of several collections now, as one plan, and keeps them.
///
/// # Errors
///
/// As [`Collection::compute`].
pub fn persist<C: Collections>(collections: C) -> Result<C, ComputeError> {
    let installed = installed().ok_or(ComputeError::NoScheduler)?;
    persist_with(collections, &installed.scheduler, &installed.options)
}

/// [`persist`] with this scheduler and these options.
///
/// # Errors
///
/// As [`Collection::compute`].
pub fn persist_with<C: Collections>(
    collections: C,
    scheduler: &dyn Scheduler,
    options: &RunOptions,
) -> Result<C, ComputeError> {
    let (graph, keys) = merged(&collections);
    let values = graph.values(&keys, scheduler, options)?;
    // Each over its own values: dropping one of the collections lets go of what only it holds.
    Ok(collections.persist_all(&mut values.into_iter()))
}

/// The plan of several collections as a picture in Graphviz's DOT language.
///
/// # Errors
///
/// - When the graph cannot be made into a plan.
pub fn visualize<C: Collections>(collections: &C) -> Result<String, ComputeError> {
    let (graph, keys) = merged(collections);
    Ok(graph.lower(&keys)?.dot().to_string())
}

/// The collections' graphs as one, and all their keys in order.
pub(crate) fn merged<C: Collections>(collections: &C) -> (Graph, Vec<Key>) {
    let (mut graphs, mut keys) = (Vec::new(), Vec::new());
    collections.add_graphs(&mut graphs);
    collections.add_keys(&mut keys);
    (Graph::merge(graphs), keys)
}
