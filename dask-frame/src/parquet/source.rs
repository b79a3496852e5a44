//! What a planned read knows, and how row groups become a table.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::sync::Arc;

use arrow_schema::{DataType as ArrowType, Field as ArrowField, Schema as ArrowSchema};
use bytes::Bytes;
use dask_graph::{Tokenize, Tokenizer};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use serde::{Deserialize, Serialize};

use super::FORMAT;
use super::rows::Rows;
use crate::arrow::Target;
use crate::column::{Column, Scalar};
use crate::error::{EvalError, ReadError};
use crate::expr::Expr;
use crate::input::{InputFile, Stretches};
use crate::schema::{DataType, Schema};
use crate::source::Piece;
use crate::table::Table;

/// A read of Parquet files as it was planned.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ParquetSource {
    pub(crate) files: Vec<InputFile>,
    /// All columns: those in the files, then those that the names of directories tell.
    pub(crate) schema: Schema,
    /// How many columns are in the files.
    pub(super) n_stored: usize,
    /// For each file the values of the other columns.
    pub(super) constants: Vec<Vec<Scalar>>,
    /// In row groups. Not sent to other processes: every task is told its own.
    #[serde(skip)]
    pub(crate) pieces: Vec<Piece>,
    /// What the end of each file tells, kept by the process that planned the read.
    #[serde(skip)]
    pub(super) metadata: Vec<ArrowReaderMetadata>,
}

/// Reads the end of a file, where its columns and row groups are told. Texts are to have the offsets that columns have.
pub(super) fn metadata(file: &InputFile) -> Result<ArrowReaderMetadata, ReadError> {
    let corrupt = |source| corrupt(file, source);
    let end = Stretches::end_of(file)?;
    let told = ArrowReaderMetadata::load(&end, ArrowReaderOptions::new()).map_err(corrupt)?;
    let field = |field: &Arc<ArrowField>| match Target::of(field.data_type()) {
        Some(Target(DataType::Utf8)) => {
            Arc::new(ArrowField::clone(field).with_data_type(ArrowType::LargeUtf8))
        }
        _ => Arc::clone(field),
    };
    let wanted = ArrowSchema::new(told.schema().fields().iter().map(field).collect::<Vec<_>>());
    let options = ArrowReaderOptions::new().with_schema(Arc::new(wanted));
    ArrowReaderMetadata::try_new(Arc::clone(told.metadata()), options).map_err(corrupt)
}

pub(super) fn corrupt(file: &InputFile, source: ParquetError) -> ReadError {
    let source: Box<dyn Error + Send + Sync> = match source {
        ParquetError::External(source) => source,
        source => Box::new(source),
    };
    match source.downcast::<ReadError>() {
        Ok(error) => *error,
        Err(source) => ReadError::Corrupt { path: file.path(), format: FORMAT, source },
    }
}

impl Length for Stretches {
    fn len(&self) -> u64 {
        self.nbytes()
    }
}

impl ChunkReader for Stretches {
    type T = Self;

    fn get_read(&self, start: u64) -> Result<Self, ParquetError> {
        Ok(self.from(start))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let end = start.saturating_add(length as u64);
        if end > self.nbytes() {
            return Err(ParquetError::EOF(format!("{length} bytes from {start} on are not in the file")));
        }
        self.bytes(start..end).map_err(|error| ParquetError::External(Box::new(error)))
    }
}

impl ParquetSource {
    /// Reads some columns of the rows of a piece that fulfil conditions, of which each is asked of the rows that fulfil
    /// those before it.
    ///
    /// What the conditions look at is read first, and the rest of rows that are left.
    pub(crate) fn read(
        &self,
        piece: Piece,
        columns: &[usize],
        conditions: &[&Expr],
    ) -> Result<Table, EvalError> {
        let schema = self.schema.select(columns.iter().map(|&at| self.schema.fields()[at].name()))?;
        if piece.start == piece.end {
            return Ok(Table::empty(schema));
        }
        let mut looked_at = HashSet::new();
        conditions
            .iter()
            .for_each(|condition| condition.for_each_column(&mut |name| _ = looked_at.insert(&**name)));
        let is_first =
            |at: &usize| conditions.is_empty() || looked_at.contains(self.schema.fields()[*at].name());
        let (first, rest) = columns.iter().copied().partition::<Vec<_>, _>(is_first);
        let mut rows = self.rows(piece, columns, conditions)?;
        let mut table = self.columns(piece, &rows, &first)?;
        for condition in conditions {
            let keep = condition.eval_filter(&table)?;
            table = table.filter(&keep);
            rows.keep(&keep);
        }
        if table.n_rows() == 0 {
            return Ok(Table::empty(schema));
        }
        let others = self.columns(piece, &rows, &rest)?;
        let read = first.iter().zip(table.columns()).chain(rest.iter().zip(others.columns()));
        let mut read = read.map(|(&at, column)| (at, column)).collect::<HashMap<_, _>>();
        let done = columns.iter().filter_map(|at| read.remove(at).cloned()).collect();
        Ok(Table::with_rows(schema, done, table.n_rows())?)
    }

    /// Reads some columns of rows.
    fn columns(&self, piece: Piece, rows: &Rows<'_>, columns: &[usize]) -> Result<Table, EvalError> {
        let fields = columns.iter().map(|&at| &self.schema.fields()[at]).collect::<Vec<_>>();
        let stored =
            columns.iter().zip(&fields).filter(|(at, _)| **at < self.n_stored).map(|(_, field)| *field);
        let read = rows.read(&stored.collect::<Vec<_>>()).map_err(|source| corrupt(rows.file, source))?;
        let (n, mut read) = (rows.n(), read.into_iter());
        let column = |&at: &usize| match at.checked_sub(self.n_stored) {
            None => read.next().expect("as many columns are read as were asked for"),
            Some(constant) => Column::repeat(&self.constants[piece.file as usize][constant], n),
        };
        let done = columns.iter().map(column).collect();
        Ok(Table::with_rows(self.schema.select(fields.iter().map(|field| field.name()))?, done, n)?)
    }

    /// Returns the bytes of a piece that some columns of it will probably take: what they take before compression.
    pub(crate) fn estimate(&self, piece: Piece, columns: &[usize]) -> u64 {
        let Some(metadata) = self.metadata.get(piece.file as usize) else { return 0 };
        let groups = (piece.start..piece.end).map(|group| metadata.metadata().row_group(group as usize));
        let wanted = columns.iter().map(|&at| self.schema.fields()[at].name()).collect::<Vec<_>>();
        let chunks = groups.flat_map(|group| group.columns());
        let of_column = |name: &str| wanted.contains(&name);
        let chunks =
            chunks.filter(|chunk| chunk.column_path().parts().first().is_some_and(|name| of_column(name)));
        chunks.map(|chunk| u64::try_from(chunk.uncompressed_size()).unwrap_or(0)).sum()
    }
}

impl Tokenize for ParquetSource {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.files.tokenize(t);
        self.schema.tokenize(t);
        self.pieces.tokenize(t);
    }
}
