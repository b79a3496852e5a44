//! JSON lines, read and written.

use std::fs;
use std::path::Path;

use dask_frame::{Column, DataFrame, DataType, Field, FrameError, ReadError, Table, col, read_json};
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::every_type::{rows, table};
use super::run::{every_way, failure};

fn file(text: impl AsRef<[u8]>) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("a.jsonl");
    fs::write(&path, text).expect("a file");
    let path = path.to_str().expect("a plain path").to_owned();
    (dir, path)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever the rows, partitions and blocks, in one file and in several.
    #[test]
    fn tables_come_back(
        rows in rows(12), n_partitions in 1_usize..4, blocksize in 1_u64..300, one in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        // Times beyond the years that can be written are of no use here.
        let rows = rows.into_iter().map(|(i, f, b, s, t, d)| {
            (i, f, b, s, t.map(|t| t % (1 << 50)), d.map(|d| d % 500_000))
        });
        let table = table(&rows.collect::<Vec<_>>());
        let schema = table.schema().fields().to_vec();
        let frame = DataFrame::from_table(&table, n_partitions).unwrap();
        frame.to_json_with(path(if one { "out.jsonl" } else { "out-*.jsonl" }), &Sync::new()).unwrap();
        let read = read_json(path("out*.jsonl")).schema(schema).blocksize(blocksize).open().unwrap();
        prop_assert_eq!(every_way(&read, "read again"), table);
    }
}

#[test]
fn columns_and_types_are_found_in_a_sample() {
    let text = "\u{feff}{\"i\": 1, \"x\": 1, \"s\": \"é\", \"z\": null}\n\n  {\"x\": 2.5, \"b\": true, \"s\": 7, \"l\": [1, {\"a\": null}]}\r\n{\"i\": null}";
    let (_dir, path) = file(text);
    for blocksize in [1, 30, 1 << 20] {
        let read = read_json(&path).blocksize(blocksize).open().unwrap();
        assert_eq!(read.schema().to_string(), "i: Int64, x: Float64, s: Utf8, z: Float64, b: Bool, l: Utf8");
        let expected = Table::new([
            ("i", Column::from(vec![Some(1), None, None])),
            ("x", Column::from(vec![Some(1.0), Some(2.5), None])),
            ("s", Column::from(vec![Some("é"), Some("7"), None])),
            ("z", Column::from(vec![None::<f64>; 3])),
            ("b", Column::from(vec![None, Some(true), None])),
            ("l", Column::from(vec![None, Some("[1,{\"a\":null}]"), None])),
        ]);
        assert_eq!(every_way(&read, "sampled"), expected.unwrap());
        let some = read.filter(col("x").gt(1.5)).unwrap().select(["s"]).unwrap();
        assert_eq!(every_way(&some, "projected").column("s").unwrap(), &Column::from(vec!["7"]));
    }
    let read = read_json(&path).columns(["b"]).dtype("i", DataType::Float64).open().unwrap();
    assert_eq!(read.schema().to_string(), "b: Bool");
    let schema = [Field::new("s", DataType::CATEGORICAL), Field::new("new", DataType::Date)];
    let read = read_json(&path).schema(schema).open().unwrap();
    assert_eq!(every_way(&read, "given").column("new").unwrap().null_count(), 3);
}

#[test]
fn lists_are_found_in_a_sample() {
    let text = "{\"i\": [1, null], \"s\": [], \"e\": [], \"m\": [1]}\n{\"i\": null, \"s\": [\"a\"], \"m\": 2}\n{\"i\": [2.5]}\n";
    let (_dir, path) = file(text);
    let read = read_json(&path).blocksize(1).open().unwrap();
    assert_eq!(read.schema().to_string(), "i: List[Float64], s: List[Utf8], e: List[Float64], m: Utf8");
    let expected = Table::new([
        ("i", Column::from(vec![Some(vec![Some(1.0), None]), None, Some(vec![Some(2.5)])])),
        ("s", Column::from(vec![Some(vec![]), Some(vec!["a"]), None])),
        ("e", Column::from(vec![Some(Vec::<f64>::new()), None, None])),
        ("m", Column::from(vec![Some("[1]"), Some("2"), None])),
    ]);
    assert_eq!(every_way(&read, "lists"), expected.unwrap());
    let texts = read_json(&path).dtype("i", DataType::Utf8).columns(["i"]).open().unwrap();
    let expected = Column::from(vec![Some("[1,null]"), None, Some("[2.5]")]);
    assert_eq!(every_way(&texts, "texts").column("i").unwrap(), &expected);
    // Several types, in the sample and behind it.
    let (_dir, path) = file("{\"i\": [1, 2]}\n{\"i\": [3, \"a\", true]}\n");
    let error = read_json(&path).open().unwrap_err().to_string().replace(&path, "FILE");
    let expected =
        "FILE, line 2, field `i`: `[3,\"a\",true]` is no List[Int64]; pass another `.dtype(\"i\", ..)`";
    assert!(error.starts_with(expected), "{error}");
    let read = read_json(&path).sample(10).open().unwrap();
    let error = failure(&read).replace(&path, "FILE");
    assert!(error.contains("FILE, line 2, field `i`: `a` is no List[Int64]"), "{error}");
    let read = read_json(&path).dtype("i", DataType::list_of(&DataType::Utf8)).open().unwrap();
    let expected = Column::from(vec![vec!["1", "2"], vec!["3", "a", "true"]]);
    assert_eq!(every_way(&read, "numbers as texts").column("i").unwrap(), &expected);
    let categories = DataType::List(std::sync::Arc::new(DataType::CATEGORICAL));
    let error = read_json(&path).dtype("i", categories).open().unwrap_err().to_string();
    assert_eq!(error, "read_json: column `i` is List[Categorical]; texts in lists are List[Utf8]");
}

