//! Writing `.npz` archives.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use dask_graph::{Collection, ComputeError, Scheduler};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{EXTENSION, failed};
use crate::array::Array;
use crate::element::Element;
use crate::storage::file::{FileError, absolute};
use crate::storage::npy::NpyError;
use crate::storage::pending::Pending;
use crate::storage::store::Store;

/// Why an archive was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpzError {
    /// One of the arrays could not be computed, or not be written to a file of its own.
    #[error("could not compute the array {name:?}")]
    Compute {
        /// The array's name.
        name: String,
        /// The reason.
        source: Box<ComputeError>,
    },
    /// The archive could not be written.
    #[error(transparent)]
    Npy(#[from] NpyError),
}

impl From<FileError> for NpzError {
    fn from(error: FileError) -> Self {
        Self::Npy(error.into())
    }
}

/// A `.npz` archive to be written (feature `npz`): numpy's `savez`, and `savez_compressed` if it is
/// [`compressed`](Npz::compressed).
///
/// The arrays are computed one after the other, each in a run of its own, and written by block into files beside the
/// target. Of these the archive is made, since its members are streams with a checksum, and blocks are made in any
/// order: so everything is written twice. The archive takes the target's name when it is whole; when something fails,
/// nothing is left.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, Npz, npz_names};
/// use dask_graph::Collection;
/// use dask_sched_sync::Sync;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("both.npz");
/// let x = Array::<f64>::arange(0.0, 6.0, 1.0, 4)?;
/// Npz::new(&path).array("x", &x).array("positive", &x.gt(0.0)?).compressed().write_with(&Sync::new())?;
/// assert_eq!(npz_names(&path)?, ["x", "positive"]);
/// let positive = Array::<bool>::from_npz(&path, "positive", 2)?;
/// assert_eq!(positive.sum(..)?.compute_with(&Sync::new())?[[]], 5);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Npz {
    path: PathBuf,
    arrays: Vec<(String, Box<dyn Fn(&Path) -> Store>)>,
    method: CompressionMethod,
}

impl Npz {
    /// An archive at this path, which is replaced if it exists.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), arrays: Vec::new(), method: CompressionMethod::Stored }
    }

    /// With this array under this name.
    pub fn array<A: Element>(mut self, name: impl Into<String>, array: &Array<A>) -> Self {
        let array = array.clone();
        self.arrays.push((name.into(), Box::new(move |path| array.store_npy(path))));
        self
    }

    /// Arrays are compressed, which costs reading by block: see [`NpzSource`](crate::NpzSource).
    pub fn compressed(self) -> Self {
        Self { method: CompressionMethod::Deflated, ..self }
    }

    /// Computes the arrays with the installed scheduler and writes the archive.
    ///
    /// # Errors
    ///
    /// - When two arrays have one name, or one cannot be computed.
    /// - When the archive cannot be written: nothing is left of it then.
    pub fn write(&self) -> Result<(), NpzError> {
        self.write_by(&|store| store.compute())
    }

    /// Computes the arrays and writes the archive.
    ///
    /// # Errors
    ///
    /// - As [`write`](Npz::write).
    pub fn write_with(&self, scheduler: &dyn Scheduler) -> Result<(), NpzError> {
        self.write_by(&|store| store.compute_with(scheduler))
    }

    fn write_by(&self, compute: &dyn Fn(&Store) -> Result<(), ComputeError>) -> Result<(), NpzError> {
        let mut names = HashSet::new();
        if let Some((name, _)) = self.arrays.iter().find(|(name, _)| !names.insert(name)) {
            return Err(NpyError::SameName { path: self.path.clone(), name: name.clone() }.into());
        }
        let archive = Pending::new(&self.path, |path| self.pack(path, compute))?;
        Ok(archive.put_in_place()?)
    }

    fn pack(
        &self,
        path: &Path,
        compute: &dyn Fn(&Store) -> Result<(), ComputeError>,
    ) -> Result<(), NpzError> {
        let mut archive = ZipWriter::new(File::create_new(path).map_err(FileError::io("create", path))?);
        // Sizes are not known before they are written, and may be more than 4 GB.
        let options = SimpleFileOptions::default().compression_method(self.method).large_file(true);
        for (name, store) in &self.arrays {
            // Removed with this.
            let member = Pending::new(&absolute(&self.path), |_| Ok::<_, FileError>(()))?;
            let computed = compute(&store(member.place()));
            computed.map_err(|error| NpzError::Compute { name: name.clone(), source: error.into() })?;
            let mut file = File::open(member.place()).map_err(FileError::io("open", member.place()))?;
            archive.start_file(format!("{name}{EXTENSION}"), options).map_err(failed(&self.path))?;
            io::copy(&mut file, &mut archive).map_err(FileError::io("write", path))?;
        }
        let file = archive.finish().map_err(failed(&self.path))?;
        Ok(file.sync_data().map_err(FileError::io("write", path))?)
    }
}
