//! Records taken apart into columns.

use dask_graph::{ColumnData, ColumnField, ColumnKind, ColumnValues, Columns, ColumnsError};
use serde::ser::{
    Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct,
    Serializer,
};

use super::cell::{Cell, CellColumn};
use crate::error::RecordError;

/// Columns that grow by a record at a time.
pub(super) struct RecordColumns {
    columns: Vec<CellColumn>,
    n_rows: usize,
}

impl RecordColumns {
    pub(super) fn new(fields: &[ColumnField]) -> Self {
        Self { columns: fields.iter().map(|field| CellColumn::new(field.kind)).collect(), n_rows: 0 }
    }

    pub(super) fn push(
        &mut self,
        fields: &[ColumnField],
        record: &impl Serialize,
    ) -> Result<(), RecordError> {
        record.serialize(Record { columns: self, fields })?;
        self.n_rows += 1;
        // What the record did not have is missing.
        for column in &mut self.columns {
            if column.len() < self.n_rows {
                column.push_null();
            }
        }
        Ok(())
    }

    pub(super) fn finish(self, fields: &[ColumnField]) -> Result<Columns, ColumnsError> {
        if fields.is_empty() {
            return Ok(Columns::without_columns(self.n_rows));
        }
        let data = |column: CellColumn| {
            let (values, valid) = column.into_parts();
            ColumnData { values, valid }
        };
        Columns::new(fields.iter().map(|field| field.name.clone()).zip(self.columns.into_iter().map(data)))
    }

    /// Puts a value into the column of a number.
    fn put<V: ?Sized + Serialize>(
        &mut self,
        fields: &[ColumnField],
        at: usize,
        value: &V,
    ) -> Result<(), RecordError> {
        let (column, field) = (&mut self.columns[at], &fields[at]);
        if column.len() > self.n_rows {
            return Err(RecordError::Twice { field: field.name.clone() });
        }
        value.serialize(Cell { column, field })
    }
}

/// Takes one record.
struct Record<'a> {
    columns: &'a mut RecordColumns,
    fields: &'a [ColumnField],
}

impl<'a> Record<'a> {
    /// The column of a record that is nothing but one value.
    fn single(self, got: &'static str) -> Result<Cell<'a>, RecordError> {
        match (&mut self.columns.columns[..], self.fields) {
            ([column], [field]) => Ok(Cell { column, field }),
            _ => Err(RecordError::NoRecord { got }),
        }
    }

    fn parts(self) -> Parts<'a> {
        Parts { columns: self.columns, fields: self.fields, next: 0, key: None }
    }
}

macro_rules! single {
    ($($name:ident: $t:ty => $got:literal),+ $(,)?) => {$(
        fn $name(self, value: $t) -> Result<(), RecordError> {
            self.single($got)?.$name(value)
        }
    )+};
}

impl<'a> Serializer for Record<'a> {
    type Ok = ();
    type Error = RecordError;
    type SerializeSeq = Parts<'a>;
    type SerializeTuple = Parts<'a>;
    type SerializeTupleStruct = Parts<'a>;
    type SerializeTupleVariant = Impossible<(), RecordError>;
    type SerializeMap = Parts<'a>;
    type SerializeStruct = Parts<'a>;
    type SerializeStructVariant = Impossible<(), RecordError>;

    single!(
        serialize_bool: bool => "a truth value",
        serialize_i8: i8 => "an integer",
        serialize_i16: i16 => "an integer",
        serialize_i32: i32 => "an integer",
        serialize_i64: i64 => "an integer",
        serialize_i128: i128 => "an integer",
        serialize_u8: u8 => "an integer",
        serialize_u16: u16 => "an integer",
        serialize_u32: u32 => "an integer",
        serialize_u64: u64 => "an integer",
        serialize_u128: u128 => "an integer",
        serialize_f32: f32 => "a float",
        serialize_f64: f64 => "a float",
        serialize_char: char => "a text",
        serialize_str: &str => "a text",
    );

