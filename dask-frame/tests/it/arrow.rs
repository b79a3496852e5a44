//! Columns as arrays of the maintained Arrow crates, and back.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int64Type, TimestampMillisecondType, TimestampNanosecondType};
use arrow_array::{
    Array, ArrayRef, Date32Array, Date64Array, Decimal32Array, Decimal128Array, DictionaryArray,
    DurationSecondArray, FixedSizeListArray, Float32Array, Float64Array, Int8Array, Int64Array,
    LargeStringArray, ListArray, NullArray, PrimitiveArray, RecordBatch, StringArray, StringViewArray,
    UInt64Array, new_null_array,
};
use arrow_schema::{DataType as ArrowType, Field as ArrowField};
use dask_frame::{ArrowError, Column, DataFrame, DataType, Table, Zone};
use proptest::prelude::*;

use super::every_type::{rows, table};
use super::run::every_way;

proptest! {
    /// Whole tables and slices of them, whose bits begin in the middle of a byte.
    #[test]
    fn tables_come_back(rows in rows(30), start in 0_usize..30, len in 0_usize..30) {
        let whole = table(&rows);
        for table in [whole.slice(start, len), whole] {
            let batch = table.to_record_batch().unwrap();
            prop_assert_eq!(batch.num_rows(), table.n_rows());
            prop_assert_eq!(Table::from_record_batch(&batch).unwrap(), table);
        }
    }
}

/// The addresses of an array's buffers: values, or offsets and letters.
fn addresses(array: &dyn Array) -> Vec<usize> {
    array.to_data().buffers().iter().map(|buffer| buffer.as_ptr().addr()).collect()
}

#[test]
fn what_lies_alike_keeps_its_memory() {
    let arrays: [ArrayRef; 6] = [
        Arc::new(Int8Array::from(vec![Some(-1), None, Some(i8::MAX)])),
        Arc::new(UInt64Array::from(vec![Some(u64::MAX), None, Some(7)])),
        Arc::new(Float32Array::from(vec![Some(0.1), None, Some(f32::INFINITY)])),
        Arc::new(Int64Array::from(vec![Some(1), None, Some(3)])),
        Arc::new(Float64Array::from(vec![0.5, 1.5, 2.5])),
        Arc::new(LargeStringArray::from(vec![Some("a"), None, Some("é")])),
    ];
    for array in arrays {
        let column = Column::from_arrow(&*array).unwrap();
        let back = column.to_arrow().unwrap();
        assert_eq!(addresses(&*back), addresses(&*array));
        assert_eq!(back.to_data(), array.to_data());
        drop((array, back));
        assert_eq!(column.len(), 3);
    }
}

#[track_caller]
fn cast(array: impl Array, expected: Column) {
    assert_eq!(Column::from_arrow(&array).unwrap(), expected);
}

#[test]
fn other_types_are_cast() {
    cast(Float32Array::from(vec![0.5, f32::NAN]), Column::numbers([Some(0.5_f32), None]));
    cast(
        Float64Array::from(vec![Some(f64::NAN), None, Some(1.0)]),
        Column::from(vec![None, None, Some(1.0)]),
    );
    cast(StringArray::from(vec![Some("é"), None]), Column::from(vec![Some("é"), None]));
    cast(
        StringViewArray::from(vec!["a long text that does not fit a view"]),
        Column::from(vec!["a long text that does not fit a view"]),
    );
    cast(Date32Array::from(vec![1, -1]), Column::dates([Some(1), Some(-1)]));
    cast(Date64Array::from(vec![2 * 86_400_000]), Column::dates([Some(2)]));
    cast(DurationSecondArray::from(vec![3]), Column::durations([Some(3_000_000)]));
    cast(PrimitiveArray::<TimestampMillisecondType>::from(vec![-7]), Column::timestamps([Some(-7_000)]));
    let nanos = PrimitiveArray::<TimestampNanosecondType>::from(vec![1_999]).with_timezone("UTC");
    cast(nanos, Column::zoned_timestamps(Zone::UTC, [Some(1)]));
    let oslo = PrimitiveArray::<TimestampMillisecondType>::from(vec![1]).with_timezone("Europe/Oslo");
    cast(oslo, Column::zoned_timestamps(Zone::new("Europe/Oslo").unwrap(), [Some(1_000)]));
    let nothing = Column::from_arrow(&NullArray::new(2)).unwrap();
    assert_eq!((nothing.dtype(), nothing.null_count()), (DataType::Float64, 2));
}

