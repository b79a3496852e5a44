//! Aggregates of a whole frame that go by way of an exchange, against those of one partition and a naive version.

use dask_frame::{Aggregate, Column, DataFrame, DataType, col, size};
use proptest::prelude::*;

use super::run::every_way;

fn aggregates() -> Vec<Aggregate> {
    let x = || col("x");
    vec![
        x().median().alias("median"),
        x().quantile(0.0).alias("least"),
        x().quantile(0.3).alias("low"),
        x().quantile(1.0).alias("most"),
        (x() * 2).quantile(0.3).alias("double"),
        x().nunique().alias("different"),
        x().mode().alias("mode"),
        col("s").nunique().alias("texts"),
        col("s").mode().alias("text"),
        col("c").mode().alias("category"),
        col("c").nunique().alias("categories"),
        col("b").quantile(0.5).alias("half"),
        x().median().skip_nulls(false).alias("spoilt"),
        x().nunique().skip_nulls(false).alias("never spoilt"),
        x().mode().min_count(5).alias("mode of five"),
        x().sum().alias("sum"),
        x().max().min_count(7).alias("max of seven"),
        size().alias("rows"),
    ]
}

fn frame(values: &[Option<i32>], floats: bool, partitions: usize) -> DataFrame {
    let column = match floats {
        true => Column::from(values.iter().map(|x| x.map(f64::from)).collect::<Vec<_>>()),
        false => Column::from(values.iter().map(|x| x.map(i64::from)).collect::<Vec<_>>()),
    };
    let texts = values.iter().map(|x| x.map(|x| format!("t{}", x % 4))).collect::<Vec<_>>();
    let texts = Column::from(texts.iter().map(Option::as_deref).collect::<Vec<_>>());
    let truths = Column::from(values.iter().map(|x| x.map(|x| x % 2 == 0)).collect::<Vec<_>>());
    let columns = [("x", column), ("s", texts), ("b", truths)];
    let frame = DataFrame::from_columns(columns, partitions).unwrap();
    frame.with_column("c", col("s").cast(DataType::CATEGORICAL)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn partitions_make_no_difference(
        // Some come very often, so that boundaries are equal.
        values in prop::collection::vec(
            prop::option::weighted(0.9, prop_oneof![Just(7), -3_i32..3, any::<i16>().prop_map(i32::from)]), 0..40,
        ),
        floats: bool, partitions in 2_usize..6,
    ) {
        let one = frame(&values, floats, 1).agg(aggregates()).unwrap();
        let many = frame(&values, floats, partitions).agg(aggregates()).unwrap();
        prop_assert_eq!(one.schema(), many.schema());
        let (one, many) = (every_way(&one, "one partition"), every_way(&many, "many partitions"));
        prop_assert_eq!(&one, &many);
        let mut there = values.iter().flatten().copied().collect::<Vec<_>>();
        there.sort_unstable();
        let quantile = |q: f64| {
            let at = q * there.len().checked_sub(1)? as f64;
            let (low, high) = (f64::from(there[at.floor() as usize]), f64::from(there[at.ceil() as usize]));
            Some(low + (high - low) * at.fract())
        };
        let got = |name: &str| many.column(name).unwrap().f64s().unwrap().next().unwrap();
        for (name, q) in [("median", 0.5), ("least", 0.0), ("low", 0.3), ("most", 1.0)] {
            let (got, wanted) = (got(name), quantile(q));
            let is_near = got.zip(wanted).map_or(got == wanted, |(a, b)| (a - b).abs() <= 1e-9 * b.abs());
            prop_assert!(is_near, "{}: {:?}, not {:?}", name, got, wanted);
        }
        there.dedup();
        prop_assert_eq!(many.column("different").unwrap(), &Column::from(vec![there.len() as i64]));
    }
}

#[test]
fn the_median_of_one_value_in_most_rows_and_of_far_ones() {
    let mut values = vec![Some(1.5); 10_000];
    values.extend((0..9_000).map(|i| Some(f64::from(i) * if i % 2 == 0 { 1e300 } else { -1e300 })));
    values.extend([Some(f64::INFINITY), Some(f64::NEG_INFINITY), Some(-0.0), None]);
    let ranks = [0.0, 0.01, 0.2, 0.5, 0.7371, 0.99, 1.0];
    let of = |partitions| {
        let frame = DataFrame::from_columns([("x", Column::from(values.clone()))], partitions).unwrap();
        every_way(&frame.quantile("x", ranks).unwrap(), "quantiles")
    };
    let one = of(1);
    assert_eq!(one.column("value").unwrap().get(3).to_string(), "1.5");
    assert_eq!(one, of(7));
    assert_eq!(one, of(64));
}

#[test]
fn modes_of_categories_are_those_of_one_partition() {
    let sizes = ["small", "large", "huge", "large", "huge", "small", "none"];
    let of = |partitions: usize, is_ordered: bool| {
        let frame = DataFrame::from_columns([("s", Column::from(sizes.to_vec()))], partitions).unwrap();
        let known = col("s").cat().set_categories(["small", "large", "huge"]);
        let known = if is_ordered { known.cat().as_ordered() } else { known };
        let frame = frame.with_column("s", known).unwrap();
        every_way(&frame.agg([col("s").mode(), col("s").nunique()]).unwrap(), "mode")
    };
    for is_ordered in [false, true] {
        assert_eq!(of(1, is_ordered), of(3, is_ordered));
    }
}
