//! What a planned read knows, and how a batch becomes a table.

use std::error::Error;

use arrow_ipc::reader::{FileReader, FileReaderBuilder};
use arrow_schema::ArrowError;
use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use super::FORMAT;
use crate::arrow::Target;
use crate::column::Column;
use crate::error::{EvalError, ReadError};
use crate::input::{InputFile, Stretches};
use crate::schema::{Field, Schema};
use crate::source::Piece;
use crate::table::Table;

/// A read of files as it was planned.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct IpcSource {
    pub(crate) files: Vec<InputFile>,
    /// All columns that frames can have.
    pub(crate) schema: Schema,
    /// In batches. Not sent to other processes: every task is told its own.
    #[serde(skip)]
    pub(crate) pieces: Vec<Piece>,
    /// How many batches each file has.
    pub(super) n_batches: Vec<u64>,
}

/// Opens a file and reads its end, where its columns and batches are told, and its dictionaries.
pub(super) fn open(file: &InputFile) -> Result<FileReader<Stretches>, ReadError> {
    let end = Stretches::end_of(file)?;
    FileReaderBuilder::new().build(end).map_err(|source| corrupt(file, source.into()))
}

fn corrupt(file: &InputFile, source: Box<dyn Error + Send + Sync>) -> ReadError {
    let source = match source.downcast::<ArrowError>() {
        Ok(error) => match *error {
            // What reading the file failed with is the error, not that of what reads it.
            ArrowError::IoError(text, source) => match source.downcast::<ReadError>() {
                Ok(error) => return error,
                Err(source) => ArrowError::IoError(text, source).into(),
            },
            error => error.into(),
        },
        Err(source) => source,
    };
    match source.downcast::<ReadError>() {
        Ok(error) => *error,
        Err(source) => ReadError::Corrupt { path: file.path(), format: FORMAT, source },
    }
}

impl IpcSource {
    /// Reads some columns of the batches of a piece.
    pub(crate) fn read(&self, piece: Piece, columns: &[usize]) -> Result<Table, EvalError> {
        let schema = self.schema.select(columns.iter().map(|&at| self.schema.fields()[at].name()))?;
        if piece.start == piece.end {
            return Ok(Table::empty(schema));
        }
        let file = &self.files[piece.file as usize];
        let read = || -> Result<Vec<(usize, Vec<Column>)>, Box<dyn Error + Send + Sync>> {
            let (mut reader, places) = projected(file, &schema)?;
            let mut batches = Vec::new();
            for at in piece.start..piece.end {
                reader.set_index(at as usize)?;
                let batch = reader.next().ok_or_else(missing)??;
                let column =
                    |(field, &place): (&Field, &usize)| Target(field.dtype()).take(&**batch.column(place));
                let columns = schema.fields().iter().zip(&places).map(column).collect::<Result<_, _>>()?;
                batches.push((batch.num_rows(), columns));
            }
            Ok(batches)
        };
        let batches = read().map_err(|source| corrupt(file, source))?;
        let tables =
            batches.into_iter().map(|(n_rows, columns)| Table::with_rows(schema.clone(), columns, n_rows));
        let tables = tables.collect::<Result<Vec<_>, _>>()?;
        Ok(Table::concat(&schema, &tables.iter().collect::<Vec<_>>())?)
    }

    /// Returns the bytes that some columns of a piece will probably take: a part of the file.
    pub(crate) fn estimate(&self, piece: Piece, columns: &[usize]) -> u64 {
        let at = piece.file as usize;
        let batches = (piece.end - piece.start) as f64 / self.n_batches[at].max(1) as f64;
        let part = columns.len() as f64 / self.schema.len().max(1) as f64;
        (self.files[at].nbytes() as f64 * batches * part) as u64
    }
}

/// Opens a file to read some columns, and returns where in its batches these will be.
fn projected(
    file: &InputFile,
    schema: &Schema,
) -> Result<(FileReader<Stretches>, Vec<usize>), Box<dyn Error + Send + Sync>> {
    let end = Stretches::end_of(file)?;
    let in_file = FileReaderBuilder::new().build(end.clone())?.schema();
    let places = schema.names().map(|name| in_file.index_of(name)).collect::<Result<Vec<_>, _>>()?;
    let mut wanted = places.clone();
    wanted.sort_unstable();
    let reader = FileReaderBuilder::new().with_projection(wanted.clone()).build(end)?;
    let places = places.iter().map(|place| wanted.binary_search(place).expect("it was put there"));
    Ok((reader, places.collect()))
}

fn missing() -> ArrowError {
    ArrowError::IpcError("a batch is missing".into())
}

impl Tokenize for IpcSource {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.files.tokenize(t);
        self.schema.tokenize(t);
        self.pieces.tokenize(t);
    }
}
