//! Numbers of other types than the usual 64 bits with a sign and 64-bit floats: they lie in their own width.
//!
//! What only moves values does so in any width. What computes takes [`Column::wide`] or [`Column::keyed`] of a column,
//! and so knows the usual types alone.

use std::borrow::Cow;

use arrow2::array::{Array, PrimitiveArray};
use arrow2::types::NativeType;
use bytemuck::Pod;
use num_traits::cast;

use super::{Column, Data, Mask, Scalar, View};
use crate::schema::DataType;

/// An array of numbers of a type that is not one of the usual two.
#[derive(Clone)]
pub(crate) enum Numbers {
    Int8(PrimitiveArray<i8>),
    Int16(PrimitiveArray<i16>),
    Int32(PrimitiveArray<i32>),
    UInt8(PrimitiveArray<u8>),
    UInt16(PrimitiveArray<u16>),
    UInt32(PrimitiveArray<u32>),
    UInt64(PrimitiveArray<u64>),
    Float32(PrimitiveArray<f32>),
}

/// An array of numbers.
pub(crate) type NumberArray<T> = PrimitiveArray<T>;

/// Does something with an array, whatever the type of its numbers.
macro_rules! each_number {
    ($numbers:expr, $array:ident => $body:expr) => {
        match $numbers {
            $crate::column::Numbers::Int8($array) => $body,
            $crate::column::Numbers::Int16($array) => $body,
            $crate::column::Numbers::Int32($array) => $body,
            $crate::column::Numbers::UInt8($array) => $body,
            $crate::column::Numbers::UInt16($array) => $body,
            $crate::column::Numbers::UInt32($array) => $body,
            $crate::column::Numbers::UInt64($array) => $body,
            $crate::column::Numbers::Float32($array) => $body,
        }
    };
}

/// Does something with the Rust type of a [`DataType`] of [`Numbers`], and something else for other types.
macro_rules! number_of {
    ($dtype:expr, $T:ident => $body:expr, $other:expr) => {
        number_of!(@ $dtype, $T, $body, $other,
            Int8 i8, Int16 i16, Int32 i32, UInt8 u8, UInt16 u16, UInt32 u32, UInt64 u64, Float32 f32)
    };
    (@ $dtype:expr, $T:ident, $body:expr, $other:expr, $($variant:ident $rust:ty),*) => {
        match $dtype {
            $($crate::schema::DataType::$variant => {
                type $T = $rust;
                $body
            })*
            _ => $other,
        }
    };
}

pub(crate) use {each_number, number_of};

/// A number that columns hold: integers of 8 to 64 bits with a sign and without, and floats of 32 and 64 bits.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataType};
///
/// let bytes = Column::numbers([Some(1_u8), None, Some(255)]);
/// assert_eq!(bytes.dtype(), DataType::UInt8);
/// assert!(bytes.values_of::<u8>().unwrap().eq([Some(1), None, Some(255)]));
/// assert!(bytes.values_of::<i64>().is_none());
/// ```
pub trait Number: Stored {}

impl<T: Stored> Number for T {}

/// How numbers are stored: the part of [`Number`] that is not for others to implement.
pub trait Stored: NativeType + Pod + num_traits::NumCast + PartialOrd {
    /// The type of columns of such numbers.
    const DTYPE: DataType;
    #[doc(hidden)]
    fn is_missing(self) -> bool {
        false
    }
    /// The bits by which numbers are hashed: those of equal numbers are equal, also of different types of integers.
    #[doc(hidden)]
    fn word(self) -> u64;
    #[doc(hidden)]
    fn scalar(self) -> Scalar;
    #[doc(hidden)]
    fn of_scalar(value: &Scalar) -> Option<Self>;
    #[doc(hidden)]
    fn array(column: &Column) -> Option<&PrimitiveArray<Self>>;
    #[doc(hidden)]
    fn column(array: PrimitiveArray<Self>) -> Column;
}

macro_rules! stored {
    ($($variant:ident $rust:ty, $data:pat => $array:expr, $make:expr, $word:expr $(, $missing:expr)?;)*) => {$(
        impl Stored for $rust {
            const DTYPE: DataType = DataType::$variant;

            $(fn is_missing(self) -> bool {
                $missing(self)
            })?

            fn word(self) -> u64 {
                $word(self)
            }

            fn scalar(self) -> Scalar {
                Scalar::$variant(self)
            }

            fn of_scalar(value: &Scalar) -> Option<Self> {
                match value {
                    Scalar::$variant(x) => Some(*x),
                    _ => None,
                }
            }

            fn array(column: &Column) -> Option<&PrimitiveArray<Self>> {
                match &column.0 {
                    $data => Some($array),
                    _ => None,
                }
            }

            fn column(array: PrimitiveArray<Self>) -> Column {
                Column($make(array))
            }
        }
    )*};
}

