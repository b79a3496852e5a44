//! Tables as text: columns aligned, types below the names, the middle left out of long ones.

use std::fmt::{self, Write};

use super::Table;
use crate::schema::{DataType, Field};

/// A table with more rows shows half as many from either end.
const MOST_ROWS: usize = 20;
/// A longer text is cut.
const MOST_CHARS: usize = 32;

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = ShownRows::new(self.n_rows);
        let columns = self.schema().fields().iter().zip(self.columns());
        let columns =
            columns.map(|(field, column)| ShownColumn::new(field, &shown, |row| column.get(row).to_string()));
        let columns = columns.collect::<Vec<_>>();
        let lines = columns.first().map_or(0, |column| column.cells.len());
        for line in 0..lines {
            let mut text = String::new();
            for (i, column) in columns.iter().enumerate() {
                if i > 0 {
                    text.push_str("  ");
                }
                column.write(&mut text, line)?;
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        let s = if self.n_rows == 1 { "" } else { "s" };
        writeln!(f, "{} row{s}", self.n_rows)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which rows are shown; `None` stands for those left out.
struct ShownRows(Vec<Option<usize>>);

impl ShownRows {
    fn new(n_rows: usize) -> Self {
        if n_rows <= MOST_ROWS {
            return Self((0..n_rows).map(Some).collect());
        }
        let (head, tail) = (0..MOST_ROWS / 2, n_rows - MOST_ROWS / 2..n_rows);
        Self(head.map(Some).chain([None]).chain(tail.map(Some)).collect())
    }
}

struct ShownColumn {
    /// Name, type, ruler, values.
    cells: Vec<String>,
    width: usize,
    right: bool,
}

impl ShownColumn {
    fn new(field: &Field, rows: &ShownRows, value: impl Fn(usize) -> String) -> Self {
        let mut cells = vec![clip(field.name()), field.dtype().to_string(), String::new()];
        cells.extend(rows.0.iter().map(|row| row.map_or("…".into(), |row| clip(&value(row)))));
        let width = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
        cells[2] = "-".repeat(width);
        Self { cells, width, right: !field.dtype().is_text() && field.dtype() != DataType::Bool }
    }

    fn write(&self, to: &mut String, line: usize) -> fmt::Result {
        let (cell, width) = (&self.cells[line], self.width);
        if self.right { write!(to, "{cell:>width$}") } else { write!(to, "{cell:<width$}") }
    }
}

/// Puts a value on one line of bounded width.
fn clip(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    if text.chars().count() <= MOST_CHARS {
        return line.collect();
    }
    line.take(MOST_CHARS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use crate::{Column, Table};

    #[test]
    fn a_long_table_shows_both_ends() {
        let table = Table::new([("n", Column::from((0..100).collect::<Vec<i64>>()))]).unwrap();
        let text = table.to_string();
        assert_eq!(text.lines().count(), 3 + 20 + 1 + 1);
        assert!(text.contains("    9\n    …\n   90\n"), "{text}");
        assert!(text.ends_with("100 rows\n"));
    }

    #[test]
    fn a_table_without_rows_shows_its_columns() {
        let table = Table::new([("name", Column::from(Vec::<&str>::new()))]).unwrap();
        assert_eq!(table.to_string(), "name\nUtf8\n----\n0 rows\n");
    }
}
