//! Partitioned sequences of any Rust type.
