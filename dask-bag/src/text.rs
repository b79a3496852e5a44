//! Lines of text files as bags, and bags of lines as text files.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Name, Op, OpError, Packer, Refused, Token, Tokenizer, Unpack, Value};

use crate::bag::Bag;
use crate::error::ReadError;
use crate::stream::{Collect, Flow, Pipeline, Run, Stream, unpacked};

mod block;
mod file;
mod lines;
mod write;

use block::{Block, LineFormat};
use file::TextFile;

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
/// Files are read when the bag is computed, through a small buffer. Those whose names end in `.gz` are
/// decompressed on the way, one partition a file. The others are cut into blocks, if a block size is given;
/// a line belongs to the block in which it starts. Names and contents count as the same as long as path,
/// size and time of change do; a file that changed since is an error when it is read.
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
    files: Files,
    blocksize: Option<u64>,
    format: LineFormat,
}

#[derive(Debug, Clone)]
enum Files {
    Matching(String),
    Listed(Vec<PathBuf>),
}

impl ReadText {
    /// Reads the files that match `pattern`, sorted by name.
    ///
    /// `*` stands for any letters but `/`, `**` for any directories, `?` for one letter, `[a-c]` for one of
    /// these.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self::of(Files::Matching(pattern.into()))
    }

    /// Reads these files, in this order. No letter in their names has a meaning.
    pub fn files<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        Self::of(Files::Listed(paths.into_iter().map(Into::into).collect()))
    }

    fn of(files: Files) -> Self {
        Self { files, blocksize: None, format: LineFormat::default() }
    }

    /// Cuts files that are not compressed into blocks of about so many bytes, each a partition.
    pub fn blocksize(mut self, bytes: u64) -> Self {
        self.blocksize = Some(bytes);
        self
    }

    /// Whether lines keep their ends (`\n` or `\r\n`), as in dask; off unless set.
    ///
    /// Off, lines are as [`BufRead::lines`](std::io::BufRead::lines) gives them. That is the default here
    /// because the last line of a file may have no end: a key cut from its tail would then differ from the
    /// same key in another line, and numbers would not parse.
    pub fn keep_line_ends(mut self, keep: bool) -> Self {
        self.format.keep_line_ends = keep;
        self
    }

    /// Whether bytes that are not UTF-8 are replaced by `�`; off unless set, when they are an error.
    pub fn lossy(mut self, lossy: bool) -> Self {
        self.format.lossy = lossy;
        self
    }

    /// A bag of the lines.
    ///
    /// # Errors
    ///
    /// - When the pattern is not valid or no file matches it, or the list is empty.
    /// - When a file is missing, is a directory, or has a compression that cannot be read.
    /// - When the block size is 0.
    #[track_caller]
    pub fn lines(&self) -> Result<Bag<String>, ReadError> {
        self.build(Some("lines"), |line| Ok(line.to_owned()))
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
        self.build(None, move |line| Ok(f(line)))
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
        self.build(None, move |line| f(line).map_err(Into::into))
    }

    /// `meaning` names what `f` does, if that is the same for every reading.
    #[track_caller]
    fn build<U, F>(&self, meaning: Option<&str>, f: F) -> Result<Bag<U>, ReadError>
    where
        U: Send + Sync + 'static,
        F: Fn(&str) -> Result<U, Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    {
        if self.blocksize == Some(0) {
            return Err(ReadError::ZeroBlocksize);
        }
        let files = match &self.files {
            Files::Matching(pattern) => file::matching(pattern)?,
            Files::Listed(paths) => file::listed(paths)?,
        };
        let n = files.iter().map(|file| Block::count(file, self.blocksize)).fold(0, u64::saturating_add);
        let n = u32::try_from(n).map_err(|_| ReadError::TooManyBlocks { blocks: n })?;
        let token = match meaning {
            Some(meaning) => self.token(meaning, &files),
            None => Token::unique(),
        };
        let name = Name::from_token("read_text", token);
        let blocks: Vec<Value> =
            files.iter().flat_map(|file| Block::cut(file, self.blocksize)).map(Value::sized).collect();
        let op = Pipeline::op(Text { format: self.format, f: Arc::new(f) }, Collect);
        let layer = crate::bag::source(name.clone(), op, n, move |i| blocks[i as usize].clone());
        Ok(Bag::from_graph(Graph::from_layer(layer), name, n))
    }

    fn token(&self, meaning: &str, files: &[Arc<TextFile>]) -> Token {
        let mut token = Tokenizer::new("read_text")
            .feed(meaning)
            .feed(&self.blocksize)
            .feed(&self.format.keep_line_ends)
            .feed(&self.format.lossy);
        for file in files {
            token.add(&**file);
        }
        token.finish()
    }
}

/// What a function makes of the lines of the block that is the task's first argument.
struct Text<F> {
    format: LineFormat,
    f: Arc<F>,
}

impl<U, F> Stream<U> for Text<F>
where
    U: Send + Sync + 'static,
    F: Fn(&str) -> Result<U, Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
{
    fn drive(&self, run: &Run, args: &mut Args<'_>, sink: &mut dyn FnMut(U) -> Flow) -> Result<(), OpError> {
        let block = args.get::<Block>(0)?;
        block
            .for_each_line(run, self.format, &mut |line| match (self.f)(line) {
                Ok(item) => sink(item),
                Err(e) => run.fail_here("try_map_lines", e),
            })
            .map_err(OpError::failed)
    }

    fn absorb(&self, _producer: &Arc<dyn Op>, _steps: usize) -> Option<Arc<dyn Stream<U>>> {
        None
    }

    fn steps(&self) -> usize {
        1
    }

    fn label(&self, names: &mut Vec<&'static str>) {
        names.push("read_text");
    }

    fn is_producer(&self) -> bool {
        true
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&self.format)?;
        to.function::<fn(&'static str) -> Result<U, Box<dyn Error + Send + Sync>>, F>(&self.f)?;
        Ok(|from| {
            let format = from.state()?;
            let f = from.function::<fn(&'static str) -> Result<U, Box<dyn Error + Send + Sync>>, F>()?;
            Ok(unpacked(Text { format, f: Arc::new(f) }))
        })
    }

    fn nbytes(&self, args: &[Arg]) -> Option<u64> {
        let Some(Arg::Value(block)) = args.first() else { return None };
        block.downcast_ref::<Block>().map(Block::estimate)
    }
}
