//! What a web server did, from its compressed access log: answers by status, the pages that were asked for most, and
//! the lines that make no sense. Reads the logs named on the command line, or a small one that it writes first.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use anyhow::Context;
use dask_bag::{Bag, Partitions, ReadText};
use dask_graph::Collection;

/// One request, in the "common log format" of web servers.
#[derive(Clone)]
struct Request {
    path: String,
    status: u16,
    bytes: u64,
}

/// Takes apart a line such as `192.0.2.7 - - [10/Oct/2025:13:55:36 +0000] "GET /a.png HTTP/1.1" 200 2326`.
fn parse(line: &str) -> Option<Request> {
    let (_, rest) = line.split_once('"')?;
    let (request, answer) = rest.split_once('"')?;
    let path = request.split(' ').nth(1)?.to_owned();
    let mut answer = answer.split_ascii_whitespace();
    let status = answer.next()?.parse().ok()?;
    // No length is written as a dash.
    let bytes = answer.next()?;
    let bytes = if bytes == "-" { 0 } else { bytes.parse().ok()? };
    Some(Request { path, status, bytes })
}

fn main() -> anyhow::Result<()> {
    dask_sched::init()?;
    let directory = tempfile::tempdir()?;
    let named: Vec<String> = std::env::args().skip(1).collect();
    let logs = match named.is_empty() {
        true => ReadText::new(write_logs(directory.path().to_str().context("a path that is no text")?)?),
        false => ReadText::patterns(named),
    };

    // Old servers log what they are sent, which need not be text.
    let lines = logs.lossy(true).lines()?;
    let requests = lines.filter_map(|line| parse(&line));
    let by_status = requests.frequencies_of(|request, count| count(&request.status));
    let found = requests.filter(|request| request.status == 200);
    let pages =
        found.frequencies_of(|request, count| count(request.path.as_str())).topk_by_key(3, |(_, n)| *n);
    let bytes = found.map(|request| request.bytes).sum();
    let senseless = lines.filter(|line| parse(line).is_none());

    // All from one pass over the files.
    let (mut by_status, pages, bytes, senseless) = dask_graph::compute((by_status, pages, bytes, senseless))?;
    by_status.sort();
    for (status, n) in by_status {
        println!("{n:>7}  answers {status}");
    }
    for (path, n) in pages {
        println!("{n:>7}  requests for {path}");
    }
    println!("{bytes:>7}  bytes sent");
    for line in senseless {
        println!("no request: {line}");
    }
    Ok(())
}

/// Writes two days of requests, and returns the pattern of the files.
fn write_logs(directory: &str) -> anyhow::Result<String> {
    let requests = Bag::range(10_000, Partitions::count(2)).map(|n| match n % 97 {
        0 => format!("192.0.2.{} - - [10/Oct/2025:13:55:36 +0000] \"GET /missing HTTP/1.1\" 404 -", n % 200),
        1 if n < 97 => "\u{16}\u{3}\u{1} what is this".to_owned(),
        page => format!(
            "192.0.2.{} - - [10/Oct/2025:13:55:36 +0000] \"GET /page/{} HTTP/1.1\" 200 {}",
            n % 200,
            page % 7,
            100 + page
        ),
    });
    let pattern = format!("{directory}/access-*.log.gz");
    requests.to_textfiles(&pattern)?.compute()?;
    Ok(pattern)
}
