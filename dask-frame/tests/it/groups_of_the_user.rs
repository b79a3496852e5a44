//! Functions of the user for groups, and windows within them, against the shortest versions that can be right.

use std::collections::BTreeMap;

use dask_frame::{
    Aggregation, Column, DataFrame, DataType, Field, FrameError, GroupBy, RankMethod, Scalar, Schema, Table,
    col,
};
use proptest::prelude::*;

use super::laws::{Row, compute, frame, rows as random_rows};
use super::run::failure;

/// The groups of rows by text and parity, in order; missing ones come last or are left out.
fn by_keys(rows: &[Row], keep_nulls: bool) -> BTreeMap<[(bool, Option<String>); 2], Vec<&Row>> {
    let mut groups = BTreeMap::<_, Vec<&Row>>::new();
    for row in rows.iter().filter(|row| keep_nulls || (row.0.is_some() && row.1.is_some())) {
        let parity = row.1.map(|i| i.rem_euclid(2).to_string());
        groups.entry([row.0.clone(), parity].map(|key| (key.is_none(), key))).or_default().push(row);
    }
    groups
}

/// The same groups of a frame.
fn grouped(frame: &DataFrame, keep_nulls: bool) -> GroupBy {
    let groups = frame.group_by([col("k"), (col("i") % 2).alias("parity")]);
    if keep_nulls { groups.keep_nulls() } else { groups }
}

fn schema(fields: &[(&str, DataType)]) -> Schema {
    Schema::new(fields.iter().map(|(name, dtype)| Field::new(*name, dtype.clone()))).unwrap()
}

fn values(table: &Table, name: &str) -> Result<Vec<Option<f64>>, FrameError> {
    Ok(table.column(name)?.f64s().expect("floats").collect())
}

/// The first value and every value after it that is larger than all before.
fn records(group: &Table) -> Result<Table, FrameError> {
    let mut largest = f64::NEG_INFINITY;
    let mut found = Vec::new();
    for value in values(group, "f")?.into_iter().flatten() {
        if value > largest {
            (largest, _) = (value, found.push(value));
        }
    }
    Table::new([("rows", Column::from(vec![group.n_rows() as i64; found.len()])), ("f", Column::from(found))])
}

/// Root of the mean square, missing without values.
fn root_mean_square() -> Aggregation {
    let state = schema(&[("squares", DataType::Float64), ("n", DataType::Int64)]);
    let of = |squares: f64, n: i64| {
        Table::new([("squares", Column::from(vec![squares])), ("n", Column::from(vec![n]))])
    };
    let chunk = move |rows: &Table| {
        assert!(rows.n_rows() > 0);
        let x = values(rows, "f")?.into_iter().flatten().collect::<Vec<_>>();
        of(x.iter().map(|x| x * x).sum(), x.len() as i64)
    };
    let agg = move |states: &Table| {
        let squares = values(states, "squares")?.into_iter().flatten().sum();
        of(squares, states.column("n")?.i64s().expect("integers").flatten().sum())
    };
    let finalize = |state: &Table| {
        let n = state.column("n")?.i64s().expect("integers").flatten().sum::<i64>();
        let squares = values(state, "squares")?[0].unwrap_or_default();
        Table::new([("rms", Column::from(vec![(n > 0).then(|| (squares / n as f64).sqrt())]))])
    };
    Aggregation::new(chunk, agg, state).finalize(finalize, schema(&[("rms", DataType::Float64)]))
}

