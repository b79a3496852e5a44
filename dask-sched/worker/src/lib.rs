//! Worker processes: how ops and values cross the border of a process.
//!
//! A worker is a process of the user's own executable, started by its master. Nothing is installed, and there is
//! nothing to keep in step: both sides are the same build, which they show each other before anything else.
//!
//! ```text
//!   image     functions, named by their place in the executable          what ops are made of
//!   shelf     values: inside messages, or in files that all can read     what tasks take and make
//!   spares    files of values that are written again
//!   message   what master and worker say to each other
//!   frame     messages in a stream of bytes, whatever carries it
//!   store     the values that a worker has at hand
//!   serve     what a worker does, over any connection
//!   start     how a process becomes a worker, over a socket that it inherits
//! ```
//!
//! `image` and `shelf` know nothing of messages, `frame` nothing of what is in it, and `serve` nothing of sockets:
//! another transport, such as that of a cluster, brings its own [`Connection`] and keeps the rest.
//!
//! This crate decides nothing: which task goes where is the matter of a scheduler.

#[cfg(not(target_os = "linux"))]
compile_error!("dask-sched-worker needs Linux: it relies on /proc and on files in memory");

mod frame;
mod image;
mod message;
mod serve;
mod shelf;
mod spares;
mod start;
mod status;
mod store;

pub use frame::{FrameError, Inbox, MAX_BULK, MAX_HEAD, Outbox};
pub use image::{BuildId, Image, ImageError, SameBuild, SentOp, SentReader, SentTypes};
pub use message::{Failure, FromWorker, Input, PROTOCOL, Task, ToWorker};
pub use serve::{Connection, ServeError, serve};
pub use shelf::{INLINE, Label, Owner, PackError, Parcel, Place, Shelf, UnpackError};
pub use spares::Spares;
pub use start::{init, is_initialised, is_worker, remove_all, spawn};
pub use status::{Begun, Status};
pub use store::Store;
