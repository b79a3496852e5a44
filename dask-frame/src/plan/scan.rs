//! Scans along the rows of groups: what is asked for.

use std::sync::Arc;

use dask_graph::{Token, Tokenizer};
use serde::{Deserialize, Serialize};

use super::tokenized;
use crate::error::FrameError;
use crate::expr::{Expr, Scan};
use crate::schema::{DataType, Field, Schema};

/// A column added to a table, of values along the rows of each group.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ScanSpec {
    pub(crate) keys: Vec<(Arc<str>, Expr)>,
    pub(crate) name: Arc<str>,
    pub(crate) scan: Scan,
    /// Whether rows with a missing key belong to no group and get no value.
    pub(crate) drop_nulls: bool,
}

impl ScanSpec {
    /// Returns the columns of the result.
    pub(super) fn schema(&self, input: &Schema) -> Result<Schema, FrameError> {
        let new = Field::new(Arc::clone(&self.name), self.scan.dtype(input)?);
        Schema::new(input.fields().iter().cloned().chain([new]))
    }

    /// Returns the columns of a table of seeds: keys and the value.
    pub(super) fn seed_schema(&self, input: &Schema) -> Schema {
        let dtype = |expr: &Expr| expr.dtype(input).unwrap_or(DataType::Int64);
        let keys = self.keys.iter().enumerate();
        let keys = keys.map(|(at, (_, expr))| Field::new(format!("key {at}"), dtype(expr)));
        Schema::new(keys.chain([Field::new("value", dtype(&self.scan.expr))])).expect("numbered names differ")
    }

    /// Returns the expressions that are read.
    pub(super) fn exprs(&self) -> impl Iterator<Item = &Expr> {
        self.keys.iter().map(|(_, expr)| expr).chain([&self.scan.expr])
    }

    pub(super) fn token(&self) -> Token {
        let keys = tokenized("keys", self.keys.iter().map(|(name, expr)| (name, expr)));
        let new = Tokenizer::new("scan").feed(&keys).feed(&self.name).feed(&self.scan);
        new.feed(&self.drop_nulls).finish()
    }
}
