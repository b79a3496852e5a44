//! What is wrong with an input is told: what, where, and what to do.

use std::fs;
use std::io::Write;
use std::path::Path;

use dask_frame::{
    Column, DataFrame, DataType, FrameError, Merge, ReadError, Sort, WriteError, col, lit, read_csv, when,
};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::computed::chain;
use super::run::{failure, schedulers};

fn frame() -> DataFrame {
    let columns = [
        ("carrier", Column::from(vec!["UA", "AA"])),
        ("delay", Column::from(vec![Some(i64::MAX), None])),
        ("late", Column::from(vec![true, false])),
    ];
    DataFrame::from_columns(columns, 2).expect("columns of one length")
}

/// A directory with a file in it, and the path of the file.
fn file(name: &str, bytes: impl AsRef<[u8]>) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join(name);
    fs::write(&path, bytes).expect("a file");
    let path = path.to_str().expect("a plain path").to_owned();
    (dir, path)
}

/// The causes of a failed read without the path of the file.
#[track_caller]
fn read_failure(frame: &DataFrame, path: &str) -> String {
    failure(frame).replace(path, "FILE")
}

#[track_caller]
fn check<T: std::fmt::Debug>(result: Result<T, FrameError>, message: &str) {
    assert_eq!(result.expect_err("this is a mistake").to_string(), message);
}

#[test]
fn mistakes_are_told_where_they_are_written() {
    let f = frame();
    let columns = "columns are carrier, delay, late";
    let unknown =
        |name: &str, near: &str| format!("unknown column `{name}`; did you mean `{near}`?; {columns}");
    check(f.select(["carier"]), &unknown("carier", "carrier"));
    check(f.drop(["dely"]), &unknown("dely", "delay"));
    check(f.rename([("Late", "x")]), &unknown("Late", "late"));
    check(f.filter(col("lat")), &unknown("lat", "late"));
    check(f.with_column("x", col("delays") + 1), &unknown("delays", "delay"));
    check(f.group_by(["carrie"]).agg([col("delay").sum()]), &unknown("carrie", "carrier"));
    check(f.group_by(["carrier"]).agg([col("dellay").sum()]), &unknown("dellay", "delay"));
    check(f.sort_values("delai"), &unknown("delai", "delay"));
    check(f.merge(&f, Merge::on(["carriers"])), &unknown("carriers", "carrier"));
    check(f.drop_nulls(["zzz"]), &format!("unknown column `zzz`; {columns}"));
    check(
        f.filter(col("delay")),
        "filter: `delay` is Int64, expected Bool; convert it with `cast` if that is meant",
    );
    check(
        f.with_column("x", col("carrier") * 2),
        "*: `carrier` is Utf8, expected a number; convert it with `cast` if that is meant",
    );
    check(f.filter(col("carrier").eq(1)), "==: `carrier` is Utf8 and `1` is Int64; convert one with `cast`");
    check(
        f.with_column("x", col("delay").fill_null("none")),
        "fill_null: `delay` is Int64 and `\"none\"` is Utf8; convert one with `cast`",
    );
    check(
        f.with_column("x", when(col("late")).then(1).otherwise("no")),
        "when: `1` is Int64 and `\"no\"` is Utf8; convert one with `cast`",
    );
    check(
        f.group_by(["late"]).agg([col("carrier").mean()]),
        "mean: `carrier` is Utf8, expected a number or Bool; convert it with `cast` if that is meant",
    );
    check(
        f.merge(&f.rename([("delay", "carrier"), ("carrier", "delay")]).unwrap(), Merge::on(["carrier"])),
        "merge: `carrier` is Utf8 and `carrier` is Int64; convert one with `cast`",
    );
    check(
        f.select([col("delay"), col("late").alias("delay")]),
        "two columns are named `delay`; give one another name with `alias` or `rename`",
    );
    check(f.select([lit(1)]), "select: `1` reads no column; name it with `alias`");
    check(f.sort_values([] as [&str; 0]), "sort_values: name a column to sort by");
    check(
        DataFrame::concat([&f, &f.drop(["late"]).unwrap()]),
        "table 1 has the columns carrier: Utf8, delay: Int64, the first has carrier: Utf8, delay: Int64, late: Bool",
    );
    let deep = (0..1_000_000).fold(col("delay"), |sum, _| sum + 1);
    check(
        f.with_column("x", deep.clone()),
        "an expression nests 1000001 deep, at most 500 is possible; give a part of it a name with `with_column`",
    );
    assert!(matches!(f.select([deep]), Err(FrameError::TooDeep { .. })));
    check(
        DataFrame::from_columns([("a", Column::from(vec![1])), ("b", Column::from(vec![1, 2]))], 1),
        "column `b` has 2 rows, the table has 1",
    );
    assert!(DataFrame::from_columns([("a", Column::from(vec![1]))], 0).is_err());
    let _ = Sort::by("a");
}

