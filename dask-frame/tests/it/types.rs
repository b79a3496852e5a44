//! Dates, durations, timestamps with zones and categories, through every operation that takes a column of any type.

use dask_frame::{
    Column, DataFrame, DataType, Expr, Merge, Scalar, Sort, Table, ToDatetime, Zone, col, duration, lit,
    read_csv, timestamp,
};
use dask_graph::Collection;
use dask_sched_sync::Sync;

use super::run::{every_way, failure};

fn oslo() -> Zone {
    Zone::new("Europe/Oslo").unwrap()
}

/// A column of each of the types, with missing values and each value twice.
fn table() -> Table {
    let ticks = || [Some(3), None, Some(-5), Some(3), Some(100), Some(-5), None];
    let texts = ["b", "", "a", "b", "c", "a", ""].map(|text| (!text.is_empty()).then_some(text));
    Table::new([
        ("date", Column::dates(ticks())),
        ("duration", Column::durations(ticks().map(|x| x.map(|x| x * 3_600_000_001)))),
        ("zoned", Column::zoned_timestamps(oslo(), ticks().map(|x| x.map(|x| x * 86_400_000_000)))),
        ("category", texts.into_iter().collect::<Column>().to_categorical()),
        ("n", Column::from(vec![1, 2, 3, 4, 5, 6, 7])),
    ])
    .unwrap()
}

const NAMES: [&str; 4] = ["date", "duration", "zoned", "category"];

/// The table in partitions of which some are empty, each with categories of its own.
fn frame() -> DataFrame {
    let own = |part: Table| {
        let texts = part.column("category").unwrap();
        let texts = (0..texts.len()).map(|row| match texts.get(row) {
            Scalar::Utf8(text) => Some(text.to_string()),
            _ => None,
        });
        let texts = Column::from(texts.collect::<Vec<_>>()).to_categorical();
        let columns = part.schema().names().zip(part.columns());
        let columns = columns.map(|(name, column)| match name {
            "category" => (name, texts.clone()),
            _ => (name, column.clone()),
        });
        Table::new(columns).unwrap()
    };
    let parts = [(0, 2), (2, 0), (2, 3), (5, 2), (7, 0)];
    DataFrame::from_tables(parts.map(|(start, len)| own(table().slice(start, len)))).unwrap()
}

#[test]
fn columns_of_every_type_are_put_together() {
    let all = every_way(&frame(), "the frame");
    assert_eq!(all, table());
    assert_eq!(all.column("category").unwrap().categories().unwrap().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(
        all.schema().to_string(),
        "date: Date, duration: Duration, zoned: Timestamp[Europe/Oslo], category: Categorical, n: Int64"
    );
    assert_eq!(
        all.slice(0, 3).to_string(),
        "\
\x20     date                  duration                      zoned  category         n
      Date                  Duration     Timestamp[Europe/Oslo]  Categorical  Int64
----------  ------------------------  -------------------------  -----------  -----
1970-01-04    0 days 03:00:00.000003  1970-01-04 01:00:00+01:00  b                1
      null                      null                       null  null             2
1969-12-27  -1 days +18:59:59.999995  1969-12-27 01:00:00+01:00  a                3
3 rows
"
    );
}

#[test]
fn every_type_groups_joins_and_sorts() {
    for name in NAMES {
        // Categories in an order without meaning have no largest, but all of a group are one.
        let of = if name == "category" { col(name).first() } else { col(name).max() };
        let sums = frame().group_by([name]).keep_nulls().agg([col("n").sum(), of.alias("max")]);
        let sums = every_way(&sums.unwrap(), name);
        assert_eq!(sums.column("n_sum").unwrap(), &Column::from(vec![9, 5, 5, 9]), "{name}");
        assert_eq!(sums.column("max").unwrap(), sums.column(name).unwrap(), "{name}");
        assert_eq!(sums.schema().field(name).unwrap().dtype(), table().column(name).unwrap().dtype());
        let sorted = every_way(&frame().sort_values(Sort::by(name).descending()).unwrap(), name);
        assert_eq!(sorted.column("n").unwrap(), &Column::from(vec![5, 1, 4, 3, 6, 2, 7]), "{name}");
        let joined = frame().merge(&frame().select([name, "n"]).unwrap(), Merge::on([name])).unwrap();
        let joined = every_way(&joined.agg([col("n_x").count(), col("n_y").sum()]).unwrap(), name);
        assert_eq!(joined.column("n_x_count").unwrap(), &Column::from(vec![13]), "{name}");
        let filled = frame().select([col(name).fill_null(Expr::from(name)), col("n")]).unwrap();
        assert_eq!(every_way(&filled, name).column(name).unwrap(), table().column(name).unwrap());
    }
}

#[test]
fn every_type_is_written_and_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("types.csv");
    frame().to_csv_with(&path, &Sync::new()).unwrap();
    let mut read = read_csv(path.to_str().unwrap()).blocksize(64);
    for name in NAMES {
        read = read.dtype(name, table().column(name).unwrap().dtype());
    }
    assert_eq!(every_way(&read.open().unwrap(), "read"), table());
    let texts = frame().select(NAMES.map(|name| col(name).cast(DataType::Utf8))).unwrap();
    let back = texts.select(NAMES.map(|name| col(name).cast(table().column(name).unwrap().dtype()))).unwrap();
    assert_eq!(every_way(&back, "there and back"), every_way(&frame().select(NAMES).unwrap(), "as it was"));
}

