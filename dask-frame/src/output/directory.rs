//! Directories of files, written beside their place and put there when all are complete.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::{Collection, Op, RunOptions, Scheduler};

use super::staging::{Staging, at};
use super::write_parts;
use crate::error::WriteError;

/// A directory on its way.
#[derive(Debug)]
pub(crate) struct StagedDirectory {
    target: PathBuf,
    /// What becomes the target.
    staging: Staging,
    overwrite: bool,
}

impl StagedDirectory {
    /// Prepares to write a directory. What is there already is replaced at the end if `overwrite`, and must be empty
    /// otherwise.
    pub(crate) fn prepare(target: &Path, overwrite: bool) -> Result<Self, WriteError> {
        if target.file_name().is_none() {
            return Err(WriteError::BadDirectory { path: target.to_owned() });
        }
        if !overwrite && !is_free(target).map_err(at(target))? {
            return Err(WriteError::Exists { path: target.to_owned() });
        }
        // Like what it becomes, it may need directories around it.
        let around = target.parent().filter(|around| !around.as_os_str().is_empty());
        around.map_or(Ok(()), fs::create_dir_all).map_err(at(target))?;
        Ok(Self { target: target.to_owned(), staging: Staging::beside(target)?, overwrite })
    }

    /// Returns where files are written meanwhile.
    pub(crate) fn path(&self) -> &Path {
        self.staging.path()
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
            let mut old = self.path().as_os_str().to_owned();
            old.push(".old");
            let old = PathBuf::from(old);
            fs::rename(&self.target, &old).map_err(at(&self.target))?;
            if let Err(error) = fs::rename(self.path(), &self.target) {
                drop(fs::rename(&old, &self.target));
                return Err(at(&self.target)(error));
            }
            let removed = if old.is_dir() { fs::remove_dir_all(&old) } else { fs::remove_file(&old) };
            return removed.map_err(at(&old));
        }
        // An empty directory in the way is replaced by the renaming.
        fs::rename(self.path(), &self.target).map_err(at(&self.target))
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
