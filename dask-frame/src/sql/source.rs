//! What a planned read knows, and how a query becomes a table.

use std::path::PathBuf;

use dask_graph::{Token, Tokenize, Tokenizer};
use rusqlite::params_from_iter;
use serde::{Deserialize, Serialize};

use super::condition::Condition;
use super::database::{open, quoted};
use super::types::Values;
use crate::error::{EvalError, ReadError, SqlError};
use crate::expr::Expr;
use crate::schema::Schema;
use crate::source::Piece;
use crate::table::Table;

/// A read of a database as it was planned.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SqlSource {
    pub(crate) path: PathBuf,
    /// A table, or a query in parentheses.
    pub(super) from: String,
    pub(crate) schema: Schema,
    /// Of the rows of each partition, if there are several.
    pub(super) parts: Vec<Condition>,
    /// Of the rows that are wanted.
    pub(super) filter: Option<Condition>,
    /// What a row takes in memory, about.
    pub(super) row_nbytes: u64,
    /// How many rows there were when the read was planned.
    pub(super) n_rows: u64,
    /// A database does not say when a table changed, so no two reads are the same work.
    #[serde(skip)]
    pub(super) token: Option<Token>,
    /// In numbers of partitions.
    #[serde(skip)]
    pub(crate) pieces: Vec<Piece>,
}

impl SqlSource {
    /// Returns the read without rows that do not fulfil the filter, as far as the database can tell.
    pub(crate) fn filtered(&self, filter: &Expr) -> Self {
        Self { filter: Condition::of(filter, &self.schema), ..self.clone() }
    }

    /// Reads some columns of the rows of a partition.
    pub(crate) fn read(&self, piece: Piece, columns: &[usize]) -> Result<Table, EvalError> {
        let schema = self.schema.select(columns.iter().map(|&at| self.schema.fields()[at].name()))?;
        let (query, condition) = self.query(piece, &schema);
        let failed = |source| SqlError::Database { path: self.path.clone(), source: Box::new(source) };
        let connection = open(&self.path).map_err(ReadError::Sql)?;
        let mut builders = schema.fields().iter().map(|field| Values::new(field.dtype())).collect::<Vec<_>>();
        let mut n_rows = 0;
        let mut read = || -> Result<(), SqlError> {
            let mut statement = connection.prepare(&query).map_err(failed)?;
            let mut rows = statement.query(params_from_iter(condition.parameters())).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                for (at, values) in builders.iter_mut().enumerate() {
                    let value = row.get_ref(at).map_err(failed)?;
                    values.push(value).ok_or_else(|| {
                        let field = &schema.fields()[at];
                        let (column, dtype) = (field.name().into(), field.dtype());
                        SqlError::BadValue { path: self.path.clone(), column, value: shown(value), dtype }
                    })?;
                }
                n_rows += 1;
            }
            Ok(())
        };
        read().map_err(ReadError::Sql)?;
        let columns = builders.into_iter().map(Values::finish).collect();
        Ok(Table::with_rows(schema, columns, n_rows)?)
    }

    fn query(&self, piece: Piece, schema: &Schema) -> (String, Condition) {
        // A row without columns is still a row.
        let names = match schema.is_empty() {
            true => "1".into(),
            false => schema.names().map(quoted).collect::<Vec<_>>().join(", "),
        };
        let part = self.parts.get(piece.start as usize).cloned();
        let condition = match (part, self.filter.clone()) {
            (Some(part), Some(filter)) => Some(part.joined("AND", filter)),
            (one, other) => one.or(other),
        };
        let query = format!("SELECT {names} FROM {}", self.from);
        match condition {
            Some(condition) => (format!("{query} WHERE {}", condition.text), condition),
            None => (query, Condition::default()),
        }
    }

    /// Returns the bytes that some columns of a partition will probably take.
    pub(crate) fn estimate(&self, columns: &[usize]) -> u64 {
        let whole = self.row_nbytes.saturating_mul(self.n_rows) / self.parts.len().max(1) as u64;
        whole / self.schema.len().max(1) as u64 * columns.len() as u64
    }

    /// Returns what is read, for people.
    pub(crate) fn shown(&self) -> String {
        let filter = self.filter.as_ref().map_or(String::new(), |filter| format!(" where {}", filter.text));
        format!("{} of {}{filter}", self.from, self.path.display())
    }
}

fn shown(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => "NULL".into(),
        ValueRef::Integer(x) => x.to_string(),
        ValueRef::Real(x) => x.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => format!("a blob of {} bytes", bytes.len()),
    }
}

impl Tokenize for SqlSource {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.token.tokenize(t);
        self.path.tokenize(t);
        self.from.tokenize(t);
        self.schema.tokenize(t);
        for condition in self.parts.iter().chain(&self.filter) {
            condition.text.tokenize(t);
            condition.values.tokenize(t);
        }
    }
}
