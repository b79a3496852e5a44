//! Directories of files, written beside their place and put there when all are complete.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dask_graph::{Collection, Op, RunOptions, Scheduler};

use super::write_parts;
use crate::error::WriteError;

/// A directory on its way.
#[derive(Debug)]
pub(crate) struct StagedDirectory {
    target: PathBuf,
    /// The hidden directory beside the target that becomes it.
    staging: PathBuf,
    overwrite: bool,
}

static STAGED: AtomicU64 = AtomicU64::new(0);

impl StagedDirectory {
    /// Prepares to write a directory. What is there already is replaced at the end if `overwrite`, and must be empty
    /// otherwise.
    pub(crate) fn prepare(target: &Path, overwrite: bool) -> Result<Self, WriteError> {
        let name = target.file_name().ok_or_else(|| WriteError::BadDirectory { path: target.to_owned() })?;
        if !overwrite && !is_free(target).map_err(at(target))? {
            return Err(WriteError::Exists { path: target.to_owned() });
        }
        let number = STAGED.fetch_add(1, Ordering::Relaxed);
        let hidden = format!(".{}.partial-{}-{number}", name.to_string_lossy(), std::process::id());
        let staging = target.with_file_name(hidden);
        // Like what it becomes, it may need directories around it.
        let around = staging.parent().filter(|around| !around.as_os_str().is_empty());
        around.map_or(Ok(()), fs::create_dir_all).map_err(at(target))?;
        fs::create_dir(&staging).map_err(at(&staging))?;
        Ok(Self { target: target.to_owned(), staging, overwrite })
    }

    /// Returns where files are written meanwhile.
    pub(crate) fn path(&self) -> &Path {
        &self.staging
    }

    /// Has `op` [write every partition](super::write_parts), and puts the directory in its place.
    pub(crate) fn write(
        self,
        label: &str,
        op: Arc<dyn Op>,
        partitions: &impl Collection,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<(), WriteError> {
        write_parts(label, op, partitions, scheduler, options)?;
        self.finish()
    }

    fn finish(self) -> Result<(), WriteError> {
        if !is_free(&self.target).map_err(at(&self.target))? {
            if !self.overwrite {
                return Err(WriteError::Exists { path: self.target.clone() });
            }
            // Moved, not removed, so that what was there is there until the new is in its place.
            let old = self.staging.with_extension("old");
            fs::rename(&self.target, &old).map_err(at(&self.target))?;
            if let Err(error) = fs::rename(&self.staging, &self.target) {
                drop(fs::rename(&old, &self.target));
                return Err(at(&self.target)(error));
            }
            let removed = if old.is_dir() { fs::remove_dir_all(&old) } else { fs::remove_file(&old) };
            return removed.map_err(at(&old));
        }
        // An empty directory in the way is replaced by the renaming.
        fs::rename(&self.staging, &self.target).map_err(at(&self.target))
    }
}

impl Drop for StagedDirectory {
    fn drop(&mut self) {
        // Nothing that could be done about it would help: the directory is hidden and named as what it is.
        drop(fs::remove_dir_all(&self.staging));
    }
}

/// Returns whether there is nothing at a path, or an empty directory.
fn is_free(path: &Path) -> io::Result<bool> {
    match fs::read_dir(path) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(false),
        Err(error) => Err(error),
    }
}

pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_owned();
    move |source| WriteError::Io { path, source }
}
