//! What can go wrong, by phase: building a frame, reading, evaluating, writing.

#[cfg(feature = "arrow")]
mod arrow;
#[cfg(feature = "sql")]
mod sql;

use std::path::PathBuf;

use dask_graph::{BlobError, ComputeError};
use dask_graph_files::{CompressionError, FileError};
use dask_graph_shuffle::ShuffleError;

#[cfg(feature = "arrow")]
pub use arrow::ArrowError;
#[cfg(feature = "sql")]
pub use sql::SqlError;

use crate::schema::{DataType, Zone};

/// Why an operation could not be written down: raised at once, before anything runs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A column that the frame does not have.
    #[error("unknown column `{name}`{}; columns are {}", did_you_mean(nearest.as_deref()), columns.join(", "))]
    UnknownColumn {
        /// The name that was asked for.
        name: String,
        /// The name it was probably meant to be.
        nearest: Option<String>,
        /// The names there are.
        columns: Vec<String>,
    },
    /// Two columns of one name.
    #[error("two columns are named `{name}`; give one another name with `alias` or `rename`")]
    DuplicateColumn {
        /// The name.
        name: String,
    },
    /// An operation on a type that it is not for.
    #[error("{operation}: `{expr}` is {got}, expected {expected}; {}", way_out(got))]
    WrongType {
        /// The operation.
        operation: &'static str,
        /// The expression whose type does not fit.
        expr: String,
        /// Its type.
        got: DataType,
        /// What the operation takes.
        expected: &'static str,
    },
    /// Two types that an operation cannot bring together.
    #[error("{operation}: `{left}` is {left_dtype} and `{right}` is {right_dtype}; convert one with `cast`")]
    TypeMismatch {
        /// The operation.
        operation: &'static str,
        /// One side.
        left: String,
        /// Its type.
        left_dtype: DataType,
        /// The other side.
        right: String,
        /// Its type.
        right_dtype: DataType,
    },
    /// An expression that nests too deeply to be evaluated.
    #[error(
        "an expression nests {depth} deep, at most {limit} is possible; give a part of it a name with `with_column`"
    )]
    TooDeep {
        /// How deep it is.
        depth: u32,
        /// How deep it may be.
        limit: u32,
    },
    /// Columns of one table with different lengths.
    #[error("column `{name}` has {got} rows, the table has {expected}")]
    LengthMismatch {
        /// The column.
        name: String,
        /// Its length.
        got: usize,
        /// The length of the first column.
        expected: usize,
    },
    /// More rows in one table than row numbers reach.
    #[error("a table of {rows} rows; one partition holds at most {} rows, use more partitions", u32::MAX - 1)]
    TooManyRows {
        /// How many there would be.
        rows: usize,
    },
    /// Tables with different columns put together.
    #[error("table {index} has the columns {got}, the first has {expected}")]
    SchemaMismatch {
        /// Which table.
        index: usize,
        /// Its columns.
        got: String,
        /// The columns of the first.
        expected: String,
    },
    /// An argument that no call accepts.
    #[error("{operation}: {problem}")]
    BadArgument {
        /// The operation.
        operation: &'static str,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A text that is no timestamp.
    #[error("`{text}` is no timestamp; write it like 2021-03-15 or 2021-03-15T10:20:30.5")]
    BadTimestamp {
        /// The text.
        text: String,
    },
    /// A text that is no condition or assignment.
    #[error("`{text}`, character {position}: {problem}")]
    BadQuery {
        /// The text.
        text: String,
        /// Where in it, in characters from 1.
        position: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A text that is no duration.
    #[error("`{text}` is no duration; write it like 36h, 15min, 2D or 1 days 02:30:00")]
    BadDuration {
        /// The text.
        text: String,
    },
    /// A text that is no time zone.
    #[error("`{name}` is no time zone; names are like Europe/Oslo or UTC")]
    BadZone {
        /// The text.
        name: String,
    },
    /// A text that is no regular expression.
    #[error("`{pattern}` is no regular expression that is understood here")]
    BadRegex {
        /// The text.
        pattern: String,
        /// What is wrong with it.
        source: Box<regex::Error>,
    },
    /// A text that is no rule by which time is cut.
    #[error(
        "`{rule}` is no rule to cut time by; write a number and us, ms, s, min, h, D, W, ME, MS, QE, QS, YE or YS"
    )]
    BadRule {
        /// The text.
        rule: String,
    },
    /// Divisions that are needed and not known.
    #[error(
        "{operation}: the divisions of the frame are not known; use `set_index_divisions` or `set_index_with`"
    )]
    UnknownDivisions {
        /// The operation.
        operation: &'static str,
    },
    /// Categories that have to be known before anything runs, and are not.
    #[error(
        "{operation}: the categories of `{expr}` are not known; list them with `cat().set_categories`, or look for them \
         with `as_known`"
    )]
    UnknownCategories {
        /// The operation.
        operation: &'static str,
        /// The expression whose categories they are.
        expr: String,
    },
    /// Files that could not be looked at.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// What helps with a type that does not fit.
