//! The multiprocess scheduler: tasks run in worker processes, and a worker that dies costs no more than what it
//! was doing.
//!
//! What is decided and what is done are apart. The module `machine` decides which task runs where, what is released and
//! how a run ends; it is told what has happened and answers with instructions, without a clock, a process or a
//! file, so that tests can put it through every order of events.

#![forbid(unsafe_code)]

#[cfg_attr(not(test), expect(dead_code, reason = "nothing drives the machine yet"))]
mod machine;
