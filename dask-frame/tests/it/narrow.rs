//! Numbers of all widths, through every operation that takes a column of numbers, against those of 64 bits.

use dask_frame::{
    Column, DataFrame, DataType, Expr, Merge, Number, RankMethod, Scalar, Scan, Sort, Table, col, lit,
    read_csv, row_max, row_mean, row_sum, when,
};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::laws::compute;
use super::run::{every_way, failure};

const INTEGERS: [DataType; 7] = [
    DataType::Int8,
    DataType::Int16,
    DataType::Int32,
    DataType::UInt8,
    DataType::UInt16,
    DataType::UInt32,
    DataType::UInt64,
];

/// Small numbers, each of which fits every type, with a key beside them.
type Row = (i64, Option<i64>, Option<i64>);

fn rows(at_most: usize) -> impl Strategy<Value = Vec<Row>> {
    let number = || prop::option::weighted(0.8, 1_i64..4);
    prop::collection::vec((0_i64..3, number(), number()), 0..=at_most)
}

/// The numbers as `Int64` or `Float64`.
fn usual(rows: &[Row], floats: bool, partitions: usize) -> DataFrame {
    let number = |x: Option<i64>| x.map(|x| if floats { x as f64 / 2.0 } else { x as f64 });
    let column = |of: fn(&Row) -> Option<i64>| match floats {
        true => Column::from(rows.iter().map(|row| number(of(row))).collect::<Vec<_>>()),
        false => Column::from(rows.iter().map(of).collect::<Vec<_>>()),
    };
    let keys = Column::from(rows.iter().map(|row| row.0).collect::<Vec<_>>());
    let columns = [("k", keys), ("x", column(|row| row.1)), ("y", column(|row| row.2))];
    DataFrame::from_columns(columns, partitions).unwrap()
}

/// The same numbers in another type.
fn narrow(frame: &DataFrame, dtype: &DataType) -> DataFrame {
    let cast = ["x", "y"].map(|name| (name, col(name).cast(dtype.clone())));
    // What is computed is a table that has the type, and no plan that still casts.
    let parts = frame.with_columns(cast).unwrap().compute_with(&Sync::new()).unwrap();
    DataFrame::from_table(&parts, frame.n_partitions()).unwrap()
}

/// Brings numbers of all types to those of 64 bits, and compares.
#[track_caller]
fn assert_same(got: &Table, expected: &Table, what: &str) {
    let wide = |table: &Table| {
        let columns = table.schema().fields().iter().map(|field| match field.dtype().is_numeric() {
            true => col(field.name()).cast(DataType::Float64),
            false => col(field.name()),
        });
        let frame = DataFrame::from_table(table, 1).unwrap().select(columns).unwrap();
        frame.compute_with(&Sync::new()).unwrap()
    };
    assert_eq!(wide(got), wide(expected), "{what}");
}

