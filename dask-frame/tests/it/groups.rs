//! Groups, few and many, and what is said of them row by row, against the shortest versions that can be right.

use std::collections::{BTreeMap, BTreeSet};

use dask_frame::{Column, DataFrame, Keep, Scalar, Scan, Table, ValueCounts, col, size};
use dask_graph::Collection;
use dask_graph::testing::Travelling;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;

use super::laws::{Row, compute, frame, rows as random_rows};

/// Numbers that repeat, or do not, in no order.
fn scattered(n: u64, below: u64) -> Vec<i64> {
    (0..n).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) % below) as i64).collect()
}

fn rows_of(table: &Table) -> Vec<Vec<Scalar>> {
    (0..table.n_rows()).map(|row| table.columns().iter().map(|column| column.get(row)).collect()).collect()
}

#[test]
fn more_groups_than_are_kept_in_memory_are_the_same_groups() {
    let n = 300_000;
    let keys = scattered(n, 150_000);
    let names = keys.iter().map(|key| format!("key {}", key % 1000)).collect::<Vec<_>>();
    let values = (0..n as i64).map(|i| (i % 7 > 0).then_some(i % 1000)).collect::<Vec<_>>();
    let table =
        Table::new([("k", Column::from(keys)), ("name", Column::from(names)), ("v", Column::from(values))])
            .unwrap();
    let ask = |partitions: usize| {
        let frame = DataFrame::from_table(&table, partitions).unwrap();
        let v = col("v");
        frame.group_by(["k", "name"]).agg([
            v.sum(),
            v.mean(),
            v.first(),
            v.last(),
            v.median(),
            v.nunique(),
            size(),
        ])
    };
    let one = ask(1).unwrap();
    let expected = one.compute_with(&Sync::new()).unwrap();
    assert!(expected.n_rows() > 1 << 16);
    for partitions in [3, 8] {
        let many = ask(partitions).unwrap();
        assert_eq!(many.compute_with(&Threaded::with_workers(2)).unwrap(), expected, "{partitions}");
    }
    assert_eq!(ask(4).unwrap().compute_with(&Travelling).unwrap(), expected);
    // Without an order the groups are the same, in one order whatever runs them.
    let frame = DataFrame::from_table(&table, 5).unwrap();
    let unsorted = frame.group_by(["k"]).unsorted().agg([col("v").sum()]).unwrap();
    assert!(unsorted.n_partitions() > 1);
    let got = unsorted.compute_with(&Sync::new()).unwrap();
    assert_eq!(got, unsorted.compute_with(&Threaded::with_workers(2)).unwrap());
    let sorted = frame.group_by(["k"]).agg([col("v").sum()]).unwrap().compute_with(&Sync::new()).unwrap();
    let mut got = rows_of(&got);
    got.sort_by_key(|row| match row[0] {
        Scalar::Int64(key) => key,
        _ => i64::MAX,
    });
    assert_eq!(got, rows_of(&sorted));
}

/// The groups of rows by their texts, in order; a missing one comes last or is left out.
/// A partition in which nearly every row has a key of its own does not put rows together before all of a key meet.
#[test]
fn keys_that_are_nearly_all_different_are_the_same_groups() {
    let n = 150_000_i64;
    // Each key comes again far away, and one next to itself.
    let keys = (0..n).map(|i| if i == 70_001 { 70_000 } else { i % 140_000 } * 1_000_003).collect::<Vec<_>>();
    let names = keys.iter().map(|key| format!("{key}")).collect::<Vec<_>>();
    let values = (0..n).map(|i| (i % 7 > 0).then_some(i % 1000)).collect::<Vec<_>>();
    let floats = values.iter().map(|value| value.map(|value| value as f64 / 2.0)).collect::<Vec<_>>();
    let table = Table::new([
        ("k", Column::from(keys)),
        ("name", Column::from(names)),
        ("v", Column::from(values)),
        ("f", Column::from(floats)),
    ])
    .unwrap();
    let ask = |partitions: usize, keys: &[&str]| {
        let frame = DataFrame::from_table(&table, partitions).unwrap();
        let (v, f) = (col("v"), col("f"));
        let aggregates = [
            v.sum(),
            v.mean(),
            v.first(),
            v.last(),
            v.idxmax(),
            v.any(),
            size(),
            f.sum().alias("f sum"),
            f.var().alias("f var"),
            f.min().alias("f min"),
            f.max().alias("f max"),
            f.corr(v.clone()).alias("corr"),
            f.count().alias("f count"),
        ];
        let answer = frame.group_by(keys.iter().copied()).agg(aggregates).unwrap();
        rows_of(&answer.compute_with(&Threaded::with_workers(2)).unwrap())
    };
    for keys in [&["k"][..], &["name"], &["k", "name"]] {
        // In 60 partitions the rows of each are too few for it.
        let expected = ask(60, keys);
        assert_eq!(expected.len(), 139_999);
        for partitions in [1, 2] {
            assert!(ask(partitions, keys) == expected, "{keys:?}, {partitions} partitions");
        }
    }
}

