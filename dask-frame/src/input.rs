//! Files to read, and texts of them through a bounded window.

#[cfg(any(feature = "ipc", feature = "parquet"))]
mod stretches;

use std::io::{self, Read};
use std::ops::Range;
use std::path::PathBuf;

#[cfg(any(feature = "ipc", feature = "parquet"))]
use bytes::Bytes;
use dask_graph::{Tokenize, Tokenizer};
use dask_graph_files::{Compression, StorageOptions};
use serde::{Deserialize, Serialize};

use crate::error::ReadError;

#[cfg(any(feature = "ipc", feature = "parquet"))]
pub(crate) use stretches::Stretches;

/// The method of builders, whose field is `options`, that says how stores are reached.
macro_rules! storage_options {
    ($(#[$doc:meta])+) => {
        $(#[$doc])+
        #[cfg(feature = "object-store")]
        pub fn storage_options<K: Into<String>, V: Into<String>>(
            mut self,
            options: impl IntoIterator<Item = (K, V)>,
        ) -> Self {
            self.options = StorageOptions::new(options);
            self
        }
    };
}

pub(crate) use storage_options;

/// A file as it was when the read was planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct InputFile(dask_graph_files::InputFile);

/// Returns the text files that a pattern matches, sorted by name, packed as their first bytes tell.
pub(crate) fn find(pattern: &str, options: &StorageOptions) -> Result<Vec<InputFile>, ReadError> {
    let files = dask_graph_files::find(pattern, options).map_err(|error| ReadError::of(error, pattern))?;
    let as_is = |file: dask_graph_files::InputFile| {
        file.packed_as_is().map(InputFile).map_err(|error| ReadError::of(error, pattern))
    };
    files.into_iter().map(as_is).collect()
}

/// Returns the files of a table, which a pattern matches or which are below a directory and have this end; beside each
/// its path from where names of directories are values.
#[cfg(any(feature = "ipc", feature = "parquet"))]
pub(crate) fn find_table(
    pattern: &str,
    end: &str,
    options: &StorageOptions,
) -> Result<Vec<(InputFile, PathBuf)>, ReadError> {
    let found = dask_graph_files::find_table(pattern, end, options);
    let found = found.map_err(|error| ReadError::of(error, pattern))?;
    Ok(found.into_iter().map(|(file, below)| (InputFile(file), below)).collect())
}

impl InputFile {
    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().to_path_buf()
    }

    pub(crate) fn nbytes(&self) -> u64 {
        self.0.nbytes()
    }

    /// Returns how many times larger the text is than the file, about.
    pub(crate) fn ratio(&self) -> u64 {
        self.0.compression().ratio()
    }

    /// Returns whether the file can be read from its beginning only.
    pub(crate) fn is_compressed(&self) -> bool {
        self.0.compression() != Compression::None
    }

    /// Opens the file at a byte of its text, if it is still the one that was planned. A compressed file opens
    /// at its beginning only. More than what is wanted may be read, but is asked for in small portions.
    pub(crate) fn open(&self, wanted: Range<u64>) -> Result<Window, ReadError> {
        let compression = self.0.compression();
        if let Err(source) = compression.built_in() {
            return Err(ReadError::Compression { path: self.path(), source });
        }
        let offset = wanted.start;
        let input = self.0.open_unpacked(wanted).map_err(|error| self.failed(error))?;
        Ok(Window { input, bytes: Vec::new(), filled: 0, consumed: 0, offset, last: false })
    }

    /// Reads some stretches of the file.
    #[cfg(any(feature = "ipc", feature = "parquet"))]
    pub(crate) fn read_ranges(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, ReadError> {
        self.0.read_ranges(ranges).map_err(|error| self.failed(error))
    }

    pub(crate) fn io(&self, source: io::Error) -> ReadError {
        self.failed(self.0.io("read", source))
    }

    fn failed(&self, error: dask_graph_files::FileError) -> ReadError {
        ReadError::of(error, &self.0.path().to_string_lossy())
    }

    /// Returns the line in which a byte of the text stands, from 1: counted again, since only an error asks.
    pub(crate) fn line_at(&self, offset: u64) -> u64 {
        let count = || -> Result<u64, ReadError> {
            let mut window = self.open(0..offset)?;
            let mut line = 1;
            loop {
                window.fill().map_err(|source| self.io(source))?;
                let rest = usize::try_from(offset - window.offset()).unwrap_or(usize::MAX);
                let bytes = window.bytes();
                let looked_at = rest.min(bytes.len());
                line += memchr::memchr_iter(b'\n', &bytes[..looked_at]).count() as u64;
                if looked_at == rest || window.is_last() {
                    return Ok(line);
                }
                window.consume(looked_at);
            }
        };
        // The line only helps to find the place; that the file vanished meanwhile must not hide the error.
        count().unwrap_or(0)
    }
}

impl Tokenize for InputFile {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.0.tokenize(t);
    }
}

/// A part of a text that moves forwards: what was consumed makes room for what follows.
pub(crate) struct Window {
    input: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    /// Bytes of `bytes` that hold text.
    filled: usize,
    /// Bytes of these that are done with.
    consumed: usize,
    /// Where in the text the first byte of `bytes` stands.
    offset: u64,
    last: bool,
}

/// Bytes that a window holds at first: they fit the second-level cache together with what is made of them.
const WINDOW: usize = 256 << 10;

impl Window {
    /// Reads on. If nothing was consumed since the last call, the window grows.
    pub(crate) fn fill(&mut self) -> io::Result<()> {
        if self.last {
            return Ok(());
        }
        self.bytes.copy_within(self.consumed..self.filled, 0);
        self.filled -= self.consumed;
        self.offset += self.consumed as u64;
        self.consumed = 0;
        if self.filled == self.bytes.len() {
            self.bytes.resize((2 * self.bytes.len()).max(WINDOW), 0);
        }
        while self.filled < self.bytes.len() {
            match self.input.read(&mut self.bytes[self.filled..]) {
                Ok(0) => {
                    self.last = true;
                    break;
                }
                Ok(n) => self.filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Returns the text that is there and not consumed.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.consumed..self.filled]
    }

    pub(crate) fn consume(&mut self, n: usize) {
        debug_assert!(self.consumed + n <= self.filled);
        self.consumed += n;
    }

    /// Returns where in the text the first byte of [`bytes`](Window::bytes) stands.
    pub(crate) fn offset(&self) -> u64 {
        self.offset + self.consumed as u64
    }

    /// Returns whether nothing follows what is there.
    pub(crate) fn is_last(&self) -> bool {
        self.last
    }
}
