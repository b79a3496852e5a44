//! Archives of `.npy` files: numpy's `savez` and `savez_compressed`.
//!
//! An array that the archive stores as it is, as `savez` makes them, is read by block out of the archive. One that is
//! compressed can only be read from its beginning: it is unpacked into a temporary file, once, when the first block is
//! needed, and read by block from there.

mod read;
mod write;

use std::fs::File;
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::NpyError;
use crate::storage::file::StoredFile;

pub use self::read::NpzSource;
pub use self::write::{Npz, NpzError};

/// The names of the arrays in a `.npz` archive (feature `npz`).
///
/// # Errors
///
/// - When the file cannot be opened or is not an archive.
pub fn npz_names(path: impl AsRef<Path>) -> Result<Vec<String>, NpyError> {
    let path = path.as_ref();
    let (_, file) = StoredFile::open(path)?;
    names(&archive(&file, path)?, path)
}

const EXTENSION: &str = ".npy";

fn archive<'a>(file: &'a File, path: &Path) -> Result<ZipArchive<&'a File>, NpyError> {
    ZipArchive::new(file).map_err(failed(path))
}

fn names(archive: &ZipArchive<&File>, path: &Path) -> Result<Vec<String>, NpyError> {
    let mut names = Vec::with_capacity(archive.len());
    for name in archive.file_names() {
        names.extend(name.map_err(failed(path))?.strip_suffix(EXTENSION).map(str::to_owned));
    }
    Ok(names)
}

fn failed(path: &Path) -> impl Fn(ZipError) -> NpyError {
    |source| NpyError::Archive { path: path.to_owned(), source }
}
