//! The files of one run: a directory of its own, made when first needed, and a file a result.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use dask_graph::{Blob, BlobReader, ReadBlob, Value};
use tempfile::TempDir;

use crate::error::SpillError;

/// Where the files of one run are; removed with all that is in it when dropped.
pub(crate) struct Directory {
    parent: PathBuf,
    made: Mutex<Option<TempDir>>,
}

/// A result on disk; the file is removed when this is dropped.
pub(crate) struct Spilled {
    path: PathBuf,
    read: ReadBlob,
    nbytes: u64,
}

impl Directory {
    /// A directory that is going to be made in `parent`, or else where the system has its temporary files.
    pub(crate) fn within(parent: Option<&Path>) -> Self {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        Directory { parent, made: Mutex::new(None) }
    }

    /// Writes a value into the file `name`; `None` if it cannot leave the process.
    pub(crate) fn write(&self, name: &str, value: &Value) -> Result<Option<Spilled>, SpillError> {
        let Some(blob) = value.to_blob() else { return Ok(None) };
        let (blob, read) = blob?;
        let path = self.path()?.join(name);
        let failed = |source| SpillError::Write { path: path.clone(), source };
        let file = File::create_new(&path).map_err(failed)?;
        // From here on the file is removed if anything fails.
        let spilled = Spilled { path: path.clone(), read, nbytes: value.nbytes() };
        write(&blob, file).map_err(failed)?;
        Ok(Some(spilled))
    }

    fn path(&self) -> Result<PathBuf, SpillError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let directory = match made.take() {
            Some(directory) => directory,
            None => make_in(&self.parent)
                .map_err(|source| SpillError::Directory { parent: self.parent.clone(), source })?,
        };
        Ok(made.insert(directory).path().to_owned())
    }
}

/// Makes a directory that nobody but its owner may look into.
fn make_in(parent: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("dask-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    builder.tempdir_in(parent)
}

fn write(blob: &Blob<'_>, file: File) -> io::Result<()> {
    let mut file = BufWriter::new(file);
    blob.write_to(&mut file)?;
    file.flush()
}

impl Spilled {
    /// The size of the value in memory.
    pub(crate) fn nbytes(&self) -> u64 {
        self.nbytes
    }

    /// Reads the value back.
    pub(crate) fn read(&self) -> Result<Value, SpillError> {
        let failed = |source| SpillError::Read { path: self.path.clone(), source };
        let mut file = BufReader::new(File::open(&self.path).map_err(failed)?);
        let mut reader = BlobReader::new(&mut file).map_err(failed)?;
        Ok((self.read)(&mut reader)?)
    }
}

impl Drop for Spilled {
    fn drop(&mut self) {
        // What cannot be removed now goes with the directory.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dask_graph::{BlobError, Payload};

    #[test]
    fn a_value_comes_back_and_its_file_goes() {
        let parent = tempfile::tempdir().unwrap();
        let directory = Directory::within(Some(parent.path()));
        assert_eq!(parent.path().read_dir().unwrap().count(), 0, "nothing is made before it is needed");
        let value = Value::new(vec![1.5_f64; 1000]);
        let spilled = directory.write("a", &value).unwrap().unwrap();
        assert_eq!(spilled.nbytes(), value.nbytes());
        assert_eq!(spilled.read().unwrap().get::<Vec<f64>>(), value.get());
        let path = spilled.path.clone();
        drop(spilled);
        assert!(!path.exists());
        drop(directory);
        assert_eq!(parent.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn a_value_that_cannot_leave_stays() {
        let directory = Directory::within(None);
        struct Mine;
        assert!(directory.write("a", &Value::new(Mine)).unwrap().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_look_in() {
        use std::os::unix::fs::PermissionsExt;
        let directory = Directory::within(None);
        let mode = directory.path().unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let directory = Directory::within(Some(file.path()));
        let error = directory.write("a", &Value::new(1)).err().unwrap();
        let text = error.to_string();
        assert!(matches!(&error, SpillError::Directory { parent, .. } if parent == file.path()), "{error}");
        assert!(text.contains("DASK_TEMPORARY_DIRECTORY"), "{text}");
    }

    #[test]
    fn a_file_that_is_gone_is_named() {
        let directory = Directory::within(None);
        let spilled = directory.write("gone", &Value::new(1)).unwrap().unwrap();
        fs::remove_file(&spilled.path).unwrap();
        let error = spilled.read().unwrap_err();
        assert!(matches!(&error, SpillError::Read { path, .. } if path.ends_with("gone")), "{error}");
    }

    /// The device takes nothing, as a disk without space.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error() {
        let full = || File::options().write(true).open("/dev/full").unwrap();
        for length in [1, 1 << 20] {
            let blob = Blob { header: vec![], buffers: vec![vec![0; length].into()] };
            assert_eq!(write(&blob, full()).unwrap_err().kind(), io::ErrorKind::StorageFull);
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let directory = Directory::within(None);
        let first = directory.write("a", &Value::new(1)).unwrap().unwrap();
        // The name is taken.
        let error = directory.write("a", &Value::new(2)).err().unwrap();
        assert!(matches!(&error, SpillError::Write { path, .. } if *path == first.path), "{error}");
        assert_eq!(first.read().unwrap().get(), Ok(&1));
    }

    #[test]
    fn a_value_that_cannot_be_written_leaves_no_file() {
        struct Broken;
        impl Payload for Broken {
            fn nbytes(&self) -> u64 {
                1
            }
            fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
                Some(Err(BlobError::of::<Self>("on purpose")))
            }
        }
        let parent = tempfile::tempdir().unwrap();
        let directory = Directory::within(Some(parent.path()));
        let error = directory.write("a", &Value::sized(Broken)).err().unwrap();
        assert!(error.to_string().contains("on purpose"), "{error}");
        assert_eq!(parent.path().read_dir().unwrap().count(), 0);
    }
}
