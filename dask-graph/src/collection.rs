//! Collections: what describes work and knows how to read its results.

mod explain;
mod several;

use std::error::Error;

use crate::delayed::Delayed;
use crate::graph::Graph;
use crate::key::{Key, Name};
use crate::layer::Annotations;
use crate::plan::PlanError;
use crate::scheduler::{PrepareError, RunError, RunOptions, Scheduler};
use crate::value::Value;

pub(crate) use several::merged;

pub use explain::Explanation;
pub use several::{Collections, compute, compute_with, persist, persist_with, visualize};

/// Something that describes work as a graph and knows how to read its results.
///
/// Four methods are required; the rest follows from them. A collection never computes by itself.
///
/// ```
/// use dask_graph::{Collection, ComputeError, Graph, Key, Name, Value, graph};
///
/// /// A pair of numbers, each computed by a task of its own.
/// struct Pair {
///     graph: Graph,
///     keys: [Key; 2],
/// }
///
/// impl Collection for Pair {
///     type Output = (i64, i64);
///
///     fn graph(&self) -> &Graph {
///         &self.graph
///     }
///     fn keys(&self) -> Vec<Key> {
///         self.keys.to_vec()
///     }
///     fn finish(&self, values: Vec<Value>) -> Result<(i64, i64), ComputeError> {
///         let mut numbers = values.into_iter().map(|value| value.into_inner().map_err(ComputeError::finish));
///         match (numbers.next(), numbers.next()) {
///             (Some(a), Some(b)) => Ok((a?, b?)),
///             _ => unreachable!("two keys give two values"),
///         }
///     }
///     fn rebuild(&self, graph: Graph, rename: &dyn Fn(&Name) -> Name) -> Self {
///         Pair { graph, keys: self.keys.clone().map(|key| Key::new(rename(key.name()), key.index())) }
///     }
/// }
/// ```
pub trait Collection: Sized {
    /// What computing gives.
    type Output;

    /// The graph that holds the collection's keys.
    fn graph(&self) -> &Graph;

    /// The keys of its blocks or partitions, in the order in which `finish` wants their values.
    fn keys(&self) -> Vec<Key>;

    /// Makes the result of the values of `keys`.
    ///
    /// # Errors
    ///
    /// - When the values do not fit together.
    fn finish(&self, values: Vec<Value>) -> Result<Self::Output, ComputeError>;

    /// The same collection over another graph, in which names are what `rename` makes of them.
    fn rebuild(&self, graph: Graph, rename: &dyn Fn(&Name) -> Name) -> Self;

    /// Computes the collection with the installed scheduler.
    ///
    /// # Errors
    ///
    /// - When no scheduler is installed.
    /// - When the graph cannot be made into a plan, a task fails, or the results do not fit together.
    fn compute(&self) -> Result<Self::Output, ComputeError> {
        let installed = crate::scheduler::installed().ok_or(ComputeError::NoScheduler)?;
        self.compute_opts(&installed.scheduler, &installed.options)
    }

    /// Computes the collection with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`compute`](Self::compute).
    fn compute_with(&self, scheduler: &dyn Scheduler) -> Result<Self::Output, ComputeError> {
        self.compute_opts(scheduler, &RunOptions::default())
    }

