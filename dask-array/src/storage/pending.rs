//! Where an array is written until it is whole: beside its target, which it takes the place of in the end.
//!
//! An array that cannot be resumed is removed when the run fails. One that can stays, in a directory beside the
//! target, together with what is known of it:
//!
//! ```text
//! x.npy.partial/array    the file or directory that becomes x.npy
//!               store    what is written: element type, shape, tag, …
//!               blocks   the journal: one line for each block that is whole
//!               lock     held by the run that writes
//! ```

mod journal;

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use self::journal::Journal;
use super::file::{FileError, absolute};
use super::region::Region;
use super::source::StorageError;

/// Why a store could not be resumed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResumeError {
    /// What lies there was begun by a store of something else.
    #[error(
        "{} holds blocks of another store: begun as {found:?}, now {expected:?}; remove it to begin anew",
        path.display()
    )]
    Other {
        /// The directory.
        path: PathBuf,
        /// How the store was described that began it.
        found: String,
        /// How this one is.
        expected: String,
    },
    /// A directory that no store made.
    #[error("{} is there already and was made by no store: it is not touched", path.display())]
    NotOurs {
        /// The directory.
        path: PathBuf,
    },
    /// Another run is at it.
    #[error("another run is writing to {}", path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// Blocks that were whole when the store was described, and are not there when it runs.
    #[error("{n_blocks} blocks that were whole when the store was described are gone: describe it again")]
    Gone {
        /// How many.
        n_blocks: usize,
    },
}

/// An array that is being written.
pub(super) struct Pending {
    target: PathBuf,
    /// The file or directory that blocks are written to.
    place: PathBuf,
    kind: Kind,
}

enum Kind {
    /// Removed unless it takes the target's place.
    Temporary { finished: AtomicBool },
    /// Kept for another run. The lock is let go of with the file.
    Kept { directory: PathBuf, journal: Journal, _lock: File },
    /// Opened by another process, which finishes or removes it.
    Attached { journal: Option<Journal> },
}

