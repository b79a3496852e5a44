//! What a CSV file that is written looks like.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use crate::column::{Mask, Numbers, View};
use crate::table::Table;
use crate::time;

/// Which cells are written in quotes: the `quoting` of Python's `csv` module and of pandas' `to_csv`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Quoting {
    /// Texts that could not be told otherwise: with a separator, a quote or the end of a line in them, and those without
    /// a letter, which would look like missing values.
    #[default]
    Minimal,
    /// All, and the names of columns.
    All,
    /// All but numbers and truth values that are there.
    NonNumeric,
    /// None. What has a meaning in a file is written behind the [escape character](crate::WriteCsv::escape); without one
    /// it is an error.
    None,
}

/// The characters, and how values are told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Format {
    pub(super) separator: u8,
    pub(super) header: bool,
    pub(super) na: String,
    /// How many digits a float has behind the point; as many as tell it from its neighbours if nothing is said.
    pub(super) decimals: Option<u8>,
    pub(super) quoting: Quoting,
    pub(super) escape: Option<u8>,
}

/// A text that cannot be written without quotes.
#[derive(Debug, thiserror::Error)]
#[error(
    "{cell:?} cannot be written without quotes; set an escape character with `escape`, or another `quoting`"
)]
struct NeedsQuotes {
    cell: String,
}

impl Format {
    pub(super) fn new() -> Self {
        Self {
            separator: b',',
            header: true,
            na: String::new(),
            decimals: None,
            quoting: Quoting::Minimal,
            escape: None,
        }
    }

    /// Returns why no file can look so.
    pub(super) fn problem(&self) -> Option<&'static str> {
        let ends_line = |byte| matches!(byte, b'\n' | b'\r');
        match self.escape {
            _ if self.separator == b'"' || ends_line(self.separator) => {
                Some("the separator must neither be a quote nor end a line")
            }
            Some(escape)
                if !escape.is_ascii() || escape == b'"' || ends_line(escape) || escape == self.separator =>
            {
                Some(
                    "the escape character must be of ASCII, and neither be a quote nor the separator nor end a line",
                )
            }
            _ => None,
        }
    }

    pub(super) fn write_table(&self, table: &Table, header: bool, to: &mut impl Write) -> io::Result<()> {
        let columns = table.columns().iter().map(|column| (column.view(), column.validity()));
        let columns = columns.collect::<Vec<_>>();
        let (separator, is_alone) = ([self.separator], columns.len() == 1);
        if header {
            for (i, name) in table.schema().names().enumerate() {
                to.write_all(if i > 0 { &separator } else { b"" })?;
                self.write_text(name, is_alone, to)?;
            }
            to.write_all(b"\n")?;
        }
        for row in 0..table.n_rows() {
            for (i, (view, validity)) in columns.iter().enumerate() {
                if i > 0 {
                    to.write_all(&separator)?;
                }
                match validity.as_ref().is_none_or(|valid: &Mask| valid.get(row)) {
                    true => self.write_value(*view, row, is_alone, to)?,
                    false => self.write_missing(is_alone, to)?,
                }
            }
            to.write_all(b"\n")?;
        }
        Ok(())
    }

    fn write_missing(&self, is_alone: bool, to: &mut impl Write) -> io::Result<()> {
        match self.quoting {
            Quoting::Minimal | Quoting::None if !is_alone && self.na.is_empty() => Ok(()),
            _ => self.write_text(&self.na, is_alone, to),
        }
    }

    fn write_value(&self, view: View<'_>, row: usize, is_alone: bool, to: &mut impl Write) -> io::Result<()> {
        match (view, self.decimals) {
            (View::Int64(values), _) => self.write_number(itoa::Buffer::new().format(values[row]), to),
            (View::Float64(values), None) => self.write_number(zmij::Buffer::new().format(values[row]), to),
            (View::Float64(values), Some(n)) => {
                self.write_number(&format!("{:.*}", usize::from(n), values[row]), to)
            }
            (View::Numbers(Numbers::Float32(values)), Some(n)) => {
                self.write_number(&format!("{:.*}", usize::from(n), values.value(row)), to)
            }
            (View::Numbers(numbers), _) => numbers.as_text(row, |text| self.write_number(text, to)),
            (View::Bool(values), _) => self.write_number(if values.get(row) { "True" } else { "False" }, to),
            (View::Ticks(values, dtype), _) => {
                self.write_text(&time::Ticks(values[row], dtype.clone()).to_string(), is_alone, to)
            }
            (View::Utf8(values), _) => self.write_text(values.get(row), is_alone, to),
            (View::List(_), _) => unreachable!("lists were refused before anything was written"),
        }
    }

    fn write_number(&self, number: &str, to: &mut impl Write) -> io::Result<()> {
        let may_hold = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
        match self.quoting {
            Quoting::All => quoted(number, to),
            _ if may_hold(self.separator) || self.escape.is_some_and(may_hold) => {
                self.write_where_needed(number, to)
            }
            _ => to.write_all(number.as_bytes()),
        }
    }

    fn write_text(&self, text: &str, is_alone: bool, to: &mut impl Write) -> io::Result<()> {
        match self.quoting {
            Quoting::All | Quoting::NonNumeric => self.write_quoted(text, to),
            Quoting::Minimal if text.is_empty() => quoted(text, to),
            // A line with nothing on it would be skipped by readers.
            Quoting::None if text.is_empty() && is_alone => Err(needs_quotes(text)),
            Quoting::Minimal | Quoting::None => self.write_where_needed(text, to),
        }
    }

    /// Writes a cell plainly, if it can be read so.
    fn write_where_needed(&self, cell: &str, to: &mut impl Write) -> io::Result<()> {
        let escapes = |byte| self.escape == Some(byte);
        let structural = |byte: u8| byte == self.separator || matches!(byte, b'"' | b'\n' | b'\r');
        match self.quoting {
            _ if !cell.bytes().any(|byte| structural(byte) || escapes(byte)) => to.write_all(cell.as_bytes()),
            Quoting::None => self.write_escaped(cell, |byte| structural(byte) || escapes(byte), to),
            _ if !cell.bytes().any(structural) => self.write_escaped(cell, escapes, to),
            _ => self.write_quoted(cell, to),
        }
    }

    fn write_quoted(&self, cell: &str, to: &mut impl Write) -> io::Result<()> {
        // Within quotes, too, an escape character stands for itself only behind another.
        match self.escape.filter(|escape| cell.as_bytes().contains(escape)) {
            Some(escape) => {
                let escape = char::from(escape);
                quoted(&cell.replace(escape, &String::from_iter([escape, escape])), to)
            }
            None => quoted(cell, to),
        }
    }

    fn write_escaped(&self, cell: &str, escaped: impl Fn(u8) -> bool, to: &mut impl Write) -> io::Result<()> {
        let Some(escape) = self.escape else { return Err(needs_quotes(cell)) };
        for byte in cell.bytes() {
            if escaped(byte) {
                to.write_all(&[escape])?;
            }
            to.write_all(&[byte])?;
        }
        Ok(())
    }
}

fn quoted(cell: &str, to: &mut impl Write) -> io::Result<()> {
    to.write_all(b"\"")?;
    to.write_all(cell.replace('"', "\"\"").as_bytes())?;
    to.write_all(b"\"")
}

fn needs_quotes(cell: &str) -> io::Error {
    io::Error::other(NeedsQuotes { cell: cell.into() })
}
