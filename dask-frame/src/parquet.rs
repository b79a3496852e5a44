//! Parquet files read into frames and written from them.

mod hive;
mod pages;
mod read;
mod rows;
mod selection;
mod source;
mod statistics;
mod write;

pub use read::{ReadParquet, read_parquet};
pub(crate) use source::ParquetSource;
pub use write::{ParquetCompression, WriteParquet};

/// What the format is called in errors.
const FORMAT: &str = "Parquet";
