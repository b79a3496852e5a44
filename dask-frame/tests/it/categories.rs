//! Categories that the schema knows, against what pandas does with them.

use std::collections::BTreeMap;

use dask_frame::{
    Categories, Column, DataFrame, DataType, Expr, FrameError, Merge, Pivot, Scalar, Table, ValueCounts, col,
    lit, read_csv, size, when,
};
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::run::{every_way, failure};

/// Rows of sizes, one missing, of which none is `huge`.
fn table() -> Table {
    let size = Column::from(vec![Some("small"), Some("large"), None, Some("small"), Some("tiny")]);
    Table::new([
        ("size", size),
        ("k", Column::from(vec![1, 2, 1, 1, 2])),
        ("v", Column::from(vec![1, 2, 3, 4, 5])),
    ])
    .unwrap()
}

/// The rows in partitions of which some are empty.
fn texts() -> DataFrame {
    let parts = [(0, 0), (0, 2), (2, 0), (2, 2), (4, 1), (5, 0)];
    DataFrame::from_tables(parts.map(|(start, len)| table().slice(start, len))).unwrap()
}

const SIZES: [&str; 4] = ["tiny", "huge", "small", "large"];

/// The rows with known categories in an order of their own.
fn known() -> DataFrame {
    texts().with_column("size", col("size").cat().set_categories(SIZES)).unwrap()
}

fn ordered() -> DataFrame {
    known().with_column("size", col("size").cat().as_ordered()).unwrap()
}

fn categories(table: &Table) -> Vec<&str> {
    table.column("size").unwrap().categories().unwrap().collect()
}

fn size_of(frame: &DataFrame, what: &str) -> Vec<Option<String>> {
    let table = every_way(frame, what);
    let size = table.column("size").unwrap();
    (0..size.len())
        .map(|row| if size.is_null(row) { None } else { Some(size.get(row).to_string()) })
        .collect()
}

