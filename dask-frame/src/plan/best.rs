//! The rows of each group with the smallest or largest values.

use std::fmt;
use std::sync::Arc;

use dask_graph::{Token, Tokenizer};
use serde::{Deserialize, Serialize};

use crate::error::EvalError;
use crate::kernel::best::best_rows;
use crate::kernel::group::Groups;
use crate::table::Table;

/// Which rows of each group are kept, of each partition by itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BestSpec {
    pub(crate) keys: Vec<Arc<str>>,
    pub(crate) column: Arc<str>,
    pub(crate) largest: bool,
    pub(crate) n: usize,
}

impl BestSpec {
    /// The columns that it reads.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Arc<str>> {
        self.keys.iter().chain([&self.column])
    }

    pub(super) fn token(&self) -> Token {
        Tokenizer::new("best").feed(&self.keys).feed(&*self.column).feed(&self.largest).feed(&self.n).finish()
    }

    /// Returns the rows of a table that are kept, those of a group together.
    pub(super) fn best(&self, table: &Table) -> Result<Table, EvalError> {
        let keys = self.keys.iter().map(|name| table.column(name).cloned()).collect::<Result<Vec<_>, _>>()?;
        let groups = Groups::new(&keys, table.n_rows(), false);
        Ok(table.take(&best_rows(table.column(&self.column)?, self.largest, &groups, self.n)))
    }
}

impl fmt::Display for BestSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.largest { "largest" } else { "smallest" };
        write!(f, "{} rows with the {what} {} for each {}", self.n, self.column, self.keys.join(", "))
    }
}
