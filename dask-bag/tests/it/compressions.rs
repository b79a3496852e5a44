//! Compressed files: every format, several streams in one file, and files that are cut or spoilt.

use dask_bag::{Compression, ReadError, ReadText, read_text};

use super::errors::chain;
use super::inputs::{files, gzip, pattern};
use super::runners::{check, check_fails};

/// A format: the end of its names, what errors call it, how it is asked for, and a function that packs.
struct Format {
    extension: &'static str,
    name: &'static str,
    compression: Compression,
    pack: fn(&[u8]) -> Vec<u8>,
}

/// The formats that this build reads.
fn formats() -> Vec<Format> {
    vec![
        Format { extension: "gz", name: "gzip", compression: Compression::Gzip, pack: gzip },
        #[cfg(feature = "bz2")]
        Format {
            extension: "bz2",
            name: "bzip2",
            compression: Compression::Bzip2,
            pack: |text| packed(Compression::Bzip2, text),
        },
        #[cfg(feature = "xz")]
        Format {
            extension: "xz",
            name: "xz",
            compression: Compression::Xz,
            pack: |text| packed(Compression::Xz, text),
        },
        #[cfg(feature = "zstd")]
        Format {
            extension: "zst",
            name: "Zstandard",
            compression: Compression::Zstd,
            pack: |text| packed(Compression::Zstd, text),
        },
    ]
}

fn packed(compression: Compression, text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let written: std::io::Result<()> = compression.pack(&mut packed, |e| e, |to| to.write_all(text));
    written.unwrap();
    packed
}

/// Text that no format packs into a few bytes.
fn random_lines() -> Vec<u8> {
    (0..30_000_u32).flat_map(|n| format!("{}\n", n.wrapping_mul(2_654_435_761)).into_bytes()).collect()
}

#[test]
fn compressed_files_are_one_partition_and_may_have_several_streams() {
    for Format { extension, pack, .. } in formats() {
        let streams = [pack(b"one\ntw"), pack(b"o\nthree")].concat();
        let (a, b) = (format!("a.txt.{extension}"), format!("b.txt.{}", extension.to_uppercase()));
        let dir = files(&[(&a, &streams), (&b, &pack(b"")), ("c.txt", b"plain")]);
        let bag = ReadText::new(pattern(&dir, "*")).blocksize(2).lines().unwrap();
        assert_eq!(bag.npartitions(), 1 + 1 + 2);
        check(&bag, ["one", "two", "three", "plain"].map(String::from).to_vec());
    }
}

#[test]
fn a_long_file_is_read_whole() {
    let text = random_lines();
    for Format { extension, pack, .. } in formats() {
        let dir = files(&[(&format!("a.{extension}"), &pack(&text))]);
        let read = read_text(&pattern(&dir, "a*")).unwrap();
        check(&read.map(|line| line.len() as u64 + 1).sum(), text.len() as u64);
    }
}

#[test]
fn a_compression_that_is_named_goes_before_the_name() {
    for Format { compression, pack, .. } in formats() {
        let dir = files(&[("a.txt", &pack(b"packed\n"))]);
        let text = ReadText::new(pattern(&dir, "a.txt"));
        check(&text.compression(compression).lines().unwrap(), vec!["packed".into()]);
    }
    let dir = files(&[("a.zip", b"no zip file\n")]);
    let text = ReadText::new(pattern(&dir, "a.zip")).compression(Compression::None);
    check(&text.lines().unwrap(), vec!["no zip file".into()]);
}

#[test]
fn a_cut_or_spoilt_file_is_an_error_with_its_name() {
    let text = random_lines();
    for Format { extension, name, compression, pack } in formats() {
        let packed = pack(&text);
        // The check sum of the text, or of a part of it, lies near the end in all formats.
        let mut spoilt = packed.clone();
        let at = if compression == Compression::Gzip { packed.len() - 7 } else { packed.len() / 2 };
        spoilt[at] ^= 1;
        let end = format!(".{extension}");
        let dir = files(&[
            (&format!("cut{end}"), &packed[..packed.len() / 2]),
            (&format!("tail{end}"), &packed[..packed.len() - 3]),
            (&format!("head{end}"), &packed[..3]),
            (&format!("spoilt{end}"), &spoilt),
            (&format!("empty{end}"), b""),
            (&format!("plain{end}"), b"this was never compressed"),
        ]);
        let cut = format!("in the middle of its {name} data");
        let not_valid = format!("not valid {name} data");
        for (file, words) in [
            ("cut", &cut),
            ("tail", &cut),
            ("head", &cut),
            ("empty", &format!("{cut}, after 0 bytes")),
            ("spoilt", &not_valid),
            ("plain", &not_valid),
        ] {
            let file = format!("{file}{end}");
            check_fails(&read_text(&pattern(&dir, &file)).unwrap().count(), &[&file, words]);
        }
    }
}

#[test]
fn compressions_that_cannot_be_read_are_refused_at_once() {
    let dir = files(&[("a.lz4", b""), ("a.bz2", b""), ("a.xz", b""), ("a.zst", b"")]);
    let open = |name: &str| read_text(&pattern(&dir, name));
    let error = open("a.lz4").unwrap_err();
    assert!(matches!(error, ReadError::Compression { .. }));
    assert!(chain(&error).contains(".lz4") && chain(&error).contains(".gz"), "{}", chain(&error));
    for (name, feature, on) in [
        ("a.bz2", "bz2", cfg!(feature = "bz2")),
        ("a.xz", "xz", cfg!(feature = "xz")),
        ("a.zst", "zstd", cfg!(feature = "zstd")),
    ] {
        match open(name) {
            Ok(_) => assert!(on, "{name}"),
            Err(error) => {
                assert!(!on && chain(&error).contains(&format!("feature `{feature}`")), "{}", chain(&error));
            }
        }
    }
}
