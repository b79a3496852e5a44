//! Frames written to directories of files of Arrow's own format, one a partition, or to one file.

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_ipc::CompressionType;
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::{ArrowError, Schema as ArrowSchema};
use dask_graph::{
    Args, ComputeError, Op, OpError, Packer, Refused, RunOptions, Scheduler, Unpack, Value, installed,
};
use dask_graph_files::{Compression, Destination, StorageOptions};
use serde::{Deserialize, Serialize};

use crate::error::{FrameError, WriteError};
use crate::frame::DataFrame;
use crate::input::storage_options;
use crate::output::{NextPart, PartDirectory, Parts, StagedDirectory, StagedFiles, write_parts};
use crate::pack::pack;
use crate::schema::Field;
use crate::table::Table;

/// How the columns of a file of Arrow's own format are packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum IpcCompression {
    /// Not at all: other programs can map such a file into memory and have its columns without reading them.
    None,
    /// By LZ4: fast. What Feather files are unless told otherwise.
    #[default]
    Lz4,
    /// By Zstandard: tight.
    Zstd,
}

/// How a frame is written to a directory of files of Arrow's own format (IPC, of which Feather is another name): a
/// builder, finished by [`write`](WriteIpc::write).
///
/// Each partition becomes a file, `part-00000.arrow` and so on, of one batch, written where the partition is computed.
/// They are written to a hidden directory beside the destination, which takes its place when all are complete, or not at
/// all. A directory of a store appears file by file, each when it is complete; what a failed run has written there is
/// removed, and what was there goes only after the new is complete.
///
/// Or there is [one file](WriteIpc::single_file), of a batch for each partition. The batches are written as they are made
/// to a hidden directory beside it, and put together one by one by the caller's thread.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataFrame, IpcCompression, WriteIpc, read_ipc};
/// use dask_graph::Collection;
/// use dask_sched_sync::Sync;
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("flights");
///
/// let frame = DataFrame::from_columns([("delay", Column::from(vec![7, 8, 9]))], 2)?;
/// WriteIpc::new(&path).compression(IpcCompression::Zstd).write_with(&frame, &Sync::new())?;
/// assert!(path.join("part-00001.arrow").is_file());
/// let again = read_ipc(path.to_str().unwrap()).open()?;
/// assert_eq!(again.compute_with(&Sync::new())?.n_rows(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is written before `write`"]
pub struct WriteIpc {
    path: PathBuf,
    options: StorageOptions,
    compression: IpcCompression,
    single_file: bool,
    overwrite: bool,
}

impl WriteIpc {
    /// Writes to this directory, which is made, or this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            options: StorageOptions::default(),
            compression: IpcCompression::default(),
            single_file: false,
            overwrite: false,
        }
    }

    /// Sets how columns are packed: by LZ4 unless set.
    pub fn compression(mut self, compression: IpcCompression) -> Self {
        self.compression = compression;
        self
    }

    /// Writes one file with all partitions, in their order, and no directory.
    ///
    /// Such a file has one list of categories for a column: where they are not known, each partition may have others,
    /// and [`as_known`](DataFrame::as_known) comes first.
    ///
    /// ```
    /// use dask_frame::{Column, DataFrame, WriteIpc, read_ipc};
    /// # let dir = tempfile::tempdir()?;
    /// # let path = dir.path().join("flights.arrow");
    ///
    /// let frame = DataFrame::from_columns([("delay", Column::from(vec![7, 8, 9]))], 2)?;
    /// WriteIpc::new(&path).single_file().write_with(&frame, &dask_sched_sync::Sync::new())?;
    /// assert_eq!(read_ipc(path.to_str().unwrap()).open()?.n_partitions(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn single_file(mut self) -> Self {
        self.single_file = true;
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
    /// - `Io` if the destination cannot be written, `File` if its store cannot be used, `BadPattern` if one file is to be
    ///   written whose name has a `*`.
    /// - `Frame` if one file is to be written of a column whose categories are not known.
    /// - `Compute` if a partition cannot be computed or written.
    pub fn write(&self, frame: &DataFrame) -> Result<(), WriteError> {
        let installed = installed().ok_or(ComputeError::NoScheduler)?;
        self.write_opts(frame, &installed.scheduler, &installed.options)
    }

    /// [`write`](WriteIpc::write) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`write`](WriteIpc::write).
    pub fn write_with(&self, frame: &DataFrame, scheduler: &dyn Scheduler) -> Result<(), WriteError> {
        self.write_opts(frame, scheduler, &RunOptions::default())
    }

    fn write_opts(
        &self,
        frame: &DataFrame,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<(), WriteError> {
        if self.single_file {
            return self.write_one(frame, scheduler, options);
        }
        let staged = StagedDirectory::prepare(&self.path, &self.options, self.overwrite)?;
        let op = PartOp { to: To::Directory(staged.parts()?), compression: self.compression };
        staged.put(write_parts("to_ipc", Arc::new(op), frame, scheduler, options))
    }

    fn write_one(
        &self,
        frame: &DataFrame,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<(), WriteError> {
        let unknown =
            |field: &&Field| field.dtype().categories().is_some_and(|categories| !categories.is_known());
        if let Some(field) = frame.schema().fields().iter().find(unknown) {
            let name = field.name();
            let problem = format!(
                "the categories of `{name}` are not known, and one file has one list: use `as_known`"
            );
            return Err(FrameError::BadArgument { operation: "to_ipc", problem }.into());
        }
        let to = Destination::new(&self.path, &self.options)?;
        let is_there = || -> Result<bool, WriteError> {
            if to.is_local() {
                return Ok(to.path().exists());
            }
            let around = Destination::new(self.path.parent().unwrap_or(Path::new("")), &self.options)?;
            Ok(around.objects()?.iter().any(|url| Path::new(url) == to.path()))
        };
        if !self.overwrite && is_there()? {
            return Err(WriteError::Exists { path: self.path.clone() });
        }
        let staged = StagedFiles::prepare(&self.path, &self.options, frame.n_partitions())?;
        if staged.is_one_a_partition() {
            return Err(WriteError::BadPattern { pattern: self.path.display().to_string() });
        }
        // They are packed when they are put together.
        let op = PartOp { to: To::Staged(staged.parts()), compression: IpcCompression::None };
        let join = |next: &mut NextPart<'_>, whole: &mut dyn Write| {
            self.compression.join(next, whole).map_err(io::Error::other)
        };
        staged.put(write_parts("to_ipc", Arc::new(op), frame, scheduler, options), &join)
    }
}

