//! What workers print: passed on line by line, with a prefix that says whose it is.

use std::io::{self, ErrorKind, Read, Write};

/// A line longer than this is passed on in pieces.
const LONGEST: usize = 1 << 16;

/// One of the two outputs of a worker.
#[derive(Debug)]
pub(crate) struct Output<R> {
    from: R,
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
    is_open: bool,
}

impl<R: Read> Output<R> {
    /// From a pipe that does not block.
    pub(crate) fn new(from: R) -> Self {
        Self { from, rest: Vec::new(), is_open: true }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    pub(crate) fn source(&self) -> &R {
        &self.from
    }

    /// Passes on the lines that are there.
    pub(crate) fn pass_on(&mut self, prefix: &str, to: &mut impl Write) {
        let mut buffer = [0; 1 << 13];
        while self.is_open {
            match self.from.read(&mut buffer) {
                Ok(0) => self.is_open = false,
                Ok(n) => self.rest.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.is_open = false,
            }
            // Nobody can be told that standard output is gone.
            let _ = self.write_lines(prefix, to);
        }
    }

    fn write_lines(&mut self, prefix: &str, to: &mut impl Write) -> io::Result<()> {
        let end = match self.rest.iter().rposition(|&byte| byte == b'\n') {
            Some(last) => last + 1,
            None if self.is_open && self.rest.len() < LONGEST => 0,
            None => self.rest.len(),
        };
        let end = if self.is_open { end } else { self.rest.len() };
        for line in self.rest[..end].split_inclusive(|&byte| byte == b'\n') {
            to.write_all(prefix.as_bytes())?;
            to.write_all(line)?;
            if !line.ends_with(b"\n") {
                to.write_all(b"\n")?;
            }
        }
        self.rest.drain(..end);
        to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives the pieces one by one, would block after each, and ends with the last.
    struct Pieces(Vec<&'static str>);

    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.0.pop() {
                None => Ok(0),
                Some("") => Err(ErrorKind::WouldBlock.into()),
                Some(piece) => {
                    into[..piece.len()].copy_from_slice(piece.as_bytes());
                    Ok(piece.len())
                }
            }
        }
    }

    #[test]
    fn lines_get_a_prefix_and_wait_for_their_end() {
        let mut output = Output::new(Pieces(vec!["end", "", "d\n", "", "a\nb\nc", ""]));
        let mut printed = vec![];
        output.pass_on("[1] ", &mut printed);
        assert_eq!(printed, b"");
        output.pass_on("[1] ", &mut printed);
        assert_eq!(printed, b"[1] a\n[1] b\n");
        output.pass_on("[1] ", &mut printed);
        assert_eq!(printed, b"[1] a\n[1] b\n[1] cd\n");
        output.pass_on("[1] ", &mut printed);
        assert_eq!(printed, b"[1] a\n[1] b\n[1] cd\n[1] end\n");
        assert!(!output.is_open());
    }

    #[test]
    fn a_line_without_end_is_passed_on_in_pieces() {
        let mut output = Output::new(io::repeat(b'x').take(3 * LONGEST as u64));
        let mut printed = vec![];
        output.pass_on("", &mut printed);
        assert_eq!(printed.iter().filter(|&&byte| byte == b'x').count(), 3 * LONGEST);
        assert!(printed.iter().filter(|&&byte| byte == b'\n').count() >= 3);
    }
}
