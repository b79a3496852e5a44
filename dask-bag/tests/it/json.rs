//! JSON lines: values of any type, lines that are none, and the way back.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use dask_bag::{BadLine, Bag, JsonError, Partitions, ReadText, WriteText, read_json};
use dask_graph::{Collection, RunOptions, compute_with, make_portable};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use tempfile::tempdir;

use super::errors::chain;
use super::inputs::{files, gzip, pattern};
use super::runners::{check, check_fails, schedulers};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Account {
    name: String,
    amount: i64,
    tags: Option<Vec<String>>,
}

fn account(name: &str, amount: i64, tags: Option<&[&str]>) -> Account {
    let tags = tags.map(|tags| tags.iter().map(|&tag| tag.to_owned()).collect());
    Account { name: name.to_owned(), amount, tags }
}

#[test]
fn lines_become_values_of_a_type_of_ones_own() {
    make_portable::<Account>();
    let text = "{\"name\": \"Al\\u00e9\", \"amount\": 1}\r\n\n  \t\n\
        {\"amount\": -2, \"other\": {\"deep\": [1]}, \"name\": \"日\", \"tags\": [\"a\", \"\"]}\n\
        {\"name\":\"\",\"amount\":0,\"tags\":null}";
    let expected = vec![account("Alé", 1, None), account("日", -2, Some(&["a", ""])), account("", 0, None)];
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let dir = files(&[
        ("a.jsonl", text.as_bytes()),
        ("b.jsonl.gz", &gzip(text.as_bytes())),
        ("c.jsonl", &[b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("d.jsonl", &utf16),
        ("e.jsonl", b""),
    ]);
    for name in ["a.jsonl", "b.jsonl.gz", "c.jsonl"] {
        check(&read_json::<Account>(&pattern(&dir, name)).unwrap(), expected.clone());
    }
    let other = ReadText::new(pattern(&dir, "d.jsonl")).encoding("utf-16").blocksize(50);
    check(&other.json::<Account>().unwrap(), expected.clone());
    check(&read_json::<Account>(&pattern(&dir, "e.jsonl")).unwrap(), vec![]);
    for blocksize in 1..=text.len() as u64 {
        let read = ReadText::new(pattern(&dir, "a.jsonl")).blocksize(blocksize);
        assert_eq!(read.json::<Account>().unwrap().compute_with(&Sync::new()).unwrap(), expected);
    }
}

#[test]
fn a_line_that_is_no_value_tells_file_line_and_column() {
    make_portable::<(u32, u32)>();
    let lines: String =
        (1..=50).map(|n| if n == 23 { "[1, x]\n".into() } else { format!("[{n}, 0]\n") }).collect();
    let dir = files(&[("a.jsonl", lines.as_bytes()), ("b.gz", &gzip(lines.as_bytes()))]);
    for name in ["a.jsonl", "b.gz"] {
        for blocksize in [1, 7, 100, 10_000] {
            let read = ReadText::new(pattern(&dir, name)).blocksize(blocksize);
            let pairs = read.json::<(u32, u32)>().unwrap();
            check_fails(&pairs.count(), &[&format!("{name} line 23"), "column 5", "expected value"]);
        }
    }
    let error =
        read_json::<(u32, u32)>(&pattern(&dir, "a.jsonl")).unwrap().compute_with(&Sync::new()).unwrap_err();
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let found = std::iter::from_fn(|| {
        let error = source?;
        source = error.source();
        Some(error)
    });
    let json = found.filter_map(|error| error.downcast_ref::<JsonError>()).next().expect("a JsonError");
    assert_eq!((json.column, &*json.message, &*json.type_name), (5, "expected value", "(u32, u32)"));
}

#[test]
fn what_is_not_text_is_not_json() {
    make_portable::<(String,)>();
    let dir = files(&[("a.jsonl", b"[\"fine\"]\n[\"b\xffd\"]\n")]);
    let read = ReadText::new(pattern(&dir, "a.jsonl"));
    check_fails(&read.json::<(String,)>().unwrap().count(), &["line 2", "invalid unicode"]);
    let lossy = read.lossy(true).json::<(String,)>().unwrap().map(|(text,)| text);
    check(&lossy, vec!["fine".into(), "b\u{fffd}d".into()]);
}

#[test]
fn bad_lines_are_put_aside() {
    make_portable::<Result<(u32,), BadLine>>();
    make_portable::<(u32,)>();
    let dir = files(&[("a.jsonl", b"[1]\n[2\n\n[3]\n"), ("b.jsonl", b"nonsense\n[4]\n[\"\xff\"]")]);
    for blocksize in [1, 3, 4, 5, 9, 100] {
        let read = ReadText::new(pattern(&dir, "*.jsonl")).blocksize(blocksize);
        let (good, bad) = read.json_or_aside::<(u32,)>().unwrap();
        check(&good, vec![(1,), (3,), (4,)]);
        for (name, scheduler) in schedulers() {
            let (good, bad) =
                compute_with((good.clone(), bad.clone()), &*scheduler, &RunOptions::default()).unwrap();
            assert_eq!(good, [(1,), (3,), (4,)], "{name}");
            let found: Vec<_> = bad
                .iter()
                .map(|BadLine { place, text, error, .. }| {
                    let file = place.path.file_name().unwrap().to_str().unwrap();
                    (file, place.line.unwrap(), place.offset, text.as_str(), error.column)
                })
                .collect();
            let expected = [("a.jsonl", 2, 4, "[2", 2), ("b.jsonl", 1, 0, "nonsense", 2)];
            assert_eq!(found[..2], expected, "{name}");
            assert_eq!((found[2].1, found[2].2, found[2].3), (3, 13, "[\"\u{fffd}\"]"), "{name}");
        }
    }
}

#[test]
fn one_bad_line_in_a_million_is_found() {
    let mut text = String::new();
    for n in 0..1_000_000 {
        writeln!(text, "{}", if n == 765_431 { -1 } else { n }).unwrap();
    }
    let dir = files(&[("a.jsonl", text.as_bytes())]);
    let read = ReadText::new(pattern(&dir, "a.jsonl")).blocksize(1 << 20);
    let threaded = Optimized::new(Threaded::with_workers(2));
    let error = read.json::<u32>().unwrap().count().compute_with(&threaded).unwrap_err();
    assert!(chain(&error).contains("a.jsonl line 765432"), "{}", chain(&error));
    let (good, bad) = read.json_or_aside::<u32>().unwrap();
    let (n, bad) = compute_with((good.count(), bad), &threaded, &RunOptions::default()).unwrap();
    assert_eq!((n, bad.len(), bad[0].place.line, &*bad[0].text), (999_999, 1, Some(765_432), "-1"));
}

#[test]
fn what_was_written_is_read_again() {
    make_portable::<Account>();
    let dir = tempdir().unwrap();
    let accounts =
        vec![account("a\nb", 1, None), account("\"", i64::MIN, Some(&["é"])), account("", 0, Some(&[]))];
    for name in ["*.jsonl", "*.jsonl.gz", "directory"] {
        let path = dir.path().join(name).to_str().unwrap().to_owned();
        let bag = Bag::from_sequence(accounts.clone(), Partitions::count(2));
        check(&bag.to_jsonl(&path).unwrap().count(), 2);
        let read = if name == "directory" { path + "/*" } else { path };
        check(&read_json::<Account>(&read).unwrap(), accounts.clone());
    }
    assert_eq!(
        fs::read_to_string(dir.path().join("0.jsonl")).unwrap(),
        "{\"name\":\"a\\nb\",\"amount\":1,\"tags\":null}\n\
         {\"name\":\"\\\"\",\"amount\":-9223372036854775808,\"tags\":[\"é\"]}\n"
    );
}

#[test]
fn an_item_that_is_no_json_ends_the_writing() {
    let dir = tempdir().unwrap();
    // The keys of objects are text.
    let bag =
        Bag::from_partitions([vec![BTreeMap::from([((1, 2), 3)])]]).map(|map: BTreeMap<(i32, i32), i32>| map);
    make_portable::<BTreeMap<(i32, i32), i32>>();
    let to = WriteText::files([dir.path().join("a.jsonl")]);
    check_fails(&bag.write_json(&to).unwrap(), &["item 0 of", "a.jsonl", "key must be a string"]);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

fn value() -> impl Strategy<Value = Account> {
    let tags = prop::option::of(prop::collection::vec("\\PC{0,5}", 0..3));
    ("(?s).{0,8}", any::<i64>(), tags).prop_map(|(name, amount, tags)| Account { name, amount, tags })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn values_survive_files_in_any_blocks(values in prop::collection::vec(value(), 0..20), blocksize in 1_u64..200) {
        let dir = tempdir().unwrap();
        let pattern = dir.path().join("*.jsonl").to_str().unwrap().to_owned();
        let bag = Bag::from_sequence(values.clone(), Partitions::count(3));
        bag.to_jsonl(&pattern).unwrap().compute_with(&Sync::new()).unwrap();
        let read = ReadText::new(pattern).blocksize(blocksize).json::<Account>().unwrap();
        prop_assert_eq!(read.compute_with(&Sync::new()).unwrap(), values);
    }
}
