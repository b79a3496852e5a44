//! The directory that the processes of one scheduler share.
//!
//! It is in memory where the system has a place for that. Whoever holds its lock is its owner; a directory without
//! an owner is what a crash of all processes at once has left, and is removed by the next who makes one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dask_sched_worker::remove_all;
use tempfile::TempDir;

use crate::error::WorkersError;

const PREFIX: &str = "dask-rs-";
/// A directory as young as this may not be locked yet.
const YOUNG: Duration = Duration::from_secs(60);

/// A directory in memory, removed when dropped.
#[derive(Debug)]
pub(crate) struct Directory {
    directory: TempDir,
    /// Locked as long as this process lives; holds the path of the directory on disk.
    lock: File,
}

impl Directory {
    pub(crate) fn new() -> Result<Self, WorkersError> {
        let shared_memory = Path::new("/dev/shm");
        Self::new_in(shared_memory).or_else(|_| {
            let parent = std::env::temp_dir();
            Self::new_in(&parent).map_err(|source| WorkersError::Directory { parent, source })
        })
    }

    fn new_in(parent: &Path) -> io::Result<Self> {
        remove_abandoned(parent, YOUNG);
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).permissions(fs::Permissions::from_mode(0o700));
        let directory = builder.tempdir_in(parent)?;
        let lock = File::create(directory.path().join("lock"))?;
        lock.try_lock()?;
        Ok(Self { directory, lock })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The path of a directory within `parent` for what has no room in memory, not made yet. It has a name that
    /// nobody can guess.
    pub(crate) fn on_disk(&mut self, parent: &Path, run: u32) -> PathBuf {
        let name = self.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let path = parent.join(format!("{name}-{run}"));
        // Only for those who clean up after a crash: without it they clean less.
        let _ = self.lock.set_len(0);
        let _ = self.lock.write_all(path.as_os_str().as_encoded_bytes());
        path
    }
}

/// Removes directories whose owner is gone without a trace.
fn remove_abandoned(parent: &Path, young: Duration) {
    let Ok(entries) = parent.read_dir() else { return };
    let ours = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    for path in ours.map(|entry| entry.path()).filter(|path| is_abandoned(path, young)) {
        if let Ok(disk) = fs::read_to_string(path.join("lock"))
            && Path::new(&disk).file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX))
        {
            remove_all(Path::new(&disk));
        }
        remove_all(&path);
    }
}

fn is_abandoned(directory: &Path, young: Duration) -> bool {
    let Ok(lock) = File::open(directory.join("lock")) else { return false };
    let age = lock.metadata().and_then(|lock| lock.modified()).ok().and_then(|made| made.elapsed().ok());
    age.is_some_and(|age| age >= young) && lock.try_lock().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_private_and_goes_with_its_owner() {
        let parent = tempfile::tempdir().unwrap();
        let directory = Directory::new_in(parent.path()).unwrap();
        let path = directory.path().to_owned();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        drop(directory);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_crash_has_left_is_removed_and_what_is_owned_is_not() {
        let (parent, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let abandon = |mut directory: Directory| {
            let disk = directory.on_disk(temporary.path(), 3);
            fs::create_dir(&disk).unwrap();
            let Directory { directory, lock } = directory;
            drop(lock);
            [directory.keep(), disk]
        };
        let abandoned = abandon(Directory::new_in(parent.path()).unwrap());
        let owned = Directory::new_in(parent.path()).unwrap();
        // Somebody else's, whatever it looks like.
        let other = parent.path().join("dask-rs-mine");
        fs::create_dir(&other).unwrap();
        remove_abandoned(parent.path(), YOUNG);
        assert!(abandoned.iter().all(|path| path.exists()), "the young are left alone");
        remove_abandoned(parent.path(), Duration::ZERO);
        assert!(abandoned.iter().all(|path| !path.exists()));
        assert!(owned.path().exists() && other.exists());
    }
}
