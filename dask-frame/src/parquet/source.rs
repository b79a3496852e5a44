//! What a planned read knows, and how row groups become a table.

use std::collections::HashMap;
use std::error::Error;
use std::ops::Range;
use std::sync::Arc;

use arrow_schema::{DataType as ArrowType, Field as ArrowField, Schema as ArrowSchema};
use bytes::Bytes;
use dask_graph::{Tokenize, Tokenizer};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{ChunkReader, Length};
use serde::{Deserialize, Serialize};

use super::FORMAT;
use crate::arrow::Target;
use crate::column::{Column, Scalar};
use crate::error::{EvalError, ReadError};
use crate::expr::Expr;
use crate::input::{InputFile, Stretches};
use crate::schema::{DataType, Field, Schema};
use crate::source::{Known, Piece, may_hold};
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

/// Rows that are decoded at once.
const BATCH: usize = 64 << 10;

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

fn corrupt(file: &InputFile, source: ParquetError) -> ReadError {
    let source: Box<dyn Error + Send + Sync> = match source {
        ParquetError::External(source) => source,
        source => Box::new(source),
    };
    match source.downcast::<ReadError>() {
        Ok(error) => *error,
        Err(source) => ReadError::Corrupt { path: file.path(), format: FORMAT, source },
    }
}

