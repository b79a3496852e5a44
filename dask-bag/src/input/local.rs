//! Files of this machine.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use crate::error::ReadError;

/// What tells whether a file is still the one that it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    pub(super) nbytes: u64,
    /// `None` where the system does not tell.
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self { nbytes: metadata.len(), modified: metadata.modified().ok() }
    }
}

impl Tokenize for Stamp {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.add(&self.nbytes);
        let since = self.modified.and_then(|t| t.duration_since(SystemTime::UNIX_EPOCH).ok());
        tokenizer.add(&since.map(|d| d.as_nanos()));
    }
}

/// Looks up the file at `path`: its path from any directory, and its stamp.
pub(super) fn find(path: &Path) -> Result<(PathBuf, Stamp), ReadError> {
    let failed = |source| io_error("find", path, source);
    // The name is part of the token: the same file must have the same one from any directory.
    let path = std::path::absolute(path).map_err(failed)?;
    let metadata = fs::metadata(&path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(ReadError::NotAFile { path: path.into() });
    }
    Ok((path, Stamp::of(&metadata)))
}

/// The bytes of the file from number `from` on. The file must still be the one that was found.
pub(super) fn open(path: &Path, stamp: &Stamp, from: u64) -> Result<impl Read + Send + use<>, ReadError> {
    let mut file = File::open(path).map_err(|e| io_error("open", path, e))?;
    let now = Stamp::of(&file.metadata().map_err(|e| io_error("find", path, e))?);
    if now != *stamp {
        return Err(ReadError::Changed { path: path.into(), expected: stamp.nbytes, got: now.nbytes });
    }
    file.seek(SeekFrom::Start(from)).map_err(|e| io_error("seek in", path, e))?;
    Ok(file)
}

/// The paths that match `pattern`, sorted by name.
pub(super) fn matching(pattern: &str) -> Result<Vec<PathBuf>, ReadError> {
    let invalid = |source| ReadError::Pattern { pattern: pattern.to_owned(), source };
    let mut paths = Vec::new();
    for entry in glob::glob(pattern).map_err(invalid)? {
        paths.push(entry.map_err(|e| {
            let path = e.path().to_owned();
            io_error("look into", &path, e.into())
        })?);
    }
    if paths.is_empty() {
        let directory = std::env::current_dir().unwrap_or_default();
        return Err(ReadError::NoMatch { pattern: pattern.to_owned(), directory });
    }
    paths.sort();
    Ok(paths)
}

fn io_error(doing: &'static str, path: &Path, source: io::Error) -> ReadError {
    ReadError::Io { doing, path: path.into(), source }
}
