//! CSV of other kinds than the usual: comments, other numbers, other separators, packed files.

use std::fs;
use std::path::Path;

use dask_frame::{
    Column, Compression, CompressionError, DataFrame, DataType, FrameError, ReadError, Table, WriteCsv,
    WriteError, col, read_csv,
};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::run::{every_way, schedulers};

fn at(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().expect("a plain path").to_owned()
}

#[test]
fn comments_are_passed_over_wherever_blocks_begin() {
    let dir = tempfile::tempdir().unwrap();
    let path = at(dir.path(), "a.csv");
    let text =
        "# made by hand, don't\"t\nn,s\n#\"\n1,\"# no\n#comment\"\n\n# the \"end\n2,# text\n3,\"b\"\n#";
    fs::write(&path, text).unwrap();
    let expected = Table::new([
        ("n", Column::from(vec![1, 2, 3])),
        ("s", Column::from(vec!["# no\n#comment", "# text", "b"])),
    ]);
    let expected = expected.unwrap();
    for blocksize in (1..=text.len() as u64).chain([u64::MAX]) {
        let frame = read_csv(&path).comment(b'#').blocksize(blocksize).open().unwrap();
        let got = match blocksize % 20 {
            7 => every_way(&frame, "comments"),
            _ => frame.compute_with(&Sync::new()).unwrap(),
        };
        assert_eq!(got, expected, "blocks of {blocksize} bytes");
    }
    // Quotes that mean nothing do not mean more in comments.
    let lines = "#\"\na'b\n1'\"x\n#\n2'y\n";
    fs::write(&path, lines).unwrap();
    for blocksize in 1..=lines.len() as u64 {
        let read = read_csv(&path).comment(b'#').separator(b'\'').newlines_in_quotes(false).quote(None);
        let table = every_way(&read.blocksize(blocksize).open().unwrap(), "no quotes");
        assert_eq!(table.column("b").unwrap(), &Column::from(vec!["\"x", "y"]));
    }
    let error = read_csv(&path).comment(b',').open().unwrap_err().to_string();
    assert!(error.contains("what begins a comment must not be separator or quote"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Lines without comments in one piece are the oracle.
    #[test]
    fn comments_anywhere(lines in prop::collection::vec((any::<bool>(), "[\"#, a-c]{0,6}"), 0..20), blocksize in 1u64..60) {
        let dir = tempfile::tempdir().unwrap();
        let (with, without) = (at(dir.path(), "with.csv"), at(dir.path(), "without.csv"));
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\"").replace(' ', "\n#"));
        let record = |(at, text): (usize, &String)| format!("{at},{}\n", quoted(text));
        let all = lines.iter().enumerate().map(|(at, (is_comment, text))| match is_comment {
            true => format!("#{text}\n"),
            false => record((at, text)),
        });
        fs::write(&with, format!("n,s\n{}", all.collect::<String>())).unwrap();
        let kept = lines.iter().enumerate().filter(|(_, line)| !line.0).map(|(at, line)| record((at, &line.1)));
        fs::write(&without, format!("n,s\n{}", kept.collect::<String>())).unwrap();
        let read = |path: &str| read_csv(path).dtype("n", DataType::Int64).dtype("s", DataType::Utf8);
        let got = read(&with).comment(b'#').blocksize(blocksize).open().unwrap();
        let expected = read(&without).open().unwrap().compute_with(&Sync::new()).unwrap();
        for (name, scheduler) in schedulers() {
            prop_assert_eq!(&got.compute_with(&*scheduler).unwrap(), &expected, "{}", name);
        }
    }
}

