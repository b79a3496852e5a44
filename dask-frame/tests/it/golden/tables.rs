//! The tables of the golden data: read without the crate's own reader, compared by value.

use std::str::FromStr;

use dask_frame::{Column, DataType, Number, Scalar, Table};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use serde_json::Value as Json;

use super::dir;

/// Reads a golden CSV file: texts quoted, nulls empty.
pub(super) fn read_table(table: &Json) -> Table {
    let path = dir().join(table["csv"].as_str().expect("a file"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = cells(&text).into_iter();
    let header =
        lines.next().expect("a header").into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>();
    let rows = lines.collect::<Vec<_>>();
    let columns = header.into_iter().enumerate().map(|(at, name)| {
        let declared = table["columns"].as_array().expect("columns");
        let dtype = declared[at]["dtype"].as_str().expect("a type").to_owned();
        assert_eq!(declared[at]["name"].as_str(), Some(name.as_str()));
        let cell = |row: &Vec<Option<String>>| row[at].clone();
        (name, column(&dtype, rows.iter().map(cell)))
    });
    Table::new(columns.collect::<Vec<_>>()).expect("a golden table is one")
}

pub(super) fn column(dtype: &str, cells: impl Iterator<Item = Option<String>>) -> Column {
    match dtype {
        "float64" => cells.map(|x| x.map(|x| x.parse::<f64>().expect("a float"))).collect::<Vec<_>>().into(),
        "bool" => cells.map(|x| x.map(|x| x == "true")).collect::<Vec<_>>().into(),
        "datetime" => {
            let micros = |text: String| {
                let lit = dask_frame::timestamp(&text).expect("a timestamp");
                let frame =
                    dask_frame::DataFrame::from_columns([("i", Column::from(vec![0]))], 1).expect("a row");
                let frame = frame.with_column("t", lit).expect("a column");
                let table = frame.compute_with(&Sync::new()).expect("a constant");
                table.column("t").expect("t").timestamp_micros().and_then(|mut t| t.next()).flatten()
            };
            Column::timestamps(cells.map(|x| x.and_then(micros)).collect::<Vec<_>>())
        }
        "timedelta_us" => {
            Column::durations(cells.map(|x| x.map(|x| x.parse::<i64>().expect("microseconds"))))
        }
        "category" => cells.collect::<Vec<_>>().into(),
        "int8" => narrow::<i8>(cells),
        "int16" => narrow::<i16>(cells),
        "int32" => narrow::<i32>(cells),
        "uint8" => narrow::<u8>(cells),
        "uint16" => narrow::<u16>(cells),
        "uint32" => narrow::<u32>(cells),
        "uint64" => narrow::<u64>(cells),
        "float32" => narrow::<f32>(cells),
        int if int.contains("int") => {
            let int =
                |x: String| x.parse::<i64>().unwrap_or_else(|_| x.parse::<f64>().expect("a number") as i64);
            cells.map(|x| x.map(int)).collect::<Vec<_>>().into()
        }
        _ => cells.collect::<Vec<_>>().into(),
    }
}

fn narrow<T: Number + FromStr<Err: std::fmt::Debug>>(cells: impl Iterator<Item = Option<String>>) -> Column {
    Column::numbers(cells.map(|x| x.map(|x| x.parse::<T>().expect("a number of the type"))))
}

/// Cuts a golden file: `None` is an empty cell that is not quoted.
fn cells(text: &str) -> Vec<Vec<Option<String>>> {
    let mut rows = vec![Vec::new()];
    let (mut cell, mut quoted, mut inside) = (String::new(), false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if inside && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => (inside, quoted) = (!inside, true),
            ',' | '\n' if !inside => {
                let done = std::mem::take(&mut cell);
                let value = (quoted || !done.is_empty()).then_some(done);
                quoted = false;
                rows.last_mut().expect("a row").push(value);
                if c == '\n' {
                    rows.push(Vec::new());
                }
            }
            '\r' if !inside => {}
            c => cell.push(c),
        }
    }
    rows.retain(|row| !row.is_empty());
    rows
}

/// Whether a type is one of numbers in other than 64 bits, which answers are to have where pandas has it, and nowhere
/// else.
fn is_narrow(dtype: &DataType) -> bool {
    dtype.is_numeric() && !matches!(dtype, DataType::Int64 | DataType::Float64)
}

/// The answer of a case.
pub(super) struct Expected {
    table: Table,
    ordered: bool,
    rtol: f64,
}

impl Expected {
    pub(super) fn read(case: &Json) -> Self {
        let table = read_table(&case["expected"]);
        Self {
            table,
            ordered: case["ordered"].as_bool().unwrap_or(true),
            rtol: case["rtol"].as_f64().unwrap_or(1e-9),
        }
    }

    /// Compares names, the narrow types of numbers, order if it matters, and values; an integer equals the float of its
    /// value.
    pub(super) fn compare(&self, got: &Table) -> Result<(), String> {
        let differs = |what: &str| Err(format!("{what}\ngot\n{got}expected\n{}", self.table));
        if !got.schema().names().eq(self.table.schema().names()) {
            return differs("other columns");
        }
        for ((name, expected), got) in
            self.table.schema().names().zip(self.table.columns()).zip(got.columns())
        {
            let (wanted, got) = (expected.dtype(), got.dtype());
            // pandas has no integers that may be missing, and makes them floats.
            let made_floats = wanted == DataType::Float64 && got.is_integer() && expected.null_count() > 0;
            if (is_narrow(&wanted) || is_narrow(&got)) && got != wanted && !made_floats {
                return differs(&format!("{name}: {got}, not {wanted}"));
            }
        }
        if got.n_rows() != self.table.n_rows() {
            return differs("other number of rows");
        }
        let (mut got_rows, mut expected_rows) = (rows(got), rows(&self.table));
        if !self.ordered {
            for rows in [&mut got_rows, &mut expected_rows] {
                rows.sort_by_key(|row| row.iter().map(rough).collect::<Vec<_>>());
            }
        }
        for (row, (got_row, expected)) in got_rows.iter().zip(&expected_rows).enumerate() {
            for (at, (a, b)) in got_row.iter().zip(expected).enumerate() {
                if !self.equal(a, b) {
                    let name = self.table.schema().names().nth(at).unwrap_or_default();
                    return differs(&format!("row {row}, {name}: {a}, not {b}"));
                }
            }
        }
        Ok(())
    }

    fn equal(&self, a: &Scalar, b: &Scalar) -> bool {
        match (number(a), number(b)) {
            (Some(a), Some(b)) => a == b || (a - b).abs() <= 1e-9 + self.rtol * b.abs(),
            _ => a == b || (a.is_null() && b.is_null()),
        }
    }
}

fn rows(table: &Table) -> Vec<Vec<Scalar>> {
    (0..table.n_rows()).map(|row| table.columns().iter().map(|column| column.get(row)).collect()).collect()
}

fn number(value: &Scalar) -> Option<f64> {
    match value {
        Scalar::Int64(x) => Some(*x as f64),
        Scalar::Float64(x) => Some(*x),
        Scalar::Float32(x) => Some(f64::from(*x)),
        value if value.dtype().is_integer() && !value.is_null() => value.to_string().parse().ok(),
        _ => None,
    }
}

/// A text to sort by that does not see the last digits.
fn rough(value: &Scalar) -> String {
    number(value)
        .map_or_else(|| if value.is_null() { "~".into() } else { value.to_string() }, |x| format!("{x:.5e}"))
}
