//! Reading from a store of objects: a server of S3 in this process, which checks signatures.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use dask_bag::{ReadError, ReadText};
use dask_graph::testing::Travelling;
use dask_graph::{Collection, Scheduler};
use dask_optimize::Optimized;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tempfile::{TempDir, tempdir};

const KEY: &str = "the-key";
const SECRET: &str = "the-secret";

/// A server of the buckets in a directory.
struct S3 {
    root: TempDir,
    address: SocketAddr,
}

impl S3 {
    /// Starts a server with one bucket of these objects; it ends with the test's process.
    fn with(objects: &[(&str, &[u8])]) -> Self {
        let root = tempdir().unwrap();
        let files = s3s_fs::FileSystem::new(root.path()).unwrap();
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = service.build();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                loop {
                    let (socket, _) = listener.accept().await.unwrap();
                    let service = service.clone();
                    tokio::spawn(async move {
                        let http = Builder::new(TokioExecutor::new());
                        let _ = http.serve_connection(TokioIo::new(socket), service).await;
                    });
                }
            })
        });
        let server = Self { root, address };
        objects.iter().for_each(|(name, content)| server.put(name, content));
        server
    }

    fn put(&self, name: &str, content: &[u8]) {
        let path = self.root.path().join("bucket").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn options(&self, secret: &str) -> Vec<(String, String)> {
        [
            ("endpoint", format!("http://{}", self.address)),
            ("allow_http", "true".into()),
            ("region", "eu-west-1".into()),
            ("aws_access_key_id", KEY.into()),
            ("aws_secret_access_key", secret.into()),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .to_vec()
    }

    fn text(&self, pattern: &str) -> ReadText {
        ReadText::new(format!("s3://bucket/{pattern}")).storage_options(self.options(SECRET))
    }
}

fn schedulers() -> [(&'static str, Box<dyn Scheduler>); 3] {
    [
        ("sync", Box::new(Sync::new())),
        ("threaded, optimised", Box::new(Optimized::new(Threaded::with_workers(2)))),
        ("travelling", Box::new(Travelling)),
    ]
}

#[track_caller]
fn check(text: &ReadText, expected: &[&str]) {
    let lines = text.lines().unwrap_or_else(|e| panic!("{}", chain(&e)));
    for (name, scheduler) in schedulers() {
        let got = lines.compute_with(&*scheduler).unwrap_or_else(|e| panic!("{name}: {}", chain(&e)));
        assert_eq!(got, expected, "{name}");
    }
}

#[track_caller]
fn check_words(error: &dyn Error, words: &[&str]) {
    let chain = chain(error);
    words.iter().for_each(|word| assert!(chain.contains(word), "`{word}` is not in: {chain}"));
}

fn chain(error: &dyn Error) -> String {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        chain += &format!(": {error}");
        source = error.source();
    }
    chain
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

#[test]
fn objects_are_found_by_name_pattern_and_prefix() {
    let s3 = S3::with(&[
        ("logs/2024/b.txt", b"b1\nb2\n"),
        ("logs/2024/a.txt", b"a1\r\na2"),
        ("logs/2024/c.txt.gz", &gzip(b"c1\nc2\n")),
        ("logs/2025/d e.txt", b"d1\n"),
        ("other.txt", b"no\n"),
    ]);
    check(&s3.text("logs/2024/a.txt"), &["a1", "a2"]);
    check(&s3.text("logs/2024/*.txt"), &["a1", "a2", "b1", "b2"]);
    check(&s3.text("logs/*/[a-c]*"), &["a1", "a2", "b1", "b2", "c1", "c2"]);
    check(&s3.text("logs/"), &["a1", "a2", "b1", "b2", "c1", "c2", "d1"]);
    check(&s3.text("log?/**/*.txt"), &["a1", "a2", "b1", "b2", "d1"]);
    let bag = s3.text("logs/2024/*.txt").lines_with_path().unwrap();
    let (path, line) = bag.compute_with(&Sync::new()).unwrap().swap_remove(0);
    assert_eq!((&*path, &*line), (Path::new("s3://bucket/logs/2024/a.txt"), "a1"));
}

#[test]
fn blocks_of_every_size_are_read_by_ranges() {
    let text = "first\nsecond line\n\nfourth\r\nthe last";
    let s3 = S3::with(&[("a.txt", text.as_bytes()), ("empty.txt", b"")]);
    let expected: Vec<&str> = text.lines().collect();
    for size in [1, 2, 3, 5, 7, 20, 100] {
        let lines = s3.text("a.txt").blocksize(size).lines().unwrap();
        assert_eq!(lines.compute_with(&Threaded::with_workers(2)).unwrap(), expected, "in blocks of {size}");
    }
    check(&s3.text("empty.txt"), &[]);
    let long: String = (0..400_000).map(|n| format!("line number {n}\n")).collect();
    s3.put("long.txt", long.as_bytes());
    for text in [s3.text("long.txt"), s3.text("long.txt").blocksize(3 << 20)] {
        let bytes = text.map_lines(|line| line.len() as u64 + 1).unwrap().sum();
        assert_eq!(bytes.compute_with(&Threaded::with_workers(2)).unwrap(), long.len() as u64);
    }
}

#[test]
fn the_same_description_has_the_same_name_until_the_object_changes() {
    let s3 = S3::with(&[("a.txt", b"one\n")]);
    let name = || s3.text("a.txt").lines().unwrap().name().clone();
    let before = name();
    assert_eq!(before, name());
    s3.put("a.txt", b"two, longer\n");
    assert_ne!(before, name());
}

#[test]
fn objects_that_are_missing_vanished_or_changed_are_errors() {
    let s3 = S3::with(&[("a.txt", b"one\ntwo\n"), ("b.gz", &gzip(b"one\n"))]);
    check_words(
        &s3.text("none.txt").lines().unwrap_err(),
        &["could not find s3://bucket/none.txt", "not found"],
    );
    assert!(matches!(s3.text("*.csv").lines().unwrap_err(), ReadError::NoObject { .. }));
    let (plain, packed) = (s3.text("a.txt").lines().unwrap(), s3.text("b.gz").lines().unwrap());
    s3.put("a.txt", b"one\ntwo\nthree\n");
    let error = plain.compute_with(&Sync::new()).unwrap_err();
    check_words(&error, &["s3://bucket/a.txt changed since the bag was made (8 bytes then, 14 now)"]);
    for name in ["a.txt", "b.gz"] {
        fs::remove_file(s3.root.path().join("bucket").join(name)).unwrap();
    }
    check_words(
        &plain.compute_with(&Sync::new()).unwrap_err(),
        &["could not read s3://bucket/a.txt", "not found"],
    );
    check_words(
        &packed.compute_with(&Sync::new()).unwrap_err(),
        &["could not read s3://bucket/b.gz", "not found"],
    );
}

#[test]
fn wrong_keys_and_options_are_errors_that_do_not_show_secrets() {
    let s3 = S3::with(&[("a.txt", b"one\n")]);
    let text = ReadText::new("s3://bucket/a.txt").storage_options(s3.options("not-the-secret"));
    let error = text.lines().unwrap_err();
    check_words(&error, &["could not find s3://bucket/a.txt"]);
    assert!(
        matches!(&error, ReadError::Io { source, .. } if source.kind() == std::io::ErrorKind::PermissionDenied),
        "{error:?}"
    );
    assert!(!format!("{text:?} {error:?}").contains("not-the-secret"));
    let mistyped = ReadText::new("s3://bucket/a.txt").storage_options([("aws_acess_key_id", KEY)]);
    assert!(
        matches!(mistyped.lines().unwrap_err(), ReadError::StorageOption { key, .. } if key == "aws_acess_key_id")
    );
    for url in ["nothing://bucket/a.txt", "s3://"] {
        assert!(matches!(ReadText::new(url).lines().unwrap_err(), ReadError::Url { .. }), "{url}");
    }
}

#[test]
fn a_bad_line_of_an_object_tells_its_byte() {
    let s3 = S3::with(&[("a.txt", b"1\n2\nx\n")]);
    let numbers = |size| s3.text("a.txt").blocksize(size).try_map_lines(|line| line.parse::<u32>()).unwrap();
    // In the first block lines can be counted; in others that would take reading what is before.
    check_words(&numbers(100).sum().compute_with(&Sync::new()).unwrap_err(), &["s3://bucket/a.txt line 3"]);
    check_words(&numbers(2).sum().compute_with(&Sync::new()).unwrap_err(), &["s3://bucket/a.txt byte 4"]);
}

#[test]
fn reading_is_allowed_inside_another_runtime() {
    let s3 = S3::with(&[("a.txt", b"one\n")]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let lines =
        runtime.block_on(async { s3.text("a.txt").lines().unwrap().compute_with(&Sync::new()).unwrap() });
    assert_eq!(lines, ["one"]);
}
