//! Arrays in `.npy` files: read and written by block, with positioned reads and writes, never whole.

mod header;
#[cfg(feature = "npz")]
mod npz;
mod read;
mod stack;
mod write;

use std::path::PathBuf;

use super::file::FileError;
use crate::element::DType;
use crate::error::ArrayError;

#[cfg(feature = "npz")]
pub use self::npz::{Npz, NpzError, NpzSource, npz_names};
pub use self::read::NpySource;
pub use self::stack::{NpyStackSink, NpyStackSource};
pub use self::write::NpySink;

/// What is wrong with a `.npy` file, or with a place to write one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpyError {
    /// What any file of elements can have: it cannot be opened, is truncated, changed.
    #[error(transparent)]
    File(#[from] FileError),
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
    /// A directory without all files of a stack.
    #[error("{} is missing: a stack has files 0.npy, 1.npy, …, none left out", path.display())]
    NoStack {
        /// The first file that is missing.
        path: PathBuf,
    },
    /// Files of a stack that do not fit together.
    #[error("{} has shape {found:?}, which does not fit the first file's {expected:?} along axis {axis}", path.display())]
    StackShape {
        /// The file.
        path: PathBuf,
        /// Its shape.
        found: Vec<usize>,
        /// The shape of the first file.
        expected: Vec<usize>,
        /// The axis along which they are stacked.
        axis: usize,
    },
    /// An axis to stack along that the array does not have.
    #[error(transparent)]
    Axis(#[from] ArrayError),
    /// Files that do not add up to the array.
    #[error("files of lengths {lengths:?} along axis {axis} do not add up to shape {shape:?}")]
    StackLengths {
        /// The axis along which they are stacked.
        axis: usize,
        /// Their lengths.
        lengths: Vec<usize>,
        /// The shape of the array.
        shape: Vec<usize>,
    },
    /// A block that is not one file of the stack.
    #[error(
        "a block at {offset:?} of shape {block:?} is not one of the files, which have lengths {lengths:?} along axis {axis} and reach over all others; rechunk the array to them first"
    )]
    NotOneFile {
        /// Where the block begins.
        offset: Vec<usize>,
        /// Its shape.
        block: Vec<usize>,
        /// The axis along which files are stacked.
        axis: usize,
        /// Their lengths.
        lengths: Vec<usize>,
    },
    /// A directory that is something else would be lost.
    #[error("{} is there already and is no stack of .npy files: it is not replaced", path.display())]
    NotReplaced {
        /// The directory.
        path: PathBuf,
    },
    /// An archive that cannot be read or written, or is none.
    #[cfg(feature = "npz")]
    #[error("{} is not a .npz archive that can be used", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// The reason.
        source: zip::result::ZipError,
    },
    /// An array that an archive does not have.
    #[cfg(feature = "npz")]
    #[error("{} has no array {name:?}, it has {names:?}", path.display())]
    NoMember {
        /// The archive.
        path: PathBuf,
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        names: Vec<String>,
    },
    /// A name for two arrays of an archive.
    #[cfg(feature = "npz")]
    #[error("two arrays for {} are called {name:?}", path.display())]
    SameName {
        /// The archive.
        path: PathBuf,
        /// The name.
        name: String,
    },
}

/// The header of a file with an array in row-major order.
pub(super) fn header_of(dtype: DType, shape: &[usize]) -> Vec<u8> {
    header::write(dtype, shape)
}
