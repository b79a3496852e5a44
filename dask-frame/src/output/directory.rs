//! Directories of files, which appear when all are complete.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dask_graph::ComputeError;
use dask_graph_files::{Destination, NewFile, StorageOptions};
use serde::{Deserialize, Serialize};

use super::staging::{Staging, at};
use crate::error::WriteError;

/// A directory on its way.
#[derive(Debug)]
pub(crate) enum StagedDirectory {
    /// Written beside its place, and put there when all is complete.
    Beside {
        target: PathBuf,
        /// What becomes the target.
        staging: Staging,
        overwrite: bool,
    },
    /// Of a store, which has no directories and moves nothing: each object appears when it is complete.
    InStore {
        target: Destination,
        /// The objects that were there before, which go when the new are complete.
        before: Vec<String>,
    },
}

/// Where the parts of a directory are written.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PartDirectory {
    directory: Destination,
    /// What the names of files have in front of the number of their partition.
    prefix: String,
}

impl StagedDirectory {
    /// Prepares to write a directory. What is there already is replaced at the end if `overwrite`, and must be empty
    /// otherwise.
    pub(crate) fn prepare(
        target: &Path,
        options: &StorageOptions,
        overwrite: bool,
    ) -> Result<Self, WriteError> {
        let exists = || WriteError::Exists { path: target.to_owned() };
        if target.file_name().is_none() {
            return Err(WriteError::BadDirectory { path: target.to_owned() });
        }
        let destination = Destination::new(target, options)?;
        if !destination.is_local() {
            let before = destination.objects()?;
            return match before.is_empty() || overwrite {
                true => Ok(Self::InStore { target: destination, before }),
                false => Err(exists()),
            };
        }
        let target = destination.path();
        if !overwrite && !is_free(target).map_err(at(target))? {
            return Err(exists());
        }
        // Like what it becomes, it may need directories around it.
        target.parent().map_or(Ok(()), fs::create_dir_all).map_err(at(target))?;
        Ok(Self::Beside { target: target.to_owned(), staging: Staging::beside(target)?, overwrite })
    }

    /// Returns where the parts are written.
    pub(crate) fn parts(&self) -> Result<PartDirectory, WriteError> {
        let (directory, is_new) = match self {
            Self::Beside { staging, .. } => {
                (Destination::new(staging.path(), &StorageOptions::default())?, true)
            }
            Self::InStore { target, before } => (target.clone(), before.is_empty()),
        };
        // Besides what is there until the new is complete, the new needs other names.
        let prefix = if is_new { "part-".into() } else { format!("part-{}-", super::run_id()) };
        Ok(PartDirectory { directory, prefix })
    }

    /// Puts the directory in its place whose partitions were [written](super::write_parts), if all were.
    pub(crate) fn put(self, written: Result<usize, ComputeError>) -> Result<(), WriteError> {
        match (self, written) {
            (Self::Beside { target, staging, overwrite }, written) => {
                written?;
                put(&staging, &target, overwrite)
            }
            (Self::InStore { target, before }, Ok(_)) => {
                before.iter().try_for_each(|url| target.remove_object(url)).map_err(WriteError::from)
            }
            (Self::InStore { target, before }, Err(error)) => {
                // Best effort, on the way out of a failure, which is the one to report.
                let there = target.objects().unwrap_or_default();
                for url in there.iter().filter(|url| !before.contains(url)) {
                    drop(target.remove_object(url));
                }
                Err(error.into())
            }
        }
    }
}

impl PartDirectory {
    /// Begins the file of a partition, in a directory of the directory if there are names of some.
    pub(crate) fn create(
        &self,
        directories: &[String],
        number: usize,
        end: &str,
    ) -> Result<(PathBuf, NewFile), WriteError> {
        let name = format!("{}{number:05}.{end}", self.prefix);
        let directory = directories.iter().fold(self.directory.clone(), |to, name| to.join(name));
        let to = directory.join(&name);
        let file = match to.is_local() {
            true => {
                fs::create_dir_all(directory.path()).map_err(at(directory.path()))?;
                NewFile::in_place(to.path())?
            }
            false => NewFile::create(&to)?,
        };
        Ok((to.path().to_owned(), file))
    }
}

/// Puts a complete directory in its place.
fn put(staging: &Staging, target: &Path, overwrite: bool) -> Result<(), WriteError> {
    if !is_free(target).map_err(at(target))? {
        if !overwrite {
            return Err(WriteError::Exists { path: target.to_owned() });
        }
        // Moved, not removed, so that what was there is there until the new is in its place.
        let mut old = staging.path().as_os_str().to_owned();
        old.push(".old");
        let old = PathBuf::from(old);
        fs::rename(target, &old).map_err(at(target))?;
        if let Err(error) = fs::rename(staging.path(), target) {
            drop(fs::rename(&old, target));
            return Err(at(target)(error));
        }
        let removed = if old.is_dir() { fs::remove_dir_all(&old) } else { fs::remove_file(&old) };
        return removed.map_err(at(&old));
    }
    // An empty directory in the way is replaced by the renaming.
    fs::rename(staging.path(), target).map_err(at(target))
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
