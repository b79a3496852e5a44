//! Stretches of time against a loop over all of them.

use dask_frame::{Column, DataFrame, Resample, Scalar, Table, col, size};
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::layout::partitions;
use super::run::every_way;

const HOUR: i64 = 3_600_000_000;

/// Times in hours, any of which may be missing, with a number each.
fn frame(rows: &[(Option<i64>, Option<i64>)], partitions: usize) -> DataFrame {
    let columns = [
        ("t", Column::timestamps(rows.iter().map(|row| row.0.map(|hours| hours * HOUR)))),
        ("x", Column::from(rows.iter().map(|row| row.1).collect::<Vec<_>>())),
    ];
    DataFrame::from_columns(columns, partitions).unwrap()
}

fn ints(table: &Table, column: &str) -> Vec<Option<i64>> {
    table.column(column).unwrap().i64s().unwrap().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Bins of any length, that may begin in any partition and have no row.
    #[test]
    fn bins_are_those_of_a_loop(
        mut rows in prop::collection::vec((prop::option::weighted(0.9, -40_i64..90), prop::option::of(-5_i64..5)), 0..30),
        partitions in 1_usize..6, each in 1_i64..30, closed_right: bool, label_right: bool,
    ) {
        rows.sort_by_key(|row| (row.0.is_none(), row.0));
        let resample = Resample::every(format!("{each}h"));
        let resample = if closed_right { resample.closed_right() } else { resample };
        let resample = if label_right { resample.label_right() } else { resample };
        let frame = frame(&rows, partitions).set_index_sorted("t").unwrap();
        let bins = frame.resample(resample).unwrap();
        let x = col("x");
        let got = bins.agg([x.sum().alias("sum"), x.first().alias("first"), size().alias("n")]).unwrap();
        prop_assert_eq!(got.index(), Some("t"));
        let got = every_way(&got, "resampled");
        let times = rows.iter().filter_map(|row| row.0).collect::<Vec<_>>();
        let (mut names, mut sums, mut firsts, mut sizes) = (vec![], vec![], vec![], vec![]);
        if let (Some(&first), Some(&last)) = (times.first(), times.last()) {
            let mut left = first.div_euclid(24) * 24;
            let holds = |left: i64, time: i64| {
                if closed_right { left < time && time <= left + each } else { left <= time && time < left + each }
            };
            while !holds(left, first) {
                left += if left >= first { -each } else { each };
            }
            loop {
                let own = rows.iter().filter(|row| row.0.is_some_and(|time| holds(left, time))).collect::<Vec<_>>();
                names.push(Some((left + if label_right { each } else { 0 }) * HOUR));
                sums.push(Some(own.iter().filter_map(|row| row.1).sum::<i64>()));
                firsts.push(own.iter().find_map(|row| row.1));
                sizes.push(Some(own.len() as i64));
                if holds(left, last) {
                    break;
                }
                left += each;
            }
        }
        prop_assert_eq!(got.column("t").unwrap(), &Column::timestamps(names));
        prop_assert_eq!(ints(&got, "sum"), sums);
        prop_assert_eq!(ints(&got, "first"), firsts);
        prop_assert_eq!(ints(&got, "n"), sizes);
    }

    #[test]
    fn partitions_by_time(hours in prop::collection::vec(0_i64..100, 1..40), from in 1_usize..5) {
        let rows = hours.iter().map(|&hour| (Some(hour), Some(hour))).collect::<Vec<_>>();
        let frame = frame(&rows, from).set_index_with("t", &Sync::new()).unwrap();
        let days = frame.repartition_freq("D").unwrap();
        prop_assert_eq!(every_way(&days, "days"), every_way(&frame, "as it was"));
        for (part, bounds) in partitions(&days).iter().zip(days.divisions().bounds().unwrap().windows(2)) {
            let (Scalar::Timestamp(first), Scalar::Timestamp(last)) = (&bounds[0], &bounds[1]) else { panic!() };
            prop_assert_eq!(last - first, 24 * HOUR);
            prop_assert!(ints(part, "x").iter().all(|x| x.is_some_and(|x| (*first..*last).contains(&(x * HOUR)))));
        }
    }
}

#[test]
fn open_high_low_close() {
    let rows = [(0, 3), (1, 9), (2, 1), (5, 4)].map(|(hour, x)| (Some(hour), Some(x)));
    let frame = frame(&rows, 3).set_index_sorted("t").unwrap();
    let table = every_way(&frame.resample("3h").unwrap().ohlc("x").unwrap(), "ohlc");
    let row = |column: &str| ints(&table, column).into_iter().flatten().collect::<Vec<_>>();
    assert_eq!(
        (row("open"), row("high"), row("low"), row("close")),
        (vec![3, 4], vec![9, 4], vec![1, 4], vec![1, 4])
    );
    let one = frame.resample("3h").unwrap().agg([col("x").max()]).unwrap().select(["x_max"]).unwrap();
    assert_eq!(ints(&every_way(&one, "one column"), "x_max"), [Some(9), Some(4)]);
}

#[test]
fn what_cannot_be_resampled() {
    let plain = frame(&[(Some(1), Some(1))], 1);
    assert!(plain.resample("D").unwrap_err().to_string().contains("no index"));
    let error = plain.set_index("x").unwrap().resample("D").unwrap_err().to_string();
    assert!(error.contains("resample: `x` is Int64, expected Timestamp"), "{error}");
    assert!(plain.set_index("t").unwrap().resample("fortnight").is_err());
    let wide = frame(&[(Some(0), Some(1)), (Some(100_000), Some(1))], 2).set_index("t").unwrap();
    let error = super::run::failure(&wide.resample("us").unwrap().agg([size()]).unwrap());
    assert!(error.contains("one partition holds at most"), "{error}");
}