#[track_caller]
fn refused(result: Result<DataFrame, FrameError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn known_categories_are_in_the_schema() {
    assert_eq!(
        known().schema().to_string(),
        "size: Categorical[tiny, huge, small, large], k: Int64, v: Int64"
    );
    assert_eq!(
        ordered().schema().fields()[0].dtype().to_string(),
        "Categorical[tiny < huge < small < large]"
    );
    // Also where no row is left, in no partition at all.
    for frame in [known(), known().filter(lit(false)).unwrap(), known().filter(col("k").gt(1)).unwrap()] {
        assert_eq!(categories(&every_way(&frame, "known")), SIZES);
    }
    let more = Categories::new(["a", "b", "c", "d", "e", "f", "g"]).unwrap();
    assert_eq!(DataType::Categorical(more).to_string(), "Categorical[a, b, c, d, e, … 2 more]");
}

#[test]
fn the_functions_of_categories() {
    let cat = || col("size").cat();
    let with = |expr: Expr| known().with_column("size", expr);
    let some = |texts: [&str; 5]| texts.map(|text| (!text.is_empty()).then(|| text.to_owned())).to_vec();
    let same = ["small", "large", "", "small", "tiny"];
    let cases = [
        (cat().add_categories(["giant"]), vec!["tiny", "huge", "small", "large", "giant"], same),
        (cat().remove_categories(["small"]), vec!["tiny", "huge", "large"], ["", "large", "", "", "tiny"]),
        (
            cat().rename_categories([("small", "S"), ("large", "L")]),
            vec!["tiny", "huge", "S", "L"],
            ["S", "L", "", "S", "tiny"],
        ),
        (
            cat().reorder_categories(["huge", "large", "small", "tiny"]),
            vec!["huge", "large", "small", "tiny"],
            same,
        ),
        (cat().set_categories(["large", "new"]), vec!["large", "new"], ["", "large", "", "", ""]),
        (col("size").fill_null("huge"), SIZES.to_vec(), ["small", "large", "huge", "small", "tiny"]),
        (
            when(col("v").lt(4)).then(col("size")).otherwise_null(),
            SIZES.to_vec(),
            ["small", "large", "", "", ""],
        ),
    ];
    for (expr, expected, rows) in cases {
        let what = expr.to_string();
        let frame = with(expr).unwrap();
        let listed = frame.schema().fields()[0].dtype();
        let listed = listed.categories().unwrap().texts().unwrap().collect::<Vec<_>>();
        assert_eq!(listed, expected, "{what}");
        assert_eq!(size_of(&frame, &what), some(rows), "{what}");
    }
    let codes = every_way(&with(cat().codes()).unwrap(), "codes");
    assert_eq!(codes.column("size").unwrap(), &Column::from(vec![Some(2), Some(3), None, Some(2), Some(0)]));
    let unknown = with(cat().as_unknown()).unwrap();
    assert_eq!(unknown.schema().fields()[0].dtype(), DataType::CATEGORICAL);
    assert_eq!(size_of(&unknown, "unknown"), some(same));
    let used = ordered().remove_unused_categories_with("size", &Sync::new()).unwrap();
    assert_eq!(used.schema().fields()[0].dtype().to_string(), "Categorical[tiny < small < large]");
    assert_eq!(size_of(&used, "used"), some(same));
    for again in [unknown, texts()] {
        let again = again.as_known_with("size", &Sync::new()).unwrap();
        assert_eq!(again.schema().fields()[0].dtype().to_string(), "Categorical[large, small, tiny]");
        assert_eq!(size_of(&again, "known again"), some(same));
    }
}

#[test]
fn functions_refuse_what_they_cannot_do() {
    let cat = || col("size").cat();
    let with = |expr: Expr| refused(known().with_column("size", expr));
    let among = "is none of the categories tiny, huge, small, large";
    assert_eq!(
        with(cat().add_categories(["tiny"])),
        "cat.add_categories: the category \"tiny\" is listed twice"
    );
    assert_eq!(with(cat().remove_categories(["new"])), format!("cat.remove_categories: \"new\" {among}"));
    assert_eq!(
        with(cat().rename_categories([("new", "x")])),
        format!("cat.rename_categories: \"new\" {among}")
    );
    assert_eq!(
        with(cat().rename_categories([("tiny", "huge")])),
        "cat.rename_categories: the category \"huge\" is listed twice"
    );
    assert_eq!(
        with(cat().reorder_categories(["tiny", "huge"])),
        "cat.reorder_categories: the category \"small\" is not listed"
    );
    assert!(with(col("size").fill_null("new")).starts_with(&format!("fill_null: \"new\" {among}")));
    let unknown = texts().with_column("size", col("size").cast(DataType::CATEGORICAL)).unwrap();
    for expr in [cat().add_categories(["x"]), cat().as_ordered(), cat().reorder_categories(["x"])] {
        let error = refused(unknown.with_column("size", expr));
        assert!(error.contains("the categories of `size` are not known; list them"), "{error}");
        assert!(error.ends_with("`as_known`"), "{error}");
    }
    let error = refused(unknown.group_by(["size"]).observed(false).agg([size()]));
    assert!(error.starts_with("group_by: the categories of `size` are not known"), "{error}");
    let error = refused(unknown.pivot_table(Pivot::by_categories(col("v").sum(), "size").index(["k"])));
    assert!(error.starts_with("pivot_table: the categories of `size` are not known"), "{error}");
    let narrow = DataType::Categorical(Categories::new(["small", "large"]).unwrap());
    let error = failure(&texts().with_column("size", col("size").cast(narrow.clone())).unwrap());
    assert!(error.contains("tiny"), "{error}");
    let tried = texts().with_column("size", col("size").try_cast(narrow)).unwrap();
    assert_eq!(every_way(&tried, "tried").column("size").unwrap().null_count(), 2);
}

#[test]
fn categories_are_compared_by_their_order() {
    let kept = |condition: Expr| {
        let frame = ordered().filter(condition).unwrap();
        every_way(&frame, "kept").column("v").unwrap().i64s().unwrap().flatten().collect::<Vec<_>>()
    };
    assert_eq!(kept(col("size").lt("small")), [5]);
    assert_eq!(kept(col("size").ge("small")), [1, 2, 4]);
    assert_eq!(kept(lit("small").lt(col("size"))), [2]);
    assert_eq!(kept(col("size").eq("small")), [1, 4]);
    assert_eq!(kept(col("size").ne("nothing like it")), [1, 2, 4, 5]);
    assert_eq!(kept(col("size").le(col("size"))), [1, 2, 4, 5]);
    assert_eq!(kept(col("size").is_in(["tiny", "large"])), [2, 5]);
    let extremes = ordered().agg([col("size").min().alias("a"), col("size").max().alias("b")]).unwrap();
    let extremes = every_way(&extremes, "extremes");
    assert_eq!(extremes.column("a").unwrap().get(0), Scalar::from("tiny"));
    assert_eq!(extremes.column("b").unwrap().get(0), Scalar::from("large"));
    let sorted = every_way(&known().sort_values(["size", "v"]).unwrap(), "sorted");
    assert_eq!(sorted.column("v").unwrap(), &Column::from(vec![5, 1, 4, 2, 3]));
    // As in pandas, what has no order is equal or not, and nothing else.
    let error = refused(known().filter(col("size").lt("small")));
    assert!(error.contains("expected a type with an order: `cat().as_ordered` gives one"), "{error}");
    let error = refused(known().agg([col("size").min()]));
    assert!(error.contains("expected a type with an order"), "{error}");
    let error = refused(ordered().filter(col("size").lt("medium")));
    assert!(error.contains("\"medium\" is none of the categories tiny < huge < small < large"), "{error}");
    let other = col("size").cat().set_categories(["large", "tiny"]);
    assert!(ordered().filter(col("size").lt(other)).is_err());
    assert!(ordered().filter(col("size").lt(col("size").cast(DataType::Utf8))).is_err());
}

#[test]
fn groups_of_categories_that_no_row_has() {
    let v = col("v");
    let grouped = known().group_by(["size"]).observed(false);
    let frame = grouped
        .agg([
            v.sum().alias("sum"),
            v.count().alias("count"),
            v.mean().alias("mean"),
            v.prod().alias("prod"),
            v.first().alias("first"),
            v.nunique().alias("nunique"),
            v.max().alias("max"),
            v.var().alias("var"),
            v.median().alias("median"),
            v.any().alias("any"),
            v.all().alias("all"),
            v.sum().min_count(1).alias("least"),
        ])
        .unwrap();
    let got = every_way(&frame, "unobserved");
    // pandas 3.1: `df.groupby("size", observed=False).agg(…)`.
    assert_eq!(categories(&got), SIZES);
    let keys = (0..4).map(|row| got.column("size").unwrap().get(row).to_string()).collect::<Vec<_>>();
    assert_eq!(keys, SIZES);
    let column = |name: &str| got.column(name).unwrap();
    assert_eq!(column("sum"), &Column::from(vec![5, 0, 5, 2]));
    assert_eq!(column("count"), &Column::from(vec![1, 0, 2, 1]));
    assert_eq!(column("mean"), &Column::from(vec![Some(5.0), None, Some(2.5), Some(2.0)]));
    assert_eq!(column("prod"), &Column::from(vec![5, 1, 4, 2]));
    assert_eq!(column("first"), &Column::from(vec![Some(5), None, Some(1), Some(2)]));
    assert_eq!(column("nunique"), &Column::from(vec![1, 0, 2, 1]));
    assert_eq!(column("max"), &Column::from(vec![Some(5), None, Some(4), Some(2)]));
    assert_eq!(column("var"), &Column::from(vec![None, None, Some(4.5), None]));
    assert_eq!(column("median"), &Column::from(vec![Some(5.0), None, Some(2.5), Some(2.0)]));
    assert_eq!(column("any"), &Column::from(vec![true, false, true, true]));
    assert_eq!(column("all"), &Column::from(vec![true, true, true, true]));
    assert_eq!(column("least"), &Column::from(vec![Some(5), None, Some(5), Some(2)]));
    // A filter on keys stays behind groups that come of no row.
    let only = frame.filter(col("size").eq("huge")).unwrap();
    assert_eq!(every_way(&only, "filtered").column("sum").unwrap(), &Column::from(vec![0]));
    let none = known()
        .filter(lit(false))
        .unwrap()
        .group_by(["size"])
        .observed(false)
        .agg([size().alias("n")])
        .unwrap();
    assert_eq!(every_way(&none, "no rows").column("size").unwrap().len(), 4);
}

#[test]
fn groups_of_several_keys_are_their_product() {
    let sums = |keep: bool| {
        let grouped = known().group_by(["size", "k"]).observed(false);
        let grouped = if keep { grouped.keep_nulls() } else { grouped };
        every_way(&grouped.agg([col("v").sum().alias("s")]).unwrap(), "product")
    };
    // tiny, huge, small, large, each with 1 and 2; and the missing.
    assert_eq!(sums(false).column("k").unwrap(), &Column::from([1, 2].repeat(4)));
    assert_eq!(sums(false).column("s").unwrap(), &Column::from(vec![0, 5, 0, 0, 5, 0, 0, 2]));
    assert_eq!(sums(true).column("s").unwrap(), &Column::from(vec![0, 5, 0, 0, 5, 0, 0, 2, 3, 0]));
    let both = known().with_column("again", col("size")).unwrap();
    let both = both.group_by(["size", "again"]).observed(false).agg([size().alias("n")]).unwrap();
    let both = every_way(&both, "two categories");
    let n = both.column("n").unwrap().i64s().unwrap().flatten().collect::<Vec<_>>();
    assert_eq!(n, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]);
}