fn by_text(rows: &[Row], keep_nulls: bool) -> BTreeMap<(bool, Option<String>), Vec<&Row>> {
    let mut groups = BTreeMap::<_, Vec<&Row>>::new();
    for row in rows.iter().filter(|row| keep_nulls || row.0.is_some()) {
        groups.entry((row.0.is_none(), row.0.clone())).or_default().push(row);
    }
    groups
}

fn quantile(mut values: Vec<f64>, q: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let at = q * values.len().checked_sub(1)? as f64;
    let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
    Some(low + (high - low) * at.fract())
}

/// The mean of a power of the distances from the mean.
fn moment(values: &[f64], power: i32) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|x| (x - mean).powi(power)).sum::<f64>() / n
}

fn near(got: &Column, expected: &[Option<f64>]) -> bool {
    let is_near = |pair: (Option<f64>, &Option<f64>)| match pair {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * (1.0 + b.abs()),
        (a, b) => a == *b,
    };
    got.len() == expected.len() && got.f64s().expect("floats").zip(expected).all(is_near)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn aggregates_that_hold_values(rows in random_rows(60), partitions in 1usize..12, keep_nulls: bool, q in 0.0..=1.0) {
        let groups = by_text(&rows, keep_nulls);
        let floats = |rows: &[&Row]| rows.iter().filter_map(|row| row.2).collect::<Vec<_>>();
        let ints = |rows: &[&Row]| rows.iter().filter_map(|row| row.1).collect::<Vec<_>>();
        let grouped = frame(&rows, partitions).group_by(["k"]);
        let grouped = if keep_nulls { grouped.keep_nulls() } else { grouped };
        let (i, f) = (col("i"), col("f"));
        let got = compute(&grouped.agg([
            f.quantile(q).alias("quantile"), f.median().alias("median"), i.nunique().alias("nunique"),
            i.mode().alias("mode"), i.any().alias("any"), i.all().alias("all"), f.skew().alias("skew"),
            f.kurt().alias("kurt"), f.sem().alias("sem"), f.corr(i.clone()).alias("corr"), f.cov(i.clone()).alias("cov"),
            f.first().skip_nulls(false).alias("first"), f.last().skip_nulls(false).alias("last"),
            f.sum().skip_nulls(false).alias("strict"), f.sum().min_count(2).alias("two"),
        ]).unwrap());
        let all = groups.values();
        let of = |f: &dyn Fn(&[&Row]) -> Option<f64>| all.clone().map(|rows| f(rows)).collect::<Vec<_>>();
        let column = |name: &str| got.column(name).unwrap();
        prop_assert!(near(column("quantile"), &of(&|rows| quantile(floats(rows), q))));
        prop_assert!(near(column("median"), &of(&|rows| quantile(floats(rows), 0.5))));
        let different = |rows: &Vec<&Row>| ints(rows).into_iter().collect::<BTreeSet<_>>();
        let nunique = all.clone().map(|rows| different(rows).len() as i64).collect::<Vec<_>>();
        prop_assert_eq!(column("nunique"), &Column::from(nunique));
        let mode = all.clone().map(|rows| {
            let times = |x: &i64| ints(rows).iter().filter(|y| *y == x).count();
            different(rows).into_iter().rev().max_by_key(times)
        });
        prop_assert_eq!(column("mode"), &Column::from(mode.collect::<Vec<_>>()));
        let any = all.clone().map(|rows| ints(rows).iter().any(|x| *x != 0)).collect::<Vec<_>>();
        prop_assert_eq!(column("any"), &Column::from(any));
        let every = all.clone().map(|rows| ints(rows).iter().all(|x| *x != 0)).collect::<Vec<_>>();
        prop_assert_eq!(column("all"), &Column::from(every));
        let flat = |x: &[f64]| moment(x, 2) == 0.0;
        let skew = |rows: &[&Row]| {
            let (x, n) = (floats(rows), floats(rows).len() as f64);
            let skew = moment(&x, 3) / moment(&x, 2).powf(1.5) * (n * (n - 1.0)).sqrt() / (n - 2.0);
            (n >= 3.0).then(|| if flat(&x) { 0.0 } else { skew })
        };
        prop_assert!(near(column("skew"), &of(&skew)));
        let kurt = |rows: &[&Row]| {
            let (x, n) = (floats(rows), floats(rows).len() as f64);
            let excess = moment(&x, 4) / moment(&x, 2).powi(2) - 3.0;
            let kurt = (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * excess + 6.0);
            (n >= 4.0).then(|| if flat(&x) { 0.0 } else { kurt })
        };
        prop_assert!(near(column("kurt"), &of(&kurt)));
        let sem = |rows: &[&Row]| {
            let (x, n) = (floats(rows), floats(rows).len() as f64);
            (n >= 2.0).then(|| (moment(&x, 2) / (n - 1.0)).sqrt())
        };
        prop_assert!(near(column("sem"), &of(&sem)));
        let pairs = |rows: &[&Row]| rows.iter().filter_map(|row| Some((row.2?, row.1? as f64))).collect::<Vec<_>>();
        let product = |pairs: &[(f64, f64)]| {
            let n = pairs.len() as f64;
            let (x, y) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
            pairs.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>()
        };
        let cov = |rows: &[&Row]| {
            let pairs = pairs(rows);
            (pairs.len() > 1).then(|| product(&pairs) / (pairs.len() as f64 - 1.0))
        };
        prop_assert!(near(column("cov"), &of(&cov)));
        let corr = |rows: &[&Row]| {
            let (x, y): (Vec<_>, Vec<_>) = pairs(rows).into_iter().unzip();
            let root = (moment(&x, 2) * moment(&y, 2)).sqrt() * x.len() as f64;
            (x.len() > 1 && !flat(&x) && !flat(&y)).then(|| product(&pairs(rows)) / root)
        };
        prop_assert!(near(column("corr"), &of(&corr)));
        prop_assert!(near(column("first"), &of(&|rows| rows[0].2)));
        prop_assert!(near(column("last"), &of(&|rows| rows[rows.len() - 1].2)));
        let sum = |rows: &[&Row]| floats(rows).iter().sum::<f64>();
        prop_assert!(near(column("strict"), &of(&|rows| (floats(rows).len() == rows.len()).then(|| sum(rows)))));
        prop_assert!(near(column("two"), &of(&|rows| (floats(rows).len() >= 2).then(|| sum(rows)))));
    }

    #[test]
    fn scans_keep_to_their_groups(rows in random_rows(50), partitions in 1usize..12, by in -3i32..4) {
        let naive = |f: &dyn Fn(&[&Row], usize) -> Option<f64>| {
            rows.iter().enumerate().map(|(at, row)| {
                row.0.as_ref()?;
                let own = rows.iter().enumerate().filter(|(_, other)| other.0 == row.0).collect::<Vec<_>>();
                let place = own.iter().position(|(other, _)| *other == at).expect("a row is in its group");
                f(&own.iter().map(|(_, row)| *row).collect::<Vec<_>>(), place)
            }).collect::<Vec<_>>()
        };
        let frame = frame(&rows, partitions);
        let scans = [
            ("sum", Scan::cumsum("f")), ("min", Scan::cummin("f")), ("max", Scan::cummax("f")),
            ("shift", Scan::shift("f", by)), ("ffill", Scan::ffill("f")), ("bfill", Scan::bfill("f")),
            ("nth", Scan::cumcount()), ("left", Scan::cumcount().reversed()), ("back", Scan::cumsum("f").reversed()),
        ];
        let got = compute(&frame.group_by(["k"]).scan(scans).unwrap());
        let values = |rows: &[&Row]| rows.iter().filter_map(|row| row.2).collect::<Vec<_>>();
        let column = |name: &str| got.column(name).unwrap();
        let running = |fold: &dyn Fn(Vec<f64>) -> Option<f64>| {
            naive(&|own, at| own[at].2.and_then(|_| fold(values(&own[..=at]))))
        };
        prop_assert!(near(column("sum"), &running(&|x| Some(x.iter().sum()))));
        prop_assert!(near(column("min"), &running(&|x| x.into_iter().reduce(f64::min))));
        prop_assert!(near(column("max"), &running(&|x| x.into_iter().reduce(f64::max))));
        prop_assert!(near(column("back"), &naive(&|own, at| own[at].2.map(|_| values(&own[at..]).iter().sum()))));
        let shifted = |own: &[&Row], at: usize| own.get(usize::try_from(at as i64 - i64::from(by)).ok()?)?.2;
        prop_assert!(near(column("shift"), &naive(&shifted)));
        prop_assert!(near(column("ffill"), &naive(&|own, at| values(&own[..=at]).last().copied())));
        prop_assert!(near(column("bfill"), &naive(&|own, at| values(&own[at..]).first().copied())));
        let ints = |x: Vec<Option<f64>>| Column::from(x.into_iter().map(|x| x.map(|x| x as i64)).collect::<Vec<_>>());
        prop_assert_eq!(column("nth"), &ints(naive(&|_, at| Some(at as f64))));
        prop_assert_eq!(column("left"), &ints(naive(&|own, at| Some((own.len() - 1 - at) as f64))));
        let before = compute(&frame);
        prop_assert_eq!(column("i"), before.column("i").unwrap());
        // Rows of groups, and aggregates of a row's group.
        let heads = compute(&frame.group_by(["k"]).head(2).unwrap());
        let kept = rows.iter().zip(naive(&|_, at| Some(at as f64))).filter(|(_, at)| at.is_some_and(|at| at < 2.0));
        prop_assert_eq!(heads.column("i").unwrap(), &Column::from(kept.map(|(row, _)| row.1).collect::<Vec<_>>()));
        let means = compute(&frame.group_by(["k"]).transform([col("f").sum().alias("all")]).unwrap());
        prop_assert!(near(means.column("all").unwrap(), &naive(&|own, _| Some(values(own).iter().sum()))));
    }

    #[test]
    fn the_best_rows_of_each_group(
        rows in random_rows(50),
        partitions in 1usize..10,
        n in 0usize..4,
        keep_nulls: bool,
        largest: bool,
    ) {
        let frame = frame(&rows, partitions);
        let ask = |groups: dask_frame::GroupBy| {
            let groups = if keep_nulls { groups.keep_nulls() } else { groups };
            if largest { groups.nlargest(n, "i") } else { groups.nsmallest(n, "i") }.unwrap()
        };
        let expected = by_text(&rows, keep_nulls).into_values().flat_map(|own| {
            let mut own = own.into_iter().filter(|row| row.1.is_some()).cloned().collect::<Vec<_>>();
            own.sort_by_key(|row| if largest { row.1.map(|x| -x) } else { row.1 });
            own.truncate(n);
            own
        });
        let expected = compute(&super::laws::frame(&expected.collect::<Vec<_>>(), 1));
        prop_assert_eq!(compute(&ask(frame.group_by(["k"]))), expected.clone());
        // Of an expression, and in no order: the same rows.
        let key = dask_frame::when(col("k").is_null()).then(col("k")).otherwise(col("k"));
        let unsorted = compute(&ask(frame.group_by([key.alias("key")]).unsorted()));
        let sorted = |table: &Table| {
            let mut rows = rows_of(table).iter().map(|row| format!("{row:?}")).collect::<Vec<_>>();
            rows.sort();
            rows
        };
        prop_assert_eq!(sorted(&unsorted), sorted(&expected));
    }

    #[test]
    fn different_rows(rows in random_rows(40), partitions in 1usize..10, keep in 0usize..3) {
        let keep = [Keep::First, Keep::Last, Keep::None][keep];
        let same = |a: &Row, b: &Row| a.0 == b.0 && a.1 == b.1;
        let kept = rows.iter().enumerate().filter(|(at, row)| match keep {
            Keep::First => !rows[..*at].iter().any(|other| same(row, other)),
            Keep::Last => !rows[at + 1..].iter().any(|other| same(row, other)),
            Keep::None => rows.iter().filter(|other| same(row, other)).count() == 1,
        });
        let kept = kept.map(|(_, row)| row.clone()).collect::<Vec<_>>();
        let frame = frame(&rows, partitions);
        let got = compute(&frame.drop_duplicates(["k", "i"], keep).unwrap());
        prop_assert_eq!(got, compute(&super::laws::frame(&kept, 1)));
        let counts = compute(&frame.value_counts(ValueCounts::of("k").keep_nulls()).unwrap());
        let mut expected = by_text(&rows, true).into_iter().map(|(key, rows)| (rows.len(), key)).collect::<Vec<_>>();
        expected.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let names = expected.iter().map(|(_, (_, name))| name.clone()).collect::<Vec<_>>();
        prop_assert_eq!(counts.column("k").unwrap(), &Column::from(names));
        let numbers = expected.iter().map(|(n, _)| *n as i64).collect::<Vec<_>>();
        prop_assert_eq!(counts.column("count").unwrap(), &Column::from(numbers));
    }

    #[test]
    fn chance_does_not_see_partitions(n in 0usize..300, partitions in 2usize..9, seed: u64) {
        let numbers = Column::from((0..n as i64).collect::<Vec<_>>());
        let frame = |partitions| DataFrame::from_columns([("x", numbers.clone())], partitions).unwrap();
        let (one, many) = (frame(1), frame(partitions));
        prop_assert_eq!(compute(&one.sample(0.3, seed).unwrap()), compute(&many.sample(0.3, seed).unwrap()));
        let parts = many.random_split([0.5, 0.2, 0.3], seed).unwrap();
        let mut all = parts.iter().flat_map(|part| rows_of(&compute(part))).collect::<Vec<_>>();
        all.sort_by_key(|row| match row[0] { Scalar::Int64(x) => x, _ => -1 });
        prop_assert_eq!(all, rows_of(&compute(&one)));
    }
}

