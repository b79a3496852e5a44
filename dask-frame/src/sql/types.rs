//! What columns and values of a database are in frames, and the other way.

use rusqlite::types::{Value, ValueRef};

use crate::column::{BoolBuilder, Column, Scalar, Utf8Builder, ValueBuilder};
use crate::schema::DataType;
use crate::{parse, time};

/// Returns the type of columns that are declared so, if the declaration says one.
///
/// After times and truth values, which SQLite has no types for, as it reads declarations itself.
pub(super) fn of_declaration(declared: &str) -> Option<DataType> {
    let declared = declared.to_ascii_uppercase();
    let has = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
    Some(match () {
        () if has(&["BOOL"]) => DataType::Bool,
        () if has(&["TIMESTAMP", "DATETIME"]) => DataType::Timestamp,
        () if declared == "DATE" => DataType::Date,
        () if has(&["INT"]) => DataType::Int64,
        () if has(&["CHAR", "CLOB", "TEXT"]) => DataType::Utf8,
        () if has(&["REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL"]) => DataType::Float64,
        () => return None,
    })
}

/// Returns the declaration of a column of this type; `None` for types that databases do not have.
pub(super) fn declaration(dtype: &DataType) -> Option<&'static str> {
    Some(match dtype {
        // Databases have no integers without sign of 64 bits.
        DataType::UInt64 => return None,
        dtype if dtype.is_integer() => "INTEGER",
        dtype if dtype.is_float() => "REAL",
        DataType::Bool => "BOOLEAN",
        DataType::Utf8 | DataType::Categorical(_) => "TEXT",
        DataType::Timestamp => "TIMESTAMP",
        DataType::Date => "DATE",
        _ => return None,
    })
}

/// Returns the type of a column of which the values before have one type and the next is this.
pub(super) fn with_value(before: Option<DataType>, value: ValueRef<'_>) -> Option<DataType> {
    let dtype = match value {
        ValueRef::Null => return before,
        ValueRef::Integer(_) => DataType::Int64,
        ValueRef::Real(_) => DataType::Float64,
        ValueRef::Text(_) | ValueRef::Blob(_) => DataType::Utf8,
    };
    Some(match before {
        None => dtype,
        Some(before) if before == dtype => dtype,
        Some(DataType::Utf8) => DataType::Utf8,
        Some(_) if dtype == DataType::Utf8 => DataType::Utf8,
        Some(_) => DataType::Float64,
    })
}

/// Returns a value as databases have it.
pub(super) fn value(scalar: Scalar) -> Value {
    match scalar.wide() {
        scalar if scalar.is_null() => Value::Null,
        Scalar::Int64(x) => Value::Integer(x),
        Scalar::Float64(x) => Value::Real(x),
        Scalar::Bool(x) => Value::Integer(x.into()),
        other => Value::Text(other.to_string()),
    }
}

/// A column under construction.
pub(super) enum Values {
    Int64(ValueBuilder<i64>),
    Float64(ValueBuilder<f64>),
    Bool(BoolBuilder),
    Ticks(ValueBuilder<i64>, DataType),
    Text(Utf8Builder),
}

impl Values {
    pub(super) fn new(dtype: DataType) -> Self {
        match dtype {
            DataType::Int64 => Self::Int64(ValueBuilder::with_capacity(0)),
            DataType::Float64 => Self::Float64(ValueBuilder::with_capacity(0)),
            DataType::Bool => Self::Bool(BoolBuilder::default()),
            dtype if dtype.is_temporal() => Self::Ticks(ValueBuilder::with_capacity(0), dtype),
            _ => Self::Text(Utf8Builder::with_capacity(0)),
        }
    }

    /// Adds a value; `None` if it is of another type.
    pub(super) fn push(&mut self, value: ValueRef<'_>) -> Option<()> {
        match (self, value) {
            (Self::Int64(values), ValueRef::Null) => values.push_null(),
            (Self::Int64(values), ValueRef::Integer(x)) => values.push(x),
            (Self::Int64(values), ValueRef::Real(x)) => values.push(parse::float_to_int(x)?),
            (Self::Float64(values), ValueRef::Null) => values.push_null(),
            (Self::Float64(values), ValueRef::Integer(x)) => values.push(x as f64),
            (Self::Float64(values), ValueRef::Real(x)) => values.push(x),
            (Self::Bool(values), ValueRef::Null) => values.push_null(),
            (Self::Bool(values), ValueRef::Integer(x @ (0 | 1))) => values.push(x == 1),
            (Self::Bool(values), ValueRef::Text(text)) => values.push(parse::boolean(text)?),
            (Self::Ticks(values, _), ValueRef::Null) => values.push_null(),
            (Self::Ticks(values, dtype), ValueRef::Text(text)) => values.push(time::parse_as(text, dtype)?),
            (Self::Text(values), ValueRef::Null) => values.push_null(),
            (Self::Text(values), ValueRef::Text(text)) => {
                str::from_utf8(text).ok()?;
                values.push(text);
            }
            _ => return None,
        }
        Some(())
    }

    pub(super) fn finish(self) -> Column {
        match self {
            Self::Int64(values) => values.finish_i64(),
            Self::Float64(values) => values.finish_f64(),
            Self::Bool(values) => values.finish(),
            Self::Ticks(values, dtype) => values.finish_ticks(dtype),
            Self::Text(values) => values.finish().expect("every text was checked when it was added"),
        }
    }
}
