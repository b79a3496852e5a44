//! What can go wrong with processes.

use std::fmt;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;

/// Workers that could not be had.
///
/// The [`source`](std::error::Error::source) of [`RunError::Scheduler`](dask_graph::RunError::Scheduler).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkersError {
    /// `main` has not said that it may be run as a worker.
    #[error(
        "worker processes cannot be started, since `main` did not call `dask_sched::init()` first: a worker runs this \
         same executable, and that call is where it begins its work"
    )]
    NotInitialised,
    /// This process is a worker.
    #[error(
        "this process is a worker itself and starts no workers: inside tasks, `compute()` runs on the task's own \
         thread"
    )]
    InsideWorker,
    /// This process was started as a worker and went past that.
    #[error(
        "this process was started as a worker, and `main` did not call `dask_sched::init()` before anything else: it \
         does what the master does, and would go on to start workers of its own"
    )]
    UnawareWorker,
    /// The directory that processes share could not be made.
    #[error("cannot make a directory for what processes share in {}: {source}", .parent.display())]
    Directory {
        /// Where it was to be made.
        parent: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A process could not be started.
    #[error("cannot start a worker process: {0}")]
    Start(#[source] io::Error),
    /// A process was started and has never become a worker.
    #[error(
        "the worker process {pid} {how} before it said that it was one; `main` has to call `dask_sched::init()` before \
         anything else"
    )]
    NeverJoined {
        /// The process.
        pid: u32,
        /// What became of it.
        how: Death,
    },
    /// The connection to a worker could not be used.
    #[error("cannot talk to the workers: {0}")]
    Connection(#[source] io::Error),
    /// What a worker says makes no sense.
    #[error("worker process {pid} cannot be talked to: {reason}")]
    Refused {
        /// The process.
        pid: u32,
        /// Why not.
        reason: String,
    },
    /// Workers died one after the other, and nothing got done.
    #[error("worker processes keep dying before they have done anything; the last, {pid}, {how}")]
    KeepDying {
        /// The last.
        pid: u32,
        /// How it died.
        how: Death,
    },
    /// The scheduler was shut down.
    #[error("the scheduler was shut down")]
    ShutDown,
}

/// A task of which every worker died.
///
/// The [`source`](std::error::Error::source) of [`RunError::Lost`](dask_graph::RunError::Lost).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} died while running it; the last, process {pid}, {how}{}", Times(.deaths), LastSeen(.last_seen))]
#[non_exhaustive]
pub struct WorkerDied {
    /// How many workers.
    pub deaths: u32,
    /// The last of them.
    pub pid: u32,
    /// How it died.
    pub how: Death,
    /// The bytes of memory that it had when that was last looked at.
    pub last_seen: Option<u64>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Death {
    /// It left by itself, with this status.
    Exited(i32),
    /// It was ended by this signal.
    Killed(i32),
    /// It used more memory than a worker may, and was ended for that.
    OverLimit {
        /// What it used.
        nbytes: u64,
        /// What it may use.
        limit: u64,
    },
    /// It took too long to join.
    Silent(Duration),
    /// What it said made no sense, and it was ended for that.
    Confused,
    /// The scheduler was shut down, and it was ended with it.
    ShutDown,
}

impl Death {
    /// What the system says of a process that has ended.
    pub(crate) fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(code),
            (None, signal) => Self::Killed(signal.unwrap_or_default()),
        }
    }
}

const KILL: i32 = Signal::KILL.as_raw();
const ABORT: i32 = Signal::ABORT.as_raw();
const SEGV: i32 = Signal::SEGV.as_raw();

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with status {code}, as by `std::process::exit`"),
            Self::Killed(KILL) => {
                write!(
                    f,
                    "was killed by SIGKILL, likely because the machine or its container ran out of memory"
                )
            }
            Self::Killed(ABORT) => write!(
                f,
                "aborted (SIGABRT), as by `std::process::abort`, an allocation that failed, or a panic within a panic"
            ),
            Self::Killed(SEGV) => {
                write!(f, "crashed (SIGSEGV), as by a stack overflow or an error in native code")
            }
            Self::Killed(signal) => write!(f, "was ended by signal {signal}"),
            Self::OverLimit { nbytes, limit } => write!(
                f,
                "was ended for using {nbytes} bytes of memory where a worker may use {limit}; use smaller blocks or \
                 allow a worker more"
            ),
            Self::Silent(time) => write!(f, "said nothing for {time:?} and was ended"),
            Self::Confused => write!(f, "said what makes no sense and was ended"),
            Self::ShutDown => write!(f, "was ended with the scheduler"),
        }
    }
}

struct Times<'a>(&'a u32);

impl fmt::Display for Times<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => write!(f, "a worker"),
            n => write!(f, "{n} workers, one after the other,"),
        }
    }
}

struct LastSeen<'a>(&'a Option<u64>);

impl fmt::Display for LastSeen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .map_or(Ok(()), |nbytes| write!(f, "; it was last seen with {} MB of memory", nbytes / 1_000_000))
    }
}

/// What a worker told of an error: the text, and that of its causes.
#[derive(Debug)]
pub(crate) struct Told {
    text: String,
    cause: Option<Box<Told>>,
}

impl Told {
    pub(crate) fn new(chain: Vec<String>) -> Self {
        let mut texts = chain.into_iter().rev();
        let last = Told { text: texts.next().unwrap_or_default(), cause: None };
        texts.fold(last, |cause, text| Told { text, cause: Some(Box::new(cause)) })
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Told {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| &**cause as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_of_causes_is_told_again() {
        let told = Told::new(vec!["a".into(), "b".into(), "c".into()]);
        let chain: Vec<String> =
            std::iter::successors(Some(&told as &dyn std::error::Error), |error| error.source())
                .map(ToString::to_string)
                .collect();
        assert_eq!(chain, ["a", "b", "c"]);
    }

    #[test]
    fn ways_to_die_are_told_apart() {
        let text = |status| Death::of(ExitStatus::from_raw(status)).to_string();
        assert!(text(KILL).contains("SIGKILL") && text(KILL).contains("memory"));
        assert!(text(ABORT).contains("aborted"));
        assert!(text(SEGV).contains("crashed"));
        assert!(text(3 << 8).contains("exited with status 3"));
        assert!(text(Signal::TERM.as_raw()).contains("signal 15"));
    }

    #[test]
    fn what_is_known_of_a_dead_worker_is_told() {
        let died = |deaths, last_seen| WorkerDied { deaths, pid: 7, how: Death::Killed(KILL), last_seen };
        let text = died(3, Some(512_000_000)).to_string();
        assert!(text.starts_with("3 workers, one after the other, died while running it"), "{text}");
        assert!(
            text.contains("process 7, was killed by SIGKILL") && text.ends_with("512 MB of memory"),
            "{text}"
        );
        assert!(died(1, None).to_string().starts_with("a worker died while running it; the last, process 7"));
    }
}
