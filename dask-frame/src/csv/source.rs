//! What a planned read knows: files, columns, pieces; and how one piece becomes a table.

use std::path::PathBuf;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use super::cells::{CellBuilder, Misfit, widen};
use super::dialect::{Dialect, NaValues};
use super::numbers::Numbers;
use super::quotes::{QuoteState, Transition};
use super::record::{Cursor, Found, Splitter};
use crate::column::Column;
use crate::error::{EvalError, ReadError};
use crate::input::{InputFile, Window};
use crate::schema::{Field, Schema};
use crate::source::{Piece, text_estimate};
use crate::table::Table;

/// A read of CSV files as it was planned.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CsvSource {
    pub(crate) files: Vec<InputFile>,
    /// All columns of the files, in their order, and behind them, if it is asked for, one with the file of each row.
    pub(crate) schema: Schema,
    /// What each file is called in that column; nothing if it is not asked for.
    pub(crate) paths: Vec<String>,
    pub(crate) dialect: Dialect,
    pub(crate) na: NaValues,
    pub(crate) numbers: Numbers,
    /// Whether a row with fewer cells than columns is filled up with missing values.
    pub(crate) fill_short_rows: bool,
    /// For each file where the lines begin that are passed over.
    pub(crate) skipped: Vec<Vec<u64>>,
    /// Whether a quoted cell may hold a line feed.
    pub(crate) newlines_in_quotes: bool,
    /// Not sent to other processes: every task is told its own.
    #[serde(skip)]
    pub(crate) pieces: Vec<Piece>,
}

impl CsvSource {
    /// Returns how many cells a record has.
    fn n_cells(&self) -> usize {
        self.schema.len() - usize::from(!self.paths.is_empty())
    }

    /// Returns whether where a record begins depends on what stands before its piece.
    pub(crate) fn needs_states(&self) -> bool {
        self.newlines_in_quotes
            && self.dialect.quote.is_some()
            && self.pieces.iter().any(|piece| piece.number > 0)
    }

    /// Returns the bytes over which the state changes between a piece's beginning and that of the next one.
    ///
    /// They begin one byte early: a line feed right before a piece decides that a record begins in its first
    /// byte, so the states wanted are those before that byte.
    fn before_next(piece: Piece) -> (u64, u64) {
        let start = if piece.number == 0 { piece.start } else { piece.start - 1 };
        (start, piece.end - 1)
    }

    /// Reads through a piece and returns how it changes the state.
    pub(crate) fn transition(&self, piece: Piece) -> Result<Transition, ReadError> {
        let file = &self.files[piece.file as usize];
        let (start, end) = Self::before_next(piece);
        let mut window = file.open(start..end)?;
        let mut transition = Transition::IDENTITY;
        while window.offset() < end {
            window.fill().map_err(|source| file.io(source))?;
            let rest = usize::try_from(end - window.offset()).unwrap_or(usize::MAX);
            let bytes = window.bytes();
            let n = bytes.len().min(rest);
            transition = transition.then(&bytes[..n], self.dialect);
            if n == 0 {
                break;
            }
            window.consume(n);
        }
        Ok(transition)
    }

    /// Reads the wanted columns of the records that begin in a piece.
    ///
    /// `state` is the one before the byte before the piece; it is not looked at for the first of a file.
    pub(crate) fn read(
        &self,
        piece: Piece,
        state: QuoteState,
        columns: &[usize],
    ) -> Result<Table, EvalError> {
        match self.read_piece(piece, state, columns, false)? {
            Some(table) => Ok(table),
            // A text was not UTF-8: the slow way knows where.
            None => Ok(self
                .read_piece(piece, state, columns, true)?
                .unwrap_or_else(|| unreachable!("checking every text finds the one that is not UTF-8"))),
        }
    }

