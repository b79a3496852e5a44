//! Files named by URL: of this machine, and of a web server in this process.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dask_bag::{FileError, ReadError, ReadText};
use dask_graph::Collection;
use dask_sched_sync::Sync;
use tempfile::tempdir;

use super::errors::chain;
use super::inputs::gzip;
use super::runners::{check, check_fails};

#[test]
fn files_can_be_named_by_url() {
    let dir = tempdir().unwrap();
    fs::write(dir.path().join("a.txt"), "one\n").unwrap();
    let text = ReadText::new(format!("file://{}/*.txt", dir.path().display()));
    check(&text.lines().unwrap(), vec!["one".into()]);
}

/// A web server of some files, which knows ranges; the first request after `failures` was set fails.
fn web(files: HashMap<&'static str, Vec<u8>>, failures: Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut lines = BufReader::new(socket.try_clone().unwrap()).lines().map_while(Result::ok);
            let Some(request) = lines.next() else { continue };
            let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let mut words = request.split(' ');
            let (method, path) = (words.next().unwrap(), words.next().unwrap());
            let range = headers.iter().find_map(|line| {
                let range = line.to_lowercase();
                let (from, to) = range
                    .strip_prefix("range: bytes=")?
                    .split_once('-')
                    .map(|(a, b)| (a.to_owned(), b.to_owned()))?;
                Some((from.parse::<usize>().unwrap(), to.parse::<usize>().unwrap()))
            });
            let (status, extra, body) = match files.get(path) {
                _ if failures
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
                    .is_ok() =>
                {
                    ("503 Service Unavailable", String::new(), &[][..])
                }
                None => ("404 Not Found", String::new(), &[][..]),
                Some(file) => match range {
                    None => ("200 OK", String::new(), &file[..]),
                    Some((from, to)) => {
                        let to = to.min(file.len() - 1);
                        let extra = format!("Content-Range: bytes {from}-{to}/{}\r\n", file.len());
                        ("206 Partial Content", extra, &file[from..=to])
                    }
                },
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nETag: \"1\"\r\n\
                 Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\nConnection: close\r\n{extra}\r\n",
                body.len()
            );
            let _ = socket.write_all(head.as_bytes());
            if method == "GET" {
                let _ = socket.write_all(body);
            }
        }
    });
    address
}

#[test]
fn web_servers_are_read_by_ranges_and_asked_again() {
    let failures = Arc::new(AtomicUsize::new(0));
    let files = HashMap::from([("/data/a.txt", b"one\ntwo\nthree\n".to_vec()), ("/b.gz", gzip(b"packed\n"))]);
    let address = web(files, Arc::clone(&failures));
    let text = |path: &str| ReadText::new(format!("http://{address}/{path}"));
    let lines = ["one", "two", "three"].map(String::from).to_vec();
    for size in [1, 3, 4, 5, 100] {
        check(&text("data/a.txt").blocksize(size).lines().unwrap(), lines.clone());
    }
    check(&text("b.gz").lines().unwrap(), vec!["packed".into()]);
    let missing = chain(&text("none").lines().unwrap_err());
    assert!(missing.contains("could not find http://") && missing.contains("none"), "{missing}");
    // In the first block lines can be counted; in others that would take reading what is before.
    let numbers =
        |size| text("data/a.txt").blocksize(size).try_map_lines(|line| line.parse::<u32>()).unwrap();
    check_fails(&numbers(100).sum(), &["data/a.txt line 1"]);
    let last = |size| {
        text("data/a.txt")
            .blocksize(size)
            .try_map_lines(|line| line.find('t').map_or(Ok(()), |_| Err(line.to_owned())))
            .unwrap()
    };
    check_fails(&last(3).count(), &["data/a.txt byte 4", "two"]);
    let bag = text("data/a.txt").lines().unwrap();
    failures.store(1, Ordering::SeqCst);
    assert_eq!(bag.compute_with(&Sync::new()).unwrap(), lines);
    assert_eq!(failures.load(Ordering::SeqCst), 0);
}

#[test]
fn options_and_stores_that_are_not_known_are_refused_at_once() {
    let mistyped = ReadText::new("s3://bucket/a.txt").storage_options([("aws_acess_key_id", "k")]);
    assert!(
        matches!(mistyped.lines().unwrap_err(), ReadError::File { source: FileError::StorageOption { key, .. } } if key == "aws_acess_key_id")
    );
    for url in ["nothing://bucket/a.txt", "s3://"] {
        assert!(
            matches!(
                ReadText::new(url).lines().unwrap_err(),
                ReadError::File { source: FileError::Url { .. } }
            ),
            "{url}"
        );
    }
    let secret = ReadText::new("s3://bucket/a.txt").storage_options([("aws_secret_access_key", "hush")]);
    assert!(!format!("{secret:?}").contains("hush"));
}
