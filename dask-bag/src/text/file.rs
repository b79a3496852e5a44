//! Files of text: which they are, and that they stay what they were.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use crate::error::ReadError;

/// One file as it was when the bag was made.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TextFile {
    pub(crate) path: PathBuf,
    pub(crate) nbytes: u64,
    /// `None` where the system does not tell.
    modified: Option<SystemTime>,
    pub(crate) compression: Compression,
}

/// How the bytes of a file are packed, told by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Compression {
    None,
    Gzip,
}

impl Compression {
    /// The compression that the end of the name stands for.
    pub(crate) fn of(path: &Path) -> Result<Self, ReadError> {
        let extension =
            path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        match extension.as_str() {
            "gz" => Ok(Self::Gzip),
            // Read as text these give bytes that are no UTF-8, which would hide the cause.
            "bz2" | "xz" | "zst" | "zip" | "lz4" | "sz" | "br" | "7z" => {
                Err(ReadError::UnknownCompression { path: path.to_owned(), extension })
            }
            _ => Ok(Self::None),
        }
    }
}

impl TextFile {
    /// Looks up the file at `path`.
    pub(crate) fn find(path: &Path) -> Result<Self, ReadError> {
        let failed = |source| ReadError::Io { doing: "find", path: path.to_owned(), source };
        // The name is part of the token: the same file must have the same one from any directory.
        let path = std::path::absolute(path).map_err(failed)?;
        let metadata = fs::metadata(&path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(ReadError::NotAFile { path });
        }
        let compression = Compression::of(&path)?;
        let (nbytes, modified) = identity(&metadata);
        Ok(Self { path, nbytes, modified, compression })
    }

    /// Opens the file, which must still be the one that was found.
    pub(crate) fn open(&self) -> Result<File, ReadError> {
        let file = File::open(&self.path).map_err(|e| self.io("open", e))?;
        let now = identity(&file.metadata().map_err(|e| self.io("find", e))?);
        if now != (self.nbytes, self.modified) {
            return Err(self.changed(now.0));
        }
        Ok(file)
    }

    pub(crate) fn changed(&self, got: u64) -> ReadError {
        ReadError::Changed { path: self.path.clone(), expected: self.nbytes, got }
    }

    pub(crate) fn io(&self, doing: &'static str, source: io::Error) -> ReadError {
        ReadError::Io { doing, path: self.path.clone(), source }
    }
}

impl Tokenize for TextFile {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.add(&*self.path);
        tokenizer.add(&self.nbytes);
        let since = self.modified.and_then(|t| t.duration_since(SystemTime::UNIX_EPOCH).ok());
        tokenizer.add(&since.map(|d| d.as_nanos()));
    }
}

fn identity(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}

/// The files that match `pattern`, sorted by name.
pub(crate) fn matching(pattern: &str) -> Result<Vec<Arc<TextFile>>, ReadError> {
    let invalid = |source| ReadError::Pattern { pattern: pattern.to_owned(), source };
    let mut paths = Vec::new();
    for entry in glob::glob(pattern).map_err(invalid)? {
        paths.push(entry.map_err(|e| ReadError::Io {
            doing: "look into",
            path: e.path().to_owned(),
            source: e.into(),
        })?);
    }
    if paths.is_empty() {
        let directory = std::env::current_dir().unwrap_or_default();
        return Err(ReadError::NoMatch { pattern: pattern.to_owned(), directory });
    }
    paths.sort();
    listed(&paths)
}

/// The files of these paths, in the order given.
pub(crate) fn listed(paths: &[PathBuf]) -> Result<Vec<Arc<TextFile>>, ReadError> {
    if paths.is_empty() {
        return Err(ReadError::NoPaths);
    }
    paths.iter().map(|path| TextFile::find(path).map(Arc::new)).collect()
}
