//! Planning a read: which files, which columns, which batches.

use std::sync::Arc;

use dask_graph::{LayerInfo, make_portable};
use dask_graph_files::StorageOptions;

use super::source::{IpcSource, open};
use crate::arrow::Told;
use crate::error::FrameError;
use crate::frame::DataFrame;
use crate::input::{self, storage_options};
use crate::plan::{PlanNode, PlanOp};
use crate::schema::Schema;
use crate::source::{Piece, Source};

/// Begins a read of files of Arrow's own format (IPC, of which Feather is another name); see [`ReadIpc`].
///
/// `path` is a file, a directory, of which all files below are taken whose names end in `.arrow` and do not begin with
/// `.` or `_`, or a pattern with `*`, `?` and `[…]`.
pub fn read_ipc(path: impl Into<String>) -> ReadIpc {
    ReadIpc { pattern: path.into(), options: StorageOptions::default(), columns: None }
}

/// How files of Arrow's own format are to be read: a builder, finished by [`open`](ReadIpc::open).
///
/// **Partitions.** A batch of a file is a partition; a file without batches is an empty one. Of a batch, the columns that
/// the computation needs are decoded.
///
/// **Types** are those of [`Column::from_arrow`](crate::Column::from_arrow). Columns of decimals and structs are refused,
/// but can stay unread.
///
/// **Several files** must have the same columns, in any order, of types that become the same. Streams, which are not
/// told at their end what is in them, are not read.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataFrame, read_ipc};
/// use dask_graph::Collection;
/// use dask_sched_sync::Sync;
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("flights").to_str().unwrap().to_owned();
///
/// let flights = [("carrier", Column::from(vec!["UA", "AA"])), ("delay", Column::from(vec![Some(7), None]))];
/// DataFrame::from_columns(flights, 2)?.to_ipc_with(&path, &Sync::new())?;
/// let delays = read_ipc(&path).columns(["delay"]).open()?;
/// assert_eq!(delays.n_partitions(), 2);
/// assert_eq!(delays.compute_with(&Sync::new())?.column("delay")?, &Column::from(vec![Some(7), None]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is read before `open`"]
pub struct ReadIpc {
    pattern: String,
    options: StorageOptions,
    columns: Option<Vec<String>>,
}

impl ReadIpc {
    /// Takes these columns only.
    pub fn columns<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    storage_options! {
        /// How the stores of files named by URL are reached, as for
        /// [`ReadCsv::storage_options`](crate::ReadCsv::storage_options).
    }

    /// Looks at the ends of the files, where columns and batches are told, and plans the read.
    ///
    /// # Errors
    ///
    /// - `NoMatch`, `BadPattern`, `Io`, `File` or `Corrupt`, in `Read`, about the files.
    /// - `SchemaDiffers`, in `Read`, if their columns differ.
    /// - `UnsupportedColumn`, in `Read`, for a column of a type that frames do not have.
    /// - `UnknownColumn` if [`columns`](ReadIpc::columns) names one there is not.
    /// - `DuplicateColumn` if two columns of a file have one name.
    #[track_caller]
    pub fn open(self) -> Result<DataFrame, FrameError> {
        let info = LayerInfo::here();
        let found = input::find_table(&self.pattern, "arrow", &self.options)?;
        let files = found.into_iter().map(|(file, _)| file).collect::<Vec<_>>();
        let (mut schemas, mut n_batches) = (Vec::new(), Vec::new());
        for file in &files {
            let reader = open(file)?;
            schemas.push(reader.schema());
            n_batches.push(reader.num_batches() as u64);
        }
        let told = files.iter().zip(schemas.iter().map(|schema| &**schema));
        let schema = Schema::new(Told::of_all(told, self.columns.as_deref())?.fields())?;
        let wanted = schema.positions(self.columns.as_deref())?;
        let pieces = (0..).zip(&n_batches).flat_map(|(file, &n)| {
            // A file without a batch has one piece, without any.
            let starts = if n == 0 { 0..1 } else { 0..n };
            starts.map(move |start| Piece { file, start, end: (start + 1).min(n), number: start as u32 })
        });
        let pieces = pieces.collect();
        make_portable::<Piece>();
        let source = IpcSource { files, schema, pieces, n_batches };
        let op = PlanOp::Read { source: Arc::new(Source::Ipc(source)), columns: wanted, filter: None };
        Ok(DataFrame::new(PlanNode::new(op, Vec::new(), info)?))
    }
}
