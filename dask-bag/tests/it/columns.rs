//! Records to columns and back.

use std::collections::BTreeMap;

use dask_bag::{Bag, FieldsError, Partitions};
use dask_graph::{Collection, ColumnField, ColumnKind, ColumnValues, make_portable};
use dask_sched_sync::Sync;
use proptest::collection::vec;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::runners::{check, check_fails};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Cabin {
    Economy,
    First,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Meters(f64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flight {
    carrier: Option<String>,
    #[serde(rename = "arr delay")]
    delay: Option<i32>,
    distance: Meters,
    late: bool,
    cabin: Cabin,
    #[serde(skip)]
    note: (),
}

fn flights() -> impl Strategy<Value = Vec<Vec<Flight>>> {
    let cabin = prop_oneof![Just(Cabin::Economy), Just(Cabin::First)];
    let flight = (any::<Option<String>>(), any::<Option<i32>>(), any::<f64>(), any::<bool>(), cabin);
    let flight = flight.prop_map(|(carrier, delay, distance, late, cabin)| Flight {
        carrier,
        delay,
        distance: Meters(distance),
        late,
        cabin,
        note: (),
    });
    vec(vec(flight, 0..5), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever records a bag holds, and in whichever partitions, some of them empty.
    #[test]
    fn records_come_back(partitions in flights()) {
        make_portable::<Flight>();
        let bag = Bag::from_partitions(partitions.clone());
        let columns = bag.to_columns().unwrap();
        prop_assert_eq!(columns.keys().len(), partitions.len());
        for part in columns.compute_with(&Sync::new()).unwrap() {
            prop_assert_eq!(part.fields(), columns.fields());
        }
        check(&Bag::from_columns(&columns), partitions.concat());
    }

    #[test]
    fn tuples_come_back(items in vec(any::<(Option<i64>, String, char)>(), 0..9)) {
        make_portable::<(Option<i64>, String, char)>();
        let bag = Bag::from_partitions([vec![], items.clone()]);
        check(&Bag::from_columns(&bag.to_columns().unwrap()), items);
    }
}

#[test]
fn the_type_tells_the_fields() {
    #[track_caller]
    fn told<T: Serialize + for<'de> Deserialize<'de> + Clone + Send + std::marker::Sync + 'static>(
        expected: &[(&str, ColumnKind)],
    ) {
        let fields = Bag::<T>::from_partitions([vec![]]).to_columns().unwrap().fields().to_vec();
        assert_eq!(
            fields,
            expected.iter().map(|&(name, kind)| ColumnField::new(name, kind)).collect::<Vec<_>>()
        );
    }
    use ColumnKind::{Bool, Float64, Int64, Text};
    told::<Flight>(&[
        ("carrier", Text),
        ("arr delay", Int64),
        ("distance", Float64),
        ("late", Bool),
        ("cabin", Text),
    ]);
    told::<(String, u64)>(&[("0", Text), ("1", Int64)]);
    told::<Option<f32>>(&[("0", Float64)]);
    told::<std::num::NonZeroU8>(&[("0", Int64)]);
    told::<Meters>(&[("0", Float64)]);
}

#[test]
fn types_that_do_not_tell_are_refused() {
    #[derive(Clone, Serialize, Deserialize)]
    struct Nested {
        id: i64,
        tags: Vec<String>,
    }
    #[track_caller]
    fn refused<T: Serialize + for<'de> Deserialize<'de> + Clone + Send + std::marker::Sync + 'static>(
        words: &str,
    ) {
        let error = Bag::<T>::from_partitions([vec![]]).to_columns().unwrap_err();
        assert!(matches!(error, FieldsError::Untold { .. }));
        let text = error.to_string();
        assert!(text.contains(words) && text.contains("to_columns_of"), "{text}");
    }
    refused::<Nested>("field `tags` is no single value");
    refused::<serde_json::Value>("any fields");
    refused::<BTreeMap<String, i64>>("any fields");
    let twice = Bag::<(i64, i64)>::from_partitions([vec![]])
        .to_columns_of([("a", ColumnKind::Int64), ("a", ColumnKind::Bool)]);
    assert_eq!(twice.unwrap_err(), FieldsError::Twice { field: "a".into() });
}

#[test]
fn declared_fields_are_found_by_name_or_in_order() {
    make_portable::<(Option<i64>, Option<String>)>();
    make_portable::<BTreeMap<String, i64>>();
    let items = [json!({"n": 1, "s": "x", "other": []}), json!({"s": null, "n": 2}), json!({})];
    let bag = Bag::from_sequence(items, Partitions::size(2));
    let columns = bag.map(|value| value.as_object().cloned().unwrap_or_default());
    let columns = columns.to_columns_of([("n", ColumnKind::Int64), ("s", ColumnKind::Text)]).unwrap();
    let expected = vec![(Some(1), Some("x".to_owned())), (Some(2), None), (None, None)];
    let rows = Bag::<(Option<i64>, Option<String>)>::from_columns(&columns);
    let got = rows.compute_with(&Sync::new()).unwrap();
    assert_eq!(got, expected);

    let lists = Bag::from_partitions([vec![vec![1_i64, 2], vec![3]]]);
    let columns = lists.to_columns_of([("a", ColumnKind::Float64), ("b", ColumnKind::Timestamp)]).unwrap();
    let partition = &columns.compute_with(&Sync::new()).unwrap()[0];
    assert_eq!(partition.columns()[0].1.values, ColumnValues::Float64(vec![1.0, 3.0]));
    assert_eq!(partition.columns()[1].1.valid, Some(vec![true, false]));

    // No fields at all: the rows are still counted.
    let none = lists.map(|_| BTreeMap::<String, i64>::new()).to_columns_of([] as [ColumnField; 0]).unwrap();
    check(&Bag::<BTreeMap<String, i64>>::from_columns(&none), vec![BTreeMap::new(); 2]);
}

#[test]
fn items_that_do_not_fit_are_told_with_their_number_and_field() {
    let fails = |bag: Bag<(String, u64)>, fields: [(&str, ColumnKind); 2], words: &[&str]| {
        check_fails(&bag.to_columns_of(fields).unwrap(), words);
    };
    let big = Bag::from_partitions([
        vec![("a".to_owned(), 1)],
        vec![("b".to_owned(), 2), ("c".to_owned(), u64::MAX)],
    ]);
    let item = "to_columns failed on item 1 of its partition";
    let range =
        "field `n`: 18446744073709551615 does not fit Int64; declare the field as another type of numbers";
    fails(big.clone(), [("s", ColumnKind::Text), ("n", ColumnKind::Int64)], &[item, range]);
    fails(
        big.clone(),
        [("s", ColumnKind::Bool), ("n", ColumnKind::Int64)],
        &["field `s`: the text \"a\" is no Bool"],
    );
    fails(
        big.clone(),
        [("s", ColumnKind::Text), ("n", ColumnKind::Text)],
        &["field `n`: the integer 1 is no Text"],
    );
    let negative = Bag::from_partitions([vec![3_i64], vec![-1]]);
    let columns = negative.to_columns_of([("n", ColumnKind::UInt64)]).unwrap();
    check_fails(&columns, &["field `n`: -1 does not fit UInt64"]);
    let long = big.to_columns_of([("s", ColumnKind::Text)]).unwrap();
    check_fails(&long, &["more values than the 1 columns"]);
    let scalars = Bag::from_partitions([vec![1_i64]]);
    let columns = scalars.to_columns_of([("a", ColumnKind::Int64), ("b", ColumnKind::Int64)]).unwrap();
    check_fails(&columns, &["the item is an integer and no record"]);
    let nested = Bag::from_partitions([vec![(1_i64, vec![2_i64])]]);
    make_portable::<(i64, Vec<i64>)>();
    let columns = nested.to_columns_of([("a", ColumnKind::Int64), ("b", ColumnKind::Int64)]).unwrap();
    check_fails(&columns, &["field `b` is a list"]);
}

#[test]
fn rows_that_do_not_fit_are_told_with_their_number_and_column() {
    let columns = Bag::from_partitions([vec![(Some(1_i64), "x".to_owned()), (None, "y".to_owned())]]);
    make_portable::<(Option<i64>, String)>();
    let columns = columns.to_columns().unwrap();
    check_fails(&Bag::<(i64, String)>::from_columns(&columns), &["row 1 of the partition, column `0`"]);
    check_fails(&Bag::<(Option<i64>, bool)>::from_columns(&columns), &["row 0 of the partition, column `1`"]);
    check_fails(&Bag::<(Option<i8>, String, u8)>::from_columns(&columns), &["row 0 of the partition"]);
}
