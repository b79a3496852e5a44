//! Planning a read: which columns, and which rows are a partition.

use std::path::PathBuf;
use std::sync::Arc;

use dask_graph::{LayerInfo, Token, make_portable};
use rusqlite::Connection;

use super::condition::Condition;
use super::database::{fields, find_table, open, quoted};
use super::source::SqlSource;
use super::types;
use crate::column::Scalar;
use crate::error::{FrameError, ReadError, SqlError};
use crate::expr::{Binary, col};
use crate::frame::DataFrame;
use crate::plan::{PlanNode, PlanOp};
use crate::schema::{DataType, Field, Schema};
use crate::source::{Piece, Source};

/// Rows that are looked at for how large one is.
const SAMPLE: u32 = 100;

/// Begins a read of a table, or view, of a database file of SQLite; see [`ReadSql`].
pub fn read_sql_table(database: impl Into<PathBuf>, table: impl Into<String>) -> ReadSql {
    ReadSql::new(database.into(), From::Table(table.into()))
}

/// Begins a read of what a query selects from a database file of SQLite; see [`ReadSql`].
pub fn read_sql_query(database: impl Into<PathBuf>, query: impl Into<String>) -> ReadSql {
    ReadSql::new(database.into(), From::Query(query.into()))
}

/// How a table of a database is to be read: a builder, finished by [`open`](ReadSql::open).
///
/// **Partitions** are ranges of an [`index`](ReadSql::index) column: between given [`divisions`](ReadSql::divisions), or
/// equally wide ones between its smallest and largest value, as many as [`npartitions`](ReadSql::npartitions) or as
/// [`bytes_per_chunk`](ReadSql::bytes_per_chunk) make. Rows without a value there are in the first. Without an index
/// column there is one partition. Each partition is a query of its own; nobody may write to the table between them.
///
/// **Columns** that the computation does not need are not selected, and what the first filter of the plan says by
/// comparing integers, floats and texts with constants is a condition of the queries.
///
/// **Types** are those that columns are declared with: integers, floats, texts, `BOOLEAN`, `DATE` and `TIMESTAMP` (as
/// texts of ISO 8601). Where nothing is declared the first values tell. A value of another type is an error.
///
/// As dask's `read_sql_table` and `read_sql_query`.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataFrame, col, read_sql_table};
/// use dask_graph::Collection;
/// use dask_sched_sync::Sync;
/// # let dir = tempfile::tempdir()?;
/// # let database = dir.path().join("flights.sqlite");
///
/// let columns = [("number", Column::from(vec![1, 2, 3, 4])), ("delay", Column::from(vec![Some(7), None, Some(3), Some(0)]))];
/// DataFrame::from_columns(columns, 2)?.to_sql_with(&database, "flights", &Sync::new())?;
///
/// let flights = read_sql_table(&database, "flights").index("number").npartitions(2).open()?;
/// assert_eq!(flights.n_partitions(), 2);
/// let late = flights.filter(col("delay").gt(2))?.select(["number"])?;
/// assert_eq!(late.compute_with(&Sync::new())?.column("number")?, &Column::from(vec![1, 3]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is read before `open`"]
pub struct ReadSql {
    database: PathBuf,
    from: From,
    columns: Option<Vec<String>>,
    index: Option<String>,
    npartitions: Option<usize>,
    divisions: Option<Vec<Scalar>>,
    limits: Option<(Scalar, Scalar)>,
    bytes_per_chunk: u64,
}

#[derive(Clone, Debug)]
enum From {
    Table(String),
    Query(String),
}

impl ReadSql {
    fn new(database: PathBuf, from: From) -> Self {
        Self {
            database,
            from,
            columns: None,
            index: None,
            npartitions: None,
            divisions: None,
            limits: None,
            bytes_per_chunk: 256 << 20,
        }
    }