    fn serialize_bytes(self, _: &[u8]) -> Result<(), RecordError> {
        Err(RecordError::NoRecord { got: "bytes" })
    }

    fn serialize_none(self) -> Result<(), RecordError> {
        self.single("nothing")?.serialize_none()
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
        name: &'static str,
        at: u32,
        variant: &'static str,
    ) -> Result<(), RecordError> {
        self.single("an enum")?.serialize_unit_variant(name, at, variant)
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
        Err(RecordError::NoRecord { got: "an enum with data" })
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a>, RecordError> {
        Ok(self.parts())
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'a>, RecordError> {
        Ok(self.parts())
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, RecordError> {
        Ok(self.parts())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, RecordError> {
        Err(RecordError::NoRecord { got: "an enum with data" })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a>, RecordError> {
        Ok(self.parts())
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'a>, RecordError> {
        Ok(self.parts())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, RecordError> {
        Err(RecordError::NoRecord { got: "an enum with data" })
    }
}

/// Takes the parts of one record, by name or in order.
struct Parts<'a> {
    columns: &'a mut RecordColumns,
    fields: &'a [ColumnField],
    /// The column that the next part probably belongs to.
    next: usize,
    /// The name of the value that comes next in a map.
    key: Option<String>,
}

impl Parts<'_> {
    fn named<V: ?Sized + Serialize>(&mut self, name: &str, value: &V) -> Result<(), RecordError> {
        let fields = self.fields;
        let at = match fields.get(self.next) {
            // Records have their fields in one order.
            Some(field) if field.name == name => self.next,
            _ => match fields.iter().position(|field| field.name == name) {
                Some(at) => at,
                None => return Ok(()),
            },
        };
        self.next = at + 1;
        self.columns.put(fields, at, value)
    }

    fn in_order<V: ?Sized + Serialize>(&mut self, value: &V) -> Result<(), RecordError> {
        let at = self.next;
        self.next += 1;
        if at == self.fields.len() {
            return Err(RecordError::TooLong { expected: at });
        }
        self.columns.put(self.fields, at, value)
    }
}

impl SerializeStruct for Parts<'_> {
    type Ok = ();
    type Error = RecordError;

    fn serialize_field<V: ?Sized + Serialize>(
        &mut self,
        key: &'static str,
        value: &V,
    ) -> Result<(), RecordError> {
        self.named(key, value)
    }

    fn end(self) -> Result<(), RecordError> {
        Ok(())
    }
}

impl SerializeMap for Parts<'_> {
    type Ok = ();
    type Error = RecordError;

    fn serialize_key<K: ?Sized + Serialize>(&mut self, key: &K) -> Result<(), RecordError> {
        let field = ColumnField::new("(names of fields)", ColumnKind::Text);
        let mut column = CellColumn::new(field.kind);
        key.serialize(Cell { column: &mut column, field: &field })?;
        self.key = match column.into_parts().0 {
            ColumnValues::Text(texts) => texts.get(0).map(String::from),
            _ => None,
        };
        Ok(())
    }

    fn serialize_value<V: ?Sized + Serialize>(&mut self, value: &V) -> Result<(), RecordError> {
        let key = self.key.take().unwrap_or_default();
        self.named(&key, value)
    }

    fn end(self) -> Result<(), RecordError> {
        Ok(())
    }
}

macro_rules! in_order {
    ($($trait:ident: $method:ident),+) => {$(
        impl $trait for Parts<'_> {
            type Ok = ();
            type Error = RecordError;

            fn $method<V: ?Sized + Serialize>(&mut self, value: &V) -> Result<(), RecordError> {
                self.in_order(value)
            }

            fn end(self) -> Result<(), RecordError> {
                Ok(())
            }
        }
    )+};
}
in_order!(SerializeSeq: serialize_element, SerializeTuple: serialize_element, SerializeTupleStruct: serialize_field);