#[test]
fn sketches_are_as_exact_as_they_say() {
    for n in [10u64, 1000, 50_000] {
        let names = scattered(3 * n, n).into_iter().map(|x| format!("name {x}")).collect::<Vec<_>>();
        let columns = [("name", Column::from(names)), ("x", Column::from(scattered(3 * n, n)))];
        let frame = DataFrame::from_columns(columns, 7).unwrap();
        let (name, x) = (col("name"), col("x"));
        let exact = frame.agg([name.nunique(), x.nunique(), x.quantile(0.1), x.median()]).unwrap();
        let middle = x.quantile_approx(0.5).alias("middle");
        let sketched = [name.nunique_approx(), x.nunique_approx(), x.quantile_approx(0.1), middle];
        let (exact, sketched) = (compute(&exact), compute(&frame.agg(sketched).unwrap()));
        let number = |table: &Table, at: usize| match table.columns()[at].get(0) {
            Scalar::Int64(x) => x as f64,
            Scalar::Float64(x) => x,
            other => panic!("{other}"),
        };
        for at in 0..4 {
            // Four times the standard error of the counts; a percent of rank is a percent of these values.
            let (exact, sketched) = (number(&exact, at), number(&sketched, at));
            let most = if at < 2 { 0.033 * exact } else { 0.011 * n as f64 };
            assert!((exact - sketched).abs() <= most.max(1.0), "{n}, {at}: {sketched} for {exact}");
        }
    }
}
