//! Tables of a database of SQLite, read and written.

use std::error::Error;
use std::path::PathBuf;

use dask_frame::{
    Column, DataFrame, DataType, FrameError, IfExists, ReadError, Scalar, SqlError, Table, WriteError,
    WriteSql, col, lit, read_sql_query, read_sql_table,
};
use dask_graph::testing::Travelling;
use dask_graph::{Collection, Scheduler};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

fn schedulers() -> [(&'static str, Box<dyn Scheduler>); 3] {
    [
        ("sync", Box::new(Sync::new())),
        ("threaded, optimised", Box::new(Optimized::new(Threaded::with_workers(2)))),
        ("travelling", Box::new(Travelling)),
    ]
}

#[track_caller]
fn computed(frame: &DataFrame) -> Table {
    let [first, second, third] = schedulers().map(|(name, scheduler)| {
        frame.compute_with(&*scheduler).unwrap_or_else(|error| panic!("{name}: {}", chain(&error)))
    });
    assert_eq!(first, second);
    assert_eq!(first, third);
    first
}

fn chain(error: &dyn Error) -> String {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        chain += &format!(": {error}");
        source = error.source();
    }
    chain
}

/// A database made by these statements.
fn database(statements: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.sqlite");
    Connection::open(&path).unwrap().execute_batch(statements).unwrap();
    (dir, path)
}

