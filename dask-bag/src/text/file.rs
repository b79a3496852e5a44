//! Files of text: which they are, and that they stay what they were.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use super::compression::Compression;
use crate::error::ReadError;

/// One file as it was when the bag was made.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TextFile {
    pub(crate) path: Arc<Path>,
    pub(crate) nbytes: u64,
    /// `None` where the system does not tell.
    modified: Option<SystemTime>,
    pub(crate) compression: Compression,
}

impl TextFile {
    /// Looks up the file at `path`, whose name tells the compression if nobody does.
    pub(crate) fn find(path: &Path, compression: Option<Compression>) -> Result<Self, ReadError> {
        let failed = |source| ReadError::Io { doing: "find", path: path.into(), source };
        // The name is part of the token: the same file must have the same one from any directory.
        let path = std::path::absolute(path).map_err(failed)?;
        let metadata = fs::metadata(&path).map_err(failed)?;
        if !metadata.is_file() {
            return Err(ReadError::NotAFile { path: path.into() });
        }
        let compression = match compression {
            Some(compression) => compression.built_in(),
            None => Compression::of(&path),
        };
        let compression =
            compression.map_err(|source| ReadError::Compression { path: path.as_path().into(), source })?;
        let (nbytes, modified) = identity(&metadata);
        Ok(Self { path: path.into(), nbytes, modified, compression })
    }

    /// The bytes of the file from number `from` on, of which those before `to` are wanted. The file must still
    /// be the one that was found.
    pub(crate) fn open(&self, from: u64, _to: u64) -> Result<Box<dyn Read + Send>, ReadError> {
        let mut file = File::open(&self.path).map_err(|e| self.io("open", e))?;
        let now = identity(&file.metadata().map_err(|e| self.io("find", e))?);
        if now != (self.nbytes, self.modified) {
            return Err(self.changed(now.0));
        }
        file.seek(SeekFrom::Start(from)).map_err(|e| self.io("seek in", e))?;
        Ok(Box::new(file))
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
        tokenizer.add(&self.compression.to_string());
    }
}

fn identity(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}

/// The files that match `pattern`, sorted by name.
pub(crate) fn matching(pattern: &str) -> Result<Vec<PathBuf>, ReadError> {
    let invalid = |source| ReadError::Pattern { pattern: pattern.to_owned(), source };
    let mut paths = Vec::new();
    for entry in glob::glob(pattern).map_err(invalid)? {
        paths.push(entry.map_err(|e| ReadError::Io {
            doing: "look into",
            path: e.path().into(),
            source: e.into(),
        })?);
    }
    if paths.is_empty() {
        let directory = std::env::current_dir().unwrap_or_default();
        return Err(ReadError::NoMatch { pattern: pattern.to_owned(), directory });
    }
    paths.sort();
    Ok(paths)
}
