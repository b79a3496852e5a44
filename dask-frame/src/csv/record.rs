//! Records cut into cells.
//!
//! The bytes that matter (separator, line feed, quote) are found eight at a time with word arithmetic; a
//! quoted cell is crossed with memchr. Only the cells that are wanted are remembered, and nothing is
//! copied: a cell is a range of the buffer.

use std::borrow::Cow;

use super::dialect::Dialect;

const NOT_WANTED: u32 = u32::MAX;

/// Where a cell stands in the buffer, without its quotes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    start: usize,
    end: usize,
    /// Quotes are doubled inside, or text follows the closing quote: the range is the raw cell.
    raw: bool,
}

/// What stands at a place of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A record of so many cells; the next begins at `next`.
    Record { cells: usize, next: usize },
    /// An empty line, which is skipped.
    Blank { next: usize },
    /// The beginning of a record that goes on after the buffer.
    Incomplete,
    /// A quoted cell that the input ends in.
    Unclosed,
    /// The end of the input.
    End,
}

/// Cuts records into cells and keeps those of the wanted columns.
pub(crate) struct Splitter {
    dialect: Dialect,
    /// For each column of the file the place of its cell in `spans`, or `NOT_WANTED`.
    slots: Vec<u32>,
    spans: Vec<Span>,
}

impl Splitter {
    /// `wanted` are positions of columns in the file, in the order in which their cells are asked for.
    pub(crate) fn new(dialect: Dialect, n_columns: usize, wanted: &[usize]) -> Self {
        let mut slots = vec![NOT_WANTED; n_columns];
        for (slot, &column) in wanted.iter().enumerate() {
            slots[column] = slot as u32;
        }
        Self { dialect, slots, spans: vec![Span::default(); wanted.len()] }
    }

    /// Returns a wanted cell of the record found last; `buffer` is the one it was found in.
    #[inline]
    pub(crate) fn cell<'b>(&self, buffer: &'b [u8], slot: usize) -> Cow<'b, [u8]> {
        let span = self.spans[slot];
        let raw = &buffer[span.start..span.end];
        match span.raw {
            false => Cow::Borrowed(raw),
            true => Cow::Owned(unquote(raw, self.dialect.quote)),
        }
    }

    /// Forgets the cells, so that those a short record lacks read as empty.
    pub(crate) fn clear(&mut self) {
        self.spans.fill(Span::default());
    }

    /// Cuts the record that begins at `start`. `last` says that nothing follows the buffer.
    #[inline]
    pub(crate) fn record(&mut self, cursor: &mut Cursor<'_>, start: usize, last: bool) -> Found {
        let buffer = cursor.buffer;
        if start == buffer.len() {
            return if last { Found::End } else { Found::Incomplete };
        }
        let Dialect { separator, quote } = self.dialect;
        let mut cells = 0;
        let mut cell_start = start;
        cursor.seek(start);
        loop {
            if quote.is_some_and(|quote| buffer.get(cell_start) == Some(&quote)) {
                match self.quoted(buffer, cell_start, last) {
                    Quoted::Cell(span, end) => {
                        self.keep(cells, span);
                        cells += 1;
                        match buffer.get(end) {
                            Some(&byte) if byte == separator => {
                                cell_start = end + 1;
                                cursor.seek(cell_start);
                                continue;
                            }
                            _ => return Found::Record { cells, next: (end + 1).min(buffer.len()) },
                        }
                    }
                    Quoted::Incomplete => return Found::Incomplete,
                    Quoted::Unclosed => return Found::Unclosed,
                }
            }
            let Some(at) = cursor.next() else {
                if !last {
                    return Found::Incomplete;
                }
                self.keep(
                    cells,
                    Span { start: cell_start, end: trim_cr(buffer, cell_start, buffer.len()), raw: false },
                );
                return Found::Record { cells: cells + 1, next: buffer.len() };
            };
            let byte = buffer[at];
            if byte == separator {
                self.keep(cells, Span { start: cell_start, end: at, raw: false });
                cells += 1;
                cell_start = at + 1;
            } else if byte == b'\n' {
                let end = trim_cr(buffer, cell_start, at);
                if cells == 0 && end == start {
                    return Found::Blank { next: at + 1 };
                }
                self.keep(cells, Span { start: cell_start, end, raw: false });
                return Found::Record { cells: cells + 1, next: at + 1 };
            }
            // A quote inside a cell that does not begin with one is text.
        }
    }

    #[inline]
    fn keep(&mut self, column: usize, span: Span) {
        if let Some(&slot) = self.slots.get(column)
            && slot != NOT_WANTED
        {
            self.spans[slot as usize] = span;
        }
    }

    /// Crosses the quoted cell that begins at `start`, up to the separator or line feed after it.
    fn quoted(&self, buffer: &[u8], start: usize, last: bool) -> Quoted {
        let Dialect { separator, quote: Some(quote) } = self.dialect else {
            unreachable!("only a dialect with quotes has quoted cells");
        };
        let mut raw = false;
        let mut at = start + 1;
        let closing = loop {
            match memchr::memchr(quote, &buffer[at..]) {
                None => return if last { Quoted::Unclosed } else { Quoted::Incomplete },
                Some(found) => at += found,
            }
            match buffer.get(at + 1) {
                Some(&byte) if byte == quote => {
                    raw = true;
                    at += 2;
                }
                None if !last => return Quoted::Incomplete,
                _ => break at,
            }
        };
        let end = match memchr::memchr2(separator, b'\n', &buffer[closing + 1..]) {
            Some(found) => closing + 1 + found,
            None if last => buffer.len(),
            None => return Quoted::Incomplete,
        };
        let text_end =
            if buffer.get(end) == Some(&separator) { end } else { trim_cr(buffer, closing + 1, end) };
        if raw || text_end != closing + 1 {
            return Quoted::Cell(Span { start, end: text_end, raw: true }, end);
        }
        Quoted::Cell(Span { start: start + 1, end: closing, raw: false }, end)
    }
}

