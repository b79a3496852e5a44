//! Columns from vectors, and the values of a column by type.

use arrow2::array::{BooleanArray, PrimitiveArray};
use arrow2::datatypes::{DataType as ArrowType, TimeUnit};

use super::{
    BoolBuilder, Column, Data, Lists, Mask, Stored, Utf8Builder, ValueBuilder, View, each_number, number_of,
};
use crate::column::Scalar;
use crate::column::categorical::Codes;
use crate::schema::{DataType, Zone};

impl Column {
    /// Makes a column of timestamps from microseconds since 1970-01-01 00:00.
    #[must_use]
    pub fn timestamps(micros: impl IntoIterator<Item = Option<i64>>) -> Self {
        Self::of_ticks(DataType::Timestamp, micros)
    }

    /// Makes a column of timestamps in a time zone from microseconds since 1970-01-01 00:00 UTC.
    #[must_use]
    pub fn zoned_timestamps(zone: Zone, micros: impl IntoIterator<Item = Option<i64>>) -> Self {
        Self::of_ticks(DataType::Zoned(zone), micros)
    }

    /// Makes a column of dates from days since 1970-01-01.
    #[must_use]
    pub fn dates(days: impl IntoIterator<Item = Option<i64>>) -> Self {
        Self::of_ticks(DataType::Date, days)
    }

    /// Makes a column of durations from microseconds.
    #[must_use]
    pub fn durations(micros: impl IntoIterator<Item = Option<i64>>) -> Self {
        Self::of_ticks(DataType::Duration, micros)
    }

    fn of_ticks(dtype: DataType, ticks: impl IntoIterator<Item = Option<i64>>) -> Self {
        let mut builder = ValueBuilder::with_capacity(0);
        ticks.into_iter().for_each(|x| builder.push_option(x));
        builder.finish_ticks(dtype)
    }