#[test]
fn dictionaries_of_texts_are_categories() {
    let texts = vec![Some("b"), None, Some("a"), Some("b")];
    let array = DictionaryArray::<Int8Type>::from_iter(texts.clone());
    let column = Column::from_arrow(&array).unwrap();
    assert_eq!(column.categories().unwrap().collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(column, Column::from(texts).to_categorical());
    // Texts twice among the categories, and one that is missing.
    let values = StringArray::from(vec![Some("x"), Some("x"), None]);
    let array =
        DictionaryArray::new(Int8Array::from(vec![Some(0), Some(1), Some(2), None]), Arc::new(values));
    let column = Column::from_arrow(&array).unwrap();
    assert_eq!(column.categories().unwrap().collect::<Vec<_>>(), ["x"]);
    assert_eq!(column, Column::from(vec![Some("x"), Some("x"), None, None]).to_categorical());
    let numbers = DictionaryArray::new(Int8Array::from(vec![1, 0]), Arc::new(Int64Array::from(vec![7, 8])));
    cast(numbers, Column::from(vec![8, 7]));
}

#[test]
fn lists_are_taken_over() {
    let lists = || [Some(vec![Some(1), None]), None, Some(vec![]), Some(vec![Some(4)])];
    let expected = Column::from(lists().to_vec());
    let narrow = [Some(vec![Some(1_i8), None]), None];
    let narrow = Column::from_arrow(&ListArray::from_iter_primitive::<Int8Type, _, _>(narrow)).unwrap();
    assert_eq!(narrow.dtype().to_string(), "List[Int8]");
    let array = ListArray::from_iter_primitive::<Int64Type, _, _>(lists());
    cast(array.slice(1, 3), expected.slice(1, 3));
    cast(array, expected.clone());
    let array = FixedSizeListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1), None]), None], 2);
    cast(array, Column::from(vec![Some(vec![Some(1), None]), None]));
    let nothing = ArrowType::List(Arc::new(ArrowField::new_list_field(ArrowType::Null, true)));
    cast(new_null_array(&nothing, 2), Column::from(vec![None::<Vec<f64>>; 2]));
    // 64-bit offsets and values keep their memory, those of lists and those of a part of them.
    let array = expected.to_arrow().unwrap();
    let again = Column::from_arrow(&*array).unwrap();
    let part = again.slice(2, 2).to_arrow().unwrap();
    assert_eq!(Column::from_arrow(&*part).unwrap(), expected.slice(2, 2));
    let again = again.to_arrow().unwrap();
    assert_eq!(addresses(&*again), addresses(&*array));
    assert_eq!(addresses(&**again.as_list::<i64>().values()), addresses(&**array.as_list::<i64>().values()));
}

#[test]
fn what_does_not_fit_is_refused() {
    let decimals = ArrowField::new_list_field(ArrowType::Decimal128(5, 2), true);
    let list = new_null_array(&ArrowType::List(Arc::new(decimals)), 1);
    let zoned = PrimitiveArray::<TimestampNanosecondType>::from(vec![1]).with_timezone("+02:00");
    let refused: [ArrayRef; 4] = [
        Arc::new(Decimal32Array::from(vec![1])),
        Arc::new(Decimal128Array::from(vec![1])),
        list,
        Arc::new(zoned),
    ];
    for array in refused {
        let error = Column::from_arrow(&*array).unwrap_err();
        let dtype = array.data_type().to_string();
        assert!(matches!(&error, ArrowError::Unsupported { dtype: got } if *got == dtype), "{error}");
        let batch = RecordBatch::try_from_iter([("x", array)]).unwrap();
        let error = Table::from_record_batch(&batch).unwrap_err();
        assert!(matches!(&error, ArrowError::Column { name, .. } if name == "x"), "{error}");
    }
    let far = Column::dates([Some(i64::from(i32::MAX) + 1)]);
    assert!(matches!(far.to_arrow(), Err(ArrowError::Value { .. })));
    assert!(matches!(DataFrame::from_record_batches([]), Err(ArrowError::Table { .. })));
}

#[test]
fn batches_are_partitions() {
    let batch = |values: Vec<i64>| {
        RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(values)) as ArrayRef)]).unwrap()
    };
    let frame = DataFrame::from_record_batches(&[batch(vec![1, 2]), batch(vec![]), batch(vec![3])]).unwrap();
    assert_eq!(frame.n_partitions(), 3);
    assert_eq!(every_way(&frame, "batches"), Table::new([("n", Column::from(vec![1, 2, 3]))]).unwrap());
}