enum Quoted {
    Cell(Span, usize),
    Incomplete,
    Unclosed,
}

/// Leaves out the carriage return of a line that ends in one.
#[inline]
fn trim_cr(buffer: &[u8], start: usize, end: usize) -> usize {
    if end > start && buffer[end - 1] == b'\r' { end - 1 } else { end }
}

/// Takes the quotes off a raw cell: `"a ""b"" c"` is `a "b" c`, `"a"b` is `ab`.
fn unquote(raw: &[u8], quote: Option<u8>) -> Vec<u8> {
    let mut text = Vec::with_capacity(raw.len());
    let mut inside = true;
    let mut bytes = raw.iter().copied().skip(1).peekable();
    while let Some(byte) = bytes.next() {
        if inside && Some(byte) == quote {
            if bytes.peek() == Some(&byte) {
                bytes.next();
                text.push(byte);
            } else {
                inside = false;
            }
        } else {
            text.push(byte);
        }
    }
    text
}

/// Finds separators, line feeds and quotes in a buffer, one after another.
pub(crate) struct Cursor<'b> {
    buffer: &'b [u8],
    needles: [u64; 3],
    /// Where the word begins that `found` is about.
    word: usize,
    /// The top bit of each byte of the word that matches and was not given yet.
    found: u64,
    /// The place after the last byte that was given.
    given: usize,
}

const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;

impl<'b> Cursor<'b> {
    pub(crate) fn new(buffer: &'b [u8], dialect: Dialect) -> Self {
        let splat = |byte: u8| u64::from_ne_bytes([byte; 8]);
        let needles = [splat(dialect.separator), splat(b'\n'), splat(dialect.quote.unwrap_or(b'\n'))];
        let mut cursor = Self { buffer, needles, word: 0, found: 0, given: 0 };
        cursor.load(0);
        cursor
    }