    /// Takes these columns only.
    pub fn columns<N: Into<String>>(mut self, columns: impl IntoIterator<Item = N>) -> Self {
        self.columns = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the column by whose values rows are put into partitions: best one that the database has an index of.
    pub fn index(mut self, column: impl Into<String>) -> Self {
        self.index = Some(column.into());
        self
    }

    /// Sets the number of partitions, which are equally wide ranges of the index column.
    pub fn npartitions(mut self, n: usize) -> Self {
        self.npartitions = Some(n);
        self
    }

    /// Sets the values of the index column between which partitions lie, ascending: one more than there are partitions.
    /// Rows outside of them are not read.
    pub fn divisions<V: Into<Scalar>>(mut self, divisions: impl IntoIterator<Item = V>) -> Self {
        self.divisions = Some(divisions.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the smallest and the largest value of the index column, instead of asking for them. Rows outside of them are
    /// not read.
    pub fn limits<V: Into<Scalar>>(mut self, smallest: V, largest: V) -> Self {
        self.limits = Some((smallest.into(), largest.into()));
        self
    }

    /// Sets what a partition takes in memory, about, where nothing is said of their number: 256 MiB unless set.
    pub fn bytes_per_chunk(mut self, nbytes: u64) -> Self {
        self.bytes_per_chunk = nbytes;
        self
    }

    /// Asks the database for columns and values, and plans the read.
    ///
    /// # Errors
    ///
    /// - `Database`, in `Read` and `Sql`, if there is no such database or it does not understand the query.
    /// - `UnknownTable`, there, if it has no such table.
    /// - `UnknownColumn` if [`columns`](ReadSql::columns) or [`index`](ReadSql::index) name one there is not.
    /// - `BadArgument` for partitions without an index column, or an index column of a type that is not divided.
    #[track_caller]
    pub fn open(self) -> Result<DataFrame, FrameError> {
        let info = LayerInfo::here();
        let path = std::path::absolute(&self.database)
            .map_err(|source| ReadError::Io { path: self.database.clone(), source })?;
        let failed = |source| {
            FrameError::Read(ReadError::Sql(SqlError::Database {
                path: path.clone(),
                source: Box::new(source),
            }))
        };
        let connection = open(&path).map_err(ReadError::Sql)?;
        let from = match &self.from {
            From::Table(table) => {
                find_table(&connection, &path, table).map_err(ReadError::Sql)?;
                quoted(table)
            }
            From::Query(query) => format!("({})", query.trim().trim_end_matches(';')),
        };
        let schema = Schema::new(fields(&connection, &from).map_err(failed)?)?;
        let wanted = schema.positions(self.columns.as_deref())?;
        let (n_rows, row_nbytes) = size(&connection, &from, schema.len()).map_err(failed)?;
        let parts = match &self.index {
            None if self.npartitions.is_some() || self.divisions.is_some() || self.limits.is_some() => {
                return Err(bad("rows are put into partitions by a column; name it with `index`"));
            }
            None => Vec::new(),
            Some(index) => {
                let field = schema.field(index)?;
                let extremes = || extremes(&connection, &from, field).map_err(failed);
                let size = n_rows.saturating_mul(row_nbytes);
                self.parts(field, &schema, size, extremes)?
            }
        };
        let n = parts.len().max(1) as u64;
        let pieces = (0..n).map(|at| Piece { file: 0, start: at, end: at + 1, number: at as u32 }).collect();
        make_portable::<Piece>();
        let source = SqlSource {
            path,
            from,
            schema,
            parts,
            filter: None,
            row_nbytes,
            n_rows,
            token: Some(Token::unique()),
            pieces,
        };
        let op =
            PlanOp::Read { source: Arc::new(Source::Sql(Box::new(source))), columns: wanted, filter: None };
        Ok(DataFrame::new(PlanNode::new(op, Vec::new(), info)?))
    }

    /// Returns the condition of each partition.
    fn parts(
        &self,
        field: &Field,
        schema: &Schema,
        size: u64,
        extremes: impl FnOnce() -> Result<Option<(Scalar, Scalar)>, FrameError>,
    ) -> Result<Vec<Condition>, FrameError> {
        let (divisions, all) = match (&self.divisions, &self.limits) {
            (Some(divisions), _) => (divisions.clone(), false),
            (None, limits) => {
                let n = match self.npartitions {
                    Some(0) => return Err(bad("a frame has one partition at least")),
                    Some(n) => n,
                    None => usize::try_from(size.div_ceil(self.bytes_per_chunk.max(1))).unwrap_or(1).max(1),
                };
                let all = limits.is_none();
                match limits.clone().map_or_else(extremes, |limits| Ok(Some(limits)))? {
                    // No row has a value.
                    None => return Ok(Vec::new()),
                    Some((smallest, largest)) => (divided(&smallest, &largest, n)?, all),
                }
            }
        };
        if divisions.len() < 2 {
            return Err(bad("divisions are one more than partitions, and so two at least"));
        }
        let index = col(field.name());
        let n = divisions.len() - 1;
        let part = |at: usize| {
            let compared = |op, value: &Scalar| {
                // An integer is a float where the column has floats.
                let value = match (value, field.dtype()) {
                    (Scalar::Int64(x), DataType::Float64) => Scalar::Float64(*x as f64),
                    (value, _) => value.clone(),
                };
                Condition::comparison(&index, op, &value, schema).ok_or_else(|| {
                    let text = "the index column and its divisions must be integers, floats or texts, alike";
                    bad(text)
                })
            };
            let below = match at + 1 == n {
                true => compared(Binary::LessEqual, &divisions[at + 1])?,
                false => compared(Binary::Less, &divisions[at + 1])?,
            };
            let from = compared(Binary::GreaterEqual, &divisions[at])?;
            // Where the ends are the database's own, rows that came later are not left out.
            Ok(match (all && at == 0, all && at + 1 == n) {
                (true, true) => return Ok(None),
                (true, false) => Some(below.joined("OR", Condition::missing(field.name()))),
                (false, true) => Some(from),
                (false, false) => Some(from.joined("AND", below)),
            })
        };
        let parts = (0..n).map(part).collect::<Result<Option<Vec<_>>, FrameError>>()?;
        let parts = parts.unwrap_or_default();
        Ok(match (all, parts.is_empty()) {
            (false, false) => {
                let first = parts[0].clone().joined("OR", Condition::missing(field.name()));
                [first].into_iter().chain(parts.into_iter().skip(1)).collect()
            }
            _ => parts,
        })
    }
}

fn bad(problem: &str) -> FrameError {
    FrameError::BadArgument { operation: "read_sql", problem: problem.into() }
}

/// Returns the borders of equally wide ranges, of which there may be fewer than asked for.
fn divided(smallest: &Scalar, largest: &Scalar, n: usize) -> Result<Vec<Scalar>, FrameError> {
    match (smallest, largest) {
        (Scalar::Int64(a), Scalar::Int64(b)) => {
            let width = i128::from(*b) - i128::from(*a);
            let border = |at| Scalar::Int64((i128::from(*a) + width * at as i128 / n as i128) as i64);
            let mut borders = (0..=n).map(border).collect::<Vec<_>>();
            borders.dedup();
            if borders.len() == 1 {
                borders.push(Scalar::Int64(*b));
            }
            Ok(borders)
        }
        (Scalar::Float64(a), Scalar::Float64(b)) => {
            let border = |at| Scalar::Float64(if at == n { *b } else { a + (b - a) * at as f64 / n as f64 });
            Ok((0..=n).map(border).collect())
        }
        _ if n == 1 => Ok(vec![smallest.clone(), largest.clone()]),
        _ => Err(bad("only numbers are cut into equal ranges; give `divisions` of other index columns")),
    }
}

/// Returns how many rows there are, and what one takes in memory, about.
fn size(connection: &Connection, from: &str, n_columns: usize) -> rusqlite::Result<(u64, u64)> {
    let n: i64 = connection.query_row(&format!("SELECT COUNT(*) FROM {from}"), [], |row| row.get(0))?;
    let mut statement = connection.prepare(&format!("SELECT * FROM {from} LIMIT {SAMPLE}"))?;
    let mut rows = statement.query([])?;
    let (mut sampled, mut nbytes) = (0_u64, 0_u64);
    while let Some(row) = rows.next()? {
        sampled += 1;
        for at in 0..n_columns {
            let text = row.get_ref(at)?.as_bytes_or_null().ok().flatten().map_or(0, <[u8]>::len);
            nbytes += 8 + text as u64;
        }
    }
    Ok((u64::try_from(n).unwrap_or(0), nbytes.div_ceil(sampled.max(1))))
}

/// Returns the smallest and the largest value of a column, if it has any.
fn extremes(
    connection: &Connection,
    from: &str,
    field: &Field,
) -> rusqlite::Result<Option<(Scalar, Scalar)>> {
    let name = quoted(field.name());
    let query = format!("SELECT MIN({name}), MAX({name}) FROM {from}");
    connection.query_row(&query, [], |row| {
        let value = |at: usize| -> rusqlite::Result<Option<Scalar>> {
            let mut values = types::Values::new(field.dtype());
            let pushed = values.push(row.get_ref(at)?);
            Ok(pushed.map(|()| values.finish().get(0)).filter(|value| !value.is_null()))
        };
        Ok(value(0)?.zip(value(1)?))
    })
}
