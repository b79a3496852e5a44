//! Objects of a store: found, read by ranges, written in parts.

use std::fs;
use std::io::{ErrorKind, Read, Write};

use dask_graph_files::testing::S3Server;
use dask_graph_files::{Destination, FileError, NewFile, StorageOptions, find, find_table};

fn options(server: &S3Server) -> StorageOptions {
    StorageOptions::new(server.options())
}

#[test]
fn ranges_of_objects_are_read_in_the_order_asked_for() {
    let bytes = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>();
    let server = S3Server::with(&[("a", &bytes), ("empty", b"")]);
    let file = find("s3://bucket/a", &options(&server)).unwrap().remove(0);
    assert_eq!(file.nbytes(), 4_000_000);
    let ranges = [3_999_990..4_000_000, 0..3, 7..7, 2_000_000..2_600_000];
    let read = file.read_ranges(&ranges).unwrap();
    for (range, read) in ranges.iter().zip(read) {
        assert_eq!(read, bytes[range.start as usize..range.end as usize], "{range:?}");
    }
    assert!(file.read_ranges(&[0..1, 0..4_000_001]).is_err());
    let mut rest = Vec::new();
    file.open(3_000_000..3_000_001).unwrap().read_to_end(&mut rest).unwrap();
    assert_eq!(rest, bytes[3_000_000..]);
    server.put("a", b"other");
    assert!(matches!(
        file.read_ranges(&[0..3, 5..6]).unwrap_err(),
        FileError::Changed { expected: 4_000_000, .. }
    ));
}

#[test]
fn objects_appear_when_they_are_whole() {
    let server = S3Server::with(&[]);
    let options = options(&server);
    // One part, several, and none at all.
    for n in [0, 10, (16 << 20) - 1, 16 << 20, (33 << 20) + 5] {
        let content = (0..n).map(|at| (at % 251) as u8).collect::<Vec<_>>();
        let to = Destination::new(format!("s3://bucket/new/{n}"), &options).unwrap();
        let mut new = NewFile::create(&to).unwrap();
        new.write_all(&content).unwrap();
        assert!(!server.names().contains(&format!("new/{n}")), "{n}");
        new.finish().unwrap();
        assert_eq!(fs::read(server.path(&format!("new/{n}"))).unwrap(), content, "{n}");
    }
    let to = Destination::new("s3://bucket/given-up", &options).unwrap();
    for n in [10, 17 << 20] {
        let mut new = NewFile::create(&to).unwrap();
        new.write_all(&vec![1; n]).unwrap();
        drop(new);
        assert!(!server.path("given-up").exists());
    }
}

#[test]
fn names_in_stores_have_all_of_their_letters() {
    let server = S3Server::with(&[]);
    let options = options(&server);
    for name in ["plain", "a b", "carrier=a%2Fb", "100%", "what?", "ä#1"] {
        let to = Destination::new("s3://bucket/t/", &options).unwrap().join(name).join("x");
        NewFile::create(&to).unwrap().finish().unwrap();
        assert!(server.names().contains(&format!("t/{name}/x")), "{name}: {:?}", server.names());
    }
    let there = Destination::new("s3://bucket/t", &options).unwrap();
    let urls = there.objects().unwrap();
    assert_eq!(urls.len(), 6);
    urls.iter().try_for_each(|url| there.remove_object(url)).unwrap();
    assert!(server.names().is_empty());
}

#[test]
fn objects_are_listed_and_removed() {
    let server = S3Server::with(&[("t/a", b"1"), ("t/b/c d", b"2"), ("other", b"3")]);
    let to = Destination::new("s3://bucket/t", &options(&server)).unwrap();
    let mut listed = to.objects().unwrap();
    listed.sort();
    assert_eq!(listed, ["s3://bucket/t/a", "s3://bucket/t/b/c%20d"]);
    for url in listed {
        to.remove_object(&url).unwrap();
    }
    assert_eq!(server.names(), ["other"]);
}

#[test]
fn tables_are_objects_patterns_or_directories() {
    let server = S3Server::with(&[
        ("t/year=2013/b.parquet", b"1"),
        ("t/year=2013/_log/x.parquet", b"1"),
        ("t/year=2014/a.parquet", b"1"),
        ("t/note.txt", b"1"),
        ("one.parquet", b"1"),
    ]);
    let names = |pattern: &str| {
        let found = find_table(pattern, "parquet", &options(&server)).unwrap();
        found.into_iter().map(|(_, below)| below.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let both = ["year=2013/b.parquet", "year=2014/a.parquet"];
    assert_eq!(names("s3://bucket/t"), both);
    assert_eq!(names("s3://bucket/t/"), both);
    assert_eq!(names("s3://bucket/t/*/[ab].parquet"), both);
    assert_eq!(names("s3://bucket/one.parquet"), ["one.parquet"]);
    let none = find_table("s3://bucket/nothing", "parquet", &options(&server)).unwrap_err();
    assert_eq!(none.to_string(), "no object matches `s3://bucket/nothing/**/*.parquet`");
}

#[test]
fn stores_that_cannot_be_used_are_errors() {
    let server = S3Server::with(&[]);
    let nothing = StorageOptions::default();
    for url in ["nothing://bucket/a", "s3://"] {
        assert!(matches!(find(url, &nothing).unwrap_err(), FileError::Url { .. }), "{url}");
        assert!(matches!(Destination::new(url, &nothing).unwrap_err(), FileError::Url { .. }), "{url}");
    }
    let mistyped = StorageOptions::new([("aws_acess_key_id", "x")]);
    let error = Destination::new("s3://bucket/a", &mistyped).unwrap_err();
    assert!(matches!(error, FileError::StorageOption { key, .. } if key == "aws_acess_key_id"));
    let none = find("s3://no-bucket/a", &options(&server)).unwrap_err();
    assert!(matches!(none, FileError::Io { doing: "find", .. }));
    let wrong = StorageOptions::new(server.options_with("not-the-secret"));
    let to = Destination::new("s3://bucket/a", &wrong).unwrap();
    let error = NewFile::create(&to).unwrap().finish().unwrap_err();
    assert_eq!(error.to_string(), "could not write s3://bucket/a");
    assert!(matches!(error, FileError::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied));
}
