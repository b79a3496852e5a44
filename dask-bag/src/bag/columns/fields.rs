//! Which fields a type has, by asking its `Deserialize`: it is given made-up values, and what it asks for is noted.

use std::any::type_name;
use std::collections::HashSet;

use dask_graph::{ColumnField, ColumnKind};
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::error::FieldsError;

/// Returns the fields of the records that `T`s are.
pub(super) fn of<T: DeserializeOwned>() -> Result<Vec<ColumnField>, FieldsError> {
    let mut fields = Vec::new();
    match T::deserialize(Record { fields: &mut fields }) {
        Ok(_) => check_names(&fields).map(|()| fields),
        // A type that checks what it reads may refuse the made-up values, and says so in its own words.
        Err(untold) => Err(FieldsError::Untold { type_name: type_name::<T>(), problem: untold.to_string() }),
    }
}

/// Refuses two fields of one name.
pub(super) fn check_names(fields: &[ColumnField]) -> Result<(), FieldsError> {
    let mut names = HashSet::new();
    match fields.iter().find(|field| !names.insert(&field.name)) {
        Some(field) => Err(FieldsError::Twice { field: field.name.clone() }),
        None => Ok(()),
    }
}

/// What a type asked for that tells nothing, or what it said itself.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Untold(String);

impl serde::de::Error for Untold {
    fn custom<M: std::fmt::Display>(message: M) -> Self {
        Self(message.to_string())
    }
}

/// Pretends to be a record of any type, and notes its fields.
struct Record<'a> {
    fields: &'a mut Vec<ColumnField>,
}

impl<'a> Record<'a> {
    fn parts(self, names: Option<&'static [&'static str]>, n: usize) -> Parts<'a> {
        Parts { fields: self.fields, names, at: 0, n }
    }
}

macro_rules! single {
    ($($name:ident)+) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untold> {
            let mut kind = None;
            let value = Cell { name: "0", kind: &mut kind }.$name(visitor)?;
            self.fields.extend(kind.map(|kind| ColumnField::new("0", kind)));
            Ok(value)
        }
    )+};
}

impl<'de> Deserializer<'de> for Record<'_> {
    type Error = Untold;

    single!(deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string);

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Untold> {
        visitor.visit_map(self.parts(Some(names), names.len()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, n: usize, visitor: V) -> Result<V::Value, Untold> {
        visitor.visit_seq(self.parts(None, n))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        n: usize,
        visitor: V,
    ) -> Result<V::Value, Untold> {
        visitor.visit_seq(self.parts(None, n))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Untold> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untold> {
        visitor.visit_some(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Untold> {
        Err(Untold("its items may have any fields".into()))
    }

    forward_to_deserialize_any! { bytes byte_buf unit unit_struct seq map enum identifier ignored_any }
}

/// Gives the parts of a record, one after another.
struct Parts<'a> {
    fields: &'a mut Vec<ColumnField>,
    /// The names, unless they are numbers.
    names: Option<&'static [&'static str]>,
    at: usize,
    n: usize,
}

impl Parts<'_> {
    fn next_value<'de, S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Untold> {
        let name = self.names.map_or_else(|| self.at.to_string(), |names| names[self.at].to_owned());
        let mut kind = None;
        let value = seed.deserialize(Cell { name: &name, kind: &mut kind })?;
        let kind = kind.ok_or_else(|| Untold(format!("field `{name}` holds nothing")))?;
        self.fields.push(ColumnField::new(name, kind));
        self.at += 1;
        Ok(value)
    }
}

impl<'de> MapAccess<'de> for Parts<'_> {
    type Error = Untold;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Untold> {
        let name = self.names.and_then(|names| names.get(self.at));
        name.map(|name| seed.deserialize(StrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Untold> {
        self.next_value(seed)
    }
}

impl<'de> SeqAccess<'de> for Parts<'_> {
    type Error = Untold;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Untold> {
        (self.at < self.n).then(|| self.next_value(seed)).transpose()
    }
}

/// Pretends to be the value of a field, and notes what kind of value was asked for.
struct Cell<'a> {
    name: &'a str,
    kind: &'a mut Option<ColumnKind>,
}

macro_rules! kinds {
    ($($name:ident: $kind:ident, $visit:ident($value:expr);)+) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untold> {
            *self.kind = Some(ColumnKind::$kind);
            visitor.$visit($value)
        }
    )+};
}

impl<'de> Deserializer<'de> for Cell<'_> {
    type Error = Untold;

    // One rather than zero, which some types do not take.
    kinds! {
        deserialize_bool: Bool, visit_bool(true);
        deserialize_i8: Int64, visit_i8(1);
        deserialize_i16: Int64, visit_i16(1);
        deserialize_i32: Int64, visit_i32(1);
        deserialize_i64: Int64, visit_i64(1);
        deserialize_i128: Int64, visit_i128(1);
        deserialize_u8: Int64, visit_u8(1);
        deserialize_u16: Int64, visit_u16(1);
        deserialize_u32: Int64, visit_u32(1);
        deserialize_u64: Int64, visit_u64(1);
        deserialize_u128: Int64, visit_u128(1);
        deserialize_f32: Float64, visit_f32(1.0);
        deserialize_f64: Float64, visit_f64(1.0);
        deserialize_char: Text, visit_char('x');
        deserialize_str: Text, visit_str("x");
        deserialize_string: Text, visit_str("x");
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Untold> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Untold> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Untold> {
        *self.kind = Some(ColumnKind::Text);
        let variant: StrDeserializer<'_, Untold> = variants.first().unwrap_or(&"").into_deserializer();
        visitor.visit_enum(variant)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Untold> {
        Err(Untold(format!("field `{}` is no single value of a known kind", self.name)))
    }

    forward_to_deserialize_any! {
        bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