/// Whatever is asked of a frame with numbers `x` and `y` and a key.
fn questions(frame: &DataFrame) -> Vec<(&'static str, DataFrame)> {
    let (x, y) = (col("x"), col("y"));
    let aggregates = || {
        vec![
            x.sum(),
            x.min(),
            x.max(),
            x.first(),
            x.last(),
            x.mean(),
            x.var(),
            x.std(),
            x.sem(),
            x.count(),
            x.nunique(),
            x.mode(),
            x.median(),
            x.any(),
            x.all(),
            x.corr(&y).alias("corr"),
            x.idxmin_by("y").alias("idxmin"),
        ]
    };
    vec![
        ("arithmetic", frame.select([(x.clone() * 2 + &y).alias("a"), (x.clone() / &y).alias("b")]).unwrap()),
        (
            "powers",
            frame
                .select([x.pow(2).alias("a"), x.floor_div(2).alias("b"), (x.clone() % 3).alias("c")])
                .unwrap(),
        ),
        (
            "signs",
            frame
                .select([
                    x.abs().alias("a"),
                    x.sign().alias("b"),
                    x.round(-1).alias("c"),
                    x.sqrt().alias("d"),
                ])
                .unwrap(),
        ),
        ("filled", frame.select([x.fill_null(1).alias("a"), x.fill_null(&y).alias("b")]).unwrap()),
        ("chosen", frame.select([when(x.gt(2)).then(&x).otherwise(0).alias("a")]).unwrap()),
        (
            "compared",
            frame
                .select([
                    x.gt(2).alias("a"),
                    x.eq(&y).alias("b"),
                    x.is_in([2, 300]).alias("c"),
                    x.lt(-1).alias("d"),
                    x.ge(2.5).alias("e"),
                ])
                .unwrap(),
        ),
        ("filtered", frame.filter(x.gt(2).and(y.le(&x))).unwrap()),
        (
            "in rows",
            frame
                .select([
                    row_sum(["x", "y"]).alias("a"),
                    row_max(["x", "y"]).alias("b"),
                    row_mean(["x", "y"]).alias("c"),
                ])
                .unwrap(),
        ),
        ("replaced", frame.select([x.replace([(1, 7), (2, 3)]).alias("a")]).unwrap()),
        (
            "cumulative",
            frame.select([x.cum_sum().alias("a"), x.cum_max().alias("c"), x.cum_min().alias("d")]).unwrap(),
        ),
        (
            "windows",
            frame
                .select([
                    x.shift(1).alias("a"),
                    x.ffill().alias("b"),
                    x.bfill().alias("c"),
                    x.rank(RankMethod::Average).alias("d"),
                    x.rolling(3).mean().alias("e"),
                    x.expanding().sum().alias("f"),
                ])
                .unwrap(),
        ),
        ("aggregated", frame.agg(aggregates()).unwrap()),
        ("grouped", frame.group_by(["k"]).agg(aggregates()).unwrap()),
        ("grouped by numbers", frame.group_by(["x"]).keep_nulls().agg([y.sum(), y.max()]).unwrap()),
        ("grouped by two", frame.group_by(["x", "y"]).agg([col("k").count()]).unwrap()),
        (
            "scanned",
            frame
                .group_by(["k"])
                .scan([("a", Scan::cumsum("x")), ("b", Scan::cummax("x")), ("c", Scan::shift("x", 1))])
                .unwrap(),
        ),
        ("best", frame.group_by(["k"]).nlargest(2, "x").unwrap()),
        ("sorted", frame.sort_values(["x", "y", "k"]).unwrap()),
        ("sorted down", frame.sort_values(Sort::by("x").descending()).unwrap()),
        ("different", frame.unique("x").unwrap().sort_values("x").unwrap()),
        ("counted", frame.value_counts("x").unwrap()),
        ("joined", frame.merge(&frame.rename([("k", "l"), ("y", "z")]).unwrap(), Merge::on(["x"])).unwrap()),
        ("put together", DataFrame::concat([frame, frame]).unwrap()),
        ("transformed", frame.group_by(["k"]).transform([x.max()]).unwrap()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn numbers_of_every_width_mean_the_same(rows in rows(24), partitions in 1_usize..5, which in 0_usize..7) {
        let dtype = &INTEGERS[which];
        let wide = usual(&rows, false, partitions);
        for ((what, wide), (_, narrow)) in questions(&wide).into_iter().zip(questions(&narrow(&wide, dtype))) {
            let what = format!("{what} of {dtype}");
            // This also checks that the schema told before is that of what comes out.
            assert_same(&compute(&narrow), &compute(&wide), &what);
        }
    }

    #[test]
    fn sorts_and_groups_see_all_bits(values in prop::collection::vec(prop::option::of(any::<u64>()), 0..20), partitions in 1_usize..4) {
        let mut expected = values.clone();
        expected.sort_by_key(|x| (x.is_none(), *x));
        let frame = DataFrame::from_columns([("x", Column::numbers(values))], partitions).unwrap();
        let sorted = compute(&frame.sort_values("x").unwrap());
        prop_assert_eq!(sorted.column("x").unwrap(), &Column::numbers(expected.clone()));
        expected.dedup();
        let keys = compute(&frame.group_by(["x"]).keep_nulls().agg([col("x").max().alias("max")]).unwrap());
        prop_assert_eq!(keys.column("x").unwrap(), &Column::numbers(expected.clone()));
        prop_assert_eq!(keys.column("max").unwrap(), &Column::numbers(expected));
    }

    #[test]
    fn casts_are_right_or_refused(values in prop::collection::vec(any::<i64>(), 1..8), shift in 0_u32..63) {
        fn check<T: Number + TryFrom<i64>>(values: &[i64]) {
            let expected = Column::numbers(values.iter().map(|&x| T::try_from(x).ok()));
            let frame = DataFrame::from_columns([("x", Column::from(values.to_vec()))], 1).unwrap();
            let tried = frame.select([col("x").try_cast(expected.dtype())]).unwrap();
            assert_eq!(compute(&tried).column("x").unwrap(), &expected);
            let cast = frame.select([col("x").cast(expected.dtype())]).unwrap().compute_with(&Sync::new());
            assert_eq!(cast.is_ok(), expected.null_count() == 0);
        }
        let values = values.iter().map(|x| x >> shift).collect::<Vec<_>>();
        check::<i8>(&values);
        check::<i16>(&values);
        check::<i32>(&values);
        check::<u8>(&values);
        check::<u16>(&values);
        check::<u32>(&values);
        check::<u64>(&values);
    }
}

fn one_row() -> DataFrame {
    let columns = [
        ("i8", Column::numbers([Some(100_i8)])),
        ("i32", Column::numbers([Some(100_i32)])),
        ("u8", Column::numbers([Some(100_u8)])),
        ("u64", Column::numbers([Some(u64::MAX)])),
        ("f32", Column::numbers([Some(0.1_f32)])),
        ("i64", Column::from(vec![100])),
        ("f64", Column::from(vec![0.1])),
    ];
    DataFrame::from_columns(columns, 1).unwrap()
}

#[track_caller]
fn check(expr: Expr, dtype: DataType, value: Scalar) {
    let frame = one_row().select([expr.alias("r")]).unwrap();
    assert_eq!(frame.schema().field("r").unwrap().dtype(), dtype);
    assert_eq!(every_way(&frame, "r").column("r").unwrap().get(0), value);
}

#[test]
fn types_are_promoted_as_in_numpy() {
    let c = |name: &str| col(name);
    check(c("i8") + c("i32"), DataType::Int32, Scalar::Int32(200));
    check(c("i8") + c("u8"), DataType::Int16, Scalar::Int16(200));
    check(c("i32") + c("i64"), DataType::Int64, Scalar::Int64(200));
    check(c("u64") - c("i64"), DataType::Float64, Scalar::Float64(u64::MAX as f64 - 100.0));
    check(c("u64") - c("u8"), DataType::UInt64, Scalar::UInt64(u64::MAX - 100));
    check(c("f32") + c("i8"), DataType::Float32, Scalar::Float32(0.1 + 100.0));
    check(c("f32") + c("i32"), DataType::Float64, Scalar::Float64(f64::from(0.1_f32) + 100.0));
    check(c("f32") * c("f32"), DataType::Float32, Scalar::Float32(0.1 * 0.1));
    check(c("i8") / c("i8"), DataType::Float64, Scalar::Float64(1.0));
}

/// Plain numbers take the type of what they meet, if they fit.
#[test]
fn bare_numbers_have_no_type_of_their_own() {
    check(col("i8") + 1, DataType::Int8, Scalar::Int8(101));
    check(lit(1) + col("u8"), DataType::UInt8, Scalar::UInt8(101));
    check(col("i8") + 300, DataType::Int64, Scalar::Int64(400));
    check(col("u8") - 1, DataType::UInt8, Scalar::UInt8(99));
    check(col("i8") * 1.5, DataType::Float64, Scalar::Float64(150.0));
    check(col("f32") * 2.0, DataType::Float32, Scalar::Float32(0.2));
    check(col("f32").eq(0.1), DataType::Bool, Scalar::Bool(true));
    check(col("f64").eq(col("f32")), DataType::Bool, Scalar::Bool(false));
    check(col("u64").gt(-1), DataType::Bool, Scalar::Bool(true));
    check(col("u64").gt(col("i64")), DataType::Bool, Scalar::Bool(true));
    check(col("i8").fill_null(7), DataType::Int8, Scalar::Int8(100));
    check(col("i8").fill_null(700), DataType::Int64, Scalar::Int64(100));
    check(col("i8") + lit(Scalar::Int16(1)), DataType::Int16, Scalar::Int16(101));
    // What is computed of plain numbers, and what was a column of them, is `Int64`.
    check(col("i8") + (lit(1) + lit(2)), DataType::Int64, Scalar::Int64(103));
    let frame = one_row().with_column("one", lit(1)).unwrap();
    let frame = frame.with_column("r", col("i8") + col("one")).unwrap().select(["r"]).unwrap();
    assert_eq!(frame.schema().to_string(), "r: Int64");
    assert_eq!(every_way(&frame, "r").column("r").unwrap(), &Column::from(vec![101]));
}

#[test]
fn what_does_not_fit_is_told() {
    for expr in [
        col("i8") * 2,
        col("u8") - 101,
        -col("u8"),
        col("u64") + 1,
        col("i8").cast(DataType::Int64).pow(2).cast(DataType::Int8),
    ] {
        let frame = one_row().select([expr.alias("r")]).unwrap();
        let error = failure(&frame);
        assert!(error.contains("overflow") || error.contains("Int8"), "{error}");
    }
    let frame = one_row().select([col("i64").alias("x")]).unwrap();
    let small = DataFrame::concat([&frame, &frame]).unwrap().select([col("x").cast(DataType::Int8)]).unwrap();
    let summed =
        small.with_column("k", lit(1)).unwrap().group_by(["k"]).scan([("s", Scan::cumsum("x"))]).unwrap();
    assert_eq!(summed.schema().field("s").unwrap().dtype(), DataType::Int8);
    assert!(failure(&summed).contains("Int8"));
    // Of a whole frame they have 64 bits, as in pandas.
    let sums = every_way(&small.select([col("x").cum_sum().alias("s")]).unwrap(), "sums");
    assert_eq!(sums.column("s").unwrap(), &Column::from(vec![100, 200]));
    assert_eq!(
        every_way(&small.agg([col("x").sum()]).unwrap(), "sum").column("x_sum").unwrap(),
        &Column::from(vec![200])
    );
}

#[test]
fn results_have_the_types_of_pandas() {
    let of = |name: &str| {
        let x = col(name);
        let all = [x.sum(), x.mean(), x.std(), x.median(), x.min(), x.mode(), x.count()];
        let frame = one_row().agg(all).unwrap();
        let dtypes = frame.schema().fields().iter().map(|field| field.dtype().to_string());
        let dtypes = dtypes.collect::<Vec<_>>().join(" ");
        assert_eq!(every_way(&frame, name).schema(), frame.schema());
        dtypes
    };
    assert_eq!(of("i32"), "Int64 Float64 Float64 Float64 Int32 Int32 Int64");
    assert_eq!(of("u8"), "UInt64 Float64 Float64 Float64 UInt8 UInt8 Int64");
    assert_eq!(of("f32"), "Float32 Float32 Float32 Float64 Float32 Float32 Int64");
}

#[test]
fn keys_of_two_widths_are_joined_in_the_wider() {
    let left = DataFrame::from_columns([("k", Column::numbers([1_i32, 2, 3].map(Some)))], 2).unwrap();
    let right = DataFrame::from_columns(
        [("k", Column::from(vec![2, 3, 4])), ("v", Column::from(vec![20, 30, 40]))],
        2,
    )
    .unwrap();
    for merge in [Merge::on(["k"]), Merge::on(["k"]).broadcast()] {
        let joined = left.merge(&right, merge).unwrap();
        let joined = every_way(&joined.sort_values("k").unwrap(), "joined");
        assert_eq!(joined.schema().to_string(), "k: Int64, v: Int64");
        assert_eq!(joined.column("v").unwrap(), &Column::from(vec![20, 30]));
    }
    let both = DataFrame::concat_outer([&left, &right.select(["k"]).unwrap()]).unwrap();
    assert_eq!(both.schema().to_string(), "k: Int64");
    assert_eq!(every_way(&both, "both").column("k").unwrap(), &Column::from(vec![1, 2, 3, 2, 3, 4]));
}

#[test]
fn keys_that_floats_would_make_one_are_told_apart() {
    // 2⁵³ + 1 is no float, and would be the one before it.
    let near = 1_i64 << 53;
    let left = DataFrame::from_columns([("k", Column::from(vec![near + 1, -1, 7]))], 2).unwrap();
    let right = |keys: &[u64]| {
        let keys = Column::numbers(keys.iter().copied().map(Some));
        DataFrame::from_columns([("k", keys)], 2).unwrap()
    };
    for merge in [Merge::on(["k"]), Merge::on(["k"]).broadcast()] {
        let joined = left.merge(&right(&[near as u64, 7, 8]), merge.clone()).unwrap();
        assert_eq!(every_way(&joined, "joined").column("k").unwrap(), &Column::from(vec![7]));
        let error = failure(&left.merge(&right(&[u64::MAX]), merge).unwrap());
        assert!(error.contains("18446744073709551615") && error.contains("Int64"), "{error}");
    }
}

#[test]
fn lists_of_every_width_are_searched() {
    let lists = |values: Column| Column::lists(values, [Some(2), Some(1)]).unwrap();
    let frame = DataFrame::from_columns(
        [
            ("i8", lists(Column::numbers([1_i8, 2, 3].map(Some)))),
            ("u64", lists(Column::numbers([1, 2, u64::MAX].map(Some)))),
            ("f32", lists(Column::numbers([0.1_f32, 2.0, 3.0].map(Some)))),
        ],
        2,
    )
    .unwrap();
    let contains = |name: &str, value: Scalar| {
        let found = frame.select([col(name).lists().contains(value).alias("found")]).unwrap();
        every_way(&found, name).column("found").unwrap().bools().unwrap().flatten().collect::<Vec<_>>()
    };
    assert_eq!(contains("i8", 2.into()), [true, false]);
    assert_eq!(contains("i8", 300.into()), [false, false]);
    assert_eq!(contains("i8", 2.5.into()), [false, false]);
    assert_eq!(contains("u64", 2.into()), [true, false]);
    assert_eq!(contains("u64", (-1).into()), [false, false]);
    assert_eq!(contains("u64", Scalar::UInt64(u64::MAX)), [false, true]);
    assert_eq!(contains("f32", 0.1.into()), [true, false]);
    assert_eq!(contains("f32", 3.into()), [false, true]);
}

#[test]
fn other_collections_get_64_bits() {
    let partitions = one_row().to_partitions().unwrap();
    let again = DataFrame::from_partitions(&partitions).unwrap();
    let expected = "i8: Int64, i32: Int64, u8: Int64, u64: UInt64, f32: Float64, i64: Int64, f64: Float64";
    assert_eq!(every_way(&again, "exchanged").schema().to_string(), expected);
    assert_same(
        &every_way(&again, "exchanged"),
        &one_row().compute_with(&Sync::new()).unwrap(),
        "the values",
    );
    let dates = one_row().with_column("d", col("i32").cast(DataType::Date)).unwrap();
    let error = dates.to_partitions().unwrap_err().to_string();
    assert!(error.contains("`d` is Date"), "{error}");
}

#[test]
fn times_are_computed_with_every_width() {
    check(col("i32").cast(DataType::Date), DataType::Date, Scalar::Date(100));
    let five = || lit(Scalar::Duration(5));
    check(five() * col("i8"), DataType::Duration, Scalar::Duration(500));
    check(col("u8") * five(), DataType::Duration, Scalar::Duration(500));
    check(five() / col("u64"), DataType::Duration, Scalar::Duration(0));
    check(five() * col("f32"), DataType::Duration, Scalar::Duration(1));
}

#[test]
fn an_index_of_every_width_is_divided_by_bare_numbers() {
    let values = Column::numbers((0..8).map(Some::<i16>));
    let frame = DataFrame::from_columns([("n", values)], 3).unwrap();
    let indexed = frame.set_index_divisions("n", [0, 4, 7]).unwrap();
    let some = every_way(&indexed.loc(5).unwrap(), "a label");
    assert_eq!(some.column("n").unwrap(), &Column::numbers([Some(5_i16)]));
}

#[test]
fn texts_are_read_and_written_in_every_width() {
    let table = one_row().compute_with(&Sync::new()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("narrow.csv");
    one_row().to_csv_with(&path, &Sync::new()).unwrap();
    assert!(std::fs::read_to_string(&path).unwrap().contains("100,100,100,18446744073709551615,0.1,100,0.1"));
    let mut read = read_csv(path.to_str().unwrap());
    for field in table.schema().fields() {
        read = read.dtype(field.name(), field.dtype());
    }
    assert_eq!(every_way(&read.open().unwrap(), "read"), table);
    // A number that does not fit is told with its place.
    std::fs::write(&path, "x\n1\n300\n").unwrap();
    let read = read_csv(path.to_str().unwrap()).dtype("x", DataType::UInt8).open().unwrap();
    let error = failure(&read);
    assert!(error.contains("300") && error.contains("UInt8"), "{error}");
}
