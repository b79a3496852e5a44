//! The synchronous scheduler: one thread, in order.
//!
//! [`Sync`] runs a plan on the caller's thread, from the first node of the static order to the last. It is
//! the one to debug with, since a breakpoint in a task has the caller on its stack, and the oracle that
//! other schedulers are compared with.
//!
//! With a memory limit, results for which there is no memory are on disk until they are needed.
//!
//! # Examples
//!
//! ```
//! use dask_graph::{Key, RunOptions, Scheduler, graph};
//! use dask_sched_sync::Sync;
//!
//! fn add(a: i64, b: i64) -> i64 {
//!     a + b
//! }
//!
//! let graph = graph! { "x" => 1_i64, "y" => add(@"x", 2_i64), "z" => add(@"x", @"y") };
//! let plan = graph.lower(&[Key::named("z")])?;
//! assert_eq!(Sync::new().run(&plan, &RunOptions::new())?[0].get::<i64>(), Ok(&4));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod results;

use dask_graph::{NodeId, Plan, RunError, RunOptions, Scheduler, Scratch, Value, Watch, WorkerId};
use results::{InMemory, Results};

/// Runs plans on the caller's thread, node after node in static order.
///
/// A memory limit need not hold producers back here: only one node runs at a time, and the order is already the one
/// that keeps few results alive.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Sync {}

impl Sync {
    /// Makes a scheduler; it holds nothing.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Scheduler for Sync {
    fn run(&self, plan: &Plan, options: &RunOptions) -> Result<Vec<Value>, RunError> {
        match dask_sched_spill::Results::new(plan, options, 1) {
            None => run(plan, options, InMemory::new(plan)),
            Some(results) => run(plan, options, results),
        }
    }
}

fn run(plan: &Plan, options: &RunOptions, results: impl Results) -> Result<Vec<Value>, RunError> {
    let watch = Watch::start(plan, options);
    let mut run = Run { plan, options, watch, scratch: Scratch::default(), results, finished: 0 };
    let done = run.all();
    run.watch.finish(done.is_err());
    done
}

/// One run of one plan.
struct Run<'p, R> {
    plan: &'p Plan,
    options: &'p RunOptions,
    watch: Watch<'p>,
    scratch: Scratch,
    results: R,
    finished: usize,
}

impl<R: Results> Run<'_, R> {
    fn all(&mut self) -> Result<Vec<Value>, RunError> {
        for node in self.plan.nodes() {
            self.node(node)?;
        }
        self.results.outputs(self.plan, &self.watch)
    }

    fn node(&mut self, node: NodeId) -> Result<(), RunError> {
        let (finished, tasks) = (self.finished, self.plan.n_tasks());
        if self.options.is_cancelled() {
            return Err(RunError::Cancelled { finished, tasks });
        }
        if self.options.is_overdue() {
            return Err(RunError::DeadlineExceeded { finished, tasks });
        }
        self.results.begin(node, &self.watch)?;
        let is_counting = self.watch.is_counting();
        let start = self.watch.task_started(node, WorkerId(0));
        let mut released = 0;
        let value = self.plan.execute(node, &mut self.scratch, |of, is_last_place| {
            let (value, is_last) = self.results.take(of, is_last_place);
            if is_counting && is_last {
                released += self.watch.nbytes(of, &value);
            }
            value
        });
        if is_counting {
            let made = value.as_ref().map_or(0, |value| self.watch.nbytes(node, value));
            self.watch.task_finished(start, made, released, value.is_err());
        }
        self.results.put(node, value.map_err(|error| RunError::of_task(self.plan, node, error))?);
        self.results.end(node, &self.watch)?;
        self.finished += usize::from(self.plan.is_task(node));
        Ok(())
    }
}