const FLIGHTS: &str = "
    CREATE TABLE flights (number INTEGER, carrier VARCHAR(2), delay DOUBLE, on_time BOOLEAN, day DATE,
                          left TIMESTAMP, \"odd \"\"name\" INT, anything);
    INSERT INTO flights VALUES
        (1, 'UA', 7.5, 0, '2013-01-01', '2013-01-01 05:17:00', 1, 1),
        (2, 'aa', NULL, 1, NULL, NULL, NULL, 2.5),
        (3, 'B6', 3, 0, '2013-01-02', '2013-01-02T23:59:59.5', 3, NULL),
        (NULL, NULL, -1, NULL, '2013-01-03', NULL, 4, 4),
        (9, 'AA', 0, 1, '2013-01-04', '2013-01-04 00:00:00', 5, 5);";

#[test]
fn types_are_those_of_the_database() {
    let (_dir, path) = database(FLIGHTS);
    let frame = read_sql_table(&path, "flights").open().unwrap();
    let types = "number: Int64, carrier: Utf8, delay: Float64, on_time: Bool, day: Date, left: Timestamp, \
                 odd \"name: Int64, anything: Float64";
    assert_eq!(frame.schema().to_string(), types);
    let table = computed(&frame);
    assert_eq!(
        table.column("number").unwrap(),
        &Column::from(vec![Some(1), Some(2), Some(3), None, Some(9)])
    );
    assert_eq!(table.column("delay").unwrap().get(2), Scalar::from(3.0));
    assert_eq!(table.column("on_time").unwrap().get(1), Scalar::from(true));
    assert_eq!(table.column("day").unwrap().get(0).to_string(), "2013-01-01");
    assert_eq!(table.column("left").unwrap().null_count(), 2);
    assert_eq!(table.column("anything").unwrap().get(0), Scalar::from(1.0));
    let query = "SELECT carrier, number * 2 AS twice FROM flights WHERE number > 1;";
    let twice = computed(&read_sql_query(&path, query).open().unwrap());
    assert_eq!(twice.column("twice").unwrap(), &Column::from(vec![4, 6, 18]));
}

#[test]
fn partitions_are_ranges_of_the_index_column() {
    let (_dir, path) = database(FLIGHTS);
    let read = || read_sql_table(&path, "flights").index("number").columns(["number"]);
    let all = |frame: &DataFrame| {
        let table = computed(frame);
        let numbers = table.column("number").unwrap().clone();
        let mut numbers = (0..numbers.len()).map(|at| numbers.get(at).to_string()).collect::<Vec<_>>();
        numbers.sort();
        numbers
    };
    for n in 1..12 {
        let frame = read().npartitions(n).open().unwrap();
        assert!(frame.n_partitions() <= n);
        assert_eq!(all(&frame), ["1", "2", "3", "9", "null"], "{n}");
    }
    assert_eq!(read().npartitions(4).open().unwrap().n_partitions(), 4);
    let divided = read().divisions([1, 3, 3, 8]).open().unwrap();
    assert_eq!(
        (divided.n_partitions(), all(&divided)),
        (3, ["1", "2", "3", "null"].map(String::from).to_vec())
    );
    let limited = read().limits(2, 9).npartitions(2).open().unwrap();
    assert_eq!(all(&limited), ["2", "3", "9", "null"]);
    let chunks = read().bytes_per_chunk(100).open().unwrap();
    assert!(chunks.n_partitions() > 1);
    let texts = read_sql_table(&path, "flights").index("carrier").divisions(["A", "B", "z"]).open().unwrap();
    assert_eq!(computed(&texts).n_rows(), 5);
    let floats = read_sql_table(&path, "flights").index("delay").npartitions(3).open().unwrap();
    assert_eq!(computed(&floats).n_rows(), 5);
}

#[test]
fn filters_and_columns_are_told_to_the_database() {
    let (_dir, path) = database(FLIGHTS);
    let frame = read_sql_table(&path, "flights").index("number").npartitions(2).open().unwrap();
    let late = frame.filter(col("delay").gt(lit(2.0)).and(col("carrier").ne("UA"))).unwrap();
    let late = late.select(["number"]).unwrap();
    let plan = late.explain_plan();
    let told = r#"where (CAST("delay" AS REAL) > ? AND "carrier" COLLATE BINARY <> ?)"#;
    assert!(plan.contains(told), "{plan}");
    assert_eq!(computed(&late).column("number").unwrap(), &Column::from(vec![3]));
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let (dir, path) = database(FLIGHTS);
    let sql = |frame: Result<DataFrame, FrameError>| match frame.map(drop).unwrap_err() {
        FrameError::Read(ReadError::Sql(error)) => error,
        other => panic!("{other}"),
    };
    let error = sql(read_sql_table(&path, "flihgts").open());
    assert!(
        error.to_string().ends_with("has no table `flihgts`; did you mean `flights`?; tables are flights"),
        "{error}"
    );
    let error = sql(read_sql_table(dir.path().join("none"), "flights").open());
    assert!(matches!(error, SqlError::Database { .. }), "{error}");
    assert!(!dir.path().join("none").exists());
    let error = chain(&sql(read_sql_query(&path, "SELECT missing FROM flights").open()));
    assert!(error.contains("no such column: missing"), "{error}");
    let error = read_sql_table(&path, "flights").columns(["carier"]).open().map(drop).unwrap_err();
    assert!(error.to_string().contains("did you mean `carrier`?"), "{error}");
    for wrong in [
        read_sql_table(&path, "flights").npartitions(2),
        read_sql_table(&path, "flights").index("number").npartitions(0),
        read_sql_table(&path, "flights").index("number").divisions([1]),
        read_sql_table(&path, "flights").index("carrier").npartitions(2),
        read_sql_table(&path, "flights").index("day").npartitions(2),
        read_sql_table(&path, "flights").index("number").divisions(["a", "b"]),
    ] {
        let error = wrong.clone().open().map(drop).unwrap_err();
        assert!(matches!(error, FrameError::BadArgument { .. }), "{error}: {wrong:?}");
    }
    // A column may hold anything in SQLite, and tables change.
    let frame = read_sql_table(&path, "flights").open().unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.execute("UPDATE flights SET number = 'x' WHERE number = 9", []).unwrap();
    let error = chain(&frame.compute_with(&Sync::new()).unwrap_err());
    assert!(error.contains("column `number`: `x` is no Int64"), "{error}");
    connection.execute("ALTER TABLE flights RENAME COLUMN number TO other", []).unwrap();
    let error = chain(&frame.compute_with(&Sync::new()).unwrap_err());
    assert!(error.contains("no such column"), "{error}");
    connection.execute("DROP TABLE flights", []).unwrap();
    let error = chain(&frame.compute_with(&Sync::new()).unwrap_err());
    assert!(error.contains("no such table"), "{error}");
}

fn frame(n: usize) -> DataFrame {
    let columns = [
        ("n", Column::from((0..n as i64).collect::<Vec<_>>())),
        ("x", Column::from((0..n).map(|n| (n % 3 > 0).then_some(n as f64 / 4.0)).collect::<Vec<_>>())),
        ("text \"t\"", Column::from((0..n).map(|n| format!("it's {n}")).collect::<Vec<_>>())),
        ("b", Column::from((0..n).map(|n| (n % 4 > 0).then_some(n % 2 == 0)).collect::<Vec<_>>())),
        ("t", Column::timestamps((0..n).map(|n| Some(n as i64 * 1_234_567)))),
        ("d", Column::dates((0..n).map(|n| Some(n as i64)))),
    ];
    DataFrame::from_columns(columns, 3).unwrap()
}

#[test]
fn tables_are_written_in_order_and_come_back() {
    for (name, scheduler) in schedulers() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new.sqlite");
        let frame = frame(20);
        frame.to_sql_with(&path, "a table", &*scheduler).unwrap_or_else(|e| panic!("{name}: {}", chain(&e)));
        let read = read_sql_table(&path, "a table").open().unwrap();
        assert_eq!(read.schema(), frame.schema());
        assert_eq!(computed(&read), computed(&frame), "{name}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "{name}");
    }
}

#[test]
fn tables_appear_whole_or_not_at_all() {
    let (_dir, path) = database(FLIGHTS);
    let n = |path: &PathBuf, table: &str| computed(&read_sql_table(path, table).open().unwrap()).n_rows();
    let write = |what| WriteSql::new(&path, "Flights").if_exists(what);
    let there = write(IfExists::Fail).write_with(&frame(5), &Sync::new()).unwrap_err();
    assert!(matches!(there, WriteError::Sql(SqlError::Exists { .. })), "{there}");
    let failing = frame(5).with_column("n", col("n") + i64::MAX).unwrap();
    let error = write(IfExists::Replace).write_with(&failing, &Sync::new()).unwrap_err();
    assert!(chain(&error).contains("integer overflow"), "{error}");
    // Columns that the table does not have.
    let error = write(IfExists::Append).write_with(&frame(5), &Sync::new()).unwrap_err();
    assert!(chain(&error).contains("no column named"), "{}", chain(&error));
    assert_eq!(n(&path, "flights"), 5);
    write(IfExists::Replace).write_with(&frame(4), &Sync::new()).unwrap();
    assert_eq!(n(&path, "flights"), 4);
    write(IfExists::Append).write_with(&frame(3), &Threaded::with_workers(2)).unwrap();
    assert_eq!(n(&path, "flights"), 7);
    let spans = DataFrame::from_columns([("u", Column::durations([Some(1)]))], 1).unwrap();
    let error = spans.to_sql_with(&path, "spans", &Sync::new()).unwrap_err();
    assert!(
        matches!(error, WriteError::Frame(FrameError::WrongType { got: DataType::Duration, .. })),
        "{error}"
    );
}

fn condition() -> impl Strategy<Value = dask_frame::Expr> {
    let leaf = (0..9, -3_i64..12, any::<bool>()).prop_map(|(kind, value, turned)| {
        let text = ["UA", "aa", "B", "Z"][value.rem_euclid(4) as usize];
        match kind {
            0 if turned => lit(value).lt(col("number")),
            0 => col("number").lt(value),
            1 => col("number").ne(value),
            2 => col("delay").ge(value as f64 / 2.0),
            3 => col("delay").eq(value),
            4 => col("carrier").lt(text),
            5 => col("carrier").ne(text),
            6 => col("number").is_in([value, 3, 9]),
            7 if turned => col("carrier").is_not_null(),
            7 => col("carrier").is_null(),
            _ => (col("number") + 1).gt(value),
        }
    });
    leaf.prop_recursive(3, 8, 2, |inner| {
        (inner.clone(), inner, any::<bool>()).prop_map(|(a, b, and)| if and { a.and(b) } else { a.or(b) })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What the database leaves out, the filter would have.
    #[test]
    fn filtered_by_the_database_or_by_the_frame(condition in condition(), n in 1_usize..4) {
        let (_dir, path) = database(FLIGHTS);
        let read = read_sql_table(&path, "flights").index("number").npartitions(n).open().unwrap();
        // In memory there is nobody to tell the filter to.
        let held = DataFrame::from_table(&read.compute_with(&Sync::new()).unwrap(), 1).unwrap();
        let filtered = |frame: &DataFrame| frame.filter(condition.clone()).unwrap().compute_with(&Sync::new()).unwrap();
        prop_assert_eq!(filtered(&read), filtered(&held));
    }
}
