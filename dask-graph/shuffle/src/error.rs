//! What can go wrong between writing records and reading them.

use std::io;
use std::path::PathBuf;

/// Records that could not be written, or not be read back as they were written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShuffleError {
    /// The directory could not be made.
    #[error(
        "cannot make a directory in {}: {source}; name another with DASK_TEMPORARY_DIRECTORY", .parent.display()
    )]
    Directory {
        /// Where it was to be made.
        parent: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file could not be written: no space, most likely.
    #[error(
        "cannot write {}: {source}; free some space, or name another directory with DASK_TEMPORARY_DIRECTORY",
        .path.display()
    )]
    Write {
        /// The file, which has been removed.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file could not be read: it is gone, most likely.
    #[error("cannot read {} back: {source}; nobody but the run may touch its files", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file ends before its records do.
    #[error("{} is too short, its end is missing; nobody but the run may touch its files", .path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
    },
    /// Records are not what was written.
    #[error(
        "{} is damaged between bytes {at} and {}; look at the disk, and run again", .path.display(), .at + .nbytes
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the stretch begins, in bytes from the beginning.
        at: u64,
        /// Its length in bytes.
        nbytes: u64,
    },
    /// Not as many records came out as went in.
    #[error(
        "{expected} records were written for target {target}, and {got} were read; look at the disk, and run again"
    )]
    Count {
        /// The target.
        target: u32,
        /// What was written.
        expected: u64,
        /// What was read.
        got: u64,
    },
    /// A record is longer than its length can say.
    #[error("a record of {nbytes} bytes cannot be exchanged; the most is {}", u32::MAX)]
    TooLong {
        /// Its length in bytes.
        nbytes: usize,
    },
    /// Files that were written for another number of targets.
    #[error("records for {got} targets are no part of an exchange with {expected} targets")]
    Targets {
        /// What the exchange has.
        expected: u32,
        /// What the file has.
        got: usize,
    },
}
