//! The threaded scheduler: work stealing on all cores, in safe Rust.
//!
//! [`Threaded`] runs a plan on the threads of one rayon pool, which it keeps from run to run. What tasks do
//! with rayon inside runs on the same threads: nothing oversubscribes, and idle workers help.
//!
//! - Workers go through the plan together in static order, in which few results are alive at once. A task
//!   whose inputs are late is run by the worker that makes the last of them; of several such, last made
//!   ready first, and among those made ready together in static order. Idle workers steal.
//! - The last consumer of a result owns it, so that a kernel may work in place.
//! - The first error, a cancelled token or a passed deadline stops the run between tasks.
//! - With a memory limit, tasks that read or create data wait until it fits; when waiting would free nothing,
//!   results go to disk until they are needed (`dask-sched-spill`).
//! - A task may itself run a plan on the same scheduler; that works with one worker, too.
//!
//! The modules: `scheduler` is what users see, `run` the loop of the workers; `handover` how results, ready
//! tasks and idle workers pass between threads, `lone` how one worker begins alone (both checked with loom); `sweep` and `gate` where
//! tasks come from, without and with a memory limit; `place` what a thread is in the middle of.
//!
//! # Examples
//!
//! ```
//! use dask_graph::{Key, RunOptions, Scheduler, graph};
//! use dask_sched_threaded::Threaded;
//!
//! fn square(a: i64) -> i64 {
//!     a * a
//! }
//! fn add(a: i64, b: i64) -> i64 {
//!     a + b
//! }
//!
//! let graph = graph! { "x" => square(3_i64), "y" => square(4_i64), "z" => add(@"x", @"y") };
//! let plan = graph.lower(&[Key::named("z")])?;
//! let values = Threaded::new().run(&plan, &RunOptions::new())?;
//! assert_eq!(values[0].get::<i64>(), Ok(&25));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod apart;
mod gate;
mod handover;
mod lone;
mod place;
mod run;
mod scheduler;
mod sweep;
mod sync;

pub use scheduler::Threaded;
