//! Writing text: one file a partition, whole or not at all.

use std::fs;
use std::path::Path;

use dask_bag::{Bag, Partitions, WriteError, read_text};
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
    for name in ["plain-*.txt", "packed-*.gz", "sub/dir"] {
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
    assert!(matches!(to("*.txt.lz4"), Err(WriteError::Compression { .. })));
    assert_eq!(names_in(dir.path()), ["0.txt", "file"]);
}
