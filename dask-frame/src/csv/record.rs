//! Records cut into cells.
//!
//! The bytes that matter (separator, line feed, quote) are found in chunks, a bit for each of 64 bytes; a
//! quoted cell is crossed with memchr. Only the cells that are wanted are remembered, and nothing is copied: a
//! cell is a range of the buffer.

use std::borrow::Cow;

use super::dialect::Dialect;

const NOT_WANTED: u32 = u32::MAX;

/// Where a cell stands in the buffer, without its quotes.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    /// The end, doubled; odd if the range is the raw cell, since quotes are doubled inside or text follows the
    /// closing one.
    end_and_raw: usize,
}

impl Span {
    /// What stands for a cell that a short record lacks.
    const NONE: Self = Self { start: usize::MAX, end_and_raw: 0 };

    #[inline]
    fn plain(start: usize, end: usize) -> Self {
        Self { start, end_and_raw: end << 1 }
    }

    fn raw(start: usize, end: usize) -> Self {
        Self { start, end_and_raw: end << 1 | 1 }
    }
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

/// Cuts records into cells and keeps those of the wanted columns, for a number of records at a time.
pub(crate) struct Splitter {
    dialect: Dialect,
    /// For each column of the file the place of its cell in a row of `spans`, or `NOT_WANTED`.
    slots: Vec<u32>,
    n_wanted: usize,
    /// A row a record: those that were kept, and one that is being cut.
    spans: Vec<Span>,
    n_kept: usize,
}

impl Splitter {
    /// `wanted` are positions of columns in the file, in the order in which their cells are asked for.
    pub(crate) fn new(dialect: Dialect, n_columns: usize, wanted: &[usize]) -> Self {
        let mut slots = vec![NOT_WANTED; n_columns];
        for (slot, &column) in wanted.iter().enumerate() {
            slots[column] = slot as u32;
        }
        Self { dialect, slots, n_wanted: wanted.len(), spans: vec![Span::NONE; wanted.len()], n_kept: 0 }
    }

    /// Keeps the record found last.
    #[inline]
    pub(crate) fn keep(&mut self) {
        self.n_kept += 1;
        let rows = (self.n_kept + 1) * self.n_wanted;
        if self.spans.len() < rows {
            self.spans.resize(rows, Span::NONE);
        }
    }

    /// Returns how many records are kept.
    pub(crate) fn n_kept(&self) -> usize {
        self.n_kept
    }

    /// Forgets the records that are kept.
    pub(crate) fn clear(&mut self) {
        self.n_kept = 0;
    }

    /// Returns a wanted cell of a record, or `None` if the record is too short to have it. `buffer` is the one
    /// it was found in. The record found last comes after those that are kept.
    #[inline]
    pub(crate) fn cell<'b>(&self, buffer: &'b [u8], record: usize, slot: usize) -> Option<Cow<'b, [u8]>> {
        let Span { start, end_and_raw } = self.spans[record * self.n_wanted + slot];
        if start == usize::MAX {
            return None;
        }
        let raw = &buffer[start..end_and_raw >> 1];
        match end_and_raw & 1 {
            0 => Some(Cow::Borrowed(raw)),
            _ => Some(Cow::Owned(unquote(raw, self.dialect.quote))),
        }
    }

    /// Returns where in the buffer a wanted cell begins, after its quote.
    pub(crate) fn cell_start(&self, record: usize, slot: usize) -> usize {
        self.spans[record * self.n_wanted + slot].start
    }

    /// Makes the cells that the record found last does not have read as none.
    pub(crate) fn shorten(&mut self, cells: usize) {
        let row = &mut self.spans[self.n_kept * self.n_wanted..][..self.n_wanted];
        for &slot in self.slots.iter().skip(cells).filter(|&&slot| slot != NOT_WANTED) {
            row[slot as usize] = Span::NONE;
        }
    }

    /// Cuts the record that begins at `start`. `last` says that nothing follows the buffer.
    #[inline]
    pub(crate) fn record(&mut self, cursor: &mut Cursor<'_>, start: usize, last: bool) -> Found {
        let buffer = cursor.buffer;
        if start == buffer.len() {
            return if last { Found::End } else { Found::Incomplete };
        }
        let Dialect { separator, .. } = self.dialect;
        let row = self.n_kept * self.n_wanted;
        let (slots, row) = (&self.slots[..], &mut self.spans[row..][..self.n_wanted]);
        let mut put = |column: usize, span: Span| {
            if let Some(&slot) = slots.get(column)
                && slot != NOT_WANTED
            {
                row[slot as usize] = span;
            }
        };
        let mut cells = 0;
        let mut cell_start = start;
        cursor.seek(start);
        loop {
            let Some(at) = cursor.next() else {
                if !last {
                    return Found::Incomplete;
                }
                put(cells, Span::plain(cell_start, trim_cr(buffer, cell_start, buffer.len())));
                return Found::Record { cells: cells + 1, next: buffer.len() };
            };
            let byte = buffer[at];
            if byte == separator {
                put(cells, Span::plain(cell_start, at));
                cells += 1;
                cell_start = at + 1;
            } else if byte == b'\n' {
                let end = trim_cr(buffer, cell_start, at);
                if cells == 0 && end == start {
                    return Found::Blank { next: at + 1 };
                }
                put(cells, Span::plain(cell_start, end));
                return Found::Record { cells: cells + 1, next: at + 1 };
            } else if at == cell_start {
                match quoted(self.dialect, buffer, cell_start, last) {
                    Quoted::Cell(span, end) => {
                        put(cells, span);
                        cells += 1;
                        if buffer.get(end) != Some(&separator) {
                            return Found::Record { cells, next: (end + 1).min(buffer.len()) };
                        }
                        cell_start = end + 1;
                        cursor.seek(cell_start);
                    }
                    Quoted::Incomplete => return Found::Incomplete,
                    Quoted::Unclosed => return Found::Unclosed,
                }
            }
            // A quote inside a cell that does not begin with one is text.
        }
    }
}

