//! Tables of databases of SQLite, read into frames and written from them.

mod condition;
mod database;
mod read;
mod source;
mod types;
mod write;

pub use read::{ReadSql, read_sql_query, read_sql_table};
pub(crate) use source::SqlSource;
pub use write::{IfExists, WriteSql};
