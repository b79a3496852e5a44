//! CSV files written.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use dask_graph::{
    Args, ComputeError, Op, OpError, Packer, Refused, RunOptions, Scheduler, Unpack, Value, installed,
};
use dask_graph_files::{Compression, StorageOptions};
use serde::{Deserialize, Serialize};

use crate::column::{Mask, View};
use crate::error::{FrameError, WriteError};
use crate::frame::DataFrame;
use crate::input::storage_options;
use crate::output::{self, Parts, StagedFiles};
use crate::pack::pack;
use crate::table::Table;
use crate::time;

/// How a frame is written to CSV files: a builder, finished by [`write`](WriteCsv::write).
///
/// The path is one file, or has a `*` in its file name and is one file a partition, in which `*` is the partition's
/// number. Partitions are written as they are made to a hidden directory beside the destination, whose files appear when
/// all are complete, or not at all. Texts are quoted where they must be.
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
    compression: Option<Compression>,
}

/// What a file looks like.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Format {
    separator: u8,
    header: bool,
    na: String,
    /// How many digits a float has behind the point; as many as tell it from its neighbours if nothing is said.
    decimals: Option<u8>,
}

impl WriteCsv {
    /// Writes to this file, or these files.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let format = Format { separator: b',', header: true, na: String::new(), decimals: None };
        Self { path: path.into(), options: StorageOptions::default(), format, compression: None }
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
    /// - `Frame` if the separator is a quote or ends a line, or a column has lists.
    /// - `Compute` if a partition cannot be computed or written.
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
        if matches!(self.format.separator, b'"' | b'\n' | b'\r') {
            let problem = "the separator must neither be a quote nor end a line".into();
            return Err(FrameError::BadArgument { operation: "to_csv", problem }.into());
        }
        if let Some(list) = frame.schema().fields().iter().find(|field| field.dtype().item().is_some()) {
            let (operation, expr, got) = ("to_csv", list.name().to_owned(), list.dtype());
            let expected = "a value for one cell, like a text that `lists().join` makes";
            return Err(FrameError::WrongType { operation, expr, got, expected }.into());
        }
        let compression = output::compression(&self.path, self.compression)?;
        let files = StagedFiles::prepare(&self.path, &self.options, frame.n_partitions())?;
        let op = PartOp::new(&files, self.format.clone(), compression);
        files.write("to_csv", Arc::new(op), frame, scheduler, options)
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

impl Format {
    fn write_table(&self, table: &Table, header: bool, to: &mut impl Write) -> io::Result<()> {
        let columns = table.columns().iter().map(|column| (column.view(), column.validity()));
        let columns = columns.collect::<Vec<_>>();
        let separator = [self.separator];
        if header {
            for (i, name) in table.schema().names().enumerate() {
                to.write_all(if i > 0 { &separator } else { b"" })?;
                self.write_text(name, to)?;
            }
            to.write_all(b"\n")?;
        }
        for row in 0..table.n_rows() {
            for (i, (view, validity)) in columns.iter().enumerate() {
                if i > 0 {
                    to.write_all(&separator)?;
                }
                match validity.as_ref().is_none_or(|valid: &Mask| valid.get(row)) {
                    true => self.write_value(*view, row, to)?,
                    // A line with nothing on it would be skipped by readers.
                    false if columns.len() == 1 || !self.na.is_empty() => self.write_text(&self.na, to)?,
                    false => {}
                }
            }
            to.write_all(b"\n")?;
        }
        Ok(())
    }

    fn write_value(&self, view: View<'_>, row: usize, to: &mut impl Write) -> io::Result<()> {
        match (view, self.decimals) {
            (View::Int64(values), _) => to.write_all(itoa::Buffer::new().format(values[row]).as_bytes()),
            (View::Float64(values), None) => to.write_all(zmij::Buffer::new().format(values[row]).as_bytes()),
            (View::Float64(values), Some(n)) => write!(to, "{:.*}", usize::from(n), values[row]),
            (View::Bool(values), _) => to.write_all(if values.get(row) { b"True" } else { b"False" }),
            (View::Ticks(values, dtype), _) => write!(to, "{}", time::Ticks(values[row], dtype.clone())),
            (View::Utf8(values), _) => self.write_text(values.get(row), to),
            (View::List(_), _) => unreachable!("lists were refused before anything was written"),
        }
    }

    fn write_text(&self, text: &str, to: &mut impl Write) -> io::Result<()> {
        let structural = |byte: u8| byte == self.separator || matches!(byte, b'"' | b'\n' | b'\r');
        if !text.is_empty() && !text.bytes().any(structural) {
            return to.write_all(text.as_bytes());
        }
        to.write_all(b"\"")?;
        to.write_all(text.replace('"', "\"\"").as_bytes())?;
        to.write_all(b"\"")
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
            Ok(()) => files.finish(2).map_err(Into::into),
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