enum Quoted {
    Cell(Span, usize),
    Incomplete,
    Unclosed,
}

/// Crosses the quoted cell that begins at `start`, up to the separator or line feed after it.
fn quoted(dialect: Dialect, buffer: &[u8], start: usize, last: bool) -> Quoted {
    let Dialect { separator, quote: Some(quote), .. } = dialect else {
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
    // Nearly always the cell ends at its closing quote.
    let end = match buffer.get(closing + 1) {
        Some(&byte) if byte == separator || byte == b'\n' => closing + 1,
        _ => match memchr::memchr2(separator, b'\n', &buffer[closing + 1..]) {
            Some(found) => closing + 1 + found,
            None if last => buffer.len(),
            None => return Quoted::Incomplete,
        },
    };
    let text_end = if buffer.get(end) == Some(&separator) { end } else { trim_cr(buffer, closing + 1, end) };
    match raw || text_end != closing + 1 {
        true => Quoted::Cell(Span::raw(start, text_end), end),
        false => Quoted::Cell(Span::plain(start + 1, closing), end),
    }
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
    needles: [u8; 3],
    /// Where the chunk begins that `found` is about.
    chunk: usize,
    /// A bit for each byte of the chunk that matches and was not given yet.
    found: u64,
    /// The place after the last byte that was given.
    given: usize,
}

/// Bytes looked at together: a bit each in a word. Loops over the bits of small chunks would end, and be
/// mispredicted, at every other cell.
const CHUNK: usize = 64;

impl<'b> Cursor<'b> {
    pub(crate) fn new(buffer: &'b [u8], dialect: Dialect) -> Self {
        let needles = [dialect.separator, b'\n', dialect.quote.unwrap_or(b'\n')];
        let mut cursor = Self { buffer, needles, chunk: 0, found: 0, given: 0 };
        cursor.load(0);
        cursor
    }

    /// Goes to `at`; the next byte found is there or after.
    #[inline]
    fn seek(&mut self, at: usize) {
        // Nearly always the place is where the cursor stands already.
        if at < self.given || at - self.chunk >= CHUNK {
            self.given = at;
            self.load(at);
        } else {
            self.found &= u64::MAX << (at - self.chunk);
        }
    }

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            if self.chunk + CHUNK >= self.buffer.len() {
                return None;
            }
            self.load(self.chunk + CHUNK);
        }
        let at = self.chunk + self.found.trailing_zeros() as usize;
        self.found &= self.found - 1;
        self.given = at + 1;
        Some(at)
    }

    fn load(&mut self, at: usize) {
        self.chunk = at;
        let rest = &self.buffer[at.min(self.buffer.len())..];
        self.found = match rest.first_chunk::<CHUNK>() {
            Some(chunk) => matching(chunk, self.needles),
            None => {
                let mut chunk = [0; CHUNK];
                chunk[..rest.len()].copy_from_slice(rest);
                matching(&chunk, self.needles) & !(u64::MAX << rest.len())
            }
        };
    }
}

/// Returns a bit for each byte of the chunk that is one of the needles.
fn matching(chunk: &[u8; CHUNK], needles: [u8; 3]) -> u64 {
    // Moves the lowest bit of byte i to bit 56 + i; no two products meet in one place.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    // Compared byte by byte, which the compiler does sixteen at a time.
    let is_needle =
        chunk.map(|byte| u8::from((byte == needles[0]) | (byte == needles[1]) | (byte == needles[2])));
    let words = is_needle.as_chunks::<8>().0.iter().enumerate();
    words.fold(0, |found, (i, bytes)| {
        found | (u64::from_le_bytes(*bytes).wrapping_mul(GATHER) >> 56) << (8 * i)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALECT: Dialect = Dialect { separator: b',', quote: Some(b'"'), comment: None };

    fn records(text: &str) -> (Vec<Vec<String>>, Found) {
        let mut cursor = Cursor::new(text.as_bytes(), DIALECT);
        let mut splitter = Splitter::new(DIALECT, 4, &[0, 1, 2, 3]);
        let (mut records, mut at) = (Vec::new(), 0);
        loop {
            match splitter.record(&mut cursor, at, true) {
                Found::Record { cells, next } => {
                    let cell = |slot| {
                        String::from_utf8(splitter.cell(text.as_bytes(), 0, slot).unwrap().into_owned())
                            .unwrap()
                    };
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
    fn every_byte_is_told_apart() {
        for at in 0..CHUNK {
            for byte in 0..=255u8 {
                let mut chunk = [b'x'; CHUNK];
                chunk[at] = byte;
                let expected = if [b',', b'\n', b'"'].contains(&byte) { 1 << at } else { 0 };
                assert_eq!(matching(&chunk, *b",\n\""), expected, "{byte} at {at}");
            }
        }
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
