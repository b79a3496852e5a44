//! Where rows are: exchanges, divisions, partitions cut and put together.

use std::collections::BTreeMap;

use dask_frame::{Column, DataFrame, DataType, Scalar, Sort, Table, col};
use dask_graph::testing::Travelling;
use dask_graph::{Collection, Scheduler};
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;

use super::run::{every_way, failure};

/// A key, any of which may be missing, and a number that tells rows apart.
fn keyed(keys: &[Option<i64>], partitions: usize) -> DataFrame {
    let row = (0..keys.len() as i64).collect::<Vec<_>>();
    let text = keys.iter().map(|key| key.map(|key| format!("k{key}"))).collect::<Vec<_>>();
    let columns =
        [("row", Column::from(row)), ("key", Column::from(keys.to_vec())), ("text", Column::from(text))];
    DataFrame::from_columns(columns, partitions).unwrap()
}

fn keys() -> impl Strategy<Value = Vec<Option<i64>>> {
    prop::collection::vec(prop::option::weighted(0.9, -6_i64..30), 0..60)
}

/// The partitions of a frame, by schedulers that must agree.
pub(crate) fn partitions(frame: &DataFrame) -> Vec<Table> {
    let by = |scheduler: &dyn Scheduler| {
        let part = |at: usize| frame.get_partition(at).unwrap().compute_with(scheduler).unwrap();
        (0..frame.n_partitions()).map(part).collect::<Vec<_>>()
    };
    let one = by(&Sync::new());
    assert_eq!(one, by(&Threaded::with_workers(2)));
    assert_eq!(one, by(&Travelling));
    one
}

fn ints(table: &Table, column: &str) -> Vec<Option<i64>> {
    table.column(column).unwrap().i64s().unwrap().collect()
}