    /// Returns the dates in days since 1970-01-01, or `None` if the column has another type.
    #[must_use]
    pub fn date_days(&self) -> Option<impl Iterator<Item = Option<i64>> + '_> {
        match &self.0 {
            Data::Ticks(a, DataType::Date) => Some(a.iter().map(|x| x.copied())),
            _ => None,
        }
    }

    /// Returns the durations in microseconds, or `None` if the column has another type.
    #[must_use]
    pub fn duration_micros(&self) -> Option<impl Iterator<Item = Option<i64>> + '_> {
        match &self.0 {
            Data::Ticks(a, DataType::Duration) => Some(a.iter().map(|x| x.copied())),
            _ => None,
        }
    }

    /// Returns the integers, or `None` if the column has another type.
    #[must_use]
    pub fn i64s(&self) -> Option<impl Iterator<Item = Option<i64>> + '_> {
        match &self.0 {
            Data::Int64(a) => Some(a.iter().map(|x| x.copied())),
            _ => None,
        }
    }

    /// Returns the floats, or `None` if the column has another type.
    #[must_use]
    pub fn f64s(&self) -> Option<impl Iterator<Item = Option<f64>> + '_> {
        match &self.0 {
            Data::Float64(a) => Some(a.iter().map(|x| x.copied())),
            _ => None,
        }
    }

    /// Returns the truth values, or `None` if the column has another type.
    #[must_use]
    pub fn bools(&self) -> Option<impl Iterator<Item = Option<bool>> + '_> {
        match &self.0 {
            Data::Bool(a) => Some(a.iter()),
            _ => None,
        }
    }

    /// Returns the texts, or `None` if the column has another type.
    #[must_use]
    pub fn strs(&self) -> Option<impl Iterator<Item = Option<&str>> + '_> {
        match &self.0 {
            Data::Utf8(a) => Some(a.iter()),
            _ => None,
        }
    }

    /// Returns the timestamps in microseconds, or `None` if the column has another type.
    #[must_use]
    pub fn timestamp_micros(&self) -> Option<impl Iterator<Item = Option<i64>> + '_> {
        match &self.0 {
            Data::Ticks(a, DataType::Timestamp | DataType::Zoned(_)) => Some(a.iter().map(|x| x.copied())),
            _ => None,
        }
    }

    pub(crate) fn from_i64s(values: Vec<i64>, validity: Option<Mask>) -> Self {
        Self(Data::Int64(primitive(ArrowType::Int64, values, validity)))
    }

    /// Makes a column of a type that counts days or microseconds.
    pub(crate) fn from_ticks(dtype: DataType, values: Vec<i64>, validity: Option<Mask>) -> Self {
        Self(Data::Ticks(primitive(ticks_type(&dtype), values, validity), dtype))
    }

    pub(crate) fn from_f64s(values: Vec<f64>, validity: Option<Mask>) -> Self {
        // One vectorised pass; the second exists only where a NaN does.
        let any_nan = values.iter().fold(false, |any, x| any | x.is_nan());
        let validity = if any_nan {
            let numbers = Mask::from_fn(values.len(), |i| !values[i].is_nan());
            Mask::both(validity.as_ref(), Some(&numbers))
        } else {
            validity
        };
        Self(Data::Float64(primitive(ArrowType::Float64, values, validity)))
    }

    pub(crate) fn from_mask(values: Mask, validity: Option<Mask>) -> Self {
        let validity = validity.map(Mask::into_bitmap);
        Self(Data::Bool(BooleanArray::new(ArrowType::Boolean, values.into_bitmap(), validity)))
    }

    /// Makes a column of `len` times `value`.
    pub(crate) fn repeat(value: &Scalar, len: usize) -> Self {
        if value.is_null() {
            return Self::nulls(&value.dtype(), len);
        }
        match value {
            Scalar::Null(dtype) => Self::nulls(dtype, len),
            Scalar::Int64(x) => Self::from_i64s(vec![*x; len], None),
            Scalar::Float64(x) => Self::from_f64s(vec![*x; len], None),
            Scalar::Int8(x) => Self::from_numbers(vec![*x; len], None),
            Scalar::Int16(x) => Self::from_numbers(vec![*x; len], None),
            Scalar::Int32(x) => Self::from_numbers(vec![*x; len], None),
            Scalar::UInt8(x) => Self::from_numbers(vec![*x; len], None),
            Scalar::UInt16(x) => Self::from_numbers(vec![*x; len], None),
            Scalar::UInt32(x) => Self::from_numbers(vec![*x; len], None),
            Scalar::UInt64(x) => Self::from_numbers(vec![*x; len], None),
            Scalar::Float32(x) => Self::from_numbers(vec![*x; len], None),
            Scalar::Bool(x) => Self::from_mask(Mask::all(len, *x), None),
            Scalar::Utf8(x) => (0..len).map(|_| Some(&**x)).collect(),
            Scalar::Timestamp(x) | Scalar::Zoned(x, _) | Scalar::Date(x) | Scalar::Duration(x) => {
                Self::from_ticks(value.dtype(), vec![*x; len], None)
            }
            Scalar::List(values) => Self(Data::List(Lists::repeat(values, len))),
        }
    }

    /// Makes a column of values of a type; `None` if one is of another.
    pub(crate) fn of_scalars(dtype: &DataType, values: &[Scalar]) -> Option<Self> {
        if values.iter().any(|value| value.dtype() != *dtype) {
            return None;
        }
        let each = values.iter().map(|value| Self::repeat(value, 1)).collect::<Vec<_>>();
        match each.is_empty() {
            true => Some(Self::nulls(dtype, 0)),
            false => Some(Self::concat(&each.iter().collect::<Vec<_>>())),
        }
    }

    /// Makes a column of `len` missing values.
    pub(crate) fn nulls(dtype: &DataType, len: usize) -> Self {
        let none = (len > 0).then(|| Mask::all(len, false));
        match dtype {
            DataType::Int64 => Self::from_i64s(vec![0; len], none),
            DataType::Float64 => Self::from_f64s(vec![0.0; len], none),
            DataType::Bool => Self::from_mask(Mask::all(len, false), none),
            DataType::Utf8 => (0..len).map(|_| None::<&str>).collect(),
            DataType::Timestamp | DataType::Zoned(_) | DataType::Date | DataType::Duration => {
                Self::from_ticks(dtype.clone(), vec![0; len], none)
            }
            DataType::Categorical(categories) => Self(Data::Categorical(Codes::nulls(categories, len))),
            DataType::List(item) => Self(Data::List(Lists::nulls(item, len))),
            numbers => number_of!(
                numbers,
                T => Self::from_numbers(vec![T::default(); len], none),
                unreachable!("all other types are of numbers")
            ),
        }
    }

    /// Returns the column with fewer valid values: those where `keep` is unset become null.
    pub(crate) fn masked(&self, keep: &Mask) -> Self {
        let validity = Mask::both(self.validity().as_ref(), Some(keep)).map(Mask::into_bitmap);
        Self(match self.0.clone() {
            Data::Int64(a) => Data::Int64(a.with_validity(validity)),
            Data::Float64(a) => Data::Float64(a.with_validity(validity)),
            Data::Numbers(numbers) => {
                return each_number!(numbers, a => Stored::column(a.with_validity(validity)));
            }
            Data::Bool(a) => Data::Bool(a.with_validity(validity)),
            Data::Utf8(a) => Data::Utf8(a.with_validity(validity)),
            Data::Ticks(a, dtype) => Data::Ticks(a.with_validity(validity), dtype),
            Data::Categorical(codes) => Data::Categorical(codes.with(|a| a.with_validity(validity))),
            Data::List(lists) => Data::List(lists.with_validity(validity)),
        })
    }

    /// Returns which rows hold `true`; a missing value counts as false.
    pub(crate) fn to_filter(&self) -> Option<Mask> {
        match self.view() {
            View::Bool(values) => {
                let values = values.to_mask();
                Some(self.validity().map_or(values.clone(), |valid| values.and(&valid)))
            }
            _ => None,
        }
    }
}

