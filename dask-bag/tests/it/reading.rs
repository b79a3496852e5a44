//! Reading text: line borders, compression, and files that are not as they should be.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use dask_bag::{Bag, Compression, FileError, ReadError, ReadText, read_text};
use dask_graph::Collection;
use dask_optimize::{Context, Optimized, Pipeline};
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::errors::chain;
use super::inputs::{files, gzip, pattern};
use super::runners::{check, check_fails};

fn lines_of(path: &Path, blocksize: u64) -> Bag<String> {
    ReadText::files([path]).blocksize(blocksize).lines().unwrap()
}

#[test]
fn files_come_sorted_and_by_pattern() {
    let dir = files(&[("b.txt", b"3\n"), ("a.txt", b"1\n2"), ("c.log", b"no\n"), ("d.txt", b"")]);
    let bag = read_text(&pattern(&dir, "*.txt")).unwrap();
    assert_eq!(bag.npartitions(), 3);
    check(&bag, vec!["1".into(), "2".into(), "3".into()]);
    let listed = ReadText::files([dir.path().join("b.txt"), dir.path().join("a.txt")]).lines().unwrap();
    check(&listed, vec!["3".into(), "1".into(), "2".into()]);
}

#[test]
fn line_ends_are_dropped_or_kept() {
    let dir = files(&[("a.txt", b"unix\ndos\r\n\nold\rmac\nlast\r")]);
    let text = ReadText::new(pattern(&dir, "a.txt"));
    let dropped = ["unix", "dos", "", "old\rmac", "last\r"].map(String::from).to_vec();
    check(&text.lines().unwrap(), dropped);
    let kept = ["unix\n", "dos\r\n", "\n", "old\rmac\n", "last\r"].map(String::from).to_vec();
    check(&text.keep_line_ends(true).lines().unwrap(), kept);
}

