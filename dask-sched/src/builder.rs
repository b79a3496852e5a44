//! Choosing a scheduler and making it the one that `compute()` uses.

use crate::error::InitError;
use crate::settings::{SchedulerName, Settings};
use dask_graph::{RunOptions, Scheduler};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

/// Installs the default scheduler, or the one that the environment names, for `compute()`.
///
/// To be called first in `main`. Called again, it replaces what was installed before.
///
/// With the feature `multiprocess`, this is also where a process that was started as a worker begins its work, and
/// then never returns from: what stands before it in `main` is done by every worker as well.
///
/// # Errors
///
/// - When a variable of the environment holds nonsense; the error names it and what it should hold.
/// - When the scheduler is not part of this build.
pub fn init() -> Result<(), InitError> {
    become_worker();
    default_scheduler().with_settings(&Settings::from_env()?).install()
}

/// Installs a scheduler of one's own for `compute()`.
///
/// Its graphs are optimised first, if optimisation is part of this build; `dask_graph::install` leaves them
/// as they were built.
pub fn install(scheduler: impl Scheduler + 'static) {
    dask_graph::install(default_scheduler().optimized(Arc::new(scheduler)), RunOptions::new());
}

/// The default scheduler, to be adjusted: threaded if it is part of this build, else multiprocess, else sync.
pub fn default_scheduler() -> SchedulerBuilder {
    SchedulerBuilder::default()
}

/// A scheduler in the making; see [`default_scheduler`].
///
/// The environment has no say here, unless [`with_settings`](Self::with_settings) gives it one.
///
/// # Examples
///
/// ```
/// use dask_graph::{Collection, delayed};
///
/// dask_sched::default_scheduler().num_workers(2.try_into()?).memory_limit(512 << 20).install()?;
/// assert_eq!(delayed(|x: i64| x + 1).call((1_i64,)).compute()?, 2);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `build` or `install`"]
pub struct SchedulerBuilder {
    name: Option<SchedulerName>,
    num_workers: Option<NonZeroUsize>,
    memory_limit: Option<u64>,
    temporary_directory: Option<PathBuf>,
    is_plain: bool,
    #[cfg(feature = "optimize")]
    recompute: Option<dask_optimize::Recompute>,
}

impl SchedulerBuilder {
    /// Chooses a scheduler by name.
    pub fn name(mut self, name: SchedulerName) -> Self {
        self.name = Some(name);
        self
    }

    /// Sets the number of workers; one a core otherwise. The sync scheduler has one whatever is said here.
    pub fn num_workers(mut self, workers: NonZeroUsize) -> Self {
        self.num_workers = Some(workers);
        self
    }

    /// Sets the bytes of results that may be alive in memory: tasks that read or create data wait, and when that
    /// is not enough, results go to disk until they are needed.
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// Sets where results go for which there is no memory; the system's directory for temporary files
    /// otherwise.
    pub fn temporary_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.temporary_directory = Some(path.into());
        self
    }

    /// Runs graphs as they were built, even if optimisation is part of this build.
    pub fn without_optimization(mut self) -> Self {
        self.is_plain = true;
        self
    }

    /// Sets when results that are needed before and after a barrier, as in `x - x.mean()`, are made again instead
    /// of kept; otherwise when they are expected to take more than half of the memory limit, or of the memory of
    /// the machine or container where there is no limit.
    #[cfg(feature = "optimize")]
    pub fn recompute(mut self, choice: dask_optimize::Recompute) -> Self {
        self.recompute = Some(choice);
        self
    }

    /// Takes over what `settings` ask for; the rest stays.
    pub fn with_settings(mut self, settings: &Settings) -> Self {
        self.name = settings.scheduler.or(self.name);
        self.num_workers = settings.num_workers.or(self.num_workers);
        self.memory_limit = settings.memory_limit.or(self.memory_limit);
        self.temporary_directory = settings.temporary_directory.clone().or(self.temporary_directory);
        self
    }

    /// Makes the scheduler and the options to run it with.
    ///
    /// # Errors
    ///
    /// - When the scheduler is not part of this build, or none is.
    pub fn build(&self) -> Result<(Arc<dyn Scheduler>, RunOptions), InitError> {
        let name = self.name.or_else(default_name).ok_or(InitError::NoneBuilt)?;
        let scheduler = match name {
            SchedulerName::Sync => sync()?,
            SchedulerName::Threaded => threaded(self.num_workers)?,
            SchedulerName::Multiprocess => multiprocess(self.num_workers)?,
        };
        let scheduler = if self.is_plain { scheduler } else { self.optimized(scheduler) };
        let options = self.memory_limit.into_iter().fold(RunOptions::new(), RunOptions::memory_limit);
        let directory = self.temporary_directory.iter();
        Ok((scheduler, directory.fold(options, RunOptions::temporary_directory)))
    }

    /// Makes the scheduler and installs it for `compute()`.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn install(&self) -> Result<(), InitError> {
        let (scheduler, options) = self.build()?;
        dask_graph::install(scheduler, options);
        Ok(())
    }
}

impl SchedulerBuilder {
    #[cfg(feature = "optimize")]
    fn optimized(&self, scheduler: Arc<dyn Scheduler>) -> Arc<dyn Scheduler> {
        use dask_optimize::{Optimized, Pipeline, Recompute};
        let by_memory = || Recompute::Auto { memory: dask_graph::machine_memory() };
        let pipeline = Pipeline::with_recompute(self.recompute.unwrap_or_else(by_memory));
        Arc::new(Optimized::with_pipeline(scheduler, pipeline))
    }

