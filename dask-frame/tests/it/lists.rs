//! Columns of lists: made by groups, moved like other columns, given rows of their own again.

use std::collections::BTreeMap;

use dask_frame::{
    Column, DataFrame, DataType, Keep, Merge, Pivot, RankMethod, Scalar, Scan, Sort, Table, ValueCounts,
    coalesce, col, lit, read_csv, row_max, size, when,
};
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::laws::{Row, compute, frame, rows};
use super::run::{every_way, failure};

/// A table with lists of which some are missing, some without values, and some with missing values.
fn table() -> Table {
    let lists = vec![
        Some(vec![Some(1), Some(2)]),
        None,
        Some(vec![]),
        Some(vec![Some(3), None]),
        Some(vec![Some(1), Some(2)]),
        Some(vec![None]),
        Some(vec![]),
    ];
    let texts = ["a", "bc", "", "d e", "a", "f", ""].map(|text| text.split(' ').collect::<Vec<_>>());
    Table::new([
        ("k", Column::from(vec![Some("b"), Some("a"), None, Some("b"), Some("a"), None, Some("b")])),
        ("n", Column::from(vec![4, 7, 1, 3, 6, 2, 5])),
        ("l", Column::from(lists)),
        ("t", Column::from(texts.to_vec())),
    ])
    .unwrap()
}

/// The table in partitions of which some are empty.
fn cut() -> DataFrame {
    let parts = [(0, 2), (2, 0), (2, 3), (5, 2), (7, 0)];
    DataFrame::from_tables(parts.map(|(start, len)| table().slice(start, len))).unwrap()
}

/// Rows of the table by number.
fn at(rows: &[usize]) -> Vec<Table> {
    rows.iter().map(|&row| table().slice(row, 1)).collect()
}

#[track_caller]
fn check_rows(frame: DataFrame, expected: &[usize], what: &str) {
    let frame = frame.select(["k", "n", "l", "t"]).unwrap();
    let got = every_way(&frame, what);
    assert_eq!(got.schema(), table().schema(), "{what}");
    let each = (0..got.n_rows()).map(|row| got.slice(row, 1)).collect::<Vec<_>>();
    assert_eq!(each, at(expected), "{what}");
}

#[test]
fn lists_are_shown() {
    let all = every_way(&cut(), "the frame");
    assert_eq!(all, table());
    assert_eq!(
        all.slice(0, 4).to_string(),
        "\
k         n            l           t
Utf8  Int64  List[Int64]  List[Utf8]
----  -----  -----------  ----------
b         4       [1, 2]         [a]
a         7         null        [bc]
null      1           []          []
b         3    [3, null]      [d, e]
4 rows
"
    );
    assert_eq!(
        format!("{:?}", all.column("l").unwrap().slice(3, 1)),
        "List[Int64] [List(Int64 [Int64(3), Null(Int64)])]"
    );
}

