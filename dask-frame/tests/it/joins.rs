//! Joins of every kind, by every algorithm, against two loops.

use dask_frame::{Column, DataFrame, How, Merge, Table, lit};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::run::every_way;

const KINDS: [How; 6] = [How::Inner, How::Left, How::Right, How::Outer, How::Semi, How::Anti];

type Row = (Option<i64>, Option<String>, i64);

fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    let key = prop::option::weighted(0.9, 0_i64..6);
    let text = prop::option::weighted(0.9, "[ab]");
    prop::collection::vec((key, text), 0..most)
        .prop_map(|keys| keys.into_iter().zip(0..).map(|((key, text), row)| (key, text, row)).collect())
}

fn frame(rows: &[Row], value: &str, partitions: usize) -> DataFrame {
    let columns = [
        ("k", Column::from(rows.iter().map(|row| row.0).collect::<Vec<_>>())),
        ("t", Column::from(rows.iter().map(|row| row.1.clone()).collect::<Vec<_>>())),
        (value, Column::from(rows.iter().map(|row| row.2).collect::<Vec<_>>())),
    ];
    DataFrame::from_columns(columns, partitions).unwrap()
}

/// The rows of some columns as text, in an order of their own.
fn sorted(table: &Table, columns: &[&str]) -> Vec<String> {
    let columns = columns.iter().map(|name| table.column(name).unwrap()).collect::<Vec<_>>();
    let row = |row: usize| columns.iter().map(|column| format!("{} ", column.get(row))).collect::<String>();
    let mut rows = (0..table.n_rows()).map(row).collect::<Vec<_>>();
    rows.sort_unstable();
    rows
}

/// What two loops give: key, left value, right value, sides.
fn expected(left: &[Row], right: &[Row], how: How, same: &dyn Fn(&Row, &Row) -> bool) -> Vec<String> {
    let shown = |x: Option<i64>| x.map_or("null".into(), |x| x.to_string());
    let line = |key: &Row, a: Option<&Row>, b: Option<&Row>| {
        let sides = match (a, b) {
            (_, None) => "left_only",
            (None, _) => "right_only",
            _ => "both",
        };
        let (a, b) = (shown(a.map(|row| row.2)), shown(b.map(|row| row.2)));
        match how {
            How::Semi | How::Anti => format!("{} {a} ", shown(key.0)),
            _ => format!("{} {a} {b} {sides} ", shown(key.0)),
        }
    };
    let mut lines = Vec::new();
    for a in left {
        let partners = right.iter().filter(|b| same(a, b)).collect::<Vec<_>>();
        match (how, partners.is_empty()) {
            (How::Semi, false) | (How::Left | How::Outer | How::Anti, true) => {
                lines.push(line(a, Some(a), None))
            }
            (How::Semi | How::Anti, _) => {}
            _ => lines.extend(partners.iter().map(|b| line(a, Some(a), Some(b)))),
        }
    }
    if matches!(how, How::Right | How::Outer) {
        let alone = right.iter().filter(|b| !left.iter().any(|a| same(a, b)));
        lines.extend(alone.map(|b| line(b, None, Some(b))));
    }
    lines.sort_unstable();
    lines
}

