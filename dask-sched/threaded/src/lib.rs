//! The threaded scheduler: work stealing on all cores.

mod handover;
mod sync;
