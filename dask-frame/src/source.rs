//! What plans read from: files of any format, behind one face for the planner.
//!
//! A source knows its files, the columns they have, and the [`Piece`]s in which they are read, a partition
//! each. Which of the columns are read, the plan says. A format is an arm of [`Source`].

#[cfg(any(feature = "parquet", test))]
mod statistics;

use std::sync::Arc;

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

#[cfg(feature = "parquet")]
pub(crate) use statistics::{Known, may_hold};

use crate::csv::{CsvSource, QuoteState, Transition};
use crate::error::{EvalError, FrameError, ReadError};
use crate::expr::Expr;
use crate::input::InputFile;
#[cfg(feature = "ipc")]
use crate::ipc::IpcSource;
#[cfg(feature = "json")]
use crate::json::JsonSource;
#[cfg(feature = "parquet")]
use crate::parquet::ParquetSource;
use crate::schema::Schema;
#[cfg(feature = "sql")]
use crate::sql::SqlSource;
use crate::table::Table;

/// Files as a read of them was planned.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Source {
    Csv(Box<CsvSource>),
    #[cfg(feature = "json")]
    Json(JsonSource),
    #[cfg(feature = "parquet")]
    Parquet(ParquetSource),
    #[cfg(feature = "ipc")]
    Ipc(IpcSource),
    #[cfg(feature = "sql")]
    Sql(Box<SqlSource>),
}

/// The part of a file that becomes one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Piece {
    /// Which file.
    pub(crate) file: u32,
    /// Where it begins: a byte of a text, whose records that begin in the piece are its rows; or the number of a
    /// row group or batch.
    pub(crate) start: u64,
    /// The place after the last.
    pub(crate) end: u64,
    /// How many pieces of the same file come before.
    pub(crate) number: u32,
}

/// More than this is not expected to follow the first portion of a piece, whatever its size: a list that has to grow
/// yet grows.
const MOST_TIMES: f64 = 4096.0;

impl Piece {
    /// Returns how many times the text from `begin` to `at` still follows in the piece; 0 where that is not known.
    pub(crate) fn times_left(&self, begin: u64, at: u64) -> f64 {
        if self.end == u64::MAX || at <= begin {
            return 0.0;
        }
        (self.end.saturating_sub(at) as f64 / (at - begin) as f64).min(MOST_TIMES)
    }
}