fn way_out(got: &DataType) -> &'static str {
    match got {
        DataType::List(_) => "take values out of lists with `explode` or the functions of `lists()`",
        _ => "convert it with `cast` if that is meant",
    }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or(String::new(), |name| format!("; did you mean `{name}`?"))
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A pattern that is not a glob.
    #[error("`{pattern}` is no file pattern")]
    BadPattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        source: glob::PatternError,
    },
    /// A pattern that matches nothing.
    #[error("no file matches `{pattern}`")]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
    /// The operating system could not read the file, or its compressed data is damaged or cut off.
    #[error("could not read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file that is packed in a way that this program was not built for.
    #[error("{} cannot be unpacked", path.display())]
    Compression {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: CompressionError,
    },
    /// An URL that cannot be used: without the feature `object-store`, or of a store that does not exist.
    #[error(transparent)]
    File(FileError),
    /// A database that could not be read.
    #[cfg(feature = "sql")]
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// A header that names two columns alike.
    #[error("{}: columns {first} and {second} of the header are both named `{name}`; name all of them with `names`", path.display())]
    DuplicateName {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
        /// The number of the first column of that name, from 1.
        first: usize,
        /// The number of the second.
        second: usize,
    },
    /// A file without a header line.
    #[error("{} is empty: expected at least a header line; use `header(false)` with `names` for files without", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file that is not the one that was planned.
    #[error("{} changed since the read was planned; plan the read again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A cell that does not fit its column's type.
    #[error(
        "{}, line {line}, column `{column}`: `{value}` is no {dtype}; pass `.dtype(\"{column}\", DataType::{advice})` to read_csv, or name it as missing with `.na_value(..)`",
        path.display()
    )]
    BadCell {
        /// The file.
        path: PathBuf,
        /// The line in the file, from 1.
        line: u64,
        /// The column.
        column: String,
        /// The cell.
        value: String,
        /// The type of the column, given or inferred.
        dtype: DataType,
        /// A type that the cell fits.
        advice: DataType,
    },
    /// A cell of a text column that is not UTF-8.
    #[error("{}, line {line}, column `{column}`: `{value}` is not UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line in the file, from 1.
        line: u64,
        /// The column.
        column: String,
        /// The cell, with replacement characters.
        value: String,
    },
    /// A row with another number of cells than the header.
    #[error("{}, line {line}: {got} cells, expected {expected}", path.display())]
    Ragged {
        /// The file.
        path: PathBuf,
        /// The line in the file, from 1.
        line: u64,
        /// How many cells the row has.
        got: usize,
        /// How many columns there are.
        expected: usize,
    },
    /// A line that is no JSON object.
    #[error("{}, line {line}: no JSON object", path.display())]
    BadLine {
        /// The file.
        path: PathBuf,
        /// The line in the file, from 1.
        line: u64,
        /// What is wrong with it, by place in the line.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A value of a JSON object that does not fit its column's type.
    #[error(
        "{}, line {line}, field `{column}`: `{value}` is no {dtype}; pass another `.dtype(\"{column}\", ..)`, or a larger `sample`",
        path.display()
    )]
    BadField {
        /// The file.
        path: PathBuf,
        /// The line in the file, from 1.
        line: u64,
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// The type of the column, given or found in a sample.
        dtype: DataType,
    },
    /// A field of a JSON object that the objects of the sample did not have.
    #[error(
        "{}, line {line}: field `{name}` was not in the sample from which the columns are known; give a `schema`, or a larger `sample`",
        path.display()
    )]
    UnknownField {
        /// The file.
        path: PathBuf,
        /// The line in the file, from 1.
        line: u64,
        /// The field.
        name: String,
    },
    /// A field that a JSON object has twice.
    #[error("{}, line {line}: field `{column}` is twice in the object", path.display())]
    FieldTwice {
        /// The file.
        path: PathBuf,
        /// The line in the file, from 1.
        line: u64,
        /// The field.
        column: String,
    },
    /// A file that is not of its format, or damaged or cut off.
    #[error("{} is no whole {format} file; write or copy it again", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The format.
        format: &'static str,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A column of a type that frames do not have.
    #[error("{}, column `{column}` is {dtype}, which frames do not have; read the other columns with `columns`", path.display())]
    UnsupportedColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// Its type in the file.
        dtype: String,
    },
    /// Files of one read whose columns have other names or types, or another order.
    #[error("{} differs from {}: {difference}", path.display(), first.display())]
    SchemaDiffers {
        /// The file that differs.
        path: PathBuf,
        /// The first file.
        first: PathBuf,
        /// In which columns.
        difference: String,
    },
    /// A quoted cell that the file ends in.
    #[error("{}, line {line}: a quoted cell begins in this row and is never closed", path.display())]
    UnclosedQuote {
        /// The file.
        path: PathBuf,
        /// The line in the file, from 1.
        line: u64,
    },
}

