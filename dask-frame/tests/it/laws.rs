//! Group-by, joins, filters and sorts against the shortest versions that can be right.

use std::collections::BTreeMap;

use dask_frame::{Column, DataFrame, How, Merge, Sort, Table, col, size};
use dask_graph::Collection;
use dask_graph::testing::Travelling;
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;

pub(crate) type Row = (Option<String>, Option<i64>, Option<f64>);

pub(crate) fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    let key = prop_oneof![1 => Just(None), 5 => "[a-c]".prop_map(Some)];
    // Halves add up without rounding, in any order.
    let float = prop::option::weighted(0.8, (-40i64..40).prop_map(|x| x as f64 / 2.0));
    prop::collection::vec((key, prop::option::weighted(0.8, -3i64..4), float), 0..most)
}

pub(crate) fn frame(rows: &[Row], partitions: usize) -> DataFrame {
    let keys = rows.iter().map(|row| row.0.clone()).collect::<Vec<_>>();
    let ints = rows.iter().map(|row| row.1).collect::<Vec<_>>();
    let floats = rows.iter().map(|row| row.2).collect::<Vec<_>>();
    let columns = [("k", Column::from(keys)), ("i", Column::from(ints)), ("f", Column::from(floats))];
    // More partitions than rows leave some empty.
    DataFrame::from_columns(columns, partitions).expect("columns of one length")
}

pub(crate) fn compute(frame: &DataFrame) -> Table {
    let one = frame.compute_with(&Sync::new()).expect("it computes");
    assert_eq!(one, frame.unoptimized().compute_with(&Threaded::with_workers(2)).expect("it computes"));
    assert_eq!(one, frame.compute_with(&Optimized::new(Travelling)).expect("it computes"));
    assert_eq!(one.schema(), frame.schema());
    one
}

