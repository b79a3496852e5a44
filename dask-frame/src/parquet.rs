//! Parquet files read into frames and written from them.

mod hive;
mod read;
mod source;
mod write;

pub use read::{ReadParquet, read_parquet};
pub(crate) use source::ParquetSource;
pub use write::{ParquetCompression, WriteParquet};

/// What the format is called in errors.
const FORMAT: &str = "Parquet";