/// Asserts that every row of a frame with known divisions lies in its division.
pub(crate) fn check_divisions(frame: &DataFrame) -> Vec<Table> {
    let parts = partitions(frame);
    let Some(bounds) = frame.divisions().bounds() else { return parts };
    assert_eq!(bounds.len(), parts.len() + 1);
    let int = |bound: &Scalar| match bound {
        Scalar::Int64(x) => *x,
        other => panic!("{other} is no integer"),
    };
    for (at, part) in parts.iter().enumerate() {
        let (first, last) = (int(&bounds[at]), int(&bounds[at + 1]));
        for key in ints(part, frame.index().unwrap()) {
            let key = key.unwrap();
            let before_end = if at + 1 == parts.len() { key <= last } else { key < last };
            assert!(first <= key && before_end, "{key} in partition {at} of {}", frame.divisions());
        }
    }
    parts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No row is lost, none invented; equal keys come together, in their order.
    #[test]
    fn a_shuffle_moves_every_row_to_its_like(keys in keys(), from in 1_usize..7, to in 1_u32..7, both: bool) {
        let frame = keyed(&keys, from);
        let on = if both { vec!["key", "text"] } else { vec!["text"] };
        let parts = partitions(&frame.shuffle(on, to).unwrap());
        prop_assert_eq!(parts.len(), to as usize);
        let mut homes = BTreeMap::new();
        let mut rows = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            prop_assert!(ints(part, "row").is_sorted());
            for (row, key) in ints(part, "row").into_iter().zip(ints(part, "key")) {
                prop_assert_eq!(*homes.entry(key).or_insert(at), at);
                prop_assert_eq!(key, keys[row.unwrap() as usize]);
                rows.push(row.unwrap());
            }
        }
        rows.sort_unstable();
        prop_assert_eq!(rows, (0..keys.len() as i64).collect::<Vec<_>>());
    }

    #[test]
    fn rows_lie_in_their_divisions(keys in keys(), from in 1_usize..6, low in 1_i64..20, picked in 0_usize..4) {
        let some = keyed(&keys, from).filter(col("key").is_not_null()).unwrap();
        let indexed = some.set_index_divisions("key", [-6, low - 6, low + 1, 25, 30]).unwrap();
        prop_assert_eq!(indexed.schema().names().next(), Some("key"));
        let parts = check_divisions(&indexed);
        let sorted = some.sort_values("key").unwrap();
        let (divided, sorted) = (every_way(&indexed, "divided"), every_way(&sorted, "sorted"));
        prop_assert_eq!(ints(&divided, "row"), ints(&sorted, "row"));
        // What keeps divisions keeps them right.
        let filtered = indexed.filter(col("row").gt(5)).unwrap().with_column("row", col("row") + 1).unwrap();
        let renamed = filtered.rename([("key", "id")]).unwrap();
        prop_assert_eq!(renamed.index(), Some("id"));
        for frame in [&filtered, &renamed, &indexed.limit(7), &indexed.limit_last(7)] {
            prop_assert!(frame.known_divisions());
            check_divisions(frame);
        }
        let picked = indexed.get_partition(picked).unwrap();
        prop_assert!(picked.known_divisions());
        check_divisions(&picked);
        for n in 1..4 {
            let fewer = indexed.repartition(n).unwrap();
            prop_assert!(fewer.known_divisions());
            check_divisions(&fewer);
        }
        let ranges = indexed.repartition_divisions([-10, -2, 3, 4, 30]).unwrap();
        check_divisions(&ranges);
        prop_assert_eq!(every_way(&ranges, "ranges"), every_way(&indexed, "divided"));
        prop_assert_eq!(parts.iter().map(Table::n_rows).sum::<usize>(), keys.iter().flatten().count());
        // What does not keep them says so.
        prop_assert!(!indexed.sort_values("row").unwrap().known_divisions());
        prop_assert!(!indexed.clear_divisions().known_divisions());
        prop_assert!(indexed.with_column("key", col("key") * 2).unwrap().index().is_none());
        prop_assert!(indexed.reset_index().index().is_none());
    }

    #[test]
    fn labels_and_ranges_of_an_index(keys in keys(), from in 1_usize..6, low in -8_i64..32, length in 0_i64..20) {
        let some = keyed(&keys, from).filter(col("key").is_not_null()).unwrap();
        let known = some.set_index_divisions("key", [-6, 0, 7, 15, 29, 29]).unwrap();
        let unknown = some.set_index("key").unwrap();
        let high = low + length;
        let check = |of: &dyn Fn(&DataFrame) -> DataFrame, holds: &dyn Fn(i64) -> bool| {
            let mut expected = keys.iter().copied().flatten().filter(|key| holds(*key)).collect::<Vec<_>>();
            expected.sort_unstable();
            for frame in [&known, &unknown] {
                let found = of(frame);
                let got = ints(&every_way(&found, "found"), "key");
                assert_eq!(got.into_iter().flatten().collect::<Vec<_>>(), expected);
                check_divisions(&found);
            }
        };
        check(&|frame| frame.loc(low).unwrap(), &|key| key == low);
        check(&|frame| frame.loc_list([low, high]).unwrap(), &|key| key == low || key == high);
        check(&|frame| frame.loc_range(low..=high).unwrap(), &|key| (low..=high).contains(&key));
        check(&|frame| frame.loc_range(low..high).unwrap(), &|key| (low..high).contains(&key));
        check(&|frame| frame.loc_range(low..).unwrap(), &|key| key >= low);
        check(&|frame| frame.loc_range(..=low).unwrap(), &|key| key <= low);
        check(&|frame| frame.loc_range(..low).unwrap(), &|key| key < low);
        let one = known.loc(low).unwrap();
        prop_assert!(one.n_partitions() <= 2, "{}", one.n_partitions());
    }

    #[test]
    fn partitions_are_cut_and_put_together(keys in keys(), from in 1_usize..6, to in 1_u32..12) {
        let frame = keyed(&keys, from);
        let moved = frame.repartition(to).unwrap();
        prop_assert_eq!(moved.n_partitions(), to as usize);
        prop_assert_eq!(every_way(&moved, "repartitioned"), every_way(&frame, "as it was"));
        let small = frame.repartition_nbytes_with(200, &Sync::new()).unwrap();
        prop_assert_eq!(every_way(&small, "of a size"), every_way(&frame, "as it was"));
    }

    #[test]
    fn a_sorted_index_is_checked(mut keys in keys(), from in 1_usize..6) {
        let is_sorted = |keys: &[Option<i64>]| keys.is_sorted_by_key(|key| (key.is_none(), *key));
        let frame = keyed(&keys, from).set_index_sorted("key").unwrap();
        match is_sorted(&keys) {
            true => prop_assert_eq!(every_way(&frame, "sorted").n_rows(), keys.len()),
            false => prop_assert!(failure(&frame).contains("`key` is not sorted")),
        }
        keys.sort_by_key(|key| (key.is_none(), *key));
        let frame = keyed(&keys, from).set_index_sorted("key").unwrap();
        prop_assert_eq!(ints(&every_way(&frame, "sorted"), "row"), (0..keys.len() as i64).map(Some).collect::<Vec<_>>());
    }

    /// Quantiles, and the ends of partitions that are in order, become divisions.
    #[test]
    fn divisions_are_computed(mut keys in keys(), from in 1_usize..6) {
        let some = |keys: &[Option<i64>]| keyed(keys, from).filter(col("key").is_not_null()).unwrap();
        let present = keys.iter().flatten().count();
        let frame = some(&keys);
        let indexed = frame.set_index_with("key", &Sync::new()).unwrap();
        prop_assert_eq!(indexed.known_divisions(), present > 0);
        check_divisions(&indexed);
        let lazy = every_way(&frame.set_index("key").unwrap(), "set_index");
        prop_assert_eq!(every_way(&indexed, "divided"), lazy);
        keys.sort_unstable();
        let sorted = some(&keys).set_index_sorted_with("key", &Sync::new()).unwrap();
        prop_assert_eq!(sorted.known_divisions(), present > 0);
        check_divisions(&sorted);
        prop_assert_eq!(every_way(&sorted, "sorted"), every_way(&some(&keys).set_index("key").unwrap(), "set_index"));
        if keys.iter().flatten().next() != keys.iter().flatten().last() {
            keys.reverse();
            prop_assert!(some(&keys).set_index_sorted_with("key", &Sync::new()).is_err());
        }
    }

    #[test]
    fn the_ends_of_a_frame(keys in keys(), from in 1_usize..6, n in 0_usize..70) {
        let frame = keyed(&keys, from);
        let all = frame.compute_with(&Sync::new()).unwrap();
        let last = all.slice(keys.len().saturating_sub(n), n);
        prop_assert_eq!(&frame.tail_with(n, &Sync::new()).unwrap(), &last);
        prop_assert_eq!(&every_way(&frame.limit_last(n), "tail"), &last);
        prop_assert_eq!(&every_way(&frame.limit(n), "head"), &all.slice(0, n));
        let sort = || Sort::by("text").descending().then_by("key").nulls_first();
        let sorted = every_way(&frame.sort_values(sort()).unwrap(), "sorted");
        prop_assert_eq!(&every_way(&frame.sort_values(sort()).unwrap().limit(n), "top"), &sorted.slice(0, n));
    }
}

