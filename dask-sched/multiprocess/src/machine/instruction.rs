//! What the machine tells its driver to do.

use super::event::{Attempt, Worker};
use dask_graph::NodeId;

/// Something that the driver is to do, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instruction {
    /// Put the node at the end of the worker's queue. Answered by `Done`, `Failed`, `Skipped`, or the worker's
    /// death.
    Send { worker: Worker, node: NodeId, attempt: Attempt, place: Place },
    /// Run the node in the driver's own process, at once. Answered by `HomeDone` or `HomeFailed`.
    RunHome { node: NodeId },
    /// Nobody needs the node's result any more.
    Release { node: NodeId },
    /// A worker has made a result under an attempt that counts no more: what it has left is to be removed.
    Discard { worker: Worker, node: NodeId, attempt: Attempt },
    /// Start a process instead of this dead one, under a new number.
    Replace { worker: Worker },
    /// The worker is to skip what it has in its queue and has not begun. Each is answered by `Skipped`, or as if
    /// it had not been recalled.
    Recall { worker: Worker },
    /// The run is over: nothing is in flight, and no instruction follows. The driver drops every result that it
    /// holds and was not asked for.
    Finish(Outcome),
}

/// Where a worker is to put a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Memory,
    Disk,
}

/// How a run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All wanted results are there.
    Completed,
    /// This node was the first that failed.
    Failed { node: NodeId },
    /// Too many workers have died while they ran this node.
    Lost {
        node: NodeId,
        /// The last of them.
        worker: Worker,
    },
    /// The driver wanted it to.
    Stopped,
    /// Workers keep dying and nothing gets done.
    NoWorkers,
}
