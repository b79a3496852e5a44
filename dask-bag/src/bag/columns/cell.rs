//! The value of one field, put into its column.

use dask_graph::{ColumnField, ColumnKind, ColumnValues};
use serde::ser::{Impossible, Serialize, Serializer};

use crate::error::RecordError;

/// A column that is being made.
pub(super) struct CellColumn {
    values: ColumnValues,
    /// Made when the first value is missing.
    valid: Option<Vec<bool>>,
}

impl CellColumn {
    pub(super) fn new(kind: ColumnKind) -> Self {
        Self { values: ColumnValues::empty(kind), valid: None }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn push_null(&mut self) {
        let len = self.len();
        self.valid.get_or_insert_with(|| vec![true; len]);
        match &mut self.values {
            ColumnValues::Int64(values) | ColumnValues::Timestamp(values) => values.push(0),
            ColumnValues::UInt64(values) => values.push(0),
            ColumnValues::Float64(values) => values.push(0.0),
            ColumnValues::Bool(values) => values.push(false),
            ColumnValues::Text(texts) => texts.push(""),
            _ => unreachable!("a column is made of a kind that is listed here"),
        }
        self.told_valid(false);
    }

    pub(super) fn into_parts(self) -> (ColumnValues, Option<Vec<bool>>) {
        (self.values, self.valid)
    }

    fn told_valid(&mut self, valid: bool) {
        if let Some(all) = &mut self.valid {
            all.push(valid);
        }
    }
}

/// Takes one value into a column.
pub(super) struct Cell<'a> {
    pub(super) column: &'a mut CellColumn,
    pub(super) field: &'a ColumnField,
}

impl Cell<'_> {
    fn misfit(&self, got: impl Into<String>) -> RecordError {
        RecordError::Kind { field: self.field.name.clone(), got: got.into(), expected: self.field.kind }
    }

    fn nested(&self, got: &'static str) -> RecordError {
        RecordError::Nested { field: self.field.name.clone(), got }
    }

    fn int(self, value: i128) -> Result<(), RecordError> {
        let range = |_| out_of_range(self.field, value);
        match &mut self.column.values {
            ColumnValues::Int64(values) | ColumnValues::Timestamp(values) => {
                values.push(value.try_into().map_err(range)?);
            }
            ColumnValues::UInt64(values) => values.push(value.try_into().map_err(range)?),
            // A float that is nearest to the integer, as in every arithmetic of integers and floats.
            ColumnValues::Float64(values) => values.push(value as f64),
            _ => return Err(self.misfit(format!("the integer {value}"))),
        }
        self.column.told_valid(true);
        Ok(())
    }

    fn text(self, text: &str) -> Result<(), RecordError> {
        let ColumnValues::Text(texts) = &mut self.column.values else {
            return Err(self.misfit(format!("the text {text:?}")));
        };
        texts.push(text);
        self.column.told_valid(true);
        Ok(())
    }
}

fn out_of_range(field: &ColumnField, value: impl ToString) -> RecordError {
    RecordError::Range { field: field.name.clone(), value: value.to_string(), expected: field.kind }
}

macro_rules! ints {
    ($($name:ident: $t:ty),+) => {$(
        fn $name(self, value: $t) -> Result<(), RecordError> {
            self.int(value.into())
        }
    )+};
}

impl Serializer for Cell<'_> {
    type Ok = ();
    type Error = RecordError;
    type SerializeSeq = Impossible<(), RecordError>;
    type SerializeTuple = Impossible<(), RecordError>;
    type SerializeTupleStruct = Impossible<(), RecordError>;
    type SerializeTupleVariant = Impossible<(), RecordError>;
    type SerializeMap = Impossible<(), RecordError>;
    type SerializeStruct = Impossible<(), RecordError>;
    type SerializeStructVariant = Impossible<(), RecordError>;

    ints!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128);
    ints!(serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64);

    fn serialize_u128(self, value: u128) -> Result<(), RecordError> {
        match i128::try_from(value) {
            Ok(value) => self.int(value),
            Err(_) => Err(out_of_range(self.field, value)),
        }
    }

    fn serialize_bool(self, value: bool) -> Result<(), RecordError> {
        let ColumnValues::Bool(values) = &mut self.column.values else {
            return Err(self.misfit(format!("the truth value {value}")));
        };
        values.push(value);
        self.column.told_valid(true);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), RecordError> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), RecordError> {
        let ColumnValues::Float64(values) = &mut self.column.values else {
            return Err(self.misfit(format!("the float {value:?}")));
        };
        values.push(value);
        self.column.told_valid(true);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), RecordError> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), RecordError> {
        self.text(value)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), RecordError> {
        Err(self.nested("bytes"))
    }

    fn serialize_none(self) -> Result<(), RecordError> {
        self.column.push_null();
        Ok(())
    }

    fn serialize_some<V: ?Sized + Serialize>(self, value: &V) -> Result<(), RecordError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), RecordError> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), RecordError> {
        self.serialize_none()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), RecordError> {
        self.text(variant)
    }

    fn serialize_newtype_struct<V: ?Sized + Serialize>(
        self,
        _: &'static str,
        value: &V,
    ) -> Result<(), RecordError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<V: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &V,
    ) -> Result<(), RecordError> {
        Err(self.nested("an enum with data"))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, RecordError> {
        Err(self.nested("a list"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, RecordError> {
        Err(self.nested("a tuple"))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, RecordError> {
        Err(self.nested("a tuple"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, RecordError> {
        Err(self.nested("an enum with data"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, RecordError> {
        Err(self.nested("a map"))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, RecordError> {
        Err(self.nested("a struct"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, RecordError> {
        Err(self.nested("an enum with data"))
    }
}
