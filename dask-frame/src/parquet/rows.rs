//! Some rows of some row groups, of which columns are read.

use arrow_array::BooleanArray;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder, RowSelection};
use parquet::errors::ParquetError;

use super::pages::{chunks, external};
use crate::arrow::Target;
use crate::column::{Column, Mask};
use crate::input::{InputFile, Stretches};
use crate::schema::Field;

/// Rows that are decoded at once, at most: what is copied together is then still in the caches. (All rows of a group at
/// once took 1.25 times as long.)
const BATCH: usize = 64 << 10;

/// The rows of a file that are read.
pub(super) struct Rows<'a> {
    pub(super) file: &'a InputFile,
    pub(super) metadata: ArrowReaderMetadata,
    /// The row groups, by their number in the metadata.
    pub(super) groups: Vec<usize>,
    /// Which of their rows: all, unless told.
    pub(super) selection: Option<RowSelection>,
}

impl Rows<'_> {
    /// Returns how many rows there are.
    pub(super) fn n(&self) -> usize {
        if let Some(selection) = &self.selection {
            return selection.row_count();
        }
        let groups = self.groups.iter().map(|&group| self.metadata.metadata().row_group(group));
        usize::try_from(groups.map(|group| group.num_rows()).sum::<i64>()).unwrap_or(0)
    }

    /// Keeps some of the rows.
    pub(super) fn keep(&mut self, keep: &Mask) {
        if keep.count() == keep.len() {
            return;
        }
        let (bytes, first) = keep.bytes();
        let kept = BooleanArray::new_from_packed(bytes, first, keep.len());
        let kept = RowSelection::from_boolean_buffer(kept.values().clone());
        self.selection = Some(match &self.selection {
            Some(selection) => selection.and_then(&kept),
            None => kept,
        });
    }

    /// Reads columns of the file, in the given order.
    pub(super) fn read(&self, fields: &[&Field]) -> Result<Vec<Column>, ParquetError> {
        let n = self.n();
        if n == 0 || fields.is_empty() {
            return Ok(fields.iter().map(|field| Column::nulls(&field.dtype(), 0)).collect());
        }
        let mask = projection(&self.metadata, fields.iter().map(|field| field.name()))?;
        let selection = self.selection.as_ref();
        let ranges = chunks(self.metadata.metadata(), &self.groups, selection, &mask, self.file.nbytes())?;
        let chunks = Stretches::of(self.file, &ranges).map_err(external)?;
        let mut reader = ParquetRecordBatchReaderBuilder::new_with_metadata(chunks, self.metadata.clone())
            .with_row_groups(self.groups.clone())
            .with_projection(mask)
            .with_batch_size(n.min(BATCH));
        if let Some(selection) = selection {
            reader = reader.with_row_selection(selection.clone());
        }
        let mut parts = vec![Vec::new(); fields.len()];
        for batch in reader.build()? {
            let batch = batch?;
            for (part, field) in parts.iter_mut().zip(fields) {
                let array = batch.column_by_name(field.name()).expect("what was asked for is read");
                let column = Target(field.dtype()).take(&**array);
                part.push(column.map_err(|error| ParquetError::External(Box::new(error)))?);
            }
        }
        let column = |(parts, field): (Vec<Column>, &&Field)| match &parts[..] {
            [] => Column::nulls(&field.dtype(), 0),
            parts => Column::concat(&parts.iter().collect::<Vec<_>>()),
        };
        Ok(parts.into_iter().zip(fields).map(column).collect())
    }
}

/// Returns which columns of a file have these names.
pub(super) fn projection<'a>(
    metadata: &ArrowReaderMetadata,
    names: impl Iterator<Item = &'a str>,
) -> Result<ProjectionMask, ParquetError> {
    let roots = names.map(|name| metadata.schema().index_of(name)).collect::<Result<Vec<_>, _>>()?;
    Ok(ProjectionMask::roots(metadata.parquet_schema(), roots))
}
