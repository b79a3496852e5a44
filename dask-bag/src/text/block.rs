//! Blocks of files, in which text is read, and partitions of them.

use std::cell::Cell;
use std::io::{self, Read};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use dask_graph::{Blob, BlobError, BlobReader, Payload, Value};
use dask_graph_files::{Compression, InputFile, is_of_system};
use serde::{Deserialize, Serialize};

use super::format::{CountedFrom, Line, LineFormat, Together};
use super::lines::Lines;
use crate::error::{Place, ReadError};
use crate::stream::{Flow, NEXT, Run, STOP};

/// What the byte order mark of a file may take.
const MARK: usize = 3;

/// The lines that start at a byte of `start..end` of one file.
///
/// A line that starts before `end` belongs to this block as a whole, however far it goes, and to no other:
/// every line of the file is in exactly one of its blocks, wherever the borders fall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Block {
    pub(crate) file: Arc<InputFile>,
    start: u64,
    /// `u64::MAX` for a whole compressed file, the length of whose text nobody knows.
    end: u64,
}

impl Block {
    /// The lines that start in this range of the file.
    pub(crate) fn new((file, range): (Arc<InputFile>, Range<u64>)) -> Self {
        Self { file, start: range.start, end: range.end }
    }

    /// About how many bytes the block's lines take as strings.
    pub(crate) fn estimate(&self) -> u64 {
        // Each line costs a `String` on top of its letters.
        match self.file.compression() {
            Compression::None => (self.end - self.start).saturating_mul(3) / 2,
            packed => self.file.nbytes().saturating_mul(packed.ratio()).saturating_mul(3) / 2,
        }
    }

