//! Arrays in HDF5 files.
//!
//! Files are taken apart by `hdf5-pure`, which needs no C library: it says where in the file the elements or the chunks
//! of a data set are. The bytes themselves are read by block, at their place, as those of `.npy` files are; so there is
//! no lock that readers wait for. What that cannot be done for (filters other than deflate and shuffle, chunks that
//! were never written) the crate reads, by rows.
//!
//! What is written is laid out here (see `layout`): a data set of chunks without filters, which lie in the file one
//! after the other, so that blocks can be written in any order and from any process. The crate writes only what is in
//! memory.

mod chunked;
mod datatype;
mod layout;
mod lookup3;
mod read;
mod write;

use std::path::{Path, PathBuf};

use super::file::FileError;
use crate::element::DType;

pub use self::read::Hdf5Source;
pub use self::write::Hdf5Sink;

/// What is wrong with an HDF5 file, or with a place to write one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Hdf5Error {
    /// What any file of elements can have: it cannot be opened, is truncated, changed.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is no HDF5 file, or uses something of the format that is not understood.
    #[error("{} is not an HDF5 file that can be read", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: hdf5_pure::Error,
    },
    /// There is no such data set.
    #[error("{} has no data set {dataset:?}, it has {names:?}", path.display())]
    NoDataset {
        /// The file.
        path: PathBuf,
        /// The data set that was asked for.
        dataset: String,
        /// Those that there are, with their groups.
        names: Vec<String>,
    },
    /// Another element type than was asked for.
    #[error("{dataset:?} of {} holds elements of type {found}, expected {expected}; open it as an array of that type and use astype", path.display())]
    DType {
        /// The file.
        path: PathBuf,
        /// The data set.
        dataset: String,
        /// The type in the file.
        found: String,
        /// The type that was asked for.
        expected: DType,
    },
    /// Elements that could not be read: corrupt bytes, filters that are not known.
    #[error("could not read {dataset:?} of {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The data set.
        dataset: String,
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A name that cannot be one of a data set.
    #[error("{dataset:?} is no name for a data set: names of groups and of the data set, divided by `/`")]
    Name {
        /// The name that was given.
        dataset: String,
    },
    /// A chunk shape that is not one for the array.
    #[error(
        "chunks of shape {chunks:?} for an array of shape {shape:?}: one length for each axis is needed, none of them 0, and less than 4 GiB for all"
    )]
    Chunks {
        /// The chunk shape.
        chunks: Vec<usize>,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// A block that is not made of whole chunks.
    #[error(
        "a block at {offset:?} of shape {block:?} is not made of whole chunks of shape {chunks:?}; rechunk the array to them first"
    )]
    Unaligned {
        /// Where the block begins.
        offset: Vec<usize>,
        /// Its shape.
        block: Vec<usize>,
        /// The chunk shape.
        chunks: Vec<usize>,
    },
    /// A file with something else in it would be lost.
    #[error("{} is there already and holds more than the data set {dataset:?}: it is not replaced", path.display())]
    NotReplaced {
        /// The file.
        path: PathBuf,
        /// The data set.
        dataset: String,
    },
}

fn open(path: &Path) -> Result<hdf5_pure::File, Hdf5Error> {
    hdf5_pure::File::open_streaming(path).map_err(|source| Hdf5Error::Open { path: path.to_owned(), source })
}