fn rms(rows: &[&Row]) -> Option<f64> {
    let x = rows.iter().filter_map(|row| row.2).collect::<Vec<_>>();
    (!x.is_empty()).then(|| (x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64).sqrt())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_group_is_whole_in_one_call(rows in random_rows(60), partitions in 1usize..12, keep_nulls: bool) {
        let frame = frame(&rows, partitions);
        let groups = grouped(&frame, keep_nulls);
        let output = schema(&[("rows", DataType::Int64), ("f", DataType::Float64)]);
        let got = compute(&groups.apply(records, output.clone()).unwrap());
        let mut expected = Vec::new();
        for group in by_keys(&rows, keep_nulls).values() {
            let mut before = f64::NEG_INFINITY;
            for value in group.iter().filter_map(|row| row.2).filter(|x| { let is = *x > before; before = before.max(*x); is }) {
                expected.push((group.len() as i64, value));
            }
        }
        let (n, f): (Vec<_>, Vec<_>) = expected.iter().copied().unzip();
        prop_assert_eq!(&got, &Table::new([("rows", Column::from(n)), ("f", Column::from(f))]).unwrap());
        // In no order the results are the same.
        let unsorted = compute(&groups.clone().unsorted().apply(records, output).unwrap());
        let sorted = |table: &Table| {
            let row = |row| table.columns().iter().map(|column| column.get(row).to_string()).collect::<Vec<_>>();
            let mut rows = (0..table.n_rows()).map(row).collect::<Vec<_>>();
            rows.sort();
            rows
        };
        prop_assert_eq!(sorted(&unsorted), sorted(&got));
    }

    #[test]
    fn aggregates_of_the_user(rows in random_rows(60), partitions in 1usize..12, keep_nulls: bool) {
        let frame = frame(&rows, partitions);
        let got = compute(&grouped(&frame, keep_nulls).aggregate(&root_mean_square()).unwrap());
        let groups = by_keys(&rows, keep_nulls);
        let keys = groups.keys().map(|[(_, key), _]| key.clone()).collect::<Vec<_>>();
        let parities = groups.keys().map(|[_, (_, parity)]| parity.as_ref().map(|text| text.parse::<i64>().unwrap()));
        prop_assert_eq!(got.column("k").unwrap(), &Column::from(keys));
        prop_assert_eq!(got.column("parity").unwrap(), &Column::from(parities.collect::<Vec<_>>()));
        // Halves are squared and added up without rounding.
        prop_assert_eq!(got.column("rms").unwrap(), &Column::from(groups.values().map(|rows| rms(rows)).collect::<Vec<_>>()));
        let all = compute(&frame.group_by([] as [&str; 0]).aggregate(&root_mean_square()).unwrap());
        prop_assert_eq!(all, Table::new([("rms", Column::from(vec![rms(&rows.iter().collect::<Vec<_>>())]))]).unwrap());
    }

    #[test]
    fn windows_keep_to_their_groups(rows in random_rows(50), partitions in 1usize..12, keep_nulls: bool, n in 1u64..5) {
        let naive = |f: &dyn Fn(&[Option<f64>], usize) -> Option<f64>| {
            let of = |(at, row): (usize, &Row)| {
                if !keep_nulls && row.0.is_none() {
                    return None;
                }
                let own = rows.iter().enumerate().filter(|(_, other)| other.0 == row.0).collect::<Vec<_>>();
                let place = own.iter().position(|(other, _)| *other == at).expect("a row is in its group");
                f(&own.iter().map(|(_, row)| row.2).collect::<Vec<_>>(), place)
            };
            Column::from(rows.iter().enumerate().map(of).collect::<Vec<_>>())
        };
        let frame = frame(&rows, partitions);
        let groups = frame.group_by(["k"]);
        let groups = if keep_nulls { groups.keep_nulls() } else { groups };
        let f = col("f");
        let got = compute(&groups.over([
            ("place", f.rank(RankMethod::Min)), ("part", f.rank_percent(RankMethod::Dense)), ("sum", f.rolling(n).min_periods(1).sum()),
            ("next", f.shift(-1)), ("filled", f.ffill()), ("rise", f.cum_sum().diff(1)), ("i", f.cum_max() - &f),
        ]).unwrap());
        let there = |x: &[Option<f64>]| x.iter().flatten().copied().collect::<Vec<_>>();
        let column = |name: &str| got.column(name).unwrap();
        prop_assert_eq!(column("place"), &naive(&|own, at| {
            own[at].map(|x| 1.0 + there(own).iter().filter(|y| **y < x).count() as f64)
        }));
        prop_assert_eq!(column("part"), &naive(&|own, at| own[at].map(|x| {
            let mut different = there(own);
            different.sort_by(f64::total_cmp);
            different.dedup();
            different.iter().filter(|y| **y <= x).count() as f64 / different.len() as f64
        })));
        prop_assert_eq!(column("sum"), &naive(&|own, at| {
            let window = there(&own[(at + 1).saturating_sub(n as usize)..=at]);
            (!window.is_empty()).then(|| window.iter().sum())
        }));
        prop_assert_eq!(column("next"), &naive(&|own, at| own.get(at + 1).copied().flatten()));
        prop_assert_eq!(column("filled"), &naive(&|own, at| there(&own[..=at]).last().copied()));
        prop_assert_eq!(column("rise"), &naive(&|own, at| {
            // The sum is missing where the value is.
            let before = at.checked_sub(1).and_then(|before| own[before]);
            before.and(own[at])
        }));
        prop_assert_eq!(column("i"), &naive(&|own, at| {
            own[at].map(|x| there(&own[..=at]).into_iter().fold(f64::NEG_INFINITY, f64::max) - x)
        }));
        // The others are where they were.
        let before = compute(&frame);
        prop_assert_eq!(column("f"), before.column("f").unwrap());
        prop_assert_eq!(got.schema().names().take(3).collect::<Vec<_>>(), ["k", "i", "f"]);
    }
}

