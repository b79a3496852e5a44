//! Columns as arrays of the maintained Arrow crates, and back, with the same memory.

use arrow_array::ArrayRef;
use arrow2::array::{Array, PrimitiveArray};
use dask_frame_arrow::{BridgeError, from_arrow, to_arrow};

use super::categorical::Codes;
use super::convert::ticks_type;
use super::{Column, Data, Mask};
use crate::schema::DataType;

impl Column {
    /// Hands the column over as it lies: dates as integers, and no categories.
    pub(crate) fn to_arrow_array(&self) -> Result<ArrayRef, BridgeError> {
        to_arrow(self.array().to_boxed())
    }

    /// Hands over the numbers of categories and the categories, if the column has such.
    pub(crate) fn to_codes(&self) -> Option<(Handed, Handed)> {
        let Data::Categorical(codes) = &self.0 else { return None };
        Some((to_arrow(codes.array().to_boxed()), to_arrow(codes.categories().to_boxed())))
    }

    /// Takes over an array that lies as columns of `dtype` do, but for the zone of timestamps.
    pub(crate) fn from_arrow_array(
        array: &dyn arrow_array::Array,
        dtype: &DataType,
    ) -> Result<Self, BridgeError> {
        let wrong = || BridgeError::Type { dtype: array.data_type().to_string() };
        let taken = from_arrow(array)?;
        let data = match dtype {
            DataType::Int64 => Data::Int64(cast_down(&*taken).ok_or_else(wrong)?),
            DataType::Float64 => Data::Float64(without_nan(cast_down(&*taken).ok_or_else(wrong)?)),
            DataType::Bool => Data::Bool(cast_down(&*taken).ok_or_else(wrong)?),
            DataType::Utf8 => Data::Utf8(cast_down(&*taken).ok_or_else(wrong)?),
            DataType::Timestamp | DataType::Zoned(_) | DataType::Date | DataType::Duration => {
                let ticks: PrimitiveArray<i64> = cast_down(&*taken).ok_or_else(wrong)?;
                Data::Ticks(ticks.to(ticks_type(dtype)), dtype.clone())
            }
            DataType::Categorical(_) => return Err(wrong()),
        };
        Ok(Self(data))
    }

    /// Takes over numbers of categories, and the categories, which are all different and none missing.
    pub(crate) fn from_codes(
        codes: &dyn arrow_array::Array,
        categories: &Column,
    ) -> Result<Self, BridgeError> {
        let wrong = || BridgeError::Type { dtype: codes.data_type().to_string() };
        let taken = cast_down(&*from_arrow(codes)?).ok_or_else(wrong)?;
        let Data::Utf8(categories) = &categories.0 else { return Err(wrong()) };
        Ok(Self(Data::Categorical(Codes::new(taken, categories.clone()))))
    }
}

/// An array handed over, or why not.
type Handed = Result<ArrayRef, BridgeError>;

fn cast_down<A: Array + Clone + 'static>(array: &dyn Array) -> Option<A> {
    array.as_any().downcast_ref().cloned()
}

/// Makes NaN a missing value.
fn without_nan(floats: PrimitiveArray<f64>) -> PrimitiveArray<f64> {
    if !floats.values().iter().fold(false, |any, x| any | x.is_nan()) {
        return floats;
    }
    let numbers = Mask::from_fn(floats.len(), |i| !floats.value(i).is_nan());
    let validity = floats.validity().cloned().map(Mask::from_bitmap);
    let validity = Mask::both(validity.as_ref(), Some(&numbers)).map(Mask::into_bitmap);
    floats.with_validity(validity)
}
