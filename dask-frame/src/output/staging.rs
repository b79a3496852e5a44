//! A place for what is not whole yet.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use dask_graph_shuffle::Directory;

use crate::error::WriteError;

/// A directory that goes when it is dropped, with all that was not moved out of it.
#[derive(Debug)]
pub(crate) enum Staging {
    /// Hidden, beside a destination.
    Beside(PathBuf),
    /// Among the temporary files.
    Temporary(Directory),
}

impl Staging {
    /// Makes a directory beside `target`, named after it, the process and a number.
    pub(super) fn beside(target: &Path) -> Result<Self, WriteError> {
        static STAGED: AtomicU64 = AtomicU64::new(0);
        let number = STAGED.fetch_add(1, Ordering::Relaxed);
        // A star would look like a pattern of names.
        let name = target.file_name().unwrap_or_default().to_string_lossy().replace('*', "_");
        let hidden = format!(".{name}.partial-{}-{number}", std::process::id());
        let dir = target.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let staging = dir.join(hidden);
        fs::create_dir(&staging).map_err(at(dir))?;
        Ok(Self::Beside(staging))
    }

    /// Makes a directory for what is sent elsewhere when it is whole.
    pub(super) fn temporary() -> Result<Self, WriteError> {
        let failed = |error| at(&std::env::temp_dir())(io::Error::other(error));
        Directory::new(None).map(Self::Temporary).map_err(failed)
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Beside(path) => path,
            Self::Temporary(directory) => directory.path(),
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Self::Beside(path) = self {
            // Nothing that could be done about it would help: the directory is hidden and named as what it is.
            drop(fs::remove_dir_all(path));
        }
    }
}

/// Names the place of an error.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    move |source| WriteError::Io { path, source }
}
