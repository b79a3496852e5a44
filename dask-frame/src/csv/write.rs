//! CSV files written.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use dask_graph::{Args, Op, OpError, Packer, Refused, Unpack, Value};
use serde::{Deserialize, Serialize};

use crate::column::{Mask, View};
use crate::error::WriteError;
use crate::input::absolute;
use crate::output::StagedFiles;
use crate::pack::pack;
use crate::table::Table;
use crate::time;

/// Returns the op that writes a partition (the first argument) as part of its number (the second).
pub(crate) fn part_op(files: &StagedFiles) -> PartOp {
    PartOp { staging: files.path().to_owned(), headers: files.is_one_a_partition() }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PartOp {
    #[serde(serialize_with = "absolute")]
    staging: PathBuf,
    /// Whether every part has a header, or the first alone.
    headers: bool,
}

impl Op for PartOp {
    fn name(&self) -> Cow<'_, str> {
        "to_csv".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let table = args.get::<Table>(0)?;
        let number = *args.get::<usize>(1)?;
        let path = self.staging.join(number.to_string());
        let write = || {
            let mut to = BufWriter::with_capacity(256 << 10, File::create(&path)?);
            write_table(table, self.headers || number == 0, &mut to)?;
            to.into_inner()?.sync_all()
        };
        write().map_err(|source| OpError::failed(WriteError::Io { path: path.clone(), source }))?;
        Ok(Value::new(()))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

/// Writes a table: texts quoted where they must be, missing values empty.
fn write_table(table: &Table, header: bool, to: &mut impl Write) -> io::Result<()> {
    let columns = table.columns().iter().map(|column| (column.view(), column.validity())).collect::<Vec<_>>();
    if header {
        for (i, name) in table.schema().names().enumerate() {
            to.write_all(if i > 0 { b"," } else { b"" })?;
            write_text(name, to)?;
        }
        to.write_all(b"\n")?;
    }
    for row in 0..table.n_rows() {
        for (i, (view, validity)) in columns.iter().enumerate() {
            if i > 0 {
                to.write_all(b",")?;
            }
            match validity.as_ref().is_none_or(|valid: &Mask| valid.get(row)) {
                true => write_value(*view, row, to)?,
                // A line with nothing on it would be skipped by readers.
                false if columns.len() == 1 => to.write_all(b"\"\"")?,
                false => {}
            }
        }
        to.write_all(b"\n")?;
    }
    Ok(())
}

fn write_value(view: View<'_>, row: usize, to: &mut impl Write) -> io::Result<()> {
    match view {
        View::Int64(values) => to.write_all(itoa::Buffer::new().format(values[row]).as_bytes()),
        View::Float64(values) => to.write_all(zmij::Buffer::new().format(values[row]).as_bytes()),
        View::Bool(values) => to.write_all(if values.get(row) { b"True" } else { b"False" }),
        View::Ticks(values, dtype) => write!(to, "{}", time::Ticks(values[row], dtype)),
        View::Utf8(values) => write_text(values.get(row), to),
    }
}

fn write_text(text: &str, to: &mut impl Write) -> io::Result<()> {
    let structural = |byte: u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
    if !text.is_empty() && !text.bytes().any(structural) {
        return to.write_all(text.as_bytes());
    }
    to.write_all(b"\"")?;
    to.write_all(text.replace('"', "\"\"").as_bytes())?;
    to.write_all(b"\"")
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
        let files = StagedFiles::prepare(&dir.path().join("out.csv")).unwrap();
        symlink("/dev/full", files.path().join(on_full_disk)).unwrap();
        let table = Table::new([("n", Column::from(vec![1, 2, 3]))]).unwrap();
        let op = part_op(&files);
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
