//! Planning a read: which files, which columns, which blocks.

mod head;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dask_graph::{LayerInfo, make_portable};
use dask_graph_files::StorageOptions;
use head::Sampled;

use super::cells::widen;
use super::dialect::{Dialect, NaValues};
use super::numbers::Numbers;
use super::quotes::{QuoteState, Transition};
use super::source::CsvSource;
use crate::error::{FrameError, ReadError};
use crate::frame::DataFrame;
use crate::input::{self, storage_options};
use crate::plan::{PlanNode, PlanOp};
use crate::schema::{DataType, Field, Schema, names};
use crate::source::{Piece, Source, text_pieces};

/// Begins a read of CSV files; `pattern` may hold `*`, `?` and `[…]`, and matches are taken in the order of
/// their names. See [`ReadCsv`].
pub fn read_csv(pattern: impl Into<String>) -> ReadCsv {
    ReadCsv {
        pattern: pattern.into(),
        options: StorageOptions::default(),
        dialect: Dialect { separator: b',', quote: Some(b'"'), comment: None },
        numbers: Numbers::USUAL,
        path_column: None,
        header: true,
        names: None,
        columns: None,
        dtypes: BTreeMap::new(),
        default_na: true,
        na_values: Vec::new(),
        blocksize: 32 << 20,
        sample: 256 << 10,
        newlines_in_quotes: true,
        fill_short_rows: false,
        skip_lines: BTreeSet::new(),
    }
}

/// How CSV files are to be read: a builder, finished by [`open`](ReadCsv::open).
///
/// **Partitions.** A plain file is cut into blocks of [`blocksize`](ReadCsv::blocksize) bytes, each a
/// partition with the records that begin in it. A file of gzip, or of bzip2, xz or Zstandard with the features `bz2`,
/// `xz` and `zstd`, known by its first bytes, cannot be entered in the middle: it is one partition, decompressed through
/// a small window while it is read. Only the columns that the computation needs are parsed.
///
/// **Quotes.** A quoted cell may hold line feeds, so where the records of a block begin depends on all quotes
/// before it. Each block is scanned for quotes first, which is several times faster than parsing it, and the
/// answers of a file's blocks are joined exactly; nothing is guessed. The price is that plain files of more
/// than one block are read twice, the second time mostly from the page cache;
/// [`newlines_in_quotes(false)`](ReadCsv::newlines_in_quotes) saves it.
///
/// **Types.** The type of a column is given by [`dtype`](ReadCsv::dtype), or guessed from a sample at the head
/// of each file and widened over all of them: integers, floats, truth values, else text. A cell further down
/// that does not fit is an error which names file, line, column and value, and the `dtype` call to add. A
/// column whose sample holds no value at all is read as floats, as in pandas. Timestamps are read when asked
/// for, never guessed: ISO 8601 without an offset, or with `Z`, which is dropped.
///
/// **Missing values.** The same texts as in pandas (empty, `NA`, `NaN`, `null`, …), quoted or not. Columns of
/// integers, truth values and texts may hold them too, unlike in pandas.
///
/// **Lines** end in `\n` or `\r\n`; empty lines are skipped. A row with more or fewer cells than the header is
/// an error, unless [`fill_short_rows`](ReadCsv::fill_short_rows) is asked for. Files whose size or time of
/// change differ when they are read from when they were planned are an error, too.
///
/// # Examples
///
/// ```
/// use dask_frame::{DataType, read_csv};
/// # use dask_graph::Collection;
/// # let dir = tempfile::tempdir()?;
/// # let pattern = format!("{}/*.csv", dir.path().display());
/// # std::fs::write(dir.path().join("a.csv"), "carrier,delay\nUA,11\nAA,NA\n")?;
/// let delays = read_csv(pattern).dtype("delay", DataType::Float64).blocksize(1 << 20).open()?;
/// assert_eq!(delays.schema().to_string(), "carrier: Utf8, delay: Float64");
/// let table = delays.compute_with(&dask_sched_sync::Sync::new())?;
/// assert_eq!(table.column("delay")?.null_count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is read before `open`"]
pub struct ReadCsv {
    pattern: String,
    options: StorageOptions,
    dialect: Dialect,
    numbers: Numbers,
    /// What the column with the file of each row is called.
    path_column: Option<String>,
    header: bool,
    names: Option<Vec<String>>,
    columns: Option<Vec<String>>,
    dtypes: BTreeMap<String, DataType>,
    default_na: bool,
    na_values: Vec<String>,
    blocksize: u64,
    /// How many bytes of each file types are guessed from.
    sample: usize,
    newlines_in_quotes: bool,
    fill_short_rows: bool,
    /// Numbers of lines, from 0.
    skip_lines: BTreeSet<u64>,
}

