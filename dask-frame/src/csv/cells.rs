//! Cells read into columns.

use super::dialect::NaValues;
use crate::column::{BoolBuilder, Column, Utf8Builder, ValueBuilder};
use crate::schema::DataType;
use crate::{parse, time};

/// A column being read.
pub(crate) enum CellBuilder {
    Int64(ValueBuilder<i64>),
    Float64(ValueBuilder<f64>),
    Bool(BoolBuilder),
    Utf8(Utf8Builder),
    Timestamp(ValueBuilder<i64>),
}

/// A cell does not fit the type of its column.
#[derive(Debug)]
pub(crate) struct Misfit;

impl CellBuilder {
    pub(crate) fn new(dtype: DataType) -> Self {
        match dtype {
            DataType::Int64 => CellBuilder::Int64(ValueBuilder::with_capacity(0)),
            DataType::Float64 => CellBuilder::Float64(ValueBuilder::with_capacity(0)),
            DataType::Bool => CellBuilder::Bool(BoolBuilder::default()),
            DataType::Utf8 => CellBuilder::Utf8(Utf8Builder::with_capacity(0)),
            DataType::Timestamp => CellBuilder::Timestamp(ValueBuilder::with_capacity(0)),
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, cell: &[u8], na: &NaValues) -> Result<(), Misfit> {
        // Of numbers it is asked only when they cannot be read whether they count as missing.
        if (cell.is_empty() || na.come_first()) && na.contains(cell) {
            self.push_null();
            return Ok(());
        }
        match self {
            CellBuilder::Int64(values) => match parse::int(cell) {
                Some(value) => values.push(value),
                None if na.contains(cell) => values.push_null(),
                None => return Err(Misfit),
            },
            CellBuilder::Float64(values) => match parse::float(cell) {
                Some(value) => values.push(value),
                None if na.contains(cell) => values.push_null(),
                None => return Err(Misfit),
            },
            CellBuilder::Utf8(values) if na.contains(cell) => values.push_null(),
            CellBuilder::Utf8(values) => values.push(cell),
            CellBuilder::Bool(values) => match parse::boolean(cell) {
                Some(value) => values.push(value),
                None if na.contains(cell) => values.push_null(),
                None => return Err(Misfit),
            },
            CellBuilder::Timestamp(values) => match time::parse(cell) {
                Some(value) => values.push(value),
                None if na.contains(cell) => values.push_null(),
                None => return Err(Misfit),
            },
        }
        Ok(())
    }

    pub(crate) fn push_null(&mut self) {
        match self {
            CellBuilder::Int64(values) | CellBuilder::Timestamp(values) => values.push_null(),
            CellBuilder::Float64(values) => values.push_null(),
            CellBuilder::Bool(values) => values.push_null(),
            CellBuilder::Utf8(values) => values.push_null(),
        }
    }

    /// Finishes the column; the error is the row of the first text that is not UTF-8.
    pub(crate) fn finish(self) -> Result<Column, usize> {
        Ok(match self {
            CellBuilder::Int64(values) => values.finish_i64(),
            CellBuilder::Float64(values) => values.finish_f64(),
            CellBuilder::Bool(values) => values.finish(),
            CellBuilder::Timestamp(values) => values.finish_timestamp(),
            CellBuilder::Utf8(values) => values.finish()?,
        })
    }
}

/// Returns the narrowest type that can hold a cell. Timestamps are never guessed, as in pandas.
pub(crate) fn guess(cell: &[u8]) -> DataType {
    if parse::int(cell).is_some() {
        return DataType::Int64;
    }
    if parse::boolean(cell).is_some() {
        return DataType::Bool;
    }
    // Digits that do not fit 64 bits are an identifier sooner than a measurement: a float would round it.
    let digits = cell.trim_ascii().strip_prefix(b"-").unwrap_or(cell.trim_ascii());
    match parse::float(cell) {
        Some(_) if !digits.iter().all(u8::is_ascii_digit) => DataType::Float64,
        _ => DataType::Utf8,
    }
}

/// Returns the narrowest type that can hold cells of two types.
pub(crate) fn widen(a: DataType, b: DataType) -> DataType {
    match (a, b) {
        _ if a == b => a,
        (DataType::Int64, DataType::Float64) | (DataType::Float64, DataType::Int64) => DataType::Float64,
        _ => DataType::Utf8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_guessed() {
        for (cell, dtype) in [
            ("1", DataType::Int64),
            ("-7", DataType::Int64),
            ("1.5", DataType::Float64),
            ("1e9", DataType::Float64),
            ("inf", DataType::Float64),
            ("True", DataType::Bool),
            ("x", DataType::Utf8),
            ("2021-03-15", DataType::Utf8),
            ("18446744073709551616", DataType::Utf8),
        ] {
            assert_eq!(guess(cell.as_bytes()), dtype, "{cell}");
        }
        assert_eq!(widen(DataType::Int64, DataType::Float64), DataType::Float64);
        assert_eq!(widen(DataType::Int64, DataType::Bool), DataType::Utf8);
    }

    #[test]
    fn what_reads_as_a_number_may_be_named_missing() {
        let mut builder = CellBuilder::new(DataType::Int64);
        let na = NaValues::new(true, &["-99".into()]);
        for cell in ["1", "-99", "NA", ""] {
            builder.push(cell.as_bytes(), &na).unwrap();
        }
        assert_eq!(builder.finish().unwrap(), Column::from(vec![Some(1), None, None, None]));
    }
}