/// Tells the temporary names of one process apart.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl Pending {
    /// The place of a store: one that can be resumed has a description.
    pub(super) fn open<E: From<FileError>>(
        target: &Path,
        description: Option<&str>,
        make: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<Self, E> {
        match description {
            Some(description) => Self::resumed(target, description, make),
            None => Self::new(target, make),
        }
    }

    /// A place beside the target, where `make` makes what blocks are written to.
    pub(super) fn new<E: From<FileError>>(
        target: &Path,
        make: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<Self, E> {
        // Absolute, since nothing says that others work in the same directory.
        let target = absolute(target);
        let place = temporary(&target)?;
        let pending = Self { target, place, kind: Kind::Temporary { finished: AtomicBool::new(false) } };
        make(&pending.place)?;
        Ok(pending)
    }

    /// The place of an interrupted run for the same target; a new one, that is kept, if there is none. A store of
    /// another description is refused.
    fn resumed<E: From<FileError>>(
        target: &Path,
        description: &str,
        make: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<Self, E> {
        let target = absolute(target);
        let directory = partial(&target)?;
        if directory.exists() {
            let lock = check(&directory, description)?;
            let place = directory.join(ARRAY);
            if place.exists() {
                let journal = Journal::open(&directory.join(BLOCKS))?;
                return Ok(Self { target, place, kind: Kind::Kept { directory, journal, _lock: lock } });
            }
            // Its array was put in place, and only this was left to be done.
            fs::remove_dir_all(&directory).map_err(FileError::io("remove", &directory))?;
        }
        // It has its name only when nothing of it is missing.
        let made = Self::new::<E>(&directory, |new| {
            fs::create_dir(new).map_err(FileError::io("create", new))?;
            make(&new.join(ARRAY))?;
            for (name, text) in [(BLOCKS, ""), (LOCK, ""), (STORE, description)] {
                let path = new.join(name);
                fs::write(&path, text).map_err(FileError::io("write", &path))?;
            }
            Ok(())
        })?;
        // Another run may have been as far: its directory is not replaced, since it is not empty.
        fs::rename(&made.place, &directory).map_err(FileError::io("put in place", &directory))?;
        made.keep();
        let lock = check(&directory, description)?;
        let journal = Journal::open(&directory.join(BLOCKS))?;
        let place = directory.join(ARRAY);
        Ok(Self { target, place, kind: Kind::Kept { directory, journal, _lock: lock } })
    }

    /// What another process opened, by its ticket; and the shape of the array.
    pub(super) fn attach(
        target: &Path,
        ticket: &[u8],
        is_resumable: bool,
    ) -> Result<(Self, Vec<usize>), StorageError> {
        let ticket = std::str::from_utf8(ticket)?;
        let (shape, place) = ticket.split_once(':').ok_or("a ticket without a shape")?;
        let shape = shape.split_terminator(',').map(str::parse).collect::<Result<_, _>>()?;
        let place = PathBuf::from(place);
        let journal = is_resumable.then(|| Journal::open(&place.with_file_name(BLOCKS))).transpose()?;
        Ok((Self { target: target.to_owned(), place, kind: Kind::Attached { journal } }, shape))
    }

    /// The blocks that a run of the same description left whole.
    pub(super) fn whole(target: &Path, description: Option<&str>, shape: &[usize]) -> HashSet<Region> {
        let read = || -> Option<String> {
            let description = description?;
            let directory = partial(&absolute(target)).ok()?;
            let same = fs::read_to_string(directory.join(STORE)).ok()? == description;
            // What cannot be read now is computed again, or found when the store runs.
            if !same || !directory.join(ARRAY).exists() {
                return None;
            }
            fs::read_to_string(directory.join(BLOCKS)).ok()
        };
        read().map_or_else(HashSet::new, |text| journal::parse(&text, shape))
    }

    /// The file or directory that blocks are written to.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// What [`attach`](Self::attach) needs, if the place can be said.
    pub(super) fn ticket(&self, shape: &[usize]) -> Option<Vec<u8>> {
        let shape: String = shape.iter().map(|n| format!("{n},")).collect();
        Some(format!("{shape}:{}", self.place.to_str()?).into_bytes())
    }

    /// Writes down that a block is whole, if anybody will ask: `sync` first brings it to the disk.
    pub(super) fn written<E: From<FileError>>(
        &self,
        offset: &[usize],
        shape: &[usize],
        sync: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        match &self.kind {
            Kind::Kept { journal, .. } | Kind::Attached { journal: Some(journal) } => {
                sync()?;
                Ok(journal.write(offset, shape)?)
            }
            _ => Ok(()),
        }
    }

    /// Gives the array the target's name.
    pub(super) fn put_in_place(&self) -> Result<(), FileError> {
        let (from, to) = (&self.place, &self.target);
        let aside = (from.is_dir() && to.is_dir()).then(|| temporary(to)).transpose()?;
        if let Some(aside) = &aside {
            // A directory cannot be replaced at once: the old one steps aside until the new one is there.
            fs::rename(to, aside).map_err(FileError::io("move aside", to))?;
        }
        if let Err(error) = fs::rename(from, to) {
            if let Some(aside) = &aside {
                // If this fails too, the old array still is beside its place.
                let _ = fs::rename(aside, to);
            }
            return Err(FileError::io("put in place", to)(error));
        }
        self.keep();
        let remove = |path: &Path| fs::remove_dir_all(path).map_err(FileError::io("remove", path));
        if let Kind::Kept { directory, .. } = &self.kind {
            remove(directory)?;
        }
        aside.as_deref().map_or(Ok(()), remove)
    }

    /// What was temporary is not removed any more.
    fn keep(&self) {
        if let Kind::Temporary { finished } = &self.kind {
            finished.store(true, Ordering::Release);
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Kind::Temporary { finished } = &mut self.kind
            && !*finished.get_mut()
        {
            // Nobody is left to be told if this fails too.
            let _ = if self.place.is_dir() {
                fs::remove_dir_all(&self.place)
            } else {
                fs::remove_file(&self.place)
            };
        }
    }
}

const ARRAY: &str = "array";
const BLOCKS: &str = "blocks";
const LOCK: &str = "lock";
const STORE: &str = "store";

/// Takes the lock of a directory that a store of this description has begun.
fn check(directory: &Path, description: &str) -> Result<File, FileError> {
    let store = directory.join(STORE);
    let path = directory.to_owned();
    match fs::read_to_string(&store) {
        Ok(found) if found == description => {}
        Ok(found) => {
            return Err(ResumeError::Other { path, found, expected: description.to_owned() }.into());
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(ResumeError::NotOurs { path }.into());
        }
        Err(error) => return Err(FileError::io("read", store)(error)),
    }
    let lock = directory.join(LOCK);
    let file = OpenOptions::new().append(true).open(&lock).map_err(FileError::io("open", &lock))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ResumeError::Busy { path }.into()),
        Err(TryLockError::Error(error)) => Err(FileError::io("lock", lock)(error)),
    }
}

/// A name beside the target that nothing has.
fn temporary(target: &Path) -> Result<PathBuf, FileError> {
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = beside(target, format!(".{}-{number}.part", std::process::id()))?;
        // What a process of the same number left, or another machine is writing, is not touched.
        if !path.exists() {
            return Ok(path);
        }
    }
}

/// Where what is written to the target is kept when the run is interrupted.
fn partial(target: &Path) -> Result<PathBuf, FileError> {
    beside(target, ".partial".to_owned())
}

fn beside(target: &Path, suffix: String) -> Result<PathBuf, FileError> {
    let Some(name) = target.file_name() else {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "the path does not name a file");
        return Err(FileError::io("write", target)(source));
    };
    let mut name = OsString::from(name);
    name.push(suffix);
    Ok(target.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_run_has_begun_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("x");
        let others = folder.path().join("x.partial");
        let made = Pending::resumed(&target, "mine", |place| {
            // Just now another run is as far.
            let made = fs::create_dir(&others).and_then(|()| fs::write(others.join(STORE), "other"));
            made.and_then(|()| fs::write(place, "")).map_err(FileError::io("write", place))
        });
        assert!(matches!(made, Err(FileError::Io { action: "put in place", .. })));
        assert_eq!(fs::read_to_string(others.join(STORE)).unwrap(), "other");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "something is left");
    }
}