impl ReadCsv {
    /// Sets the character between cells: a comma unless set.
    pub fn separator(mut self, separator: u8) -> Self {
        self.dialect.separator = separator;
        self
    }

    /// Sets the character that quotes cells, `"` unless set; `None` if quotes are text like any other.
    pub fn quote(mut self, quote: Option<u8>) -> Self {
        self.dialect.quote = quote;
        self
    }

    /// Passes over lines that begin with this character: none do, unless set. Quotes in such lines mean nothing.
    ///
    /// As pandas' `comment`, but for lines that begin otherwise, which are taken whole.
    pub fn comment(mut self, comment: u8) -> Self {
        self.dialect.comment = Some(comment);
        self
    }

    /// Sets what stands between the whole and the part of a number: a point, unless set.
    pub fn decimal(mut self, decimal: u8) -> Self {
        self.numbers.decimal = decimal;
        self
    }

    /// Sets what stands between groups of digits and means nothing: there is no such thing, unless set.
    pub fn thousands(mut self, thousands: u8) -> Self {
        self.numbers.thousands = Some(thousands);
        self
    }

    /// Adds a column with the file that each row is from, as it was found, behind the others.
    ///
    /// As Dask's `include_path_column`.
    pub fn path_column(mut self, name: impl Into<String>) -> Self {
        self.path_column = Some(name.into());
        self
    }

    /// Sets whether each file begins with a line of column names: it does, unless set.
    pub fn header(mut self, header: bool) -> Self {
        self.header = header;
        self
    }

    /// Names the columns, instead of the names in the header. Without either they are named `0`, `1`, ….
    pub fn names<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// Takes these columns only.
    pub fn columns<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the type of a column.
    pub fn dtype(mut self, column: impl Into<String>, dtype: DataType) -> Self {
        self.dtypes.insert(column.into(), dtype);
        self
    }

    /// Adds a text that stands for a missing value.
    pub fn na_value(mut self, text: impl Into<String>) -> Self {
        self.na_values.push(text.into());
        self
    }

    /// Sets whether the texts that pandas takes for missing values are: they are, unless set.
    pub fn default_na(mut self, default_na: bool) -> Self {
        self.default_na = default_na;
        self
    }

    /// Sets how many bytes of a plain file become one partition: 32 MiB unless set.
    pub fn blocksize(mut self, nbytes: u64) -> Self {
        self.blocksize = nbytes;
        self
    }

    /// Sets from how many bytes at the head of each file types are guessed: 256 KiB unless set.
    pub fn sample(mut self, nbytes: usize) -> Self {
        self.sample = nbytes;
        self
    }

    /// Sets whether quoted cells may hold line feeds: they may, unless set. If they do although they may not,
    /// records are cut in pieces, which is an error or, with unlucky cells, wrong rows.
    pub fn newlines_in_quotes(mut self, newlines_in_quotes: bool) -> Self {
        self.newlines_in_quotes = newlines_in_quotes;
        self
    }

    /// Fills rows with too few cells up with missing values.
    pub fn fill_short_rows(mut self) -> Self {
        self.fill_short_rows = true;
        self
    }

    /// Passes over the first `n` lines of each file, whatever stands in them: the header comes after them.
    ///
    /// As pandas' `skiprows` with a number.
    pub fn skip_rows(self, n: u64) -> Self {
        self.skip_lines(0..n)
    }

    /// Passes over these lines of each file, by number from 0, the header included.
    ///
    /// As pandas' `skiprows` with a list.
    pub fn skip_lines(mut self, numbers: impl IntoIterator<Item = u64>) -> Self {
        self.skip_lines.extend(numbers);
        self
    }

    storage_options! {
        /// How the stores of files named by URL are reached: endpoints, regions, keys, time limits.
        ///
        /// The keys are those of the crate `object_store`, `aws_access_key_id`, `endpoint`, `allow_http` and so on, for
        /// the kind of store that the URL names. Nothing is taken from the environment; without keys that library asks
        /// the machine that it runs on for some, unless `skip_signature` says that there are none. Values are kept in
        /// the graph and go to the processes that read, but are never shown.
    }

