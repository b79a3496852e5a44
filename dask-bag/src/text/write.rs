//! Bags of lines into text files, one a partition, whole or not at all.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Token, Unpack, Unpacked, Value, make_portable};

use super::compression::Compression;
use crate::bag::Bag;
use crate::error::WriteError;
use crate::partition::Partition;
use crate::stream::stored::Stored;
use crate::stream::{Flow, Run, Stream};

impl<T: AsRef<str> + Clone + Send + Sync + 'static> Bag<T> {
    /// Describes writing each partition to a text file; computing the result writes, and gives the paths.
    ///
    /// A `*` in the pattern stands for the number of the partition, with leading zeros so that the names
    /// sort as the numbers do; without one, the pattern is a directory of files `0.part` and so on. Names
    /// that end in `.gz` make gzip files. Directories are made as needed. Every item is a line; those that
    /// end in `\n` already get no second one.
    ///
    /// A file has its name only when it is complete: lines go to a hidden file beside it first, which is
    /// then renamed, or removed if anything fails. What had the name before is replaced.
    ///
    /// # Errors
    ///
    /// - When the pattern has more than one `*`, or its end stands for a compression that cannot be
    ///   written.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions, read_text};
    /// use dask_graph::Collection;
    ///
    /// let sync = dask_sched_sync::Sync::new();
    /// let dir = tempfile::tempdir()?;
    /// let pattern = format!("{}/part-*.txt.gz", dir.path().display());
    ///
    /// let written = Bag::from_sequence(["a", "b", "c"], Partitions::count(2)).to_textfiles(&pattern)?;
    /// assert_eq!(written.compute_with(&sync)?, [dir.path().join("part-0.txt.gz"), dir.path().join("part-1.txt.gz")]);
    /// assert_eq!(read_text(&pattern)?.compute_with(&sync)?, ["a", "b", "c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn to_textfiles(&self, pattern: &str) -> Result<Bag<PathBuf>, WriteError> {
        let pattern = match pattern.matches('*').count() {
            0 => Path::new(pattern).join("*.part").to_string_lossy().into_owned(),
            1 => pattern.to_owned(),
            _ => return Err(WriteError::Pattern { pattern: pattern.to_owned() }),
        };
        let compression = Compression::of(Path::new(&pattern))
            .map_err(|source| WriteError::Compression { path: PathBuf::from(&pattern), source })?;
        make_portable::<PathBuf>();
        let width = self.npartitions().saturating_sub(1).max(1).ilog10() as usize + 1;
        let path = move |i: u32| Value::new(PathBuf::from(pattern.replace('*', &format!("{i:0width$}"))));
        let op = Arc::new(WriteLines { stream: Stored::<T>::shared(), compression });
        Ok(self.blockwise_with("to_textfiles", Token::unique(), op, path))
    }
}

/// Writes the items of a stream to the file that is the task's last argument.
struct WriteLines<T> {
    stream: Arc<dyn Stream<T>>,
    compression: Compression,
}

impl<T: AsRef<str> + Send + Sync + 'static> Op for WriteLines<T> {
    fn name(&self) -> Cow<'_, str> {
        let mut names = Vec::new();
        self.stream.label(&mut names);
        names.push("to_textfiles");
        names.join("+").into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let path = args.get::<PathBuf>(args.len().saturating_sub(1))?.clone();
        let run = Run::new();
        let mut outcome = Ok(());
        let file = Unfinished::beside(&path).map_err(OpError::failed)?;
        let lines = |out: &mut dyn Write| -> Result<(), OpError> {
            self.stream.drive(&run, &mut args, &mut |line| {
                outcome = write_line(out, line.as_ref());
                if outcome.is_ok() { Flow::Continue(()) } else { Flow::Break(()) }
            })?;
            run.result()?;
            outcome.map_err(|e| OpError::failed(WriteError::io("write", &path, e)))
        };
        file.write(self.compression, lines)?.rename().map_err(OpError::failed)?;
        Ok(Partition::new(vec![path]).into_value())
    }

    fn absorb(&self, at: usize, producer: &Arc<dyn Op>, _n_producer_args: usize) -> Option<Arc<dyn Op>> {
        if at != 0 {
            return None;
        }
        let stream = self.stream.absorb(producer, self.stream.steps())?;
        Some(Arc::new(Self { stream, compression: self.compression }))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.part(|to| self.stream.pack(to))?;
        to.state(&self.compression)?;
        Ok(|from| {
            let stream: Arc<dyn Stream<T>> = from.part()?;
            Ok(Unpacked::op(WriteLines { stream, compression: from.state()? }))
        })
    }

    fn output_nbytes(&self, _args: &[Arg]) -> Option<u64> {
        Some(size_of::<PathBuf>() as u64 + 64)
    }
}

fn write_line(out: &mut dyn Write, line: &str) -> io::Result<()> {
    out.write_all(line.as_bytes())?;
    if line.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") }
}

/// A file that is removed again unless it gets its name.
struct Unfinished {
    file: File,
    path: PathBuf,
    name: PathBuf,
    renamed: bool,
}

impl Unfinished {
    /// A hidden file in the directory of `name`, which is made if need be.
    fn beside(name: &Path) -> Result<Self, WriteError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let directory = name.parent().unwrap_or(Path::new(""));
        if !directory.as_os_str().is_empty() {
            fs::create_dir_all(directory).map_err(|e| WriteError::io("make the directory", directory, e))?;
        }
        let mut hidden = OsString::from(".");
        hidden.push(name.file_name().unwrap_or_default());
        hidden.push(format!(".{}-{}.unfinished", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let path = directory.join(hidden);
        let file = File::create_new(&path).map_err(|e| WriteError::io("create", &path, e))?;
        Ok(Self { file, path, name: name.to_owned(), renamed: false })
    }

    /// Lets `content` write, through the compression.
    fn write(
        self,
        compression: Compression,
        content: impl FnOnce(&mut dyn Write) -> Result<(), OpError>,
    ) -> Result<Self, OpError> {
        let failed = |e| OpError::failed(WriteError::io("write", &self.name, e));
        let mut out = BufWriter::with_capacity(64 << 10, &self.file);
        compression.pack(&mut out, failed, content)?;
        out.flush().map_err(failed)?;
        drop(out);
        Ok(self)
    }

    /// Gives the file its name.
    fn rename(mut self) -> Result<(), WriteError> {
        // Data first: after a crash of the machine the name must not stand for an empty file.
        self.file.sync_data().map_err(|e| WriteError::io("write", &self.name, e))?;
        fs::rename(&self.path, &self.name).map_err(|e| WriteError::io("create", &self.name, e))?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.renamed {
            // Best effort, on the way out of another failure, which is the one to report.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_an_error_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (path, name) = (dir.path().join(".hidden"), dir.path().join("out.txt"));
        for compression in [Compression::None, Compression::Gzip] {
            // Few lines fail when the buffer is written out at the end, many in between.
            for lines in [1, 1_000_000] {
                fs::write(&path, "").unwrap();
                let file = File::options().write(true).open("/dev/full").unwrap();
                let full = Unfinished { file, path: path.clone(), name: name.clone(), renamed: false };
                let outcome = full.write(compression, |out| {
                    (0..lines)
                        .try_for_each(|n| write_line(out, &n.to_string()))
                        .map_err(|e| OpError::failed(WriteError::io("write", &name, e)))
                });
                let Err(OpError::Failed(error)) = outcome.map(drop) else { panic!("no error") };
                assert_eq!(error.to_string(), format!("could not write {}", name.display()));
                assert!(error.source().unwrap().to_string().contains("No space left"));
                assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
            }
        }
    }
}
