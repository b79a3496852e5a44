//! Lines of text files as bags, and bags of lines as text files.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::{
    Arg, Args, Name, Op, OpError, Packer, Refused, Token, Tokenizer, Unpack, Value, make_pair_portable,
    make_portable,
};
#[cfg(feature = "object-store")]
use dask_graph_files::StorageOptions;
use dask_graph_files::{Compression, InputFile};

use crate::bag::Bag;
use crate::error::ReadError;
use crate::input::Inputs;
use crate::stream::{Collect, Flow, Pipeline, Run, Stream, unpacked};

mod block;
mod encoding;
mod format;
mod item;
#[cfg(feature = "json")]
mod json;
mod lines;
mod write;

use block::{Block, Blocks};
use encoding::{Encoding, overlaps_itself};
use format::LineFormat;
use item::FromLine;

#[cfg(feature = "avro")]
pub(crate) use lines::{LineEnd, Lines};

#[cfg(feature = "json")]
pub use json::{BadLine, JsonError, read_json};
pub use write::WriteText;

/// A bag of the lines of the files that match `pattern`, one partition a file.
///
/// Short for [`ReadText`] with nothing set.
///
/// # Errors
///
/// - When no file matches, or one cannot be looked up.
#[track_caller]
pub fn read_text(pattern: &str) -> Result<Bag<String>, ReadError> {
    ReadText::new(pattern).lines()
}

/// Describes how to read lines of text files.
///
/// Files are read when the bag is computed, through a small buffer. Those whose names end in `.gz`, `.bz2`,
/// `.xz` or `.zst` are decompressed on the way, one partition a file ([`Compression`] tells what this needs). The
/// others are cut into blocks, if a block size is given; a line belongs to the block in which it starts. Names
/// and contents count as the same as long as path, size and time of change do; a file that changed since is an
/// error when it is read.
///
/// ```
/// use dask_bag::ReadText;
/// use dask_graph::Collection;
///
/// let dir = tempfile::tempdir()?;
/// std::fs::write(dir.path().join("a.txt"), "one\ntwo\r\n")?;
/// std::fs::write(dir.path().join("b.txt"), "three")?;
///
/// let lines = ReadText::new(format!("{}/*.txt", dir.path().display())).blocksize(4).lines()?;
/// assert_eq!(lines.compute_with(&dask_sched_sync::Sync::new())?, ["one", "two", "three"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct ReadText {
    inputs: Inputs,
    blocksize: Option<u64>,
    files_per_partition: Option<usize>,
    compression: Option<Compression>,
    encoding: Option<String>,
    format: LineFormat,
}