#[test]
fn what_goes_wrong_in_a_group_is_told_with_its_keys() {
    let columns = [("k", Column::from(vec!["a", "b", "b"])), ("x", Column::from(vec![1, 2, 3]))];
    let frame = DataFrame::from_columns(columns, 2).unwrap();
    let output = schema(&[("x", DataType::Int64)]);
    let fails = |group: &Table| match group.n_rows() {
        1 => Ok(group.slice(0, 0)),
        n => Err(format!("{n} rows are too many")),
    };
    let error = failure(&frame.group_by(["k"]).apply(fails, frame.schema().clone()).unwrap());
    assert!(error.contains("group b: the function failed: 2 rows are too many"), "{error}");
    let other = |group: &Table| Ok::<_, FrameError>(group.clone());
    let error = failure(&frame.group_by(["k", "x"]).apply(other, output.clone()).unwrap());
    assert!(error.contains("the function failed: the function returned the columns k: Utf8"), "{error}");
    let none = |group: &Table| Table::new([("x", group.column("x")?.slice(0, 0))]);
    let all = |group: &Table| Table::new([("x", group.column("x")?.clone())]);
    let error =
        failure(&frame.group_by(["k"]).aggregate(&Aggregation::new(none, all, output.clone())).unwrap());
    assert!(error.contains("the function returned 0 rows; here it must return one at least"), "{error}");
    let error =
        failure(&frame.group_by(["k"]).aggregate(&Aggregation::new(all, all, output.clone())).unwrap());
    assert!(
        error.contains("group b: the function failed: the function returned 2 rows; here it must return one"),
        "{error}"
    );
    let same = Aggregation::new(all, all, output);
    let error = frame.group_by(["x"]).aggregate(&same).unwrap_err();
    assert!(matches!(error, FrameError::DuplicateColumn { name } if name == "x"));
    let error = frame.group_by(["y"]).apply(other, frame.schema().clone()).unwrap_err();
    assert!(matches!(error, FrameError::UnknownColumn { name, .. } if name == "y"));
    let error = frame.group_by(["k"]).over([("r", col("z").shift(1))]).unwrap_err();
    assert!(matches!(error, FrameError::UnknownColumn { name, .. } if name == "z"));
}

#[test]
fn windows_of_groups_keep_the_index() {
    let columns = [("k", Column::from(vec![1, 2, 1, 2])), ("x", Column::from(vec![1, 2, 3, 4]))];
    let frame = DataFrame::from_columns(columns, 2).unwrap().set_index_sorted("x").unwrap();
    let over = frame.group_by(["k"]).over([("before", col("x").shift(1))]).unwrap();
    assert_eq!(over.index(), Some("x"));
    assert_eq!(compute(&over).column("before").unwrap(), &Column::from(vec![None, None, Some(1), Some(2)]));
    assert!(compute(&over).column("x").unwrap().get(0) == Scalar::Int64(1));
}
