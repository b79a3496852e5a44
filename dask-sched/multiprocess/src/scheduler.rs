//! The scheduler as its users see it.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dask_graph::{Plan, RunError, RunOptions, Scheduler, Value};

use crate::crew::Crew;
use crate::error::WorkersError;
use crate::run::run;

/// Runs plans in worker processes of this same executable.
///
/// `main` has to call `dask_sched::init()` before anything else: that is where a worker begins its work. The
/// processes are started by the first run, as many as it has tasks and at most one a worker, and kept for the
/// next ones until the scheduler is dropped or [shut down](Self::shutdown). Runs that overlap have workers of
/// their own.
///
/// Results of more than 32 KiB go from process to process through files in memory (`/dev/shm`), so they survive
/// the worker that made them; a worker that dies loses only the task that it ran, which is given to another one.
///
/// # Examples
///
/// ```no_run
/// use dask_graph::{Collection, delayed};
/// use dask_sched_multiprocess::Multiprocess;
///
/// fn main() -> Result<(), Box<dyn std::error::Error>> {
///     dask_sched_worker::init(|| ()); // or dask_sched::init()
///     let processes = Multiprocess::with_workers(2).worker_memory_limit(2 << 30);
///     let sum = delayed(|a: i64, b: i64| a + b).call((40_i64, 2_i64));
///     assert_eq!(sum.compute_with(&processes)?, 42);
///     Ok(())
/// }
/// ```
pub struct Multiprocess {
    config: Arc<Config>,
    state: Arc<State>,
}

/// What was said when the scheduler was made.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) n_workers: NonZeroUsize,
    pub(crate) retries: u32,
    pub(crate) worker_memory_limit: Option<u64>,
    /// How long a process may take to join.
    pub(crate) patience: Duration,
    /// The most bytes of values that a worker keeps at hand.
    pub(crate) cache: u64,
}

/// What runs of one scheduler share.
#[derive(Debug, Default)]
pub(crate) struct State {
    inner: Mutex<Inner>,
    /// Told when a run has ended.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    /// Crews that no run uses.
    idle: Vec<Crew>,
    n_running: usize,
    /// Once the scheduler is being shut down: when workers are killed.
    closing: Option<Instant>,
}

const RETRIES: u32 = 2;
const PATIENCE: Duration = Duration::from_secs(10);
const CACHE: u64 = 256 << 20;
/// Crews that are kept when no run uses them.
const IDLE_CREWS: usize = 1;

impl Multiprocess {
    /// A scheduler with one worker for each core that this process may use.
    pub fn new() -> Self {
        Self::with_workers(0)
    }

    /// A scheduler with `workers` workers; none means one for each core that this process may use.
    pub fn with_workers(workers: usize) -> Self {
        let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let config = Config {
            n_workers: NonZeroUsize::new(workers).unwrap_or_else(cores),
            retries: RETRIES,
            worker_memory_limit: None,
            patience: PATIENCE,
            cache: CACHE,
        };
        Self { config: Arc::new(config), state: Arc::default() }
    }

    /// Sets how often a task is given to another worker after the one that ran it has died; 2 otherwise. It must be
    /// right to run it again, which for a task without side effects it is.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        Arc::make_mut(&mut self.config).retries = retries;
        self
    }

    /// Sets the bytes of memory that each worker may use, all in all; one that is seen to use more is killed, as
    /// if the system had done it, and its task counts as lost with it. It is looked at 20 times a second.
    ///
    /// This is a fuse. For the bytes of results that a run keeps, see [`RunOptions::memory_limit`].
    #[must_use]
    pub fn worker_memory_limit(mut self, bytes: u64) -> Self {
        Arc::make_mut(&mut self.config).worker_memory_limit = Some(bytes);
        self
    }

    /// Sets how long a process may take until it says that it is a worker; 10 seconds otherwise.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        Arc::make_mut(&mut self.config).patience = patience;
        self
    }

    /// Sets the bytes of values that each worker keeps in its own memory, so that tasks which run where their
    /// inputs were made need not read them; 256 MiB otherwise.
    #[must_use]
    pub fn worker_cache(mut self, bytes: u64) -> Self {
        Arc::make_mut(&mut self.config).cache = bytes;
        self
    }

    /// The number of workers.
    pub fn num_workers(&self) -> NonZeroUsize {
        self.config.n_workers
    }

    /// Ends all workers: runs start nothing more, and tasks that still run after `grace` are killed with their
    /// workers. Returns when all are gone. Later runs are refused.
    pub fn shutdown(&self, grace: Duration) {
        let mut inner = self.state.lock();
        let until = Instant::now().checked_add(grace).unwrap_or_else(Instant::now);
        inner.closing = Some(inner.closing.map_or(until, |earlier| earlier.min(until)));
        let mut idle = std::mem::take(&mut inner.idle);
        drop(inner);
        idle.iter_mut().for_each(|crew| crew.shut_down(grace));
        let mut inner = self.state.lock();
        while inner.n_running > 0 {
            inner = self.state.ended.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When workers are killed, if the scheduler is being shut down.
    pub(crate) fn closing(&self) -> Option<Instant> {
        self.lock().closing
    }

    /// A crew for one run.
    fn enter(&self, config: &Arc<Config>) -> Result<Crew, WorkersError> {
        let mut inner = self.lock();
        if inner.closing.is_some() {
            return Err(WorkersError::ShutDown);
        }
        let crew = match inner.idle.pop() {
            Some(crew) => crew,
            None => Crew::new(config.clone())?,
        };
        inner.n_running += 1;
        Ok(crew)
    }

    fn leave(&self, crew: Option<Crew>) {
        let mut inner = self.lock();
        let mut leaving = crew;
        if inner.closing.is_none() && inner.idle.len() < IDLE_CREWS {
            inner.idle.extend(leaving.take());
        }
        drop(inner);
        drop(leaving);
        self.lock().n_running -= 1;
        self.ended.notify_all();
    }
}

/// A crew while a run has it: given back in order after the run, and ended with it when the run panics.
struct Lent<'s> {
    state: &'s State,
    crew: Option<Crew>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let crew = if std::thread::panicking() { None } else { self.crew.take() };
        drop(self.crew.take());
        self.state.leave(crew);
    }
}

impl Default for Multiprocess {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Multiprocess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multiprocess").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Scheduler for Multiprocess {
    /// Runs the plan; the calling thread does the scheduling.
    ///
    /// # Errors
    ///
    /// - When an op or a value of the plan cannot leave the process ([`RunError::Stays`]), before anything runs.
    /// - When an op fails or panics, the run is cancelled, or its deadline passes.
    /// - When the workers of a task die, more often than it is tried again ([`RunError::Lost`]).
    /// - When there are no workers to be had.
    fn run(&self, plan: &Plan, options: &RunOptions) -> Result<Vec<Value>, RunError> {
        plan.check_portable()?;
        let crew = self.state.enter(&self.config).map_err(|error| RunError::Scheduler(error.into()))?;
        let mut lent = Lent { state: &self.state, crew: Some(crew) };
        match &mut lent.crew {
            Some(crew) => run(crew, plan, options, &self.state),
            None => unreachable!("it has just been lent"),
        }
    }
}