impl ReadText {
    /// Reads the files that match `pattern`, sorted by name.
    ///
    /// `*` stands for any letters but `/`, `**` for any directories, `?` for one letter, `[a-c]` for one of
    /// these.
    ///
    /// With the feature `object-store` a pattern may be an URL: of S3 (`s3://bucket/logs/*.gz`), of Google Cloud
    /// Storage (`gs://`), of Azure (`az://container/`), of a web server (`https://`, one file each), or of a file
    /// (`file:///`). One that ends in `/` means all objects whose names begin so. Blocks are read by requests for
    /// ranges, which are tried again when they fail on the way; `storage_options` tells how stores are reached.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self::patterns([pattern])
    }

    /// Reads the files that match the patterns, pattern by pattern, each sorted by name.
    ///
    /// A file that several patterns match is read once, where it comes first.
    pub fn patterns<P: Into<String>>(patterns: impl IntoIterator<Item = P>) -> Self {
        Self::of(Inputs::matching(patterns))
    }

    /// Reads these files, in this order. No letter in their names has a meaning.
    pub fn files<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        Self::of(Inputs::listed(paths))
    }

    fn of(inputs: Inputs) -> Self {
        Self {
            inputs,
            blocksize: None,
            files_per_partition: None,
            compression: None,
            encoding: None,
            format: LineFormat::default(),
        }
    }

    /// Cuts files that are not compressed into blocks of about so many bytes, each a partition.
    pub fn blocksize(mut self, bytes: u64) -> Self {
        self.blocksize = Some(bytes);
        self
    }

    /// Reads `n` whole files a partition, the last one having the rest: for many small files. 1 unless set.
    pub fn files_per_partition(mut self, n: usize) -> Self {
        self.files_per_partition = Some(n);
        self
    }

    /// How all of the files are compressed, whatever their names say.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
        self
    }

    /// The encoding, by a label of the [Encoding Standard](https://encoding.spec.whatwg.org/#names-and-labels):
    /// `utf-8`, which it is unless set, `utf-16le`, `windows-1252`, `shift_jis`, …
    ///
    /// As everywhere in that standard, `latin1` is another name of `windows-1252`, in which the bytes 0x80 to 0x9f
    /// are letters such as `€`. A byte order mark at the beginning of a file of UTF-8 or UTF-16 is no text, and
    /// decides which form of UTF-16 the file has. Of the encodings of the standard only `iso-2022-jp` cannot be
    /// read, where what a line means depends on the one before.
    pub fn encoding(mut self, label: impl Into<String>) -> Self {
        self.encoding = Some(label.into());
        self
    }

    /// What ends a line, instead of `\n` or `\r\n`: exactly these bytes, in the encoding of the files.
    ///
    /// In files of UTF-8 any bytes will do, elsewhere they must be text.
    ///
    /// ```
    /// use dask_bag::ReadText;
    /// use dask_graph::Collection;
    ///
    /// let dir = tempfile::tempdir()?;
    /// std::fs::write(dir.path().join("found"), "a file\0a name\nof two lines\0")?;
    ///
    /// let names = ReadText::files([dir.path().join("found")]).line_delimiter(b"\0").lines()?;
    /// assert_eq!(names.compute_with(&dask_sched_sync::Sync::new())?, ["a file", "a name\nof two lines"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn line_delimiter(mut self, delimiter: impl AsRef<[u8]>) -> Self {
        self.format.delimiter = Some(delimiter.as_ref().to_vec());
        self
    }

    /// How the stores of files named by URL are reached: endpoints, regions, keys, time limits.
    ///
    /// The keys are those of the crate `object_store`, `aws_access_key_id`, `endpoint`, `allow_http` and so on, for
    /// the kind of store that the URL names. Nothing is taken from the environment; without keys that library asks
    /// the machine that it runs on for some, unless `skip_signature` says that there are none. Values are kept in
    /// the graph and go to the processes that read, but are never shown.
    #[cfg(feature = "object-store")]
    pub fn storage_options<K: Into<String>, V: Into<String>>(
        mut self,
        options: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.inputs.options = StorageOptions::new(options);
        self
    }

    /// Whether lines keep their ends, as in dask; off unless set.
    ///
    /// Off, lines are as [`BufRead::lines`](std::io::BufRead::lines) gives them. That is the default here
    /// because the last line of a file may have no end: a key cut from its tail would then differ from the
    /// same key in another line, and numbers would not parse.
    pub fn keep_line_ends(mut self, keep: bool) -> Self {
        self.format.keep_line_ends = keep;
        self
    }

    /// Whether bytes that are no text in the encoding are replaced by `�`; off unless set, when they are an
    /// error.
    pub fn lossy(mut self, lossy: bool) -> Self {
        self.format.lossy = lossy;
        self
    }

    /// A bag of the lines.
    ///
    /// # Errors
    ///
    /// - When a pattern is not valid or no file matches it, or the list is empty.
    /// - When a file is missing, is a directory, or has a compression that cannot be read.
    /// - When the block size or the number of files a partition is 0, or both are set.
    /// - When the encoding is not known, or the delimiter is empty, cannot be told from other text in the
    ///   encoding, or overlaps itself and there is a block size.
    #[track_caller]
    pub fn lines(&self) -> Result<Bag<String>, ReadError> {
        self.build(Some("lines"), item::Text)
    }

    /// A bag of the lines with the path of the file in which each stands.
    ///
    /// # Errors
    ///
    /// - As [`lines`](Self::lines).
    #[track_caller]
    pub fn lines_with_path(&self) -> Result<Bag<(Arc<Path>, String)>, ReadError> {
        make_portable::<Arc<Path>>();
        make_pair_portable::<Arc<Path>, String>();
        self.build(Some("lines_with_path"), item::WithPath)
    }

    /// A bag of what `f` makes of each line, without a `String` in between.
    ///
    /// # Errors
    ///
    /// - As [`lines`](Self::lines).
    #[track_caller]
    pub fn map_lines<U>(&self, f: impl Fn(&str) -> U + Send + Sync + 'static) -> Result<Bag<U>, ReadError>
    where
        U: Send + Sync + 'static,
    {
        self.build(None, item::Mapped(f))
    }

    /// A bag of what `f` makes of each line, where `f` may fail.
    ///
    /// The first failure ends the run; its error is an [`ItemError`](crate::ItemError) with file and line.
    ///
    /// # Errors
    ///
    /// - As [`lines`](Self::lines).
    #[track_caller]
    pub fn try_map_lines<U, E>(
        &self,
        f: impl Fn(&str) -> Result<U, E> + Send + Sync + 'static,
    ) -> Result<Bag<U>, ReadError>
    where
        U: Send + Sync + 'static,
        E: Into<Box<dyn Error + Send + Sync>> + 'static,
    {
        self.build(None, item::TryMapped(f))
    }

    /// `meaning` names what `make` does, if that is the same for every reading.
    #[track_caller]
    fn build<U, M>(&self, meaning: Option<&str>, make: M) -> Result<Bag<U>, ReadError>
    where
        U: Send + Sync + 'static,
        M: FromLine<U>,
    {
        let format = self.format()?;
        let files = self.inputs.find(self.compression)?;
        let partitions = self.partitions(&files, format.encoding.unit() as u64)?;
        let token = match meaning {
            Some(meaning) => self.token(meaning, &files),
            None => Token::unique(),
        };
        let name = Name::from_token(M::LABEL, token);
        let op = Pipeline::op(Reading { format, make: Arc::new(make) }, Collect);
        Ok(Bag::from_source(name, op, partitions))
    }

    /// Encoding and line ends, checked.
    fn format(&self) -> Result<LineFormat, ReadError> {
        let refused = |source| ReadError::Encoding { source };
        let encoding = match &self.encoding {
            Some(label) => Encoding::for_label(label).map_err(refused)?,
            None => Encoding::default(),
        };
        let format = LineFormat { encoding, ..self.format.clone() };
        let end_of_line = format.end_of_line().map_err(refused)?;
        if self.blocksize.is_some() && overlaps_itself(end_of_line.bytes()) {
            let delimiter = format.delimiter.unwrap_or_default();
            return Err(ReadError::OverlappingDelimiter {
                delimiter: String::from_utf8_lossy(&delimiter).into_owned(),
            });
        }
        Ok(format)
    }

    /// What each partition reads.
    fn partitions(&self, files: &[Arc<InputFile>], unit: u64) -> Result<Vec<Value>, ReadError> {
        let blocks = crate::input::blocks(files, self.blocksize, unit)?.map(Block::new);
        let each = match (self.blocksize, self.files_per_partition) {
            (Some(_), Some(_)) => return Err(ReadError::BlocksizeAndFiles),
            (None, Some(0)) => return Err(ReadError::ZeroFiles),
            (_, n) => n.unwrap_or(1),
        };
        let blocks: Vec<Block> = blocks.collect();
        Ok(blocks.chunks(each).map(|blocks| Blocks(blocks.to_vec()).into_value()).collect())
    }

    fn token(&self, meaning: &str, files: &[Arc<InputFile>]) -> Token {
        let mut token = Tokenizer::new("read_text")
            .feed(meaning)
            .feed(&self.blocksize)
            .feed(&self.files_per_partition)
            .feed(&self.encoding)
            .feed(&self.format.delimiter)
            .feed(&self.format.keep_line_ends)
            .feed(&self.format.lossy);
        for file in files {
            token.add(&**file);
        }
        token.finish()
    }
}

