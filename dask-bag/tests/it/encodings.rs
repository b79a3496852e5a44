//! Encodings and delimiters: the lines are the same however the file is written and cut.

use dask_bag::{Bag, EncodingError, ReadError, ReadText};
use dask_graph::Collection;
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use proptest::prelude::*;

use super::errors::chain;
use super::inputs::{files, gzip, pattern};
use super::runners::{check, check_fails};

fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
    let bytes = |unit: u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
    text.encode_utf16().flat_map(bytes).collect()
}

/// `text` in an encoding, written without our code.
fn encoded(label: &str, text: &str) -> Vec<u8> {
    match label {
        "utf-8" => text.into(),
        "utf-16le" => utf16(text, false),
        "utf-16be" => utf16(text, true),
        _ => encoding_rs::Encoding::for_label(label.as_bytes()).unwrap().encode(text).0.into_owned(),
    }
}

/// All lines and all words, in blocks of every size.
#[track_caller]
fn check_blocks(text: &ReadText, length: usize, expected: &[&str]) {
    check(&text.lines().unwrap(), expected.iter().map(|&line| line.to_owned()).collect());
    let counts = counts_of(expected.iter().flat_map(|line| line.split_whitespace()));
    for blocksize in 1..=length as u64 + 2 {
        let lines = text.clone().blocksize(blocksize).lines().unwrap();
        assert_eq!(lines.compute_with(&Sync::new()).unwrap(), expected, "in blocks of {blocksize}");
        let words = lines.str().word_frequencies().compute_with(&Optimized::new(Sync::new())).unwrap();
        assert_eq!(words, counts, "in blocks of {blocksize}");
    }
}

/// How often each word occurs.
fn counts_of<'a>(words: impl Iterator<Item = &'a str>) -> Vec<(String, u64)> {
    let mut counts: Vec<(String, u64)> = Vec::new();
    for word in words {
        match counts.iter_mut().find(|(known, _)| known == word) {
            Some((_, n)) => *n += 1,
            None => counts.push((word.to_owned(), 1)),
        }
    }
    counts
}

#[test]
fn every_encoding_in_blocks_of_every_size() {
    let western = "Grüße\r\n\nà la\nfin";
    // U+0A0A, U+0A00 and U+000A at odd places look like line ends in UTF-16.
    let tricky = "\u{a0a}\u{a00}\u{100a}\n\u{d00}\r\n𝄞\n\n";
    let eastern = "日本\r\n\nソ表\n語";
    let lines_of = |text: &'static str| -> Vec<&str> { text.lines().collect() };
    for (label, text) in [
        ("utf-8", western),
        ("utf-8", tricky),
        ("utf-16le", western),
        ("utf-16le", tricky),
        ("utf-16be", tricky),
        ("windows-1252", western),
        ("latin1", western),
        ("shift_jis", eastern),
        ("euc-jp", eastern),
        ("gb18030", tricky),
        ("gb18030", eastern),
        ("big5", "中文\n許功蓋"),
        ("koi8-r", "Привет\nмир\n"),
    ] {
        let bytes = encoded(label, text);
        let dir = files(&[("a.txt", &bytes), ("b.txt.gz", &gzip(&bytes))]);
        let read = |name: &str| ReadText::new(pattern(&dir, name)).encoding(label);
        check_blocks(&read("a.txt"), bytes.len(), &lines_of(text));
        check(&read("b.txt.gz").lines().unwrap(), text.lines().map(String::from).collect());
        let kept: Vec<String> = text.split_inclusive('\n').map(String::from).collect();
        check(&read("a.txt").keep_line_ends(true).blocksize(4).lines().unwrap(), kept);
    }
}

#[test]
fn a_byte_order_mark_is_no_text_and_decides() {
    let text = "\u{feff}é\n\u{feff}b\n";
    let expected = ["é", "\u{feff}b"];
    for (written, told) in [
        ("utf-8", "utf-8"),
        ("utf-16le", "utf-16le"),
        ("utf-16be", "utf-16be"),
        ("utf-16le", "utf-16be"),
        ("utf-16be", "utf-16"),
    ] {
        let bytes = encoded(written, text);
        let dir = files(&[("a.txt", &bytes), ("b.gz", &gzip(&bytes))]);
        check_blocks(&ReadText::new(pattern(&dir, "a.txt")).encoding(told), bytes.len(), &expected);
        let packed = ReadText::new(pattern(&dir, "b.gz")).encoding(told);
        check(&packed.lines().unwrap(), expected.map(String::from).to_vec());
    }
    let dir = files(&[("mark", b"\xef\xbb\xbf"), ("half", b"\xef\xbb")]);
    check(&ReadText::new(pattern(&dir, "mark")).lines().unwrap(), vec![]);
    check_fails(&ReadText::new(pattern(&dir, "half")).lines().unwrap(), &["not UTF-8 at byte 0"]);
}

