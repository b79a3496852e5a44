//! The multiprocess scheduler: tasks run in worker processes, and a worker that dies costs no more than what it
//! was doing.
//!
//! What is decided and what is done are apart. The module `machine` decides which task runs where, what is released and
//! how a run ends; it is told what has happened and answers with instructions, without a clock, a process or a
//! file, so that tests can put it through every order of events. Around it:
//!
//! ```text
//!   scheduler    what users see: settings, and crews that wait for the next run
//!   crew         the workers of one run at a time, and the directory that they share
//!   member       one worker process: its connection, its output, and how it ends
//!   run          one run: feeds the machine with what happens, and does what it says
//!   results      values in the master, in messages, or in files
//! ```
//!
//! How ops and values cross the border, and what a worker does, is the crate `dask-sched-worker`. Linux only: it
//! relies on `/proc`, and on files in memory.

#![forbid(unsafe_code)]

#[cfg(not(target_os = "linux"))]
compile_error!("dask-sched-multiprocess needs Linux: it relies on /proc and on files in memory");

mod crew;
mod directory;
mod error;
mod machine;
mod member;
mod output;
mod results;
mod run;
mod scheduler;

pub use error::{Death, WorkerDied, WorkersError};
pub use scheduler::Multiprocess;