/// What is made of the lines of the blocks that are the task's first argument.
struct Reading<M> {
    format: LineFormat,
    make: Arc<M>,
}

impl<U: Send + Sync + 'static, M: FromLine<U>> Stream<U> for Reading<M> {
    fn drive(&self, run: &Run, args: &mut Args<'_>, sink: &mut dyn FnMut(U) -> Flow) -> Result<(), OpError> {
        let blocks = args.get::<Blocks>(0)?;
        blocks
            .for_each_line(run, &self.format, &mut |line| self.make.give(line, run, sink))
            .map_err(OpError::failed)
    }

    fn drive_lent(
        &self,
        run: &Run,
        args: &mut Args<'_>,
        sink: &mut dyn FnMut(&U) -> Flow,
    ) -> Result<bool, OpError> {
        let blocks = args.get::<Blocks>(0)?;
        let mut buffer = None;
        blocks
            .for_each_line(run, &self.format, &mut |line| self.make.lend(line, run, &mut buffer, sink))
            .map_err(OpError::failed)?;
        Ok(true)
    }

    fn drive_text(&self, args: &mut Args<'_>, sink: &mut dyn FnMut(&str)) -> Result<bool, OpError> {
        if M::IS_TEXT {
            args.get::<Blocks>(0)?.for_each_text(&self.format, sink).map_err(OpError::failed)?;
        }
        Ok(M::IS_TEXT)
    }

    fn absorb(&self, _producer: &Arc<dyn Op>, _steps: usize) -> Option<Arc<dyn Stream<U>>> {
        None
    }

    fn steps(&self) -> usize {
        1
    }

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push(M::LABEL);
    }

    fn is_producer(&self) -> bool {
        true
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&self.format)?;
        self.make.pack(to)?;
        Ok(|from| {
            let format = from.state()?;
            Ok(unpacked(Reading { format, make: Arc::new(M::unpack(from)?) }))
        })
    }

    fn nbytes(&self, args: &[Arg]) -> Option<u64> {
        let Some(Arg::Value(blocks)) = args.first() else { return None };
        blocks.downcast_ref::<Blocks>().map(Blocks::estimate)
    }
}
