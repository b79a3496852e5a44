//! Connections to a database, and what it says of its tables.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::types;
use crate::error::SqlError;
use crate::schema::nearest;
use crate::schema::{DataType, Field};

/// How long a task waits while somebody else writes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rows that are looked at for the types of columns that have none in the database.
const SAMPLE: u32 = 1000;

/// Opens a database to be read only.
pub(super) fn open(path: &Path) -> Result<Connection, SqlError> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Opens a database to be written, which is made if there is none.
pub(super) fn open_to_write(path: &Path) -> Result<Connection, SqlError> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, SqlError> {
    let failed = |source| SqlError::Database { path: path.to_owned(), source: Box::new(source) };
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let connection = connection.map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    // SQLite would take the quoted name of a column that is not there for a text.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false).map_err(failed)?;
    Ok(connection)
}

/// A name as SQL has it, whatever letters are in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Fails if there is no table, or view, of this name.
pub(super) fn find_table(connection: &Connection, path: &Path, table: &str) -> Result<(), SqlError> {
    let tables = tables(connection)
        .map_err(|source| SqlError::Database { path: path.to_owned(), source: Box::new(source) })?;
    // SQLite does not tell letters by their case.
    if tables.iter().any(|name| name.eq_ignore_ascii_case(table)) {
        return Ok(());
    }
    let near = nearest(table, tables.iter().map(String::as_str)).map(Into::into);
    Err(SqlError::UnknownTable { path: path.to_owned(), table: table.into(), nearest: near, tables })
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let query = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' \
                 ORDER BY name";
    let mut statement = connection.prepare(query)?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    names.collect()
}

/// Returns the columns of what is selected. Those whose type the database does not tell have that of their first values.
pub(super) fn fields(connection: &Connection, from: &str) -> rusqlite::Result<Vec<Field>> {
    let statement = connection.prepare(&format!("SELECT * FROM {from}"))?;
    let told = statement
        .columns()
        .map(|column| (column.name().to_owned(), column.decl_type().and_then(types::of_declaration)));
    let told = told.collect::<Vec<_>>();
    let mut seen = vec![None::<DataType>; told.len()];
    if told.iter().any(|(_, dtype)| dtype.is_none()) {
        let mut statement = connection.prepare(&format!("SELECT * FROM {from} LIMIT {SAMPLE}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for (at, seen) in seen.iter_mut().enumerate() {
                *seen = types::with_value(seen.take(), row.get_ref(at)?);
            }
        }
    }
    // Where all values are missing, floats, as everywhere.
    let dtype = |told: Option<DataType>, seen: Option<DataType>| told.or(seen).unwrap_or(DataType::Float64);
    let fields = told.into_iter().zip(seen);
    Ok(fields.map(|((name, told), seen)| Field::new(name, dtype(told, seen))).collect())
}
