//! Planning a read: which files, which columns, which pieces.

use std::collections::BTreeMap;
use std::sync::Arc;

use dask_graph::{LayerInfo, make_portable};
use dask_graph_files::StorageOptions;

use super::guess::{Guess, Mixed};
use super::rows::Fields;
use super::source::{JsonSource, without_mark};
use crate::error::{FrameError, ReadError};
use crate::frame::DataFrame;
use crate::input::{self, InputFile, storage_options};
use crate::plan::{PlanNode, PlanOp};
use crate::schema::{DataType, Field, Schema};
use crate::source::{Piece, Source, text_pieces};

/// Begins a read of files of JSON lines, an object a line; `pattern` may hold `*`, `?` and `[…]`, and matches are taken
/// in the order of their names. See [`ReadJson`].
pub fn read_json(pattern: impl Into<String>) -> ReadJson {
    ReadJson {
        pattern: pattern.into(),
        options: StorageOptions::default(),
        schema: None,
        dtypes: BTreeMap::new(),
        columns: None,
        blocksize: 32 << 20,
        sample: 256 << 10,
    }
}

/// How files of JSON lines are to be read: a builder, finished by [`open`](ReadJson::open).
///
/// **Partitions.** A plain file is cut into blocks of [`blocksize`](ReadJson::blocksize) bytes, each a partition with
/// the lines that begin in it; a gzip file, known by its first bytes, is one partition. Only the columns that the
/// computation needs are made.
///
/// **Columns** are the fields of the objects, given by [`schema`](ReadJson::schema), or found in a sample at the head of
/// each file, in the order in which they first appear. A field that an object lacks, or that is `null`, is missing. One
/// that was not in the sample is an error; given a schema, other fields are left out.
///
/// **Types** found in a sample are integers, floats, truth values, lists of these, else text; a column of nothing but
/// `null` is one of floats. In columns of text numbers, truth values, lists and objects are read as their JSON. Lists of
/// values of several types are an error, unless the column is asked for as text. Dates, timestamps and durations are
/// texts in JSON, and read as such when asked for by [`dtype`](ReadJson::dtype).
///
/// As pandas' and dask's `read_json` with `lines=True`.
///
/// # Examples
///
/// ```
/// use dask_frame::{DataType, read_json};
/// # use dask_graph::Collection;
/// # let dir = tempfile::tempdir()?;
/// # let pattern = format!("{}/*.jsonl", dir.path().display());
/// # std::fs::write(dir.path().join("a.jsonl"), "{\"carrier\": \"UA\", \"delay\": 7}\n{\"carrier\": \"AA\"}\n")?;
/// let delays = read_json(pattern).dtype("delay", DataType::Float64).open()?;
/// assert_eq!(delays.schema().to_string(), "carrier: Utf8, delay: Float64");
/// let table = delays.compute_with(&dask_sched_sync::Sync::new())?;
/// assert_eq!(table.column("delay")?.null_count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is read before `open`"]
pub struct ReadJson {
    pattern: String,
    options: StorageOptions,
    schema: Option<Vec<Field>>,
    dtypes: BTreeMap<String, DataType>,
    columns: Option<Vec<String>>,
    blocksize: u64,
    /// How many bytes of each file columns and types are found in.
    sample: usize,
}

impl ReadJson {
    /// Sets the columns and their types, instead of a sample.
    pub fn schema(mut self, fields: impl IntoIterator<Item = Field>) -> Self {
        self.schema = Some(fields.into_iter().collect());
        self
    }

    /// Sets the type of a column.
    pub fn dtype(mut self, column: impl Into<String>, dtype: DataType) -> Self {
        self.dtypes.insert(column.into(), dtype);
        self
    }

    /// Takes these columns only.
    pub fn columns<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Sets how many bytes of a plain file become one partition: 32 MiB unless set.
    pub fn blocksize(mut self, nbytes: u64) -> Self {
        self.blocksize = nbytes;
        self
    }

    /// Sets in how many bytes at the head of each file columns and types are found: 256 KiB unless set.
    pub fn sample(mut self, nbytes: usize) -> Self {
        self.sample = nbytes;
        self
    }

    storage_options! {
        /// How the stores of files named by URL are reached, as for
        /// [`ReadCsv::storage_options`](crate::ReadCsv::storage_options).
    }

