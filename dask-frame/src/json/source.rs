//! What a planned read knows, and how a piece of a file becomes a table.

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use super::rows::{Fault, Rows};
use crate::error::{EvalError, ReadError};
use crate::input::{InputFile, Window};
use crate::schema::Schema;
use crate::source::{Piece, text_estimate};
use crate::table::Table;

/// A read of files of JSON lines as it was planned.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct JsonSource {
    pub(crate) files: Vec<InputFile>,
    pub(crate) schema: Schema,
    /// Whether a field that is no column is an error: where the columns were found out from a sample.
    pub(crate) strict: bool,
    /// Not sent to other processes: every task is told its own.
    #[serde(skip)]
    pub(crate) pieces: Vec<Piece>,
}

impl JsonSource {
    /// Reads some columns of the lines that begin in a piece.
    pub(crate) fn read(&self, piece: Piece, columns: &[usize]) -> Result<Table, EvalError> {
        let file = &self.files[piece.file as usize];
        // A line begins at the piece if the byte before ends one.
        let mut window = file.open(piece.start - u64::from(piece.number > 0)..piece.end)?;
        if piece.number > 0 {
            skip_line(&mut window, piece.end).map_err(|source| file.io(source))?;
        }
        let mut rows = Rows::new(&self.schema, columns, self.strict);
        let (begin, mut is_sized) = (window.offset(), false);
        let mut ended = false;
        while !ended {
            window.fill().map_err(|source| file.io(source))?;
            let (bytes, offset) = (window.bytes(), window.offset());
            let mut at = 0;
            loop {
                if offset + at as u64 >= piece.end || (at == bytes.len() && window.is_last()) {
                    ended = true;
                    break;
                }
                let rest = &bytes[at..];
                let line = match memchr::memchr(b'\n', rest) {
                    Some(end) => &rest[..end],
                    None if window.is_last() => rest,
                    None => break,
                };
                let text = if offset + at as u64 == 0 { without_mark(line) } else { line };
                if !text.trim_ascii().is_empty()
                    && let Err(fault) = rows.push(text)
                {
                    return Err(told(fault, &rows, file, offset + at as u64).into());
                }
                at = (at + line.len() + 1).min(bytes.len());
            }
            window.consume(at);
            if !is_sized && !rows.is_empty() {
                rows.reserve_times(piece.times_left(begin, window.offset()));
                is_sized = true;
            }
        }
        let schema = self.schema.select(columns.iter().map(|&at| self.schema.fields()[at].name()))?;
        let (columns, n_rows) = rows.finish();
        Ok(Table::with_rows(schema, columns, n_rows)?)
    }

    /// Returns the bytes of a piece that some columns of it will probably take.
    pub(crate) fn estimate(&self, piece: Piece, columns: &[usize]) -> u64 {
        text_estimate(&self.files[piece.file as usize], piece, columns.len(), self.schema.len())
    }
}

/// Tells what is wrong with the line that begins at a byte of a file.
fn told(fault: Fault, rows: &Rows<'_>, file: &InputFile, at: u64) -> ReadError {
    let (path, line) = (file.path(), file.line_at(at));
    match fault {
        Fault::Json(source) => ReadError::BadLine { path, line, source: Box::new(source) },
        Fault::Misfit { slot, value } => {
            let field = rows.field(slot);
            ReadError::BadField { path, line, column: field.name().into(), value, dtype: field.dtype() }
        }
        Fault::Unknown { name } => ReadError::UnknownField { path, line, name },
        Fault::Twice { slot } => ReadError::FieldTwice { path, line, column: rows.field(slot).name().into() },
    }
}

/// Leaves out the mark with which some writers begin files of UTF-8.
pub(super) fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
}

/// Goes to the first line that begins after the first byte of the window, or to `end`.
fn skip_line(window: &mut Window, end: u64) -> std::io::Result<()> {
    while window.offset() < end {
        window.fill()?;
        let bytes = window.bytes();
        if bytes.is_empty() {
            return Ok(());
        }
        match memchr::memchr(b'\n', bytes) {
            Some(found) => {
                window.consume(found + 1);
                return Ok(());
            }
            None => {
                let n = bytes.len();
                window.consume(n);
            }
        }
    }
    Ok(())
}

impl Tokenize for JsonSource {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.files.tokenize(t);
        self.schema.tokenize(t);
        self.strict.tokenize(t);
        self.pieces.tokenize(t);
    }
}