#[test]
fn counts_and_columns_of_categories() {
    let counts = every_way(&known().value_counts("size").unwrap(), "value_counts");
    let values = (0..4).map(|row| counts.column("size").unwrap().get(row).to_string()).collect::<Vec<_>>();
    assert_eq!(values, ["small", "tiny", "large", "huge"]);
    assert_eq!(counts.column("count").unwrap(), &Column::from(vec![2, 1, 1, 0]));
    let with_nulls =
        every_way(&known().value_counts(ValueCounts::of("size").keep_nulls()).unwrap(), "with nulls");
    assert_eq!(with_nulls.column("count").unwrap(), &Column::from(vec![2, 1, 1, 1, 0]));
    let dummies = every_way(&known().get_dummies_of_categories("size").unwrap(), "dummies");
    assert_eq!(
        dummies.schema().names().collect::<Vec<_>>(),
        ["size_tiny", "size_huge", "size_small", "size_large"]
    );
    assert_eq!(dummies.column("size_small").unwrap(), &Column::from(vec![true, false, false, true, false]));
    let pivot = known().pivot_table(Pivot::by_categories(col("v").sum(), "size").index(["k"])).unwrap();
    let pivot = every_way(&pivot, "pivot");
    assert_eq!(pivot.schema().names().collect::<Vec<_>>(), ["k", "tiny", "huge", "small", "large"]);
    assert_eq!(pivot.column("small").unwrap(), &Column::from(vec![Some(5), None]));
}

