//! Times exchanged for the stretches in which they lie.

use std::fmt;
use std::sync::Arc;

use dask_graph::{Token, Tokenizer};
use serde::{Deserialize, Serialize};

use crate::rule::{End, Rule};

/// Into which bins the values of a column of timestamps go, and what the bins are called.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Bins {
    pub(crate) column: Arc<str>,
    pub(crate) rule: Rule,
    /// Which end belongs to a bin.
    pub(crate) closed: End,
    /// Which end is its name.
    pub(crate) label: End,
}

impl Bins {
    pub(super) fn token(&self) -> Token {
        let ends = (self.closed == End::Left, self.label == End::Left);
        Tokenizer::new("bins").feed(&*self.column).feed(&self.rule).feed(&ends).finish()
    }
}

impl fmt::Display for Bins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} every {}", self.column, self.rule)
    }
}
