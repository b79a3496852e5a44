//! The synchronous scheduler: one thread, in order.
//!
//! [`Sync`] runs a plan on the caller's thread, from the first node of the static order to the last. It is
//! the one to debug with, since a breakpoint in a task has the caller on its stack, and the oracle that
//! other schedulers are compared with.
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

use dask_graph::{NodeId, Plan, RunError, RunOptions, Scheduler, Scratch, Value, Watch, WorkerId};

/// Runs plans on the caller's thread, node after node in static order.
///
/// A memory limit changes nothing here: only one node runs at a time, and the order is already the one that
/// keeps few results alive.
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
        let mut run = Run::new(plan, options);
        let done = run.all();
        run.watch.finish(done.is_err());
        done
    }
}

/// One run of one plan.
struct Run<'p> {
    plan: &'p Plan,
    options: &'p RunOptions,
    watch: Watch<'p>,
    scratch: Scratch,
    results: Results,
    finished: usize,
}

impl<'p> Run<'p> {
    fn new(plan: &'p Plan, options: &'p RunOptions) -> Self {
        let watch = Watch::start(plan, options);
        Run { plan, options, watch, scratch: Scratch::default(), results: Results::new(plan), finished: 0 }
    }

    fn all(&mut self) -> Result<Vec<Value>, RunError> {
        for node in self.plan.nodes() {
            self.node(node)?;
        }
        Ok(self.plan.outputs().iter().map(|&node| self.results.share(node)).collect())
    }

    fn node(&mut self, node: NodeId) -> Result<(), RunError> {
        let (finished, tasks) = (self.finished, self.plan.n_tasks());
        if self.options.is_cancelled() {
            return Err(RunError::Cancelled { finished, tasks });
        }
        if self.options.is_overdue() {
            return Err(RunError::DeadlineExceeded { finished, tasks });
        }
        let is_counting = self.watch.is_counting();
        let start = self.watch.task_started(node, WorkerId(0));
        let mut released = 0;
        let value = self.plan.execute(node, &mut self.scratch, |of, is_last_place| {
            if !is_last_place {
                return self.results.share(of);
            }
            let (value, is_last) = self.results.take(of);
            if is_counting && is_last {
                released += value.nbytes();
            }
            value
        });
        if is_counting {
            let made = value.as_ref().map_or(0, Value::nbytes);
            self.watch.task_finished(start, made, released, value.is_err());
        }
        self.results.put(node, value.map_err(|error| RunError::of_task(self.plan, node, error))?);
        self.finished += usize::from(self.plan.is_task(node));
        Ok(())
    }
}

/// The results that are alive, each with the number of times it will still be taken.
struct Results(Vec<(Option<Value>, u32)>);

impl Results {
    fn new(plan: &Plan) -> Self {
        Results(plan.nodes().map(|node| (None, plan.uses(node))).collect())
    }

    fn put(&mut self, node: NodeId, value: Value) {
        self.0[node.index()].0 = Some(value);
    }

    /// Takes a result once: the value itself (and true) if it is the last time, a share of it otherwise.
    fn take(&mut self, node: NodeId) -> (Value, bool) {
        let (_, uses) = &mut self.0[node.index()];
        *uses -= 1;
        if *uses > 0 {
            return (self.share(node), false);
        }
        let value = self.0[node.index()].0.take();
        (value.unwrap_or_else(|| unreachable!("{node:?} is needed before it was made")), true)
    }

    fn share(&self, node: NodeId) -> Value {
        let value = self.0[node.index()].0.clone();
        value.unwrap_or_else(|| unreachable!("{node:?} is needed before it was made"))
    }
}