/// None comes last, as the frames sort it.
fn nulls_last<T: Ord + Clone>(x: &Option<T>) -> (bool, Option<T>) {
    (x.is_none(), x.clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn groups(rows in rows(60), partitions in 1usize..20, keep_nulls: bool) {
        let mut groups = BTreeMap::<_, Vec<&Row>>::new();
        for row in rows.iter().filter(|row| keep_nulls || (row.0.is_some() && row.1.is_some())) {
            groups.entry((nulls_last(&row.0), nulls_last(&row.1))).or_default().push(row);
        }
        let floats = |rows: &Vec<&Row>| rows.iter().filter_map(|row| row.2).collect::<Vec<_>>();
        let of = |f: &dyn Fn(&[f64]) -> Option<f64>| {
            Column::from(groups.values().map(|rows| f(&floats(rows))).collect::<Vec<_>>())
        };
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let var = |x: &[f64]| x.iter().map(|v| (v - mean(x)).powi(2)).sum::<f64>() / (x.len() as f64 - 1.0);
        let expected = [
            ("k", Column::from(groups.keys().map(|((_, k), _)| k.clone()).collect::<Vec<_>>())),
            ("i", Column::from(groups.keys().map(|(_, (_, i))| *i).collect::<Vec<_>>())),
            ("sum", of(&|x| Some(x.iter().sum()))),
            ("min", of(&|x| x.iter().copied().reduce(f64::min))),
            ("max", of(&|x| x.iter().copied().reduce(f64::max))),
            ("first", of(&|x| x.first().copied())),
            ("last", of(&|x| x.last().copied())),
            ("count", Column::from(groups.values().map(|rows| floats(rows).len() as i64).collect::<Vec<_>>())),
            ("size", Column::from(groups.values().map(|rows| rows.len() as i64).collect::<Vec<_>>())),
            ("mean", of(&|x| (!x.is_empty()).then(|| mean(x)))),
        ];
        let f = col("f");
        let grouped = frame(&rows, partitions).group_by(["k", "i"]);
        let grouped = if keep_nulls { grouped.keep_nulls() } else { grouped };
        let got = compute(&grouped.agg([
            f.sum().alias("sum"), f.min().alias("min"), f.max().alias("max"), f.first().alias("first"),
            f.last().alias("last"), f.count().alias("count"), size(), f.mean().alias("mean"), f.var().alias("var"),
        ]).unwrap());
        for (name, column) in expected {
            prop_assert_eq!(got.column(name).unwrap(), &column, "{}", name);
        }
        let got = got.column("var").unwrap().f64s().unwrap().collect::<Vec<_>>();
        for (got, rows) in got.into_iter().zip(groups.values()) {
            let x = floats(rows);
            match got {
                None => prop_assert!(x.len() < 2),
                Some(got) => prop_assert!((got - var(&x)).abs() <= 1e-9 * (1.0 + var(&x)), "{} {:?}", got, x),
            }
        }
    }

    #[test]
    fn joins(left in rows(30), right in rows(12), lp in 1usize..8, rp in 1usize..4, how in 0usize..4) {
        let how = [How::Inner, How::Left, How::Right, How::Outer][how];
        let same = |a: &Row, b: &Row| a.0 == b.0 && a.1 == b.1;
        let mut expected = Vec::new();
        for a in &left {
            let partners = right.iter().filter(|b| same(a, b)).collect::<Vec<_>>();
            expected.extend(partners.iter().map(|b| (a.0.clone(), a.1, a.2, b.2)));
            if partners.is_empty() && matches!(how, How::Left | How::Outer) {
                expected.push((a.0.clone(), a.1, a.2, None));
            }
        }
        if matches!(how, How::Right | How::Outer) {
            let lonely = right.iter().filter(|b| !left.iter().any(|a| same(a, b)));
            expected.extend(lonely.map(|b| (b.0.clone(), b.1, None, b.2)));
        }
        let joined = frame(&left, lp).merge(&frame(&right, rp), Merge::on(["k", "i"]).how(how)).unwrap();
        let got = compute(&joined);
        let expected = Table::new([
            ("k", Column::from(expected.iter().map(|row| row.0.clone()).collect::<Vec<_>>())),
            ("i", Column::from(expected.iter().map(|row| row.1).collect::<Vec<_>>())),
            ("f_x", Column::from(expected.iter().map(|row| row.2).collect::<Vec<_>>())),
            ("f_y", Column::from(expected.iter().map(|row| row.3).collect::<Vec<_>>())),
        ]).unwrap();
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn filters_and_arithmetic(rows in rows(40), partitions in 1usize..8, limit in -3i64..4) {
        let condition = col("i").gt(limit).or(col("k").eq("a")).and(col("f").is_not_null());
        // True is certain: what is missing decides only where the other side does not.
        let holds = |row: &&Row| (row.1.is_some_and(|i| i > limit) || row.0.as_deref() == Some("a")) && row.2.is_some();
        let kept = rows.iter().filter(holds).collect::<Vec<_>>();
        let frame = frame(&rows, partitions).filter(condition).unwrap();
        let frame = frame.with_column("x", (col("i") * 2 - 1) % 3).unwrap();
        let frame = frame.with_column("y", col("i").floor_div(2)).unwrap().with_column("z", col("f") / 2).unwrap();
        let got = compute(&frame);
        let of = |f: &dyn Fn(i64) -> i64| Column::from(kept.iter().map(|row| row.1.map(f)).collect::<Vec<_>>());
        prop_assert_eq!(got.column("x").unwrap(), &of(&|i| (2 * i - 1).rem_euclid(3)));
        prop_assert_eq!(got.column("y").unwrap(), &of(&|i| i.div_euclid(2)));
        let halves = kept.iter().map(|row| row.2.map(|f| f / 2.0)).collect::<Vec<_>>();
        prop_assert_eq!(got.column("z").unwrap(), &Column::from(halves));
    }

    #[test]
    fn sorts_are_stable(rows in rows(40), partitions in 1usize..8, down: bool, nulls_first: bool) {
        let sort = Sort::by("i");
        let sort = if down { sort.descending() } else { sort };
        let sort = if nulls_first { sort.nulls_first() } else { sort };
        let mut expected = rows.clone();
        expected.sort_by(|a, b| match (a.1, b.1) {
            (Some(a), Some(b)) if down => b.cmp(&a),
            (Some(a), Some(b)) => a.cmp(&b),
            (a, b) if nulls_first => a.is_some().cmp(&b.is_some()),
            (a, b) => b.is_some().cmp(&a.is_some()),
        });
        let got = compute(&frame(&rows, partitions).sort_values(sort).unwrap());
        prop_assert_eq!(got, compute(&frame(&expected, 1)));
    }

    /// The planner changes what is done, never what comes out.
    #[test]
    fn plans_mean_what_they_say(left in rows(30), right in rows(8), partitions in 1usize..6, how in 0usize..4) {
        let how = [How::Inner, How::Left, How::Right, How::Outer][how];
        let small = frame(&right, 2).rename([("f", "g")]).unwrap();
        let frame = frame(&left, partitions).merge(&small, Merge::on(["k"]).how(how)).unwrap();
        let filters = [col("k").ne("b"), col("i_x").gt(0), col("g").lt(3.0), col("f").is_null()];
        for condition in filters {
            let frame = frame.sort_values(["k", "f"]).unwrap().filter(condition).unwrap();
            compute(&frame.select(["g", "k"]).unwrap());
            compute(&frame.group_by(["k"]).agg([col("g").sum()]).unwrap().filter(col("k").lt("c")).unwrap());
        }
    }
}
