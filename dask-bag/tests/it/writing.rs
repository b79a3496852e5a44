//! Writing text: one file a partition, whole or not at all.

use std::fs;
use std::path::Path;

use dask_bag::{Bag, Compression, FileError, Partitions, ReadText, WriteError, WriteText, read_text};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use tempfile::tempdir;

use super::runners::{check, check_fails};

fn names_in(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_was_written_is_read_again() {
    let dir = tempdir().unwrap();
    let mut names = vec!["plain-*.txt", "packed-*.gz", "sub/dir"];
    names.extend(cfg!(feature = "bz2").then_some("packed-*.bz2"));
    names.extend(cfg!(feature = "xz").then_some("packed-*.xz"));
    names.extend(cfg!(feature = "zstd").then_some("packed-*.zst"));
    for name in names {
        let pattern = dir.path().join(name).to_str().unwrap().to_owned();
        let bag = Bag::range(25, Partitions::count(12)).filter(|&n| n != 4 && n != 5).map(|n| n.to_string());
        let written = bag.to_textfiles(&pattern).unwrap();
        let paths: Vec<_> = (0..12)
            .map(|i| match name {
                "sub/dir" => dir.path().join(name).join(format!("{i:02}.part")),
                _ => dir.path().join(name.replace('*', &format!("{i:02}"))),
            })
            .collect();
        check(&written, paths);
        let read = if name == "sub/dir" { pattern + "/*" } else { pattern };
        let expected = (0..25).filter(|&n| n != 4 && n != 5).map(|n| n.to_string()).collect();
        check(&read_text(&read).unwrap(), expected);
    }
    assert_eq!(names_in(&dir.path().join("sub/dir")).len(), 12);
}

#[test]
fn line_ends_are_not_doubled() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("*.txt");
    let bag = Bag::from_sequence(["kept\n", "added", ""], Partitions::count(1));
    check(&bag.to_textfiles(path.to_str().unwrap()).unwrap(), vec![dir.path().join("0.txt")]);
    assert_eq!(fs::read_to_string(dir.path().join("0.txt")).unwrap(), "kept\nadded\n\n");
}

#[test]
fn the_last_line_may_have_no_end() {
    let dir = tempdir().unwrap();
    let to = WriteText::new(dir.path().join("*").to_str().unwrap()).last_line_end(false);
    let bag = Bag::from_partitions([vec!["a", "b\n", "", "c"], vec![], vec![""], vec!["", ""], vec!["d\n"]]);
    assert_eq!(bag.write_text(&to).unwrap().compute_with(&Sync::new()).unwrap().len(), 5);
    let read = |i: usize| fs::read_to_string(dir.path().join(i.to_string())).unwrap();
    assert_eq!([0, 1, 2, 3, 4].map(read), ["a\nb\n\nc", "", "", "\n", "d\n"]);
}

#[test]
fn files_are_named_by_function_or_list() {
    let dir = tempdir().unwrap();
    let bag = Bag::range(3, Partitions::count(3)).map(|n| n.to_string());
    let to = WriteText::new(dir.path().join("day-*.txt").to_str().unwrap())
        .name_function(|i| format!("{}", i * i));
    check(
        &bag.write_text(&to).unwrap(),
        ["0", "1", "4"].map(|i| dir.path().join(format!("day-{i}.txt"))).to_vec(),
    );
    // A star in a list is a star.
    let names = ["*", "b.gz", "sub/c"].map(|name| dir.path().join(name));
    check(&bag.write_text(&WriteText::files(&names)).unwrap(), names.to_vec());
    check(&ReadText::files(&names).lines().unwrap(), ["0", "1", "2"].map(String::from).to_vec());

    let error = bag.write_text(&WriteText::files(&names[..2])).unwrap_err();
    assert!(matches!(error, WriteError::PathCount { partitions: 3, paths: 2 }));
    let same = WriteText::new(dir.path().join("*").to_str().unwrap()).name_function(|i| format!("{}", i % 2));
    let error = bag.write_text(&same).unwrap_err();
    assert!(matches!(error, WriteError::SamePath { first: 0, second: 2, .. }), "{error}");
}

#[test]
fn compression_and_encoding_can_be_told() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.txt");
    let bag = Bag::from_partitions([vec!["é", "日"]]);
    let to = WriteText::files([&path]);
    for label in ["utf-8", "utf-16le", "utf-16be", "gb18030"] {
        let packed = to.clone().encoding(label).compression(Compression::Gzip);
        check(&bag.write_text(&packed).unwrap(), vec![path.clone()]);
        let read = ReadText::files([&path]).encoding(label).compression(Compression::Gzip);
        check(&read.lines().unwrap(), ["é", "日"].map(String::from).to_vec());
    }
    fs::remove_file(&path).unwrap();
    let western = bag.write_text(&to.clone().encoding("latin1")).unwrap();
    check_fails(&western, &["windows-1252 has no '日'", "item 1 of", "a.txt"]);
    assert!(names_in(dir.path()).is_empty());
    assert!(matches!(bag.write_text(&to.encoding("latin-nine")), Err(WriteError::Encoding { .. })));
}

#[test]
fn a_failure_leaves_neither_a_part_of_a_file_nor_rubbish() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("1.txt"), "what was there").unwrap();
    let pattern = dir.path().join("*.txt");
    let bag = Bag::range(10, Partitions::count(2));
    let failing = bag.try_map(|n| if n == 8 { Err("eight") } else { Ok(n.to_string()) });
    check_fails(&failing.to_textfiles(pattern.to_str().unwrap()).unwrap(), &["eight"]);
    let panicking = bag.map(|n| if n == 9 { panic!("nine") } else { n.to_string() });
    check_fails(&panicking.to_textfiles(pattern.to_str().unwrap()).unwrap(), &["nine"]);
    assert_eq!(fs::read_to_string(dir.path().join("1.txt")).unwrap(), "what was there");
    assert!(
        names_in(dir.path()).iter().all(|name| name == "0.txt" || name == "1.txt"),
        "{:?}",
        names_in(dir.path())
    );
}

#[test]
fn places_that_cannot_be_written_are_errors() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    fs::create_dir(dir.path().join("0.txt")).unwrap();
    let bag = Bag::from_sequence(["a"], Partitions::count(1));
    let to = |name: &str| bag.to_textfiles(dir.path().join(name).to_str().unwrap());
    check_fails(&to("file/*.txt").unwrap(), &["could not make the directory", "file"]);
    check_fails(&to("*.txt").unwrap(), &["could not create", "0.txt"]);
    assert!(matches!(to("*-*.txt"), Err(WriteError::Pattern { .. })));
    // Without stores no URL can be written to, and with them not this one.
    let Err(WriteError::File { source }) = bag.to_textfiles("nothing://bucket/*.txt") else {
        panic!("written")
    };
    match cfg!(feature = "object-store") {
        true => assert!(matches!(source, FileError::Url { .. }), "{source:?}"),
        false => assert!(matches!(source, FileError::StoresOff { .. }), "{source:?}"),
    }
    assert!(matches!(to("*.txt.lz4"), Err(WriteError::Compression { .. })));
    assert_eq!(names_in(dir.path()), ["0.txt", "file"]);
}