#[test]
fn integers_overflow_loudly() {
    let f = frame();
    let told = |frame: DataFrame, message: &str| {
        let error = failure(&frame);
        assert!(error.contains(message), "{error}");
        // The place where the operation was written.
        assert!(error.contains("bad_input.rs"), "{error}");
    };
    told(f.with_column("x", col("delay") + 1).unwrap(), "(delay + 1): integer overflow");
    told(f.with_column("x", col("delay").floor_div(0)).unwrap(), "(delay // 0): integer division by zero");
    told(f.with_column("x", lit(2).pow(-col("delay"))).unwrap(), "negative power");
    let twice = DataFrame::concat([&f, &f]).unwrap();
    told(twice.agg([col("delay").sum()]).unwrap(), "sum(delay): integer overflow");
    told(
        f.with_column("x", col("carrier").cast(DataType::Int64)).unwrap(),
        "cast(carrier, Int64): `UA` is no Int64",
    );
    told(
        f.with_column("x", (col("delay").cast(DataType::Float64) * 2.0).cast(DataType::Int64)).unwrap(),
        "is no Int64",
    );
}

#[test]
fn files_that_are_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let pattern = format!("{}/*.csv", dir.path().display());
    check(read_csv(&pattern).open(), &format!("no file matches `{pattern}`"));
    check(read_csv("a[").open(), "`a[` is no file pattern");
    let missing = format!("{}/missing.csv", dir.path().display());
    check(read_csv(&missing).open(), &format!("no file matches `{missing}`"));
    // A directory of that name is no file.
    fs::create_dir(dir.path().join("dir.csv")).unwrap();
    check(read_csv(&pattern).open(), &format!("no file matches `{pattern}`"));
}

#[test]
fn files_without_columns() {
    let (_dir, path) = file("a.csv", "");
    let error = read_csv(&path).open().unwrap_err();
    assert!(matches!(error, FrameError::Read(ReadError::Empty { .. })), "{error}");
    let (_dir, path) = file("a.csv", "\n\n");
    assert!(matches!(read_csv(&path).open(), Err(FrameError::Read(ReadError::Empty { .. }))));
    let (_dir, path) = file("a.csv", "a,b,a\n1,2,3\n");
    check(
        read_csv(&path).open(),
        &format!("{path}: columns 1 and 3 of the header are both named `a`; name all of them with `names`"),
    );
}

#[test]
fn options_that_do_not_fit_the_file() {
    let (_dir, path) = file("a.csv", "carrier,delay\nUA,1\n");
    let columns = "columns are carrier, delay";
    check(
        read_csv(&path).dtype("dely", DataType::Int64).open(),
        &format!("unknown column `dely`; did you mean `delay`?; {columns}"),
    );
    check(
        read_csv(&path).columns(["carriers"]).open(),
        &format!("unknown column `carriers`; did you mean `carrier`?; {columns}"),
    );
    check(read_csv(&path).names(["a"]).open(), &format!("read_csv: 1 names for the 2 columns of {path}"));
    check(read_csv(&path).blocksize(0).open(), "read_csv: a block size of 0 bytes holds no record");
    assert!(read_csv(&path).separator(b'"').open().is_err());
    assert!(read_csv(&path).separator(b'\n').open().is_err());
    assert!(read_csv(&path).sample(0).open().is_err());
}

#[test]
fn files_whose_columns_differ() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("1.csv"), "a,b\n1,2\n").unwrap();
    fs::write(dir.path().join("2.csv"), "a,c\n1,2\n").unwrap();
    let at = dir.path().display();
    check(
        read_csv(format!("{at}/*.csv")).open(),
        &format!("{at}/2.csv differs from {at}/1.csv: it has no column `b`; it has one more column, `c`"),
    );
    fs::write(dir.path().join("2.csv"), "b,a\n1,2\n").unwrap();
    check(
        read_csv(format!("{at}/*.csv")).open(),
        &format!("{at}/2.csv differs from {at}/1.csv: its columns are in another order: b, a"),
    );
}

#[test]
fn a_cell_that_is_no_number() {
    // The sample sees the first rows only.
    let rows = (0..100).map(|i| format!("{i},x{i}\n")).collect::<String>();
    let (_dir, path) = file("a.csv", format!("n,s\n{rows}1.5,y\n\"2\",z\nno,z\n"));
    for blocksize in [1, 64, 1 << 20] {
        let frame = read_csv(&path).sample(20).blocksize(blocksize).open().unwrap();
        let error = read_failure(&frame, &path);
        let message = "FILE, line 102, column `n`: `1.5` is no Int64; pass `.dtype(\"n\", DataType::Float64)` \
                       to read_csv, or name it as missing with `.na_value(..)`";
        assert!(error.contains(message), "{error}");
        // A column that nobody reads is not parsed.
        let texts = frame.select(["s"]).unwrap().compute_with(&Sync::new()).unwrap();
        assert_eq!(texts.n_rows(), 103);
        assert!(frame.select(["s"]).unwrap().unoptimized().compute_with(&Sync::new()).is_err());
    }
    let frame = read_csv(&path).sample(20).dtype("n", DataType::Float64).open().unwrap();
    let error = read_failure(&frame, &path);
    assert!(error.contains("line 104, column `n`: `no` is no Float64"), "{error}");
    assert!(error.contains("DataType::Utf8"), "{error}");
}

