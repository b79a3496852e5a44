//! Lines out of a stream of bytes, through a bounded buffer.

use std::io::{self, Read};

use memchr::memmem::Finder;
use memchr::{memchr, memrchr};

/// The buffer holds this many bytes, or one line if that is longer.
const BUFFER: usize = 128 << 10;

/// The bytes that end a line, and where they count.
#[derive(Debug, Clone)]
pub(crate) struct LineEnd {
    finder: Finder<'static>,
    /// They count at multiples of so many bytes only.
    unit: usize,
}

impl LineEnd {
    /// The end `bytes`, of at least one byte, at multiples of `unit`.
    pub(crate) fn new(bytes: &[u8], unit: usize) -> Self {
        Self { finder: Finder::new(bytes).into_owned(), unit }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.finder.needle()
    }

    /// The length of the first of whole `lines`, as [`Lines::next`] gives them, with its end.
    #[inline]
    pub(crate) fn first_of(&self, lines: &[u8]) -> usize {
        match *self.bytes() {
            [byte] => memchr(byte, lines).map_or(lines.len(), |at| at + 1),
            _ => lines.len(),
        }
    }

    /// Of whole `lines`, as [`Lines::next`] gives them, those that start before their byte number `limit`, and the first
    /// one anyway.
    pub(crate) fn starting_before<'l>(&self, limit: u64, lines: &'l [u8]) -> &'l [u8] {
        if limit >= lines.len() as u64 {
            return lines;
        }
        let last = limit.saturating_sub(1) as usize;
        &lines[..last + self.first_of(&lines[last..])]
    }

    /// The position of the first end in `bytes`, which lie at `offset` in their stream.
    fn find(&self, bytes: &[u8], offset: u64) -> Option<usize> {
        if let &[byte] = self.bytes() {
            return memchr(byte, bytes);
        }
        let mut from = 0;
        loop {
            let at = from + self.finder.find(&bytes[from..])?;
            if (offset + at as u64).is_multiple_of(self.unit as u64) {
                return Some(at);
            }
            from = at + 1;
        }
    }
}

/// Reads lines with their ends, without copying them out of the buffer.
pub(crate) struct Lines<R> {
    input: R,
    end_of_line: LineEnd,
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
    pub(crate) fn new(input: R, offset: u64, end_of_line: LineEnd) -> Self {
        Self { input, end_of_line, buffer: vec![0; BUFFER], start: 0, end: 0, offset, at_end: false }
    }

    /// Position in the stream of the next line.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Position in the stream up to which was read: after a failure, the place of the failure.
    pub(crate) fn read_to(&self) -> u64 {
        self.offset + (self.end - self.start) as u64
    }

    /// The first bytes of what comes, `n` of them unless the stream ends before.
    pub(crate) fn peek(&mut self, n: usize) -> io::Result<&[u8]> {
        while self.end - self.start < n && !self.at_end {
            self.fill()?;
        }
        Ok(&self.buffer[self.start..self.end.min(self.start + n)])
    }

    /// Passes over `n` bytes that were peeked, and has lines end in `end_of_line` from there on.
    pub(crate) fn skip(&mut self, n: usize, end_of_line: LineEnd) {
        self.start += n;
        self.offset += n as u64;
        self.end_of_line = end_of_line;
    }

