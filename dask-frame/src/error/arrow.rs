//! What can go wrong between columns and arrays of the maintained Arrow crates.

use std::error::Error;

/// Why arrays could not become columns, or columns arrays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArrowError {
    /// A type that columns do not have, and that is cast to none without loss of meaning.
    #[error(
        "there is no column of {dtype}; cast it first, to 64-bit integers or floats, texts or timestamps"
    )]
    Unsupported {
        /// The type.
        dtype: String,
    },
    /// A value that does not fit the type it is cast to.
    #[error("a value does not fit the type of the column")]
    Value {
        /// Which.
        source: Box<dyn Error + Send + Sync>,
    },
    /// An array that one side made and the other refused.
    #[error("an array could not be handed over")]
    Bridge {
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A column that could not be converted.
    #[error("column `{name}`")]
    Column {
        /// The column.
        name: String,
        /// Why.
        source: Box<ArrowError>,
    },
    /// Columns that are no table.
    #[error("the columns make no table")]
    Table {
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}
