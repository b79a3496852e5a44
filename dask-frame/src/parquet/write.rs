//! Frames written to directories of Parquet files, one a partition.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::{
    Args, ComputeError, Op, OpError, Packer, Refused, RunOptions, Scheduler, Unpack, Value, installed,
};
use dask_graph_files::StorageOptions;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde::{Deserialize, Serialize};

use super::hive;
use crate::column::Column;
use crate::error::{FrameError, WriteError};
use crate::frame::DataFrame;
use crate::input::storage_options;
use crate::kernel::group::Groups;
use crate::output::{PartDirectory, StagedDirectory, write_parts};
use crate::pack::pack;
use crate::table::Table;

/// How the pages of a Parquet file are packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ParquetCompression {
    /// Not at all.
    None,
    /// By Snappy: fast, and not as tight. What other writers do unless told otherwise.
    #[default]
    Snappy,
    /// By LZ4.
    Lz4,
    /// By the method of gzip.
    Gzip,
    /// By Zstandard: tight, and nearly as fast.
    Zstd,
}

impl ParquetCompression {
    fn codec(self) -> Compression {
        match self {
            Self::None => Compression::UNCOMPRESSED,
            Self::Snappy => Compression::SNAPPY,
            Self::Lz4 => Compression::LZ4_RAW,
            Self::Gzip => Compression::GZIP(GzipLevel::default()),
            Self::Zstd => Compression::ZSTD(ZstdLevel::default()),
        }
    }
}

/// How a frame is written to a directory of Parquet files: a builder, finished by [`write`](WriteParquet::write).
///
/// Each partition becomes a file, `part-00000.parquet` and so on, written where the partition is computed. They are
/// written to a hidden directory beside the destination, which takes its place when all are complete, or not at all.
/// A directory of a store appears file by file, each when it is complete; what a failed run has written there is removed,
/// and what was there goes only after the new is complete.
/// There is no `_metadata` file: readers find what they need at the end of each file.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataFrame, ParquetCompression, WriteParquet, read_parquet};
/// use dask_graph::Collection;
/// use dask_sched_sync::Sync;
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("flights");
///
/// let flights = [("carrier", Column::from(vec!["UA", "AA", "UA"])), ("delay", Column::from(vec![7, 8, 9]))];
/// let flights = DataFrame::from_columns(flights, 2)?;
/// let write = WriteParquet::new(&path).compression(ParquetCompression::Zstd).partition_on(["carrier"]);
/// write.write_with(&flights, &Sync::new())?;
/// assert!(path.join("carrier=UA/part-00001.parquet").is_file());
/// let again = read_parquet(path.to_str().unwrap()).open()?;
/// assert_eq!(again.schema().to_string(), "delay: Int64, carrier: Utf8");
/// assert_eq!(again.compute_with(&Sync::new())?.n_rows(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is written before `write`"]
pub struct WriteParquet {
    path: PathBuf,
    options: StorageOptions,
    compression: ParquetCompression,
    row_group_rows: usize,
    partition_on: Vec<Arc<str>>,
    overwrite: bool,
}

impl WriteParquet {
    /// Writes to this directory, which is made.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let compression = ParquetCompression::default();
        Self {
            path: path.into(),
            options: StorageOptions::default(),
            compression,
            row_group_rows: 1 << 20,
            partition_on: Vec::new(),
            overwrite: false,
        }
    }

    /// Sets how pages are packed: by Snappy unless set.
    pub fn compression(mut self, compression: ParquetCompression) -> Self {
        self.compression = compression;
        self
    }

    /// Sets how many rows a row group has at most: 2²⁰ unless set. Zero counts as one.
    pub fn row_group_rows(mut self, n: usize) -> Self {
        self.row_group_rows = n.max(1);
        self
    }

    /// Writes the rows of each value of these columns to a directory of its own, named `column=value`. The files do not
    /// have these columns; readers find them in the names.
    pub fn partition_on<N: Into<Arc<str>>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.partition_on = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Replaces what is at the destination, when the new is complete.
    pub fn overwrite(mut self) -> Self {
        self.overwrite = true;
        self
    }

    storage_options! {
        /// How the store of a directory named by URL is reached, as for
        /// [`ReadCsv::storage_options`](crate::ReadCsv::storage_options).
    }

    /// Writes a frame with the installed scheduler.
    ///
    /// # Errors
    ///
    /// - `Exists` if something is at the destination, unless it is to be overwritten.
    /// - `Frame` if there is no column to partition on of that name, or no other.
    /// - `Io` if the destination cannot be written, `File` if its store cannot be used.
    /// - `Compute` if a partition cannot be computed or written.
    pub fn write(&self, frame: &DataFrame) -> Result<(), WriteError> {
        let installed = installed().ok_or(ComputeError::NoScheduler)?;
        self.write_opts(frame, &installed.scheduler, &installed.options)
    }

    /// [`write`](WriteParquet::write) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`write`](WriteParquet::write).
    pub fn write_with(&self, frame: &DataFrame, scheduler: &dyn Scheduler) -> Result<(), WriteError> {
        self.write_opts(frame, scheduler, &RunOptions::default())
    }

    fn write_opts(
        &self,
        frame: &DataFrame,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<(), WriteError> {
        for name in &self.partition_on {
            frame.schema().field(name)?;
        }
        let in_files =
            frame.schema().names().filter(|name| self.partition_on.iter().all(|key| **key != **name));
        if in_files.count() == 0 {
            let problem = "no column is left to be written to the files".into();
            return Err(FrameError::BadArgument { operation: "to_parquet", problem }.into());
        }
        let staged = StagedDirectory::prepare(&self.path, &self.options, self.overwrite)?;
        let op = PartOp {
            directory: staged.parts()?,
            compression: self.compression,
            row_group_rows: self.row_group_rows,
            partition_on: self.partition_on.clone(),
        };
        staged.put(write_parts("to_parquet", Arc::new(op), frame, scheduler, options))
    }
}

