//! Partitioned columnar tables on Arrow memory.

mod column;
mod error;
mod expr;
mod hash;
mod kernel;
mod parse;
mod schema;
mod table;
mod time;

pub use column::{Column, Scalar};
pub use error::{EvalError, FrameError, ReadError, WriteError};
pub use expr::{Aggregate, AggregateKind, Expr, Operand, When, WhenThen, col, lit, size, timestamp, when};
pub use schema::{DataType, Field, Schema};
pub use table::Table;
