//! The graph specification: what collections and schedulers agree on.
//!
//! A collection never computes by itself. It describes its work as a [`Graph`]; a [`Scheduler`] runs the
//! [`Plan`] made of it, on one thread, many threads, many processes or a cluster. The graph is the only thing
//! that both sides know, and this crate is that thing: it knows no threads, no files, no arrays, of tables only the
//! form in which collections exchange them, and no scheduler.
//!
//! ```text
//!   Key, Value      what results are called, and what they are
//!   Op, Task        what is done, with which arguments
//!   Layer, Graph    many tasks described at once, joined by reference
//!   Plan            the needed part of a graph, numbered and ordered
//!   Scheduler       runs plans; Observer watches, RunOptions limit
//!   Collection      describes work and reads results; Delayed is the smallest
//!   Columns         what collections give each other the partitions of tables in
//! ```
//!
//! A graph written by hand, as close to a dictionary as Rust allows:
//!
//! ```
//! use dask_graph::{Key, graph};
//!
//! fn load(name: &str) -> Vec<f64> {
//!     name.bytes().map(f64::from).collect()
//! }
//! fn total(parts: Vec<Vec<f64>>) -> f64 {
//!     parts.iter().flatten().sum()
//! }
//!
//! let dsk = graph! {
//!     ("load", 0) => load("abc"),
//!     ("load", 1) => load("xyz"),
//!     "total" => total([@("load", 0), @("load", 1)]),
//! };
//! let plan = dsk.lower(&[Key::named("total")]).unwrap();
//! assert_eq!(plan.len(), 3);
//! assert_eq!(plan.key(plan.outputs()[0]).to_string(), "total");
//! ```
//!
//! Running it needs a scheduler, which lives in a crate of its own (`dask-sched`).

mod code;
mod codec;
mod collection;
mod columns;
mod delayed;
mod function;
mod graph;
mod key;
mod layer;
mod machine;
mod manipulate;
mod notation;
mod op;
mod pack;
mod plan;
mod portable;
mod request;
mod scheduler;
mod store;
mod task;
mod task_graph;
mod tasks;
#[cfg(feature = "testing")]
pub mod testing;
mod token;
mod value;

pub use code::Step;
pub use codec::{
    Codec, CodecError, Encoding, make_list_portable, make_option_portable, make_pair_portable, make_portable,
    make_portable_by, portable_types,
};
pub use collection::{
    Collection, Collections, ComputeError, Explanation, compute, compute_with, persist, persist_with,
    visualize,
};
pub use columns::{
    ColumnData, ColumnField, ColumnKind, ColumnPartitions, ColumnValues, Columns, ColumnsError,
    TextPartsError, Texts,
};
pub use delayed::{Delayed, DelayedArg, DelayedArgs, DelayedFn, TryDelayedFn, delayed, try_delayed};
pub use function::{Function, Own, Param, named_op, op, try_named_op, try_op};
pub use graph::Graph;
pub use key::{Key, KeyParseError, Name};
pub use layer::{
    Annotations, Axis, BlockArg, Blockwise, BlockwiseBuilder, BlockwiseError, Layer, LayerInfo, Materialized,
};
pub use machine::machine_memory;
pub use manipulate::{bind, checkpoint, clone, wait_on};
pub use notation::{IntoOp, Ready};
pub use op::{Args, Op, OpError};
pub use pack::{Callable, PackedOp, Packer, Refused, Unpack, UnpackError, Unpacked, Unpacker, Witnesses};
pub use plan::{
    Code, CodeError, Dot, Inputs, NodeId, Plan, PlanError, PlanLayer, Pressure, Scratch, TaskError,
};
pub use portable::{Blob, BlobError, BlobReader, ReadBlob};
pub use request::Nested;
pub use scheduler::{
    CancelToken, Installed, Observer, PassReport, PrepareError, RunEnd, RunError, RunOptions, Scheduler,
    StaysError, TaskEnd, TaskStart, Watch, WorkerId, install, installed,
};
pub use store::{KeyTaken, Store};
pub use task::{Arg, ArgList, Node, Task};
pub use task_graph::{Put, TaskGraph};
pub use token::{Token, Tokenize, Tokenizer};
pub use value::{List, Payload, TypeMismatch, Value};
