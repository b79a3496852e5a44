//! What can go wrong with databases.

use std::path::PathBuf;

use crate::schema::DataType;

/// Why a database could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// The database could not be opened, or does not do what it was asked for.
    #[error("the database {} does not do what was asked", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What it says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A table that the database does not have.
    #[error(
        "{} has no table `{table}`{}; tables are {}", path.display(), super::did_you_mean(nearest.as_deref()), tables.join(", ")
    )]
    UnknownTable {
        /// The file.
        path: PathBuf,
        /// The name that was asked for.
        table: String,
        /// The name it was probably meant to be.
        nearest: Option<String>,
        /// The tables there are.
        tables: Vec<String>,
    },
    /// A table in the place of what is to be written.
    #[error("{} has a table `{table}` already; say with `if_exists` what is to be done with it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
        /// The table.
        table: String,
    },
    /// A value that is not of its column's type.
    #[error(
        "{}, column `{column}`: `{value}` is no {dtype}; select it with a CAST in a query", path.display()
    )]
    BadValue {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// The type of the column.
        dtype: DataType,
    },
}
