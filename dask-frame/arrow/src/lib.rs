//! Arrays of arrow2, in which dask-frame holds its columns, as arrays of the maintained Arrow crates, and back.
//!
//! Both follow Arrow's C data interface, whose two structs lie alike in both, so an array is handed over and not
//! copied: [`to_arrow`] and [`from_arrow`] keep the addresses of values and offsets. (The bits of validity of a slice
//! that does not begin with a byte are copied.)
//!
//! Not every type that one side can export the other can import, and one pair of types is imported as if it were
//! another, which would read beyond the memory. So types are let through by a list, in both directions: truth values,
//! integers of all widths, floats of 32 and 64 bits, texts with 64-bit offsets, timestamps, dates of 32 bits, durations,
//! and dictionaries of texts with 32-bit keys. Whoever has another type casts it first.
//!
//! This crate is apart since it has the only `unsafe` of dask-frame.

mod bridge;

pub use bridge::{BridgeError, from_arrow, to_arrow};
