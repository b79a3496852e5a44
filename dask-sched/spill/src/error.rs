//! Why a result could not be kept on disk.

use std::io;
use std::path::PathBuf;

use dask_graph::BlobError;

/// A result that could not be written to disk, or not be read back.
///
/// The [`source`](std::error::Error::source) of [`RunError::Spill`](dask_graph::RunError::Spill).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpillError {
    /// The run's directory could not be made.
    #[error(
        "cannot make a directory in {}: {source}; name another with DASK_TEMPORARY_DIRECTORY or \
         `RunOptions::temporary_directory`, or allow more memory", .parent.display()
    )]
    Directory {
        /// Where it was to be made.
        parent: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file could not be written.
    #[error(
        "cannot write {}: {source}; free some space, name another directory with DASK_TEMPORARY_DIRECTORY or \
         `RunOptions::temporary_directory`, or allow more memory", .path.display()
    )]
    Write {
        /// The file, which has been removed.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file could not be read back.
    #[error("cannot read {} back: {source}; nobody but the run may touch its files", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The value's type could not write it, or not read back what it had written.
    #[error(transparent)]
    Value(#[from] BlobError),
}