#[test]
fn what_does_not_fit_is_told_with_file_line_and_field() {
    let head = "{\"n\": 1, \"s\": \"a\"}\n".repeat(3);
    for (line, message) in [
        ("{\"n\": 1.5}", "FILE, line 4, field `n`: `1.5` is no Int64; pass another `.dtype(\"n\", ..)`"),
        ("{\"n\": 9223372036854775808}", "FILE, line 4, field `n`: `9223372036854775808` is no Int64"),
        ("{\"n\": [2]}", "FILE, line 4, field `n`: `[2]` is no Int64"),
        ("{\"m\": 1}", "FILE, line 4: field `m` was not in the sample"),
        ("{\"n\": 1, \"n\": 2}", "FILE, line 4: field `n` is twice in the object"),
        ("{\"n\": 1", "FILE, line 4: no JSON object: EOF while parsing an object"),
        ("[1]", "FILE, line 4: no JSON object: invalid type: sequence, expected an object"),
        ("{\"n\": 1} 2", "FILE, line 4: no JSON object: trailing characters"),
    ] {
        let (_dir, path) = file(format!("{head}{line}\n{{\"n\": 2}}\n"));
        for blocksize in [1, 25, 1 << 20] {
            let read = read_json(&path).sample(20).blocksize(blocksize).open().unwrap();
            let error = failure(&read).replace(&path, "FILE");
            assert!(error.contains(message), "{error}");
        }
    }
    let (_dir, path) = file(b"{\"s\": \"\xff\"}\n");
    let read = read_json(&path).schema([Field::new("s", DataType::Utf8)]).open().unwrap();
    assert!(failure(&read).contains("line 1: no JSON object"));
    // In the sample already.
    let error = read_json(&path).open().unwrap_err();
    assert!(matches!(error, FrameError::Read(ReadError::BadLine { line: 1, .. })), "{error}");
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let (_dir, path) = file("{\"n\": 1}\n");
    assert!(matches!(read_json(&path).columns(["m"]).open(), Err(FrameError::UnknownColumn { .. })));
    assert!(matches!(
        read_json(&path).dtype("m", DataType::Bool).open(),
        Err(FrameError::UnknownColumn { .. })
    ));
    assert!(matches!(read_json(&path).blocksize(0).open(), Err(FrameError::BadArgument { .. })));
    assert!(matches!(read_json("none-*.jsonl").open(), Err(FrameError::Read(ReadError::NoMatch { .. }))));
    let twice = vec![Field::new("n", DataType::Bool); 2];
    assert!(matches!(read_json(&path).schema(twice).open(), Err(FrameError::DuplicateColumn { .. })));
    let (_dir, path) = file("");
    let empty = read_json(&path).open().unwrap();
    assert_eq!((empty.schema().len(), every_way(&empty, "empty").n_rows()), (0, 0));
}

#[test]
fn files_appear_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let frame = DataFrame::from_columns([("n", Column::from(vec![1, i64::MAX]))], 2).unwrap();
    let failing = frame.with_column("m", col("n") + 1).unwrap();
    assert!(failing.to_json_with(dir.path().join("out-*.jsonl"), &Sync::new()).is_err());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let path = |name: &str| dir.path().join(name);
    frame.to_json_with(path("out-*.jsonl"), &Sync::new()).unwrap();
    let text = |path: &Path| fs::read_to_string(path).unwrap();
    assert_eq!(text(&path("out-0.jsonl")), "{\"n\":1}\n");
    let none = frame.select([] as [&str; 0]).unwrap();
    none.to_json_with(path("none.jsonl"), &Sync::new()).unwrap();
    assert_eq!(text(&path("none.jsonl")), "{}\n{}\n");
    let floats = DataFrame::from_columns([("f", Column::from(vec![f64::INFINITY, 0.5]))], 1).unwrap();
    floats.to_json_with(path("f.jsonl"), &Sync::new()).unwrap();
    assert_eq!(text(&path("f.jsonl")), "{\"f\":null}\n{\"f\":0.5}\n");
}