#[test]
fn a_sort_has_many_partitions_of_about_one_length() {
    let values = (0..20_000_i64).map(|i| (i * 7_919) % 20_011).collect::<Vec<_>>();
    let frame = DataFrame::from_columns([("x", Column::from(values))], 8).unwrap();
    let parts = partitions(&frame.sort_values("x").unwrap());
    assert_eq!(parts.len(), 8);
    for pair in parts.windows(2) {
        let (before, after) = (ints(&pair[0], "x"), ints(&pair[1], "x"));
        assert!(before.is_sorted() && after.is_sorted() && before.last() < after.first());
    }
    let lengths = parts.iter().map(Table::n_rows).collect::<Vec<_>>();
    assert!(lengths.iter().all(|n| (1_700..3_400).contains(n)), "{lengths:?}");
}

#[test]
fn the_first_of_a_sort_are_not_sorted_with_all() {
    let frame = keyed(&[Some(3), Some(1), None, Some(2)], 4).sort_values("key").unwrap().limit(2);
    let plan = frame.explain_plan();
    assert!(plan.contains("as run:\n  first 2 rows by key\n    tables"), "{plan}");
    assert_eq!(ints(&every_way(&frame, "top"), "row"), [Some(1), Some(3)]);
}

#[test]
fn rows_outside_of_the_divisions_are_an_error() {
    let outside = keyed(&[Some(3), Some(11)], 2).set_index_divisions("key", [0, 5, 10]).unwrap();
    let error = failure(&outside);
    assert!(error.contains("`key` holds 11, which is outside of the divisions 5 to 10"), "{error}");
    let missing = keyed(&[Some(3), None], 1).set_index_divisions("key", [0, 5]).unwrap();
    assert!(failure(&missing).contains("`key` holds null"));
}