impl ReadError {
    /// The error of files of this name.
    pub(crate) fn of(error: FileError, name: &str) -> Self {
        match error {
            FileError::Pattern { pattern, source } => Self::BadPattern { pattern, source },
            FileError::NoMatch { pattern, .. } | FileError::NoObject { pattern } => Self::NoMatch { pattern },
            FileError::NotAFile { .. } => Self::NoMatch { pattern: name.into() },
            FileError::Io { path, source, .. } => Self::Io { path: path.to_path_buf(), source },
            FileError::Changed { path, .. } => Self::Changed { path: path.to_path_buf() },
            other => Self::File(other),
        }
    }
}

/// Why an expression could not be evaluated for a partition.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvalError {
    /// An integer result that does not fit 64 bits.
    #[error("{expr}: integer overflow; compute it in floats with `cast(DataType::Float64)`")]
    Overflow {
        /// The expression.
        expr: String,
    },
    /// An integer divided by zero.
    #[error("{expr}: integer division by zero; compute it in floats with `cast(DataType::Float64)`")]
    DivisionByZero {
        /// The expression.
        expr: String,
    },
    /// An integer raised to a negative power.
    #[error(
        "{expr}: an integer raised to a negative power; compute it in floats with `cast(DataType::Float64)`"
    )]
    NegativePower {
        /// The expression.
        expr: String,
    },
    /// A value that the type it should be converted to cannot hold.
    #[error("{expr}: `{value}` is no {dtype}")]
    Cast {
        /// The expression.
        expr: String,
        /// The value.
        value: String,
        /// The type.
        dtype: DataType,
    },
    /// Not as many rows came out of an exchange between partitions as went in.
    #[error(
        "{expected} rows were written for partition {partition}, and {got} were read; look at the disk, and run again"
    )]
    RowsLost {
        /// The partition that is made.
        partition: u32,
        /// What was written for it.
        expected: u64,
        /// What was read.
        got: u64,
    },
    /// A value outside the bounds that were given for a frame's index.
    #[error(
        "set_index: `{column}` holds {value}, which is outside of the divisions {first} to {last}; widen them, or let them be computed"
    )]
    OutsideDivisions {
        /// The index.
        column: String,
        /// The value.
        value: String,
        /// The first bound.
        first: String,
        /// The last bound.
        last: String,
    },
    /// An index that was said to be sorted and is not.
    #[error("set_index: `{column}` is not sorted: {value} comes after {before}; leave out `sorted`")]
    NotSorted {
        /// The index.
        column: String,
        /// The value that is out of place.
        value: String,
        /// The value before it.
        before: String,
    },
    /// Rows on their way between partitions that could not be written as bytes, or be read from them.
    #[error("rows could not be exchanged")]
    Encode(#[source] BlobError),
    /// Rows could not be exchanged between partitions.
    #[error(transparent)]
    Shuffle(#[from] ShuffleError),
    /// A function of the user that failed.
    #[error("{expr}: the function failed")]
    Function {
        /// The expression.
        expr: String,
        /// What it failed with.
        source: Box<dask_graph::OpError>,
    },
    /// A function of the user that returned other columns than it said.
    #[error("the function returned the columns {got}, and was said to return {expected}")]
    OtherSchema {
        /// What it returned.
        got: String,
        /// What it was said to return.
        expected: String,
    },
    /// A function of the user that returned another number of rows than it was given.
    #[error("the function returned {got} rows of {expected}; here it must return one for each")]
    OtherLength {
        /// How many it returned.
        got: usize,
        /// How many it was given.
        expected: usize,
    },
    /// A function of the user that returned too few or too many rows.
    #[error("the function returned {got} rows; here it must return {expected}")]
    WrongRows {
        /// How many it returned.
        got: usize,
        /// How many it was to return.
        expected: &'static str,
    },
    /// Times that go back, or are missing, where windows of time go by them.
    #[error("{expr}: the times are not sorted: {value} comes after {before}; sort the frame by them first")]
    TimesNotSorted {
        /// The expression.
        expr: String,
        /// The time that is out of place.
        value: String,
        /// The time before it.
        before: String,
    },
    /// A time that the clocks of a zone do not show exactly once.
    #[error(
        "{expr}: the clocks of {zone} show `{value}` {times}; give an offset, or leave the time without zone"
    )]
    LocalTime {
        /// The expression.
        expr: String,
        /// The time.
        value: String,
        /// The zone.
        zone: Zone,
        /// How often: never, where clocks are put forward, or twice, where they are put back.
        times: &'static str,
    },
    /// A table that cannot be made.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A block of a file that could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why a frame could not be written. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The operating system could not write.
    #[error("could not write {}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A path that names no directory.
    #[error("{} names no directory to be written", path.display())]
    BadDirectory {
        /// The path.
        path: PathBuf,
    },
    /// Something in the place of what is to be written.
    #[error("{} is there already; write to another place, or say `overwrite`", path.display())]
    Exists {
        /// The file or directory.
        path: PathBuf,
    },
    /// A compression that is not known, or that this program was not built for.
    #[error("{} cannot be packed", path.display())]
    Compression {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: CompressionError,
    },
    /// An URL that cannot be used: without the feature `object-store`, or of a store that does not exist.
    #[error(transparent)]
    File(FileError),
    /// A database that could not be written.
    #[cfg(feature = "sql")]
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// Data that the format could not take.
    #[error("could not encode {}", path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An operation of the frame that writing needs and that does not fit it.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A file name pattern that cannot be one.
    #[error("`{pattern}`: put one `*` into the file name, which stands for the partition's number")]
    BadPattern {
        /// The pattern.
        pattern: String,
    },
    /// Computing the partitions failed.
    #[error(transparent)]
    Compute(#[from] ComputeError),
}

impl From<FileError> for WriteError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io { path, source, .. } => Self::Io { path: path.to_path_buf(), source },
            other => Self::File(other),
        }
    }
}
