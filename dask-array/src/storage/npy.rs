//! Arrays in `.npy` files: read and written by block, with positioned reads and writes, never whole.

mod header;
mod positioned;
mod read;
mod write;

use serde::{Deserialize, Serialize};
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::element::DType;

pub use self::read::NpySource;
pub use self::write::NpySink;

/// What is wrong with a `.npy` file, or with a place to write one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpyError {
    /// The operating system refused.
    #[error("could not {action} {}", path.display())]
    Io {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The file does not begin as a `.npy` file does.
    #[error("{} is not a .npy file: it begins with {found:02x?}, expected 93 'NUMPY'", path.display())]
    Magic {
        /// The file.
        path: PathBuf,
        /// Its first bytes.
        found: Vec<u8>,
    },
    /// A format version that nobody has told us about.
    #[error("{} has .npy format version {major}.{minor}, this reader knows 1.0, 2.0 and 3.0", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Major version.
        major: u8,
        /// Minor version.
        minor: u8,
    },
    /// A header that does not say what it must.
    #[error("{} has a header that cannot be read: {problem}, in {header:?}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// What is missing or wrong.
        problem: &'static str,
        /// The header.
        header: String,
    },
    /// Another element type than was asked for.
    #[error("{} holds elements of type '{found}', expected {expected}; open it as an array of that type and use astype", path.display())]
    DType {
        /// The file.
        path: PathBuf,
        /// The type in the file, as numpy writes it.
        found: String,
        /// The type that was asked for.
        expected: DType,
    },
    /// Fewer or more bytes than the header promises.
    #[error("{} has {found} bytes, expected {expected} for its shape {shape:?}: it is {}", path.display(), if found < expected { "truncated" } else { "longer than it should be" })]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes in the file.
        found: u64,
        /// Bytes that header and elements take.
        expected: u64,
        /// The shape in the header.
        shape: Vec<usize>,
    },
    /// The file is not what it was when the array was made.
    #[error("{} changed since the array was made: {found}, expected {expected}; make the array again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Length and time of modification now.
        found: FileState,
        /// Length and time of modification then.
        expected: FileState,
    },
    /// A byte that is neither 0 nor 1 where a bool should be.
    #[error("{} holds the byte {byte} in an array of bools", path.display())]
    NotBool {
        /// The file.
        path: PathBuf,
        /// The byte.
        byte: u8,
    },
    /// Chunks that do not fit the array in the file.
    #[error("chunks for {}", path.display())]
    Chunks {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: crate::chunks::ChunksError,
    },
    /// A block outside of the array that is written.
    #[error("a block at {offset:?} of shape {block:?} does not lie in {}, which has shape {shape:?}", path.display())]
    Outside {
        /// The file.
        path: PathBuf,
        /// Where the block begins.
        offset: Vec<usize>,
        /// Its shape.
        block: Vec<usize>,
        /// The shape of the array.
        shape: Vec<usize>,
    },
}

/// The header of a file with an array in row-major order.
pub(super) fn header_of(dtype: DType, shape: &[usize]) -> Vec<u8> {
    header::write(dtype, shape)
}

impl NpyError {
    fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// Length in bytes.
    pub len: u64,
    /// Time of the last modification, where the system keeps it.
    pub modified: Option<SystemTime>,
}

impl FileState {
    fn of(metadata: &std::fs::Metadata) -> Self {
        Self { len: metadata.len(), modified: metadata.modified().ok() }
    }
}

impl std::fmt::Display for FileState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.len)?;
        match self.modified.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok()) {
            Some(at) => write!(f, ", modified {}.{:09} s after 1970", at.as_secs(), at.subsec_nanos()),
            None => Ok(()),
        }
    }
}
