//! Rows of columns made into records.

use dask_graph::{ColumnData, ColumnValues, Columns};
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::error::RowError;

/// Reads a row as a `T`.
pub(super) fn read<T: DeserializeOwned>(columns: &Columns, row: usize) -> Result<T, RowError> {
    T::deserialize(Row { columns: columns.columns(), row }).map_err(|problem| RowError {
        row,
        column: problem.column,
        problem: problem.message,
    })
}

/// What a type says of a row or a value, and at which column.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Problem {
    column: Option<String>,
    message: String,
}

impl serde::de::Error for Problem {
    fn custom<M: std::fmt::Display>(message: M) -> Self {
        Self { column: None, message: message.to_string() }
    }
}

/// One row as a record.
#[derive(Clone, Copy)]
struct Row<'a> {
    columns: &'a [(String, ColumnData)],
    row: usize,
}

impl<'a> Row<'a> {
    fn values(self) -> Values<'a> {
        Values { row: self, next: 0 }
    }
}

macro_rules! in_order {
    ($($name:ident($($arg:ty),*))+) => {$(
        fn $name<V: Visitor<'de>>(self, $(_: $arg,)* visitor: V) -> Result<V::Value, Problem> {
            visitor.visit_seq(self.values())
        }
    )+};
}

macro_rules! single {
    ($($name:ident)+) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
            match self.columns {
                [(name, column)] => at_column(name, Cell { column, row: self.row }.$name(visitor)),
                _ => visitor.visit_map(self.values()),
            }
        }
    )+};
}

impl<'de> Deserializer<'de> for Row<'_> {
    type Error = Problem;

    in_order! { deserialize_seq() deserialize_tuple(usize) deserialize_tuple_struct(&'static str, usize) }

    single!(deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string);

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_map(self.values())
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.columns {
            [(_, column)] if Cell { column, row: self.row }.is_missing() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! { bytes byte_buf unit unit_struct map struct enum identifier ignored_any }
}

/// The values of a row, one after another.
struct Values<'a> {
    row: Row<'a>,
    next: usize,
}

impl<'a> Values<'a> {
    fn next_value<'de, S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Problem> {
        let Some((name, column)) = self.row.columns.get(self.next) else { return Ok(None) };
        self.next += 1;
        at_column(name, seed.deserialize(Cell { column, row: self.row.row })).map(Some)
    }
}

/// Adds to a problem at which column it is.
fn at_column<T>(name: &str, result: Result<T, Problem>) -> Result<T, Problem> {
    result.map_err(|problem| Problem { column: Some(name.to_owned()), ..problem })
}

impl<'de> MapAccess<'de> for Values<'_> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Problem> {
        let name = self.row.columns.get(self.next);
        name.map(|(name, _)| seed.deserialize(StrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Problem> {
        self.next_value(seed)?.ok_or_else(|| serde::de::Error::custom("a value was asked for after the last"))
    }
}

impl<'de> SeqAccess<'de> for Values<'_> {
    type Error = Problem;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Problem> {
        self.next_value(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.row.columns.len() - self.next)
    }
}

/// The value of one column in one row.
struct Cell<'a> {
    column: &'a ColumnData,
    row: usize,
}

impl Cell<'_> {
    fn is_missing(&self) -> bool {
        self.column.valid.as_ref().is_some_and(|valid| !valid[self.row])
    }
}

impl<'de> Deserializer<'de> for Cell<'_> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.is_missing() {
            return visitor.visit_unit();
        }
        match &self.column.values {
            ColumnValues::Int64(values) | ColumnValues::Timestamp(values) => {
                visitor.visit_i64(values[self.row])
            }
            ColumnValues::UInt64(values) => visitor.visit_u64(values[self.row]),
            ColumnValues::Float64(values) => visitor.visit_f64(values[self.row]),
            ColumnValues::Bool(values) => visitor.visit_bool(values[self.row]),
            ColumnValues::Text(texts) => visitor.visit_str(texts.get(self.row).unwrap_or_default()),
            _ => unreachable!("every kind of column is listed here"),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.is_missing() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match (&self.column.values, self.is_missing()) {
            (ColumnValues::Text(texts), false) => {
                let variant: StrDeserializer<'_, Problem> =
                    texts.get(self.row).unwrap_or_default().into_deserializer();
                visitor.visit_enum(variant)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}
