//! What a run may be told.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::scheduler::Observer;

/// What a run may be told: when to stop, who watches, how much memory to use.
///
/// ```
/// use std::time::Duration;
/// use dask_graph::{CancelToken, RunOptions};
///
/// let cancel = CancelToken::new();
/// let options = RunOptions::new()
///     .cancel(cancel.clone())
///     .timeout(Duration::from_secs(60))
///     .memory_limit(512 << 20);
/// cancel.cancel();
/// assert!(options.is_cancelled());
/// ```
#[derive(Clone, Default)]
pub struct RunOptions {
    cancel: Option<CancelToken>,
    deadline: Option<Instant>,
    memory_limit: Option<u64>,
    temporary_directory: Option<PathBuf>,
    observers: Vec<Arc<dyn Observer>>,
}

impl RunOptions {
    /// No limits and nobody who watches.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the run when `token` is cancelled.
    #[must_use]
    pub fn cancel(mut self, token: CancelToken) -> Self {
        self.cancel = Some(token);
        self
    }

    /// Stops the run when this moment has passed.
    #[must_use]
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Stops the run when so much time has passed from now.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.deadline(deadline),
            // Further ahead than the clock can tell is no limit.
            None => self,
        }
    }

    /// Keeps the bytes of live results at so many: tasks that read or create data are held back while there
    /// are more, and when that is not enough, results go to disk until they are needed.
    ///
    /// What the running tasks have in hand, and results that cannot leave the process
    /// ([`Payload::to_blob`](crate::Payload::to_blob)), may go beyond it. Results are the same with any limit.
    #[must_use]
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// Where results go for which there is no memory; the system's directory for temporary files otherwise.
    ///
    /// A run makes a directory of its own there when it first needs one, and removes it at its end.
    #[must_use]
    pub fn temporary_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.temporary_directory = Some(path.into());
        self
    }

    /// Tells `observer` of the run.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Whether the run is to stop because it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancel.as_ref().is_some_and(CancelToken::is_cancelled)
    }

    /// The moment after which the run is to stop.
    pub fn get_deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Whether the run is to stop because its time is over; reads the clock only if there is a deadline.
    pub fn is_overdue(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// The number of bytes of results that may be alive.
    pub fn get_memory_limit(&self) -> Option<u64> {
        self.memory_limit
    }

    /// The directory for results for which there is no memory, if one was named.
    pub fn get_temporary_directory(&self) -> Option<&Path> {
        self.temporary_directory.as_deref()
    }

    /// Those who watch.
    pub fn observers(&self) -> &[Arc<dyn Observer>] {
        &self.observers
    }
}

impl fmt::Debug for RunOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunOptions")
            .field("cancel", &self.cancel)
            .field("deadline", &self.deadline)
            .field("memory_limit", &self.memory_limit)
            .field("temporary_directory", &self.temporary_directory)
            .field("observers", &self.observers.len())
            .finish()
    }
}

/// A flag that stops runs, from any thread, as often as it is shared.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops every run that has this token; it cannot be taken back.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