#[test]
fn every_line_is_in_one_block_whatever_the_block_size() {
    let texts: [&[u8]; 7] = [
        b"",
        b"\n",
        b"a",
        b"a\nbb\nccc\n",
        b"a\r\nbb\r\n\r\nccc",
        b"\n\n\n\n",
        b"a line longer than most blocks\nb\n",
    ];
    for text in texts {
        let dir = files(&[("a.txt", text)]);
        let path = dir.path().join("a.txt");
        let expected: Vec<String> = std::str::from_utf8(text).unwrap().lines().map(String::from).collect();
        for blocksize in 1..=text.len() as u64 + 2 {
            let got = lines_of(&path, blocksize).compute_with(&Sync::new()).unwrap();
            assert_eq!(got, expected, "{text:?} in blocks of {blocksize}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn random_text_in_random_blocks_is_the_same_text(
        text in "([a-cé日]{0,6}(\n|\r\n)?){0,30}",
        blocksize in 1_u64..50,
    ) {
        let dir = files(&[("a.txt", text.as_bytes())]);
        let bag = ReadText::files([dir.path().join("a.txt")]).blocksize(blocksize).keep_line_ends(true);
        let got = bag.lines().unwrap().compute_with(&Sync::new()).unwrap();
        let expected: Vec<String> = text.split_inclusive('\n').map(String::from).collect();
        prop_assert_eq!(got, expected);
    }
}

#[test]
fn a_line_far_longer_than_buffers_and_blocks_is_one_line() {
    let long = "x".repeat(1 << 20);
    let dir = files(&[("a.txt", format!("first\n{long}\nlast").as_bytes())]);
    check(&lines_of(&dir.path().join("a.txt"), 50_000), vec!["first".into(), long, "last".into()]);
}

#[test]
fn names_that_match_nothing_or_no_file_are_errors() {
    let dir = files(&[("a.txt", b"")]);
    fs::create_dir(dir.path().join("sub")).unwrap();
    let error = read_text(&pattern(&dir, "*.csv")).unwrap_err();
    assert!(
        matches!(error, ReadError::File { source: FileError::NoMatch { .. } })
            && chain(&error).contains("*.csv"),
        "{}",
        chain(&error)
    );
    assert!(matches!(read_text("a[").unwrap_err(), ReadError::File { source: FileError::Pattern { .. } }));
    assert!(matches!(ReadText::files([""; 0]).lines().unwrap_err(), ReadError::NoPaths));
    let missing = ReadText::files([dir.path().join("none.txt")]).lines().unwrap_err();
    assert!(chain(&missing).contains("could not find") && chain(&missing).contains("none.txt"));
    let directory = read_text(&pattern(&dir, "*")).unwrap_err();
    assert!(matches!(directory, ReadError::File { source: FileError::NotAFile { .. } }));
    let zero = ReadText::new(pattern(&dir, "a.txt")).blocksize(0).lines().unwrap_err();
    assert!(matches!(zero, ReadError::ZeroBlocksize));
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_an_error() {
    use std::os::unix::fs::PermissionsExt;
    let dir = files(&[("a.txt", b"one\n")]);
    let bag = read_text(&pattern(&dir, "a.txt")).unwrap();
    fs::set_permissions(dir.path().join("a.txt"), fs::Permissions::from_mode(0o000)).unwrap();
    // Root may read everything.
    if fs::File::open(dir.path().join("a.txt")).is_err() {
        check_fails(&bag, &["could not open", "a.txt"]);
    }
}

#[test]
fn a_file_that_changed_or_vanished_is_an_error() {
    let dir = files(&[("a.txt", b"one\ntwo\n"), ("b.txt", b"one\n"), ("c.txt", b"one\n")]);
    let (longer, touched, gone) = (
        read_text(&pattern(&dir, "a.txt")).unwrap(),
        read_text(&pattern(&dir, "b.txt")).unwrap(),
        read_text(&pattern(&dir, "c.txt")).unwrap(),
    );
    fs::write(dir.path().join("a.txt"), b"one\ntwo\nthree\n").unwrap();
    let later = SystemTime::now() + Duration::from_secs(10);
    fs::File::options().write(true).open(dir.path().join("b.txt")).unwrap().set_modified(later).unwrap();
    fs::remove_file(dir.path().join("c.txt")).unwrap();
    check_fails(&longer, &["a.txt changed", "8 bytes then, 14 now"]);
    check_fails(&touched, &["b.txt changed"]);
    check_fails(&gone, &["could not open", "c.txt"]);
}

#[test]
fn lists_of_patterns_read_each_file_once() {
    let dir = files(&[("b.txt", b"b\n"), ("a.txt", b"a\n"), ("c.log", b"c\n")]);
    let patterns = ["*.log", "b*", "*.txt", "c.log"].map(|name| pattern(&dir, name));
    check(&ReadText::patterns(patterns).lines().unwrap(), ["c", "b", "a"].map(String::from).to_vec());
    let missing = ReadText::patterns([pattern(&dir, "*.txt"), pattern(&dir, "*.csv")]).lines().unwrap_err();
    let ReadError::File { source: FileError::NoMatch { pattern, .. } } = missing else {
        panic!("{missing:?}")
    };
    assert!(pattern.ends_with("*.csv"));
    assert!(matches!(ReadText::patterns([""; 0]).lines().unwrap_err(), ReadError::NoPaths));
}

#[test]
fn a_partition_may_be_several_files() {
    let dir = files(&[("a", b"1\n2\n"), ("b", b""), ("c", b"3"), ("d", b"x\n5\n"), ("e.gz", &gzip(b"6\n"))]);
    let text = ReadText::new(pattern(&dir, "*"));
    let bag = text.clone().files_per_partition(2).lines().unwrap();
    assert_eq!(bag.npartitions(), 3);
    check(&bag, ["1", "2", "3", "x", "5", "6"].map(String::from).to_vec());
    for n in [1, 2, 3, 4, 5, 100] {
        let text = text.clone().files_per_partition(n);
        assert_eq!(text.lines().unwrap().npartitions(), 5_usize.div_ceil(n));
        let place = format!("{} line 1", dir.path().join("d").display());
        check_fails(&text.try_map_lines(|line| line.parse::<u32>()).unwrap().sum(), &[&place]);
    }
    assert!(matches!(text.clone().files_per_partition(0).lines().unwrap_err(), ReadError::ZeroFiles));
    let both = text.files_per_partition(2).blocksize(10).lines().unwrap_err();
    assert!(matches!(both, ReadError::BlocksizeAndFiles));
}

#[test]
fn lines_come_with_their_paths() {
    let dir = files(&[("a", b"1\n2\n"), ("b", b"3")]);
    let bag = ReadText::new(pattern(&dir, "*")).blocksize(1).lines_with_path().unwrap();
    let (a, b) = (Arc::from(dir.path().join("a")), Arc::from(dir.path().join("b")));
    check(&bag, vec![(Arc::clone(&a), "1".into()), (a, "2".into()), (b, "3".into())]);
}

#[test]
fn readers_say_what_they_will_make() {
    let packed = gzip(&[b'x'; 1000]);
    let dir = files(&[("a.txt", &[b'\n'; 1000]), ("b.gz", &packed)]);
    let expected_of = |collection: &Bag<String>| {
        let keys = collection.keys();
        let graph = Pipeline::standard().run(collection.graph(), &Context::new(&keys)).unwrap();
        let plan = graph.lower(&keys).unwrap();
        plan.nodes().map(|node| plan.producer_nbytes(node)).collect::<Vec<_>>()
    };
    let plain = ReadText::new(pattern(&dir, "a.txt")).blocksize(500).lines().unwrap();
    assert_eq!(expected_of(&plain), [Some(750), Some(750)]);
    assert_eq!(expected_of(&plain.filter(|line| line.is_empty())), [Some(750), Some(750)]);
    let packed_lines = read_text(&pattern(&dir, "b.gz")).unwrap();
    assert_eq!(expected_of(&packed_lines), [Some(6 * packed.len() as u64)]);
    // What is counted on the way is never stored.
    let keys = plain.count().keys();
    let graph = Pipeline::standard().run(plain.count().graph(), &Context::new(&keys)).unwrap();
    let plan = graph.lower(&keys).unwrap();
    let sizes: Vec<_> = plan.nodes().filter_map(|node| plan.producer_nbytes(node)).collect();
    assert_eq!(sizes, [8, 8]);
}

#[test]
fn names_follow_path_size_time_and_options() {
    let dir = files(&[("a.txt", b"one\n")]);
    let text = ReadText::new(pattern(&dir, "a.txt"));
    let name = |text: &ReadText| text.lines().unwrap().name().clone();
    let before = name(&text);
    assert_eq!(before, name(&ReadText::files([dir.path().join("a.txt")])));
    assert_ne!(before, name(&text.clone().keep_line_ends(true)));
    assert_ne!(before, name(&text.clone().lossy(true)));
    assert_ne!(before, name(&text.clone().encoding("latin1")));
    assert_ne!(before, name(&text.clone().line_delimiter("\n")));
    assert_ne!(before, name(&text.clone().files_per_partition(1)));
    assert_ne!(before, name(&text.clone().compression(Compression::Gzip)));
    assert_ne!(before, text.lines_with_path().unwrap().name().clone());
    fs::write(dir.path().join("a.txt"), b"other\n").unwrap();
    assert_ne!(before, name(&text));
}

#[test]
fn bytes_that_are_no_utf8_are_an_error_or_replaced() {
    let bad = b"fine\nalso fine\nb\xffd\nfine\n";
    let dir = files(&[("a.txt", bad), ("b.txt.gz", &gzip(bad))]);
    for name in ["a.txt", "b.txt.gz"] {
        let text = ReadText::new(pattern(&dir, name)).blocksize(7);
        let lines = text.lines().unwrap();
        check_fails(&lines, &[name, "byte 16", "line 3"]);
        check_words_fail(&lines, &[name, "byte 16", "line 3"]);
        let lossy = text.lossy(true).lines().unwrap();
        let words = [("fine", 3), ("also", 1), ("b\u{fffd}d", 1)].map(|(word, n)| (word.to_owned(), n));
        check(&lossy.str().word_frequencies(), words.to_vec());
        check(&lossy, ["fine", "also fine", "b\u{fffd}d", "fine"].map(String::from).to_vec());
    }
}

/// Words are counted without a look at lines, unless something is wrong with one.
#[track_caller]
fn check_words_fail(lines: &Bag<String>, parts: &[&str]) {
    check_fails(&lines.str().word_frequencies(), parts);
}

#[test]
fn a_line_that_is_no_utf8_is_told_by_its_number_among_many() {
    let mut text = "a few words\r\n".repeat(100_000).into_bytes();
    text[13 * 70_000 + 4] = 0xff;
    let dir = files(&[("a.txt", &text), ("b.txt.gz", &gzip(&text))]);
    for name in ["a.txt", "b.txt.gz"] {
        for blocksize in [300_000, u64::MAX] {
            let lines = ReadText::new(pattern(&dir, name)).blocksize(blocksize).lines().unwrap();
            check_fails(&lines, &[name, "byte 910004", "line 70001"]);
            check_words_fail(&lines, &[name, "byte 910004", "line 70001"]);
        }
    }
}

#[test]
fn a_step_that_fails_on_a_line_tells_file_and_line() {
    let numbers: String =
        (1..=100).map(|n| if n == 63 { "oops\n".into() } else { format!("{n}\n") }).collect();
    let dir = files(&[("a.txt", numbers.as_bytes()), ("b.txt.gz", &gzip(numbers.as_bytes()))]);
    for name in ["a.txt", "b.txt.gz"] {
        for blocksize in [1, 2, 3, 5, 17, 60, 1000] {
            let text = ReadText::new(pattern(&dir, name)).blocksize(blocksize);
            let parsed = text.try_map_lines(|line| line.parse::<u32>()).unwrap();
            check_fails(
                &parsed.sum(),
                &["try_map_lines failed", &format!("{name} line 63"), "invalid digit"],
            );
        }
    }
    // A later step knows the line too, when it runs in one pass with the reading.
    let parsed = read_text(&pattern(&dir, "a.txt")).unwrap().try_map(|line| line.parse::<u32>());
    let error = parsed.compute_with(&dask_optimize::Optimized::new(Sync::new())).unwrap_err();
    assert!(chain(&error).contains("a.txt line 63"), "{}", chain(&error));
}

#[test]
fn lines_that_are_only_looked_at_are_the_same_lines() {
    let dir = files(&[("a.txt", b"b a\nb\n\na\nb a\r\n"), ("b.txt", b""), ("c.txt", "a\nö b\nb".as_bytes())]);
    let expected = ["b a", "b", "", "a", "b a", "a", "ö b", "b"].map(String::from);
    let counts = [("b a", 2), ("b", 2), ("", 1), ("a", 2), ("ö b", 1)].map(|(line, n)| (line.to_owned(), n));
    for blocksize in [1, 3, 1000] {
        let lines = ReadText::new(pattern(&dir, "*.txt")).blocksize(blocksize).lines().unwrap();
        check(&lines.count(), 8);
        check(&lines.frequencies(), counts.to_vec());
        check(&lines.distinct(), counts.iter().map(|(line, _)| line.clone()).collect());
        let letters = lines.frequencies_of(|line, count| line.split(' ').for_each(count));
        check(&letters, [("b", 5), ("a", 4), ("", 1), ("ö", 1)].map(|(word, n)| (word.into(), n)).to_vec());
        let grouped = lines.clone().split_out(1).groupby(|line| line.len()).map(|(_, lines)| lines);
        let by_length = |n| expected.iter().filter(|line| line.len() == n).cloned().collect::<Vec<_>>();
        check(&grouped, [3, 1, 0, 4].map(by_length).to_vec());
        let out = files(&[]);
        let written = lines.repartition(1).to_textfiles(&pattern(&out, "*.out")).unwrap();
        let written = written.compute_with(&Sync::new()).unwrap();
        assert_eq!(fs::read_to_string(&written[0]).unwrap().lines().collect::<Vec<_>>(), expected);
        let written = lines.to_textfiles(&pattern(&out, "*.parts")).unwrap();
        let paths = written.compute_with(&Optimized::new(Sync::new())).unwrap();
        let parts: String = paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        assert_eq!(parts.lines().collect::<Vec<_>>(), expected);
    }
}
