//! What can go wrong between records and columns.

use dask_graph::ColumnKind;

/// Why the columns of a bag cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldsError {
    /// A type that does not tell its fields.
    #[error("{type_name} does not tell its columns: {problem}; say which they are, with `to_columns_of`")]
    Untold {
        /// The type.
        type_name: &'static str,
        /// What was asked for that tells nothing, or what the type says itself.
        problem: String,
    },
    /// Two fields of one name.
    #[error("two fields are named `{field}`; give one another name")]
    Twice {
        /// The name.
        field: String,
    },
}

/// Why an item could not be taken apart into columns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// An item without fields, where there are several columns or none.
    #[error("the item is {got} and no record; make structs or tuples of the items first, with `map`")]
    NoRecord {
        /// What it is.
        got: &'static str,
    },
    /// A value of another kind than its column.
    #[error("field `{field}`: {got} is no {expected}; declare another kind, or convert it first, with `map`")]
    Kind {
        /// The field.
        field: String,
        /// The value.
        got: String,
        /// What the column holds.
        expected: ColumnKind,
    },
    /// An integer that does not fit 64 bits, with a sign or without.
    #[error("field `{field}`: {value} does not fit {expected}; declare the field as another type of numbers")]
    Range {
        /// The field.
        field: String,
        /// The value.
        value: String,
        /// What the field was declared to hold.
        expected: ColumnKind,
    },
    /// A value that has parts of its own.
    #[error("field `{field}` is {got}; columns hold single values, so take it apart first, with `map`")]
    Nested {
        /// The field.
        field: String,
        /// What it is.
        got: &'static str,
    },
    /// A field that a record has twice.
    #[error("field `{field}` is twice in the item")]
    Twice {
        /// The field.
        field: String,
    },
    /// A tuple or list with more values than there are columns.
    #[error("the item has more values than the {expected} columns; name all of them")]
    TooLong {
        /// Number of columns.
        expected: usize,
    },
    /// The item's own way of being taken apart failed.
    #[error("the item cannot be taken apart: {message}")]
    Serialize {
        /// What the item's `Serialize` says.
        message: String,
    },
}

impl serde::ser::Error for RecordError {
    fn custom<M: std::fmt::Display>(message: M) -> Self {
        Self::Serialize { message: message.to_string() }
    }
}

/// A row of columns that is no record of the type asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {row} of the partition{}: {problem}", column.as_ref().map_or(String::new(), |column| format!(", column `{column}`")))]
pub struct RowError {
    /// Number of the row in its partition, from 0.
    pub row: usize,
    /// The column, if it is one that does not fit.
    pub column: Option<String>,
    /// What the type's `Deserialize` says; a missing value is a unit there.
    pub problem: String,
}
