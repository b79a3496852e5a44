//! What a worker and its master say to each other.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::image::{BuildId, SentOp, SentTypes};
use crate::shelf::{Label, Place};

/// Goes up when messages change; a guard beside the identity of the executable, for transports that connect
/// processes which were not started by each other.
pub const PROTOCOL: u32 = 1;

/// What a worker is told.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToWorker {
    /// The answer to [`FromWorker::Hello`]: the worker is taken.
    Welcome {
        /// Of the master.
        build: BuildId,
        /// Of the master.
        protocol: u32,
        /// Where values are left in memory.
        memory: PathBuf,
        /// Where the worker notes what it runs ([`Status`](crate::Status)).
        status: PathBuf,
        /// The most bytes of values that it keeps to have them at hand.
        cache: u64,
    },
    /// A run begins; ops, literals and values of the one before are forgotten.
    Run {
        /// Counts the runs of a scheduler.
        run: u32,
        /// Where values are left on disk.
        disk: PathBuf,
        /// The most bytes of files that are kept to be written again.
        spare: u64,
    },
    /// How types leave the process, which were told it in the master.
    Types {
        /// What tells them.
        sent: SentTypes,
    },
    /// An op of the run; its bytes are the bulk.
    Op {
        /// Its number in the plan.
        op: u32,
        /// What makes it.
        sent: SentOp,
    },
    /// A literal of the run.
    Literal {
        /// Its number in the plan.
        literal: u32,
        /// The way to its value; what is inline is the bulk.
        label: Label,
    },
    /// A node is to be run, after those that came before.
    Task(Task),
    /// Values that will not be needed again here.
    Forget {
        /// Of which nodes.
        nodes: Vec<u32>,
        /// Files of values which the worker made, and which it may write again.
        spare: Vec<Label>,
    },
    /// Tasks that have not begun are to be skipped.
    Recall,
    /// The run is over: all that belongs to it is forgotten.
    Rest,
    /// The worker is to leave.
    Exit,
}

/// A node to be run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Task {
    /// The node.
    pub node: u32,
    /// Which attempt, to be told in the answer.
    pub attempt: u32,
    /// How often it is run again when it fails.
    pub retries: u32,
    /// What it does.
    pub code: Vec<u32>,
    /// The nodes whose values it takes; what is inline is the bulk, in this order.
    pub inputs: Vec<Input>,
    /// Where a large result goes.
    pub place: Place,
}

/// A value that a task takes.
#[derive(Debug, Serialize, Deserialize)]
pub struct Input {
    /// Of which node.
    pub node: u32,
    /// The way to it.
    pub label: Label,
    /// Whether nobody takes it after this task.
    pub is_last: bool,
}

/// What a worker says.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromWorker {
    /// The first thing that it says.
    Hello {
        /// Of the worker.
        build: BuildId,
        /// Of the worker.
        protocol: u32,
    },
    /// A node has been run.
    Done {
        /// The node.
        node: u32,
        /// Which attempt.
        attempt: u32,
        /// How long it took.
        nanos: u64,
        /// The size of the result in memory.
        nbytes: u64,
        /// The way to the result; what is inline is the bulk.
        label: Label,
    },
    /// A node gave no result.
    Failed {
        /// The node.
        node: u32,
        /// Which attempt.
        attempt: u32,
        /// Why.
        why: Failure,
    },
    /// A node was not begun, since tasks were recalled.
    Skipped {
        /// The node.
        node: u32,
        /// Which attempt.
        attempt: u32,
    },
    /// The worker cannot go on, and leaves.
    Leaving {
        /// Why.
        why: String,
    },
}

/// Why a node gave no result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// An op returned an error.
    Failed {
        /// Its number.
        op: u32,
        /// What the error says, and what its causes say.
        chain: Vec<String>,
    },
    /// An op panicked, or if none is named, the worker did.
    Panicked {
        /// Its number.
        op: Option<u32>,
        /// With what.
        message: String,
    },
    /// A value could not come or go.
    Stays {
        /// The type, if that is the reason.
        type_name: Option<String>,
        /// What could not be done.
        message: String,
    },
}
