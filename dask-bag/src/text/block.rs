//! Blocks of files: the unit in which text is read, one a partition.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use dask_graph::{Blob, BlobError, BlobReader, Payload};
use flate2::bufread::MultiGzDecoder;
use memchr::memchr_iter;
use serde::{Deserialize, Serialize};

use super::file::{Compression, TextFile};
use super::lines::Lines;
use crate::error::{Place, ReadError};
use crate::stream::{Flow, Run};

/// The lines that start at a byte of `start..end` of one file.
///
/// A line that starts before `end` belongs to this block as a whole, however far it goes, and to no other:
/// every line of the file is in exactly one of its blocks, wherever the borders fall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Block {
    pub(crate) file: Arc<TextFile>,
    start: u64,
    /// `u64::MAX` for a whole compressed file, the length of whose text nobody knows.
    end: u64,
}

/// What to make of the bytes of a line.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct LineFormat {
    pub(crate) keep_line_ends: bool,
    pub(crate) lossy: bool,
}

impl Payload for Block {
    fn nbytes(&self) -> u64 {
        size_of::<Self>() as u64
    }

    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        Some(Blob::encoded(self))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        reader.read_encoded()
    }
}

impl Block {
    /// Cuts a file into blocks of about `blocksize` bytes, as dask does: as many as fit whole, of equal
    /// size. Compressed files are one block.
    pub(crate) fn cut(file: &Arc<TextFile>, blocksize: Option<u64>) -> impl Iterator<Item = Self> {
        let file = Arc::clone(file);
        let size = file.nbytes;
        let (n, size) = match (file.compression, blocksize) {
            (Compression::Gzip, _) => (1, u64::MAX),
            (Compression::None, None) => (1, size),
            (Compression::None, Some(blocksize)) => ((size / blocksize.max(1)).max(1), size),
        };
        // In 128 bits: the product of a size and a number of blocks may be large.
        let border = move |i: u64| (u128::from(size) * u128::from(i) / u128::from(n)) as u64;
        (0..n).map(move |i| Self { file: Arc::clone(&file), start: border(i), end: border(i + 1) })
    }

    /// Number of blocks that [`cut`](Self::cut) makes.
    pub(crate) fn count(file: &TextFile, blocksize: Option<u64>) -> u64 {
        match (file.compression, blocksize) {
            (Compression::None, Some(blocksize)) => (file.nbytes / blocksize.max(1)).max(1),
            _ => 1,
        }
    }

    /// About how many bytes the block's lines take as strings.
    pub(crate) fn estimate(&self) -> u64 {
        match self.file.compression {
            // Text packs to about a quarter; each line costs a `String` on top of its letters.
            Compression::Gzip => self.file.nbytes.saturating_mul(6),
            Compression::None => (self.end - self.start).saturating_mul(3) / 2,
        }
    }

    /// Gives each line to `sink`, until the end or until it has enough.
    pub(crate) fn for_each_line(
        &self,
        run: &Run,
        format: LineFormat,
        sink: &mut impl FnMut(&str) -> Flow,
    ) -> Result<(), ReadError> {
        let block = self.clone();
        run.set_origin(move |item| block.place(item));
        let file = self.file.open()?;
        match self.file.compression {
            Compression::Gzip => {
                let text = MultiGzDecoder::new(BufReader::with_capacity(64 << 10, file));
                self.read(run, format, Lines::new(text, 0), sink)
            }
            Compression::None => self.read(run, format, self.seek(file)?, sink),
        }
    }

    /// Goes to the first line of the block.
    fn seek(&self, mut file: File) -> Result<Lines<File>, ReadError> {
        // From one byte before: a line that starts exactly at the border is then found by the end of the
        // line before it.
        let from = self.start.saturating_sub(1);
        file.seek(SeekFrom::Start(from)).map_err(|e| self.file.io("seek in", e))?;
        let mut lines = Lines::new(file, from);
        if self.start > 0 {
            lines.skip_line(self.end).map_err(|e| self.file.io("read", e))?;
        }
        Ok(lines)
    }

    fn read<R: Read>(
        &self,
        run: &Run,
        format: LineFormat,
        mut lines: Lines<R>,
        sink: &mut impl FnMut(&str) -> Flow,
    ) -> Result<(), ReadError> {
        let mut number = 0;
        while lines.offset() < self.end {
            let at = lines.offset();
            let line = match lines.next() {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(e) => return Err(self.failed(e, lines.read_to())),
            };
            let line = if format.keep_line_ends { line } else { without_end(line) };
            run.at(number);
            number += 1;
            let flow = match std::str::from_utf8(line) {
                Ok(line) => sink(line),
                Err(_) if format.lossy => sink(&String::from_utf8_lossy(line)),
                Err(e) => {
                    let (path, offset) = (self.file.path.clone(), at + e.valid_up_to() as u64);
                    return Err(ReadError::InvalidUtf8 { path, offset });
                }
            };
            if flow.is_break() {
                return Ok(());
            }
        }
        // A file that got shorter while it was read ends before its block does.
        if self.file.compression == Compression::None && lines.read_to() < self.end {
            return Err(self.file.changed(lines.read_to()));
        }
        Ok(())
    }

    fn failed(&self, source: io::Error, offset: u64) -> ReadError {
        let path = self.file.path.clone();
        match (self.file.compression, source.kind()) {
            (Compression::Gzip, io::ErrorKind::UnexpectedEof) => ReadError::TruncatedGzip { path, offset },
            (Compression::Gzip, io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => {
                ReadError::CorruptGzip { path, offset, source }
            }
            _ => self.file.io("read", source),
        }
    }

    /// The place of line number `item` of this block. Counts the lines before the block, so it is only for
    /// errors.
    fn place(&self, item: u64) -> Place {
        let line = match self.file.compression {
            Compression::None if self.start > 0 => self.lines_before().ok().map(|before| before + item + 1),
            _ => Some(item + 1),
        };
        Place { path: self.file.path.clone(), line }
    }

    /// Number of lines of the file that start before this block.
    fn lines_before(&self) -> io::Result<u64> {
        let mut file = File::open(&self.file.path)?.take(self.start - 1);
        let mut buffer = vec![0; 64 << 10];
        let mut ends = 0;
        loop {
            match file.read(&mut buffer)? {
                // The line that the border cuts, or ends at, is one more.
                0 => return Ok(ends + 1),
                n => ends += memchr_iter(b'\n', &buffer[..n]).count() as u64,
            }
        }
    }
}

fn without_end(line: &[u8]) -> &[u8] {
    match line.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => line,
    }
}
