//! What the demo and the examples share: a progress line, the peak memory of a stretch of work, and a
//! temporary directory that goes away whatever happens.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "programs that show something on a terminal")]

mod memory;
mod progress;
mod scratch;

pub use memory::{PeakMemory, bytes};
pub use progress::ProgressLine;
pub use scratch::Scratch;

/// The programs of the README, compiled and run with the documentation's tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
