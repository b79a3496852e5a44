//! CSV files written.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use dask_graph::{
    Args, ComputeError, Op, OpError, Packer, Refused, RunOptions, Scheduler, Unpack, Value, installed,
};
use dask_graph_files::{Compression, StorageOptions};
use serde::{Deserialize, Serialize};

use super::format::{Format, Quoting};
use crate::error::{FrameError, WriteError};
use crate::expr::col;
use crate::frame::DataFrame;
use crate::input::storage_options;
use crate::output::{self, Parts, StagedFiles};
use crate::pack::pack;
use crate::schema::Field;
use crate::table::Table;

/// How a frame is written to CSV files: a builder, finished by [`write`](WriteCsv::write).
///
/// The path is one file, or has a `*` in its file name and is one file a partition, in which `*` is the partition's
/// number. Partitions are written as they are made to a hidden directory beside the destination, whose files appear when
/// all are complete, or not at all. Texts are quoted where they must be, or as [`quoting`](WriteCsv::quoting) says.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataFrame, WriteCsv};
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("out.csv");
///
/// let columns = [("name", Column::from(vec![Some("a;b"), None])), ("x", Column::from(vec![0.25, 2.0]))];
/// let frame = DataFrame::from_columns(columns, 2)?;
/// let write = WriteCsv::new(&path).separator(b';').na("NA").decimals(1);
/// write.write_with(&frame, &dask_sched_sync::Sync::new())?;
/// assert_eq!(std::fs::read_to_string(&path)?, "name;x\n\"a;b\";0.2\nNA;2.0\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is written before `write`"]
pub struct WriteCsv {
    path: PathBuf,
    options: StorageOptions,
    format: Format,
    date_format: Option<Arc<str>>,
    compression: Option<Compression>,
}

impl WriteCsv {
    /// Writes to this file, or these files.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            options: StorageOptions::default(),
            format: Format::new(),
            date_format: None,
            compression: None,
        }
    }

    /// Sets the character between cells: a comma unless set.
    pub fn separator(mut self, separator: u8) -> Self {
        self.format.separator = separator;
        self
    }

    /// Sets whether each file begins with a line of column names: it does, unless set.
    pub fn header(mut self, header: bool) -> Self {
        self.format.header = header;
        self
    }

    /// Sets what stands for a missing value: nothing, unless set.
    pub fn na(mut self, text: impl Into<String>) -> Self {
        self.format.na = text.into();
        self
    }

    /// Writes floats with so many digits behind the point, rounded; as many as tell a float from its neighbours,
    /// unless set.
    ///
    /// As pandas' `float_format` with `"%.2f"` and its like.
    pub fn decimals(mut self, n: u8) -> Self {
        self.format.decimals = Some(n);
        self
    }

    /// Sets which cells are written in quotes: [what needs them](Quoting::Minimal), unless set.
    pub fn quoting(mut self, quoting: Quoting) -> Self {
        self.format.quoting = quoting;
        self
    }

    /// Sets a character behind which separators, quotes and line ends stand for themselves where there are no quotes
    /// around them, as does the character itself everywhere: there is none, unless set.
    ///
    /// As pandas' `escapechar`. [`read_csv`](crate::read_csv) knows no such character.
    pub fn escape(mut self, escape: u8) -> Self {
        self.format.escape = Some(escape);
        self
    }

    /// Writes timestamps and dates by a format of `strftime`, like `%Y/%m/%d`; as `2021-03-15 10:20:30`, unless set.
    ///
    /// The letters are those of [`strftime`](crate::DateMethods::strftime).
    pub fn date_format(mut self, format: impl Into<Arc<str>>) -> Self {
        self.date_format = Some(format.into());
        self
    }

    /// Sets how files are packed: as the end of their name says, `.gz`, `.bz2`, `.xz` or `.zst`, unless set.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    storage_options! {
        /// How the store of files named by URL is reached, as for
        /// [`ReadCsv::storage_options`](crate::ReadCsv::storage_options).
    }

    /// Writes a frame with the installed scheduler.
    ///
    /// # Errors
    ///
    /// - `Io` if the destination cannot be written, `File` if its store cannot be used, `BadPattern` if the path is no file name or has several `*`.
    /// - `Compression` if it is not known, or its feature is off.
    /// - `Frame` if the separator or the escape character has another meaning in files, the date format none, or a
    ///   column has lists.
    /// - `Compute` if a partition cannot be computed or written, which is so for texts that need quotes or an escape
    ///   character and are to have none.
    #[track_caller]
    pub fn write(&self, frame: &DataFrame) -> Result<(), WriteError> {
        let installed = installed().ok_or(ComputeError::NoScheduler)?;
        self.write_opts(frame, &installed.scheduler, &installed.options)
    }

    /// [`write`](WriteCsv::write) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`write`](WriteCsv::write).
    #[track_caller]
    pub fn write_with(&self, frame: &DataFrame, scheduler: &dyn Scheduler) -> Result<(), WriteError> {
        self.write_opts(frame, scheduler, &RunOptions::default())
    }

    #[track_caller]
    fn write_opts(
        &self,
        frame: &DataFrame,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<(), WriteError> {
        if let Some(problem) = self.format.problem() {
            return Err(FrameError::BadArgument { operation: "to_csv", problem: problem.into() }.into());
        }
        if let Some(list) = frame.schema().fields().iter().find(|field| field.dtype().item().is_some()) {
            let (operation, expr, got) = ("to_csv", list.name().to_owned(), list.dtype());
            let expected = "a value for one cell, like a text that `lists().join` makes";
            return Err(FrameError::WrongType { operation, expr, got, expected }.into());
        }
        let frame = &self.with_dates_as_texts(frame)?;
        let compression = output::compression(&self.path, self.compression)?;
        let files = StagedFiles::prepare(&self.path, &self.options, frame.n_partitions())?;
        let op = PartOp::new(&files, self.format.clone(), compression);
        let written = output::write_parts("to_csv", Arc::new(op), frame, scheduler, options);
        files.put(written, &output::concatenate)
    }

    fn with_dates_as_texts(&self, frame: &DataFrame) -> Result<DataFrame, FrameError> {
        let Some(format) = &self.date_format else { return Ok(frame.clone()) };
        let fields = frame.schema().fields().iter();
        let dates = fields.filter(|field| field.dtype().is_temporal());
        let as_text =
            |field: &Field| (field.name().to_owned(), col(field.name()).dt().strftime(Arc::clone(format)));
        frame.with_columns(dates.map(as_text))
    }
}

