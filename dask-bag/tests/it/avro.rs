//! Avro: every codec, cut at any size, and files that are not as they should be.

use std::fs;
use std::path::Path;

use apache_avro::{Codec, Reader, Schema, Writer, from_value};
use dask_bag::{AvroCodec, Bag, Partitions, ReadAvro, ReadError, WriteError, read_avro};
use dask_graph::{Collection, make_portable};
use dask_sched_sync::Sync;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use tempfile::tempdir;

use super::inputs::{files, pattern};
use super::runners::{check, check_fails};

const SCHEMA: &str = r#"{"type": "record", "name": "Reading", "fields": [
    {"name": "station", "type": "string"},
    {"name": "values", "type": {"type": "array", "items": "double"}},
    {"name": "n", "type": "long"},
    {"name": "note", "type": ["null", "string"]}
]}"#;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Reading {
    station: String,
    values: Vec<f64>,
    n: i64,
    note: Option<String>,
}

fn reading(n: i64) -> Reading {
    let note = (n % 3 == 0).then(|| format!("note of {n}"));
    Reading { station: format!("s{}", n % 7), values: vec![n as f64; (n % 4) as usize], n, note }
}

/// A file that the library writes, in blocks of about 200 bytes.
fn file(codec: Codec, n: i64) -> Vec<u8> {
    let schema = Schema::parse_str(SCHEMA).unwrap();
    let writer = Writer::builder().schema(&schema).codec(codec).writer(Vec::new()).block_size(200);
    let mut writer = writer.build().unwrap();
    for n in 0..n {
        writer.append_ser(reading(n)).unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn files_of_the_library_are_read_whole_and_in_parts_of_every_size() {
    make_portable::<Reading>();
    let codecs = [
        Codec::Null,
        Codec::Deflate(Default::default()),
        Codec::Snappy,
        #[cfg(feature = "zstd")]
        Codec::Zstandard(Default::default()),
        #[cfg(feature = "bz2")]
        Codec::Bzip2(Default::default()),
        #[cfg(feature = "xz")]
        Codec::Xz(Default::default()),
    ];
    for codec in codecs {
        let bytes = file(codec, 60);
        let dir = files(&[("a.avro", &bytes), ("b.avro", &file(codec, 0)), ("c.avro", &file(codec, 1))]);
        let expected: Vec<Reading> = (0..60).map(reading).collect();
        check(&read_avro::<Reading>(&pattern(&dir, "a.avro")).unwrap(), expected.clone());
        for size in [1, 2, 15, 16, 17, 50, 100, 200, 201, 333, 1000, 5000] {
            let read = ReadAvro::new(pattern(&dir, "*.avro")).blocksize(size).records::<Reading>().unwrap();
            let got = read.compute_with(&Sync::new()).unwrap();
            assert_eq!(got[..60], expected, "{codec:?} in parts of {size}");
            assert_eq!(got[60..], [reading(0)]);
        }
        let cut = ReadAvro::files([dir.path().join("a.avro")]).blocksize(300).records::<Reading>().unwrap();
        assert_eq!(cut.npartitions(), bytes.len() / 300);
        check(&cut.map(|reading| reading.n).sum(), (0..60).sum());
    }
}

#[test]
fn a_file_written_by_hand_after_the_specification_is_read() {
    // A map in two parts, the second with its length in bytes; two blocks, the first without records.
    let mut bytes = b"Obj\x01".to_vec();
    bytes.extend(b"\x02\x14avro.codec\x08null");
    bytes.extend(b"\x01\x30\x16avro.schema\x16\"string\" \n ");
    bytes.push(0);
    let marker = *b"0123456789abcdef";
    bytes.extend(marker);
    bytes.extend(b"\x00\x00");
    bytes.extend(marker);
    bytes.extend(b"\x04\x0a\x02a\x04bc");
    bytes.extend(marker);
    let dir = files(&[("a.avro", &bytes)]);
    for size in 1..=bytes.len() as u64 {
        let read = ReadAvro::new(pattern(&dir, "a.avro")).blocksize(size).records::<String>().unwrap();
        assert_eq!(read.compute_with(&Sync::new()).unwrap(), ["a", "bc"], "in parts of {size}");
    }
}

/// The records of a file, by the library.
fn by_library(path: &Path) -> Vec<Reading> {
    let reader = Reader::new(fs::File::open(path).unwrap()).unwrap();
    reader.map(|value| from_value(&value.unwrap()).unwrap()).collect()
}

#[test]
fn what_is_written_is_read_again_here_and_by_the_library() {
    make_portable::<Reading>();
    let bag = Bag::range(10, Partitions::count(3)).filter(|&n| n != 9).map(|n| reading(n as i64));
    let expected: Vec<Reading> = (0..9).map(reading).collect();
    for codec in [
        AvroCodec::Null,
        AvroCodec::Deflate,
        AvroCodec::Snappy,
        #[cfg(feature = "zstd")]
        AvroCodec::Zstandard,
    ] {
        let dir = tempdir().unwrap();
        let to = dir.path().join("sub/*.avro").to_str().unwrap().to_owned();
        let paths: Vec<_> = (0..3).map(|i| dir.path().join(format!("sub/{i}.avro"))).collect();
        check(&bag.to_avro(&to, SCHEMA, codec).unwrap(), paths.clone());
        check(&read_avro::<Reading>(&to).unwrap(), expected.clone());
        assert_eq!(paths.iter().flat_map(|path| by_library(path)).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn items_that_do_not_fit_the_schema_leave_no_file() {
    let dir = tempdir().unwrap();
    let to = dir.path().join("*.avro").to_str().unwrap().to_owned();
    let bag = Bag::from_partitions([vec!["text".to_owned()]]);
    check_fails(&bag.to_avro(&to, r#""long""#, AvroCodec::Null).unwrap(), &["item 0 of", "0.avro"]);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let error = bag.to_avro(&to, r#"{"type": "nothing"}"#, AvroCodec::Null).unwrap_err();
    assert!(matches!(error, WriteError::Schema { .. }));
}

#[test]
fn records_that_are_no_items_tell_file_and_block() {
    make_portable::<i64>();
    let dir = files(&[("a.avro", &file(Codec::Null, 3))]);
    let numbers = read_avro::<i64>(&pattern(&dir, "a.avro")).unwrap();
    check_fails(&numbers.count(), &["a.avro in the block at byte", "record 0 of it"]);
    // A later step that fails tells the block, too, when it runs in one pass with the reading.
    let ns = read_avro::<Reading>(&pattern(&dir, "a.avro")).unwrap();
    let failing = ns.try_map(|reading| if reading.n == 2 { Err("two") } else { Ok(reading.n) });
    let error = failing.compute_with(&dask_optimize::Optimized::new(Sync::new())).unwrap_err();
    assert!(super::errors::chain(&error).contains("a.avro byte"), "{}", super::errors::chain(&error));
}

#[test]
fn cut_and_spoilt_files_are_errors() {
    make_portable::<Reading>();
    let whole = file(Codec::Snappy, 40);
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.avro");
    let read = || read_avro::<Reading>(path.to_str().unwrap()).unwrap().count();
    // Cut anywhere: only where a block ends is a shorter file a file.
    fs::write(&path, &whole).unwrap();
    let mut whole_blocks = 0;
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        match read().compute_with(&Sync::new()) {
            Ok(n) => {
                assert!(n < 40);
                whole_blocks += 1;
            }
            Err(error) => assert!(super::errors::chain(&error).contains("a.avro"), "{length}"),
        }
    }
    assert!(whole_blocks < 40, "{whole_blocks}");
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    check_fails(&read(), &["a.avro in the block at byte", "ends in the middle"]);
    let mut spoilt = whole.clone();
    let end = spoilt.len() - 30;
    spoilt[end] ^= 1;
    fs::write(&path, &spoilt).unwrap();
    check_fails(&read(), &["a.avro in the block at byte"]);
    let mut marker = whole.clone();
    *marker.last_mut().unwrap() ^= 1;
    fs::write(&path, &marker).unwrap();
    check_fails(&read(), &["does not end with the marker"]);
    fs::write(&path, "no Avro at all").unwrap();
    check_fails(&read(), &["a.avro", "no container file"]);
    fs::write(&path, "").unwrap();
    check_fails(&read(), &["a.avro", "ends in the middle"]);
    let zero = ReadAvro::files([&path]).blocksize(0).records::<Reading>().unwrap_err();
    assert!(matches!(zero, ReadError::ZeroBlocksize));
}

#[test]
fn a_codec_that_is_not_known_is_named() {
    make_portable::<Reading>();
    let bytes = file(Codec::Snappy, 1);
    let at = bytes.windows(6).position(|word| word == b"snappy").unwrap();
    let mut other = bytes.clone();
    other[at..at + 6].copy_from_slice(b"sloppy");
    let dir = files(&[("a.avro", &other)]);
    check_fails(
        &read_avro::<Reading>(&pattern(&dir, "a.avro")).unwrap().count(),
        &["codec sloppy is not known"],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn bytes_at_random_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = file(Codec::Deflate(Default::default()), 20);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let dir = files(&[("a.avro", &bytes)]);
        let read = ReadAvro::new(pattern(&dir, "a.avro")).blocksize(400).records::<Reading>().unwrap();
        if let Err(error) = read.compute_with(&Sync::new()) {
            prop_assert!(!super::errors::chain(&error).contains("panic"), "{}", super::errors::chain(&error));
        }
    }
}
