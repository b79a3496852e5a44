//! What is text in a file: encoding, line ends, and one line of it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::block::Block;
use super::encoding::Encoding;
use super::lines::LineEnd;
use crate::error::{EncodingError, Place, ReadError};
use crate::stream::{Flow, NEXT, STOP};

/// What to make of the bytes of a file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct LineFormat {
    pub(crate) encoding: Encoding,
    /// `None` for `\n`, before which a `\r` belongs to the end of the line.
    pub(crate) delimiter: Option<Vec<u8>>,
    pub(crate) keep_line_ends: bool,
    pub(crate) lossy: bool,
}

impl LineFormat {
    /// The end of lines in the encoding.
    pub(crate) fn end_of_line(&self) -> Result<LineEnd, EncodingError> {
        let delimiter = self.delimiter.as_deref().unwrap_or(b"\n");
        Ok(LineEnd::new(&self.encoding.delimiter(delimiter)?, self.encoding.unit()))
    }

    /// The form of the file that begins with `head`, the end of its lines, and the length of the byte order
    /// mark.
    pub(crate) fn of_head(&self, head: &[u8]) -> Result<(Form<'_>, LineEnd, usize), EncodingError> {
        let (encoding, mark) = self.encoding.of_head(head);
        let format = Self { encoding, delimiter: self.delimiter.clone(), ..*self };
        let end_of_line = format.end_of_line()?;
        let carriage_return = match self.delimiter {
            None => encoding.delimiter(b"\r")?,
            Some(_) => Vec::new(),
        };
        Ok((Form { format: self, encoding, end: end_of_line.clone(), carriage_return }, end_of_line, mark))
    }
}

/// What text is in one file.
#[derive(Debug)]
pub(crate) struct Form<'a> {
    format: &'a LineFormat,
    encoding: Encoding,
    pub(crate) end: LineEnd,
    /// What more is taken off before the end.
    carriage_return: Vec<u8>,
}

impl Form<'_> {
    /// What is to be made text of a line: all, or all but its end.
    pub(crate) fn content<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        if self.format.keep_line_ends {
            return line;
        }
        match line.strip_suffix(self.end.bytes()) {
            Some(line) => line.strip_suffix(&*self.carriage_return).unwrap_or(line),
            None => line,
        }
    }
}

/// Whole lines of a block that lie together, looked at as UTF-8 only once.
#[derive(Debug)]
pub(crate) struct Together<'a> {
    bytes: &'a [u8],
    /// Position of the bytes in the file, or in what is packed in it.
    offset: u64,
    form: &'a Form<'a>,
    block: &'a Block,
    /// `None` if they are in another encoding, or there is a byte in them that is no text.
    text: Option<&'a str>,
}

impl<'a> Together<'a> {
    pub(crate) fn new(bytes: &'a [u8], offset: u64, form: &'a Form<'a>, block: &'a Block) -> Self {
        let text = if form.encoding.is_utf8() { std::str::from_utf8(bytes).ok() } else { None };
        Self { bytes, offset, form, block, text }
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Gives each line to `sink`, until it has enough. The first one is line number `number` of those that are
    /// `counted`.
    #[inline]
    pub(crate) fn for_each_line(
        &self,
        counted: &CountedFrom,
        number: &mut u64,
        sink: &mut dyn FnMut(&Line<'_>) -> Result<Flow, ReadError>,
    ) -> Result<Flow, ReadError> {
        let mut from = 0;
        while from < self.bytes.len() {
            let rest = &self.bytes[from..];
            let length = self.form.end.first_of(rest);
            let line = Line {
                bytes: self.form.content(&rest[..length]),
                from,
                together: self,
                form: self.form,
                block: self.block,
                offset: self.offset + from as u64,
                number: *number,
                counted,
            };
            if sink(&line)?.is_break() {
                return Ok(STOP);
            }
            *number += 1;
            from += length;
        }
        Ok(NEXT)
    }

    /// The text of all lines with their ends, if these are white space and all of it is UTF-8.
    pub(crate) fn text_of_all(&self) -> Option<&'a str> {
        self.text.filter(|_| self.form.end.bytes().iter().all(u8::is_ascii_whitespace))
    }
}

/// Where the counting of lines begins.
#[derive(Debug)]
pub(crate) struct CountedFrom {
    offset: u64,
    /// Number of lines before, once somebody asked.
    before: OnceCell<Option<u64>>,
}

impl CountedFrom {
    /// Counts the lines of a file that start at `offset` or after it.
    pub(crate) fn new(offset: u64) -> Self {
        Self { offset, before: OnceCell::new() }
    }
}

/// One line, not decoded yet.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) bytes: &'a [u8],
    /// Position of the bytes in those that lie together.
    from: usize,
    together: &'a Together<'a>,
    form: &'a Form<'a>,
    pub(crate) block: &'a Block,
    /// Position of the line in the file, or in what is packed in it.
    pub(crate) offset: u64,
    /// Number of the line among those that are counted.
    pub(crate) number: u64,
    counted: &'a CountedFrom,
}

impl<'a> Line<'a> {
    /// The text of the line.
    #[inline]
    pub(crate) fn text(&self) -> Result<Cow<'a, str>, ReadError> {
        if let Some(text) = self.text_as_it_lies() {
            return Ok(Cow::Borrowed(text));
        }
        match self.form.encoding.decode(self.bytes) {
            Ok(text) => Ok(text),
            Err(_) if self.form.format.lossy => Ok(self.form.encoding.decode_lossy(self.bytes)),
            Err(at) => Err(ReadError::InvalidText {
                path: Arc::clone(self.block.file.path()),
                encoding: self.form.encoding.name(),
                offset: self.offset + at as u64,
                line: self.place().line,
            }),
        }
    }

    /// The text of the line, if it is UTF-8 in the file and so are the lines that lie with it.
    #[inline]
    pub(crate) fn text_as_it_lies(&self) -> Option<&'a str> {
        self.together.text?.get(self.from..self.from + self.bytes.len())
    }

    /// The text of the line as UTF-8, which it may not be if it lies in the file as such: to be checked by who
    /// reads it.
    #[cfg(feature = "json")]
    pub(crate) fn utf8(&self) -> Result<Cow<'a, [u8]>, ReadError> {
        if self.form.encoding.is_utf8() && !self.form.format.lossy {
            return Ok(Cow::Borrowed(self.bytes));
        }
        Ok(match self.text()? {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        })
    }

    /// Where the line stands. Counts the lines before those that are counted, once.
    pub(crate) fn place(&self) -> Place {
        let CountedFrom { offset, before } = self.counted;
        let before = before.get_or_init(|| self.block.lines_before(*offset, self.form.format));
        let line = before.map(|before| before + self.number + 1);
        Place { path: Arc::clone(self.block.file.path()), line, offset: self.offset }
    }
}
