//! The head of a file: names, where the data begin, and what types the first cells have.

use std::collections::HashMap;

use super::ReadCsv;
use crate::csv::cells::widen;
use crate::csv::dialect::NaValues;
use crate::csv::quotes::QuoteState;
use crate::csv::record::{Cursor, Found, Splitter};
use crate::csv::source::past_lines;
use crate::error::{FrameError, ReadError};
use crate::input::InputFile;
use crate::schema::DataType;

impl ReadCsv {
    /// Reads the head of a file: names, where the data begin, and what types the first cells have.
    pub(super) fn look_at_head(&self, file: &InputFile, na: &NaValues) -> Result<Head, FrameError> {
        let mut window = file.open(0..self.sample as u64)?;
        let io = |source| FrameError::from(file.io(source));
        while window.bytes().len() < self.sample && !window.is_last() {
            window.fill().map_err(io)?;
        }
        // A record that does not fit the sample is read as a whole all the same: the header must be.
        loop {
            let bytes = window.bytes();
            let bom = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
            match self.head(file, na, bytes, bom, window.is_last())? {
                Some(head) => return Ok(head),
                None => window.fill().map_err(io)?,
            }
        }
    }

    /// Looks at the bytes there are; `None` if the first record does not end in them.
    fn head(
        &self,
        file: &InputFile,
        na: &NaValues,
        bytes: &[u8],
        bom: usize,
        last: bool,
    ) -> Result<Option<Head>, FrameError> {
        let path = || file.path();
        let Some(skipped) = self.skipped(bytes, bom, last) else { return Ok(None) };
        let mut cursor = Cursor::new(bytes, self.dialect);
        // Where a line ends is known of all lines that are passed over.
        let past =
            |at: usize| past_lines(bytes, at, 0, &skipped, self.dialect.comment).unwrap_or(bytes.len());
        let mut at = past(bom);
        let mut counter = Splitter::new(self.dialect, 0, &[]);
        let (n_columns, after_first) = loop {
            match counter.record(&mut cursor, at, last) {
                Found::Record { cells, next } => break (cells, next),
                Found::Blank { next } => at = past(next),
                Found::Incomplete => return Ok(None),
                Found::Unclosed => return Err(ReadError::UnclosedQuote { path: path(), line: 1 }.into()),
                Found::End if self.header || self.names.is_none() => {
                    return Err(ReadError::Empty { path: path() }.into());
                }
                Found::End => break (self.names.as_ref().map_or(0, Vec::len), at),
            }
        };
        let every = (0..n_columns).collect::<Vec<_>>();
        let mut splitter = Splitter::new(self.dialect, n_columns, &every);
        let header_names = |splitter: &mut Splitter, cursor: &mut Cursor<'_>| {
            splitter.record(cursor, at, last);
            let name = |column| match splitter.cell(bytes, 0, column) {
                Some(cell) if !cell.is_empty() => String::from_utf8_lossy(&cell).into_owned(),
                _ => format!("Unnamed: {column}"),
            };
            every.iter().map(|&column| name(column)).collect::<Vec<_>>()
        };
        let names = match (&self.names, self.header) {
            (Some(names), _) if names.len() != n_columns => {
                let problem =
                    format!("{} names for the {n_columns} columns of {}", names.len(), path().display());
                return Err(FrameError::BadArgument { operation: "read_csv", problem });
            }
            (Some(names), _) => names.clone(),
            (None, true) => {
                let names = header_names(&mut splitter, &mut cursor);
                distinct(&names, file)?;
                names
            }
            (None, false) => every.iter().map(ToString::to_string).collect(),
        };
        let first = at;
        let data_start = if self.header { past(after_first) } else { first };
        let mut columns = names.into_iter().map(|name| Sampled { name, guess: None }).collect::<Vec<_>>();
        let mut at = data_start;
        while at - data_start < self.sample {
            match splitter.record(&mut cursor, at, last) {
                Found::Record { cells, next } => {
                    splitter.shorten(cells);
                    for (slot, column) in columns.iter_mut().enumerate() {
                        let Some(cell) = splitter.cell(bytes, 0, slot) else { continue };
                        if column.guess != Some(DataType::Utf8) && !na.contains(&cell) {
                            let dtype = self.numbers.guess(&cell);
                            column.guess = Some(match &column.guess {
                                Some(before) => widen(before, &dtype),
                                None => dtype,
                            });
                        }
                    }
                    at = past(next);
                }
                Found::Blank { next } => at = past(next),
                // What is wrong further down is told when it is read, with its line.
                Found::Incomplete | Found::Unclosed | Found::End => break,
            }
        }
        self.check_skipped(bytes, data_start, &skipped)?;
        Ok(Some(Head { columns, data_start: data_start as u64, skipped }))
    }

    /// Returns where the lines begin that are passed over; `None` if not all of them end in the bytes.
    fn skipped(&self, bytes: &[u8], bom: usize, last: bool) -> Option<Vec<u64>> {
        let Some(&most) = self.skip_lines.last() else { return Some(Vec::new()) };
        let mut starts = Vec::new();
        let mut at = bom;
        for number in 0..=most {
            if at == bytes.len() {
                return last.then_some(starts);
            }
            if self.skip_lines.contains(&number) {
                starts.push(at as u64);
            }
            match memchr::memchr(b'\n', &bytes[at..]) {
                Some(end) => at += end + 1,
                None if last => at = bytes.len(),
                None => return None,
            }
        }
        Some(starts)
    }

    /// Refuses lines to be passed over of which a quote would reach into what follows.
    fn check_skipped(&self, bytes: &[u8], data_start: usize, skipped: &[u64]) -> Result<(), FrameError> {
        if !self.newlines_in_quotes {
            return Ok(());
        }
        for start in skipped.iter().map(|&start| start as usize).filter(|&start| start >= data_start) {
            let end = past_lines(bytes, start, 0, &[start as u64], None).unwrap_or(bytes.len());
            let step = |state: QuoteState, &byte: &u8| state.step(byte, self.dialect);
            if !bytes[start..end].iter().fold(QuoteState::CellStart, step).is_outside() {
                let problem = "a line to be passed over opens a quote and does not close it; read the file with \
                               `newlines_in_quotes(false)`";
                return Err(FrameError::BadArgument { operation: "read_csv", problem: problem.into() });
            }
        }
        Ok(())
    }
}

/// Refuses a header that names two columns alike.
fn distinct(names: &[String], file: &InputFile) -> Result<(), ReadError> {
    let mut seen = HashMap::new();
    for (at, name) in (1..).zip(names) {
        if let Some(first) = seen.insert(name, at) {
            let (path, name) = (file.path(), name.clone());
            return Err(ReadError::DuplicateName { path, name, first, second: at });
        }
    }
    Ok(())
}

/// What the head of a file tells.
pub(super) struct Head {
    pub(super) columns: Vec<Sampled>,
    pub(super) data_start: u64,
    /// Where the lines begin that are passed over.
    pub(super) skipped: Vec<u64>,
}

/// A column by its name, and the type of its first cells unless all are missing.
pub(super) struct Sampled {
    pub(super) name: String,
    pub(super) guess: Option<DataType>,
}
