//! The scheduler as its users see it: a pool of workers that is kept from run to run.

use crate::run::Run;
use dask_graph::{Plan, RunError, RunOptions, Scheduler, Value};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Runs plans on all cores of this machine.
///
/// The threads are started by the first run and kept for the next ones, until the scheduler is dropped.
/// Runs may overlap, from several threads or from inside tasks; they share the workers.
///
/// # Examples
///
/// ```
/// use dask_graph::{Key, RunOptions, Scheduler, graph};
/// use dask_sched_threaded::Threaded;
///
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// let graph = graph! { "x" => 1_i64, "y" => add(@"x", 2_i64), "z" => add(@"x", @"y") };
/// let plan = graph.lower(&[Key::named("z")])?;
///
/// let scheduler = Threaded::with_workers(2);
/// let values = scheduler.run(&plan, &RunOptions::new())?;
/// assert_eq!(values[0].get::<i64>(), Ok(&4));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct Threaded {
    workers: NonZeroUsize,
    is_eager: bool,
    pool: OnceLock<ThreadPool>,
    /// Held while the pool is made, which may fail and is then tried again by the next run.
    starting: Mutex<()>,
}

impl Threaded {
    /// A scheduler with one worker for each core that this process may use.
    pub fn new() -> Self {
        Self::with_workers(0)
    }

    /// A scheduler with `workers` workers; none means one for each core that this process may use, and more
    /// than rayon can number (65 535 on most machines) means as many as it can.
    pub fn with_workers(workers: usize) -> Self {
        let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Threaded {
            workers: NonZeroUsize::new(workers.min(rayon::max_num_threads())).unwrap_or_else(cores),
            is_eager: false,
            pool: OnceLock::new(),
            starting: Mutex::new(()),
        }
    }

    /// Lets all workers begin at once. Otherwise one begins alone, and the others come when its tasks are seen to take
    /// long enough to be worth it, some 50 µs later: for plans of a few tasks of a fraction of a millisecond that is a
    /// part of the time.
    #[must_use]
    pub fn eager(mut self) -> Self {
        self.is_eager = true;
        self
    }

    /// The number of workers, and so of threads.
    pub fn num_workers(&self) -> NonZeroUsize {
        self.workers
    }

    fn pool(&self) -> Result<&ThreadPool, RunError> {
        let _starting = match self.pool.get() {
            Some(pool) => return Ok(pool),
            None => self.starting.lock().unwrap_or_else(PoisonError::into_inner),
        };
        if let Some(pool) = self.pool.get() {
            return Ok(pool);
        }
        let pool = ThreadPoolBuilder::new()
            .num_threads(self.workers.get())
            .thread_name(|i| format!("dask-worker-{i}"))
            .build()
            .map_err(|error| RunError::Scheduler(error.into()))?;
        Ok(self.pool.get_or_init(|| pool))
    }
}

impl Default for Threaded {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Threaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threaded").field("workers", &self.workers).finish_non_exhaustive()
    }
}

impl Scheduler for Threaded {
    /// Runs the plan on the workers; the calling thread waits, or works too if it is one of them.
    ///
    /// # Errors
    ///
    /// - When an op fails or panics, the run is cancelled, or its deadline passes.
    /// - When the operating system gives no threads.
    fn run(&self, plan: &Plan, options: &RunOptions) -> Result<Vec<Value>, RunError> {
        let pool = self.pool()?;
        // Called inside a task, one that begins alone could be watched by nobody.
        let is_eager = self.is_eager || pool.current_thread_index().is_some();
        let run = Run::new(plan, options, self.workers.get(), is_eager);
        if !plan.is_empty() {
            run.drive(pool);
        }
        run.finish()
    }
}
