//! Partitioned columnar tables on Arrow memory.

mod column;
mod csv;
mod error;
mod expr;
mod frame;
mod hash;
mod kernel;
mod parse;
mod plan;
mod schema;
mod table;
mod time;

pub use column::{Column, Scalar};
pub use csv::{ReadCsv, read_csv};
pub use error::{EvalError, FrameError, ReadError, WriteError};
pub use expr::{Aggregate, AggregateKind, Expr, Operand, When, WhenThen, col, lit, size, timestamp, when};
pub use frame::{DataFrame, GroupBy, How, Merge, Sort};
pub use schema::{DataType, Field, Schema};
pub use table::Table;