    /// Computes the collection with this scheduler and these options.
    ///
    /// # Errors
    ///
    /// As [`compute`](Self::compute).
    fn compute_opts(
        &self,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<Self::Output, ComputeError> {
        self.finish(self.graph().values(&self.keys(), scheduler, options)?)
    }

    /// Computes all blocks now and keeps them: the same collection over data that is there already.
    ///
    /// # Errors
    ///
    /// As [`compute`](Self::compute).
    fn persist(&self) -> Result<Self, ComputeError> {
        let installed = crate::scheduler::installed().ok_or(ComputeError::NoScheduler)?;
        self.persist_opts(&installed.scheduler, &installed.options)
    }

    /// [`persist`](Self::persist) with this scheduler and these options.
    ///
    /// # Errors
    ///
    /// As [`compute`](Self::compute).
    fn persist_opts(&self, scheduler: &dyn Scheduler, options: &RunOptions) -> Result<Self, ComputeError> {
        let keys = self.keys();
        let values = self.graph().values(&keys, scheduler, options)?;
        Ok(self.rebuild(data_graph(keys, values), &Name::clone))
    }

    /// The plan of the collection as a picture in Graphviz's DOT language.
    ///
    /// # Errors
    ///
    /// - When the graph cannot be made into a plan.
    fn visualize(&self) -> Result<String, ComputeError> {
        Ok(self.graph().lower(&self.keys())?.dot().to_string())
    }

    /// What computing would do: layers, tasks, bytes to be read, results alive at once.
    ///
    /// Shown as the installed scheduler would run it, optimised if it optimises.
    ///
    /// # Errors
    ///
    /// - When the graph cannot be made into a plan.
    fn explain(&self) -> Result<Explanation, ComputeError> {
        let keys = self.keys();
        let graph = self.graph().clone();
        let (prepared, passes) = match crate::scheduler::installed() {
            Some(installed) => installed.scheduler.prepare_with_report(graph, &keys, &installed.options)?,
            None => (graph, Vec::new()),
        };
        Explanation::new(self.graph(), &prepared, passes, &keys)
    }

    /// The same collection with annotations on the layers that hold its keys.
    fn annotate(&self, annotations: &Annotations) -> Self {
        let mut names: Vec<Name> = self.keys().iter().map(|key| key.name().clone()).collect();
        names.dedup();
        let graph = self.graph().relabel(&names, |info| info.clone().with_annotations(annotations.clone()));
        self.rebuild(graph, &Name::clone)
    }

    /// The result of the whole collection as one typed promise, to be an argument of delayed calls.
    #[track_caller]
    fn into_delayed(self) -> Delayed<Self::Output>
    where
        Self: Send + Sync + 'static,
        Self::Output: Send + Sync,
    {
        Delayed::of_collection(self)
    }
}

impl Graph {
    /// Computes some keys: prepares the graph for the scheduler, lowers it, and runs the plan. What
    /// collections with a driver of their own (`head`, `take`) are made of.
    ///
    /// # Errors
    ///
    /// - When the graph cannot be made into a plan, or a task fails.
    pub fn values(
        &self,
        keys: &[Key],
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<Vec<Value>, ComputeError> {
        let plan = scheduler.prepare(self.clone(), keys, options)?.lower(keys)?;
        Ok(scheduler.run(&plan, options)?)
    }
}

/// A graph in which `keys` are data.
pub(crate) fn data_graph(keys: Vec<Key>, values: Vec<Value>) -> Graph {
    let name = keys.first().map_or_else(|| Name::new("data"), |key| key.name().clone());
    let mut layer = crate::layer::Materialized::with_info(name, crate::layer::LayerInfo::default());
    layer.reserve(keys.len());
    for (key, value) in keys.into_iter().zip(values) {
        layer.insert(key, value);
    }
    Graph::from_layer(layer)
}

/// A computation that gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComputeError {
    /// There is no scheduler to compute with.
    #[error("no scheduler is installed; call `dask_sched::init()` first in `main`, or use `compute_with`")]
    NoScheduler,
    /// The graph cannot be made into a plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The graph cannot be made ready.
    #[error(transparent)]
    Prepare(PrepareError),
    /// The run failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The results do not fit together.
    #[error("the results could not be put together")]
    Finish(#[source] Box<dyn Error + Send + Sync>),
}

impl From<PrepareError> for ComputeError {
    /// A pass that met what has no plan says what lowering would have said.
    fn from(error: PrepareError) -> Self {
        match error.source.downcast::<PlanError>() {
            Ok(no_plan) => Self::Plan(*no_plan),
            Err(source) => Self::Prepare(PrepareError { source, ..error }),
        }
    }
}

impl ComputeError {
    /// The results do not fit together.
    pub fn finish(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Finish(error.into())
    }
}
