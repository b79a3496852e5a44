//! The records of one target, out of all files.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use crate::directory::Directory;
use crate::error::ShuffleError;
use crate::exchange::Exchange;
use crate::file::Stretch;

/// The records of one target, one after another; a stretch of them is in memory at a time.
#[derive(Debug)]
pub struct Records<'e> {
    exchange: &'e Exchange,
    directory: &'e Directory,
    target: u32,
    /// Files that have been opened.
    opened: usize,
    /// The one that is being read, and its stretches that are still to be read.
    file: Option<(File, PathBuf, std::vec::IntoIter<Stretch>)>,
    /// The stretch that is being gone through, which was found to be whole.
    bytes: Vec<u8>,
    /// Where its next record begins.
    at: usize,
    /// Records given.
    given: u64,
}

impl<'e> Records<'e> {
    pub(crate) fn new(exchange: &'e Exchange, directory: &'e Directory, target: u32) -> Self {
        Self { exchange, directory, target, opened: 0, file: None, bytes: Vec::new(), at: 0, given: 0 }
    }

    /// The next record; `None` after the last.
    ///
    /// # Errors
    ///
    /// - When a file is gone, too short, or damaged, or cannot be read.
    /// - When there is no further record and not as many came as were written.
    #[expect(clippy::missing_panics_doc, reason = "a length is 4 bytes")]
    pub fn next_record(&mut self) -> Result<Option<&[u8]>, ShuffleError> {
        while self.at == self.bytes.len() {
            if !self.next_stretch()? {
                let (expected, got) = (self.exchange.records(self.target), self.given);
                return if got == expected {
                    Ok(None)
                } else {
                    Err(ShuffleError::Count { target: self.target, expected, got })
                };
            }
        }
        // Stretches are checked as a whole when they are read.
        let (length, rest) = self.bytes[self.at..].split_first_chunk().expect("a stretch is whole records");
        let length = u32::from_ne_bytes(*length) as usize;
        self.at += 4 + length;
        self.given += 1;
        Ok(Some(&rest[..length]))
    }

    /// Reads the next stretch; `false` after the last.
    fn next_stretch(&mut self) -> Result<bool, ShuffleError> {
        loop {
            if let Some((file, path, stretches)) = &mut self.file
                && let Some(stretch) = stretches.next()
            {
                self.at = 0;
                self.bytes.clear();
                read_at(file, stretch.at, stretch.nbytes, &mut self.bytes).map_err(|e| failed(path, e))?;
                if xxh3_64(&self.bytes) != stretch.checksum || n_records(&self.bytes) != Some(stretch.records)
                {
                    let (at, nbytes) = (stretch.at, stretch.nbytes);
                    return Err(ShuffleError::Damaged { path: path.clone(), at, nbytes });
                }
                return Ok(true);
            }
            let Some((name, index, starts)) = self.exchange.files.get(self.opened) else { return Ok(false) };
            self.opened += 1;
            let path = self.directory.path().join(name);
            let opened = open(&path, *index, *starts, self.target).map_err(|e| failed(&path, e))?;
            self.file = Some((opened.0, path, opened.1.into_iter()));
        }
    }
}

/// Opens a file and reads the stretches of a target.
fn open(path: &Path, index: u64, starts: u64, target: u32) -> io::Result<(File, Vec<Stretch>)> {
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    read_at(&mut file, starts + 8 * u64::from(target), 16, &mut bytes)?;
    let bounds: &[[u8; 8]] = bytes.as_chunks().0;
    let (from, to) = (u64::from_ne_bytes(bounds[0]), u64::from_ne_bytes(bounds[1]));
    bytes.clear();
    let nbytes = to.saturating_sub(from).saturating_mul(Stretch::NBYTES);
    read_at(&mut file, index.saturating_add(from.saturating_mul(Stretch::NBYTES)), nbytes, &mut bytes)?;
    Ok((file, bytes.as_chunks().0.iter().map(Stretch::from_bytes).collect()))
}

/// Appends so many bytes of a file; memory is taken only as they come, whatever the number says.
fn read_at(file: &mut File, at: u64, nbytes: u64, into: &mut Vec<u8>) -> io::Result<()> {
    file.seek(SeekFrom::Start(at))?;
    if (file.take(nbytes).read_to_end(into)? as u64) < nbytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

/// The number of records, if the bytes are whole records.
fn n_records(mut bytes: &[u8]) -> Option<u64> {
    let mut n = 0;
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk()?;
        bytes = rest.get(u32::from_ne_bytes(*length) as usize..)?;
        n += 1;
    }
    Some(n)
}

fn failed(path: &Path, source: io::Error) -> ShuffleError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::UnexpectedEof => ShuffleError::Truncated { path },
        _ => ShuffleError::Read { path, source },
    }
}