/// As `pandas.read_csv(sep=";", decimal=",", thousands=".")`.
#[test]
fn numbers_with_other_points() {
    let dir = tempfile::tempdir().unwrap();
    let path = at(dir.path(), "a.csv");
    fs::write(&path, "i;f;s;g\n1.234;-1.234,5;e.g.;NA\n7;,25;a,b;1,5\n").unwrap();
    let frame = read_csv(&path).separator(b';').decimal(b',').thousands(b'.').open().unwrap();
    assert_eq!(frame.schema().to_string(), "i: Int64, f: Float64, s: Utf8, g: Float64");
    let table = every_way(&frame, "numbers");
    assert_eq!(table.column("i").unwrap(), &Column::from(vec![1234, 7]));
    assert_eq!(table.column("f").unwrap(), &Column::from(vec![-1234.5, 0.25]));
    assert_eq!(table.column("g").unwrap(), &Column::from(vec![None, Some(1.5)]));
    // A point where a comma is expected is no number.
    let frame = read_csv(&path).separator(b';').decimal(b',').open().unwrap();
    assert_eq!(frame.schema().to_string(), "i: Utf8, f: Utf8, s: Utf8, g: Float64");
    for read in
        [read_csv(&path).decimal(b'1'), read_csv(&path).thousands(b'.'), read_csv(&path).thousands(b'-')]
    {
        assert!(matches!(read.open(), Err(FrameError::BadArgument { operation: "read_csv", .. })));
    }
}

#[test]
fn rows_know_their_file() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("1.csv"), "n\n1\n2\n").unwrap();
    fs::write(dir.path().join("2.csv"), "n\n").unwrap();
    fs::write(dir.path().join("3.csv"), "n\n3\n").unwrap();
    let pattern = at(dir.path(), "*.csv");
    for blocksize in [1, 3, 1000] {
        let frame = read_csv(&pattern).dtype("n", DataType::Int64).path_column("file").blocksize(blocksize);
        let frame = frame.open().unwrap();
        assert_eq!(frame.schema().to_string(), "n: Int64, file: Categorical");
        let expected = ["1.csv", "1.csv", "3.csv"].map(|name| at(dir.path(), name));
        let expected = Column::from(expected.to_vec());
        let texts = frame.with_column("file", col("file").cast(DataType::Utf8)).unwrap();
        assert_eq!(every_way(&texts, "files").column("file").unwrap(), &expected);
        // The column alone, in another place, and not at all.
        assert_eq!(every_way(&texts.select(["file"]).unwrap(), "alone").column("file").unwrap(), &expected);
        assert_eq!(every_way(&frame.select(["file", "n"]).unwrap(), "first").n_rows(), 3);
        assert_eq!(
            every_way(&frame.select(["n"]).unwrap(), "none").column("n").unwrap(),
            &Column::from(vec![1, 2, 3])
        );
    }
    let error = read_csv(&pattern).path_column("n").open().unwrap_err();
    assert!(matches!(error, FrameError::DuplicateColumn { name } if name == "n"));
    let named = read_csv(&pattern).names(["m"]).path_column("n").open().unwrap();
    assert_eq!(named.schema().to_string(), "m: Int64, n: Categorical");
    let some = read_csv(&pattern).path_column("file").columns(["file"]).open().unwrap();
    assert_eq!(every_way(&some, "one column").n_rows(), 3);
}

/// Every compression that is built in, with the end of its name.
fn compressions() -> Vec<(&'static str, Compression)> {
    let all = [
        ("gz", Compression::Gzip, true),
        ("bz2", Compression::Bzip2, cfg!(feature = "bz2")),
        ("xz", Compression::Xz, cfg!(feature = "xz")),
        ("zst", Compression::Zstd, cfg!(feature = "zstd")),
    ];
    all.into_iter()
        .filter(|(.., built_in)| *built_in)
        .map(|(end, compression, _)| (end, compression))
        .collect()
}