stored! {
    Int8 i8, Data::Numbers(Numbers::Int8(a)) => a, |a| Data::Numbers(Numbers::Int8(a)), |x| x as i64 as u64;
    Int16 i16, Data::Numbers(Numbers::Int16(a)) => a, |a| Data::Numbers(Numbers::Int16(a)), |x| x as i64 as u64;
    Int32 i32, Data::Numbers(Numbers::Int32(a)) => a, |a| Data::Numbers(Numbers::Int32(a)), |x| x as i64 as u64;
    Int64 i64, Data::Int64(a) => a, Data::Int64, |x| x as u64;
    UInt8 u8, Data::Numbers(Numbers::UInt8(a)) => a, |a| Data::Numbers(Numbers::UInt8(a)), |x| x as i64 as u64;
    UInt16 u16, Data::Numbers(Numbers::UInt16(a)) => a, |a| Data::Numbers(Numbers::UInt16(a)), |x| x as i64 as u64;
    UInt32 u32, Data::Numbers(Numbers::UInt32(a)) => a, |a| Data::Numbers(Numbers::UInt32(a)), |x| x as i64 as u64;
    UInt64 u64, Data::Numbers(Numbers::UInt64(a)) => a, |a| Data::Numbers(Numbers::UInt64(a)), |x| x as i64 as u64;
    Float32 f32, Data::Numbers(Numbers::Float32(a)) => a, |a| Data::Numbers(Numbers::Float32(a)), |x| (f64::from(x) + 0.0).to_bits(), f32::is_nan;
    Float64 f64, Data::Float64(a) => a, Data::Float64, |x: f64| (x + 0.0).to_bits(), f64::is_nan;
}

impl Numbers {
    pub(super) fn array(&self) -> &dyn Array {
        each_number!(self, a => a)
    }

    pub(crate) fn dtype(&self) -> DataType {
        fn of<T: Stored>(_: &PrimitiveArray<T>) -> DataType {
            T::DTYPE
        }
        each_number!(self, a => of(a))
    }

    /// Returns whether a number here and one of another array of the same type are equal.
    pub(crate) fn equal(&self, i: usize, other: &Self, j: usize) -> bool {
        macro_rules! equal {
            ($($variant:ident)*) => {
                match (self, other) {
                    $((Self::$variant(a), Self::$variant(b)) => a.value(i) == b.value(j),)*
                    _ => unreachable!("both are of one type"),
                }
            };
        }
        equal!(Int8 Int16 Int32 UInt8 UInt16 UInt32 UInt64 Float32)
    }

    /// Gives a number as text to `take`, floats in as few digits as tell them apart.
    pub(crate) fn as_text<R>(&self, row: usize, take: impl FnOnce(&str) -> R) -> R {
        macro_rules! text {
            ($($variant:ident)*) => {
                match self {
                    $(Self::$variant(a) => take(itoa::Buffer::new().format(a.value(row))),)*
                    Self::Float32(a) => take(zmij::Buffer::new().format(a.value(row))),
                }
            };
        }
        text!(Int8 Int16 Int32 UInt8 UInt16 UInt32 UInt64)
    }

    pub(crate) fn get(&self, row: usize) -> Scalar {
        each_number!(self, a => a.value(row).scalar())
    }
}

impl Column {
    /// Makes a column of numbers of any type; NaN is a missing value.
    #[must_use]
    pub fn numbers<T: Number>(values: impl IntoIterator<Item = Option<T>>) -> Self {
        let values = values.into_iter().collect::<Vec<_>>();
        let there =
            values.iter().any(Option::is_none).then(|| Mask::from_fn(values.len(), |i| values[i].is_some()));
        Self::from_numbers(values.into_iter().map(Option::unwrap_or_default).collect(), there)
    }