impl DataFrame {
    /// Writes the frame to a directory of Parquet files, one a partition, with the installed scheduler.
    ///
    /// [`WriteParquet`] has options, and says how it is done.
    ///
    /// # Errors
    ///
    /// As [`WriteParquet::write`].
    pub fn to_parquet(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        WriteParquet::new(path.as_ref()).write(self)
    }

    /// [`to_parquet`](DataFrame::to_parquet) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`WriteParquet::write`].
    pub fn to_parquet_with(
        &self,
        path: impl AsRef<Path>,
        scheduler: &dyn Scheduler,
    ) -> Result<(), WriteError> {
        WriteParquet::new(path.as_ref()).write_with(self, scheduler)
    }
}

/// Writes a partition.
#[derive(Debug, Serialize, Deserialize)]
struct PartOp {
    directory: PartDirectory,
    compression: ParquetCompression,
    row_group_rows: usize,
    partition_on: Vec<Arc<str>>,
}

impl Op for PartOp {
    fn name(&self) -> Cow<'_, str> {
        "to_parquet".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = args.get::<Table>(0)?;
        self.write(table, *args.get::<usize>(1)?).map_err(OpError::failed)?;
        Ok(Value::new(()))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

impl PartOp {
    fn write(&self, table: &Table, number: usize) -> Result<(), WriteError> {
        if self.partition_on.is_empty() {
            return self.write_file(table, &[], number);
        }
        let keys = self.partition_on.iter().map(|key| table.column(key).cloned());
        let keys = keys.collect::<Result<Vec<Column>, _>>()?;
        let in_files =
            table.schema().names().filter(|name| self.partition_on.iter().all(|key| **key != **name));
        let in_files = in_files.map(|name| Ok((Arc::<str>::from(name), table.column(name)?.clone())));
        let rest = Table::new(in_files.collect::<Result<Vec<_>, WriteError>>()?)?;
        let groups = Groups::new(&keys, table.n_rows(), false);
        let mut rows = vec![Vec::new(); groups.n];
        groups.for_each(|row, group| rows[group].push(row as u32));
        for (rows, &first) in rows.iter().zip(&groups.first_rows) {
            let directory =
                |(key, column): (&Arc<str>, &Column)| hive::directory(key, &column.get(first as usize));
            let directories = self.partition_on.iter().zip(&keys).map(directory).collect::<Vec<_>>();
            self.write_file(&rest.take(rows), &directories, number)?;
        }
        Ok(())
    }

    fn write_file(&self, table: &Table, directories: &[String], number: usize) -> Result<(), WriteError> {
        let (path, file) = self.directory.create(directories, number, "parquet")?;
        let encode = |source| WriteError::Encode { path: path.clone(), source };
        let batch = table.to_record_batch().map_err(|source| encode(source.into()))?;
        let properties = WriterProperties::builder()
            .set_compression(self.compression.codec())
            .set_max_row_group_row_count(Some(self.row_group_rows))
            .build();
        let written = || {
            let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties))?;
            writer.write(&batch)?;
            writer.into_inner()
        };
        let file = written().map_err(|source| encode(source.into()))?;
        Ok(file.finish()?)
    }
}
