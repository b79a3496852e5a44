//! Tests of the machine as a whole: replays of event lists, and simulated runs.

/// Returns an error with a message unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err(format!($($message)+));
        }
    };
}

mod graph;
mod invariants;
mod oracle;
mod replay;
mod scale;
mod simulation;
mod world;