    /// Looks at the files and plans the read.
    ///
    /// # Errors
    ///
    /// - `NoMatch`, `BadPattern`, `Io`, `Empty`, `Compression`, `File` or `SchemaDiffers`, in `Read`, about the files, and
    ///   `DuplicateName` if a header has a name twice.
    /// - `DuplicateColumn` if [`names`](ReadCsv::names) has, or [`path_column`](ReadCsv::path_column) is one of them.
    /// - `UnknownColumn` if [`columns`](ReadCsv::columns) or [`dtype`](ReadCsv::dtype) name one there is not.
    /// - `BadArgument` for a block size or sample of zero, for characters that are to have two meanings, for a number of
    ///   names that is not that of the columns, or for a column that is to have lists.
    #[track_caller]
    pub fn open(self) -> Result<DataFrame, FrameError> {
        let info = LayerInfo::here();
        self.check()?;
        let files = input::find(&self.pattern, &self.options)?;
        let na = NaValues::new(self.default_na, &self.na_values);
        let mut columns: Option<Vec<Sampled>> = None;
        let mut data_starts = Vec::with_capacity(files.len());
        let mut skipped = Vec::with_capacity(files.len());
        for file in &files {
            let head = self.look_at_head(file, &na)?;
            data_starts.push(head.data_start);
            skipped.push(head.skipped);
            match &mut columns {
                None => columns = Some(head.columns),
                Some(columns) => {
                    if let Some(difference) = difference(columns, &head.columns) {
                        let (path, first) = (file.path(), files[0].path());
                        return Err(ReadError::SchemaDiffers { path, first, difference }.into());
                    }
                    for (column, more) in columns.iter_mut().zip(head.columns) {
                        column.guess = match (column.guess.clone(), more.guess) {
                            (Some(a), Some(b)) => Some(widen(&a, &b)),
                            (one, other) => one.or(other),
                        };
                    }
                }
            }
        }
        let columns = columns.unwrap_or_default();
        let field = |column: Sampled| {
            let dtype = self.dtypes.get(&column.name).cloned().or(column.guess).unwrap_or(DataType::Float64);
            Field::new(column.name, dtype)
        };
        let path = self.path_column.iter().map(|name| Field::new(name.as_str(), DataType::CATEGORICAL));
        let schema = Schema::new(columns.into_iter().map(field).chain(path))?;
        self.dtypes.keys().try_for_each(|name| schema.field(name).map(drop))?;
        if let Some(list) = schema.fields().iter().find(|field| field.dtype().item().is_some()) {
            let problem = format!(
                "column `{}` cannot be read as {}; read it as Utf8, and make lists with `str().split(..).to_list()`",
                list.name(),
                list.dtype()
            );
            return Err(FrameError::BadArgument { operation: "read_csv", problem });
        }
        let wanted = schema.positions(self.columns.as_deref())?;
        let pieces = text_pieces(&files, &data_starts, self.blocksize, "read_csv")?;
        let source = CsvSource {
            paths: match self.path_column {
                Some(_) => files.iter().map(|file| file.path().display().to_string()).collect(),
                None => Vec::new(),
            },
            files,
            schema,
            dialect: self.dialect,
            na,
            numbers: self.numbers,
            fill_short_rows: self.fill_short_rows,
            skipped,
            newlines_in_quotes: self.newlines_in_quotes,
            pieces,
        };
        make_portable::<Piece>();
        make_portable::<QuoteState>();
        make_portable::<Transition>();
        let op =
            PlanOp::Read { source: Arc::new(Source::Csv(Box::new(source))), columns: wanted, filter: None };
        Ok(DataFrame::new(PlanNode::new(op, Vec::new(), info)?))
    }

    fn check(&self) -> Result<(), FrameError> {
        let bad =
            |problem: &str| Err(FrameError::BadArgument { operation: "read_csv", problem: problem.into() });
        let Dialect { separator, quote, comment } = self.dialect;
        if self.blocksize == 0 {
            return bad("a block size of 0 bytes holds no record");
        }
        if self.sample == 0 {
            return bad("types cannot be guessed from 0 bytes; give every column a `dtype` if that is meant");
        }
        if quote == Some(separator)
            || [Some(b'\n'), Some(b'\r')].iter().any(|&b| b == quote || b == Some(separator))
        {
            return bad("separator and quote must be two characters, neither of which ends a line");
        }
        if comment.is_some() && [Some(separator), quote, Some(b'\n'), Some(b'\r')].contains(&comment) {
            return bad("what begins a comment must not be separator or quote, nor end a line");
        }
        let Numbers { decimal, thousands } = self.numbers;
        let means_more = |byte: u8| byte.is_ascii_alphanumeric() || [b'-', b'+'].contains(&byte);
        if thousands == Some(decimal) || [Some(decimal), thousands].into_iter().flatten().any(means_more) {
            return bad("decimal and thousands must be two characters that have no other meaning in numbers");
        }
        Ok(())
    }
}

/// Tells in what the columns of a file differ from those of the first, of which the types are not compared.
fn difference(first: &[Sampled], columns: &[Sampled]) -> Option<String> {
    let expected = first.iter().map(|column| column.name.as_str()).collect::<Vec<_>>();
    let got = columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>();
    if expected == got {
        return None;
    }
    let differences = names::differences(&expected, &got);
    Some(match differences.is_empty() {
        true => format!("its columns are in another order: {}", got.join(", ")),
        false => differences.join("; "),
    })
}
