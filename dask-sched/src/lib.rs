//! The front of the schedulers: feature flags choose which there are, [`init`] installs one.
//!
//! ```
//! use dask_graph::{Collection, delayed};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     dask_sched::init()?;
//!     let double = delayed(|x: i64| 2 * x);
//!     assert_eq!(double.call((21_i64,)).compute()?, 42);
//!     Ok(())
//! }
//! ```
//!
//! | feature | brings |
//! |---|---|
//! | `threaded` (default) | [`Threaded`]: work stealing on all cores |
//! | `multiprocess` | `Multiprocess`: worker processes, which may crash without harm |
//! | `sync` (default) | [`Sync`]: one thread, in order, to debug with |
//! | `optimize` (default) | every graph is optimised before it runs |
//!
//! The environment overrides: `DASK_SCHEDULER` (`threaded`, `multiprocess` or `sync`), `DASK_NUM_WORKERS`,
//! `DASK_MEMORY_LIMIT` (`512MB`, `2GiB`) and `DASK_TEMPORARY_DIRECTORY`; see [`settings`]. A program that wants to choose by itself uses
//! [`default_scheduler`] or [`install`].

#![forbid(unsafe_code)]

mod builder;
mod error;
pub mod settings;

pub use builder::{SchedulerBuilder, default_scheduler, init, install};
pub use error::InitError;

#[cfg(feature = "optimize")]
pub use dask_optimize::Recompute;
#[cfg(feature = "multiprocess")]
pub use dask_sched_multiprocess::{Death, Multiprocess, WorkerDied, WorkersError};
#[cfg(feature = "sync")]
pub use dask_sched_sync::Sync;
#[cfg(feature = "threaded")]
pub use dask_sched_threaded::Threaded;