/// Returns where the bytes of columns lie in some row groups, of which all are in the file.
fn chunks(
    metadata: &ParquetMetaData,
    groups: &[usize],
    mask: &ProjectionMask,
    nbytes: u64,
) -> Result<Vec<Range<u64>>, ParquetError> {
    let mut ranges = Vec::new();
    for &group in groups {
        let columns = metadata.row_group(group).columns().iter().enumerate();
        for (at, chunk) in columns.filter(|(at, _)| mask.leaf_included(*at)) {
            let start = chunk.dictionary_page_offset().unwrap_or(chunk.data_page_offset());
            let range = u64::try_from(start).ok().zip(u64::try_from(chunk.compressed_size()).ok());
            let range = range.and_then(|(start, length)| Some(start..start.checked_add(length)?));
            match range.filter(|range| range.end <= nbytes) {
                Some(range) => ranges.push(range),
                None => {
                    let problem = format!("column {at} of row group {group} lies outside of the file");
                    return Err(ParquetError::General(problem));
                }
            }
        }
    }
    Ok(ranges)
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
    /// Reads some columns of the row groups of a piece.
    pub(crate) fn read(&self, piece: Piece, columns: &[usize]) -> Result<Table, EvalError> {
        let schema = self.schema.select(columns.iter().map(|&at| self.schema.fields()[at].name()))?;
        if piece.start == piece.end {
            return Ok(Table::empty(schema));
        }
        let at = piece.file as usize;
        let file = &self.files[at];
        let corrupt = |source| corrupt(file, source);
        let metadata = match self.metadata.get(at) {
            Some(metadata) => metadata.clone(),
            None => metadata(file)?,
        };
        let stored = columns.iter().copied().filter(|&at| at < self.n_stored).collect::<Vec<_>>();
        let groups = (piece.start as usize..piece.end as usize).collect::<Vec<_>>();
        let n_rows = groups.iter().map(|&group| metadata.metadata().row_group(group).num_rows());
        let n_rows = usize::try_from(n_rows.sum::<i64>()).unwrap_or(0);
        let read = match stored.is_empty() {
            true => Vec::new(),
            false => self.read_stored(file, &stored, groups, metadata).map_err(corrupt)?,
        };
        let mut read = stored.iter().zip(read).collect::<HashMap<_, _>>();
        let column = |at: &usize| match read.remove(at) {
            Some(column) => column,
            None => Column::repeat(&self.constants[piece.file as usize][at - self.n_stored], n_rows),
        };
        let done = columns.iter().map(column).collect();
        Ok(Table::with_rows(schema, done, n_rows)?)
    }

    /// Reads columns that are in the file, in the given order.
    fn read_stored(
        &self,
        file: &InputFile,
        stored: &[usize],
        groups: Vec<usize>,
        metadata: ArrowReaderMetadata,
    ) -> Result<Vec<Column>, ParquetError> {
        let fields = stored.iter().map(|&at| &self.schema.fields()[at]).collect::<Vec<_>>();
        let in_file = metadata.schema();
        let roots = fields.iter().map(|field| in_file.index_of(field.name()));
        let roots = roots.collect::<Result<Vec<_>, _>>()?;
        let mask = ProjectionMask::roots(metadata.parquet_schema(), roots.iter().copied());
        let ranges = chunks(metadata.metadata(), &groups, &mask, file.nbytes())?;
        let chunks = Stretches::of(file, &ranges).map_err(|error| ParquetError::External(Box::new(error)))?;
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(chunks, metadata)
            .with_row_groups(groups)
            .with_projection(mask)
            .with_batch_size(BATCH)
            .build()?;
        let mut parts = vec![Vec::new(); fields.len()];
        for batch in reader {
            let batch = batch?;
            for (part, field) in parts.iter_mut().zip(&fields) {
                let array = batch.column_by_name(field.name()).expect("what was asked for is read");
                let column = Target(field.dtype()).take(&**array);
                part.push(column.map_err(|error| ParquetError::External(Box::new(error)))?);
            }
        }
        let column = |(parts, field): (Vec<Column>, &&Field)| match &parts[..] {
            [] => Column::nulls(&field.dtype(), 0),
            [one] => one.clone(),
            several => Column::concat(&several.iter().collect::<Vec<_>>()),
        };
        Ok(parts.into_iter().zip(&fields).map(column).collect())
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

    /// Returns a piece without the row groups at its ends in which no row can fulfil a condition.
    pub(crate) fn shortened(&self, piece: Piece, condition: &Expr) -> Piece {
        let mut columns = HashMap::new();
        condition.for_each_column(&mut |name| {
            columns.entry(&**name).or_insert_with(|| self.known(piece, name));
        });
        let may_hold = |group: &u64| {
            let at = (group - piece.start) as usize;
            may_hold(condition, &|name| columns.get(name)?.as_ref()?.get(at).cloned())
        };
        let first = (piece.start..piece.end).find(may_hold);
        let last = (piece.start..piece.end).rfind(may_hold);
        match (first, last) {
            (Some(first), Some(last)) => Piece { start: first, end: last + 1, ..piece },
            _ => Piece { end: piece.start, ..piece },
        }
    }

    /// Returns what is known of a column in each row group of a piece.
    fn known(&self, piece: Piece, name: &str) -> Option<Vec<Known>> {
        let at = self.schema.position(name)?;
        let metadata = self.metadata.get(piece.file as usize)?;
        let groups = &metadata.metadata().row_groups()[piece.start as usize..piece.end as usize];
        let rows = |group: &RowGroupMetaData| u64::try_from(group.num_rows()).ok();
        if let Some(constant) = at.checked_sub(self.n_stored) {
            let value = &self.constants[piece.file as usize][constant];
            let known = |group| {
                let rows = rows(group)?;
                Some(match value.is_null() {
                    true => Known { min: None, max: None, nulls: Some(rows), rows },
                    false => {
                        Known { min: Some(value.clone()), max: Some(value.clone()), nulls: Some(0), rows }
                    }
                })
            };
            return groups.iter().map(known).collect();
        }
        let converter =
            StatisticsConverter::try_new(name, metadata.schema(), metadata.parquet_schema()).ok()?;
        // Categories are ordered by their place, not by their letters.
        if self.schema.fields()[at].dtype().categories().is_some() {
            return None;
        }
        // Old writers compared texts by bytes with a sign. Where all values are missing there is nothing to compare.
        let chunk = converter.parquet_column_index()?;
        let deprecated = groups.iter().any(|group| {
            group.column(chunk).statistics().is_some_and(|statistics| {
                let has_bounds = statistics.min_bytes_opt().is_some() || statistics.max_bytes_opt().is_some();
                has_bounds && statistics.is_min_max_deprecated()
            })
        });
        if deprecated {
            return None;
        }
        let target = Target(self.schema.fields()[at].dtype());
        let mins = target.take(&*converter.row_group_mins(groups).ok()?).ok()?;
        let maxes = target.take(&*converter.row_group_maxes(groups).ok()?).ok()?;
        let nulls = converter.with_missing_null_counts_as_zero(false).row_group_null_counts(groups).ok()?;
        let value = |column: &Column, at| Some(column.get(at)).filter(|value| !value.is_null());
        let known = |(at, group)| {
            let nulls = arrow_array::Array::is_valid(&nulls, at).then(|| nulls.value(at));
            Some(Known { min: value(&mins, at), max: value(&maxes, at), nulls, rows: rows(group)? })
        };
        groups.iter().enumerate().map(known).collect()
    }
}

impl Tokenize for ParquetSource {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.files.tokenize(t);
        self.schema.tokenize(t);
        self.pieces.tokenize(t);
    }
}
