//! Frames written to tables of a database, whole or not at all.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::{
    Args, ComputeError, Op, OpError, Packer, Refused, RunOptions, Scheduler, Unpack, Value, installed,
};
use dask_graph_shuffle::Directory;
use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, Statement, params_from_iter};
use serde::{Deserialize, Serialize};

use super::database::{open, open_to_write, quoted};
use super::types;
use crate::error::{FrameError, SqlError, WriteError};
use crate::frame::DataFrame;
use crate::output::write_parts;
use crate::pack::pack;
use crate::schema::Schema;
use crate::table::Table;

/// What the table of a part is called.
const PART: &str = "part";

/// What is done where there is a table of the name already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IfExists {
    /// Nothing is written, and that is an error.
    #[default]
    Fail,
    /// The table is replaced.
    Replace,
    /// Rows are added to the table, column by column of the same name.
    Append,
}

/// How a frame is written to a table of a database file of SQLite: a builder, finished by [`write`](WriteSql::write).
///
/// Partitions are written to temporary databases where they are computed, and then put into the table in their order, in
/// one transaction: others see all of it or nothing. A database that there is not is made.
///
/// Integers, floats and texts are what they are in SQL; truth values are `BOOLEAN` (0 and 1), categories `TEXT`, dates
/// `DATE` and times `TIMESTAMP`, in the form of ISO 8601. Times in a zone and durations are refused: cast them.
///
/// As pandas' `to_sql`, without an index.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataFrame, IfExists, WriteSql, read_sql_table};
/// use dask_graph::Collection;
/// use dask_sched_sync::Sync;
/// # let dir = tempfile::tempdir()?;
/// # let database = dir.path().join("flights.sqlite");
///
/// let frame = DataFrame::from_columns([("delay", Column::from(vec![7, 8, 9]))], 2)?;
/// let write = WriteSql::new(&database, "flights").if_exists(IfExists::Append);
/// write.write_with(&frame, &Sync::new())?;
/// write.write_with(&frame, &Sync::new())?;
/// let again = read_sql_table(&database, "flights").open()?.compute_with(&Sync::new())?;
/// assert_eq!(again.column("delay")?, &Column::from(vec![7, 8, 9, 7, 8, 9]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is written before `write`"]
pub struct WriteSql {
    database: PathBuf,
    table: String,
    if_exists: IfExists,
}

impl WriteSql {
    /// Writes to this table.
    pub fn new(database: impl Into<PathBuf>, table: impl Into<String>) -> Self {
        Self { database: database.into(), table: table.into(), if_exists: IfExists::default() }
    }

    /// Sets what is done where there is a table already: an error, unless set.
    pub fn if_exists(mut self, what: IfExists) -> Self {
        self.if_exists = what;
        self
    }

    /// Writes a frame with the installed scheduler.
    ///
    /// # Errors
    ///
    /// - `Exists` in `Sql` if there is such a table, unless it is to be replaced or appended to.
    /// - `Database` in `Sql` if the database cannot be written, or a table that is appended to lacks a column.
    /// - `Frame` if a column is of a type that databases do not have.
    /// - `Compute` if a partition cannot be computed or written.
    pub fn write(&self, frame: &DataFrame) -> Result<(), WriteError> {
        let installed = installed().ok_or(ComputeError::NoScheduler)?;
        self.write_opts(frame, &installed.scheduler, &installed.options)
    }

    /// [`write`](WriteSql::write) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`write`](WriteSql::write).
    pub fn write_with(&self, frame: &DataFrame, scheduler: &dyn Scheduler) -> Result<(), WriteError> {
        self.write_opts(frame, scheduler, &RunOptions::default())
    }

