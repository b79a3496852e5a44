//! The handing over, by way of the C data interface.

// The structs of the interface are exchanged between two crates that each have a type of their own for them.
#![expect(unsafe_code, reason = "the C data interface is raw pointers")]

use std::mem::{ManuallyDrop, align_of, size_of};
use std::ptr;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};
use arrow_array::{Array, ArrayRef, make_array};
use arrow_schema::{DataType, Field};
use arrow2::array::Array as Array2;
use arrow2::datatypes::{DataType as DataType2, Field as Field2, IntegerType};
use arrow2::ffi::{ArrowArray, ArrowSchema};

/// Why an array was not handed over.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BridgeError {
    /// A type that is not on the list.
    #[error("arrays of {dtype} are not handed over; cast it to a type that is, first")]
    Type {
        /// The type.
        dtype: String,
    },
    /// The importing side refused the array.
    #[error("the array was refused")]
    Refused {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

// Both sides define the structs of the interface: a copy of one is a value of the other.
const _: () = {
    assert!(size_of::<ArrowArray>() == size_of::<FFI_ArrowArray>());
    assert!(align_of::<ArrowArray>() == align_of::<FFI_ArrowArray>());
    assert!(size_of::<ArrowSchema>() == size_of::<FFI_ArrowSchema>());
    assert!(align_of::<ArrowSchema>() == align_of::<FFI_ArrowSchema>());
};

/// Returns an array of arrow2 as one of the maintained crates, with the same memory.
///
/// # Errors
///
/// - `Type` if its type is not on the list of those that are handed over.
/// - `Refused` if the importing side refuses it.
pub fn to_arrow(array: Box<dyn Array2>) -> Result<ArrayRef, BridgeError> {
    let dtype = array.data_type().clone();
    if !is_listed_2(&dtype) {
        return Err(BridgeError::Type { dtype: format!("{dtype:?}") });
    }
    let field = Field2::new("", dtype, true);
    // Neither is dropped here: what they hold moves on.
    let mut array = ManuallyDrop::new(arrow2::ffi::export_array_to_c(array));
    let mut schema = ManuallyDrop::new(arrow2::ffi::export_field_to_c(&field));
    // SAFETY: `from_raw` wants a pointer to a valid struct of the interface, which it moves out of, and no use of what
    // was there afterwards. arrow2 has just made the struct, which lies alike (asserted above); `from_raw` leaves an
    // empty, released one behind, which `ManuallyDrop` keeps from being dropped, as it would have nothing to do.
    let ffi_array = unsafe { FFI_ArrowArray::from_raw((&raw mut *array).cast()) };
    // SAFETY: as above.
    let ffi_schema = unsafe { FFI_ArrowSchema::from_raw((&raw mut *schema).cast()) };
    // SAFETY: `from_ffi` trusts the struct to tell buffers of the type, with as many values as it says. arrow2 told
    // so of a valid array, and for the types of the list both sides mean the same by the schema.
    let data = unsafe { arrow_array::ffi::from_ffi(ffi_array, &ffi_schema) };
    data.map(make_array).map_err(refused)
}

/// Returns an array of the maintained crates as one of arrow2, with the same memory.
///
/// # Errors
///
/// - `Type` if its type is not on the list of those that are handed over.
/// - `Refused` if one of the sides refuses it: arrow2 does where values do not begin at a multiple of their size.
pub fn from_arrow(array: &dyn Array) -> Result<Box<dyn Array2>, BridgeError> {
    if !is_listed(array.data_type()) {
        return Err(BridgeError::Type { dtype: array.data_type().to_string() });
    }
    let field = Field::new("", array.data_type().clone(), true);
    // Neither is dropped here: what they hold moves on.
    let schema = ManuallyDrop::new(FFI_ArrowSchema::try_from(&field).map_err(refused)?);
    let data = ManuallyDrop::new(FFI_ArrowArray::new(&array.to_data()));
    // SAFETY: `read` wants a pointer to a valid value of the type, and that only one of the copies is used
    // afterwards. The structs lie alike (asserted above), and `ManuallyDrop` keeps the first from being dropped.
    let schema = unsafe { ptr::read((&raw const *schema).cast::<ArrowSchema>()) };
    // SAFETY: as above.
    let data = unsafe { ptr::read((&raw const *data).cast::<ArrowArray>()) };
    // SAFETY: `import_field_from_c` trusts the struct to be as the interface says, as the maintained crates made it.
    let field = unsafe { arrow2::ffi::import_field_from_c(&schema) }.map_err(refused)?;
    // SAFETY: `import_array_from_c` trusts the struct to tell buffers of the type, with as many values as it says.
    // The maintained crates told so of a valid array, including a count of nulls that is not negative, and for the
    // types of the list both sides mean the same by the schema.
    unsafe { arrow2::ffi::import_array_from_c(data, field.data_type) }.map_err(refused)
}

fn refused(source: impl std::error::Error + Send + Sync + 'static) -> BridgeError {
    BridgeError::Refused { source: Box::new(source) }
}

fn is_listed(dtype: &DataType) -> bool {
    match dtype {
        DataType::Boolean | DataType::LargeUtf8 | DataType::Float32 | DataType::Float64 => true,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => true,
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => true,
        DataType::Timestamp(..) | DataType::Date32 | DataType::Duration(_) => true,
        DataType::Dictionary(keys, values) => **keys == DataType::Int32 && **values == DataType::LargeUtf8,
        _ => false,
    }
}

fn is_listed_2(dtype: &DataType2) -> bool {
    match dtype {
        DataType2::Boolean | DataType2::LargeUtf8 | DataType2::Float32 | DataType2::Float64 => true,
        DataType2::Int8 | DataType2::Int16 | DataType2::Int32 | DataType2::Int64 => true,
        DataType2::UInt8 | DataType2::UInt16 | DataType2::UInt32 | DataType2::UInt64 => true,
        DataType2::Timestamp(..) | DataType2::Date32 | DataType2::Duration(_) => true,
        DataType2::Dictionary(IntegerType::Int32, values, _) => **values == DataType2::LargeUtf8,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::types::{Int32Type, TimestampMicrosecondType, TimestampNanosecondType};
    use arrow_array::{
        BooleanArray, Date32Array, Decimal64Array, DictionaryArray, DurationMicrosecondArray, Float32Array,
        Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, LargeStringArray, NullArray,
        PrimitiveArray, StringArray, StringViewArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
    };
    use arrow2::array::PrimitiveArray as PrimitiveArray2;

    use super::*;

    fn arrays() -> Vec<ArrayRef> {
        let dictionary: DictionaryArray<Int32Type> = DictionaryArray::new(
            Int32Array::from(vec![Some(1), None, Some(0), Some(1)]),
            Arc::new(LargeStringArray::from(vec!["a", "é"])),
        );
        let zoned = PrimitiveArray::<TimestampNanosecondType>::from(vec![Some(1), None, Some(-3), Some(4)]);
        vec![
            Arc::new(Int64Array::from(vec![1, 2, 3, 4])),
            Arc::new(Int64Array::from(vec![Some(1), None, Some(3), None])),
            Arc::new(Int8Array::from(vec![Some(1), None, Some(i8::MIN), None])),
            Arc::new(Int16Array::from(vec![Some(1), None, Some(i16::MIN), None])),
            Arc::new(Int32Array::from(vec![Some(1), None, Some(i32::MIN), None])),
            Arc::new(UInt8Array::from(vec![Some(1), None, Some(u8::MAX), None])),
            Arc::new(UInt16Array::from(vec![Some(1), None, Some(u16::MAX), None])),
            Arc::new(UInt32Array::from(vec![Some(1), None, Some(u32::MAX), None])),
            Arc::new(UInt64Array::from(vec![Some(1), None, Some(u64::MAX), None])),
            Arc::new(Float32Array::from(vec![Some(0.1), None, Some(f32::NAN), None])),
            Arc::new(Float64Array::from(vec![Some(0.5), None, Some(f64::NAN), None])),
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true)])),
            Arc::new(LargeStringArray::from(vec![Some("é"), None, Some(""), Some("x y")])),
            Arc::new(PrimitiveArray::<TimestampMicrosecondType>::from(vec![
                Some(1),
                None,
                Some(-3),
                Some(4),
            ])),
            Arc::new(zoned.with_timezone("Europe/Berlin")),
            Arc::new(Date32Array::from(vec![Some(1), None, Some(-3), Some(4)])),
            Arc::new(DurationMicrosecondArray::from(vec![Some(1), None, Some(-3), Some(4)])),
            Arc::new(dictionary),
        ]
    }

    /// The addresses of values, offsets and letters.
    fn addresses(array: &dyn Array) -> Vec<usize> {
        let data = array.to_data();
        let children = data.child_data().iter().flat_map(|child| child.buffers().iter());
        data.buffers().iter().chain(children).map(|buffer| buffer.as_ptr().addr()).collect()
    }

    #[test]
    fn arrays_come_back_with_their_memory() {
        for array in arrays() {
            for array in [array.slice(1, 2), array.slice(0, 0), array] {
                let there = from_arrow(&*array).unwrap();
                assert_eq!((there.len(), there.null_count()), (array.len(), array.null_count()));
                let back = to_arrow(there).unwrap();
                assert_eq!(back.to_data(), array.to_data(), "{}", array.data_type());
                assert_eq!(back.data_type(), array.data_type());
                // What is empty has no memory to be kept.
                if !array.is_empty() {
                    assert_eq!(addresses(&*back), addresses(&*array), "{}", array.data_type());
                }
            }
        }
    }

    #[test]
    fn memory_outlives_whoever_handed_it_over() {
        for array in arrays() {
            let there = from_arrow(&*array).unwrap();
            let (len, nulls) = (array.len(), array.null_count());
            drop(array);
            let elsewhere = std::thread::spawn(move || to_arrow(there).unwrap());
            let back = elsewhere.join().unwrap();
            assert_eq!((back.len(), back.null_count()), (len, nulls));
        }
    }

    #[test]
    fn a_handed_over_array_that_nobody_takes_is_freed() {
        let values = PrimitiveArray2::from_vec(vec![1_i64, 2, 3]);
        drop(to_arrow(values.boxed()).unwrap());
        drop(from_arrow(&Int64Array::from(vec![1, 2])).unwrap());
    }

    #[test]
    fn types_off_the_list_are_refused() {
        let refused: [ArrayRef; 5] = [
            Arc::new(Decimal64Array::from(vec![1, 2])),
            Arc::new(StringViewArray::from(vec!["a"])),
            Arc::new(StringArray::from(vec!["a"])),
            Arc::new(NullArray::new(3)),
            Arc::new(DictionaryArray::<Int32Type>::from_iter(["a", "b"])),
        ];
        for array in refused {
            let error = from_arrow(&*array).unwrap_err();
            assert!(
                matches!(&error, BridgeError::Type { dtype } if *dtype == array.data_type().to_string()),
                "{error}"
            );
        }
        let none = arrow2::array::NullArray::new(DataType2::Null, 3);
        assert!(matches!(to_arrow(none.boxed()), Err(BridgeError::Type { .. })));
    }
}
