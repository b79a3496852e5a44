//! What a driver tells the machine.

use dask_graph::NodeId;

/// A worker process.
///
/// A process that replaces a dead one is another worker: numbers are never used again within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Worker(pub(crate) u32);

/// Which sending of a node: counts up from 0 for each node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Attempt(pub(crate) u32);

/// Something that has happened.
///
/// Answers of workers name the attempt that they answer, and may come late or twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The worker can be sent tasks.
    Joined { worker: Worker },
    /// The worker is dead, or has never come to life.
    ///
    /// What it has answered is better told before, as far as it is known: later it counts no more.
    Died {
        worker: Worker,
        /// What it was running, as far as that is known; `None` for nothing.
        running: Option<NodeId>,
    },
    /// The worker has run the node.
    Done {
        worker: Worker,
        node: NodeId,
        attempt: Attempt,
        /// The size of the result.
        nbytes: u64,
        /// Whether the result is in memory; on disk otherwise, whichever was asked for.
        in_memory: bool,
        /// How long the op took.
        nanos: u64,
    },
    /// The node's op has failed or panicked; the driver keeps the error.
    Failed { worker: Worker, node: NodeId, attempt: Attempt },
    /// The node was in the worker's queue when that was recalled, and has not been run.
    Skipped { worker: Worker, node: NodeId, attempt: Attempt },
    /// The driver has run the node in its own process.
    HomeDone {
        node: NodeId,
        /// The size of the result; what it shares with other results may be left out.
        nbytes: u64,
    },
    /// The node has failed in the driver's own process; the driver keeps the error.
    HomeFailed { node: NodeId },
    /// The run is cancelled, its deadline has passed, or the driver itself has failed; the driver keeps which.
    Stop,
}
