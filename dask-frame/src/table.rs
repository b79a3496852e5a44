//! One partition: a schema and its columns, all of one length.

pub(crate) mod blob;
mod show;

use std::sync::Arc;

use dask_graph::{Blob, BlobError, BlobReader, Payload};

use crate::column::{Column, Mask};
use crate::error::FrameError;
use crate::schema::{Field, Schema};

/// A table in memory: what one partition of a [`DataFrame`](crate::DataFrame) holds, and what computing gives.
///
/// Cloning shares the columns.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, Table};
///
/// let table = Table::new([
///     ("name", Column::from(vec!["ann", "bob"])),
///     ("age", Column::from(vec![Some(31), None])),
/// ])?;
/// assert_eq!(table.n_rows(), 2);
/// assert_eq!(table.column("age")?.null_count(), 1);
/// assert_eq!(table.to_string(), "\
/// name    age
/// Utf8  Int64
/// ----  -----
/// ann      31
/// bob    null
/// 2 rows
/// ");
/// # Ok::<(), dask_frame::FrameError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Table {
    schema: Schema,
    columns: Arc<[Column]>,
    /// Kept apart, since a table can have rows and no column that anybody wants.
    n_rows: usize,
}

impl Table {
    /// Makes a table of named columns.
    ///
    /// # Errors
    ///
    /// - `DuplicateColumn` if two columns have one name.
    /// - `LengthMismatch` if the columns differ in length.
    /// - `TooManyRows` if there are 2³² − 1 rows or more.
    pub fn new<N: Into<Arc<str>>>(
        columns: impl IntoIterator<Item = (N, Column)>,
    ) -> Result<Self, FrameError> {
        let (fields, columns): (Vec<_>, Vec<_>) =
            columns.into_iter().map(|(name, column)| (Field::new(name, column.dtype()), column)).unzip();
        let n_rows = columns.first().map_or(0, Column::len);
        Self::with_rows(Schema::new(fields)?, columns, n_rows)
    }

    /// Makes a table that may have rows without having columns.
    pub(crate) fn with_rows(schema: Schema, columns: Vec<Column>, n_rows: usize) -> Result<Self, FrameError> {
        if n_rows >= u32::MAX as usize {
            return Err(FrameError::TooManyRows { rows: n_rows });
        }
        if let Some((field, column)) =
            schema.fields().iter().zip(&columns).find(|(_, column)| column.len() != n_rows)
        {
            let name = field.name().into();
            return Err(FrameError::LengthMismatch { name, got: column.len(), expected: n_rows });
        }
        debug_assert!(schema.fields().iter().map(Field::dtype).eq(columns.iter().map(Column::dtype)));
        Ok(Self { schema, columns: columns.into(), n_rows })
    }

    /// Makes a table without rows.
    #[must_use]
    pub fn empty(schema: Schema) -> Self {
        let columns = schema.fields().iter().map(|field| Column::nulls(&field.dtype(), 0)).collect();
        Self { schema, columns, n_rows: 0 }
    }

    /// Returns the names and types of the columns.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Returns the columns in the order of the schema.
    #[must_use]
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Returns the column of a name.
    ///
    /// # Errors
    ///
    /// `UnknownColumn`, with the nearest name, if there is none.
    pub fn column(&self, name: &str) -> Result<&Column, FrameError> {
        match self.schema.position(name) {
            Some(at) => Ok(&self.columns[at]),
            None => Err(self.schema.field(name).expect_err("the name has no position")),
        }
    }

    /// Returns the rows `start..start + len`, or as many of them as there are, without copying.
    #[must_use]
    pub fn slice(&self, start: usize, len: usize) -> Self {
        let start = start.min(self.n_rows);
        let len = len.min(self.n_rows - start);
        let columns = self.columns.iter().map(|column| column.slice(start, len)).collect();
        Self { schema: self.schema.clone(), columns, n_rows: len }
    }

    pub(crate) fn filter(&self, keep: &Mask) -> Self {
        let n_rows = keep.count();
        if n_rows == self.n_rows {
            return self.clone();
        }
        let columns = self.columns.iter().map(|column| column.filter(keep)).collect();
        Self { schema: self.schema.clone(), columns, n_rows }
    }

    pub(crate) fn take(&self, rows: &[u32]) -> Self {
        let columns = self.columns.iter().map(|column| column.take(rows)).collect();
        Self { schema: self.schema.clone(), columns, n_rows: rows.len() }
    }

    /// Returns the columns of `schema`, which are some of this table's.
    pub(crate) fn select(&self, schema: &Schema) -> Result<Self, FrameError> {
        let columns = schema.names().map(|name| self.column(name).cloned()).collect::<Result<_, _>>()?;
        Self::with_rows(schema.clone(), columns, self.n_rows)
    }

    /// Returns the tables one after another. All must have the schema `schema`.
    pub(crate) fn concat(schema: &Schema, tables: &[&Table]) -> Result<Self, FrameError> {
        if let Some((index, table)) = tables.iter().enumerate().find(|(_, table)| table.schema != *schema) {
            let (got, expected) = (table.schema.to_string(), schema.to_string());
            return Err(FrameError::SchemaMismatch { index, got, expected });
        }
        let n_rows = tables.iter().map(|table| table.n_rows).sum();
        let column = |at: usize| {
            let parts = tables.iter().filter(|table| table.n_rows > 0).map(|table| &table.columns[at]);
            let parts = parts.collect::<Vec<_>>();
            match parts.is_empty() {
                true => Column::nulls(&schema.fields()[at].dtype(), 0),
                false => Column::concat(&parts),
            }
        };
        Self::with_rows(schema.clone(), (0..schema.len()).map(column).collect(), n_rows)
    }
}

impl Payload for Table {
    fn nbytes(&self) -> u64 {
        self.columns.iter().map(Column::nbytes).sum()
    }

    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        Some(Ok(blob::to_blob(self)))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        let header = reader.header().to_vec();
        blob::from_blob(&header, reader).map_err(BlobError::of::<Self>)
    }
}
