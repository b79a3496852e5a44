//! Objects read into columns, field by field, without being made.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::column::Column;
use crate::csv::CellBuilder;
use crate::parse;
use crate::schema::{DataType, Field, Schema};
use crate::time;

/// Columns that grow by an object at a time.
pub(super) struct Rows<'s> {
    fields: Vec<&'s Field>,
    /// For each column of the files the place among those that are wanted.
    slots: HashMap<&'s str, Option<usize>>,
    builders: Vec<CellBuilder>,
    /// Which columns the object has given a value so far.
    filled: Vec<bool>,
    n_rows: usize,
    /// Whether a field that is no column is an error.
    strict: bool,
}

/// Why an object could not be read.
pub(super) enum Fault {
    /// It is no object, or no JSON at all.
    Json(serde_json::Error),
    /// A value that does not fit its column, which is this one of those wanted.
    Misfit { slot: usize, value: String },
    /// A field that is no column.
    Unknown { name: String },
    /// A field twice.
    Twice { slot: usize },
}

impl<'s> Rows<'s> {
    pub(super) fn new(schema: &'s Schema, wanted: &[usize], strict: bool) -> Self {
        let mut slots = schema.names().map(|name| (name, None)).collect::<HashMap<_, _>>();
        let fields = wanted.iter().map(|&at| &schema.fields()[at]).collect::<Vec<_>>();
        for (slot, field) in fields.iter().enumerate() {
            slots.insert(field.name(), Some(slot));
        }
        let builders = fields.iter().map(|field| CellBuilder::new(&field.dtype())).collect();
        let filled = vec![false; fields.len()];
        Self { fields, slots, builders, filled, n_rows: 0, strict }
    }

    pub(super) fn field(&self, slot: usize) -> &'s Field {
        self.fields[slot]
    }

    /// Reads the object that a line is.
    pub(super) fn push(&mut self, line: &[u8]) -> Result<(), Fault> {
        self.filled.fill(false);
        let mut fault = None;
        let mut deserializer = serde_json::Deserializer::from_slice(line);
        let read = Object { rows: self, fault: &mut fault }.deserialize(&mut deserializer);
        let read = read.and_then(|()| deserializer.end());
        match (read, fault) {
            (_, Some(fault)) => return Err(fault),
            (Err(error), None) => return Err(Fault::Json(error)),
            (Ok(()), None) => {}
        }
        for (builder, _) in self.builders.iter_mut().zip(&self.filled).filter(|(_, filled)| !**filled) {
            builder.push_null();
        }
        self.n_rows += 1;
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.n_rows == 0
    }

    /// Makes room for so many times as many rows as there are.
    pub(super) fn reserve_times(&mut self, times: f64) {
        self.builders.iter_mut().for_each(|builder| builder.reserve_times(times));
    }

    /// Returns the columns, and how many rows they have.
    pub(super) fn finish(self) -> (Vec<Column>, usize) {
        let finish = |builder: CellBuilder| builder.finish().expect("texts of JSON were checked to be UTF-8");
        (self.builders.into_iter().map(finish).collect(), self.n_rows)
    }
}