impl Source {
    /// Returns what the read is called: the function that planned it.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Source::Csv(_) => "read_csv",
            #[cfg(feature = "json")]
            Source::Json(_) => "read_json",
            #[cfg(feature = "parquet")]
            Source::Parquet(_) => "read_parquet",
            #[cfg(feature = "ipc")]
            Source::Ipc(_) => "read_ipc",
            #[cfg(feature = "sql")]
            Source::Sql(_) => "read_sql",
        }
    }

    pub(crate) fn files(&self) -> &[InputFile] {
        match self {
            Source::Csv(source) => &source.files,
            #[cfg(feature = "json")]
            Source::Json(source) => &source.files,
            #[cfg(feature = "parquet")]
            Source::Parquet(source) => &source.files,
            #[cfg(feature = "ipc")]
            Source::Ipc(source) => &source.files,
            #[cfg(feature = "sql")]
            Source::Sql(_) => &[],
        }
    }

    /// Returns all columns of the files, of which a read takes some by position.
    pub(crate) fn schema(&self) -> &Schema {
        match self {
            Source::Csv(source) => &source.schema,
            #[cfg(feature = "json")]
            Source::Json(source) => &source.schema,
            #[cfg(feature = "parquet")]
            Source::Parquet(source) => &source.schema,
            #[cfg(feature = "ipc")]
            Source::Ipc(source) => &source.schema,
            #[cfg(feature = "sql")]
            Source::Sql(source) => &source.schema,
        }
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        match self {
            Source::Csv(source) => &source.pieces,
            #[cfg(feature = "json")]
            Source::Json(source) => &source.pieces,
            #[cfg(feature = "parquet")]
            Source::Parquet(source) => &source.pieces,
            #[cfg(feature = "ipc")]
            Source::Ipc(source) => &source.pieces,
            #[cfg(feature = "sql")]
            Source::Sql(source) => &source.pieces,
        }
    }

    /// Returns whether anything is known of the rows of a piece before they are read.
    pub(crate) fn passes_over(&self) -> bool {
        match self {
            Source::Csv(_) => false,
            #[cfg(feature = "json")]
            Source::Json(_) => false,
            #[cfg(feature = "parquet")]
            Source::Parquet(_) => true,
            #[cfg(feature = "ipc")]
            Source::Ipc(_) => false,
            #[cfg(feature = "sql")]
            Source::Sql(_) => true,
        }
    }

    /// Returns the pieces without what has no row that fulfils the condition, where that is known. There are as
    /// many as before: one of which nothing is left is empty.
    pub(crate) fn pieces_for(&self, filter: Option<&Expr>) -> Vec<Piece> {
        match (self, filter) {
            #[cfg(feature = "parquet")]
            (Source::Parquet(source), Some(filter)) => {
                source.pieces.iter().map(|&piece| source.shortened(piece, filter)).collect()
            }
            _ => self.pieces().to_vec(),
        }
    }

    /// Returns the source with what it does by itself to leave out rows that do not fulfil the condition.
    pub(crate) fn filtered(self: &Arc<Self>, filter: Option<&Expr>) -> Arc<Self> {
        match (&**self, filter) {
            #[cfg(feature = "sql")]
            (Source::Sql(source), Some(filter)) => Arc::new(Source::Sql(Box::new(source.filtered(filter)))),
            _ => Arc::clone(self),
        }
    }

    /// Returns what is read, for people.
    pub(crate) fn shown(&self) -> String {
        #[cfg(feature = "sql")]
        if let Source::Sql(source) = self {
            return source.shown();
        }
        let files = self.files();
        let first = files.first().map_or_else(String::new, |file| file.path().display().to_string());
        match files.len() {
            0 | 1 => first,
            n => format!("{first} and {} more", n - 1),
        }
    }

    /// Returns whether a piece can be read only with the state of the quotes before it.
    pub(crate) fn needs_states(&self) -> bool {
        match self {
            Source::Csv(source) => source.needs_states(),
            #[cfg(feature = "json")]
            Source::Json(_) => false,
            #[cfg(feature = "parquet")]
            Source::Parquet(_) => false,
            #[cfg(feature = "ipc")]
            Source::Ipc(_) => false,
            #[cfg(feature = "sql")]
            Source::Sql(_) => false,
        }
    }

    /// Returns how a piece changes the state of the quotes.
    pub(crate) fn transition(&self, piece: Piece) -> Result<Transition, ReadError> {
        match self {
            Source::Csv(source) => source.transition(piece),
            #[cfg(feature = "json")]
            Source::Json(_) => Ok(Transition::IDENTITY),
            #[cfg(feature = "parquet")]
            Source::Parquet(_) => Ok(Transition::IDENTITY),
            #[cfg(feature = "ipc")]
            Source::Ipc(_) => Ok(Transition::IDENTITY),
            #[cfg(feature = "sql")]
            Source::Sql(_) => Ok(Transition::IDENTITY),
        }
    }

    /// Reads some columns of the rows of a piece that fulfil conditions, of which each is asked of the rows that
    /// fulfil those before it; `state` is that of the quotes before the piece, where that matters.
    pub(crate) fn read(
        &self,
        piece: Piece,
        state: QuoteState,
        columns: &[usize],
        conditions: &[&Expr],
    ) -> Result<Table, EvalError> {
        let table = match self {
            Source::Csv(source) => source.read(piece, state, columns),
            #[cfg(feature = "json")]
            Source::Json(source) => source.read(piece, columns),
            #[cfg(feature = "parquet")]
            Source::Parquet(source) => return source.read(piece, columns, conditions),
            #[cfg(feature = "ipc")]
            Source::Ipc(source) => source.read(piece, columns),
            #[cfg(feature = "sql")]
            Source::Sql(source) => source.read(piece, columns),
        };
        conditions.iter().try_fold(table?, |table, condition| condition.filter(&table))
    }

    /// Returns the bytes in memory that some columns of a piece will probably take.
    pub(crate) fn estimate(&self, piece: Piece, columns: &[usize]) -> u64 {
        match self {
            Source::Csv(source) => source.estimate(piece, columns),
            #[cfg(feature = "json")]
            Source::Json(source) => source.estimate(piece, columns),
            #[cfg(feature = "parquet")]
            Source::Parquet(source) => source.estimate(piece, columns),
            #[cfg(feature = "ipc")]
            Source::Ipc(source) => source.estimate(piece, columns),
            #[cfg(feature = "sql")]
            Source::Sql(source) => source.estimate(columns),
        }
    }

    /// Returns the names of some columns.
    pub(crate) fn names<'a>(&'a self, columns: &'a [usize]) -> impl Iterator<Item = &'a str> {
        columns.iter().map(|&at| self.schema().fields()[at].name())
    }
}