#[test]
fn only_the_partitions_that_may_have_a_label_are_computed() {
    let texts = Column::from(vec!["1", "2", "x", "4"]);
    let columns = [("id", Column::from(vec![1, 2, 3, 4])), ("text", texts)];
    let frame = DataFrame::from_columns(columns, 4).unwrap();
    let frame = frame.set_index_sorted_with("id", &Sync::new()).unwrap();
    let frame = frame.with_column("text", col("text").cast(DataType::Int64)).unwrap();
    assert_eq!(frame.divisions().to_string(), "[1, 2, 3, 4, 4]");
    assert!(failure(&frame).contains("`x` is no Int64"));
    assert_eq!(ints(&every_way(&frame.loc_range(..=2).unwrap(), "first"), "text"), [Some(1), Some(2)]);
    assert_eq!(ints(&every_way(&frame.loc(4).unwrap(), "last"), "text"), [Some(4)]);
    assert_eq!(every_way(&frame.loc(9).unwrap(), "none").n_rows(), 0);
    let error = frame.loc("a").unwrap_err().to_string();
    assert!(error.contains("`id` is Int64"), "{error}");
    let error = frame.reset_index().loc(1).unwrap_err().to_string();
    assert!(error.contains("no index"), "{error}");
}

#[test]
fn divisions_that_cannot_be_some() {
    let frame = keyed(&[Some(3)], 1);
    let error = |divisions: Vec<Scalar>| frame.set_index_divisions("key", divisions).unwrap_err().to_string();
    assert_eq!(error(vec![1.into()]), "set_index: 1 divisions; there is one more than partitions");
    assert_eq!(
        error(vec![1.into(), "b".into()]),
        "set_index: the division b is no Int64, which the index is"
    );
    assert_eq!(error(vec![3.into(), 2.into()]), "set_index: the division 2 comes after 3");
    assert!(frame.set_index_divisions("key", [1, 2, 2]).is_ok());
    assert_eq!(error(vec![2.into(), 2.into(), 3.into()]), "set_index: the division 2 comes after 2");
    let error = frame.set_index("kex").unwrap_err().to_string();
    assert!(error.contains("did you mean `key`?"), "{error}");
    let error = frame.repartition_divisions([1, 2]).unwrap_err().to_string();
    assert!(error.contains("the divisions of the frame are not known"), "{error}");
    let known = frame.set_index_divisions("key", [0, 9]).unwrap();
    let error = known.repartition_divisions([1, 9]).unwrap_err().to_string();
    assert_eq!(error, "repartition: rows lie between 0 and 9");
    assert!(
        frame.get_partition(1).is_err()
            && frame.repartition(0).is_err()
            && frame.shuffle(["key"], 0).is_err()
    );
}