    fn write_opts(
        &self,
        frame: &DataFrame,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<(), WriteError> {
        let declared = declared(frame.schema())?;
        if self.if_exists == IfExists::Fail && self.database.exists() {
            self.refuse_existing(&open(&self.database)?)?;
        }
        let failed =
            |error| WriteError::Io { path: std::env::temp_dir(), source: std::io::Error::other(error) };
        let staging = Directory::new(None).map_err(failed)?;
        let op = PartOp { staging: staging.path().to_owned(), declared: declared.clone() };
        let n = write_parts("to_sql", Arc::new(op), frame, scheduler, options)?;
        self.finish(&declared, frame.schema(), staging.path(), n)
    }

    /// Puts the parts into the table.
    fn finish(&self, declared: &str, schema: &Schema, staging: &Path, n: usize) -> Result<(), WriteError> {
        let failed = |source| self.failed(source);
        let mut connection = open_to_write(&self.database)?;
        // At once, so that nobody else makes a table meanwhile.
        let behavior = rusqlite::TransactionBehavior::Immediate;
        let transaction = connection.transaction_with_behavior(behavior).map_err(failed)?;
        let table = quoted(&self.table);
        match self.if_exists {
            IfExists::Fail => self.refuse_existing(&transaction)?,
            IfExists::Replace => {
                transaction.execute(&format!("DROP TABLE IF EXISTS {table}"), []).map_err(failed)?;
            }
            IfExists::Append => {}
        }
        let create = format!("CREATE TABLE IF NOT EXISTS {table} ({declared})");
        transaction.execute(&create, []).map_err(failed)?;
        let mut insert = insert(&transaction, &self.table, schema).map_err(failed)?;
        for number in 0..n {
            let part = open(&staging.join(number.to_string()))?;
            copy(&part, &mut insert, schema.len()).map_err(failed)?;
        }
        drop(insert);
        transaction.commit().map_err(failed)
    }

    fn refuse_existing(&self, connection: &Connection) -> Result<(), WriteError> {
        let query = "SELECT COUNT(*) FROM sqlite_schema WHERE name = ?1 COLLATE NOCASE";
        let n: i64 = connection
            .query_row(query, [&self.table], |row| row.get(0))
            .map_err(|source| self.failed(source))?;
        match n {
            0 => Ok(()),
            _ => Err(SqlError::Exists { path: self.database.clone(), table: self.table.clone() }.into()),
        }
    }

    fn failed(&self, source: rusqlite::Error) -> WriteError {
        SqlError::Database { path: self.database.clone(), source: Box::new(source) }.into()
    }
}

impl DataFrame {
    /// Writes the frame to a table of a database file of SQLite, with the installed scheduler.
    ///
    /// [`WriteSql`] has options, and says how it is done.
    ///
    /// # Errors
    ///
    /// As [`WriteSql::write`].
    pub fn to_sql(&self, database: impl AsRef<Path>, table: &str) -> Result<(), WriteError> {
        WriteSql::new(database.as_ref(), table).write(self)
    }

    /// [`to_sql`](DataFrame::to_sql) with this scheduler.
    ///
    /// # Errors
    ///
    /// As [`WriteSql::write`].
    pub fn to_sql_with(
        &self,
        database: impl AsRef<Path>,
        table: &str,
        scheduler: &dyn Scheduler,
    ) -> Result<(), WriteError> {
        WriteSql::new(database.as_ref(), table).write_with(self, scheduler)
    }
}

/// Returns the columns of a table as they are declared.
fn declared(schema: &Schema) -> Result<String, FrameError> {
    let declared = schema.fields().iter().map(|field| match types::declaration(&field.dtype()) {
        Some(declaration) => Ok(format!("{} {declaration}", quoted(field.name()))),
        None => Err(FrameError::WrongType {
            operation: "to_sql",
            expr: field.name().into(),
            got: field.dtype(),
            expected: "a number, a truth value, a text, a date or a time without zone",
        }),
    });
    let declared = declared.collect::<Result<Vec<_>, _>>()?;
    if declared.is_empty() {
        let problem = "a table of a database has one column at least".into();
        return Err(FrameError::BadArgument { operation: "to_sql", problem });
    }
    Ok(declared.join(", "))
}

fn insert<'a>(connection: &'a Connection, table: &str, schema: &Schema) -> rusqlite::Result<Statement<'a>> {
    let names = schema.names().map(quoted).collect::<Vec<_>>().join(", ");
    let marks = vec!["?"; schema.len()].join(", ");
    connection.prepare(&format!("INSERT INTO {} ({names}) VALUES ({marks})", quoted(table)))
}

/// Inserts all rows of a part.
fn copy(part: &Connection, insert: &mut Statement<'_>, n_columns: usize) -> rusqlite::Result<()> {
    let mut select = part.prepare(&format!("SELECT * FROM {PART} ORDER BY rowid"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        for at in 0..n_columns {
            insert.raw_bind_parameter(at + 1, ToSqlOutput::Borrowed(row.get_ref(at)?))?;
        }
        insert.raw_execute()?;
    }
    Ok(())
}

/// Writes a partition (the first argument) as part of its number (the second): a database of its own.
#[derive(Debug, Serialize, Deserialize)]
struct PartOp {
    staging: PathBuf,
    declared: String,
}

impl Op for PartOp {
    fn name(&self) -> Cow<'_, str> {
        "to_sql".into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let path = self.staging.join(args.get::<usize>(1)?.to_string());
        self.write(args.get::<Table>(0)?, &path).map_err(OpError::failed)?;
        Ok(Value::new(()))
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        pack(self, to)
    }
}

impl PartOp {
    fn write(&self, table: &Table, path: &Path) -> Result<(), SqlError> {
        // A task that is run again begins again.
        drop(std::fs::remove_file(path));
        let mut connection = open_to_write(path)?;
        let mut written = || -> rusqlite::Result<()> {
            // Nobody else looks at it, and it need not outlive the machine.
            connection.pragma_update(None, "journal_mode", "OFF")?;
            connection.pragma_update(None, "synchronous", "OFF")?;
            let transaction = connection.transaction()?;
            transaction.execute(&format!("CREATE TABLE {PART} ({})", self.declared), [])?;
            let mut insert = insert(&transaction, PART, table.schema())?;
            for row in 0..table.n_rows() {
                let values = table.columns().iter().map(|column| types::value(column.get(row)));
                insert.execute(params_from_iter(values))?;
            }
            drop(insert);
            transaction.commit()
        };
        written().map_err(|source| SqlError::Database { path: path.to_owned(), source: Box::new(source) })
    }
}