#[test]
fn ragged_rows() {
    for (text, message) in [
        ("a,b\n1,2\n\n3\n", "FILE, line 4: 1 cells, expected 2"),
        ("a,b\n1,2\n3,4,5\n", "FILE, line 3: 3 cells, expected 2"),
        ("a,b\n\"x\ny\",2\n3,4,\n", "FILE, line 4: 3 cells, expected 2"),
    ] {
        let (_dir, path) = file("a.csv", text);
        let error = read_failure(&read_csv(&path).open().unwrap(), &path);
        assert!(error.contains(message), "{error}");
    }
    let (_dir, path) = file("a.csv", "a,b\n1,2\n3\n");
    let table = super::run::every_way(&read_csv(&path).fill_short_rows().open().unwrap(), "filled");
    assert_eq!(table.column("b").unwrap(), &Column::from(vec![Some(2), None]));
    let (_dir, path) = file("a.csv", "a,b\n1,2\n3,4,5\n");
    assert!(read_failure(&read_csv(&path).fill_short_rows().open().unwrap(), &path).contains("3 cells"));
}

#[test]
fn a_quote_that_is_never_closed() {
    let (_dir, path) = file("a.csv", "a,b\n1,2\n3,\"4\n5,6\n");
    let error = read_failure(&read_csv(&path).open().unwrap(), &path);
    assert!(error.contains("FILE, line 3: a quoted cell begins in this row and is never closed"), "{error}");
}

#[test]
fn bytes_that_are_no_text() {
    let (_dir, path) = file("a.csv", b"a,b\n1,x\n2,\xff\xfe\n");
    let frame = read_csv(&path).open().unwrap();
    let error = read_failure(&frame, &path);
    assert!(error.contains("FILE, line 3, column `b`: `\u{fffd}\u{fffd}` is not UTF-8"), "{error}");
    frame.select(["a"]).unwrap().compute_with(&Sync::new()).expect("the column beside it is not read");
}

#[test]
fn a_truncated_gzip_file() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(b"a,b\n").unwrap();
    for i in 0..200_000 {
        writeln!(gzip, "{i},{}", i * 7919 % 1000).unwrap();
    }
    let whole = gzip.finish().unwrap();
    let (_dir, path) = file("a.csv.gz", &whole[..whole.len() / 2]);
    let error = read_failure(&read_csv(&path).open().unwrap(), &path);
    assert!(error.contains("could not read FILE: "), "{error}");
    // So short that not even the head can be read.
    let (_dir, path) = file("a.csv.gz", &whole[..30]);
    assert!(chain(&read_csv(&path).open().unwrap_err()).contains("could not read"));
}

#[test]
fn a_file_that_changed_after_planning() {
    let (_dir, path) = file("a.csv", "a\n1\n");
    let frame = read_csv(&path).open().unwrap();
    fs::write(&path, "a\n1\n2\n").unwrap();
    let error = read_failure(&frame, &path);
    assert!(error.contains("FILE changed since the read was planned; plan the read again"), "{error}");
    fs::remove_file(&path).unwrap();
    assert!(read_failure(&frame, &path).contains("could not read FILE"));
}

#[test]
fn outputs_appear_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let entries = |dir: &Path| fs::read_dir(dir).unwrap().count();
    let missing = dir.path().join("missing/out.csv");
    let error = frame().to_csv_with(&missing, &Sync::new()).unwrap_err();
    assert!(matches!(&error, WriteError::Io { path, .. } if path.ends_with("missing")), "{error}");
    // A file where a directory should be.
    fs::write(dir.path().join("file"), "").unwrap();
    assert!(frame().to_csv_with(dir.path().join("file/out.csv"), &Sync::new()).is_err());
    for pattern in ["a*b*.csv", ".."] {
        let error = frame().to_csv_with(dir.path().join(pattern), &Sync::new()).unwrap_err();
        assert!(matches!(error, WriteError::BadPattern { .. }), "{error}");
    }
    // One partition fails: what the others wrote goes again, and what was there stays.
    let failing = frame().with_column("x", col("delay") + 1).unwrap();
    for (scheduler, run) in schedulers() {
        for name in ["out.csv", "out-*.csv"] {
            fs::write(dir.path().join("out.csv"), "before").unwrap();
            let error = failing.to_csv_with(dir.path().join(name), &*run).unwrap_err();
            assert!(chain(&error).contains("integer overflow"), "{scheduler}: {error}");
            assert_eq!(fs::read_to_string(dir.path().join("out.csv")).unwrap(), "before");
            assert_eq!(entries(dir.path()), 2, "{scheduler}");
        }
    }
}