    fn read_piece(
        &self,
        piece: Piece,
        state: QuoteState,
        columns: &[usize],
        check_utf8: bool,
    ) -> Result<Option<Table>, EvalError> {
        let file = &self.files[piece.file as usize];
        let mut window = match piece.number {
            0 => file.open(piece.start..piece.end)?,
            _ => {
                let mut window = file.open(piece.start - 1..piece.end)?;
                // Where line feeds always end records, quotes do not matter to where they begin.
                let quote = self.dialect.quote.filter(|_| self.newlines_in_quotes);
                let dialect = Dialect { quote, ..self.dialect };
                skip_to_record(&mut window, state, dialect, piece.end).map_err(|source| file.io(source))?;
                window
            }
        };
        if piece.number == 0 && file.is_compressed() {
            skip(&mut window, piece.start).map_err(|source| file.io(source))?;
        }
        let skipped = &self.skipped[piece.file as usize][..];
        let comment = self.dialect.comment;
        let n_cells = self.n_cells();
        let cells = columns.iter().copied().filter(|&at| at < n_cells).collect::<Vec<_>>();
        let mut splitter = Splitter::new(self.dialect, n_cells, &cells);
        let fields = cells.iter().map(|&at| &self.schema.fields()[at]).collect::<Vec<_>>();
        let mut builders = fields.iter().map(|field| CellBuilder::new(&field.dtype())).collect::<Vec<_>>();
        let mut n_rows = 0;
        let (begin, mut is_sized) = (window.offset(), false);
        let mut ended = false;
        while !ended {
            window.fill().map_err(|source| file.io(source))?;
            let (bytes, offset) = (window.bytes(), window.offset());
            let line = |at: usize| file.line_at(offset + at as u64);
            let mut cursor = Cursor::new(bytes, self.dialect);
            let mut at = 0;
            let mut more = true;
            while more {
                // Records are cut a few hundred at a time and then read column by column: the loops stay small,
                // and what they work on stays in the cache.
                while more && splitter.n_kept() < BATCH {
                    if !skipped.is_empty() || comment.is_some() {
                        match past_lines(bytes, at, offset, skipped, comment) {
                            Some(past) => at = past,
                            None if window.is_last() => at = bytes.len(),
                            None => {
                                more = false;
                                break;
                            }
                        }
                    }
                    if offset + at as u64 >= piece.end {
                        (more, ended) = (false, true);
                        break;
                    }
                    match splitter.record(&mut cursor, at, window.is_last()) {
                        Found::Record { cells, next } => {
                            if cells != n_cells {
                                self.check_width(cells, || (file.path(), line(at)))?;
                                splitter.shorten(cells);
                            }
                            splitter.keep();
                            at = next;
                        }
                        Found::Blank { next } => at = next,
                        Found::Incomplete => more = false,
                        Found::Unclosed => {
                            let (path, line) = (file.path(), line(at));
                            return Err(ReadError::UnclosedQuote { path, line }.into());
                        }
                        Found::End => (more, ended) = (false, true),
                    }
                }
                for (slot, builder) in builders.iter_mut().enumerate() {
                    let extended = builder.extend(&splitter, bytes, slot, &self.na, self.numbers, check_utf8);
                    extended.map_err(|misfit| {
                        let (Misfit::Type { record } | Misfit::Encoding { record }) = misfit;
                        let line = line(splitter.cell_start(record, slot));
                        let cell = splitter.cell(bytes, record, slot).unwrap_or_default();
                        misfit.into_error(file, line, fields[slot], &cell, self.numbers)
                    })?;
                }
                n_rows += splitter.n_kept();
                splitter.clear();
            }
            window.consume(at);
            if !is_sized && n_rows > 0 {
                let times = piece.times_left(begin, window.offset());
                builders.iter_mut().for_each(|builder| builder.reserve_times(times));
                is_sized = true;
            }
        }
        let mut builders = builders.into_iter();
        let mut done = Vec::with_capacity(columns.len());
        for &at in columns {
            let builder = if at < n_cells { builders.next() } else { None };
            match builder.map(CellBuilder::finish) {
                None => done.push(self.path_column(piece, n_rows)),
                Some(Ok(column)) => done.push(column),
                Some(Err(_)) => return Ok(None),
            }
        }
        let schema = Schema::new(columns.iter().map(|&at| self.schema.fields()[at].clone()))?;
        Ok(Some(Table::with_rows(schema, done, n_rows)?))
    }