#[test]
fn packed_files_are_written_and_read() {
    let dir = tempfile::tempdir().unwrap();
    let numbers = (0..20_000_i64).collect::<Vec<_>>();
    let names = numbers.iter().map(|n| format!("name {}", n % 7)).collect::<Vec<_>>();
    let table = Table::new([("n", Column::from(numbers)), ("name", Column::from(names))]).unwrap();
    // Some partitions are empty.
    let frame = DataFrame::from_table(&table, 3).unwrap().filter(col("n").lt(15_000)).unwrap();
    let expected = frame.compute_with(&Sync::new()).unwrap();
    let plain = at(dir.path(), "plain.csv");
    frame.to_csv_with(&plain, &Sync::new()).unwrap();
    let nbytes = |path: &str| fs::metadata(path).unwrap().len();
    for (end, compression) in compressions() {
        for name in [format!("one.csv.{end}"), format!("many-*.csv.{end}")] {
            let path = at(dir.path(), &name);
            for (_, scheduler) in schedulers() {
                frame.to_csv_with(&path, &*scheduler).unwrap();
            }
            assert_eq!(every_way(&read_csv(&path).open().unwrap(), &name), expected);
        }
        assert!(nbytes(&at(dir.path(), &format!("one.csv.{end}"))) < nbytes(&plain) / 2, "{end}");
        // What is said is done, and the name says nothing to the reader.
        let path = at(dir.path(), "said.csv");
        WriteCsv::new(&path).compression(compression).write_with(&frame, &Sync::new()).unwrap();
        assert!(nbytes(&path) < nbytes(&plain) / 2);
        assert_eq!(read_csv(&path).open().unwrap().compute_with(&Sync::new()).unwrap(), expected);
        // Cut off, it is no whole file.
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let read = read_csv(&path).open().map_err(|error| error.to_string());
        let error =
            read.and_then(|frame| frame.compute_with(&Sync::new()).map_err(|error| error.to_string()));
        assert!(error.unwrap_err().contains("could not read"), "{end}");
    }
}

#[test]
fn what_is_not_built_in_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let frame = DataFrame::from_columns([("n", Column::from(vec![1]))], 1).unwrap();
    let all = [
        ("bz2", "BZh91AY&SY", cfg!(feature = "bz2")),
        ("xz", "\u{fd}7zXZ\0", cfg!(feature = "xz")),
        ("zst", "(\u{b5}/\u{fd}", cfg!(feature = "zstd")),
    ];
    for (end, magic, _) in all.into_iter().filter(|(.., built_in)| !built_in) {
        let path = at(dir.path(), &format!("a.csv.{end}"));
        let error = frame.to_csv_with(&path, &Sync::new()).unwrap_err();
        let WriteError::Compression { source, .. } = &error else { panic!("{error:?}") };
        assert!(matches!(source, CompressionError::Off { .. }), "{source}");
        fs::write(&path, magic.chars().map(|byte| byte as u8).collect::<Vec<_>>()).unwrap();
        let error = read_csv(&path).open().unwrap_err();
        let FrameError::Read(ReadError::Compression { source, .. }) = &error else { panic!("{error:?}") };
        assert!(matches!(source, CompressionError::Off { .. }), "{source}");
    }
}

#[test]
fn files_as_others_want_them() {
    let dir = tempfile::tempdir().unwrap();
    let columns = [
        ("a b", Column::from(vec![Some("x"), None, Some("p|q"), Some("")])),
        ("f", Column::from(vec![Some(1.0), Some(2.125), None, Some(-0.5)])),
    ];
    let frame = DataFrame::from_columns(columns, 2).unwrap();
    let check = |write: WriteCsv, name: &str, expected: &str| {
        for (scheduler_name, scheduler) in schedulers() {
            write.write_with(&frame, &*scheduler).unwrap();
            assert_eq!(fs::read_to_string(dir.path().join(name)).unwrap(), expected, "{scheduler_name}");
        }
    };
    let write = |name: &str| WriteCsv::new(dir.path().join(name));
    // As pandas' `to_csv(sep="|", na_rep="NULL", index=False)`, but for the quotes of an empty text.
    check(
        write("a.csv").separator(b'|').na("NULL"),
        "a.csv",
        "a b|f\nx|1.0\nNULL|2.125\n\"p|q\"|NULL\n\"\"|-0.5\n",
    );
    // As `to_csv(header=False, float_format="%.2f")`: halves go to even.
    check(write("b.csv").header(false).decimals(2), "b.csv", "x,1.00\n,2.12\np|q,\n\"\",-0.50\n");
    // A file a partition has a header each, unless none is wanted.
    check(write("c-*.csv").decimals(0), "c-1.csv", "a b,f\np|q,\n\"\",-0\n");
    check(write("d-*.csv").header(false), "d-1.csv", "p|q,\n\"\",-0.5\n");
    let error = write("e.csv").separator(b'"').write_with(&frame, &Sync::new()).unwrap_err().to_string();
    assert!(error.contains("the separator must neither be a quote nor end a line"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 6);
}
