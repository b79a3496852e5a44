//! Why a run gave no results.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;
use std::panic::Location;

use crate::key::{Key, Name};
use crate::op::OpError;
use crate::pack::Refused;
use crate::plan::{NodeId, Plan, PlanLayer, TaskError};
use crate::portable::BlobError;
use crate::value::Value;

/// A run that gave no results.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A task failed. The error of the user's own function is the [`source`](Error::source).
    #[error("task {key} failed{}: {source}", At(.op, .layer, .location, .stands_for))]
    Failed {
        /// The task's key.
        key: Key,
        /// The op's name.
        op: String,
        /// The layer's name.
        layer: Name,
        /// Where the layer was written.
        location: Option<&'static Location<'static>>,
        /// The work that a fused task stands for ([`Plan::stands_for`]); empty for a task that is itself alone.
        stands_for: Vec<String>,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A task panicked.
    #[error("task {key} panicked{}: {message}", At(.op, .layer, .location, .stands_for))]
    Panicked {
        /// The task's key.
        key: Key,
        /// The op's name.
        op: String,
        /// The layer's name.
        layer: Name,
        /// Where the layer was written.
        location: Option<&'static Location<'static>>,
        /// The work that a fused task stands for ([`Plan::stands_for`]); empty for a task that is itself alone.
        stands_for: Vec<String>,
        /// What it panicked with.
        message: String,
    },
    /// The run's token was cancelled.
    #[error("the run was cancelled; {finished} of {tasks} tasks had finished")]
    Cancelled {
        /// Tasks that had finished.
        finished: usize,
        /// Tasks in the plan.
        tasks: usize,
    },
    /// The run's deadline passed.
    #[error("the run's deadline passed; {finished} of {tasks} tasks had finished")]
    DeadlineExceeded {
        /// Tasks that had finished.
        finished: usize,
        /// Tasks in the plan.
        tasks: usize,
    },
    /// A result for which there was no memory could not be written to disk, or not be read back.
    #[error("the result of {key} could not be kept on disk: {source}")]
    Spill {
        /// The key of the task that made the result.
        key: Key,
        /// Which file, why, and what to do.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A task cannot be run by another process: its op, or a value that it takes or makes, stays in its own.
    #[error("task {key} cannot be run in another process{}: {source}", At(.op, .layer, .location, .stands_for))]
    Stays {
        /// The task's key.
        key: Key,
        /// The op's name.
        op: String,
        /// The layer's name.
        layer: Name,
        /// Where the layer was written.
        location: Option<&'static Location<'static>>,
        /// The work that a fused task stands for ([`Plan::stands_for`]); empty for a task that is itself alone.
        stands_for: Vec<String>,
        /// What stays, and what to do about it.
        source: Box<StaysError>,
    },
    /// Whoever was to run a task was lost with it, more often than it is tried again.
    #[error("task {key} was lost{}: {source}", At(.op, .layer, .location, .stands_for))]
    Lost {
        /// The task's key.
        key: Key,
        /// The op's name.
        op: String,
        /// The layer's name.
        layer: Name,
        /// Where the layer was written.
        location: Option<&'static Location<'static>>,
        /// The work that a fused task stands for ([`Plan::stands_for`]); empty for a task that is itself alone.
        stands_for: Vec<String>,
        /// What became of who was to run it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The scheduler itself could not do its work.
    #[error("the scheduler could not run the plan: {0}")]
    Scheduler(#[source] Box<dyn Error + Send + Sync>),
}

impl RunError {
    /// The error of a node that gave no value.
    pub fn of_task(plan: &Plan, node: NodeId, error: TaskError) -> Self {
        let key = plan.key(node).clone();
        let layer = plan.layer(node).name.clone();
        let location = plan.layer(node).info.location;
        let stands_for = plan.stands_for(node);
        match error {
            TaskError::Panicked { op, message } => {
                Self::Panicked { key, op, layer, location, stands_for, message }
            }
            TaskError::Failed { op, error } => {
                // The user's own error is the source, without our wrapping around it.
                let source = match error {
                    OpError::Failed(source) => source,
                    other => other.into(),
                };
                Self::Failed { key, op, layer, location, stands_for, source }
            }
        }
    }

    /// The error of a node that cannot be run in another process.
    pub fn stays(plan: &Plan, node: NodeId, source: impl Into<StaysError>) -> Self {
        let PlanLayer { name, info } = plan.layer(node);
        Self::Stays {
            key: plan.key(node).clone(),
            op: plan.op_name(node),
            layer: name.clone(),
            location: info.location,
            stands_for: plan.stands_for(node),
            source: Box::new(source.into()),
        }
    }

    /// The error of a node with which everybody was lost who was to run it.
    pub fn lost(plan: &Plan, node: NodeId, source: Box<dyn Error + Send + Sync>) -> Self {
        let PlanLayer { name, info } = plan.layer(node);
        Self::Lost {
            key: plan.key(node).clone(),
            op: plan.op_name(node),
            layer: name.clone(),
            location: info.location,
            stands_for: plan.stands_for(node),
            source,
        }
    }

    /// The key of the task that failed or panicked, or whose result could not be kept.
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Failed { key, .. }
            | Self::Panicked { key, .. }
            | Self::Spill { key, .. }
            | Self::Stays { key, .. }
            | Self::Lost { key, .. } => Some(key),
            Self::Cancelled { .. } | Self::DeadlineExceeded { .. } | Self::Scheduler(_) => None,
        }
    }
}

/// Why something stays in its process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StaysError {
    /// The op cannot be packed.
    #[error(transparent)]
    Op(#[from] Refused),
    /// The value's type says nothing of how it leaves the process.
    #[error(
        "a value of type {type_name} cannot leave its process: call `dask_graph::make_portable` for the types in it at \
         the beginning of `main` if they have serde's traits, implement `Payload`, or run it on threads"
    )]
    Value {
        /// The type.
        type_name: Cow<'static, str>,
    },
    /// The value could not be written or read.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// There was no place for the value, or it was not there any more.
    #[error(transparent)]
    Io(io::Error),
}

impl StaysError {
    /// The error of a value that has no blob.
    pub fn value(value: &Value) -> Self {
        Self::Value { type_name: value.type_name().into() }
    }
}

/// ` in op of layer, written at file:line:column, which stands for a → b`.
struct At<'a>(&'a str, &'a Name, &'a Option<&'static Location<'static>>, &'a [String]);

/// Of a longer history only the first and last steps are told.
const MOST_TOLD: usize = 8;

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " in `{}` of layer {}", self.0, self.1)?;
        self.2.map_or(Ok(()), |at| write!(f, ", written at {at}"))?;
        match self.3 {
            [] => Ok(()),
            all if all.len() <= MOST_TOLD => write!(f, ", which stands for {}", all.join(" → ")),
            all => {
                let (first, rest) = all.split_at(MOST_TOLD / 2);
                let (rest, last) = rest.split_at(rest.len() - MOST_TOLD / 2);
                let (first, last) = (first.join(" → "), last.join(" → "));
                write!(f, ", which stands for {first} → ({} more) → {last}", rest.len())
            }
        }
    }
}
