//! Files to read: which they are, that they stay what they were, and how they are cut.

use std::collections::HashSet;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use crate::error::ReadError;
use crate::text::Compression;

mod local;
#[cfg(feature = "object-store")]
mod remote;

#[cfg(feature = "object-store")]
pub(crate) use remote::StorageOptions;

/// What to read, as the user said it.
#[derive(Debug, Clone)]
pub(crate) struct Inputs {
    files: Files,
    #[cfg(feature = "object-store")]
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
        Self {
            files,
            #[cfg(feature = "object-store")]
            options: StorageOptions::default(),
        }
    }

    /// Looks up the files, whose names tell their compressions if nobody does.
    pub(crate) fn find(&self, compression: Option<Compression>) -> Result<Vec<Arc<InputFile>>, ReadError> {
        let mut files = Vec::new();
        match &self.files {
            Files::Listed(paths) => {
                for path in paths {
                    files.push(InputFile::of_path(path, compression)?);
                }
            }
            Files::Matching(patterns) => {
                let mut seen = HashSet::new();
                for pattern in patterns {
                    let found = self.find_matching(pattern, compression)?;
                    files.extend(found.into_iter().filter(|file| seen.insert(Arc::clone(&file.path))));
                }
            }
        }
        if files.is_empty() {
            return Err(ReadError::NoPaths);
        }
        Ok(files.into_iter().map(Arc::new).collect())
    }

    fn find_matching(
        &self,
        pattern: &str,
        compression: Option<Compression>,
    ) -> Result<Vec<InputFile>, ReadError> {
        let local = match pattern.split_once("://") {
            None => pattern,
            Some(("file", path)) => path,
            #[cfg(feature = "object-store")]
            Some(_) => {
                let found = remote::matching(pattern, &self.options)?.into_iter();
                return found
                    .map(|object| InputFile::new(object.path(), Stamp::Remote(object), compression))
                    .collect();
            }
            #[cfg(not(feature = "object-store"))]
            Some(_) => return Err(ReadError::StoresOff { url: pattern.to_owned() }),
        };
        local::matching(local)?.iter().map(|path| InputFile::of_path(path, compression)).collect()
    }
}

/// One file as it was when the bag was made.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InputFile {
    /// The path, or the URL.
    pub(crate) path: Arc<Path>,
    pub(crate) compression: Compression,
    stamp: Stamp,
}

/// What tells whether a file is still the one that it was.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stamp {
    Local(local::Stamp),
    #[cfg(feature = "object-store")]
    Remote(remote::Object),
}

impl InputFile {
    fn of_path(path: &Path, compression: Option<Compression>) -> Result<Self, ReadError> {
        let (path, stamp) = local::find(path)?;
        Self::new(path.into(), Stamp::Local(stamp), compression)
    }

    /// The file, whose name tells the compression if nobody does.
    fn new(path: Arc<Path>, stamp: Stamp, compression: Option<Compression>) -> Result<Self, ReadError> {
        let compression = match compression {
            Some(compression) => compression.built_in(),
            None => Compression::of(&path),
        };
        match compression {
            Ok(compression) => Ok(Self { path, compression, stamp }),
            Err(source) => Err(ReadError::Compression { path, source }),
        }
    }

    /// The length of the file, compressed as it is.
    pub(crate) fn nbytes(&self) -> u64 {
        match &self.stamp {
            Stamp::Local(stamp) => stamp.nbytes,
            #[cfg(feature = "object-store")]
            Stamp::Remote(object) => object.nbytes,
        }
    }

    /// Whether reading the file again from its beginning, to tell the number of a line, costs next to nothing.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.stamp, Stamp::Local(_))
    }

    /// The bytes of the file from the beginning of `wanted` on, some of which behind it may be read, too. The file
    /// must still be the one that was found.
    pub(crate) fn open(&self, wanted: Range<u64>) -> Result<Box<dyn Read + Send>, ReadError> {
        Ok(match &self.stamp {
            Stamp::Local(stamp) => Box::new(local::open(&self.path, stamp, wanted.start)?),
            #[cfg(feature = "object-store")]
            Stamp::Remote(object) => Box::new(object.open(wanted)?),
        })
    }

    /// The error of a file that got shorter while it was read, to `got` bytes.
    pub(crate) fn changed(&self, got: u64) -> ReadError {
        ReadError::Changed { path: Arc::clone(&self.path), expected: self.nbytes(), got }
    }

    /// The error of the answer `source` of the system or the store when the file was to be read.
    pub(crate) fn io(&self, doing: &'static str, source: io::Error) -> ReadError {
        #[cfg(feature = "object-store")]
        if let Some(changed) = source.get_ref().and_then(|e| e.downcast_ref::<remote::Changed>()) {
            return self.changed(changed.got);
        }
        ReadError::Io { doing, path: Arc::clone(&self.path), source }
    }

    /// Number of [`blocks`](Self::blocks).
    fn n_blocks(&self, blocksize: Option<u64>) -> u64 {
        match (self.compression, blocksize) {
            (Compression::None, Some(blocksize)) => (self.nbytes() / blocksize.max(1)).max(1),
            _ => 1,
        }
    }

    /// Cuts the file into blocks of about `blocksize` bytes, as dask does: as many as fit whole, of equal size,
    /// with borders at multiples of `unit`. Compressed files are one block without an end.
    fn blocks(&self, blocksize: Option<u64>, unit: u64) -> impl Iterator<Item = Range<u64>> + use<> {
        let n = self.n_blocks(blocksize);
        let size = match self.compression {
            Compression::None => self.nbytes(),
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
    let n = files.iter().map(|file| file.n_blocks(blocksize)).fold(0, u64::saturating_add);
    if u32::try_from(n).is_err() {
        return Err(ReadError::TooManyBlocks { blocks: n });
    }
    let of = move |file: &Arc<InputFile>| {
        let its = Arc::clone(file);
        file.blocks(blocksize, unit).map(move |range| (Arc::clone(&its), range))
    };
    Ok(files.iter().flat_map(of))
}

/// Whether a failure to read is an answer of the system or of a store, and not one of a decoder.
pub(crate) fn is_of_system(error: &io::Error) -> bool {
    #[cfg(feature = "object-store")]
    if remote::is_of_store(error) {
        return true;
    }
    error.raw_os_error().is_some()
}

impl Tokenize for InputFile {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.add(&*self.path);
        match &self.stamp {
            Stamp::Local(stamp) => tokenizer.add(stamp),
            #[cfg(feature = "object-store")]
            Stamp::Remote(object) => tokenizer.add(object),
        };
        tokenizer.add(&self.compression.to_string());
    }
}
