//! Partitioned columnar tables on Arrow memory: the pandas of tables larger than memory.
//!
//! A [`DataFrame`] is a *plan* over typed expressions. Its methods check names and types at once and know the
//! schema of the result; nothing is read or computed before [`compute`](dask_graph::Collection::compute).
//! Then the planner moves filters down, removes columns that nobody reads, and lowers the plan to layers of
//! tasks, one task a partition for all that can be done to a partition at once. Any scheduler of
//! [`dask_graph`] runs them.
//!
//! ```
//! use dask_frame::{Merge, Sort, col, read_csv};
//! use dask_graph::Collection;
//! # let dir = tempfile::tempdir()?;
//! # std::fs::write(dir.path().join("flights-01.csv"), "carrier,delay\nUA,11\nAA,NA\n")?;
//! # std::fs::write(dir.path().join("flights-02.csv"), "carrier,delay\nUA,2\nAA,-4\n")?;
//! # std::fs::write(dir.path().join("airlines.csv"), "carrier,name\nUA,United\nAA,American\n")?;
//! # let data = dir.path().display();
//!
//! let flights = read_csv(format!("{data}/flights-*.csv")).open()?;
//! let airlines = read_csv(format!("{data}/airlines.csv")).open()?;
//! let delays = flights
//!     .filter(col("delay").is_not_null())?
//!     .merge(&airlines, Merge::on(["carrier"]))?
//!     .group_by(["name"])
//!     .agg([col("delay").mean(), col("delay").max()])?
//!     .sort_values(Sort::by("delay_mean").descending())?;
//! assert_eq!(delays.schema().to_string(), "name: Utf8, delay_mean: Float64, delay_max: Int64");
//!
//! // `compute()` runs on the scheduler that `dask_sched::init()` installed.
//! let table = delays.compute_with(&dask_sched_sync::Sync::new())?;
//! assert_eq!(table.to_string(), "\
//! name      delay_mean  delay_max
//! Utf8         Float64      Int64
//! --------  ----------  ---------
//! United           6.5         11
//! American        -4.0         -4
//! 2 rows
//! ");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where tables come from and go to
//!
//! | | from | to |
//! |---|---|---|
//! | memory | [`DataFrame::from_columns`], [`from_table`](DataFrame::from_table) | [`compute`](dask_graph::Collection::compute), [`head`](DataFrame::head) |
//! | CSV, plain or packed (features `bz2`, `xz`, `zstd`; gzip always) | [`read_csv`] | [`to_csv`](DataFrame::to_csv), [`WriteCsv`] |
//! | JSON lines (feature `json`, on by default) | `read_json` | `DataFrame::to_json`, `WriteJson` |
//! | bags of records, other collections | [`from_partitions`](DataFrame::from_partitions) | [`to_partitions`](DataFrame::to_partitions) |
//! | Parquet (feature `parquet`) | `read_parquet` | `DataFrame::to_parquet`, `WriteParquet` |
//! | Arrow's files, Feather (feature `ipc`) | `read_ipc` | `DataFrame::to_ipc`, `WriteIpc` |
//! | tables of SQLite databases (feature `sql`) | `read_sql_table`, `read_sql_query` | `DataFrame::to_sql`, `WriteSql` |
//! | batches of the maintained Arrow crates (feature `arrow`) | `DataFrame::from_record_batches` | `Table::to_record_batch` |
//! | two-dimensional arrays of `ndarray` (feature `ndarray`) | `DataFrame::from_ndarray` | `Table::to_ndarray` |
//! | graphs written by hand | [`from_graph`](DataFrame::from_graph) | its graph and keys |
//!
//! Files may be objects of stores, named by URL (`s3://`, `gs://`, `az://`, `https://`; feature `object-store`).
//!
//! # How it differs from pandas
//!
//! - The index is a column like the others, which is marked; groups and joins give their keys as columns.
//! - Columns of every type may hold missing values: integers stay integers. NaN is a missing value.
//! - Lists have values of one type, and are columns like others; they have no order and are no keys.
//! - A comparison with a missing value is missing, not false; a filter takes it for false.
//! - Windows reach over as many partitions as they need, short and empty ones included.
//! - Integer arithmetic and sums that do not fit their type are errors, not other numbers.
//!
//! # Numbers
//!
//! Integers have 8 to 64 bits, with a sign or without, floats 32 or 64. Files and arrays keep their widths; what is
//! guessed, as in CSV, has 64 bits. Types are those of numpy and pandas:
//!
//! - Two types meet in the narrowest that holds both: `Int8` and `UInt8` in `Int16`, `Float32` and `Int16` in `Float32`,
//!   `Float32` and `Int32` in `Float64`. `UInt64` and integers with a sign are computed in `Float64`, compared by
//!   value, and joined in `Int64`, which is an error where they do not fit.
//! - A bare number takes the type of what it meets, if it fits: `col("x") + 1` of an `Int8` is an `Int8`, and
//!   `col("x") + 300` an `Int64`.
//! - Integers over integers are `Float64`.
//! - Sums, products and running sums of integers are `Int64`, or `UInt64`; within groups [`Scan`]s keep the type. Of
//!   `Float32` they are such, added up in 64 bits, and so are means and deviations; those of integers are `Float64`.
//! - Smallest, largest, first and most frequent values, and what is shifted or filled, keep their type.
//!
//! # What runs where
//!
//! | operation | partitions |
//! |---|---|
//! | select, drop, rename, with_column, filter, merge (left side) | each by itself, all in one task |
//! | shift, diff, rolling, filling with a limit, map_overlap | each by itself, with rows handed on from its neighbours |
//! | cumulative functions, expanding, ffill, bfill | each by itself, with a state handed on from partition to partition |
//! | rank | the column and its ranks in memory as a whole |
//! | map, map_partitions | each by itself |
//! | apply, aggregate and over of groups | exchanged by key; functions see a group at a time |
//! | agg | each by itself, then merged in a tree |
//! | group_by | each by itself, then merged in a tree while groups are few, exchanged by key when they are many |
//! | scan, head and tail of groups | each by itself, behind a few rows a group of those before it |
//! | group_by(..).nlargest | the best of each partition, exchanged by key |
//! | shuffle, sort_values, set_index | exchanged |
//! | merge_asof | each by itself, with a small right side gathered in memory, or ranges of a large one, which is exchanged |
//! | median, nunique, quantile, mode, list, unique of a whole frame | the values in memory as a whole |
//! | merge | a small side gathered in memory and joined with each partition of the other; large sides exchanged, or aligned by divisions of their indexes |
//!
//! What is exchanged stays in memory while all exchanges of the process hold less than a quarter of its memory, and
//! less under a memory limit; the rest is in files, and then about a partition is in memory at a time.

