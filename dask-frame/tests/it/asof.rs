//! Joins with the nearest row against a loop over all rows.

use dask_frame::{AsOf, Column, DataFrame, Direction, FrameError, Scalar, Table, col};
use proptest::prelude::*;

use super::run::every_way;

type Row = (Option<i64>, Option<i64>);

/// Of which types the keys of both sides are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Keys {
    Times,
    IntsAndFloats,
    /// Integers on the right, of which two and two are one float.
    FloatsAndLargeInts,
}

const LARGE: i64 = 1 << 53;

impl Keys {
    fn column(self, keys: impl Iterator<Item = Option<i64>>, is_left: bool) -> Column {
        match (self, is_left) {
            (Self::Times, _) => Column::timestamps(keys),
            (Self::IntsAndFloats, true) => Column::from(keys.collect::<Vec<_>>()),
            (Self::IntsAndFloats, false) => floats(keys),
            (Self::FloatsAndLargeInts, true) => floats(keys.map(|key| Some(LARGE + key?))),
            (Self::FloatsAndLargeInts, false) => {
                Column::from(keys.map(|key| Some(LARGE + key?)).collect::<Vec<_>>())
            }
        }
    }

    /// What a key is in the type in which both sides are compared.
    fn compared(self, key: i64) -> i64 {
        if self == Self::FloatsAndLargeInts { (LARGE + key) as f64 as i64 - LARGE } else { key }
    }

    fn tolerance(self, most: i64) -> Scalar {
        if self == Self::Times { Scalar::Duration(most) } else { Scalar::Int64(most) }
    }
}

fn floats(keys: impl Iterator<Item = Option<i64>>) -> Column {
    Column::from(keys.map(|key| Some(key? as f64)).collect::<Vec<_>>())
}

fn frame(keys: Keys, rows: &[Row], is_left: bool, partitions: usize) -> DataFrame {
    let columns = [
        ("t", keys.column(rows.iter().map(|row| row.0), is_left)),
        ("g", Column::from(rows.iter().map(|row| row.1).collect::<Vec<_>>())),
        (if is_left { "a" } else { "b" }, Column::from((0..rows.len() as i64).collect::<Vec<_>>())),
    ];
    DataFrame::from_columns(columns, partitions).unwrap()
}