#[test]
fn categories_are_compared_with_texts_and_mixed() {
    let picked = frame().filter(col("category").ne("b")).unwrap().select(["n"]).unwrap();
    assert_eq!(every_way(&picked, "ne").column("n").unwrap(), &Column::from(vec![3, 5, 6]));
    let upper = frame().select([col("category").str().upper().fill_null("?")]).unwrap();
    let expected = Column::from(vec!["B", "?", "A", "B", "C", "A", "?"]);
    assert_eq!(every_way(&upper, "upper").column("category").unwrap(), &expected);
    let set = frame().select([col("category").cat().set_categories(["c", "b"]), col("n")]).unwrap();
    let sorted = every_way(&set.sort_values("category").unwrap(), "sorted by place");
    assert_eq!(sorted.column("n").unwrap(), &Column::from(vec![5, 1, 4, 2, 3, 6, 7]));
    assert_eq!(sorted.column("category").unwrap().categories().unwrap().collect::<Vec<_>>(), ["c", "b"]);
    let error = frame().filter(col("category").lt(col("category"))).unwrap_err().to_string();
    assert!(error.starts_with("<: `category` is Categorical, expected a type with an order"), "{error}");
    let twice = frame().select([col("category").cat().set_categories(["a", "a"])]).unwrap_err();
    assert_eq!(twice.to_string(), "cat.set_categories: the category \"a\" is listed twice");
}

#[test]
fn arithmetic_on_times() {
    let day = duration("1D").unwrap();
    let frame = frame().with_column("t", col("date").cast(DataType::Timestamp)).unwrap();
    let exprs = [
        ((col("t") + &day) - col("date")).alias("a"),
        (col("zoned") - (col("zoned") - &day)).alias("b"),
        (&day * 2 - &day / 2).alias("c"),
        ((&day * 1.5) / &day).alias("d"),
        day.floor_div(duration("7h").unwrap()).alias("e"),
        (&day % duration("7h").unwrap()).alias("f"),
        (-&day).abs().alias("g"),
        (col("date") + &day).eq(col("t") + &day).alias("h"),
    ];
    let table = every_way(&frame.select(exprs).unwrap(), "arithmetic").slice(0, 1);
    let shown = table.columns().iter().map(|column| column.get(0).to_string()).collect::<Vec<_>>();
    let expected = [
        "1 days 00:00:00",
        "1 days 00:00:00",
        "1 days 12:00:00",
        "1.5",
        "3",
        "0 days 03:00:00",
        "1 days 00:00:00",
        "true",
    ];
    assert_eq!(shown, expected);
    let overflow = frame.select([(&day * i64::MAX).alias("x")]).unwrap();
    assert!(failure(&overflow).contains("integer overflow"));
    let error = frame.select([(col("t") + col("t")).alias("x")]).unwrap_err().to_string();
    assert!(error.starts_with("+: `t` is Timestamp, expected a number"), "{error}");
}

