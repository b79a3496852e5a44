//! Reading from and writing to a store of objects: a server of S3 in this process, which checks signatures.

use std::error::Error;
use std::fs;

use dask_frame::{
    Column, Compression, DataFrame, FileError, FrameError, ReadError, Table, WriteCsv, WriteError, WriteIpc,
    WriteJson, WriteParquet, col, read_csv, read_ipc, read_json, read_parquet,
};
use dask_graph::testing::Travelling;
use dask_graph::{Collection, Scheduler};
use dask_graph_files::testing::S3Server;
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;

fn schedulers() -> [(&'static str, Box<dyn Scheduler>); 3] {
    [
        ("sync", Box::new(Sync::new())),
        ("threaded, optimised", Box::new(Optimized::new(Threaded::with_workers(2)))),
        ("travelling", Box::new(Travelling)),
    ]
}

/// A table of which some values are missing, and one partition without rows.
fn frame() -> DataFrame {
    let rows = 0..60;
    let key = rows.clone().map(|n| ["a/b", "100%", "c d"][n % 3]).collect::<Vec<_>>();
    let number = rows.map(|n| (n % 7 > 0).then_some(n as i64)).collect::<Vec<_>>();
    let columns = [("key", Column::from(key)), ("number", Column::from(number))];
    let frame = DataFrame::from_columns(columns, 3).unwrap();
    let none = frame.filter(col("number").gt(1000)).unwrap();
    DataFrame::concat([&frame, &none.repartition(1).unwrap()]).unwrap()
}

fn table(frame: &DataFrame) -> Table {
    frame.compute_with(&Sync::new()).unwrap()
}

#[track_caller]
fn check(read: &DataFrame, expected: &Table) {
    for (name, scheduler) in schedulers() {
        let got = read.compute_with(&*scheduler).unwrap_or_else(|e| panic!("{name}: {}", chain(&e)));
        assert_eq!(&got, expected, "{name}");
    }
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

#[test]
fn csv_files_are_read_by_ranges_and_written() {
    let s3 = S3Server::with(&[("out/part-1.csv", b"what was there before")]);
    let expected = table(&frame());
    for (name, scheduler) in schedulers() {
        for path in ["out/part-*.csv", "one.csv", "one.csv.gz", "packed-*.csv.gz"] {
            let url = format!("s3://bucket/{path}");
            let write = WriteCsv::new(&url).storage_options(s3.options());
            write.write_with(&frame(), &*scheduler).unwrap_or_else(|e| panic!("{name}: {}", chain(&e)));
            for blocksize in [64, 1 << 20] {
                let read = read_csv(&url).storage_options(s3.options()).blocksize(blocksize);
                check(&read.open().unwrap(), &expected);
            }
        }
    }
    let names = s3.names();
    let parts = names.iter().filter(|name| name.starts_with("out/")).collect::<Vec<_>>();
    assert_eq!(parts, ["out/part-0.csv", "out/part-1.csv", "out/part-2.csv", "out/part-3.csv"]);
    let one = fs::read_to_string(s3.path("one.csv")).unwrap();
    assert_eq!(one.matches("key,number").count(), 1, "one file has one header");
}

#[test]
fn json_lines_are_read_by_ranges_and_written() {
    let s3 = S3Server::with(&[]);
    let expected = table(&frame());
    for path in ["s3://bucket/part-*.jsonl", "s3://bucket/one.jsonl"] {
        let write = WriteJson::new(path).storage_options(s3.options()).compression(Compression::None);
        write.write_with(&frame(), &Threaded::with_workers(2)).unwrap();
        let read = read_json(path).storage_options(s3.options()).blocksize(100).open().unwrap();
        check(&read, &expected);
    }
}

#[test]
fn directories_of_parquet_are_written_and_read() {
    let s3 = S3Server::with(&[]);
    let expected = table(&frame());
    let write = |url: &str| WriteParquet::new(url).storage_options(s3.options());
    let read = |url: &str| read_parquet(url).storage_options(s3.options());
    for (name, scheduler) in schedulers() {
        let url = &format!("s3://bucket/{}/flights", &name[..3]);
        write(url).row_group_rows(7).write_with(&frame(), &*scheduler).unwrap();
        check(&read(url).open().unwrap(), &expected);
        let some = read(url).blocksize(0).open().unwrap().filter(col("number").gt(50)).unwrap();
        let want = frame().filter(col("number").gt(50)).unwrap();
        check(&some, &table(&want));
        check(&some.select(["number"]).unwrap(), &table(&want.select(["number"]).unwrap()));
        // What is there is kept, or replaced as a whole.
        let error = write(url).write_with(&frame(), &*scheduler).unwrap_err();
        assert!(matches!(error, WriteError::Exists { .. }), "{error}");
        write(url).overwrite().write_with(&want, &*scheduler).unwrap();
        check(&read(url).open().unwrap(), &table(&want));
    }
    // Keys with letters that mean something in paths or URLs.
    write("s3://bucket/keyed").partition_on(["key"]).write_with(&frame(), &Sync::new()).unwrap();
    let names = s3.names();
    assert!(names.contains(&"keyed/key=a%2Fb/part-00000.parquet".into()), "{names:?}");
    let keyed = read("s3://bucket/keyed").open().unwrap();
    let sorted = |frame: &DataFrame| {
        let frame = frame.select(["key", "number"]).unwrap();
        table(&frame.sort_values(["key", "number"]).unwrap())
    };
    assert_eq!(sorted(&keyed), sorted(&frame()));
}

#[test]
fn directories_of_arrow_files_are_written_and_read() {
    let s3 = S3Server::with(&[]);
    let expected = table(&frame());
    let write = WriteIpc::new("s3://bucket/flights").storage_options(s3.options());
    write.write_with(&frame(), &Threaded::with_workers(2)).unwrap();
    let read = read_ipc("s3://bucket/flights").storage_options(s3.options());
    check(&read.clone().open().unwrap(), &expected);
    let numbers = table(&frame().select(["number"]).unwrap());
    check(&read.columns(["number"]).open().unwrap(), &numbers);
    // As one object, which is kept or replaced.
    let url = "s3://bucket/one/flights.arrow";
    let write = || WriteIpc::new(url).single_file().storage_options(s3.options());
    let read = read_ipc(url).storage_options(s3.options());
    write().write_with(&frame(), &Threaded::with_workers(2)).unwrap();
    check(&read.clone().open().unwrap(), &expected);
    assert_eq!(s3.names().iter().filter(|name| name.starts_with("one/")).count(), 1);
    let some = frame().filter(col("number").gt(50)).unwrap();
    let error = write().write_with(&some, &Sync::new()).unwrap_err();
    assert!(matches!(error, WriteError::Exists { .. }), "{error}");
    check(&read.clone().open().unwrap(), &expected);
    write().overwrite().write_with(&some, &Sync::new()).unwrap();
    check(&read.open().unwrap(), &table(&some));
}

#[test]
fn a_run_that_fails_leaves_no_object() {
    let s3 = S3Server::with(&[("csv/kept.csv", b"a\n1\n")]);
    let failing = frame().with_column("x", col("number") + i64::MAX - 50).unwrap();
    for (name, scheduler) in schedulers() {
        for url in ["s3://bucket/csv/*.csv", "s3://bucket/csv/one.csv"] {
            let write = WriteCsv::new(url).storage_options(s3.options());
            let error = write.write_with(&failing, &*scheduler).unwrap_err();
            assert!(chain(&error).contains("integer overflow"), "{name}: {error}");
        }
        let write = WriteParquet::new("s3://bucket/flights").storage_options(s3.options());
        write.write_with(&failing, &*scheduler).unwrap_err();
        assert_eq!(s3.names(), ["csv/kept.csv"], "{name}");
    }
}

#[test]
fn what_is_missing_or_changed_is_an_error() {
    let s3 = S3Server::with(&[("a.csv", b"a\n1\n")]);
    let read = |url: &str| read_csv(url).storage_options(s3.options());
    for url in ["s3://bucket/none.csv", "s3://no-bucket/a.csv"] {
        let error = read(url).open().map(drop).unwrap_err();
        let told = chain(&error);
        assert!(matches!(error, FrameError::Read(ReadError::Io { .. })), "{told}");
        assert!(told.contains(url) && told.contains("not found"), "{told}");
    }
    let none = read("s3://bucket/*.txt").open().map(drop).unwrap_err();
    assert!(matches!(none, FrameError::Read(ReadError::NoMatch { .. })), "{none}");
    let none = read_parquet("s3://bucket/none").storage_options(s3.options()).open().map(drop).unwrap_err();
    assert!(matches!(none, FrameError::Read(ReadError::NoMatch { .. })), "{none}");
    let frame = read("s3://bucket/a.csv").open().unwrap();
    s3.put("a.csv", b"a\n1\n2\n");
    let error = chain(&frame.compute_with(&Sync::new()).unwrap_err());
    assert!(error.contains("s3://bucket/a.csv changed since the read was planned"), "{error}");
}

#[test]
fn stores_that_cannot_be_used_are_errors_that_show_no_secret() {
    let s3 = S3Server::with(&[("a.csv", b"a\n1\n")]);
    let unknown = |error: FrameError| match error {
        FrameError::Read(ReadError::File(error)) => error,
        other => panic!("{other}"),
    };
    let error = unknown(read_csv("nothing://bucket/a.csv").open().map(drop).unwrap_err());
    assert!(matches!(error, FileError::Url { .. }), "{error}");
    let mistyped = read_csv("s3://bucket/a.csv").storage_options([("aws_acess_key_id", "x")]);
    let error = unknown(mistyped.open().map(drop).unwrap_err());
    assert!(matches!(error, FileError::StorageOption { .. }), "{error}");
    let read = read_csv("s3://bucket/a.csv").storage_options(s3.options_with("not-the-secret"));
    let error = read.clone().open().map(drop).unwrap_err();
    assert!(chain(&error).contains("could not read s3://bucket/a.csv"), "{error}");
    assert!(!format!("{read:?} {error:?}").contains("not-the-secret"));
    let write = WriteCsv::new("nothing://bucket/a.csv").write_with(&frame(), &Sync::new());
    assert!(matches!(write.unwrap_err(), WriteError::File(FileError::Url { .. })));
    let wrong = WriteCsv::new("s3://bucket/b.csv").storage_options(s3.options_with("not-the-secret"));
    let error = chain(&wrong.write_with(&frame(), &Sync::new()).unwrap_err());
    assert!(
        error.contains("could not write s3://bucket/b.csv") && !error.contains("not-the-secret"),
        "{error}"
    );
}
