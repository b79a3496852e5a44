//! Typed, nullable columns.
//!
//! Column memory is Arrow's, held by arrow2 arrays; this module and its children are the only place that
//! names arrow2, so that the memory can be exchanged for another without touching the rest of the crate.
//!
//! Missing values are nulls, and NaN is a missing value too, as in pandas: every way to make a
//! [`Column`] of floats turns NaN into null, so no column ever holds a NaN, and keys, orders and
//! comparisons need no special case for it.

#[cfg(feature = "arrow")]
mod arrow;
mod blob;
mod builder;
mod categorical;
mod categories;
mod convert;
mod exchange;
mod lists;
mod mask;
mod numbers;
mod scalar;
mod select;

use std::sync::Arc;

use arrow2::array::{Array, BooleanArray, PrimitiveArray, Utf8Array};
use arrow2::bitmap::Bitmap;

pub(crate) use blob::ColumnHeader;
pub(crate) use builder::{BoolBuilder, Utf8Builder, ValueBuilder};
pub(crate) use categorical::Codes;
pub use categories::Categories;
pub(crate) use lists::Lists;
pub(crate) use mask::Mask;
pub use numbers::Number;
pub(crate) use numbers::{NumberArray, Numbers, Stored, each_number, number_of};
pub use scalar::Scalar;
pub(crate) use select::NO_ROW;

use crate::schema::DataType;

/// One column of values of one [`DataType`], any of which may be missing.
///
/// Cloning shares the memory.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataType, Scalar};
///
/// let x = Column::from(vec![Some(1), None, Some(3)]);
/// assert_eq!(x.dtype(), DataType::Int64);
/// assert_eq!((x.len(), x.null_count()), (3, 1));
/// assert_eq!(x.get(2), Scalar::Int64(3));
/// assert!(x.get(1).is_null());
/// assert_eq!(x.i64s().unwrap().flatten().sum::<i64>(), 4);
/// // NaN is a missing value.
/// assert_eq!(Column::from(vec![1.5, f64::NAN]).null_count(), 1);
/// ```
#[derive(Clone)]
pub struct Column(Data);

/// The memory of a column. `Ticks` are days or microseconds, of the type beside them.
#[derive(Clone)]
enum Data {
    Int64(PrimitiveArray<i64>),
    Float64(PrimitiveArray<f64>),
    Numbers(Numbers),
    Bool(BooleanArray),
    Utf8(Utf8Array<i64>),
    Ticks(PrimitiveArray<i64>, DataType),
    Categorical(Codes),
    List(Lists),
}

