//! CSV files read into frames and written from them.

mod cells;
mod dialect;
mod format;
mod numbers;
mod quotes;
mod read;
mod record;
mod source;
mod write;

#[cfg(feature = "json")]
pub(crate) use cells::{CellBuilder, widen};
pub use format::Quoting;
pub(crate) use quotes::{QuoteState, Transition};
pub use read::{ReadCsv, read_csv};
pub(crate) use source::CsvSource;
pub use write::WriteCsv;
