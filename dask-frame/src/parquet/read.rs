//! Planning a read: which files, which columns, which row groups.

use std::sync::Arc;

use dask_graph::{LayerInfo, make_portable};
use dask_graph_files::StorageOptions;
use parquet::arrow::arrow_reader::ArrowReaderMetadata;

use super::hive::{self, Keys};
use super::source::{ParquetSource, metadata};
use crate::arrow::Told;
use crate::column::Scalar;
use crate::error::{FrameError, ReadError};
use crate::frame::DataFrame;
use crate::input::{self, InputFile, storage_options};
use crate::plan::{PlanNode, PlanOp};
use crate::schema::{Field, Schema};
use crate::source::{Piece, Source};

/// Begins a read of Parquet files; see [`ReadParquet`].
///
/// `path` is a file, a directory, of which all files below are taken whose names end in `.parquet` and do not begin
/// with `.` or `_`, or a pattern with `*`, `?` and `[…]`; `**` stands for any directories.
pub fn read_parquet(path: impl Into<String>) -> ReadParquet {
    ReadParquet {
        pattern: path.into(),
        options: StorageOptions::default(),
        columns: None,
        blocksize: 32 << 20,
    }
}

/// How Parquet files are to be read: a builder, finished by [`open`](ReadParquet::open).
///
/// **Partitions.** A row group, or several that follow each other in a file and are small together, is a partition.
/// Only the columns that the computation needs are read. Where the first filter of the plan compares columns with
/// constants, row groups in which no row can fulfil it, by the smallest and largest values that the file tells, are
/// passed over, and their partitions are empty: see [`explain_plan`](DataFrame::explain_plan). So are pages, within the
/// others, if the file has an index of them. Of columns that the first filters do not look at, only rows that fulfil these
/// are decoded.
///
/// **Directories.** Names like `year=2013` of directories below the given one become columns, after those of the
/// files: integers if all are, else texts.
///
/// **Types** are those of [`Column::from_arrow`](crate::Column::from_arrow): integers and floats keep their width, texts
/// become `Utf8`, dictionaries of them `Categorical` (known if this crate wrote them so), timestamps of any unit
/// `Timestamp`. Columns of decimals and structs are refused, but can stay unread.
///
/// **Several files** must have the same columns, in any order, of types that become the same; integers of several widths
/// are read in the narrowest that holds them all, and so are floats.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataFrame, col, read_parquet};
/// use dask_graph::Collection;
/// use dask_sched_sync::Sync;
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("flights").to_str().unwrap().to_owned();
///
/// let flights = [("carrier", Column::from(vec!["UA", "AA"])), ("delay", Column::from(vec![Some(7), None]))];
/// DataFrame::from_columns(flights, 2)?.to_parquet_with(&path, &Sync::new())?;
/// let delayed = read_parquet(&path).open()?.filter(col("delay").gt(5))?;
/// assert!(delayed.explain_plan().contains("in 2 partitions, 1 of them without a row where (delay > 5)"));
/// assert_eq!(delayed.compute_with(&Sync::new())?.n_rows(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is read before `open`"]
pub struct ReadParquet {
    pattern: String,
    options: StorageOptions,
    columns: Option<Vec<String>>,
    blocksize: u64,
}

impl ReadParquet {
    /// Takes these columns only.
    pub fn columns<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Sets up to how many bytes, before compression, small row groups are put together as one partition: 32 MiB
    /// unless set; with 0 each is a partition.
    pub fn blocksize(mut self, nbytes: u64) -> Self {
        self.blocksize = nbytes;
        self
    }

    storage_options! {
        /// How the stores of files named by URL are reached, as for
        /// [`ReadCsv::storage_options`](crate::ReadCsv::storage_options).
    }