#[test]
fn frames_of_other_categories_are_put_together_as_texts() {
    let dtype = |frame: &DataFrame| frame.schema().fields()[0].dtype();
    let other = |list: &[&str]| {
        let list = list.iter().copied();
        texts().with_column("size", col("size").cat().set_categories(list)).unwrap()
    };
    let same = DataFrame::concat_outer([&known(), &known()]).unwrap();
    assert_eq!(dtype(&same), dtype(&known()));
    assert_eq!(every_way(&same, "same").n_rows(), 10);
    // An order without meaning may be another.
    let turned = other(&["large", "small", "huge", "tiny"]);
    let turned = DataFrame::concat_outer([&known(), &turned]).unwrap();
    assert_eq!(dtype(&turned), dtype(&known()));
    let twice = ["small", "large", "", "small", "tiny"].repeat(2);
    let twice = twice.iter().map(|text| (!text.is_empty()).then(|| (*text).to_owned())).collect::<Vec<_>>();
    assert_eq!(size_of(&turned, "turned"), twice);
    let fewer = DataFrame::concat_outer([&known(), &other(&["small", "large", "tiny"])]).unwrap();
    assert_eq!(dtype(&fewer), DataType::Utf8);
    assert_eq!(size_of(&fewer, "texts"), twice);
    let merged = known().merge(&known().rename([("v", "w")]).unwrap(), Merge::on(["size", "k"])).unwrap();
    assert_eq!(dtype(&merged), dtype(&known()));
    assert_eq!(every_way(&merged, "merged").n_rows(), 7);
    let merged =
        known().merge(&other(&["small"]).rename([("v", "w")]).unwrap(), Merge::on(["size"])).unwrap();
    assert_eq!(dtype(&merged), DataType::Utf8);
}