#[test]
fn lists_move_with_their_rows() {
    check_rows(cut().filter(col("n").gt(3)).unwrap(), &[0, 1, 4, 6], "filter");
    check_rows(cut().filter(col("l").is_null()).unwrap(), &[1], "is_null");
    check_rows(cut().drop_nulls(["l", "k"]).unwrap(), &[0, 3, 4, 6], "drop_nulls");
    check_rows(cut().sort_values("n").unwrap(), &[2, 5, 3, 0, 6, 4, 1], "sort_values");
    check_rows(cut().set_index_divisions("n", [1, 3, 7]).unwrap(), &[2, 5, 3, 0, 6, 4, 1], "set_index");
    check_rows(cut().repartition(2).unwrap(), &[0, 1, 2, 3, 4, 5, 6], "repartition");
    check_rows(cut().limit(3), &[0, 1, 2], "limit");
    check_rows(cut().nlargest(2, "n").unwrap(), &[1, 4], "nlargest");
    check_rows(cut().group_by(["k"]).tail(1).unwrap(), &[4, 6], "tail of groups");
    check_rows(cut().drop_duplicates(["k"], Keep::Last).unwrap(), &[4, 5, 6], "drop_duplicates");
    check_rows(cut().shuffle(["k"], 3).unwrap().sort_values("n").unwrap(), &[2, 5, 3, 0, 6, 4, 1], "shuffle");
    check_rows(DataFrame::concat([&cut(), &cut().limit(1)]).unwrap(), &[0, 1, 2, 3, 4, 5, 6, 0], "concat");
    let keys = DataFrame::from_columns([("n", Column::from(vec![2, 4, 9]))], 2).unwrap();
    check_rows(cut().merge(&keys, Merge::on(["n"])).unwrap(), &[0, 5], "merge");
    check_rows(
        cut().merge(&keys, Merge::on(["n"]).shuffled()).unwrap().sort_values("n").unwrap(),
        &[5, 0],
        "shuffled",
    );
    assert_eq!(cut().head_with(2, &Sync::new()).unwrap(), table().slice(0, 2));
}

#[test]
fn lists_go_through_expressions_of_every_type() {
    let lists = |rows: &[Option<usize>]| {
        let one = |row: &Option<usize>| match row {
            Some(row) => table().column("l").unwrap().slice(*row, 1),
            None => table().column("l").unwrap().slice(1, 1),
        };
        rows.iter().map(|row| one(row).get(0)).collect::<Vec<Scalar>>()
    };
    let check = |expr: dask_frame::Expr, expected: &[Option<usize>]| {
        let got = every_way(&cut().select([expr.clone().alias("x")]).unwrap(), &expr.to_string());
        let got = got.column("x").unwrap();
        assert_eq!((0..got.len()).map(|row| got.get(row)).collect::<Vec<_>>(), lists(expected), "{expr}");
    };
    let l = col("l");
    check(l.shift(1), &[None, Some(0), None, Some(2), Some(3), Some(4), Some(5)]);
    check(l.ffill(), &[Some(0), Some(0), Some(2), Some(3), Some(4), Some(5), Some(6)]);
    check(l.bfill(), &[Some(0), Some(2), Some(2), Some(3), Some(4), Some(5), Some(6)]);
    check(l.fill_null(l.shift(1)), &[Some(0), Some(0), Some(2), Some(3), Some(4), Some(5), Some(6)]);
    check(
        coalesce([l.clone(), l.shift(1)]),
        &[Some(0), Some(0), Some(2), Some(3), Some(4), Some(5), Some(6)],
    );
    check(
        when(col("n").gt(3)).then(l.clone()).otherwise_null(),
        &[Some(0), None, None, None, Some(4), None, Some(6)],
    );
    let two = table().column("l").unwrap().get(0);
    check(l.fill_null(lit(two)), &[Some(0), Some(0), Some(2), Some(3), Some(4), Some(5), Some(6)]);
    let scanned = cut().group_by(["k"]).scan([("x", Scan::shift("l", 1))]).unwrap();
    let got = every_way(&scanned.select(["x"]).unwrap(), "shift of groups");
    let got = got.column("x").unwrap();
    let got = (0..7).map(|row| got.get(row)).collect::<Vec<_>>();
    assert_eq!(got, lists(&[None, None, None, Some(0), None, None, Some(3)]));
    let ends = cut().group_by(["k"]).agg([l.first(), l.last().skip_nulls(false), l.count()]).unwrap();
    let ends = every_way(&ends, "ends of groups");
    assert_eq!(ends.column("l_first").unwrap(), &Column::from(vec![vec![1, 2], vec![1, 2]]));
    assert_eq!(ends.column("l_last").unwrap(), &Column::from(vec![vec![1, 2], vec![]]));
    assert_eq!(ends.column("l_count").unwrap(), &Column::from(vec![1, 3]));
}