    /// Returns the file of a piece, once a row.
    fn path_column(&self, piece: Piece, n_rows: usize) -> Column {
        let path = self.paths[piece.file as usize].as_str();
        Column::from(vec![path]).to_categorical().take(&vec![0; n_rows])
    }

    /// Refuses a row that has too many cells, or too few if those are not to be filled up.
    fn check_width(&self, got: usize, place: impl FnOnce() -> (PathBuf, u64)) -> Result<(), ReadError> {
        let expected = self.n_cells();
        if got == expected || (got < expected && self.fill_short_rows) {
            return Ok(());
        }
        let (path, line) = place();
        Err(ReadError::Ragged { path, line, got, expected })
    }

    /// Returns the bytes of a piece that some columns of it will probably take.
    pub(crate) fn estimate(&self, piece: Piece, columns: &[usize]) -> u64 {
        text_estimate(&self.files[piece.file as usize], piece, columns.len(), self.schema.len())
    }
}

/// Records that are cut before their cells are read.
const BATCH: usize = 512;

impl Misfit {
    fn into_error(
        self,
        file: &InputFile,
        line: u64,
        field: &Field,
        cell: &[u8],
        numbers: Numbers,
    ) -> ReadError {
        let (path, column) = (file.path(), field.name().into());
        let value = String::from_utf8_lossy(cell).into_owned();
        match self {
            Misfit::Type { .. } => {
                let advice = widen(&field.dtype(), &numbers.guess(cell));
                ReadError::BadCell { path, line, column, value, dtype: field.dtype(), advice }
            }
            Misfit::Encoding { .. } => ReadError::NotUtf8 { path, line, column, value },
        }
    }
}

/// Goes from a place at which a record may begin past the lines that begin there and are passed over: comments, and
/// those given by where they begin in the file, as the bytes do at `offset`. `None` if one of them does not end in the
/// bytes.
pub(super) fn past_lines(
    bytes: &[u8],
    mut at: usize,
    offset: u64,
    skipped: &[u64],
    comment: Option<u8>,
) -> Option<usize> {
    let is_comment = |at: usize| comment.is_some() && bytes.get(at).copied() == comment;
    while is_comment(at) || skipped.binary_search(&(offset + at as u64)).is_ok() {
        at += memchr::memchr(b'\n', &bytes[at..])? + 1;
    }
    Some(at)
}

fn skip(window: &mut Window, mut n: u64) -> std::io::Result<()> {
    while n > 0 {
        window.fill()?;
        let now = window.bytes().len().min(usize::try_from(n).unwrap_or(usize::MAX));
        if now == 0 {
            return Ok(());
        }
        window.consume(now);
        n -= now as u64;
    }
    Ok(())
}

/// Goes to the first record that begins after the first byte of the window, or to `end`.
fn skip_to_record(
    window: &mut Window,
    mut state: QuoteState,
    dialect: Dialect,
    end: u64,
) -> std::io::Result<()> {
    while window.offset() < end {
        window.fill()?;
        let bytes = window.bytes();
        if bytes.is_empty() {
            return Ok(());
        }
        for (i, &byte) in bytes.iter().enumerate() {
            let ends = byte == b'\n' && state.is_outside();
            state = state.step(byte, dialect);
            if ends {
                window.consume(i + 1);
                return Ok(());
            }
        }
        let n = bytes.len();
        window.consume(n);
    }
    Ok(())
}

impl Tokenize for CsvSource {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.files.tokenize(t);
        self.schema.tokenize(t);
        self.paths.tokenize(t);
        self.dialect.tokenize(t);
        self.numbers.tokenize(t);
        self.na.tokenize(t);
        self.fill_short_rows.tokenize(t);
        for starts in &self.skipped {
            starts.tokenize(t);
        }
        self.newlines_in_quotes.tokenize(t);
        // Pieces follow from the files and where they were cut.
        self.pieces.tokenize(t);
    }
}