#[test]
fn readers_take_known_categories() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sizes.csv");
    std::fs::write(&path, "size,n\nsmall,1\n,2\nlarge,3\n").unwrap();
    let read = |list: &[&str]| {
        let dtype = DataType::Categorical(Categories::new(list).unwrap().ordered());
        read_csv(path.to_str().unwrap()).dtype("size", dtype).open().unwrap()
    };
    let frame = read(&["small", "large", "huge"]);
    assert_eq!(frame.schema().to_string(), "size: Categorical[small < large < huge], n: Int64");
    let got = every_way(&frame, "read");
    assert_eq!(got.column("size").unwrap().codes().unwrap().collect::<Vec<_>>(), [Some(0), None, Some(1)]);
    let error = failure(&read(&["small"]));
    assert!(error.contains("large"), "{error}");
}

#[cfg(any(feature = "parquet", feature = "ipc"))]
#[test]
fn known_categories_come_back_from_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let none = || known().filter(lit(false)).unwrap();
    for (name, frame) in [("known", known()), ("ordered", ordered()), ("none", none())] {
        let expected = every_way(&frame, name);
        #[cfg(feature = "parquet")]
        {
            let path = path(&format!("{name}.parquet"));
            frame.to_parquet_with(&path, &Sync::new()).unwrap();
            let back = dask_frame::read_parquet(&path).open().unwrap();
            assert_eq!(back.schema(), frame.schema(), "{name}");
            assert_eq!(every_way(&back, name), expected);
        }
        #[cfg(feature = "ipc")]
        {
            let path = path(&format!("{name}.arrow"));
            frame.to_ipc_with(&path, &Sync::new()).unwrap();
            let back = dask_frame::read_ipc(&path).open().unwrap();
            assert_eq!(back.schema(), frame.schema(), "{name}");
            assert_eq!(every_way(&back, name), expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The schema is known before, whatever the rows are and however they are cut, and groups are those of the list.
    #[test]
    fn the_categories_of_a_plan_are_those_of_its_result(
        rows in prop::collection::vec((prop::option::of("[a-d]"), -5i64..5), 0..30),
        list in prop::sample::subsequence(vec!["a", "b", "c", "d", "e"], 0..=5),
        partitions in 1usize..7,
    ) {
        let texts = Column::from(rows.iter().map(|row| row.0.clone()).collect::<Vec<_>>());
        let numbers = Column::from(rows.iter().map(|row| row.1).collect::<Vec<_>>());
        let frame = DataFrame::from_columns([("c", texts), ("n", numbers)], partitions).unwrap();
        let frame = frame.with_column("c", col("c").cat().set_categories(list.clone())).unwrap();
        let mut sums = list.iter().map(|text| (*text, (0, 0))).collect::<BTreeMap<_, _>>();
        for (text, n) in &rows {
            if let Some((sum, count)) = text.as_deref().and_then(|text| sums.get_mut(text)) {
                *sum += n;
                *count += 1;
            }
        }
        let groups = frame.group_by(["c"]).observed(false).agg([col("n").sum().alias("sum"), size().alias("n")]);
        let got = every_way(&groups.unwrap(), "groups");
        prop_assert_eq!(got.column("sum").unwrap(), &Column::from(sums.values().map(|x| x.0).collect::<Vec<_>>()));
        prop_assert_eq!(got.column("n").unwrap(), &Column::from(sums.values().map(|x| x.1).collect::<Vec<_>>()));
        let seen = every_way(&frame.group_by(["c"]).agg([size().alias("n")]).unwrap(), "observed");
        let counts = sums.values().map(|x| x.1).filter(|&n| n > 0).collect::<Vec<_>>();
        prop_assert_eq!(seen.column("n").unwrap(), &Column::from(counts));
        for frame in [
            frame.sort_values("c").unwrap(),
            frame.filter(col("n").gt(0)).unwrap(),
            frame.merge(&frame, Merge::on(["c"])).unwrap(),
            frame.with_column("c", col("c").shift(1)).unwrap(),
            frame.with_column("c", col("c").cat().add_categories(["z"])).unwrap(),
            frame.with_column("c", col("c").cat().as_ordered()).unwrap().group_by(["n"]).agg([col("c").max()]).unwrap(),
        ] {
            every_way(&frame, "the schema is asserted");
        }
    }
}
