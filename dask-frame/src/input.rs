//! Files: found, recognised again, and read through a bounded window.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use dask_graph::{Tokenize, Tokenizer};
use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};

use crate::compression::Compression;
use crate::error::ReadError;

/// A file as it was when the read was planned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct InputFile {
    #[serde(serialize_with = "absolute")]
    pub(crate) path: PathBuf,
    pub(crate) nbytes: u64,
    modified: Option<SystemTime>,
    pub(crate) compression: Compression,
}

/// Writes a path for another process: absolute, since nothing says that it works in the same directory.
pub(crate) fn absolute<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    std::path::absolute(path).map_err(S::Error::custom)?.serialize(to)
}

/// Returns the files that a pattern matches, sorted by name. A pattern that is the name of a file is that
/// file, whatever characters are in it.
pub(crate) fn find(pattern: &str) -> Result<Vec<InputFile>, ReadError> {
    if Path::new(pattern).is_file() {
        return Ok(vec![InputFile::look(PathBuf::from(pattern))?]);
    }
    let paths =
        glob::glob(pattern).map_err(|source| ReadError::BadPattern { pattern: pattern.into(), source })?;
    let mut files = Vec::new();
    for path in paths {
        let path = path.map_err(|error| ReadError::Io { path: error.path().into(), source: error.into() })?;
        if path.is_file() {
            files.push(InputFile::look(path)?);
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    match files.is_empty() {
        true => Err(ReadError::NoMatch { pattern: pattern.into() }),
        false => Ok(files),
    }
}

/// Returns the files below a directory whose names have this end, but for those of which a part of the name below it
/// begins with `.` or `_`.
#[cfg(any(feature = "ipc", feature = "parquet"))]
pub(crate) fn find_below(base: &Path, end: &str) -> Result<Vec<InputFile>, ReadError> {
    let pattern = Path::new(&glob::Pattern::escape(&base.to_string_lossy())).join(format!("**/*.{end}"));
    let pattern = pattern.to_string_lossy().into_owned();
    let is_shown = |file: &InputFile| {
        let mut below = file.path.strip_prefix(base).unwrap_or(&file.path).iter();
        !below.any(|name| name.to_string_lossy().starts_with(['.', '_']))
    };
    let files = find(&pattern)?.into_iter().filter(is_shown).collect::<Vec<_>>();
    if files.is_empty() { Err(ReadError::NoMatch { pattern }) } else { Ok(files) }
}

impl InputFile {
    fn look(path: PathBuf) -> Result<Self, ReadError> {
        let at = |source| ReadError::Io { path: path.clone(), source };
        let metadata = path.metadata().map_err(at)?;
        let compression =
            File::open(&path).and_then(|mut file| Compression::of_content(&mut file)).map_err(at)?;
        let modified = metadata.modified().ok();
        Ok(Self { nbytes: metadata.len(), modified, compression, path })
    }

    /// Returns whether the file can be read from its beginning only.
    pub(crate) fn is_compressed(&self) -> bool {
        self.compression != Compression::None
    }

    /// Opens the file, if it is still the one that was planned.
    pub(crate) fn open_as_planned(&self) -> Result<File, ReadError> {
        let io = |source| self.io(source);
        let file = File::open(&self.path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if metadata.len() != self.nbytes || metadata.modified().ok() != self.modified {
            return Err(ReadError::Changed { path: self.path.clone() });
        }
        Ok(file)
    }

    /// Opens the file at a byte of its text, if it is still the one that was planned. A compressed file opens
    /// at its beginning only.
    pub(crate) fn open(&self, at: u64) -> Result<Window, ReadError> {
        let io = |source| self.io(source);
        let mut file = self.open_as_planned()?;
        if let Some(feature) = self.compression.feature_off() {
            let (path, compression) = (self.path.clone(), self.compression);
            return Err(ReadError::CompressionOff { path, compression, feature });
        }
        if !self.is_compressed() {
            file.seek(SeekFrom::Start(at)).map_err(io)?;
        }
        let input = self.compression.unpack(file).map_err(io)?;
        Ok(Window { input, bytes: Vec::new(), filled: 0, consumed: 0, offset: at, last: false })
    }

    pub(crate) fn io(&self, source: io::Error) -> ReadError {
        ReadError::Io { path: self.path.clone(), source }
    }

    /// Returns the line in which a byte of the text stands, from 1: counted again, since only an error asks.
    pub(crate) fn line_at(&self, offset: u64) -> u64 {
        let count = || -> Result<u64, ReadError> {
            let mut window = self.open(0)?;
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
        self.path.tokenize(t);
        self.nbytes.tokenize(t);
        self.modified.tokenize(t);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_from_other_directories() {
        let file =
            InputFile { path: "a.csv".into(), nbytes: 1, modified: None, compression: Compression::None };
        let here = std::env::current_dir().unwrap();
        assert_eq!(serde_json::to_value(file).unwrap()["path"], here.join("a.csv").to_str().unwrap());
    }
}
