//! The graph specification.
mod collection;
mod delayed;
mod function;
mod graph;
mod key;
mod layer;
mod manipulate;
mod notation;
mod op;
mod plan;
mod portable;
mod request;
mod scheduler;
mod store;
mod task;
mod token;
mod value;

pub use collection::{
    Collection, Collections, ComputeError, Explanation, compute, compute_with, persist, persist_with,
    visualize,
};
pub use delayed::{Delayed, DelayedArg, DelayedArgs, DelayedFn, TryDelayedFn, delayed, try_delayed};
pub use function::{Function, Own, Param, named_op, op, try_named_op, try_op};
pub use graph::Graph;
pub use key::{Key, KeyParseError, Name};
pub use layer::{
    Annotations, Axis, BlockArg, Blockwise, BlockwiseBuilder, BlockwiseError, Layer, LayerInfo, Materialized,
};
pub use manipulate::{bind, checkpoint, clone, wait_on};
pub use notation::{IntoOp, Ready};
pub use op::{Args, Op, OpError};
pub use plan::{Dot, NodeId, Plan, PlanError, PlanLayer, Pressure, Scratch, TaskError};
pub use portable::{Blob, BlobError, Portable};
pub use request::Nested;
pub use scheduler::{
    CancelToken, Installed, Observer, RunEnd, RunError, RunOptions, Scheduler, TaskEnd, TaskStart, WorkerId,
    install, installed,
};
pub use store::{KeyTaken, Store};
pub use task::{Arg, ArgList, Node, Task};
pub use token::{Token, Tokenize, Tokenizer};
pub use value::{List, Payload, TypeMismatch, Value};