impl IpcCompression {
    /// Begins a file.
    fn writer<W: Write>(self, to: W, schema: &ArrowSchema) -> Result<FileWriter<W>, ArrowError> {
        let compression = match self {
            Self::None => None,
            Self::Lz4 => Some(CompressionType::LZ4_FRAME),
            Self::Zstd => Some(CompressionType::ZSTD),
        };
        let options = IpcWriteOptions::default().try_with_compression(compression)?;
        FileWriter::try_new_with_options(to, schema, options)
    }

    /// Writes one file of the batches of files.
    fn join(self, next: &mut NextPart<'_>, whole: &mut dyn Write) -> Result<(), ArrowError> {
        let mut whole = Some(BufWriter::new(whole));
        let mut writer = None;
        while let Some(part) = next()? {
            let part = FileReader::try_new_buffered(part, None)?;
            if let Some(to) = whole.take() {
                writer = Some(self.writer(to, &part.schema())?);
            }
            for batch in part {
                writer.as_mut().map_or(Ok(()), |writer| writer.write(&batch?))?;
            }
        }
        // It writes the end of the file first.
        writer.map_or(Ok(()), |writer| Ok(writer.into_inner()?.flush()?))
    }
}

impl DataFrame {
    /// Writes the frame to a directory of files of Arrow's own format, one a partition, with the installed scheduler.
    ///
    /// [`WriteIpc`] has options, and says how it is done.
    ///
    /// # Errors
    ///
    /// As [`WriteIpc::write`].
    pub fn to_ipc(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        WriteIpc::new(path.as_ref()).write(self)
    }

    /// [`to_ipc`](DataFrame::to_ipc) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`WriteIpc::write`].
    pub fn to_ipc_with(&self, path: impl AsRef<Path>, scheduler: &dyn Scheduler) -> Result<(), WriteError> {
        WriteIpc::new(path.as_ref()).write_with(self, scheduler)
    }
}

/// Writes a partition.
#[derive(Debug, Serialize, Deserialize)]
struct PartOp {
    to: To,
    compression: IpcCompression,
}

/// Where a partition becomes a file.
#[derive(Debug, Serialize, Deserialize)]
enum To {
    /// Where it stays.
    Directory(PartDirectory),
    /// Where it waits to be put together with others.
    Staged(Parts),
}

impl Op for PartOp {
    fn name(&self) -> Cow<'_, str> {
        "to_ipc".into()
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
        match &self.to {
            To::Directory(directory) => {
                let (path, mut file) = directory.create(&[], number, "arrow")?;
                let written = self.encode(table, &mut file);
                written.map_err(|source| WriteError::Encode { path, source: Box::new(source) })?;
                Ok(file.finish()?)
            }
            To::Staged(parts) => {
                parts.write(number, Compression::None, |to| self.encode(table, to).map_err(io::Error::other))
            }
        }
    }

    fn encode(&self, table: &Table, to: &mut dyn Write) -> Result<(), ArrowError> {
        let batch = table.to_record_batch().map_err(|source| ArrowError::ExternalError(Box::new(source)))?;
        let mut writer = self.compression.writer(BufWriter::new(to), &batch.schema())?;
        writer.write(&batch)?;
        // It writes the end of the file first.
        Ok(writer.into_inner()?.flush()?)
    }
}
