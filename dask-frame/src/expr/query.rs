//! Expressions written as text, as pandas' `query` and `eval` take them.

mod parser;
mod words;

use std::sync::Arc;

use super::Expr;
use crate::error::FrameError;
use crate::schema::Schema;

/// Reads an expression over columns of `schema`.
pub(crate) fn parse(text: &str, schema: &Schema) -> Result<Expr, FrameError> {
    parser::Parser::new(text, schema)?.whole()
}

/// Reads an assignment, like `total = qty * price`.
pub(crate) fn parse_assignment(text: &str, schema: &Schema) -> Result<(Arc<str>, Expr), FrameError> {
    parser::Parser::new(text, schema)?.assignment()
}
