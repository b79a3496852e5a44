//! Files that arrays lie in: what can go wrong with them, and whether they are still what they were.

use serde::{Deserialize, Serialize};
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::pending::ResumeError;

/// What is wrong with a file of elements, or with a place to write one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
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
    /// Fewer or more bytes than the shape asks for.
    #[error("{} has {found} bytes, expected {expected} for its shape {shape:?}: it is {}", path.display(), if found < expected { "truncated" } else { "longer than it should be" })]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes in the file.
        found: u64,
        /// Bytes up to the end of the last element.
        expected: u64,
        /// The shape of the array.
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
    /// What an interrupted store left cannot be taken up.
    #[error(transparent)]
    Resume(#[from] ResumeError),
}

impl FileError {
    /// What to make of the operating system's refusal.
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
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
    fn of(metadata: &Metadata) -> Self {
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

/// A file that is opened anew for each read, and refused when it is not what it was at first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoredFile {
    /// Absolute: the same file in another process, whose working directory may be another.
    pub(super) path: PathBuf,
    pub(super) state: FileState,
}

impl StoredFile {
    /// Opens a file for the first time.
    pub(super) fn open(path: &Path) -> Result<(Self, File), FileError> {
        let file = File::open(path).map_err(FileError::io("open", path))?;
        let metadata = file.metadata().map_err(FileError::io("look at", path))?;
        Ok((Self { path: absolute(path), state: FileState::of(&metadata) }, file))
    }

    /// Opens it again, lets `read` read from it, and looks before and after whether somebody wrote to it meanwhile.
    pub(super) fn read<E: From<FileError>>(
        &self,
        read: impl FnOnce(&File) -> Result<(), E>,
    ) -> Result<(), E> {
        let file = File::open(&self.path).map_err(FileError::io("open", &self.path))?;
        self.check(&file)?;
        read(&file)?;
        Ok(self.check(&file)?)
    }

    fn check(&self, file: &File) -> Result<(), FileError> {
        let metadata = file.metadata().map_err(FileError::io("look at", &self.path))?;
        let found = FileState::of(&metadata);
        if found != self.state {
            let (path, expected) = (self.path.clone(), self.state.clone());
            return Err(FileError::Changed { path, found, expected });
        }
        Ok(())
    }
}

/// Brings what was written to a file to the disk.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    // Not all systems do that for a file that is open for reading.
    OpenOptions::new().write(true).open(path)?.sync_data()
}

/// A path that means the same in another process.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
