//! Frames written as JSON lines.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::{
    Args, ComputeError, Op, OpError, Packer, Refused, RunOptions, Scheduler, Unpack, Value, installed,
};
use dask_graph_files::{Compression, StorageOptions};
use serde::{Deserialize, Serialize};

use crate::column::{Column, Mask, Numbers, View};
use crate::error::WriteError;
use crate::frame::DataFrame;
use crate::input::storage_options;
use crate::output::{self, Parts, StagedFiles};
use crate::pack::pack;
use crate::table::Table;

/// How a frame is written as JSON lines, an object a row: a builder, finished by [`write`](WriteJson::write).
///
/// The path is one file, or has a `*` in its file name and is one file a partition, in which `*` is the partition's
/// number; as with [`WriteCsv`](crate::WriteCsv) the files appear when all are complete, or not at all. Missing values are
/// `null`, and so are infinite floats, which JSON does not have; dates, times and durations are texts.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, Compression, DataFrame, WriteJson, read_json};
/// # use dask_graph::Collection;
/// # use dask_sched_sync::Sync;
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("names.jsonl");
/// let frame = DataFrame::from_columns([("name", Column::from(vec![Some("a \"b\""), None]))], 2)?;
/// WriteJson::new(&path).compression(Compression::Gzip).write_with(&frame, &Sync::new())?;
/// let again = read_json(path.to_str().unwrap()).open()?.compute_with(&Sync::new())?;
/// assert_eq!(again, frame.compute_with(&Sync::new())?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is written before `write`"]
pub struct WriteJson {
    path: PathBuf,
    options: StorageOptions,
    compression: Option<Compression>,
}

impl WriteJson {
    /// Writes to this file, or these files.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), options: StorageOptions::default(), compression: None }
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
    /// - `Io` if the destination cannot be written, `File` if its store cannot be used, `BadPattern` if the path is no
    ///   file name or has several `*`.
    /// - `Compression` if it is not known, or its feature is off.
    /// - `Compute` if a partition cannot be computed or written.
    pub fn write(&self, frame: &DataFrame) -> Result<(), WriteError> {
        let installed = installed().ok_or(ComputeError::NoScheduler)?;
        self.write_opts(frame, &installed.scheduler, &installed.options)
    }

    /// [`write`](WriteJson::write) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`write`](WriteJson::write).
    pub fn write_with(&self, frame: &DataFrame, scheduler: &dyn Scheduler) -> Result<(), WriteError> {
        self.write_opts(frame, scheduler, &RunOptions::default())
    }

    fn write_opts(
        &self,
        frame: &DataFrame,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<(), WriteError> {
        let compression = output::compression(&self.path, self.compression)?;
        let files = StagedFiles::prepare(&self.path, &self.options, frame.n_partitions())?;
        let op = Arc::new(PartOp { parts: files.parts(), compression });
        let written = output::write_parts("to_json", op, frame, scheduler, options);
        files.put(written, &output::concatenate)
    }
}

impl DataFrame {
    /// Writes the frame as JSON lines, an object a row, with the installed scheduler.
    ///
    /// [`WriteJson`] has options, and says how it is done.
    ///
    /// # Errors
    ///
    /// As [`WriteJson::write`].
    pub fn to_json(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        WriteJson::new(path.as_ref()).write(self)
    }

    /// [`to_json`](DataFrame::to_json) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`WriteJson::write`].
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
        WriteJson::new(path.as_ref()).write_with(self, scheduler)
    }
}

/// Writes a partition (the first argument) as part of its number (the second).
#[derive(Debug, Serialize, Deserialize)]
struct PartOp {
    parts: Parts,
    compression: Compression,
}

impl Op for PartOp {
    fn name(&self) -> Cow<'_, str> {
        "to_json".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = args.get::<Table>(0)?;
        let written = self.parts.write(*args.get::<usize>(1)?, self.compression, |to| write_table(table, to));
        written.map_err(OpError::failed)?;
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
            write_value(column, (*view, validity.as_ref()), row, to)?;
        }
        to.write_all(b"}\n")?;
    }
    Ok(())
}

/// Writes a value of a column, which was looked into before.
fn write_value(
    column: &Column,
    (view, validity): (View<'_>, Option<&Mask>),
    row: usize,
    to: &mut impl Write,
) -> io::Result<()> {
    if validity.is_some_and(|valid| !valid.get(row)) {
        return to.write_all(b"null");
    }
    match view {
        View::Int64(values) => to.write_all(itoa::Buffer::new().format(values[row]).as_bytes()),
        View::Float64(values) => match values[row].is_finite() {
            true => to.write_all(zmij::Buffer::new().format(values[row]).as_bytes()),
            false => to.write_all(b"null"),
        },
        View::Numbers(Numbers::Float32(values)) if !values.value(row).is_finite() => to.write_all(b"null"),
        View::Numbers(numbers) => numbers.as_text(row, |text| to.write_all(text.as_bytes())),
        View::Bool(values) => to.write_all(if values.get(row) { b"true" } else { b"false" }),
        View::Utf8(values) => Ok(serde_json::to_writer(to, values.get(row))?),
        View::Ticks(..) => write!(to, "\"{}\"", column.get(row)),
        View::List(lists) => {
            to.write_all(b"[")?;
            let (values, range) = (lists.values(), lists.range(row));
            let (view, validity) = (values.view(), values.validity());
            for (at, row) in range.enumerate() {
                to.write_all(if at > 0 { b"," } else { b"" })?;
                write_value(values, (view, validity.as_ref()), row, to)?;
            }
            to.write_all(b"]")
        }
    }
}