/// The answers are those of pandas 3: `groupby(..).agg(list)` and `groupby(..)[..].unique()`.
#[test]
fn groups_are_collected_as_pandas_does() {
    let columns = [
        ("k", Column::from(vec![Some("b"), Some("a"), None, Some("b"), Some("a"), Some("b")])),
        ("j", Column::from(vec![Some(1), Some(1), Some(2), None, Some(1), Some(1)])),
        ("x", Column::from(vec![Some(5), None, Some(7), Some(8), None, Some(5)])),
        ("s", Column::from(vec![Some("p"), Some("q"), None, Some("r"), Some("p"), Some("q")])),
        (
            "c",
            Column::from(vec![Some("p"), Some("q"), None, Some("r"), Some("p"), Some("q")]).to_categorical(),
        ),
    ];
    for partitions in [1, 3, 6, 9] {
        let frame = DataFrame::from_columns(columns.clone(), partitions).unwrap();
        let (x, s) = (col("x"), col("s"));
        let by_k =
            frame.group_by(["k"]).agg([x.list(), s.list(), x.unique(), s.unique(), col("c").list()]).unwrap();
        let by_k = every_way(&by_k, "by k");
        assert_eq!(by_k.column("k").unwrap(), &Column::from(vec!["a", "b"]));
        let lists = Column::from(vec![vec![None, None], vec![Some(5), Some(8), Some(5)]]);
        assert_eq!(by_k.column("x_list").unwrap(), &lists);
        let texts = Column::from(vec![vec!["q", "p"], vec!["p", "r", "q"]]);
        assert_eq!(by_k.column("s_list").unwrap(), &texts);
        assert_eq!(by_k.column("c_list").unwrap(), &texts);
        assert_eq!(by_k.column("x_unique").unwrap(), &Column::from(vec![vec![None], vec![Some(5), Some(8)]]));
        assert_eq!(by_k.column("s_unique").unwrap(), &texts);
        // Lists beside states of one row and of several.
        let by_both = frame.group_by(["k", "j"]).keep_nulls();
        let by_both = by_both.agg([x.list(), s.list(), x.sum(), x.nunique(), x.median(), size()]).unwrap();
        let by_both = every_way(&by_both, "by both");
        assert_eq!(by_both.column("k").unwrap(), &Column::from(vec![Some("a"), Some("b"), Some("b"), None]));
        assert_eq!(by_both.column("j").unwrap(), &Column::from(vec![Some(1), Some(1), None, Some(2)]));
        let lists = vec![vec![None, None], vec![Some(5), Some(5)], vec![Some(8)], vec![Some(7)]];
        assert_eq!(by_both.column("x_list").unwrap(), &Column::from(lists));
        let texts = vec![vec![Some("q"), Some("p")], vec![Some("p"), Some("q")], vec![Some("r")], vec![None]];
        assert_eq!(by_both.column("s_list").unwrap(), &Column::from(texts));
        assert_eq!(by_both.column("x_nunique").unwrap(), &Column::from(vec![0, 1, 1, 1]));
        // Lists of lists, and of no rows.
        let nested =
            frame.group_by(["k"]).agg([x.list().alias("l")]).unwrap().agg([col("l").list()]).unwrap();
        let nested = every_way(&nested, "lists of lists");
        assert_eq!(nested.column("l_list").unwrap().get(0).to_string(), "[[null, null], [5, 8, 5]]");
        let none = frame.filter(col("x").gt(9)).unwrap();
        let none_by_k = every_way(&none.group_by(["k"]).agg([x.list()]).unwrap(), "no groups");
        assert_eq!(
            (none_by_k.n_rows(), none_by_k.schema().to_string()),
            (0, "k: Utf8, x_list: List[Int64]".into())
        );
        let all = every_way(&none.agg([x.list(), x.unique()]).unwrap(), "no rows");
        let nothing = Column::from(vec![Vec::<i64>::new()]);
        assert_eq!((all.column("x_list").unwrap(), all.column("x_unique").unwrap()), (&nothing, &nothing));
    }
}