/// The values of a column by type, whatever its nulls. What stands in a null's place is unspecified.
#[derive(Clone, Copy)]
pub(crate) enum View<'a> {
    Int64(&'a [i64]),
    Float64(&'a [f64]),
    /// Of the other types of numbers.
    Numbers(&'a Numbers),
    Bool(Bools<'a>),
    Utf8(Strs<'a>),
    /// Days or microseconds, by type.
    Ticks(&'a [i64], &'a DataType),
    List(&'a Lists),
}

/// The values of a boolean column.
#[derive(Clone, Copy)]
pub(crate) struct Bools<'a>(&'a Bitmap);

impl Bools<'_> {
    pub(crate) fn get(self, row: usize) -> bool {
        self.0.get_bit(row)
    }

    pub(crate) fn to_mask(self) -> Mask {
        Mask::from_bitmap(self.0.clone())
    }
}

/// The values of a column of texts, whether each row has its own or the categories are kept once.
#[derive(Clone, Copy)]
pub(crate) enum Strs<'a> {
    Own(&'a Utf8Array<i64>),
    Codes(&'a Codes),
}

impl<'a> Strs<'a> {
    pub(crate) fn get(self, row: usize) -> &'a str {
        match self {
            Strs::Own(texts) => texts.value(row),
            Strs::Codes(codes) => codes.text(row),
        }
    }

    /// Orders two rows: texts by their letters, categories by their place.
    pub(crate) fn order(self, a: usize, b: usize) -> std::cmp::Ordering {
        match self {
            Strs::Own(texts) => texts.value(a).cmp(texts.value(b)),
            Strs::Codes(codes) => codes.code(a).cmp(&codes.code(b)),
        }
    }
}

impl Column {
    /// Returns the type of the values.
    #[must_use]
    pub fn dtype(&self) -> DataType {
        match &self.0 {
            Data::Int64(_) => DataType::Int64,
            Data::Float64(_) => DataType::Float64,
            Data::Numbers(numbers) => numbers.dtype(),
            Data::Bool(_) => DataType::Bool,
            Data::Utf8(_) => DataType::Utf8,
            Data::Ticks(_, dtype) => dtype.clone(),
            Data::Categorical(codes) => DataType::Categorical(codes.known().clone()),
            Data::List(lists) => DataType::List(Arc::new(lists.values().dtype())),
        }
    }

    /// Returns the number of values, missing ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.array() {
            Ok(array) => array.len(),
            Err(lists) => lists.len(),
        }
    }

    /// Returns whether there is no value at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many values are missing.
    #[must_use]
    pub fn null_count(&self) -> usize {
        self.bitmap().map_or(0, Bitmap::unset_bits)
    }

    /// Returns whether the value of `row` is missing.
    ///
    /// # Panics
    ///
    /// If `row` is not below [`len`](Column::len).
    #[must_use]
    pub fn is_null(&self, row: usize) -> bool {
        assert!(row < self.len(), "row {row} of a column of {} rows", self.len());
        self.bitmap().is_some_and(|valid| !valid.get_bit(row))
    }

    /// Returns the value of `row`.
    ///
    /// # Panics
    ///
    /// If `row` is not below [`len`](Column::len).
    #[must_use]
    pub fn get(&self, row: usize) -> Scalar {
        if self.is_null(row) {
            return Scalar::Null(self.dtype());
        }
        match &self.0 {
            Data::Int64(a) => Scalar::Int64(a.value(row)),
            Data::Float64(a) => Scalar::Float64(a.value(row)),
            Data::Numbers(numbers) => numbers.get(row),
            Data::Bool(a) => Scalar::Bool(a.value(row)),
            Data::Utf8(a) => Scalar::Utf8(a.value(row).into()),
            Data::Ticks(a, dtype) => Scalar::from_ticks(a.value(row), dtype),
            Data::Categorical(codes) => Scalar::Utf8(codes.text(row).into()),
            Data::List(lists) => Scalar::List(Arc::new(lists.list(row))),
        }
    }

    /// Returns the bytes that the values take: what counts against a memory limit.
    #[must_use]
    pub fn nbytes(&self) -> u64 {
        let bits = |n: usize| n.div_ceil(8);
        let values = match &self.0 {
            Data::Int64(a) | Data::Ticks(a, _) => a.len() * 8,
            Data::Categorical(codes) => codes.nbytes(),
            Data::Float64(a) => a.len() * 8,
            Data::Numbers(numbers) => each_number!(numbers, a => size_of_val(&a.values()[..])),
            Data::Bool(a) => bits(a.len()),
            Data::Utf8(a) => {
                let offsets = a.offsets();
                let text = offsets.last() - offsets.first();
                (a.len() + 1) * 8 + usize::try_from(text).unwrap_or(0)
            }
            Data::List(lists) => lists.nbytes(),
        };
        let validity = self.bitmap().map_or(0, |_| bits(self.len()));
        (values + validity) as u64
    }

    /// Returns the values, typed, to be matched once outside a loop.
    pub(crate) fn view(&self) -> View<'_> {
        match &self.0 {
            Data::Int64(a) => View::Int64(a.values()),
            Data::Float64(a) => View::Float64(a.values()),
            Data::Numbers(numbers) => View::Numbers(numbers),
            Data::Bool(a) => View::Bool(Bools(a.values())),
            Data::Utf8(a) => View::Utf8(Strs::Own(a)),
            Data::Categorical(codes) => View::Utf8(Strs::Codes(codes)),
            Data::Ticks(a, dtype) => View::Ticks(a.values(), dtype),
            Data::List(lists) => View::List(lists),
        }
    }

    /// Returns which values are there; `None` if all are.
    pub(crate) fn validity(&self) -> Option<Mask> {
        if self.null_count() == 0 {
            return None;
        }
        self.bitmap().cloned().map(Mask::from_bitmap)
    }

    /// Returns the bits of validity, if there are any.
    fn bitmap(&self) -> Option<&Bitmap> {
        match self.array() {
            Ok(array) => array.validity(),
            Err(lists) => lists.validity(),
        }
    }

    /// Returns the values as the one array that they are, or as lists.
    fn array(&self) -> Result<&dyn Array, &Lists> {
        Ok(match &self.0 {
            Data::Int64(a) | Data::Ticks(a, _) => a,
            Data::Categorical(codes) => codes.array(),
            Data::Float64(a) => a,
            Data::Numbers(numbers) => numbers.array(),
            Data::Bool(a) => a,
            Data::Utf8(a) => a,
            Data::List(lists) => return Err(lists),
        })
    }
}

impl PartialEq for Column {
    /// Compares type and values; a missing value equals a missing value.
    fn eq(&self, other: &Self) -> bool {
        self.dtype() == other.dtype()
            && self.len() == other.len()
            && (0..self.len()).all(|row| self.get(row) == other.get(row))
    }
}

impl std::fmt::Debug for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ", self.dtype())?;
        f.debug_list().entries((0..self.len()).map(|row| self.get(row))).finish()
    }
}
