//! Arrays in Zarr stores, of format 2 and 3: directories of compressed chunks.
//!
//! Blocks are read from and written to the chunks that they touch, each by one task. What is written has format 3,
//! and is compressed by zstd unless told otherwise.

mod read;
mod write;

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use zarrs::array::{CodecOptions, DataType, data_type};
use zarrs::filesystem::FilesystemStore;

use super::file::FileError;
use crate::element::DType;

pub use self::read::ZarrSource;
pub use self::write::{Compression, ZarrSink};

/// What is wrong with a Zarr array, or with a place to write one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZarrError {
    /// What any place for files can have: the operating system refuses, an interrupted store cannot be taken up.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no array, or its metadata cannot be understood.
    #[error("{} is not a Zarr array that can be read: it needs a zarr.json or .zarray", path.display())]
    Open {
        /// The directory.
        path: PathBuf,
        /// The reason.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Another element type than was asked for.
    #[error("{} holds elements of type {found}, expected {expected}; open it as an array of that type and use astype", path.display())]
    DType {
        /// The directory.
        path: PathBuf,
        /// The type in the metadata.
        found: String,
        /// The type that was asked for.
        expected: DType,
    },
    /// Chunks that could not be read: missing codecs, corrupt bytes.
    #[error("could not read the part at {start:?} of shape {shape:?} of {}", path.display())]
    Read {
        /// The directory.
        path: PathBuf,
        /// Where the part begins.
        start: Vec<usize>,
        /// Its shape.
        shape: Vec<usize>,
        /// The reason.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A byte that is neither 0 nor 1 where a bool should be.
    #[error("{} holds the byte {byte} in an array of bools", path.display())]
    NotBool {
        /// The directory.
        path: PathBuf,
        /// The byte.
        byte: u8,
    },
    /// Chunks that could not be written.
    #[error("could not write to {}", path.display())]
    Write {
        /// The directory.
        path: PathBuf,
        /// The reason.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A chunk shape that is not one for the array.
    #[error(
        "chunks of shape {chunks:?} for an array of shape {shape:?}: one length for each axis is needed, none of them 0"
    )]
    Chunks {
        /// The chunk shape.
        chunks: Vec<usize>,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// A block that shares a chunk with another one: both would be written at once.
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
    /// A directory that is something else would be lost.
    #[error("{} is there already and is no Zarr array: it is not replaced", path.display())]
    NotReplaced {
        /// The directory.
        path: PathBuf,
    },
}

/// A Zarr array in a directory.
type Stored = zarrs::array::Array<FilesystemStore>;

fn open(path: &std::path::Path) -> Result<Stored, ZarrError> {
    let failed = |source: Box<dyn Error + Send + Sync>| ZarrError::Open { path: path.to_owned(), source };
    if !path.is_dir() {
        let source = io::Error::new(io::ErrorKind::NotFound, "there is no such directory");
        return Err(FileError::io("open", path)(source).into());
    }
    let store = FilesystemStore::new(path).map_err(|error| failed(error.into()))?;
    Stored::open(Arc::new(store), "/").map_err(|error| failed(error.into()))
}

/// One block is the work of one thread; how many work at once is the scheduler's matter.
fn options() -> CodecOptions {
    CodecOptions::default().with_concurrent_target(1)
}

fn data_type_of(dtype: DType) -> DataType {
    match dtype {
        DType::Bool => data_type::bool(),
        DType::I8 => data_type::int8(),
        DType::I16 => data_type::int16(),
        DType::I32 => data_type::int32(),
        DType::I64 => data_type::int64(),
        DType::U8 => data_type::uint8(),
        DType::U16 => data_type::uint16(),
        DType::U32 => data_type::uint32(),
        DType::U64 => data_type::uint64(),
        DType::F16 => data_type::float16(),
        DType::F32 => data_type::float32(),
        DType::F64 => data_type::float64(),
        DType::C64 => data_type::complex64(),
        DType::C128 => data_type::complex128(),
    }
}