    /// Returns the numbers, or `None` if the column has another type.
    #[must_use]
    pub fn values_of<T: Number>(&self) -> Option<impl Iterator<Item = Option<T>> + '_> {
        T::array(self).map(|a| a.iter().map(|x| x.copied()))
    }

    pub(crate) fn from_numbers<T: Stored>(values: Vec<T>, validity: Option<Mask>) -> Self {
        // One vectorised pass; the second exists only where a NaN does.
        let any_nan = values.iter().fold(false, |any, x| any | x.is_missing());
        let validity = if any_nan {
            let numbers = Mask::from_fn(values.len(), |i| !values[i].is_missing());
            Mask::both(validity.as_ref(), Some(&numbers))
        } else {
            validity
        };
        T::column(super::convert::primitive(T::PRIMITIVE.into(), values, validity))
    }

    /// Returns numbers in one of the types that are computed in: integers in 64 bits with a sign if they fit, which
    /// [`UInt64`](DataType::UInt64) alone does not, and floats in 64 bits. Other columns stay as they are.
    pub(crate) fn wide(&self) -> Cow<'_, Column> {
        match &self.0 {
            Data::Numbers(Numbers::UInt64(_)) => Cow::Borrowed(self),
            Data::Numbers(Numbers::Float32(a)) => {
                let floats = a.values().iter().map(|&x| f64::from(x)).collect();
                Cow::Owned(Column::from_f64s(floats, self.validity()))
            }
            Data::Numbers(numbers) => Cow::Owned(self.ints_by(numbers, |x| x)),
            _ => Cow::Borrowed(self),
        }
    }

    /// Returns numbers in one of the usual types such that they are equal, and in order, as before, and of integers that
    /// fit into 64 bits with a sign the same numbers. Other columns stay as they are.
    pub(crate) fn keyed(&self) -> Cow<'_, Column> {
        match &self.0 {
            // The largest half becomes the positive numbers.
            Data::Numbers(numbers @ Numbers::UInt64(_)) => {
                Cow::Owned(self.ints_by(numbers, |x| x ^ i64::MIN))
            }
            _ => self.wide(),
        }
    }

    /// As [`wide`](Column::wide), and integers of [`UInt64`](DataType::UInt64) by their bits.
    pub(crate) fn to_bits(&self) -> Cow<'_, Column> {
        match &self.0 {
            Data::Numbers(numbers @ Numbers::UInt64(_)) => Cow::Owned(self.ints_by(numbers, |x| x)),
            _ => self.wide(),
        }
    }

    /// Makes integers of integers; those of 64 bits are given by their bits.
    fn ints_by(&self, numbers: &Numbers, f: impl Fn(i64) -> i64) -> Column {
        let ints = each_number!(numbers, a => a.values().iter().map(|&x| f(x as i64)).collect());
        Column::from_i64s(ints, self.validity())
    }

    /// Makes a column of an integer type of integers that fit into it; those of [`UInt64`](DataType::UInt64) are given
    /// by their bits.
    pub(crate) fn from_bits(dtype: &DataType, bits: Vec<i64>, validity: Option<Mask>) -> Self {
        number_of!(
            dtype,
            T => Self::from_numbers(bits.into_iter().map(|x| x as T).collect(), validity),
            Self::from_i64s(bits, validity)
        )
    }

    /// Rounds floats to 32 bits if `dtype` is that of such; what is too large becomes infinite, as in numpy.
    pub(crate) fn rounded_to(self, dtype: &DataType) -> Self {
        match (self.view(), dtype) {
            (View::Float64(values), DataType::Float32) => {
                Self::from_numbers(values.iter().map(|&x| x as f32).collect(), self.validity())
            }
            _ => self,
        }
    }

    /// Gives integers the integer type `dtype`; `None` if one that is there does not fit.
    pub(crate) fn fitted_to(self, dtype: &DataType) -> Option<Self> {
        if self.dtype() == *dtype {
            return Some(self);
        }
        fn fitted<A: Stored, B: Stored>(column: &Column) -> Option<Column> {
            let array = A::array(column)?;
            let validity = column.validity();
            let mut fits = true;
            let there = |row: usize| validity.as_ref().is_none_or(|valid| valid.get(row));
            let values = array.values().iter().enumerate().map(|(row, &x)| {
                let value = cast::<A, B>(x);
                fits &= value.is_some() || !there(row);
                value.unwrap_or_default()
            });
            let values = values.collect::<Vec<B>>();
            fits.then(|| Column::from_numbers(values, validity))
        }
        let wide = self.wide();
        match &wide.0 {
            Data::Int64(_) => number_of!(dtype, T => fitted::<i64, T>(&wide), fitted::<i64, i64>(&wide)),
            _ => number_of!(dtype, T => fitted::<u64, T>(&wide), fitted::<u64, i64>(&wide)),
        }
    }
}