#[test]
fn missing_values_and_few_values() {
    let frame = cut().group_by(["k"]);
    let least = every_way(&frame.agg([col("n").list().min_count(3)]).unwrap(), "min_count");
    assert_eq!(least.column("n_list").unwrap(), &Column::from(vec![None, Some(vec![4, 3, 5])]));
    let sizes = cut().with_column("size", col("k").cat().set_categories(["a", "c"])).unwrap();
    let all = sizes.group_by(["size"]).observed(false).agg([col("n").list()]).unwrap();
    assert_eq!(
        every_way(&all, "unobserved").column("n_list").unwrap(),
        &Column::from(vec![vec![7, 6], vec![]])
    );
    let transformed = cut().group_by(["k"]).transform([col("n").list()]).unwrap();
    let each = every_way(&transformed.select(["n_list"]).unwrap(), "transform");
    let expected = [Some(vec![4, 3, 5]), Some(vec![7, 6]), None, Some(vec![4, 3, 5]), Some(vec![7, 6]), None];
    assert_eq!(each.column("n_list").unwrap().slice(0, 6), Column::from(expected.to_vec()));
}

/// The answers are those of pandas 3: `explode`.
#[test]
fn lists_explode_as_in_pandas() {
    let exploded = every_way(&cut().select(["n", "l"]).unwrap().explode("l").unwrap(), "explode");
    assert_eq!(exploded.column("n").unwrap(), &Column::from(vec![4, 4, 7, 1, 3, 3, 6, 6, 2, 5]));
    let values = [Some(1), Some(2), None, None, Some(3), None, Some(1), Some(2), None, None];
    assert_eq!(exploded.column("l").unwrap(), &Column::from(values.to_vec()));
    // A filter behind it is one of its rows; the other list is repeated.
    let filtered = cut().explode("l").unwrap().filter(col("l").gt(1)).unwrap();
    let filtered = every_way(&filtered, "filter of values");
    assert_eq!(filtered.column("t").unwrap(), &Column::from(vec![vec!["a"], vec!["d", "e"], vec!["a"]]));
    let error = cut().explode("n").unwrap_err().to_string();
    assert_eq!(
        error,
        "explode: `n` is Int64, expected a list; `explode_split` cuts texts; convert it with `cast` if that is meant"
    );
    assert!(cut().explode_split("l", ",").is_err());
}

