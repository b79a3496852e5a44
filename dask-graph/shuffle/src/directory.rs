//! Where the files of one shuffle are.
//!
//! Whoever holds the lock in a directory is its owner. A directory without an owner is what a killed program has
//! left, and is removed by the next who makes one in the same place.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dask_graph::{Blob, BlobError, BlobReader, Payload};
use tempfile::TempDir;

use crate::error::ShuffleError;

const PREFIX: &str = "dask-shuffle-";
const LOCK: &str = "lock";
/// A directory as young as this may not be locked yet.
const YOUNG: Duration = Duration::from_secs(60);
/// Names the directory for temporary files, as for the schedulers of `dask-sched`.
const VARIABLE: &str = "DASK_TEMPORARY_DIRECTORY";

/// The directory of one shuffle: removed, with all that is in it, when the last clone in the process that made it is
/// dropped. As a value in another process it only says where to write and read.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
    /// There only in the process that made it.
    _owned: Option<Arc<Owned>>,
}

#[derive(Debug)]
struct Owned {
    _directory: TempDir,
    _lock: File,
}

impl Directory {
    /// Makes a directory within `parent`; otherwise where `DASK_TEMPORARY_DIRECTORY` says, or else where the system has
    /// its temporary files. Nobody else may look into it.
    ///
    /// # Errors
    ///
    /// - When it cannot be made there.
    pub fn new(parent: Option<&Path>) -> Result<Self, ShuffleError> {
        let named = std::env::var_os(VARIABLE).filter(|named| !named.is_empty()).map(PathBuf::from);
        let parent = parent.map(Path::to_owned).or(named).unwrap_or_else(std::env::temp_dir);
        Self::new_in(&parent).map_err(|source| ShuffleError::Directory { parent, source })
    }

    fn new_in(parent: &Path) -> io::Result<Self> {
        remove_abandoned(parent, YOUNG);
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o700));
        }
        let directory = builder.tempdir_in(parent)?;
        let lock = File::create(directory.path().join(LOCK))?;
        lock.try_lock()?;
        let path = directory.path().to_owned();
        Ok(Self { path, _owned: Some(Arc::new(Owned { _directory: directory, _lock: lock })) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A name that this process has not given to a file, and no other that lives.
    pub(crate) fn new_name() -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Payload for Directory {
    /// Less than what is worth being moved to disk: the value is the directory's owner, and must stay alive.
    fn nbytes(&self) -> u64 {
        size_of::<Self>() as u64
    }

    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        Some(Blob::encoded(&self.path))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        Ok(Self { path: reader.read_encoded()?, _owned: None })
    }
}

/// Removes directories whose owner is gone without a trace.
fn remove_abandoned(parent: &Path, young: Duration) {
    let Ok(entries) = parent.read_dir() else { return };
    let ours = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    for path in ours.map(|entry| entry.path()).filter(|path| is_abandoned(path, young)) {
        // What cannot be removed now is tried again by the next.
        let _ = fs::remove_dir_all(path);
    }
}

fn is_abandoned(directory: &Path, young: Duration) -> bool {
    let Ok(lock) = File::open(directory.join(LOCK)) else { return false };
    let age = lock.metadata().and_then(|lock| lock.modified()).ok().and_then(|made| made.elapsed().ok());
    age.is_some_and(|age| age >= young) && lock.try_lock().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_goes_with_its_last_clone() {
        let parent = tempfile::tempdir().unwrap();
        let directory = Directory::new(Some(parent.path())).unwrap();
        let path = directory.path().to_owned();
        let clone = directory.clone();
        drop(directory);
        assert!(path.exists());
        drop(clone);
        assert!(!path.exists());
    }

    #[test]
    fn in_another_process_it_is_borrowed() {
        let parent = tempfile::tempdir().unwrap();
        let directory = Directory::new(Some(parent.path())).unwrap();
        let mut bytes = Vec::new();
        directory.to_blob().unwrap().unwrap().write_to(&mut bytes).unwrap();
        let borrowed = Directory::from_blob(&mut BlobReader::new(&mut &bytes[..]).unwrap()).unwrap();
        assert_eq!(borrowed.path(), directory.path());
        drop(borrowed);
        assert!(directory.path().exists());
    }

    #[test]
    fn what_a_killed_program_has_left_is_removed_and_what_is_owned_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let owned = Directory::new(Some(parent.path())).unwrap();
        let abandoned = parent.path().join(format!("{PREFIX}abandoned"));
        fs::create_dir(&abandoned).unwrap();
        File::create(abandoned.join(LOCK)).unwrap();
        // Somebody else's, whatever it looks like.
        let other = parent.path().join(format!("{PREFIX}mine"));
        fs::create_dir(&other).unwrap();
        remove_abandoned(parent.path(), YOUNG);
        assert!(abandoned.exists(), "the young are left alone");
        remove_abandoned(parent.path(), Duration::ZERO);
        assert!(!abandoned.exists() && owned.path().exists() && other.exists());
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Directory::new(Some(file.path())).unwrap_err();
        assert!(matches!(&error, ShuffleError::Directory { parent, .. } if parent == file.path()), "{error}");
        assert!(error.to_string().contains(VARIABLE), "{error}");
    }
}