    /// The next lines with their ends: all whole ones at hand if one byte is their end, or else the next one. The last
    /// line of the stream may have no end. `None` at the end of the stream.
    pub(crate) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let length = match *self.end_of_line.bytes() {
            [byte] => memrchr(byte, &self.buffer[self.start..self.end]).map(|at| at + 1),
            _ => None,
        };
        let length = match length {
            Some(length) => length,
            None => self.read_line()?,
        };
        if length == 0 {
            return Ok(None);
        }
        let lines = &self.buffer[self.start..self.start + length];
        self.start += length;
        self.offset += length as u64;
        Ok(Some(lines))
    }

    /// Reads until the next line is whole, and returns its length.
    fn read_line(&mut self) -> io::Result<usize> {
        let end_length = self.end_of_line.bytes().len();
        let mut searched = 0;
        loop {
            let rest = &self.buffer[self.start + searched..self.end];
            if let Some(at) = self.end_of_line.find(rest, self.offset + searched as u64) {
                return Ok(searched + at + end_length);
            }
            if self.at_end {
                return Ok(self.end - self.start);
            }
            // What may be the first part of an end is looked at again.
            searched = (self.end - self.start).saturating_sub(end_length - 1);
            self.fill()?;
        }
    }

    /// Goes on to the start of the line after the next line end, looking no further than `limit`.
    ///
    /// Beyond `limit` the position is only known not to be before it.
    pub(crate) fn skip_line(&mut self, limit: u64) -> io::Result<()> {
        let end_length = self.end_of_line.bytes().len();
        while self.offset < limit {
            if let Some(at) = self.end_of_line.find(&self.buffer[self.start..self.end], self.offset) {
                self.start += at + end_length;
                self.offset += (at + end_length) as u64;
                return Ok(());
            }
            // None of it is wanted but what may be the first part of an end: a long line is passed over in a
            // small buffer.
            let kept = (self.end - self.start).min(if self.at_end { 0 } else { end_length - 1 });
            self.offset += (self.end - self.start - kept) as u64;
            self.start = self.end - kept;
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

    /// Gives one byte a read, so that everything is cut everywhere.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.0.len().min(buffer.len()).min(1);
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn newline() -> LineEnd {
        LineEnd::new(b"\n", 1)
    }

    #[track_caller]
    fn check(text: &[u8], end: &LineEnd, expected: &[&[u8]]) {
        let inputs: [Box<dyn Read + '_>; 2] = [Box::new(text), Box::new(Trickle(text))];
        for input in inputs {
            let mut lines = Lines::new(input, 0, end.clone());
            let mut out = Vec::new();
            while let Some(mut rest) = lines.next().unwrap() {
                while !rest.is_empty() {
                    let (line, after) = rest.split_at(end.first_of(rest));
                    out.push(line.to_vec());
                    rest = after;
                }
            }
            assert_eq!(lines.offset(), text.len() as u64);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn lines_keep_their_ends_and_the_last_may_have_none() {
        check(b"a\n\nb\r\nc", &newline(), &[b"a\n", b"\n", b"b\r\n", b"c"]);
        check(b"", &newline(), &[]);
        check(b"\n", &newline(), &[b"\n"]);
    }

    #[test]
    fn ends_of_several_bytes_are_found_across_reads() {
        let end = LineEnd::new(b"<br>", 1);
        check(b"a<br>b<b<br><br>c<br", &end, &[b"a<br>", b"b<b<br>", b"<br>", b"c<br"]);
    }

    #[test]
    fn ends_count_at_whole_units_only() {
        // In UTF-16LE: the letter U+0A41, an end, the letter U+000A's bytes across two letters, an end.
        let end = LineEnd::new(b"\n\0", 2);
        check(b"\x41\x0a\x00\x01\n\0b\0\n\0", &end, &[b"\x41\x0a\x00\x01\n\0", b"b\0\n\0"]);
    }

    #[test]
    fn a_line_longer_than_the_buffer_comes_whole() {
        let mut text = vec![b'x'; 3 * BUFFER];
        text.extend_from_slice(b"\nshort\n");
        let (long, short) = text.split_at(3 * BUFFER + 1);
        check(&text, &newline(), &[long, short]);
    }

    #[test]
    fn skipping_a_line_stops_at_its_limit() {
        let mut text = vec![b'x'; 5 * BUFFER];
        text.extend_from_slice(b"\nnext\n");
        let mut input = Lines::new(&text[..], 0, newline());
        input.skip_line(10).unwrap();
        assert!(input.offset() >= 10 && input.offset() <= 2 * BUFFER as u64, "{}", input.offset());
        let mut input = Lines::new(&text[..], 0, newline());
        input.skip_line(u64::MAX).unwrap();
        assert_eq!(input.next().unwrap(), Some(&b"next\n"[..]));
        let mut input = Lines::new(Trickle(b"one--two"), 0, LineEnd::new(b"--", 1));
        input.skip_line(u64::MAX).unwrap();
        assert_eq!(input.next().unwrap(), Some(&b"two"[..]));
    }
}
