//! Reading from and writing to a store of objects: a server of S3 in this process, which checks signatures.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;

use dask_bag::{Bag, FileError, Partitions, ReadError, ReadText, WriteError, WriteText};
use dask_graph::testing::Travelling;
use dask_graph::{Collection, Scheduler};
use dask_graph_files::testing::{S3Server, SECRET};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Text of objects of the server's bucket.
fn text(s3: &S3Server, pattern: &str) -> ReadText {
    ReadText::new(format!("s3://bucket/{pattern}")).storage_options(s3.options())
}

fn schedulers() -> [(&'static str, Box<dyn Scheduler>); 3] {
    [
        ("sync", Box::new(Sync::new())),
        ("threaded, optimised", Box::new(Optimized::new(Threaded::with_workers(2)))),
        ("travelling", Box::new(Travelling)),
    ]
}

#[track_caller]
fn check(text: &ReadText, expected: &[&str]) {
    let lines = text.lines().unwrap_or_else(|e| panic!("{}", chain(&e)));
    for (name, scheduler) in schedulers() {
        let got = lines.compute_with(&*scheduler).unwrap_or_else(|e| panic!("{name}: {}", chain(&e)));
        assert_eq!(got, expected, "{name}");
    }
}

#[track_caller]
fn check_words(error: &dyn Error, words: &[&str]) {
    let chain = chain(error);
    words.iter().for_each(|word| assert!(chain.contains(word), "`{word}` is not in: {chain}"));
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

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

#[test]
fn objects_are_found_by_name_pattern_and_prefix() {
    let s3 = S3Server::with(&[
        ("logs/2024/b.txt", b"b1\nb2\n"),
        ("logs/2024/a.txt", b"a1\r\na2"),
        ("logs/2024/c.txt.gz", &gzip(b"c1\nc2\n")),
        ("logs/2025/d e.txt", b"d1\n"),
        ("other.txt", b"no\n"),
    ]);
    check(&text(&s3, "logs/2024/a.txt"), &["a1", "a2"]);
    check(&text(&s3, "logs/2024/*.txt"), &["a1", "a2", "b1", "b2"]);
    check(&text(&s3, "logs/*/[a-c]*"), &["a1", "a2", "b1", "b2", "c1", "c2"]);
    check(&text(&s3, "logs/"), &["a1", "a2", "b1", "b2", "c1", "c2", "d1"]);
    check(&text(&s3, "log?/**/*.txt"), &["a1", "a2", "b1", "b2", "d1"]);
    let bag = text(&s3, "logs/2024/*.txt").lines_with_path().unwrap();
    let (path, line) = bag.compute_with(&Sync::new()).unwrap().swap_remove(0);
    assert_eq!((&*path, &*line), (Path::new("s3://bucket/logs/2024/a.txt"), "a1"));
}

#[test]
fn blocks_of_every_size_are_read_by_ranges() {
    let content = "first\nsecond line\n\nfourth\r\nthe last";
    let s3 = S3Server::with(&[("a.txt", content.as_bytes()), ("empty.txt", b"")]);
    let expected: Vec<&str> = content.lines().collect();
    for size in [1, 2, 3, 5, 7, 20, 100] {
        let lines = text(&s3, "a.txt").blocksize(size).lines().unwrap();
        assert_eq!(lines.compute_with(&Threaded::with_workers(2)).unwrap(), expected, "in blocks of {size}");
    }
    check(&text(&s3, "empty.txt"), &[]);
    let long: String = (0..400_000).map(|n| format!("line number {n}\n")).collect();
    s3.put("long.txt", long.as_bytes());
    for lines in [text(&s3, "long.txt"), text(&s3, "long.txt").blocksize(3 << 20)] {
        let bytes = lines.map_lines(|line| line.len() as u64 + 1).unwrap().sum();
        assert_eq!(bytes.compute_with(&Threaded::with_workers(2)).unwrap(), long.len() as u64);
    }
}

#[test]
fn the_same_description_has_the_same_name_until_the_object_changes() {
    let s3 = S3Server::with(&[("a.txt", b"one\n")]);
    let name = || text(&s3, "a.txt").lines().unwrap().name().clone();
    let before = name();
    assert_eq!(before, name());
    s3.put("a.txt", b"two, longer\n");
    assert_ne!(before, name());
}

#[test]
fn objects_that_are_missing_vanished_or_changed_are_errors() {
    let s3 = S3Server::with(&[("a.txt", b"one\ntwo\n"), ("b.gz", &gzip(b"one\n"))]);
    check_words(
        &text(&s3, "none.txt").lines().unwrap_err(),
        &["could not find s3://bucket/none.txt", "not found"],
    );
    assert!(matches!(
        text(&s3, "*.csv").lines().unwrap_err(),
        ReadError::File { source: FileError::NoObject { .. } }
    ));
    let (plain, packed) = (text(&s3, "a.txt").lines().unwrap(), text(&s3, "b.gz").lines().unwrap());
    s3.put("a.txt", b"one\ntwo\nthree\n");
    let error = plain.compute_with(&Sync::new()).unwrap_err();
    check_words(&error, &["s3://bucket/a.txt changed since it was found (8 bytes then, 14 now)"]);
    for name in ["a.txt", "b.gz"] {
        fs::remove_file(s3.path(name)).unwrap();
    }
    check_words(
        &plain.compute_with(&Sync::new()).unwrap_err(),
        &["could not read s3://bucket/a.txt", "not found"],
    );
    check_words(
        &packed.compute_with(&Sync::new()).unwrap_err(),
        &["could not read s3://bucket/b.gz", "not found"],
    );
}

#[test]
fn wrong_keys_and_options_are_errors_that_do_not_show_secrets() {
    let s3 = S3Server::with(&[("a.txt", b"one\n")]);
    let read = ReadText::new("s3://bucket/a.txt").storage_options(s3.options_with("not-the-secret"));
    let error = read.lines().unwrap_err();
    check_words(&error, &["could not find s3://bucket/a.txt"]);
    assert!(
        matches!(&error, ReadError::File { source: FileError::Io { source, .. } } if source.kind() == std::io::ErrorKind::PermissionDenied),
        "{error:?}"
    );
    assert!(
        !format!("{read:?} {error:?}").contains("not-the-secret") && !format!("{read:?}").contains(SECRET)
    );
    let mistyped = ReadText::new("s3://bucket/a.txt").storage_options([("aws_acess_key_id", "the-key")]);
    assert!(
        matches!(mistyped.lines().unwrap_err(), ReadError::File { source: FileError::StorageOption { key, .. } } if key == "aws_acess_key_id")
    );
    for url in ["nothing://bucket/a.txt", "s3://"] {
        assert!(
            matches!(
                ReadText::new(url).lines().unwrap_err(),
                ReadError::File { source: FileError::Url { .. } }
            ),
            "{url}"
        );
    }
}

#[test]
fn a_bad_line_of_an_object_tells_its_byte() {
    let s3 = S3Server::with(&[("a.txt", b"1\n2\nx\n")]);
    let numbers =
        |size| text(&s3, "a.txt").blocksize(size).try_map_lines(|line| line.parse::<u32>()).unwrap();
    // In the first block lines can be counted; in others that would take reading what is before.
    check_words(&numbers(100).sum().compute_with(&Sync::new()).unwrap_err(), &["s3://bucket/a.txt line 3"]);
    check_words(&numbers(2).sum().compute_with(&Sync::new()).unwrap_err(), &["s3://bucket/a.txt byte 4"]);
}

#[test]
fn reading_is_allowed_inside_another_runtime() {
    let s3 = S3Server::with(&[("a.txt", b"one\n")]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let lines =
        runtime.block_on(async { text(&s3, "a.txt").lines().unwrap().compute_with(&Sync::new()).unwrap() });
    assert_eq!(lines, ["one"]);
}

#[test]
fn objects_are_written_one_a_partition() {
    let s3 = S3Server::with(&[("out/1.txt", b"what was there before")]);
    let bag = Bag::from_sequence(["a", "b", "c"], Partitions::count(2));
    let to = |pattern: &str| WriteText::new(format!("s3://bucket/{pattern}")).storage_options(s3.options());
    for (name, scheduler) in schedulers() {
        let written = bag.write_text(&to("out/*.txt")).unwrap();
        let paths = written.compute_with(&*scheduler).unwrap_or_else(|e| panic!("{name}: {}", chain(&e)));
        assert_eq!(paths, [Path::new("s3://bucket/out/0.txt"), Path::new("s3://bucket/out/1.txt")], "{name}");
        check(&text(&s3, "out/*.txt"), &["a", "b", "c"]);
        bag.write_text(&to("packed/x-*.gz")).unwrap().compute_with(&*scheduler).unwrap();
        check(&text(&s3, "packed/*"), &["a", "b", "c"]);
    }
    bag.write_text(&to("parts")).unwrap().compute_with(&Sync::new()).unwrap();
    assert_eq!(
        s3.names(),
        ["out/0.txt", "out/1.txt", "packed/x-0.gz", "packed/x-1.gz", "parts/0.part", "parts/1.part"]
    );
}

#[test]
fn what_fails_on_the_way_leaves_no_object() {
    let s3 = S3Server::with(&[]);
    // More than one part of an upload, and then an item that fails.
    let long = "x".repeat(1 << 20);
    let lines = Bag::range(40, Partitions::count(1)).try_map(move |n| match n {
        39 => Err("the last one"),
        _ => Ok(long.clone()),
    });
    let to = WriteText::new("s3://bucket/a.txt").storage_options(s3.options());
    let to = lines.write_text(&to).unwrap();
    check_words(&to.compute_with(&Sync::new()).unwrap_err(), &["try_map failed on item 39", "the last one"]);
    assert_eq!(s3.names(), [""; 0]);
    let bag = Bag::from_sequence(["a"], Partitions::count(1));
    let fails =
        |url: &str| bag.write_text(&WriteText::new(url).storage_options(s3.options())).map(drop).unwrap_err();
    assert!(matches!(fails("nothing://bucket/a.txt"), WriteError::File { source: FileError::Url { .. } }));
    let to = WriteText::new("s3://bucket/a.txt").storage_options(s3.options_with("not-the-secret"));
    let error = bag.write_text(&to).unwrap().compute_with(&Sync::new()).unwrap_err();
    check_words(&error, &["could not write s3://bucket/a.txt"]);
    assert_eq!(s3.names(), [""; 0]);
}