/// Reads an object into the columns.
struct Object<'a, 's> {
    rows: &'a mut Rows<'s>,
    fault: &'a mut Option<Fault>,
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let Self { rows, fault } = self;
        let mut fail = |why| {
            *fault = Some(why);
            M::Error::custom("a field that does not fit")
        };
        while let Some(key) = map.next_key_seed(Key { slots: &rows.slots })? {
            match key {
                Found::Wanted(slot) if rows.filled[slot] => return Err(fail(Fault::Twice { slot })),
                Found::Wanted(slot) => {
                    let mut misfit = None;
                    let cell = Cell { builder: &mut rows.builders[slot], misfit: &mut misfit };
                    map.next_value_seed(cell)?;
                    if let Some(value) = misfit {
                        return Err(fail(Fault::Misfit { slot, value }));
                    }
                    rows.filled[slot] = true;
                }
                Found::Unknown(name) if rows.strict => return Err(fail(Fault::Unknown { name })),
                Found::Unwanted | Found::Unknown(_) => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Finds the column of a name, without keeping the name.
struct Key<'a, 's> {
    slots: &'a HashMap<&'s str, Option<usize>>,
}

enum Found {
    Wanted(usize),
    Unwanted,
    Unknown(String),
}

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Found, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Found, E> {
        Ok(match self.slots.get(name) {
            Some(Some(slot)) => Found::Wanted(*slot),
            Some(None) => Found::Unwanted,
            None => Found::Unknown(name.to_owned()),
        })
    }
}

/// Reads a value into a column, or notes it as one that does not fit.
struct Cell<'a> {
    builder: &'a mut CellBuilder,
    misfit: &'a mut Option<String>,
}

impl Cell<'_> {
    /// Takes a value of which texts have the text, and other columns nothing.
    fn take_text(self, text: &str) {
        match self.builder {
            CellBuilder::Categorical(texts, known) if !known.is_known() || known.place(text).is_some() => {
                texts.push(text.as_bytes());
            }
            CellBuilder::Utf8(texts) => texts.push(text.as_bytes()),
            _ => *self.misfit = Some(text.to_owned()),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Cell<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Cell<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.builder.push_null();
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        match self.builder {
            CellBuilder::Bool(values) => values.push(value),
            _ => self.take_text(if value { "true" } else { "false" }),
        }
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        match self.builder {
            CellBuilder::Int64(values) => values.push(value),
            CellBuilder::Float64(values) | CellBuilder::Float32(values) => values.push(value as f64),
            CellBuilder::Integers(values, dtype) => match integer_bits(value, dtype) {
                Some(bits) => values.push(bits),
                None => *self.misfit = Some(value.to_string()),
            },
            _ => self.take_text(itoa::Buffer::new().format(value)),
        }
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        match (i64::try_from(value), &mut *self.builder) {
            (Ok(value), _) => self.visit_i64(value),
            (Err(_), CellBuilder::Float64(values) | CellBuilder::Float32(values)) => {
                values.push(value as f64);
                Ok(())
            }
            (Err(_), CellBuilder::Integers(values, DataType::UInt64)) => {
                values.push(value.cast_signed());
                Ok(())
            }
            (Err(_), _) => {
                self.take_text(itoa::Buffer::new().format(value));
                Ok(())
            }
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        match self.builder {
            CellBuilder::Float64(values) => values.push(value),
            CellBuilder::Float32(values) if (value as f32).is_finite() => values.push(value),
            _ => self.take_text(zmij::Buffer::new().format(value)),
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        match self.builder {
            CellBuilder::Ticks(ticks, dtype) => match time::parse_as(value.as_bytes(), dtype) {
                Some(tick) => ticks.push(tick),
                None => *self.misfit = Some(value.to_owned()),
            },
            _ => self.take_text(value),
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if let CellBuilder::List(values, lengths) = self.builder {
            let mut n = 0;
            while list.next_element_seed(Cell { builder: values, misfit: self.misfit })?.is_some() {
                n += 1;
                if self.misfit.is_some() {
                    // The rest is passed over, so that the place is told, and not that the list ends too soon.
                    while list.next_element::<IgnoredAny>()?.is_some() {}
                }
            }
            lengths.push(Some(n));
            return Ok(());
        }
        let value = Value::deserialize(SeqAccessDeserializer::new(list))?;
        self.take_text(&value.to_string());
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let value = Value::deserialize(MapAccessDeserializer::new(map))?;
        self.take_text(&value.to_string());
        Ok(())
    }
}

/// The bits of an integer of a type, if it fits.
fn integer_bits(value: i64, dtype: &DataType) -> Option<i64> {
    parse::fits(value, dtype).then_some(value)
}

/// The fields of an object in their order.
pub(super) struct Fields(pub(super) Vec<(Arc<str>, Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Ordered;
        impl<'de> Visitor<'de> for Ordered {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields, M::Error> {
                let mut fields = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    fields.push((name.into(), value));
                }
                Ok(Fields(fields))
            }
        }
        from.deserialize_map(Ordered)
    }
}
