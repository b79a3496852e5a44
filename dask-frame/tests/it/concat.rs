//! Frames put one after another, side by side, and between each other.

use dask_frame::{Column, DataFrame, Table};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::layout::{check_divisions, partitions};
use super::run::every_way;

fn frame(keys: &[i64], value: &str, n: usize) -> DataFrame {
    let values = (0..keys.len() as i64).collect::<Vec<_>>();
    let columns = [("key", Column::from(keys.to_vec())), (value, Column::from(values))];
    DataFrame::from_columns(columns, n).unwrap()
}

fn indexed(keys: &[i64], value: &str, n: usize) -> DataFrame {
    frame(keys, value, n).set_index_with("key", &Sync::new()).unwrap()
}

fn ints(table: &Table, column: &str) -> Vec<Option<i64>> {
    table.column(column).unwrap().i64s().unwrap().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn interleaved_frames_have_the_rows_of_all_in_their_divisions(
        a in prop::collection::vec(0_i64..30, 1..25), b in prop::collection::vec(0_i64..30, 1..25),
        an in 1_usize..5, bn in 1_usize..5,
    ) {
        let frames = [indexed(&a, "x", an), indexed(&b, "x", bn)];
        let all = DataFrame::concat_interleaved(&frames).unwrap();
        prop_assert!(all.known_divisions());
        check_divisions(&all);
        let mut got = ints(&every_way(&all, "interleaved"), "key").into_iter().flatten().collect::<Vec<_>>();
        got.sort_unstable();
        let mut expected = [a.clone(), b.clone()].concat();
        expected.sort_unstable();
        prop_assert_eq!(got, expected);
        let aligned = DataFrame::align(&frames).unwrap();
        prop_assert_eq!(aligned[0].divisions(), aligned[1].divisions());
        for (aligned, frame) in aligned.iter().zip(&frames) {
            check_divisions(aligned);
            prop_assert_eq!(every_way(aligned, "aligned"), every_way(frame, "as it was"));
        }
        // One after another, they may keep what is known.
        let after = DataFrame::concat([&frames[0], &indexed(&b.iter().map(|key| key + 40).collect::<Vec<_>>(), "x", bn)]).unwrap();
        prop_assert!(after.known_divisions());
        check_divisions(&after);
        let overlapping = DataFrame::concat(&frames).unwrap();
        let (first, second) = (a.iter().max(), b.iter().min());
        prop_assert_eq!(overlapping.known_divisions(), first < second);
        prop_assert_eq!(partitions(&overlapping).len(), frames[0].n_partitions() + frames[1].n_partitions());
    }
}

#[test]
fn columns_side_by_side() {
    let (a, b) = (indexed(&[1, 2, 3], "x", 2), indexed(&[2, 3, 9], "y", 2));
    let table = every_way(&DataFrame::concat_columns([&a, &b]).unwrap(), "side by side");
    assert_eq!(ints(&table, "key"), [Some(1), Some(2), Some(3), Some(9)]);
    assert_eq!(ints(&table, "x"), [Some(0), Some(1), Some(2), None]);
    assert_eq!(ints(&table, "y"), [None, Some(0), Some(1), Some(2)]);
}

#[test]
fn columns_that_some_have() {
    let (a, b) = (frame(&[1], "x", 1), frame(&[2], "y", 1));
    let inner = DataFrame::concat_inner([&a, &b]).unwrap();
    assert_eq!(inner.schema().to_string(), "key: Int64");
    assert_eq!(ints(&every_way(&inner, "inner"), "key"), [Some(1), Some(2)]);
    let outer = DataFrame::concat_outer([&a, &b]).unwrap();
    assert_eq!(every_way(&a.append(&b).unwrap(), "append"), every_way(&outer, "outer"));
    assert_eq!(outer.schema().to_string(), "key: Int64, x: Int64, y: Int64");
    assert_eq!(ints(&every_way(&outer, "outer"), "y"), [None, Some(0)]);
}

#[test]
fn frames_that_cannot_be_put_together() {
    let a = frame(&[1], "x", 1);
    let texts = DataFrame::from_columns([("key", Column::from(vec!["a"]))], 1).unwrap();
    let error = DataFrame::concat_outer([&a, &texts]).unwrap_err().to_string();
    assert_eq!(error, "concat: `key` is Int64 and `key of frame 1` is Utf8; convert one with `cast`");
    assert!(
        DataFrame::concat([&a, &texts])
            .unwrap_err()
            .to_string()
            .contains("table 1 has the columns key: Utf8")
    );
    assert!(DataFrame::concat_interleaved([&a, &a]).unwrap_err().to_string().contains("divisions"));
    let other = texts.set_index_divisions("key", ["a", "b"]).unwrap();
    let error = DataFrame::align([&indexed(&[1], "x", 1), &other]).unwrap_err().to_string();
    assert_eq!(error, "align: an index is Int64, another Utf8");
    assert!(
        DataFrame::concat([]).is_err()
            && DataFrame::concat_columns([]).is_err()
            && DataFrame::align([]).is_err()
    );
    assert!(a.compute_with(&Sync::new()).is_ok());
}