#[test]
fn clocks_of_zones() {
    let at = |text: &str| timestamp(text).unwrap();
    let one = DataFrame::from_columns([("n", Column::from(vec![0]))], 1).unwrap();
    let show = |expr: Expr| {
        let table = every_way(&one.select([expr.alias("x")]).unwrap(), "a clock");
        table.column("x").unwrap().get(0).to_string()
    };
    let summer = at("2024-07-01 12:00").dt().tz_localize(oslo());
    assert_eq!(show(summer.clone()), "2024-07-01 12:00:00+02:00");
    assert_eq!(show(summer.dt().tz_convert(Zone::UTC)), "2024-07-01 10:00:00+00:00");
    assert_eq!(show(summer.dt().tz_remove()), "2024-07-01 12:00:00");
    assert_eq!(show(summer.dt().hour()), "12");
    assert_eq!(show(summer.dt().normalize()), "2024-07-01 00:00:00+02:00");
    assert_eq!(show(summer.dt().strftime("%H:%M %Z %z")), "12:00 CEST +0200");
    assert_eq!(show(lit("2024-07-01T10:00:00Z").cast(DataType::Zoned(oslo()))), "2024-07-01 12:00:00+02:00");
    // Half an hour into the hour that comes twice, for the second time: rounding stays in it.
    let twice = lit("2024-10-27T01:30:00Z").cast(DataType::Zoned(oslo()));
    assert_eq!(show(twice.dt().floor("1h").unwrap()), "2024-10-27 02:00:00+01:00");
    for (time, times) in [("2024-10-27 02:30", "twice"), ("2024-03-31 02:30", "never")] {
        let frame = one.select([at(time).dt().tz_localize(oslo()).alias("x")]).unwrap();
        let error = failure(&frame);
        assert!(error.contains(&format!("the clocks of Europe/Oslo show `{time}:00` {times}")), "{error}");
    }
    let error = one.select([summer.dt().tz_localize(oslo()).alias("x")]).unwrap_err().to_string();
    assert!(error.contains("expected a timestamp without zone; use `tz_convert`"), "{error}");
}

#[test]
fn texts_and_numbers_become_times() {
    let texts = Column::from(vec![Some("03/02/2021 04:05"), None, Some("x")]);
    let frame =
        DataFrame::from_columns([("s", texts), ("n", Column::from(vec![0.5, 2.0, f64::NAN]))], 2).unwrap();
    let format = ToDatetime::format("%d/%m/%Y %H:%M");
    let good = frame
        .select([
            col("s").to_datetime(format.clone().coerce()),
            col("n").to_datetime(ToDatetime::unit("ms").unwrap()),
            col("s").try_cast(DataType::Date).alias("d"),
        ])
        .unwrap();
    let table = every_way(&good, "times");
    let shown =
        |name: &str| (0..3).map(|row| table.column(name).unwrap().get(row).to_string()).collect::<Vec<_>>();
    assert_eq!(shown("s"), ["2021-02-03 04:05:00", "null", "null"]);
    assert_eq!(shown("n"), ["1970-01-01 00:00:00.000500", "1970-01-01 00:00:00.002000", "null"]);
    assert_eq!(shown("d"), ["null", "null", "null"]);
    assert!(failure(&frame.select([col("s").to_datetime(format)]).unwrap()).contains("`x` is no Timestamp"));
    let error = frame.select([col("s").to_datetime(ToDatetime::format("100%"))]).unwrap_err().to_string();
    assert!(error.starts_with("time format: `100%`: "), "{error}");
    assert!(ToDatetime::unit("fortnight").is_err());
    assert!(col("t").dt().floor("-1h").is_err());
}

#[test]
fn values_travel_with_their_types() {
    // A literal of each type goes to another process inside of an expression.
    let literals = NAMES.map(|name| table().column(name).unwrap().get(0));
    let exprs = literals.clone().into_iter().enumerate().map(|(at, value)| lit(value).alias(format!("{at}")));
    let got = every_way(&frame().select(exprs).unwrap(), "literals");
    for (at, value) in literals.iter().enumerate() {
        assert_eq!(got.columns()[at].get(6), *value);
    }
    assert_eq!(got.n_rows(), 7);
    assert_eq!(frame().compute_with(&Sync::new()).unwrap(), table());
}
