//! Bags into text files, one a partition, whole or not at all.

use std::borrow::Cow;
use std::io::{self, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Token, Unpack, Unpacked, Value, make_portable};
#[cfg(feature = "object-store")]
use dask_graph_files::StorageOptions;
use dask_graph_files::{Compression, Destination};
use serde::{Deserialize, Serialize};

use super::encoding::Encoding;
use crate::bag::Bag;
use crate::error::WriteError;
use crate::output::{Outputs, write_file};
use crate::partition::Partition;
use crate::stream::stored::Stored;
use crate::stream::{Flow, Run, Stream, for_each_lent};

mod line;

use line::AsText;

pub(crate) use line::ToLine;

/// Describes where and how to write lines of text, one file a partition.
///
/// ```
/// use dask_bag::{Bag, Compression, Partitions, WriteText};
/// use dask_graph::Collection;
///
/// let dir = tempfile::tempdir()?;
/// let to = WriteText::new(format!("{}/*.log", dir.path().display()))
///     .name_function(|i| ["monday", "tuesday"][i].to_owned())
///     .compression(Compression::Gzip)
///     .last_line_end(false);
///
/// let written = Bag::from_sequence(["a", "b", "c"], Partitions::count(2)).write_text(&to)?;
/// let paths = written.compute_with(&dask_sched_sync::Sync::new())?;
/// assert_eq!(paths, [dir.path().join("monday.log"), dir.path().join("tuesday.log")]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct WriteText {
    to: Outputs,
    compression: Option<Compression>,
    encoding: Option<String>,
    last_line_end: bool,
}

impl WriteText {
    /// Writes to files whose names follow `pattern`.
    ///
    /// A `*` in the pattern stands for the number of the partition, with leading zeros so that the names
    /// sort as the numbers do; without one, the pattern is a directory of files `0.part` and so on. Names that
    /// end in `.gz`, `.bz2`, `.xz` or `.zst` make compressed files. Directories are made as needed.
    ///
    /// With the feature `object-store` a pattern may be an URL, `s3://bucket/logs/*.gz` and so on, as for
    /// [`ReadText::new`](crate::ReadText::new). What is written there is sent in parts, and is an object when all are.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self::of(Outputs::pattern(pattern))
    }

    /// Writes to these files, one a partition. No letter in their names has a meaning.
    pub fn files<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        Self::of(Outputs::listed(paths))
    }

    fn of(to: Outputs) -> Self {
        Self { to, compression: None, encoding: None, last_line_end: true }
    }

    /// What stands for the `*` in the pattern, made of the number of the partition, from 0.
    pub fn name_function(mut self, name: impl Fn(usize) -> String + Send + Sync + 'static) -> Self {
        self.to.name = Some(Arc::new(name));
        self
    }

    /// How all of the files are compressed, whatever their names say.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    /// How the store of files named by URL is reached, as for
    /// [`ReadText::storage_options`](crate::ReadText::storage_options).
    #[cfg(feature = "object-store")]
    pub fn storage_options<K: Into<String>, V: Into<String>>(
        mut self,
        options: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.to.options = StorageOptions::new(options);
        self
    }

    /// The encoding, by a label of the Encoding Standard, as for [`ReadText`](crate::ReadText::encoding); `utf-8`
    /// unless set. No byte order mark is written.
    pub fn encoding(mut self, label: impl Into<String>) -> Self {
        self.encoding = Some(label.into());
        self
    }

    /// Whether the last line of a file has an end, too; on unless set, while dask leaves it out.
    pub fn last_line_end(mut self, end: bool) -> Self {
        self.last_line_end = end;
        self
    }

    fn format(&self) -> Result<OutputFormat, WriteError> {
        let encoding = match &self.encoding {
            Some(label) => Encoding::for_label(label).map_err(|source| WriteError::Encoding { source })?,
            None => Encoding::default(),
        };
        Ok(OutputFormat { encoding, last_line_end: self.last_line_end })
    }

    fn compression_of(&self, path: &Path) -> Result<Compression, WriteError> {
        let compression = match self.compression {
            Some(compression) => compression.built_in(),
            None => Compression::of_name(path),
        };
        compression.map_err(|source| WriteError::Compression { path: path.to_owned(), source })
    }

    /// Describes writing the lines that `L` makes of the items.
    #[track_caller]
    pub(crate) fn write<T: Clone + Send + Sync + 'static, L: ToLine<T>>(
        &self,
        bag: &Bag<T>,
    ) -> Result<Bag<PathBuf>, WriteError> {
        let format = self.format()?;
        let mut targets = Vec::with_capacity(bag.npartitions());
        for (path, to) in self.to.files(bag.npartitions())? {
            let compression = self.compression_of(&path)?;
            targets.push(Value::new(Target { path, to, compression }));
        }
        make_portable::<PathBuf>();
        make_portable::<Target>();
        let op = WriteLines::<T, L> { stream: Stored::<T>::shared(), format, lines: PhantomData };
        Ok(bag.blockwise_with(L::LABEL, Token::unique(), Arc::new(op), move |i| targets[i as usize].clone()))
    }
}

