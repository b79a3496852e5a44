//! Files of this machine.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use crate::error::FileError;

/// What tells whether a file is still the one that it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) nbytes: u64,
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
pub(crate) fn find(path: &Path) -> Result<(PathBuf, Stamp), FileError> {
    let failed = |source| FileError::io("find", path, source);
    // The name is part of tokens, and goes to other processes: it must mean the same from any directory.
    let path = std::path::absolute(path).map_err(failed)?;
    let metadata = fs::metadata(&path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(FileError::NotAFile { path: path.into() });
    }
    Ok((path, Stamp::of(&metadata)))
}

/// The file, which must still be the one that was found.
pub(crate) fn open(path: &Path, stamp: &Stamp) -> Result<File, FileError> {
    let file = File::open(path).map_err(|e| FileError::io("open", path, e))?;
    let now = Stamp::of(&file.metadata().map_err(|e| FileError::io("find", path, e))?);
    if now != *stamp {
        return Err(FileError::Changed { path: path.into(), expected: stamp.nbytes, got: now.nbytes });
    }
    Ok(file)
}

/// The bytes of the file from number `from` on.
pub(crate) fn open_at(path: &Path, stamp: &Stamp, from: u64) -> Result<File, FileError> {
    let mut file = open(path, stamp)?;
    file.seek(SeekFrom::Start(from)).map_err(|e| FileError::io("seek in", path, e))?;
    Ok(file)
}

/// Some stretches of the file.
pub(crate) fn read_ranges(
    path: &Path,
    stamp: &Stamp,
    ranges: &[Range<u64>],
) -> Result<Vec<Bytes>, FileError> {
    let file = &mut open(path, stamp)?;
    let mut read = |range: &Range<u64>| -> io::Result<Bytes> {
        file.seek(SeekFrom::Start(range.start))?;
        let length = range.end - range.start;
        let mut bytes = Vec::with_capacity(length as usize);
        if file.by_ref().take(length).read_to_end(&mut bytes)? as u64 != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes.into())
    };
    ranges.iter().map(|range| read(range).map_err(|e| FileError::io("read", path, e))).collect()
}

/// The paths that match `pattern`, sorted by name. A pattern that is the name of something is that alone, whatever
/// letters are in it.
pub(crate) fn matching(pattern: &str) -> Result<Vec<PathBuf>, FileError> {
    if Path::new(pattern).exists() {
        return Ok(vec![pattern.into()]);
    }
    let invalid = |source| FileError::Pattern { pattern: pattern.to_owned(), source };
    let mut paths = Vec::new();
    for entry in glob::glob(pattern).map_err(invalid)? {
        paths.push(entry.map_err(|e| {
            let path = e.path().to_owned();
            FileError::io("look into", &path, e.into())
        })?);
    }
    if paths.is_empty() {
        let directory = std::env::current_dir().unwrap_or_default();
        return Err(FileError::NoMatch { pattern: pattern.to_owned(), directory });
    }
    paths.sort();
    Ok(paths)
}

/// A pattern of the files below a directory whose names have this end.
pub(crate) fn below(directory: &Path, end: &str) -> String {
    let directory = glob::Pattern::escape(&directory.to_string_lossy());
    Path::new(&directory).join(format!("**/*.{end}")).to_string_lossy().into_owned()
}

/// A file that is removed again unless it is finished.
#[derive(Debug)]
pub(crate) struct Unfinished {
    file: File,
    path: PathBuf,
    /// What the file is to be called, if it is called something else meanwhile.
    name: Option<PathBuf>,
    finished: bool,
}

impl Unfinished {
    /// A hidden file in the directory of `name`, which is made if need be.
    pub(crate) fn beside(name: &Path) -> Result<Self, FileError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let directory = name.parent().unwrap_or(Path::new(""));
        if !directory.as_os_str().is_empty() {
            fs::create_dir_all(directory).map_err(|e| FileError::io("make the directory", directory, e))?;
        }
        let mut hidden = OsString::from(".");
        hidden.push(name.file_name().unwrap_or_default());
        hidden.push(format!(".{}-{}.unfinished", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let path = directory.join(hidden);
        let file = File::create_new(&path).map_err(|e| FileError::io("create", &path, e))?;
        Ok(Self { file, path, name: Some(name.to_owned()), finished: false })
    }

    /// A file that has its name from the beginning.
    pub(crate) fn in_place(path: &Path) -> Result<Self, FileError> {
        let file = File::create(path).map_err(|e| FileError::io("create", path, e))?;
        Ok(Self { file, path: path.to_owned(), name: None, finished: false })
    }

    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Brings the bytes to the disk, and gives the file its name.
    pub(crate) fn finish(mut self) -> Result<(), FileError> {
        let name = self.name.as_ref().unwrap_or(&self.path);
        // Data first: after a crash of the machine the name must not stand for an empty file.
        self.file.sync_data().map_err(|e| FileError::io("write", name, e))?;
        if let Some(name) = &self.name {
            fs::rename(&self.path, name).map_err(|e| FileError::io("create", name, e))?;
        }
        self.finished = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.finished {
            // Best effort, on the way out of another failure, which is the one to report.
            let _ = fs::remove_file(&self.path);
        }
    }
}
