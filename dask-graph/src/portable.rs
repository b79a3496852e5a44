//! How values and ops leave the process: the hooks that schedulers with worker processes ask for.
//!
//! Nothing here moves a byte. A value that can travel becomes a [`Blob`]: a small header, and buffers that
//! are written once and never re-encoded on the way. An op that can travel says so with [`Portable`].

use std::error::Error;
use std::sync::Arc;

use crate::op::Op;

/// A value on its way out of, or into, a process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blob {
    /// Everything but the bulk: type tags, shapes, lengths.
    pub header: Vec<u8>,
    /// The bulk, as it lies in memory.
    pub buffers: Vec<Arc<[u8]>>,
}

/// A value that could not be written to, or read from, a [`Blob`].
#[derive(Debug, thiserror::Error)]
#[error("a value of type {type_name} could not cross the process border")]
pub struct BlobError {
    /// The type of the value.
    pub type_name: &'static str,
    /// Why.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

/// How an op crosses a process border.
#[derive(Clone)]
#[non_exhaustive]
pub enum Portable {
    /// The op has no state: its type is its whole meaning, and a worker that runs the same executable finds
    /// it by the address of the function that calls it.
    Stateless,
    /// The op travels as its encoded state and the function that makes an op of it on the other side.
    State {
        /// The encoded state.
        bytes: Vec<u8>,
        /// Makes the op again.
        decode: fn(&[u8]) -> Result<Arc<dyn Op>, BlobError>,
    },
    /// The op stays in its process; the text says what the user can do about it.
    Refused {
        /// What to do instead.
        advice: &'static str,
    },
}