/// The same frame, of which nobody knows how large it is: it is not gathered but exchanged, and looked up in memory, or
/// by range where tasks do not share their memory.
fn of_unknown_size(frame: &DataFrame) -> DataFrame {
    let same = |table: &Table| Ok::<_, FrameError>(table.clone());
    frame.map_partitions(same, frame.schema().clone()).unwrap()
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (prop::option::weighted(0.9, 0_i64..25), prop::option::weighted(0.9, 0_i64..3));
    prop::collection::vec(row, 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_nearest_row_is_that_of_a_loop(
        left in rows(), right in rows(), lp in 1_usize..5, rp in 1_usize..5,
        by: bool, exact: bool, tolerance in prop::option::of(0_i64..8), direction in 0_usize..3,
        keys in prop::sample::select(vec![Keys::Times, Keys::IntsAndFloats, Keys::FloatsAndLargeInts]),
    ) {
        let direction = [Direction::Backward, Direction::Forward, Direction::Nearest][direction];
        let asof = AsOf::on("t").direction(direction).allow_exact_matches(exact);
        let asof = if by { asof.by(["g"]) } else { asof };
        let asof = tolerance.into_iter().fold(asof, |asof, most| asof.tolerance(keys.tolerance(most)));
        let nearest = |row: &Row| {
            let time = keys.compared(row.0?);
            let near = |from: &dyn Fn(i64) -> bool| {
                let rows = right.iter().zip(0_i64..).filter(|(other, _)| !by || other.1 == row.1);
                rows.filter_map(|(other, at)| Some((keys.compared(other.0?), at)))
                    .filter(|(other, _)| from(*other) && (exact || *other != time))
                    .filter(|(other, _)| tolerance.is_none_or(|most| (other - time).abs() <= most))
                    .collect::<Vec<_>>()
            };
            // The last of the largest, the first of the smallest.
            let before = near(&|other| other <= time).into_iter().max_by_key(|(other, _)| *other);
            let after = near(&|other| other >= time).into_iter().min_by_key(|(other, _)| *other);
            match (direction, before, after) {
                (Direction::Backward, before, _) => before,
                (Direction::Forward, _, after) => after,
                (Direction::Nearest, Some(before), Some(after)) if after.0 - time < time - before.0 => Some(after),
                (Direction::Nearest, before, after) => before.or(after),
            }
            .map(|(_, at)| at)
        };
        let expected = left.iter().map(nearest).collect::<Vec<_>>();
        let (left_frame, right_frame) = (frame(keys, &left, true, lp), frame(keys, &right, false, rp));
        let join = |right: &DataFrame| left_frame.merge_asof(right, asof.clone()).unwrap();
        let joined = join(&right_frame);
        for joined in [&joined, &join(&of_unknown_size(&right_frame))] {
            let got = every_way(joined, "nearest");
            prop_assert_eq!(got.column("b").unwrap(), &Column::from(expected.clone()));
            prop_assert_eq!(got.column("a").unwrap(), &Column::from((0..left.len() as i64).collect::<Vec<_>>()));
        }
        // Filters of the left side go down, those of the right stay.
        every_way(&joined.filter(col("a").gt(3)).unwrap().select(["b"]).unwrap(), "left filter");
        every_way(&joined.filter(col("b").gt(3)).unwrap().select(["a"]).unwrap(), "right filter");
    }
}

#[test]
fn infinite_keys_are_near_themselves() {
    let keys = |keys: [f64; 3]| [("t", Column::from(keys.to_vec())), ("x", Column::from(vec![0, 1, 2]))];
    let left = DataFrame::from_columns(keys([f64::INFINITY, f64::NEG_INFINITY, 0.0]), 1).unwrap();
    let right = DataFrame::from_columns(keys([f64::NEG_INFINITY, 1.0, f64::INFINITY]), 3).unwrap();
    for right in [of_unknown_size(&right), right] {
        let x = |asof: AsOf| {
            every_way(&left.merge_asof(&right, asof).unwrap(), "").column("x_y").unwrap().clone()
        };
        let asof = AsOf::on("t").tolerance(3);
        assert_eq!(x(asof.clone()), Column::from(vec![Some(2), Some(0), None]));
        assert_eq!(x(asof.clone().direction(Direction::Nearest)), Column::from(vec![2, 0, 1]));
        assert_eq!(x(asof.allow_exact_matches(false)), Column::from(vec![None::<i64>; 3]));
        assert_eq!(x(AsOf::on("t").allow_exact_matches(false)), Column::from(vec![Some(1), None, Some(0)]));
    }
}

#[test]
fn what_cannot_be_near() {
    let left = frame(Keys::Times, &[(Some(1), Some(1))], true, 1);
    let error = |asof: AsOf| left.merge_asof(&left, asof).unwrap_err().to_string();
    assert!(error(AsOf::on("x")).contains("unknown column `x`"));
    assert!(error(AsOf::on_pair("t", "g")).contains("`t` is Timestamp and `g` is Int64"));
    assert_eq!(error(AsOf::on("t").tolerance(3)), "merge_asof: 3 is no distance between values of Timestamp");
    assert_eq!(error(AsOf::on("g").tolerance(-3)), "merge_asof: -3 is no distance between values of Int64");
    let texts = DataFrame::from_columns([("s", Column::from(vec!["x"]))], 1).unwrap();
    let error = texts.merge_asof(&texts, AsOf::on("s")).unwrap_err().to_string();
    assert!(error.contains("`s` is Utf8, expected a number or a time"), "{error}");
}