/// Writes a partition (the first argument) as part of its number (the second).
#[derive(Debug, Serialize, Deserialize)]
struct PartOp {
    parts: Parts,
    /// Whether every part has a header, or the first alone.
    headers: bool,
    format: Format,
    compression: Compression,
}

impl PartOp {
    fn new(files: &StagedFiles, format: Format, compression: Compression) -> Self {
        Self { parts: files.parts(), headers: files.is_one_a_partition(), format, compression }
    }
}

impl Op for PartOp {
    fn name(&self) -> Cow<'_, str> {
        "to_csv".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = args.get::<Table>(0)?;
        let number = *args.get::<usize>(1)?;
        let header = self.format.header && (self.headers || number == 0);
        let written =
            self.parts.write(number, self.compression, |to| self.format.write_table(table, header, to));
        written.map_err(OpError::failed)?;
        Ok(Value::new(()))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::column::Column;
    use std::error::Error;
    use std::os::unix::fs::symlink;

    /// Writes two parts to `out.csv`, one file of the staging directory lying on a device that is full.
    fn write_with_full(on_full_disk: &str) -> (Result<(), Box<dyn Error + Send + Sync>>, Vec<PathBuf>) {
        let dir = tempfile::tempdir().unwrap();
        let files = StagedFiles::prepare(&dir.path().join("out.csv"), &StorageOptions::default(), 2).unwrap();
        let Parts::Staged(staging) = files.parts() else { panic!("one file is staged") };
        symlink("/dev/full", staging.join(on_full_disk)).unwrap();
        let table = Table::new([("n", Column::from(vec![1, 2, 3]))]).unwrap();
        let format = WriteCsv::new("").format;
        let op = PartOp::new(&files, format, Compression::None);
        let parts = (0..2_usize).try_for_each(|number| {
            let mut slots = [Some(Value::sized(table.clone())), Some(Value::new(number))];
            op.call(Args::new(&mut slots)).map(drop)
        });
        let written = match parts {
            Ok(()) => files.finish(2, &output::concatenate).map_err(Into::into),
            Err(error) => {
                drop(files);
                Err(error.into())
            }
        };
        let left = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        (written, left)
    }

    #[test]
    fn a_full_disk_is_an_error_and_leaves_nothing() {
        for file in ["0", "1", "whole"] {
            let (written, left) = write_with_full(file);
            let error = written.unwrap_err();
            let text = format!("{error}: {}", error.source().map_or_else(String::new, ToString::to_string));
            assert!(text.contains("No space left on device") && text.contains(file), "{text}");
            assert!(left.is_empty(), "{left:?}");
        }
    }
}