#[test]
fn delimiters_of_any_bytes() {
    let cases: [(&[u8], &[u8], &[&str]); 6] = [
        (b"a\0b\n\0c", b"\0", &["a", "b\n", "c"]),
        (b"one<br>two<b<br><br>three<br", b"<br>", &["one", "two<b", "", "three<br"]),
        (b"x\r\ny\nz\r\n", b"\r\n", &["x", "y\nz"]),
        (b"x\r\ny\n", b"\n", &["x\r", "y"]),
        ("é§è§".as_bytes(), "§".as_bytes(), &["é", "è"]),
        (b"a\xffb\xff", b"\xff", &["a", "b"]),
    ];
    for (text, delimiter, expected) in cases {
        let dir = files(&[("a.txt", text)]);
        let read = ReadText::new(pattern(&dir, "a.txt")).line_delimiter(delimiter);
        check_blocks(&read, text.len(), expected);
    }
    let bytes = utf16("a||b|c||", false);
    let dir = files(&[("a.txt", &bytes)]);
    let read = ReadText::new(pattern(&dir, "a.txt")).encoding("utf-16le").line_delimiter("|-");
    check_blocks(&read, bytes.len(), &["a||b|c||"]);
}

#[test]
fn delimiters_that_overlap_themselves_allow_no_blocks() {
    let dir = files(&[("a.txt", b"one\n\n\ntwo\n\nthree")]);
    let read = ReadText::new(pattern(&dir, "a.txt")).line_delimiter("\n\n");
    check(&read.lines().unwrap(), ["one", "\ntwo", "three"].map(String::from).to_vec());
    let error = read.blocksize(4).lines().unwrap_err();
    assert!(matches!(error, ReadError::OverlappingDelimiter { .. }), "{error}");
}

#[test]
fn encodings_and_delimiters_that_cannot_be_are_refused_at_once() {
    let dir = files(&[("a.txt", b"a")]);
    let text = ReadText::new(pattern(&dir, "a.txt"));
    let source = |text: ReadText| match text.lines().unwrap_err() {
        ReadError::Encoding { source } => source,
        other => panic!("{}", chain(&other)),
    };
    assert!(matches!(source(text.clone().encoding("utf-9")), EncodingError::Unknown { .. }));
    assert!(matches!(source(text.clone().encoding("iso-2022-jp")), EncodingError::Stateful { .. }));
    assert!(matches!(source(text.clone().line_delimiter("")), EncodingError::EmptyDelimiter));
    let part = source(text.encoding("gbk").line_delimiter("|"));
    assert!(matches!(part, EncodingError::Delimiter { .. }), "{part}");
}

#[test]
fn bytes_that_are_no_text_are_an_error_or_replaced() {
    let mut odd = utf16("ab\ncd", false);
    odd.push(b'x');
    let half = [utf16("ab\n", true), vec![0xd8, 0x00], utf16("\nc", true)].concat();
    for (label, bytes, at, lossy) in [
        ("utf-16le", odd, "UTF-16LE at byte 10", ["ab", "cd\u{fffd}", ""]),
        ("utf-16be", half, "UTF-16BE at byte 6", ["ab", "\u{fffd}", "c"]),
        ("euc-kr", b"ab\n\xff\nc".to_vec(), "EUC-KR at byte 3", ["ab", "\u{fffd}", "c"]),
    ] {
        let dir = files(&[("a.txt", &bytes)]);
        let text = ReadText::new(pattern(&dir, "a.txt")).encoding(label).blocksize(2);
        check_fails(&text.lines().unwrap(), &["a.txt", at]);
        let expected: Vec<_> = lossy.iter().filter(|line| !line.is_empty()).map(|&l| l.to_owned()).collect();
        check(&text.lossy(true).lines().unwrap(), expected);
    }
}

#[test]
fn a_line_that_is_no_text_spoils_none_beside_it() {
    let dir =
        files(&[("a.txt", "ä\nb".as_bytes()), ("b.txt", b"one\n\xc3\ntwo\n"), ("c.txt", "aé".as_bytes())]);
    let lossy = ReadText::new(pattern(&dir, "[ab].txt")).lossy(true).lines().unwrap();
    check(&lossy, ["ä", "b", "one", "\u{fffd}", "two"].map(String::from).to_vec());
    check_fails(
        &ReadText::new(pattern(&dir, "b.txt")).lines().unwrap(),
        &["b.txt", "not UTF-8 at byte 4", "line 2"],
    );
    // What ends lines may be a part of a letter, of which only another part is left.
    let cut = ReadText::new(pattern(&dir, "c.txt")).line_delimiter(b"\xa9");
    check_fails(&cut.lines().unwrap(), &["c.txt", "not UTF-8 at byte 1"]);
    check(&cut.lossy(true).lines().unwrap(), vec!["a\u{fffd}".to_owned()]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn random_text_in_random_delimiters_and_blocks_is_split_as_a_whole(
        text in "[ab|-]{0,60}",
        delimiter in prop::sample::select(vec!["|", "|-", "ab-", "a|b"]),
        label in prop::sample::select(vec!["utf-8", "utf-16le", "latin1"]),
        blocksize in 1_u64..50,
    ) {
        let bytes = encoded(label, &text);
        let dir = files(&[("a.txt", &bytes)]);
        let read = ReadText::new(pattern(&dir, "a.txt")).encoding(label).line_delimiter(delimiter);
        let bag: Bag<String> = read.blocksize(blocksize).lines().unwrap();
        // The end of the text is no line, if a delimiter stands there.
        let mut expected: Vec<&str> = text.split(delimiter).collect();
        expected.pop_if(|last| last.is_empty());
        prop_assert_eq!(bag.compute_with(&Sync::new()).unwrap(), expected);
    }
}
