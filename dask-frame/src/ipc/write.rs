//! Frames written to directories of files of Arrow's own format, one a partition.

use std::borrow::Cow;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use arrow_schema::ArrowError;
use dask_graph::{
    Args, ComputeError, Op, OpError, Packer, Refused, RunOptions, Scheduler, Unpack, Value, installed,
};
use dask_graph_files::StorageOptions;
use serde::{Deserialize, Serialize};

use crate::error::WriteError;
use crate::frame::DataFrame;
use crate::input::storage_options;
use crate::output::{PartDirectory, StagedDirectory};
use crate::pack::pack;
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
    overwrite: bool,
}

impl WriteIpc {
    /// Writes to this directory, which is made.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            options: StorageOptions::default(),
            compression: IpcCompression::default(),
            overwrite: false,
        }
    }

    /// Sets how columns are packed: by LZ4 unless set.
    pub fn compression(mut self, compression: IpcCompression) -> Self {
        self.compression = compression;
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
    /// - `Io` if the destination cannot be written, `File` if its store cannot be used.
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
        let staged = StagedDirectory::prepare(&self.path, &self.options, self.overwrite)?;
        let op = PartOp { directory: staged.parts()?, compression: self.compression };
        staged.write("to_ipc", Arc::new(op), frame, scheduler, options)
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
    directory: PartDirectory,
    compression: IpcCompression,
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
        let (path, file) = self.directory.create(&[], number, "arrow")?;
        let encode = |source| WriteError::Encode { path: path.clone(), source };
        let batch = table.to_record_batch().map_err(|source| encode(source.into()))?;
        let written = || {
            let compression = match self.compression {
                IpcCompression::None => None,
                IpcCompression::Lz4 => Some(CompressionType::LZ4_FRAME),
                IpcCompression::Zstd => Some(CompressionType::ZSTD),
            };
            let options = IpcWriteOptions::default().try_with_compression(compression)?;
            let to = BufWriter::new(file);
            let mut writer = FileWriter::try_new_with_options(to, &batch.schema(), options)?;
            writer.write(&batch)?;
            // It writes the end of the file first.
            Ok(writer.into_inner()?.into_inner().map_err(|error| error.into_error())?)
        };
        let file = written().map_err(|source: ArrowError| encode(source.into()))?;
        Ok(file.finish()?)
    }
}