    /// Looks at the ends of the files, where columns and row groups are told, and plans the read.
    ///
    /// # Errors
    ///
    /// - `NoMatch`, `BadPattern`, `Io`, `File` or `Corrupt`, in `Read`, about the files.
    /// - `SchemaDiffers`, in `Read`, if their columns differ.
    /// - `UnsupportedColumn`, in `Read`, for a column of a type that frames do not have.
    /// - `UnknownColumn` if [`columns`](ReadParquet::columns) names one there is not.
    /// - `DuplicateColumn` if a column has the name of a directory's key.
    #[track_caller]
    pub fn open(self) -> Result<DataFrame, FrameError> {
        let info = LayerInfo::here();
        let (files, keys) = self.files()?;
        let metadata = files.iter().map(metadata).collect::<Result<Vec<_>, _>>()?;
        let columns = self.columns.as_deref();
        let told = files.iter().zip(&metadata).map(|(file, metadata)| (file, &**metadata.schema()));
        let told = Told::of_all(told, columns)?;
        let (names, constants) = constants(&files, &keys)?;
        let fields = told.fields().chain(names.iter().cloned());
        let schema = Schema::new(fields)?;
        let wanted = schema.positions(self.columns.as_deref())?;
        let pieces = files.iter().zip(&metadata).zip(0..);
        let pieces = pieces.flat_map(|((_, metadata), file)| pieces_of(metadata, file, self.blocksize));
        let pieces = pieces.collect();
        let n_stored = schema.len() - names.len();
        make_portable::<Piece>();
        let source = ParquetSource { files, schema, n_stored, constants, pieces, metadata };
        let op = PlanOp::Read { source: Arc::new(Source::Parquet(source)), columns: wanted, filter: None };
        Ok(DataFrame::new(PlanNode::new(op, Vec::new(), info)?))
    }

    /// Finds the files, with what their directories tell of each.
    fn files(&self) -> Result<(Vec<InputFile>, Vec<Keys>), ReadError> {
        let found = input::find_table(&self.pattern, "parquet", &self.options)?;
        Ok(found.into_iter().map(|(file, below)| (file, hive::keys(&below))).unzip())
    }
}

/// Returns the columns that directories tell, and their values for each file.
fn constants(files: &[InputFile], keys: &[Keys]) -> Result<(Vec<Field>, Vec<Vec<Scalar>>), ReadError> {
    let names = keys.first().map_or(Vec::new(), |keys| keys.iter().map(|(name, _)| name).collect());
    for (file, keys) in files.iter().zip(keys) {
        let got = keys.iter().map(|(name, _)| name).collect::<Vec<_>>();
        if got != names {
            let listed =
                |names: &[&String]| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
            let difference = format!("its directories tell [{}], not [{}]", listed(&got), listed(&names));
            let (path, first) = (file.path(), files[0].path());
            return Err(ReadError::SchemaDiffers { path, first, difference });
        }
    }
    let dtype = |at: usize| hive::dtype(keys.iter().map(|keys| keys[at].1.as_deref()));
    let dtypes = (0..names.len()).map(dtype).collect::<Vec<_>>();
    let fields =
        names.iter().zip(&dtypes).map(|(name, dtype)| Field::new(name.as_str(), dtype.clone())).collect();
    let of_file = |keys: &Keys| {
        keys.iter()
            .zip(&dtypes)
            .map(|((_, value), dtype)| hive::scalar(value.as_deref(), dtype.clone()))
            .collect()
    };
    Ok((fields, keys.iter().map(of_file).collect()))
}

/// Cuts a file between row groups; it has one piece at least.
fn pieces_of(metadata: &ArrowReaderMetadata, file: u32, blocksize: u64) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut nbytes = 0_u64;
    for (at, group) in (0..).zip(metadata.metadata().row_groups()) {
        let more = u64::try_from(group.total_byte_size()).unwrap_or(0);
        match pieces.last_mut() {
            Some(piece) if nbytes.saturating_add(more) <= blocksize => {
                piece.end = at + 1;
                nbytes += more;
            }
            _ => {
                let number = pieces.len() as u32;
                pieces.push(Piece { file, start: at, end: at + 1, number });
                nbytes = more;
            }
        }
    }
    if pieces.is_empty() {
        pieces.push(Piece { file, start: 0, end: 0, number: 0 });
    }
    pieces
}