fn columns(how: How) -> &'static [&'static str] {
    if matches!(how, How::Semi | How::Anti) { &["k", "a"] } else { &["k", "a", "b", "sides"] }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_algorithm_joins_as_two_loops_do(
        left in rows(24), right in rows(24), lp in 1_usize..5, rp in 1_usize..5, how in 0_usize..6, both: bool,
    ) {
        let how = KINDS[how];
        let on = || Merge::on(if both { vec!["k", "t"] } else { vec!["k"] }).how(how).indicator("sides");
        let same = |a: &Row, b: &Row| a.0 == b.0 && (!both || a.1 == b.1);
        let expected = expected(&left, &right, how, &same);
        let (a, b) = (frame(&left, "a", lp), frame(&right, "b", rp));
        for merge in [on(), on().broadcast(), on().shuffled()] {
            let got = every_way(&a.merge(&b, merge).unwrap(), "joined");
            prop_assert_eq!(&sorted(&got, columns(how)), &expected);
        }
    }

    #[test]
    fn frames_of_known_divisions_are_aligned(
        left in rows(24), right in rows(24), ends in (0_i64..6, 0_i64..6), how in 0_usize..6,
    ) {
        let how = KINDS[how];
        // Divisions need a value, and here the sides begin and end anywhere.
        let within = |rows: Vec<Row>, low, high| {
            rows.into_iter().filter(|row| row.0.is_some_and(|k| low <= k && k <= high)).collect::<Vec<_>>()
        };
        let (left, right) = (within(left, 0, ends.0), within(right, ends.1, 6));
        let (a, b) = (frame(&left, "a", 3), frame(&right, "b", 2));
        let a = a.set_index_divisions("k", [0, ends.0]).unwrap_or_else(|_| a.set_index_divisions("k", [0, 1]).unwrap());
        let b = b.set_index_divisions("k", [ends.1, 6]).unwrap();
        let b = if ends.1 < 5 { b.repartition_divisions([ends.1, 5, 6]).unwrap() } else { b };
        let joined = a.merge(&b, Merge::on_index().how(how).indicator("sides")).unwrap();
        prop_assert!(joined.known_divisions() && joined.index() == Some("k"));
        let expected = expected(&left, &right, how, &|a, b| a.0 == b.0);
        prop_assert_eq!(sorted(&every_way(&joined, "aligned"), columns(how)), expected.clone());
        super::layout::check_divisions(&joined);
        // Unknown divisions take another way to the same rows.
        let unknown = a.clear_divisions().merge(&b, Merge::on_index().how(how).indicator("sides")).unwrap();
        prop_assert!(!unknown.known_divisions());
        prop_assert_eq!(sorted(&every_way(&unknown, "not aligned"), columns(how)), expected);
    }

    #[test]
    fn crosses(left in rows(12), right in rows(12), lp in 1_usize..4, rp in 1_usize..4) {
        let (a, b) = (frame(&left, "a", lp), frame(&right, "b", rp));
        let got = every_way(&a.merge(&b, Merge::cross()).unwrap(), "crossed");
        let mut expected = Vec::new();
        for a in &left {
            expected.extend(right.iter().map(|b| (a.2, b.2)));
        }
        let ints = |name: &str| got.column(name).unwrap().i64s().unwrap().flatten().collect::<Vec<_>>();
        let got = ints("a").into_iter().zip(ints("b")).collect::<Vec<_>>();
        prop_assert_eq!(got, expected);
    }
}

/// Keys of one column: close together, far apart, at the ends; texts short and long, on one side or both.
#[test]
fn keys_of_every_kind_find_their_partners() {
    let ints =
        |values: &[i64]| Column::from(values.iter().map(|x| (*x != 13).then_some(*x)).collect::<Vec<_>>());
    let texts = |lengths: &[usize]| {
        // One length is of a missing text; others are told apart by their ends.
        let text = |n: usize| (n != 13).then(|| "é".repeat(n / 2) + &"x".repeat(n % 2));
        Column::from(lengths.iter().map(|&n| text(n)).collect::<Vec<_>>())
    };
    let (few, far) =
        ([3, 13, -2, 3, 5, 1040, 13], [1 << 40, 13, -(1 << 50), 3, 1 << 40, 13, i64::MAX, i64::MIN]);
    let (short, longer, long) = ([0, 1, 7, 13, 6, 7], [15, 13, 8, 14, 0, 15], [16, 13, 40, 15, 1, 40]);
    let keys = [ints(&few), ints(&far), texts(&short), texts(&longer), texts(&long)];
    for left in &keys {
        for right in keys.iter().filter(|right| right.dtype() == left.dtype()) {
            let side = |key: &Column, value: &str| {
                let values = Column::from((0..key.len() as i64).collect::<Vec<_>>());
                DataFrame::from_columns([("k", key.clone()), (value, values)], 1).unwrap()
            };
            let mut expected = Vec::new();
            for a in 0..left.len() {
                let same = (0..right.len()).filter(|&b| left.get(a) == right.get(b));
                expected.extend(same.map(|b| format!("{} {a} {b} ", left.get(a))));
            }
            expected.sort_unstable();
            let joined = side(left, "a").merge(&side(right, "b"), Merge::on(["k"])).unwrap();
            let joined = joined.compute_with(&Sync::new()).unwrap();
            assert_eq!(sorted(&joined, &["k", "a", "b"]), expected, "{left:?} {right:?}");
        }
    }
}

