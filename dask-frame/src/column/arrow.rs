//! Columns as arrays of the maintained Arrow crates, and back, with the same memory.

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, ArrayRef, Int64Array, LargeListArray};
use arrow_schema::DataType as ArrowType;
use arrow2::array::{Array, PrimitiveArray};
use arrow2::offset::OffsetsBuffer;
use dask_frame_arrow::{BridgeError, from_arrow, to_arrow};

use super::categorical::Codes;
use super::convert::ticks_type;
use super::{Column, Data, Lists, Mask, Stored, number_of};
use crate::schema::DataType;

impl Column {
    /// Hands the column over as it lies: dates as integers, no categories, and no lists.
    pub(crate) fn to_arrow_array(&self) -> Result<ArrayRef, BridgeError> {
        match self.array() {
            Ok(array) => to_arrow(array.to_boxed()),
            Err(_) => Err(BridgeError::Type { dtype: self.dtype().to_string() }),
        }
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
            DataType::Categorical(_) | DataType::List(_) => return Err(wrong()),
            numbers => {
                number_of!(numbers, T => return taken_over::<T>(&*taken).ok_or_else(wrong), return Err(wrong()))
            }
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

impl Lists {
    /// Hands the lists over as an array of `dtype`, of values that were handed over before.
    pub(crate) fn to_arrow_array(&self, values: &ArrayRef, dtype: ArrowType) -> Handed {
        let first = *self.offsets().first();
        let offsets = match first {
            0 => self.offsets().buffer().clone(),
            _ => self.offsets().as_slice().iter().map(|offset| offset - first).collect(),
        };
        let integers = |buffer, validity| {
            to_arrow(PrimitiveArray::<i64>::new(arrow2::datatypes::DataType::Int64, buffer, validity).boxed())
        };
        // Integers take the bits of the lists over.
        let begins = integers(offsets.clone().sliced(0, self.len()), self.validity().cloned())?;
        let offsets = integers(offsets, None)?;
        let offsets = offsets.as_primitive::<Int64Type>().values().inner().clone();
        let data = begins.to_data().into_builder().data_type(dtype).buffers(vec![offsets]);
        let data = data.child_data(vec![values.to_data()]).build();
        let refused = |source| BridgeError::Refused { source: Box::new(source) };
        Ok(arrow_array::make_array(data.map_err(refused)?))
    }

    /// Takes over lists of values, which were taken over before.
    pub(crate) fn from_arrow_array(lists: &LargeListArray, values: Column) -> Result<Self, BridgeError> {
        let taken = |array: Int64Array| {
            let wrong = || BridgeError::Type { dtype: array.data_type().to_string() };
            cast_down::<PrimitiveArray<i64>>(&*from_arrow(&array)?).ok_or_else(wrong)
        };
        let offsets = lists.offsets().inner();
        let begins = taken(Int64Array::new(offsets.slice(0, lists.len()), lists.nulls().cloned()))?;
        let offsets = taken(Int64Array::new(offsets.clone(), None))?.values().clone();
        let refused = |source| BridgeError::Refused { source: Box::new(source) };
        let offsets = OffsetsBuffer::try_from(offsets).map_err(refused)?;
        Ok(Lists::new(offsets, values, begins.validity().cloned()))
    }
}

/// An array handed over, or why not.
type Handed = Result<ArrayRef, BridgeError>;

fn cast_down<A: Array + Clone + 'static>(array: &dyn Array) -> Option<A> {
    array.as_any().downcast_ref().cloned()
}

fn taken_over<T: Stored>(array: &dyn Array) -> Option<Column> {
    Some(T::column(without_nan(cast_down::<PrimitiveArray<T>>(array)?)))
}

/// Makes NaN a missing value.
fn without_nan<T: Stored>(floats: PrimitiveArray<T>) -> PrimitiveArray<T> {
    if !floats.values().iter().fold(false, |any, x| any | x.is_missing()) {
        return floats;
    }
    let numbers = Mask::from_fn(floats.len(), |i| !floats.value(i).is_missing());
    let validity = floats.validity().cloned().map(Mask::from_bitmap);
    let validity = Mask::both(validity.as_ref(), Some(&numbers)).map(Mask::into_bitmap);
    floats.with_validity(validity)
}