    /// Gives each line to `sink`, until the end or until it has enough.
    fn for_each_line(
        &self,
        format: &LineFormat,
        sink: &mut dyn FnMut(&Line<'_>) -> Result<Flow, ReadError>,
    ) -> Result<Flow, ReadError> {
        let (counted, mut number) = (CountedFrom::new(self.start), 0);
        self.for_each_together(format, &mut |together| together.for_each_line(&counted, &mut number, sink))
    }

    /// Gives the text of the lines to `sink`, of as many as possible at a time, with nothing but white space between
    /// two lines.
    fn for_each_text(&self, format: &LineFormat, sink: &mut dyn FnMut(&str)) -> Result<(), ReadError> {
        let flow = self.for_each_together(format, &mut |together| {
            if let Some(text) = together.text_of_all() {
                sink(text);
                return Ok(NEXT);
            }
            together.for_each_line(&CountedFrom::new(together.offset()), &mut 0, &mut |line| {
                sink(&line.text()?);
                Ok(NEXT)
            })
        });
        flow.map(|_| ())
    }

    /// Gives the lines that lie together to `sink`, until the end or until it has enough.
    fn for_each_together(
        &self,
        format: &LineFormat,
        sink: &mut dyn FnMut(&Together<'_>) -> Result<Flow, ReadError>,
    ) -> Result<Flow, ReadError> {
        let refused = |source| ReadError::Encoding { source };
        let (head, mut lines) = self.open(format)?;
        let (form, end_of_line, mark) = format.of_head(&head).map_err(refused)?;
        lines.skip(if self.start == 0 { mark } else { 0 }, end_of_line);
        if self.start > 0 {
            lines.skip_line(self.end).map_err(|e| self.failed(e, lines.read_to()))?;
        }
        // The first line begins with the mark, wherever the first block ends.
        let mut start = if self.start == 0 { 0 } else { lines.offset() };
        while start < self.end {
            let offset = lines.offset();
            let bytes = match lines.next() {
                Ok(Some(lines)) => form.end.starting_before(self.end.saturating_sub(offset), lines),
                Ok(None) => break,
                Err(e) => return Err(self.failed(e, lines.read_to())),
            };
            if sink(&Together::new(bytes, offset, &form, self))?.is_break() {
                return Ok(STOP);
            }
            start = lines.offset();
        }
        // A file that got shorter while it was read ends before its block does.
        if self.file.compression() == Compression::None && lines.read_to() < self.end {
            return Err(self.file.changed(lines.read_to()).into());
        }
        Ok(NEXT)
    }

    /// The first bytes of the file, and the bytes from one line end before the block on: a line that starts
    /// exactly at the border is then found by the end of the line before it.
    fn open(&self, format: &LineFormat) -> Result<(Vec<u8>, Lines<Box<dyn Read + Send>>), ReadError> {
        let end_of_line = format.end_of_line().map_err(|source| ReadError::Encoding { source })?;
        let from = self.start.saturating_sub(end_of_line.bytes().len() as u64);
        let text = self.file.open_unpacked(from..self.end)?;
        let mut lines = Lines::new(text, from, end_of_line);
        let head = match from {
            0 => lines.peek(MARK).map(<[u8]>::to_vec).map_err(|e| self.failed(e, 0))?,
            // Whether the file is UTF-16 of the one or the other form stands at its beginning only.
            _ if format.encoding.unit() > 1 => self.head()?,
            _ => Vec::new(),
        };
        Ok((head, lines))
    }

    fn head(&self) -> Result<Vec<u8>, ReadError> {
        let mut head = Vec::new();
        let mut bytes = self.file.open(0..MARK as u64)?.take(MARK as u64);
        bytes.read_to_end(&mut head).map_err(|e| self.file.io("read", e))?;
        Ok(head)
    }

    fn failed(&self, source: io::Error, offset: u64) -> ReadError {
        let (path, compression) = (Arc::clone(self.file.path()), self.file.compression());
        match (compression, source.kind()) {
            (Compression::None, _) => self.file.io("read", source).into(),
            _ if is_of_system(&source) => self.file.io("read", source).into(),
            (_, io::ErrorKind::UnexpectedEof) => ReadError::Truncated { path, compression, offset },
            _ => ReadError::Corrupt { path, compression, offset, source },
        }
    }

    /// The place of line number `number` of this block, which lies at `offset`. Counts the lines before the
    /// block, so it is only for errors.
    fn place(&self, format: &LineFormat, number: u64, offset: u64) -> Place {
        let line = self.lines_before(self.start, format).map(|before| before + number + 1);
        Place { path: Arc::clone(self.file.path()), line, offset }
    }

    /// Number of lines of the file that start before `offset`; `None` where they cannot be counted.
    pub(crate) fn lines_before(&self, offset: u64, format: &LineFormat) -> Option<u64> {
        if offset == 0 {
            return Some(0);
        }
        if !self.file.is_local() {
            return None;
        }
        let mut before = 0;
        let all = Self { file: Arc::clone(&self.file), start: 0, end: offset };
        let counted = all.for_each_line(format, &mut |line| {
            before = line.number + 1;
            Ok(NEXT)
        });
        counted.is_ok().then_some(before)
    }
}

/// The blocks of one partition: one of a file, or several files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Blocks(pub(crate) Vec<Block>);

/// Where the reading of a partition is.
#[derive(Debug, Clone, Copy, Default)]
struct At {
    block: usize,
    /// Number of lines of the blocks before.
    before: u64,
    /// Position of the line in its file.
    offset: u64,
}

impl Blocks {
    /// The blocks as a value of the graph.
    pub(crate) fn into_value(self) -> Value {
        Value::sized(self)
    }

    /// Gives each line of the blocks to `sink`, until the end or until it has enough.
    pub(crate) fn for_each_line(
        &self,
        run: &Run,
        format: &LineFormat,
        sink: &mut dyn FnMut(&Line<'_>) -> Result<Flow, ReadError>,
    ) -> Result<(), ReadError> {
        let at = Rc::new(Cell::new(At::default()));
        let (blocks, its_format, its_at) = (self.clone(), format.clone(), Rc::clone(&at));
        run.set_origin(move |item| {
            let At { block, before, offset } = its_at.get();
            blocks.0[block].place(&its_format, item - before, offset)
        });
        let mut seen = 0;
        for (i, block) in self.0.iter().enumerate() {
            let before = seen;
            let flow = block.for_each_line(format, &mut |line| {
                at.set(At { block: i, before, offset: line.offset });
                run.at(before + line.number);
                seen = before + line.number + 1;
                sink(line)
            })?;
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Gives the text of the lines to `sink`, of as many as possible at a time, with nothing but white space between
    /// two lines.
    pub(crate) fn for_each_text(
        &self,
        format: &LineFormat,
        sink: &mut dyn FnMut(&str),
    ) -> Result<(), ReadError> {
        self.0.iter().try_for_each(|block| block.for_each_text(format, sink))
    }

    /// About how many bytes the lines take as strings.
    pub(crate) fn estimate(&self) -> u64 {
        self.0.iter().map(Block::estimate).fold(0, u64::saturating_add)
    }
}

impl Payload for Blocks {
    fn nbytes(&self) -> u64 {
        (size_of::<Self>() + self.0.capacity() * size_of::<Block>()) as u64
    }

    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        Some(Blob::encoded(self))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        reader.read_encoded()
    }
}
