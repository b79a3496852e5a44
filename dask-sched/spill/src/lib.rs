//! Results under a memory limit: in memory as long as they fit, on disk otherwise.
//!
//! For schedulers on one machine. [`Results`] holds what the tasks of one run have made until its last
//! consumer took it. When more bytes are alive than the limit allows, the result whose next use lies furthest
//! ahead in the static order goes to disk: the order of a plan is known, so this is Belady's rule for
//! replacing pages, which reads back the least, with the future in place of a guess at it.
//!
//! - A result leaves memory only while no running task takes it, and not if it is among the next to be used.
//! - It is read back when a task begins that takes it. If others will take it later, the file stays, and
//!   leaving memory again costs nothing.
//! - Whoever takes it last owns it, as ever: the kernel that works in place cannot tell where it was.
//! - Values that cannot leave the process, that others share, or that are smaller than a page stay in
//!   memory; they are never an error.
//! - Files lie in a directory of the run's own, made when first needed and removed at the end, however the
//!   run ends. A result that cannot be written or read back ends the run with [`SpillError`].
//!
//! The modules: `results` is what schedulers use; `foresight` decides what goes, and does nothing;
//! `slots` is where each result is and how it moves while many threads want it (checked with loom); `files`
//! writes and reads.
//!
//! L. A. Belady, *A study of replacement algorithms for a virtual-storage computer*, IBM Systems Journal 5(2),
//! 1966.

#![forbid(unsafe_code)]

mod error;
mod files;
mod foresight;
mod results;
mod slots;
mod sync;

pub use error::SpillError;
pub use results::Results;