impl<T: AsRef<str> + Clone + Send + Sync + 'static> Bag<T> {
    /// Describes writing each partition to a text file; computing the result writes, and gives the paths.
    ///
    /// Short for [`write_text`](Self::write_text) with nothing set: see [`WriteText::new`] for the pattern.
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
        self.write_text(&WriteText::new(pattern))
    }

    /// Describes writing each partition to a text file; computing the result writes, and gives the paths.
    ///
    /// Every item is a line; those that end in `\n` already get no second one. A file has its name only when it
    /// is complete: lines go to a hidden file beside it first, which is then renamed, or removed if anything
    /// fails; the parts of an object to its store, which shows or forgets them. What had the name before is replaced.
    ///
    /// # Errors
    ///
    /// - When the pattern has more than one `*`, or there is a list of paths of another length than the bag.
    /// - When two partitions would be written to one file.
    /// - When the compression cannot be written, or the encoding is not known.
    /// - When the store of an URL cannot be used.
    #[track_caller]
    pub fn write_text(&self, to: &WriteText) -> Result<Bag<PathBuf>, WriteError> {
        to.write::<T, AsText>(self)
    }
}

/// One file to write.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Target {
    path: PathBuf,
    to: Destination,
    compression: Compression,
}

/// How lines are written.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct OutputFormat {
    encoding: Encoding,
    last_line_end: bool,
}

/// Writes the lines of the items of a stream to the file that is the task's last argument.
struct WriteLines<T, L> {
    stream: Arc<dyn Stream<T>>,
    format: OutputFormat,
    lines: PhantomData<fn() -> L>,
}

impl<T: Send + Sync + 'static, L: ToLine<T>> WriteLines<T, L> {
    fn write(&self, args: &mut Args<'_>, path: &Path, out: &mut dyn Write) -> Result<(), OpError> {
        let run = Run::new();
        let mut lines = LineWriter { out, format: self.format, bytes: Vec::new(), owes_end: false };
        let (mut outcome, mut item, mut buffer) = (Ok(()), 0, String::new());
        for_each_lent(&*self.stream, &run, args, |of| {
            outcome = match L::line(of, &mut buffer) {
                Ok(line) => lines.write(line).map_err(|error| error.at(path, item, self.format.encoding)),
                Err(source) => Err(WriteError::Item { path: path.to_owned(), item, source }),
            };
            item += 1;
            if outcome.is_ok() { Flow::Continue(()) } else { Flow::Break(()) }
        })?;
        run.result()?;
        outcome.map_err(OpError::failed)?;
        lines.finish().map_err(|error| OpError::failed(error.at(path, item, self.format.encoding)))
    }
}

impl<T: Send + Sync + 'static, L: ToLine<T>> Op for WriteLines<T, L> {
    fn name(&self) -> Cow<'_, str> {
        let mut names = Vec::new();
        self.stream.label(&mut names);
        names.push(L::LABEL);
        names.join("+").into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let Target { path, to, compression } = args.get::<Target>(args.len().saturating_sub(1))?.clone();
        write_file(&path, &to, compression, |out| self.write(&mut args, &path, out))?;
        Ok(Partition::new(vec![path]).into_value())
    }

    fn absorb(&self, at: usize, producer: &Arc<dyn Op>, _n_producer_args: usize) -> Option<Arc<dyn Op>> {
        if at != 0 {
            return None;
        }
        let stream = self.stream.absorb(producer, self.stream.steps())?;
        Some(Arc::new(Self { stream, format: self.format, lines: PhantomData }))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.part(|to| self.stream.pack(to))?;
        to.state(&self.format)?;
        Ok(|from| {
            let (stream, format) = (from.part()?, from.state()?);
            Ok(Unpacked::op(WriteLines::<T, L> { stream, format, lines: PhantomData }))
        })
    }

    fn output_nbytes(&self, _args: &[Arg]) -> Option<u64> {
        Some(size_of::<PathBuf>() as u64 + 64)
    }
}

/// Writes lines in an encoding.
struct LineWriter<'a> {
    out: &'a mut dyn Write,
    format: OutputFormat,
    /// The line in the encoding, where that is another.
    bytes: Vec<u8>,
    /// Whether the last line has no end yet.
    owes_end: bool,
}

/// Why a line could not be written.
enum LineError {
    Io(io::Error),
    Character(char),
}

impl LineError {
    fn at(self, path: &Path, item: u64, encoding: Encoding) -> WriteError {
        match self {
            Self::Io(source) => WriteError::io("write", path, source),
            Self::Character(character) => {
                WriteError::Character { path: path.to_owned(), item, character, encoding: encoding.name() }
            }
        }
    }
}

impl LineWriter<'_> {
    fn write(&mut self, line: &str) -> Result<(), LineError> {
        if self.owes_end {
            self.put("\n")?;
        }
        self.owes_end = !line.ends_with('\n');
        self.put(line)
    }

    fn finish(&mut self) -> Result<(), LineError> {
        if self.owes_end && self.format.last_line_end { self.put("\n") } else { Ok(()) }
    }

    fn put(&mut self, text: &str) -> Result<(), LineError> {
        if self.format.encoding.is_utf8() {
            return self.out.write_all(text.as_bytes()).map_err(LineError::Io);
        }
        self.bytes.clear();
        self.format.encoding.encode(text, &mut self.bytes).map_err(LineError::Character)?;
        self.out.write_all(&self.bytes).map_err(LineError::Io)
    }
}