/// Cuts texts into pieces of so many bytes, from where the data of each begin; each file has one piece at least, and a
/// compressed one no more.
pub(crate) fn text_pieces(
    files: &[InputFile],
    starts: &[u64],
    blocksize: u64,
    operation: &'static str,
) -> Result<Vec<Piece>, FrameError> {
    let mut pieces = Vec::new();
    for (file, (input, &start)) in files.iter().zip(starts).enumerate() {
        let file = file as u32;
        if input.is_compressed() {
            pieces.push(Piece { file, start, end: u64::MAX, number: 0 });
            continue;
        }
        let (mut start, mut number) = (start, 0);
        loop {
            let end = start.saturating_add(blocksize).min(input.nbytes().max(start));
            pieces.push(Piece { file, start, end, number });
            (start, number) = (end, number + 1);
            if start >= input.nbytes() {
                break;
            }
        }
    }
    let n = pieces.len();
    if u32::try_from(n).is_err() {
        let problem = format!("a block size of {blocksize} bytes gives {n} partitions; choose a larger one");
        return Err(FrameError::BadArgument { operation, problem });
    }
    Ok(pieces)
}

/// Returns the bytes in memory that `n` of `of` columns of a piece of text will probably take.
pub(crate) fn text_estimate(file: &InputFile, piece: Piece, n: usize, of: usize) -> u64 {
    // Text is about as large as what it is read into.
    let end = piece.end.min(file.nbytes().max(piece.start));
    let text = (end - piece.start).saturating_mul(file.ratio());
    text / of.max(1) as u64 * n as u64
}

impl Tokenize for Source {
    fn tokenize(&self, t: &mut Tokenizer) {
        match self {
            Source::Csv(source) => source.tokenize(t),
            #[cfg(feature = "json")]
            Source::Json(source) => source.tokenize(t),
            #[cfg(feature = "parquet")]
            Source::Parquet(source) => source.tokenize(t),
            #[cfg(feature = "ipc")]
            Source::Ipc(source) => source.tokenize(t),
            #[cfg(feature = "sql")]
            Source::Sql(source) => source.tokenize(t),
        }
    }
}

impl Tokenize for Piece {
    fn tokenize(&self, t: &mut Tokenizer) {
        (self.file, self.start, self.end).tokenize(t);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_piece_is_told_in_portions_like_the_first() {
        let piece = |end| Piece { file: 0, start: 100, end, number: 1 };
        assert_eq!(piece(500).times_left(100, 200), 3.0);
        // A record may end behind its piece, and nothing may have been read.
        assert_eq!(piece(500).times_left(100, 600), 0.0);
        assert_eq!(piece(500).times_left(100, 100), 0.0);
        // Where a compressed text ends is not known, and a first record may be no measure.
        assert_eq!(piece(u64::MAX).times_left(100, 200), 0.0);
        assert_eq!(piece(1 << 40).times_left(100, 101), MOST_TIMES);
    }
}
