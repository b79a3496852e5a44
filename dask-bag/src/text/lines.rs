//! Lines out of a stream of bytes, through a bounded buffer.

use std::io::{self, Read};

use memchr::memchr;

/// The buffer holds this many bytes, or one line if that is longer.
const BUFFER: usize = 128 << 10;

/// Reads lines with their ends, without copying them out of the buffer.
pub(crate) struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    /// `buffer[start..end]` is read and not yet given out.
    start: usize,
    end: usize,
    /// Position in the stream of `buffer[start]`.
    offset: u64,
    at_end: bool,
}

impl<R: Read> Lines<R> {
    /// Lines of `input`, whose first byte is number `offset` of its stream.
    pub(crate) fn new(input: R, offset: u64) -> Self {
        Self { input, buffer: vec![0; BUFFER], start: 0, end: 0, offset, at_end: false }
    }

    /// Position in the stream of the next line.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Position in the stream up to which was read: after a failure, the place of the failure.
    pub(crate) fn read_to(&self) -> u64 {
        self.offset + (self.end - self.start) as u64
    }

    /// The next line with its end; the last line may have none. `None` at the end of the stream.
    pub(crate) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let mut searched = 0;
        let length = loop {
            if let Some(at) = memchr(b'\n', &self.buffer[self.start + searched..self.end]) {
                break searched + at + 1;
            }
            searched = self.end - self.start;
            if self.at_end {
                break searched;
            }
            self.fill()?;
        };
        if length == 0 {
            return Ok(None);
        }
        let line = &self.buffer[self.start..self.start + length];
        self.start += length;
        self.offset += length as u64;
        Ok(Some(line))
    }

    /// Goes on to the start of the line after the next line end, looking no further than `limit`.
    ///
    /// Beyond `limit` the position is only known not to be before it.
    pub(crate) fn skip_line(&mut self, limit: u64) -> io::Result<()> {
        while self.offset < limit {
            if let Some(at) = memchr(b'\n', &self.buffer[self.start..self.end]) {
                self.start += at + 1;
                self.offset += at as u64 + 1;
                return Ok(());
            }
            // None of it is wanted: a long line is passed over in a small buffer.
            self.offset += (self.end - self.start) as u64;
            self.start = self.end;
            if self.at_end {
                return Ok(());
            }
            self.fill()?;
        }
        Ok(())
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            // One line is longer than the buffer.
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(n) => {
                    self.end += n;
                    self.at_end = n == 0;
                    return Ok(());
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Lines::new(text, 0);
        let mut out = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            out.push(line.to_vec());
        }
        assert_eq!(lines.offset(), text.len() as u64);
        out
    }

    #[test]
    fn lines_keep_their_ends_and_the_last_may_have_none() {
        assert_eq!(lines(b"a\n\nb\r\nc"), [&b"a\n"[..], b"\n", b"b\r\n", b"c"]);
        assert_eq!(lines(b""), [&b""[..]; 0]);
        assert_eq!(lines(b"\n"), [b"\n"]);
    }

    #[test]
    fn a_line_longer_than_the_buffer_comes_whole() {
        let mut text = vec![b'x'; 3 * BUFFER];
        text.extend_from_slice(b"\nshort\n");
        let got = lines(&text);
        assert_eq!(got.len(), 2);
        assert_eq!(got[0].len(), 3 * BUFFER + 1);
        assert_eq!(got[1], b"short\n");
    }

    #[test]
    fn skipping_a_line_stops_at_its_limit() {
        let mut text = vec![b'x'; 5 * BUFFER];
        text.extend_from_slice(b"\nnext\n");
        let mut input = Lines::new(&text[..], 0);
        input.skip_line(10).unwrap();
        assert!(input.offset() >= 10 && input.offset() <= 2 * BUFFER as u64, "{}", input.offset());
        let mut input = Lines::new(&text[..], 0);
        input.skip_line(u64::MAX).unwrap();
        assert_eq!(input.next().unwrap(), Some(&b"next\n"[..]));
    }
}