#[test]
fn integers_are_found_among_floats_wherever_they_are() {
    let ints = DataFrame::from_columns([("x", Column::from((0..50).collect::<Vec<i64>>()))], 4).unwrap();
    let floats = (0..50).map(|x| x as f64 / 2.0).collect::<Vec<_>>();
    let floats = DataFrame::from_columns([("x", Column::from(floats))], 3).unwrap();
    for merge in [Merge::on(["x"]).broadcast(), Merge::on(["x"]).shuffled()] {
        assert_eq!(every_way(&ints.merge(&floats, merge).unwrap(), "joined").n_rows(), 25);
    }
}

#[test]
fn a_join_that_cannot_be_says_why() {
    let a = DataFrame::from_columns([("key", Column::from(vec![1]))], 1).unwrap();
    let b = DataFrame::from_columns([("key", Column::from(vec!["x"]))], 1).unwrap();
    let error = |merge: Merge| a.merge(&b, merge).unwrap_err().to_string();
    assert_eq!(error(Merge::on(["key"])), "merge: `key` is Int64 and `key` is Utf8; convert one with `cast`");
    assert!(error(Merge::on(["kex"])).contains("did you mean `key`?"));
    assert!(error(Merge::on([] as [&str; 0])).contains("name a column to join on"));
    assert!(error(Merge::on(["key"]).how(How::Cross)).contains("no keys"));
    assert!(error(Merge::on_index()).contains("no index"));
    let shared = a.with_column("key_y", lit(1)).unwrap();
    let error =
        shared.merge(&a.with_column("n", lit(1)).unwrap(), Merge::on_pairs([("key_y", "n")])).unwrap_err();
    assert!(error.to_string().contains("two columns are named `key_y`"), "{error}");
}

#[test]
fn a_large_side_is_exchanged_and_a_small_one_gathered() {
    let large = |name: &str| {
        let values = (0..5_000_000_i64).collect::<Vec<_>>();
        DataFrame::from_columns([("k", Column::from(values.clone())), (name, Column::from(values))], 4)
            .unwrap()
    };
    let (a, b) = (large("a"), large("b"));
    let small = DataFrame::from_columns([("k", Column::from(vec![7, 8, -1]))], 2).unwrap();
    let plan =
        |a: &DataFrame, b: &DataFrame, how| a.merge(b, Merge::on(["k"]).how(how)).unwrap().explain_plan();
    assert!(plan(&a, &b, How::Inner).contains("inner join on k = k (by hash in 4 partitions)"));
    assert!(plan(&a, &small, How::Left).contains("left join on k = k: "));
    assert!(plan(&small, &b, How::Inner).contains("inner join on k = k (left side in memory)"));
    // The left side must keep its rows, which many partitions of the right cannot say.
    assert!(plan(&small, &b, How::Left).contains("by hash"));
    let joined = small.merge(&b, Merge::on(["k"]).how(How::Right)).unwrap();
    assert_eq!(joined.compute_with(&Sync::new()).unwrap().n_rows(), 5_000_000);
    let joined = small.merge(&b, Merge::on(["k"])).unwrap();
    assert_eq!(every_way(&joined, "left in memory").n_rows(), 2);
}