    /// Goes to `at`; the next byte found is there or after.
    #[inline]
    fn seek(&mut self, at: usize) {
        // Nearly always the place is where the cursor stands already.
        if at < self.given || at - self.word >= 8 {
            self.given = at;
            self.load(at);
        } else {
            self.found &= u64::MAX << (8 * (at - self.word));
        }
    }

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            if self.word + 8 >= self.buffer.len() {
                return None;
            }
            self.load(self.word + 8);
        }
        let at = self.word + (self.found.trailing_zeros() / 8) as usize;
        self.found &= self.found - 1;
        self.given = at + 1;
        Some(at)
    }

    #[inline]
    fn load(&mut self, at: usize) {
        self.word = at;
        let rest = &self.buffer[at.min(self.buffer.len())..];
        let (word, there) = match rest.first_chunk::<8>() {
            Some(chunk) => (u64::from_le_bytes(*chunk), u64::MAX),
            None => {
                let mut bytes = [0; 8];
                bytes[..rest.len()].copy_from_slice(rest);
                (u64::from_le_bytes(bytes), !(u64::MAX << (8 * rest.len())))
            }
        };
        // A byte that equals the needle becomes zero; exactly the zero bytes keep their top bit.
        let matching = |needle: u64| {
            let x = word ^ needle;
            !(((x & LOW) + LOW) | x | LOW)
        };
        self.found =
            (matching(self.needles[0]) | matching(self.needles[1]) | matching(self.needles[2])) & there;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALECT: Dialect = Dialect { separator: b',', quote: Some(b'"') };

    fn records(text: &str) -> (Vec<Vec<String>>, Found) {
        let mut cursor = Cursor::new(text.as_bytes(), DIALECT);
        let mut splitter = Splitter::new(DIALECT, 4, &[0, 1, 2, 3]);
        let (mut records, mut at) = (Vec::new(), 0);
        loop {
            match splitter.record(&mut cursor, at, true) {
                Found::Record { cells, next } => {
                    let cell =
                        |slot| String::from_utf8(splitter.cell(text.as_bytes(), slot).into_owned()).unwrap();
                    records.push((0..cells).map(cell).collect());
                    at = next;
                }
                Found::Blank { next } => at = next,
                end => return (records, end),
            }
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &[&[&str]]) {
        let (got, end) = records(text);
        assert_eq!(got, expected);
        assert_eq!(end, Found::End);
    }

    #[test]
    fn cells_are_cut() {
        check("a,b\n1,2\n", &[&["a", "b"], &["1", "2"]]);
        check("a,b\r\n1,2", &[&["a", "b"], &["1", "2"]]);
        check(",\n\n\r\nx\n", &[&["", ""], &["x"]]);
        check("a long cell,another longer cell\n", &[&["a long cell", "another longer cell"]]);
        check("", &[]);
    }

    #[test]
    fn quotes_are_taken_off() {
        check("\"a,b\",\"c\nd\"\n", &[&["a,b", "c\nd"]]);
        check("\"say \"\"hi\"\"\",x\r\n\"\",\"\"\n", &[&["say \"hi\"", "x"], &["", ""]]);
        check("5\" pipe,\"a\"b\n", &[&["5\" pipe", "ab"]]);
        check("\"a\"\r\n\"b\"", &[&["a"], &["b"]]);
    }

    #[test]
    fn an_unclosed_quote_is_found() {
        assert_eq!(records("a,b\n1,\"x\n2,3\n").1, Found::Unclosed);
    }

    #[test]
    fn a_record_cut_anywhere_is_incomplete() {
        let text = "\"a \"\"x\"\"\",b,\"c\nd\"\r\n";
        let mut splitter = Splitter::new(DIALECT, 3, &[0, 1, 2]);
        for len in 0..text.len() {
            let mut cursor = Cursor::new(&text.as_bytes()[..len], DIALECT);
            assert_eq!(splitter.record(&mut cursor, 0, false), Found::Incomplete, "{len} bytes");
        }
        let mut cursor = Cursor::new(text.as_bytes(), DIALECT);
        assert_eq!(splitter.record(&mut cursor, 0, false), Found::Record { cells: 3, next: text.len() });
    }
}
