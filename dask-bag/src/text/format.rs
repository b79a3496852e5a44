//! What is text in a file: encoding, line ends, and one line of it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::block::Block;
use super::encoding::Encoding;
use super::lines::LineEnd;
use crate::error::{EncodingError, Place, ReadError};

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

/// Lines that lie together, looked at as UTF-8 only once, when the text of the first one is asked for.
#[derive(Debug)]
pub(crate) struct Together<'a> {
    bytes: &'a [u8],
    /// `None` if there is a byte in them that is no text.
    text: OnceCell<Option<&'a str>>,
}

impl<'a> Together<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, text: OnceCell::new() }
    }

    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The text at these bytes, unless something among all of the bytes is none.
    #[inline]
    fn text(&self, at: Range<usize>) -> Option<&'a str> {
        let text = *self.text.get_or_init(|| std::str::from_utf8(self.bytes).ok());
        text?.get(at)
    }
}

/// One line, not decoded yet.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) bytes: &'a [u8],
    /// Position of the bytes in those that lie together.
    pub(crate) from: usize,
    pub(crate) together: &'a Together<'a>,
    pub(crate) form: &'a Form<'a>,
    pub(crate) block: &'a Block,
    /// Position of the line in the file, or in what is packed in it.
    pub(crate) offset: u64,
    /// Number of the line in the block.
    pub(crate) number: u64,
    /// Number of lines before the block, once somebody asked.
    pub(crate) before: &'a OnceCell<Option<u64>>,
}

impl<'a> Line<'a> {
    /// The text of the line.
    #[inline]
    pub(crate) fn text(&self) -> Result<Cow<'a, str>, ReadError> {
        if self.form.encoding.is_utf8()
            && let Some(text) = self.together.text(self.from..self.from + self.bytes.len())
        {
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

    /// The text of the line as UTF-8, which it may not be if it lies in the file as such: to be checked by who
    /// reads it.
    #[cfg(feature = "json")]
    #[inline]
    pub(crate) fn utf8(&self) -> Result<Cow<'a, [u8]>, ReadError> {
        if self.form.encoding.is_utf8() && !self.form.format.lossy {
            return Ok(Cow::Borrowed(self.bytes));
        }
        Ok(match self.text()? {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        })
    }

    /// Where the line stands. Counts the lines before its block, once.
    pub(crate) fn place(&self) -> Place {
        let before = self.before.get_or_init(|| self.block.lines_before(self.form.format));
        let line = before.map(|before| before + self.number + 1);
        Place { path: Arc::clone(self.block.file.path()), line, offset: self.offset }
    }
}