#![forbid(unsafe_code)]

#[cfg(feature = "arrow")]
mod arrow;
mod column;
mod csv;
mod error;
mod expr;
mod frame;
mod hash;
mod input;
#[cfg(feature = "ipc")]
mod ipc;
#[cfg(feature = "json")]
mod json;
mod kernel;
#[cfg(feature = "ndarray")]
mod matrix;
mod output;
mod pack;
#[cfg(feature = "parquet")]
mod parquet;
mod parse;
mod plan;
mod rule;
mod schema;
mod source;
#[cfg(feature = "sql")]
mod sql;
mod table;
mod time;

pub use column::{Column, Number, Scalar};
pub use csv::{Quoting, ReadCsv, WriteCsv, read_csv};
pub use dask_graph_files::{Compression, CompressionError, FileError};
#[cfg(feature = "arrow")]
pub use error::ArrowError;
#[cfg(feature = "sql")]
pub use error::SqlError;
pub use error::{EvalError, FrameError, ReadError, WriteError};
pub use expr::{
    Aggregate, AggregateKind, Expr, Operand, Scan, ScanKind, When, WhenThen, col, duration, lit, size,
    timestamp, when,
};
pub use expr::{
    CategoryMethods, DateMethods, ListMethods, PadSide, Pattern, Split, StringMethods, ToDatetime, regex,
};
pub use expr::{Closed, RankMethod, Rolling};
pub use expr::{coalesce, row_all, row_any, row_count, row_max, row_mean, row_min, row_sum};
pub use frame::{
    Aggregation, AsOf, DataFrame, Direction, GroupBy, How, Keep, Melt, Merge, Pivot, Resample, Resampled,
    Sort, ValueCounts,
};
#[cfg(feature = "ipc")]
pub use ipc::{IpcCompression, ReadIpc, WriteIpc, read_ipc};
#[cfg(feature = "json")]
pub use json::{ReadJson, WriteJson, read_json};
#[cfg(feature = "parquet")]
pub use parquet::{ParquetCompression, ReadParquet, WriteParquet, read_parquet};
pub use plan::divisions::Divisions;
pub use schema::{Categories, DataType, Field, Schema, Zone};
#[cfg(feature = "sql")]
pub use sql::{IfExists, ReadSql, WriteSql, read_sql_query, read_sql_table};
pub use table::Table;
