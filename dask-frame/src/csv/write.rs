//! CSV files written: parts beside the destination first, which then appears as a whole or not at all.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dask_graph::{Args, Collection, Op, OpError, Packer, Refused, RunOptions, Scheduler, Unpack, Value};
use serde::{Deserialize, Serialize};

use crate::column::{Mask, View};
use crate::error::WriteError;
use crate::input::absolute;
use crate::output::write_parts;
use crate::pack::pack;
use crate::table::Table;
use crate::time;

/// Where a frame is written.
#[derive(Debug)]
pub(crate) struct Destination {
    target: Target,
    /// A directory beside the target that holds the parts until all are there.
    staging: PathBuf,
}

#[derive(Debug)]
enum Target {
    One(PathBuf),
    /// A file a partition: what stands before and after its number.
    Each {
        dir: PathBuf,
        before: String,
        after: String,
    },
}

static STAGED: AtomicU64 = AtomicU64::new(0);

impl Destination {
    /// Prepares to write `path`, in whose file name a `*` stands for the number of the partition.
    pub(crate) fn prepare(path: &Path) -> Result<Self, WriteError> {
        let bad = || WriteError::BadPattern { pattern: path.display().to_string() };
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(bad)?;
        let dir = match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir.to_owned(),
            _ => PathBuf::from("."),
        };
        let target = match name.split('*').collect::<Vec<_>>()[..] {
            [_] => Target::One(path.to_owned()),
            [before, after] => Target::Each { dir: dir.clone(), before: before.into(), after: after.into() },
            _ => return Err(bad()),
        };
        let number = STAGED.fetch_add(1, Ordering::Relaxed);
        let staging =
            dir.join(format!(".{}.partial-{}-{number}", name.replace('*', "_"), std::process::id()));
        fs::create_dir(&staging).map_err(|source| WriteError::Io { path: dir, source })?;
        Ok(Self { target, staging })
    }

    fn part(&self, number: usize) -> PathBuf {
        self.staging.join(number.to_string())
    }

    /// Returns where parts are written meanwhile, each under its number.
    #[cfg(feature = "json")]
    pub(crate) fn staging(&self) -> &Path {
        &self.staging
    }

    /// Has `op` [write every partition](write_parts), and puts the files in their place.
    pub(crate) fn write(
        self,
        label: &str,
        op: Arc<dyn Op>,
        partitions: &impl Collection,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<(), WriteError> {
        let n = write_parts(label, op, partitions, scheduler, options)?;
        self.finish(n)
    }

    /// Puts `n` written parts in their place.
    fn finish(self, n: usize) -> Result<(), WriteError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| WriteError::Io { path, source }
        };
        match &self.target {
            Target::One(path) => {
                let whole = self.staging.join("whole");
                self.join_parts(n, &whole).map_err(at(&whole))?;
                fs::rename(&whole, path).map_err(at(path))
            }
            Target::Each { dir, before, after } => {
                let width = n.saturating_sub(1).to_string().len();
                let mut placed = Vec::new();
                for number in 0..n {
                    let path = dir.join(format!("{before}{number:0width$}{after}"));
                    if let Err(error) = fs::rename(self.part(number), &path) {
                        // All or nothing: what is in place goes again. Why it could not go is no news.
                        placed.iter().for_each(|path| drop(fs::remove_file(path)));
                        return Err(at(&path)(error));
                    }
                    placed.push(path);
                }
                Ok(())
            }
        }
    }

    fn join_parts(&self, n: usize, to: &Path) -> io::Result<()> {
        let mut whole = File::create(to)?;
        for number in 0..n {
            let part = self.part(number);
            io::copy(&mut File::open(&part)?, &mut whole)?;
            fs::remove_file(part)?;
        }
        whole.sync_all()
    }
}

impl Drop for Destination {
    fn drop(&mut self) {
        // Nothing that could be done about it would help: the parts are hidden and named as such.
        drop(fs::remove_dir_all(&self.staging));
    }
}

/// Returns the op that writes a partition (the first argument) as part of its number (the second).
pub(crate) fn part_op(destination: &Destination) -> PartOp {
    let headers = matches!(destination.target, Target::Each { .. });
    PartOp { staging: destination.staging.clone(), headers }
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
        let destination = Destination::prepare(&dir.path().join("out.csv")).unwrap();
        symlink("/dev/full", destination.staging.join(on_full_disk)).unwrap();
        let table = Table::new([("n", Column::from(vec![1, 2, 3]))]).unwrap();
        let op = part_op(&destination);
        let parts = (0..2_usize).try_for_each(|number| {
            let mut slots = [Some(Value::sized(table.clone())), Some(Value::new(number))];
            op.call(Args::new(&mut slots)).map(drop)
        });
        let written = match parts {
            Ok(()) => destination.finish(2).map_err(Into::into),
            Err(error) => {
                drop(destination);
                Err(error.into())
            }
        };
        let left = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
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