    /// Looks at the files and plans the read.
    ///
    /// # Errors
    ///
    /// - `NoMatch`, `BadPattern`, `Io`, `Compression`, `File` or `BadLine`, in `Read`, about the files and the lines of the sample.
    /// - `DuplicateColumn` if the schema has a name twice.
    /// - `UnknownColumn` if [`columns`](ReadJson::columns) or [`dtype`](ReadJson::dtype) name one there is not.
    /// - `BadField`, in `Read`, if a list of the sample has values of several types.
    /// - `BadArgument` for a block size or sample of zero, or for lists of categories.
    #[track_caller]
    pub fn open(self) -> Result<DataFrame, FrameError> {
        let info = LayerInfo::here();
        if self.blocksize == 0 || self.sample == 0 {
            let problem = "blocks and samples of 0 bytes hold no line".into();
            return Err(FrameError::BadArgument { operation: "read_json", problem });
        }
        let files = input::find(&self.pattern, &self.options)?;
        let strict = self.schema.is_none();
        let fields = match &self.schema {
            Some(fields) => fields.clone(),
            None => self.sampled(&files)?,
        };
        let fields = fields.into_iter().map(|field| match self.dtypes.get(field.name()) {
            Some(dtype) => Field::new(field.shared_name(), dtype.clone()),
            None => field,
        });
        let schema = Schema::new(fields)?;
        self.dtypes.keys().try_for_each(|name| schema.field(name).map(drop))?;
        for field in schema.fields() {
            let dtype = field.dtype();
            if let Some(plain) = dtype.item().map(DataType::list_of).filter(|plain| *plain != dtype) {
                let problem = format!("column `{}` is {dtype}; texts in lists are {plain}", field.name());
                return Err(FrameError::BadArgument { operation: "read_json", problem });
            }
        }
        let wanted = schema.positions(self.columns.as_deref())?;
        let starts = vec![0; files.len()];
        let pieces = text_pieces(&files, &starts, self.blocksize, "read_json")?;
        make_portable::<Piece>();
        let source = JsonSource { files, schema, strict, pieces };
        let op = PlanOp::Read { source: Arc::new(Source::Json(source)), columns: wanted, filter: None };
        Ok(DataFrame::new(PlanNode::new(op, Vec::new(), info)?))
    }

    /// Finds the columns in the heads of the files.
    fn sampled(&self, files: &[InputFile]) -> Result<Vec<Field>, ReadError> {
        let mut found = Vec::<(Arc<str>, Guess)>::new();
        for file in files {
            let mut window = file.open(0..self.sample as u64)?;
            // A line that is longer than the sample is taken all the same.
            while !window.is_last()
                && (window.bytes().len() < self.sample || !window.bytes().contains(&b'\n'))
            {
                window.fill().map_err(|source| file.io(source))?;
            }
            let bytes = without_mark(window.bytes());
            let whole = match (window.is_last(), memchr::memrchr(b'\n', bytes)) {
                (false, Some(end)) => &bytes[..end],
                _ => bytes,
            };
            let mut seen = 0;
            for (number, line) in (1..).zip(whole.split(|&byte| byte == b'\n')) {
                if seen > self.sample {
                    break;
                }
                seen += line.len() + 1;
                if line.trim_ascii().is_empty() {
                    continue;
                }
                let Fields(fields) = serde_json::from_slice(line).map_err(|source| ReadError::BadLine {
                    path: file.path(),
                    line: number,
                    source: Box::new(source),
                })?;
                for (name, value) in fields {
                    let at = found.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
                        found.push((Arc::clone(&name), Guess::default()));
                        found.len() - 1
                    });
                    if self.dtypes.contains_key(&*name) {
                        continue;
                    }
                    let guess = Guess::of(&value).and_then(|guess| found[at].1.clone().with(guess));
                    found[at].1 = guess.map_err(|Mixed(dtype)| ReadError::BadField {
                        path: file.path(),
                        line: number,
                        column: name.to_string(),
                        value: value.to_string(),
                        dtype,
                    })?;
                }
            }
        }
        Ok(found.into_iter().map(|(name, guess)| Field::new(name, guess.into_dtype())).collect())
    }
}
