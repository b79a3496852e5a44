//! Files to read: which they are, and how they are cut.

use std::collections::HashSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use dask_graph_files::{Compression, InputFile, StorageOptions, find, find_listed};

use crate::error::ReadError;

/// What to read, as the user said it.
#[derive(Debug, Clone)]
pub(crate) struct Inputs {
    files: Files,
    pub(crate) options: StorageOptions,
}

#[derive(Debug, Clone)]
enum Files {
    Matching(Vec<String>),
    Listed(Vec<PathBuf>),
}

impl Inputs {
    /// The files that match the patterns, pattern by pattern, each file once.
    pub(crate) fn matching<P: Into<String>>(patterns: impl IntoIterator<Item = P>) -> Self {
        Self::of(Files::Matching(patterns.into_iter().map(Into::into).collect()))
    }

    /// These files.
    pub(crate) fn listed<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        Self::of(Files::Listed(paths.into_iter().map(Into::into).collect()))
    }

    fn of(files: Files) -> Self {
        Self { files, options: StorageOptions::default() }
    }

    /// Looks up the files, whose names tell their compressions if nobody does.
    pub(crate) fn find(&self, compression: Option<Compression>) -> Result<Vec<Arc<InputFile>>, ReadError> {
        let found = match &self.files {
            Files::Listed(paths) => find_listed(paths)?,
            Files::Matching(patterns) => {
                let mut found = Vec::new();
                let mut seen = HashSet::new();
                for pattern in patterns {
                    let files = find(pattern, &self.options)?;
                    found.extend(files.into_iter().filter(|file| seen.insert(Arc::clone(file.path()))));
                }
                found
            }
        };
        if found.is_empty() {
            return Err(ReadError::NoPaths);
        }
        found.into_iter().map(|file| packed(file, compression).map(Arc::new)).collect()
    }
}

/// The file, whose name tells the compression if nobody does.
fn packed(file: InputFile, compression: Option<Compression>) -> Result<InputFile, ReadError> {
    let path = Arc::clone(file.path());
    let compression = compression.map_or_else(|| Compression::of_name(&path), Ok);
    let packed = compression.and_then(|compression| file.packed(compression));
    packed.map_err(|source| ReadError::Compression { path, source })
}

/// Number of [`blocks_of`] a file.
fn n_blocks(file: &InputFile, blocksize: Option<u64>) -> u64 {
    match (file.compression(), blocksize) {
        (Compression::None, Some(blocksize)) => (file.nbytes() / blocksize.max(1)).max(1),
        _ => 1,
    }
}

/// Cuts the file into blocks of about `blocksize` bytes, as dask does: as many as fit whole, of equal size,
/// with borders at multiples of `unit`. Compressed files are one block without an end.
fn blocks_of(
    file: &InputFile,
    blocksize: Option<u64>,
    unit: u64,
) -> impl Iterator<Item = Range<u64>> + use<> {
    let n = n_blocks(file, blocksize);
    let size = match file.compression() {
        Compression::None => file.nbytes(),
        _ => u64::MAX,
    };
    let border = move |i: u64| {
        if i == n {
            return size;
        }
        // In 128 bits: the product of a size and a number of blocks may be large.
        let border = (u128::from(size) * u128::from(i) / u128::from(n)) as u64;
        border / unit * unit
    };
    (0..n).map(move |i| border(i)..border(i + 1))
}

/// Cuts files into blocks of about `blocksize` bytes with borders at multiples of `unit`; into whole files if there
/// is no size.
pub(crate) fn blocks(
    files: &[Arc<InputFile>],
    blocksize: Option<u64>,
    unit: u64,
) -> Result<impl Iterator<Item = (Arc<InputFile>, Range<u64>)>, ReadError> {
    if blocksize == Some(0) {
        return Err(ReadError::ZeroBlocksize);
    }
    let n = files.iter().map(|file| n_blocks(file, blocksize)).fold(0, u64::saturating_add);
    if u32::try_from(n).is_err() {
        return Err(ReadError::TooManyBlocks { blocks: n });
    }
    let of = move |file: &Arc<InputFile>| {
        let its = Arc::clone(file);
        blocks_of(file, blocksize, unit).map(move |range| (Arc::clone(&its), range))
    };
    Ok(files.iter().flat_map(of))
}