/// The type by which Arrow knows days and microseconds. Days are kept in 64 bits like the others.
pub(super) fn ticks_type(dtype: &DataType) -> ArrowType {
    match dtype {
        DataType::Date => ArrowType::Int64,
        DataType::Duration => ArrowType::Duration(TimeUnit::Microsecond),
        DataType::Zoned(zone) => ArrowType::Timestamp(TimeUnit::Microsecond, Some(zone.name().into())),
        _ => ArrowType::Timestamp(TimeUnit::Microsecond, None),
    }
}

pub(super) fn primitive<T: arrow2::types::NativeType>(
    dtype: ArrowType,
    values: Vec<T>,
    validity: Option<Mask>,
) -> PrimitiveArray<T> {
    PrimitiveArray::new(dtype, values.into(), validity.map(Mask::into_bitmap))
}

impl From<Vec<i64>> for Column {
    fn from(values: Vec<i64>) -> Self {
        Self::from_i64s(values, None)
    }
}

impl From<Vec<f64>> for Column {
    fn from(values: Vec<f64>) -> Self {
        Self::from_f64s(values, None)
    }
}

impl From<Vec<bool>> for Column {
    fn from(values: Vec<bool>) -> Self {
        Self::from_mask(Mask::from_fn(values.len(), |i| values[i]), None)
    }
}

impl From<Vec<&str>> for Column {
    fn from(values: Vec<&str>) -> Self {
        values.into_iter().map(Some).collect()
    }
}

impl From<Vec<String>> for Column {
    fn from(values: Vec<String>) -> Self {
        values.iter().map(|text| Some(text.as_str())).collect()
    }
}

impl From<Vec<Option<i64>>> for Column {
    fn from(values: Vec<Option<i64>>) -> Self {
        let mut builder = ValueBuilder::with_capacity(values.len());
        values.into_iter().for_each(|x| builder.push_option(x));
        builder.finish_i64()
    }
}

impl From<Vec<Option<f64>>> for Column {
    fn from(values: Vec<Option<f64>>) -> Self {
        let mut builder = ValueBuilder::with_capacity(values.len());
        values.into_iter().for_each(|x| builder.push_option(x));
        builder.finish_f64()
    }
}

impl From<Vec<Option<bool>>> for Column {
    fn from(values: Vec<Option<bool>>) -> Self {
        let mut builder = BoolBuilder::default();
        values.into_iter().for_each(|x| builder.push_option(x));
        builder.finish()
    }
}

impl From<Vec<Option<&str>>> for Column {
    fn from(values: Vec<Option<&str>>) -> Self {
        values.into_iter().collect()
    }
}

impl From<Vec<Option<String>>> for Column {
    fn from(values: Vec<Option<String>>) -> Self {
        values.iter().map(Option::as_deref).collect()
    }
}

impl<'a> FromIterator<Option<&'a str>> for Column {
    fn from_iter<I: IntoIterator<Item = Option<&'a str>>>(texts: I) -> Self {
        let texts = texts.into_iter();
        let mut builder = Utf8Builder::with_capacity(texts.size_hint().0);
        texts.for_each(|text| builder.push_option(text));
        builder.finish().expect("a str is UTF-8")
    }
}
