//! What plans read from: files of any format, behind one face for the planner.
//!
//! A source knows its files, the columns they have, and the [`Piece`]s in which they are read, a partition
//! each. Which of the columns are read, the plan says. A format is an arm of [`Source`].

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use crate::csv::{CsvSource, QuoteState, Transition};
use crate::error::{EvalError, ReadError};
use crate::input::InputFile;
use crate::schema::Schema;
use crate::table::Table;

/// Files as a read of them was planned.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Source {
    Csv(CsvSource),
}

/// The part of a file that becomes one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Piece {
    /// Which file.
    pub(crate) file: u32,
    /// Where it begins: a byte of a text, whose records that begin in the piece are its rows.
    pub(crate) start: u64,
    /// The place after the last.
    pub(crate) end: u64,
    /// How many pieces of the same file come before.
    pub(crate) number: u32,
}

impl Source {
    /// Returns what the read is called: the function that planned it.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Source::Csv(_) => "read_csv",
        }
    }

    pub(crate) fn files(&self) -> &[InputFile] {
        match self {
            Source::Csv(source) => &source.files,
        }
    }

    /// Returns all columns of the files, of which a read takes some by position.
    pub(crate) fn schema(&self) -> &Schema {
        match self {
            Source::Csv(source) => &source.schema,
        }
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        match self {
            Source::Csv(source) => &source.pieces,
        }
    }

    /// Returns whether a piece can be read only with the state of the quotes before it.
    pub(crate) fn needs_states(&self) -> bool {
        match self {
            Source::Csv(source) => source.needs_states(),
        }
    }

    /// Returns how a piece changes the state of the quotes.
    pub(crate) fn transition(&self, piece: Piece) -> Result<Transition, ReadError> {
        match self {
            Source::Csv(source) => source.transition(piece),
        }
    }

    /// Reads some columns of a piece; `state` is that of the quotes before it, where that matters.
    pub(crate) fn read(
        &self,
        piece: Piece,
        state: QuoteState,
        columns: &[usize],
    ) -> Result<Table, EvalError> {
        match self {
            Source::Csv(source) => source.read(piece, state, columns),
        }
    }

    /// Returns the bytes in memory that some columns of a piece will probably take.
    pub(crate) fn estimate(&self, piece: Piece, columns: &[usize]) -> u64 {
        match self {
            Source::Csv(source) => source.estimate(piece, columns),
        }
    }

    /// Returns the names of some columns.
    pub(crate) fn names<'a>(&'a self, columns: &'a [usize]) -> impl Iterator<Item = &'a str> {
        columns.iter().map(|&at| self.schema().fields()[at].name())
    }
}

impl Tokenize for Source {
    fn tokenize(&self, t: &mut Tokenizer) {
        match self {
            Source::Csv(source) => source.tokenize(t),
        }
    }
}
