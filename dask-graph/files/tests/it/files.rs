//! Files of this machine.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use dask_graph_files::{
    Compression, Destination, FileError, InputFile, NewFile, StorageOptions, find, find_listed, find_table,
};
use tempfile::tempdir;

fn options() -> StorageOptions {
    StorageOptions::default()
}

fn names(files: &[InputFile]) -> Vec<&str> {
    files.iter().map(|file| file.path().file_name().unwrap().to_str().unwrap()).collect()
}

#[test]
fn files_are_found_by_pattern_name_and_url() {
    let dir = tempdir().unwrap();
    for name in ["b.txt", "a.txt", "a[1].txt", "c.log"] {
        fs::write(dir.path().join(name), name).unwrap();
    }
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let found = |pattern: &str| find(pattern, &options()).unwrap();
    assert_eq!(names(&found(&at("*.txt"))), ["a.txt", "a[1].txt", "b.txt"]);
    assert_eq!(names(&found(&at("a[1].txt"))), ["a[1].txt"]);
    assert_eq!(names(&found(&format!("file://{}", at("c.log")))), ["c.log"]);
    let listed = find_listed([at("c.log"), at("a[1].txt")]).unwrap();
    assert_eq!(names(&listed), ["c.log", "a[1].txt"]);
}

#[test]
fn what_is_not_there_or_no_file_is_an_error() {
    let dir = tempdir().unwrap();
    fs::create_dir(dir.path().join("d.txt")).unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let fails = |pattern: &str| find(pattern, &options()).unwrap_err();
    assert!(matches!(fails(&at("*.csv")), FileError::NoMatch { .. }));
    assert!(matches!(fails(&at("***")), FileError::Pattern { .. }));
    assert!(matches!(fails(&at("d.txt")), FileError::NotAFile { .. }));
    assert!(matches!(fails(&at("*")), FileError::NotAFile { .. }));
    // A directory among files is no file, either.
    fs::write(dir.path().join("a.txt"), "").unwrap();
    assert!(matches!(fails(&at("*.txt")), FileError::NotAFile { path } if path.ends_with("d.txt")));
    #[cfg(not(feature = "object-store"))]
    for error in
        [fails("s3://bucket/a"), Destination::new("s3://bucket/a", &options()).map(drop).unwrap_err()]
    {
        let expected =
            "s3://bucket/a needs the feature `object-store`, which is off; turn it on in Cargo.toml";
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn tables_are_found_below_directories() {
    let dir = tempdir().unwrap();
    for name in
        ["t/x=1/b.arrow", "t/_x/b.arrow", "t/a.arrow", "t/.hidden.arrow", "t/a.txt", "t/c.arrow/part.arrow"]
    {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let below = |pattern: &str| {
        let pattern = dir.path().join(pattern);
        let found = find_table(pattern.to_str().unwrap(), "arrow", &options()).unwrap();
        found.into_iter().map(|(_, below)| below).collect::<Vec<_>>()
    };
    assert_eq!(below("t"), ["a.arrow", "c.arrow/part.arrow", "x=1/b.arrow"].map(Path::new));
    assert_eq!(below("t/x=*/*"), [Path::new("x=1/b.arrow")]);
    assert_eq!(below("t/x=1/b.arrow"), [Path::new("b.arrow")]);
    let none = find_table(dir.path().join("t/_x").to_str().unwrap(), "parquet", &options()).unwrap_err();
    assert!(matches!(none, FileError::NoMatch { .. }));
}

#[test]
fn paths_mean_the_same_in_other_directories() {
    let here = std::env::current_dir().unwrap();
    let file = find("Cargo.toml", &options()).unwrap().remove(0);
    assert_eq!(serde_json::to_value(&file).unwrap()["path"], here.join("Cargo.toml").to_str().unwrap());
    let to = Destination::new("new", &options()).unwrap();
    assert_eq!(serde_json::to_value(&to).unwrap()["path"], here.join("new").to_str().unwrap());
}

#[test]
fn files_that_changed_or_vanished_are_errors() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a");
    fs::write(&path, "some bytes").unwrap();
    let file = find_listed([&path]).unwrap().remove(0);
    assert_eq!(file.read_ranges(&[5..10, 0..4, 2..2]).unwrap(), ["bytes", "some", ""]);
    assert!(matches!(file.read_ranges(&[0..1, 5..11]).unwrap_err(), FileError::Io { .. }));
    fs::write(&path, "fewer").unwrap();
    assert!(matches!(file.open(0..1).err().unwrap(), FileError::Changed { expected: 10, got: 5, .. }));
    assert!(matches!(file.read_ranges(&[0..1, 1..2]).unwrap_err(), FileError::Changed { .. }));
    fs::remove_file(&path).unwrap();
    assert!(matches!(file.open(0..1).err().unwrap(), FileError::Io { doing: "open", .. }));
}

#[test]
fn packed_files_are_unpacked_from_their_beginning() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("anything");
    let mut packed = Vec::new();
    let written: std::io::Result<()> =
        Compression::Gzip.pack(&mut packed, |e| e, |to| to.write_all(b"some text"));
    written.unwrap();
    fs::write(&path, packed).unwrap();
    let file = find_listed([&path]).unwrap().remove(0).packed_as_is().unwrap();
    assert_eq!(file.compression(), Compression::Gzip);
    let mut text = String::new();
    file.open_unpacked(7..9).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "some text");
}

/// What gzip 1.12, bzip2 1.0.8, xz 5.4.1 and zstd 1.5.4 make of one text.
#[test]
fn files_packed_by_others_are_unpacked() {
    let by_others = [
        (Compression::Gzip, "1f8b08000000000000032bcecf4d552849ad28e12ac6c2020062c8b1811e000000"),
        #[cfg(feature = "bz2")]
        (
            Compression::Bzip2,
            "425a68393141592653593ebde02c00000a51800010400002028c40200022bfd5231a8430235e5bac6b1111f1772453850903ebde02c0",
        ),
        #[cfg(feature = "xz")]
        (
            Compression::Xz,
            "fd377a585a000004e6d6b4460200210116000000742fe5a3e0001d00115d00399bc9f2e750b8c5e25c9dce9e9f5f00000000000034ed\
             2063643375b600012d1ea7d2a3fa1fb6f37d010000000004595a",
        ),
        #[cfg(feature = "zstd")]
        (Compression::Zstd, "28b52ffd045885000050736f6d6520746578740a0100a50b127f685172"),
    ];
    let dir = tempdir().unwrap();
    for (compression, packed) in by_others {
        let digits = packed.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap());
        let packed = digits.map(|two| u8::from_str_radix(two, 16).unwrap()).collect::<Vec<_>>();
        let path = dir.path().join("packed");
        fs::write(&path, &packed).unwrap();
        let file = find_listed([&path]).unwrap().remove(0).packed_as_is().unwrap();
        assert_eq!(file.compression(), compression);
        let mut text = String::new();
        file.open_unpacked(0..u64::MAX).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "some text\n".repeat(3), "{compression}");
    }
}

#[test]
fn new_files_have_their_names_when_they_are_whole() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("below/new");
    let to = Destination::new(&path, &options()).unwrap();
    let mut new = NewFile::create(&to).unwrap();
    new.write_all(b"half").unwrap();
    assert!(!path.exists());
    drop(new);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0);
    let mut new = NewFile::create(&to).unwrap();
    new.write_all(b"whole").unwrap();
    new.finish().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_leaves_nothing() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("full");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let mut new = NewFile::in_place(&path).unwrap();
    let error = new.write_all(b"x").unwrap_err();
    assert!(error.to_string().contains("No space left"), "{error}");
    drop(new);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