    #[cfg(not(feature = "optimize"))]
    fn optimized(&self, scheduler: Arc<dyn Scheduler>) -> Arc<dyn Scheduler> {
        scheduler
    }
}

fn default_name() -> Option<SchedulerName> {
    if cfg!(feature = "threaded") {
        Some(SchedulerName::Threaded)
    } else if cfg!(feature = "multiprocess") {
        Some(SchedulerName::Multiprocess)
    } else if cfg!(feature = "sync") {
        Some(SchedulerName::Sync)
    } else {
        None
    }
}

#[cfg(feature = "sync")]
fn sync() -> Result<Arc<dyn Scheduler>, InitError> {
    Ok(Arc::new(dask_sched_sync::Sync::new()))
}

#[cfg(not(feature = "sync"))]
fn sync() -> Result<Arc<dyn Scheduler>, InitError> {
    Err(InitError::NotBuilt { name: "sync" })
}

#[cfg(feature = "threaded")]
fn threaded(workers: Option<NonZeroUsize>) -> Result<Arc<dyn Scheduler>, InitError> {
    use dask_sched_threaded::Threaded;
    Ok(Arc::new(workers.map_or_else(Threaded::new, |workers| Threaded::with_workers(workers.get()))))
}

#[cfg(not(feature = "threaded"))]
fn threaded(_: Option<NonZeroUsize>) -> Result<Arc<dyn Scheduler>, InitError> {
    Err(InitError::NotBuilt { name: "threaded" })
}

/// Serves the master and leaves, if this process was started as a worker. Graphs that its tasks compute run on the
/// task's own thread.
#[cfg(feature = "multiprocess")]
fn become_worker() {
    dask_sched_worker::init(|| {
        let _ = default_scheduler().name(SchedulerName::Sync).install();
    });
}

#[cfg(not(feature = "multiprocess"))]
fn become_worker() {}

#[cfg(feature = "multiprocess")]
fn multiprocess(workers: Option<NonZeroUsize>) -> Result<Arc<dyn Scheduler>, InitError> {
    use dask_sched_multiprocess::Multiprocess;
    Ok(Arc::new(workers.map_or_else(Multiprocess::new, |workers| Multiprocess::with_workers(workers.get()))))
}

#[cfg(not(feature = "multiprocess"))]
fn multiprocess(_: Option<NonZeroUsize>) -> Result<Arc<dyn Scheduler>, InitError> {
    Err(InitError::NotBuilt { name: "multiprocess" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dask_graph::{Collection, ComputeError, delayed};

    fn sum_with(builder: &SchedulerBuilder) -> Result<i64, InitError> {
        let (scheduler, options) = builder.build()?;
        let sum = delayed(|a: i64, b: i64| a + b).call((40_i64, 2_i64));
        let done: Result<i64, ComputeError> = sum.compute_opts(&scheduler, &options);
        Ok(done.unwrap())
    }

    /// What a scheduler answers that may or may not be part of the build.
    #[track_caller]
    fn check(name: &'static str, chosen: SchedulerName, is_built: bool) {
        let builder = default_scheduler().name(chosen).num_workers(NonZeroUsize::MIN);
        let expected = if is_built { Ok(42) } else { Err(InitError::NotBuilt { name }) };
        assert_eq!(sum_with(&builder), expected);
    }

    #[test]
    fn schedulers_run_if_they_are_part_of_the_build_and_are_named_if_not() {
        check("sync", SchedulerName::Sync, cfg!(feature = "sync"));
        check("threaded", SchedulerName::Threaded, cfg!(feature = "threaded"));
    }

    /// The harness has a `main` of its own, which does not call `init`: that is what the run says.
    #[test]
    fn processes_are_refused_where_none_could_begin() {
        let built = default_scheduler().name(SchedulerName::Multiprocess).build();
        if !cfg!(feature = "multiprocess") {
            assert_eq!(built.err(), Some(InitError::NotBuilt { name: "multiprocess" }));
            return;
        }
        let (scheduler, options) = built.unwrap();
        let sum = delayed(|a: i64, b: i64| a + b).call((40_i64, 2_i64));
        let error = sum.compute_opts(&scheduler, &options).unwrap_err().to_string();
        assert!(error.contains("`main` did not call `dask_sched::init()`"), "{error}");
    }

    #[test]
    fn there_is_a_default_if_any_is_part_of_the_build() {
        let is_any = cfg!(any(feature = "sync", feature = "threaded"));
        if !is_any && cfg!(feature = "multiprocess") {
            return; // processes are the default, see the test above
        }
        for builder in [default_scheduler(), default_scheduler().without_optimization()] {
            assert_eq!(sum_with(&builder), if is_any { Ok(42) } else { Err(InitError::NoneBuilt) });
        }
    }

    #[test]
    fn the_environment_goes_first() {
        let settings = Settings {
            scheduler: Some(SchedulerName::Sync),
            memory_limit: Some(1 << 20),
            ..Settings::default()
        };
        let builder =
            default_scheduler().name(SchedulerName::Threaded).memory_limit(1).with_settings(&settings);
        assert_eq!((builder.name, builder.memory_limit), (Some(SchedulerName::Sync), Some(1 << 20)));
        assert_eq!(builder.num_workers, None);
    }
}
