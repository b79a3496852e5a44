//! The contract between plans and what runs them.

mod error;
mod observer;
mod options;
mod prepare;
mod watch;

use std::sync::{Arc, PoisonError, RwLock};

use crate::graph::Graph;
use crate::key::Key;
use crate::plan::Plan;
use crate::value::Value;

pub use error::{RunError, StaysError};
pub use observer::{Observer, RunEnd, TaskEnd, TaskStart, WorkerId};
pub use options::{CancelToken, RunOptions};
pub use prepare::{PassReport, PrepareError};
pub use watch::Watch;

/// Runs plans.
///
/// Whatever it is, a scheduler
///
/// - gives the same results for the same plan, bit for bit, whatever its number of workers;
/// - releases a result the moment its last consumer took it, and gives that consumer the last reference;
/// - turns a panic in an op into an error that names the key;
/// - on the first error starts nothing more, waits for what runs, and returns it;
/// - stops between tasks when the run is cancelled or its deadline has passed;
/// - keeps to a memory limit as far as it can, which changes no result;
/// - tells the observers, and pays nothing for them when there are none.
///
/// [`Plan::execute`] is the part of the work that all schedulers share. A scheduler of one's own calls
/// `dask_graph::testing::conformance` (feature `testing`) in its tests.
///
/// ```
/// use dask_graph::{graph, Key, NodeId, Plan, RunError, RunOptions, Scheduler, Scratch, Value, op};
///
/// /// Runs everything in order and keeps every result: the shortest scheduler, not a good one.
/// struct Naive;
///
/// impl Scheduler for Naive {
///     fn run(&self, plan: &Plan, _: &RunOptions) -> Result<Vec<Value>, RunError> {
///         let mut done: Vec<Value> = Vec::new();
///         for node in plan.nodes() {
///             let value = plan.execute(node, &mut Scratch::default(), |of, _last| done[of.index()].clone());
///             done.push(value.map_err(|error| RunError::of_task(plan, node, error))?);
///         }
///         Ok(plan.outputs().iter().map(|node| done[node.index()].clone()).collect())
///     }
/// }
///
/// let add = op(|a: i64, b: i64| a + b);
/// let plan = graph! { "x" => 1_i64, "y" => add(@"x", 2_i64) }.lower(&[Key::named("y")]).unwrap();
/// let values = Naive.run(&plan, &RunOptions::default()).unwrap();
/// assert_eq!(values[0].get::<i64>(), Ok(&3));
/// ```
pub trait Scheduler: Send + Sync {
    /// Runs the plan and returns the results that were asked for, in that order.
    ///
    /// # Errors
    ///
    /// - When an op fails or panics.
    /// - When the run is cancelled or its deadline passes.
    fn run(&self, plan: &Plan, options: &RunOptions) -> Result<Vec<Value>, RunError>;

    /// Makes a graph ready for this scheduler; here is where a front optimises. Keeps every key of `keys`.
    ///
    /// # Errors
    ///
    /// - When the graph cannot be made ready, for instance because a key is missing.
    fn prepare(&self, graph: Graph, _keys: &[Key], _options: &RunOptions) -> Result<Graph, PrepareError> {
        Ok(graph)
    }

    /// [`prepare`](Self::prepare), and what each pass did: for [`Collection::explain`](crate::Collection::explain).
    ///
    /// # Errors
    ///
    /// As `prepare`.
    fn prepare_with_report(
        &self,
        graph: Graph,
        keys: &[Key],
        options: &RunOptions,
    ) -> Result<(Graph, Vec<PassReport>), PrepareError> {
        Ok((self.prepare(graph, keys, options)?, Vec::new()))
    }
}

impl<S: Scheduler + ?Sized> Scheduler for Arc<S> {
    fn run(&self, plan: &Plan, options: &RunOptions) -> Result<Vec<Value>, RunError> {
        (**self).run(plan, options)
    }

    fn prepare(&self, graph: Graph, keys: &[Key], options: &RunOptions) -> Result<Graph, PrepareError> {
        (**self).prepare(graph, keys, options)
    }

    fn prepare_with_report(
        &self,
        graph: Graph,
        keys: &[Key],
        options: &RunOptions,
    ) -> Result<(Graph, Vec<PassReport>), PrepareError> {
        (**self).prepare_with_report(graph, keys, options)
    }
}

/// A scheduler and the options with which `compute()` runs it.
#[derive(Clone)]
pub struct Installed {
    /// The scheduler.
    pub scheduler: Arc<dyn Scheduler>,
    /// The options.
    pub options: RunOptions,
}

static INSTALLED: RwLock<Option<Installed>> = RwLock::new(None);

/// Makes `scheduler` the one that `compute()` uses from now on; returns the one before.
pub fn install(scheduler: Arc<dyn Scheduler>, options: RunOptions) -> Option<Installed> {
    let mut installed = INSTALLED.write().unwrap_or_else(PoisonError::into_inner);
    installed.replace(Installed { scheduler, options })
}

/// The scheduler that `compute()` uses, if one was installed.
pub fn installed() -> Option<Installed> {
    INSTALLED.read().unwrap_or_else(PoisonError::into_inner).clone()
}
