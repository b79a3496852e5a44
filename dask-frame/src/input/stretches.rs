//! Files of which some stretches are in memory, and the rest is where it was.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::InputFile;
use crate::error::ReadError;

/// Bytes at the end of a file that are read at once: most tell there what is in them, and need no more for it.
const END: u64 = 64 << 10;

/// Bytes that are read at once where nothing was held and little is asked for.
const LITTLE: usize = 8 << 10;

/// A file that is read at any place: out of memory what was read before, with one request what was not.
#[derive(Clone)]
pub(crate) struct Stretches {
    file: Arc<InputFile>,
    /// What is in memory, with the place of its first byte.
    held: Arc<Vec<(u64, Bytes)>>,
    /// What was read last besides.
    last: (u64, Bytes),
    /// Where the next byte is read.
    at: u64,
}

impl Stretches {
    /// Holds the end of a file.
    pub(crate) fn end_of(file: &InputFile) -> Result<Self, ReadError> {
        let nbytes = file.nbytes();
        let end = nbytes.saturating_sub(END)..nbytes;
        Self::of(file, &[end])
    }

    /// Holds some stretches of a file.
    pub(crate) fn of(file: &InputFile, ranges: &[Range<u64>]) -> Result<Self, ReadError> {
        let read = file.read_ranges(ranges)?;
        let held = ranges.iter().map(|range| range.start).zip(read).collect();
        Ok(Self { file: Arc::new(file.clone()), held: Arc::new(held), last: (0, Bytes::new()), at: 0 })
    }

    /// Returns how long the file is.
    pub(crate) fn nbytes(&self) -> u64 {
        self.file.nbytes()
    }

    /// Returns the same file, read from this place on.
    #[cfg(feature = "parquet")]
    pub(crate) fn from(&self, at: u64) -> Self {
        Self { at, ..self.clone() }
    }

    /// Returns a stretch of the file.
    #[cfg(feature = "parquet")]
    pub(crate) fn bytes(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
        let length = range.end.saturating_sub(range.start) as usize;
        match self.held(range.start) {
            Some(held) if held.len() >= length => Ok(held.slice(..length)),
            _ => Ok(self.file.read_ranges(&[range])?.swap_remove(0)),
        }
    }

    /// Returns what is in memory from a place on, if there is anything.
    fn held(&self, at: u64) -> Option<Bytes> {
        let from = |(start, bytes): &(u64, Bytes)| {
            let skipped = usize::try_from(at.checked_sub(*start)?).ok()?;
            (skipped < bytes.len()).then(|| bytes.slice(skipped..))
        };
        self.held.iter().chain([&self.last]).find_map(from)
    }
}

impl Read for Stretches {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.at >= self.nbytes() {
            return Ok(0);
        }
        let held = match self.held(self.at) {
            Some(held) => held,
            None => {
                let end = self.at.saturating_add(buffer.len().max(LITTLE) as u64).min(self.nbytes());
                let range = self.at..end;
                let read = self.file.read_ranges(&[range]).map_err(io::Error::other)?.swap_remove(0);
                self.last = (self.at, read.clone());
                read
            }
        };
        let n = buffer.len().min(held.len());
        buffer[..n].copy_from_slice(&held[..n]);
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Stretches {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::End(by) => self.nbytes().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
