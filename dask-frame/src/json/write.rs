//! Frames written as JSON lines.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::{
    Args, ComputeError, Op, OpError, Packer, Refused, RunOptions, Scheduler, Unpack, Value, installed,
};
use serde::{Deserialize, Serialize};

use crate::column::{Mask, Scalar, View};
use crate::compression::Compression;
use crate::error::WriteError;
use crate::frame::DataFrame;
use crate::input::absolute;
use crate::output::StagedFiles;
use crate::pack::pack;
use crate::table::Table;

impl DataFrame {
    /// Writes the frame as JSON lines, an object a row, with the installed scheduler.
    ///
    /// `path` is one file, or has a `*` in its file name and is one file a partition, in which `*` is the partition's
    /// number; as with [`to_csv`](DataFrame::to_csv) the files appear when all are complete, or not at all, packed as
    /// the end of their name says. Missing values are `null`, and so are infinite floats, which JSON does not have;
    /// dates, times and durations are texts.
    ///
    /// # Errors
    ///
    /// - `Io` if the destination cannot be written, `BadPattern` if `path` is no file name or has several `*`,
    ///   `CompressionOff` if the feature of its compression is.
    /// - `Compute` if a partition cannot be computed or written.
    pub fn to_json(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        let installed = installed().ok_or(ComputeError::NoScheduler)?;
        self.to_json_opts(path.as_ref(), &installed.scheduler, &installed.options)
    }

    /// [`to_json`](DataFrame::to_json) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`to_json`](DataFrame::to_json).
    ///
    /// # Examples
    ///
    /// ```
    /// # use dask_frame::{Column, DataFrame};
    /// # let dir = tempfile::tempdir()?;
    /// let frame = DataFrame::from_columns([("name", Column::from(vec![Some("a \"b\""), None]))], 2)?;
    /// let path = dir.path().join("names.jsonl");
    /// frame.to_json_with(&path, &dask_sched_sync::Sync::new())?;
    /// assert_eq!(std::fs::read_to_string(&path)?, "{\"name\":\"a \\\"b\\\"\"}\n{\"name\":null}\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_json_with(&self, path: impl AsRef<Path>, scheduler: &dyn Scheduler) -> Result<(), WriteError> {
        self.to_json_opts(path.as_ref(), scheduler, &RunOptions::default())
    }

    fn to_json_opts(
        &self,
        path: &Path,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<(), WriteError> {
        let compression = Compression::to_write(path, None)?;
        let files = StagedFiles::prepare(path)?;
        let op = Arc::new(PartOp { staging: files.path().to_owned(), compression });
        files.write("to_json", op, self, scheduler, options)
    }
}

/// Writes a partition (the first argument) as part of its number (the second).
#[derive(Debug, Serialize, Deserialize)]
struct PartOp {
    #[serde(serialize_with = "absolute")]
    staging: PathBuf,
    compression: Compression,
}

impl Op for PartOp {
    fn name(&self) -> Cow<'_, str> {
        "to_json".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = args.get::<Table>(0)?;
        let path = self.staging.join(args.get::<usize>(1)?.to_string());
        let written = self.compression.create(&path, |to| write_table(table, to));
        written.map_err(|source| OpError::failed(WriteError::Io { path, source }))?;
        Ok(Value::new(()))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

fn write_table(table: &Table, to: &mut impl Write) -> io::Result<()> {
    // `{"a":`, `,"b":` and so on, made once.
    let mut columns = Vec::new();
    for (at, (name, column)) in table.schema().names().zip(table.columns()).enumerate() {
        let name = serde_json::to_string(name)?;
        let before = format!("{}{name}:", if at == 0 { '{' } else { ',' });
        columns.push((before, column, column.view(), column.validity()));
    }
    for row in 0..table.n_rows() {
        if columns.is_empty() {
            to.write_all(b"{")?;
        }
        for (before, column, view, validity) in &columns {
            to.write_all(before.as_bytes())?;
            if validity.as_ref().is_some_and(|valid: &Mask| !valid.get(row)) {
                to.write_all(b"null")?;
                continue;
            }
            match view {
                View::Int64(values) => to.write_all(itoa::Buffer::new().format(values[row]).as_bytes())?,
                View::Float64(values) => match values[row].is_finite() {
                    true => to.write_all(zmij::Buffer::new().format(values[row]).as_bytes())?,
                    false => to.write_all(b"null")?,
                },
                View::Bool(values) => to.write_all(if values.get(row) { b"true" } else { b"false" })?,
                View::Utf8(values) => serde_json::to_writer(&mut *to, values.get(row))?,
                View::Ticks(..) => {
                    let value: Scalar = column.get(row);
                    write!(to, "\"{value}\"")?;
                }
            }
        }
        to.write_all(b"}\n")?;
    }
    Ok(())
}