/// The answers are those of pandas 3: `str.split`, and `str.len`, `str.get` and `str.join` of lists.
#[test]
fn functions_of_lists() {
    let texts = Column::from(vec![Some("a b"), Some(""), None, Some(" x  y ")]);
    let frame = DataFrame::from_columns([("s", texts)], 3).unwrap();
    let split = col("s").str().split(" ");
    let lists = [
        col("s").str().split_whitespace().to_list().alias("words"),
        split.clone().to_list().alias("parts"),
        split.clone().at_most(1).to_list().alias("two"),
        split.at_most(1).from_end().to_list().alias("last"),
    ];
    let got = every_way(&frame.select(lists).unwrap(), "split");
    let check = |name: &str, expected: [Option<Vec<&str>>; 4]| {
        assert_eq!(got.column(name).unwrap(), &Column::from(expected.to_vec()), "{name}");
    };
    check("words", [Some(vec!["a", "b"]), Some(vec![]), None, Some(vec!["x", "y"])]);
    check("parts", [Some(vec!["a", "b"]), Some(vec![""]), None, Some(vec!["", "x", "", "y", ""])]);
    check("two", [Some(vec!["a", "b"]), Some(vec![""]), None, Some(vec!["", "x  y "])]);
    check("last", [Some(vec!["a", "b"]), Some(vec![""]), None, Some(vec![" x  y", ""])]);
    let l = col("l").lists();
    let t = col("t").lists();
    let functions = [
        (l.len(), Column::from(vec![Some(2), None, Some(0), Some(2), Some(2), Some(1), Some(0)])),
        (l.get(0), Column::from(vec![Some(1), None, None, Some(3), Some(1), None, None])),
        (l.get(-2), Column::from(vec![Some(1), None, None, Some(3), Some(1), None, None])),
        (l.get(i64::MIN), Column::from(vec![None::<i64>; 7])),
        (l.get(i64::MAX), Column::from(vec![None::<i64>; 7])),
        (l.sum(), Column::from(vec![Some(3), None, Some(0), Some(3), Some(3), Some(0), Some(0)])),
        (l.mean(), Column::from(vec![Some(1.5), None, None, Some(3.0), Some(1.5), None, None])),
        (l.min(), Column::from(vec![Some(1), None, None, Some(3), Some(1), None, None])),
        (l.max(), Column::from(vec![Some(2), None, None, Some(3), Some(2), None, None])),
        (l.nunique(), Column::from(vec![Some(2), None, Some(0), Some(1), Some(2), Some(0), Some(0)])),
        (l.unique(), table().column("l").unwrap().clone()),
        (
            l.contains(2.0),
            Column::from(
                [Some(true), None, Some(false), Some(false), Some(true), Some(false), Some(false)].to_vec(),
            ),
        ),
        (
            l.contains(Scalar::Null(DataType::Int64)),
            Column::from(
                [Some(false), None, Some(false), Some(true), Some(false), Some(true), Some(false)].to_vec(),
            ),
        ),
        (t.join("-"), Column::from(vec!["a", "bc", "", "d-e", "a", "f", ""])),
        (t.max(), Column::from(vec!["a", "bc", "", "e", "a", "f", ""])),
        (t.contains("e"), Column::from(vec![false, false, false, true, false, false, false])),
        (
            col("l").shift(1).lists().get(1),
            Column::from(vec![None, Some(2), None, None, None, Some(2), None]),
        ),
        (lit(table().column("l").unwrap().get(0)).lists().max(), Column::from(vec![2; 7])),
    ];
    for (function, expected) in functions {
        let got = every_way(&cut().select([function.clone().alias("x")]).unwrap(), &function.to_string());
        assert_eq!(got.column("x").unwrap(), &expected, "{function}");
    }
    assert_eq!(l.get(-1).to_string(), "lists.get(l; -1)");
    assert_eq!(col("s").str().split(",").to_list().to_string(), "str.split(s; \",\")");
    let missing =
        DataFrame::from_columns([("t", Column::from(vec![vec![Some("c"), None], vec![]]))], 2).unwrap();
    let joined = every_way(&missing.select([t.join("-")]).unwrap(), "missing text");
    assert_eq!(joined.column("t").unwrap(), &Column::from(vec![None, Some("")]));
    let large = DataFrame::from_columns([("l", Column::from(vec![vec![i64::MAX, 1]]))], 1).unwrap();
    assert!(failure(&large.select([l.sum()]).unwrap()).contains("lists.sum(l): integer overflow"));
    let refused = [
        (col("n").lists().len(), "lists.len: `n` is Int64, expected a list"),
        (l.join("-"), "lists.join: `l` is List[Int64], expected lists of texts"),
        (t.sum(), "lists.sum: `t` is List[Utf8], expected lists of numbers"),
        (l.contains("a"), "lists.contains: `l` is List[Int64], and a is Utf8"),
        (
            l.contains(table().column("l").unwrap().get(0)),
            "lists.contains: `l` is List[Int64], and [1, 2] is List[Int64]",
        ),
        (col("t").str().split(",").to_list(), "str.split: `t` is List[Utf8], expected Utf8"),
    ];
    for (function, expected) in refused {
        let error = cut().select([function]).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn what_means_nothing_for_lists_is_refused() {
    let f = cut();
    let l = col("l");
    let other =
        DataFrame::from_columns([("l", Column::from(vec![vec![1]])), ("x", Column::from(vec![2]))], 1)
            .unwrap();
    let aggregate = |aggregate| f.group_by(["k"]).agg([aggregate]);
    let refused = [
        f.group_by(["l"]).agg([size()]),
        f.group_by(["l"]).transform([col("n").sum()]),
        f.group_by(["l"]).head(1),
        f.group_by(["l"]).over([("x", col("n").shift(1))]),
        f.group_by(["l"]).nlargest(1, "n"),
        f.group_by(["k"]).nlargest(1, "l"),
        f.group_by(["l"]).get_group([1]),
        f.unique("l"),
        f.value_counts("l"),
        f.value_counts(ValueCounts::of("k").and("l")),
        f.drop_duplicates(["l"], Keep::First),
        f.drop_duplicates([] as [&str; 0], Keep::First),
        f.sort_values("l"),
        f.sort_values(Sort::by("n").then_by("l")),
        f.nlargest(1, "l"),
        f.set_index("l"),
        f.set_index_sorted("l"),
        f.shuffle(["l"], 2),
        f.merge(&other, Merge::on(["l"])),
        f.merge(&other, Merge::on_pairs([("n", "l")])),
        f.min(),
        f.nunique(),
        aggregate(l.sum()),
        aggregate(l.mean()),
        aggregate(l.min()),
        aggregate(l.idxmax()),
        aggregate(l.mode()),
        aggregate(l.median()),
        aggregate(l.nunique()),
        aggregate(l.nunique_approx()),
        aggregate(l.unique()),
        aggregate(l.any()),
        aggregate(l.corr("n")),
        f.select([l.clone() + 1]),
        f.select([l.clone() + l.clone()]),
        f.select([l.eq(l.clone())]),
        f.select([l.lt(l.clone())]),
        f.select([l.is_in([1])]),
        f.select([l.is_in([table().column("l").unwrap().get(0)])]),
        f.select([l.cast(DataType::Utf8)]),
        f.select([l.try_cast(DataType::Int64)]),
        f.select([l.str().len()]),
        f.select([l.cat().codes()]),
        f.select([l.dt().year()]),
        f.select([l.cum_max()]),
        f.select([l.rank(RankMethod::Average)]),
        f.select([l.rolling(2).sum()]),
        f.select([l.round(1)]),
        f.select([row_max([l.clone(), l.shift(1)])]),
        f.group_by(["k"]).scan([("x", Scan::cummax("l"))]),
        f.group_by(["k"]).scan([("x", Scan::cumsum("l"))]),
        f.filter("l"),
        f.get_dummies("l", [1]),
    ];
    for (number, result) in refused.into_iter().enumerate() {
        let error = result
            .map(|frame| frame.schema().to_string())
            .expect_err(&format!("number {number}"))
            .to_string();
        assert!(
            error.contains("List[Int64]") && error.contains("`l`") || error.contains("`l "),
            "{number}: {error}"
        );
    }
    let error = f.group_by(["l"]).agg([size()]).unwrap_err().to_string();
    assert_eq!(
        error,
        "group_by: `l` is List[Int64], expected values that can be compared; take values out of lists with `explode` or \
         the functions of `lists()`"
    );
    let to_lists = col("n").cast(DataType::list_of(&DataType::Int64));
    assert!(f.select([to_lists]).unwrap_err().to_string().starts_with("cast: `n` is Int64"));
    let error = f.to_partitions().unwrap_err().to_string();
    assert!(error.contains("column `l` is List[Int64], which is not exchanged"), "{error}");
    let directory = tempfile::tempdir().unwrap();
    let error = f.to_csv_with(directory.path().join("out.csv"), &Sync::new()).unwrap_err().to_string();
    assert!(error.contains("to_csv: `l` is List[Int64]") && error.contains("`lists().join`"), "{error}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn files_and_cells_that_have_no_lists() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("in.csv");
    std::fs::write(&path, "l,n\n1 2,3\n").unwrap();
    let lists = DataType::list_of(&DataType::Int64);
    let error = read_csv(path.to_str().unwrap()).dtype("l", lists).open().unwrap_err().to_string();
    assert!(
        error.starts_with("read_csv: column `l` cannot be read as List[Int64]; read it as Utf8"),
        "{error}"
    );
    #[cfg(feature = "sql")]
    {
        let error =
            cut().to_sql_with(directory.path().join("a.db"), "t", &Sync::new()).unwrap_err().to_string();
        assert!(error.starts_with("to_sql: `l` is List[Int64]"), "{error}");
    }
    // They would look at the rows of other cells.
    let strict = [col("n").first(), col("n").sum()].map(|aggregate| aggregate.skip_nulls(false));
    for aggregate in [col("n").list(), col("n").unique()].into_iter().chain(strict) {
        let error = cut().pivot_table(Pivot::new(aggregate, "k", ["a"])).unwrap_err().to_string();
        assert!(error.contains("group by the index and the column instead"), "{error}");
    }
}

#[test]
fn bins_of_time_are_collected() {
    let hours = [0, 1, 5].map(|hour| Some(hour * 3_600_000_000));
    let columns = [("t", Column::timestamps(hours)), ("n", Column::from(vec![1, 2, 3]))];
    let frame = DataFrame::from_columns(columns, 2).unwrap().set_index_sorted("t").unwrap();
    let lists = frame.resample("2h").unwrap().agg([col("n").list()]).unwrap();
    let lists = every_way(&lists, "resample");
    assert_eq!(lists.column("n_list").unwrap(), &Column::from(vec![vec![1, 2], vec![], vec![3]]));
}

/// Values by group, in the order of the rows.
fn grouped(
    rows: &[Row],
    keep_nulls: bool,
) -> BTreeMap<(bool, Option<String>, bool, Option<i64>), Vec<Option<f64>>> {
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for (k, i, f) in rows {
        if keep_nulls || (k.is_some() && i.is_some()) {
            groups.entry((k.is_none(), k.clone(), i.is_none(), *i)).or_default().push(*f);
        }
    }
    groups
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn lists_of_groups(rows in rows(60), partitions in 1usize..20, keep_nulls: bool, with_median: bool) {
        let groups = grouped(&rows, keep_nulls);
        let by = frame(&rows, partitions).group_by(["k", "i"]);
        let by = if keep_nulls { by.keep_nulls() } else { by };
        let median = with_median.then(|| col("f").median());
        let lists = by.agg([col("f").list().alias("list"), col("f").unique().alias("unique")].into_iter().chain(median));
        let got = compute(&lists.unwrap());
        let list = groups.values().cloned().collect::<Vec<_>>();
        prop_assert_eq!(got.column("list").unwrap(), &Column::from(list.clone()));
        let unique = list.iter().map(|list| {
            let first = |at: &usize| list[..*at].iter().all(|before| *before != list[*at]);
            (0..list.len()).filter(first).map(|at| list[at]).collect::<Vec<_>>()
        });
        prop_assert_eq!(got.column("unique").unwrap(), &Column::from(unique.collect::<Vec<_>>()));
    }

    #[test]
    fn what_is_collected_explodes_to_what_it_was(rows in rows(40), partitions in 1usize..8, limit in -20i64..20) {
        let lists = frame(&rows, partitions).group_by(["k"]).keep_nulls().agg([col("f").list().alias("f")]).unwrap();
        let exploded = compute(&lists.explode("f").unwrap().filter(col("f").gt(limit)).unwrap());
        let frame = frame(&rows, 1).select(["k", "f"]).unwrap().sort_values("k").unwrap();
        prop_assert_eq!(exploded, compute(&frame.filter(col("f").gt(limit)).unwrap()));
    }
}
