//! Events of JSON lines, filtered and added up in any type of one's own; lines that are none are put aside.
//! Reads the files named on the command line, or a few that it writes first.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use anyhow::Context;
use dask_bag::{Bag, Partitions, ReadText};
use dask_graph::Collection;
use serde::Deserialize;

/// What is wanted of an event. Other fields are passed over without being made.
#[derive(Clone, Deserialize)]
struct Event {
    user: String,
    #[serde(default)]
    seconds: f64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    View,
    Search,
}

fn main() -> anyhow::Result<()> {
    dask_sched::init()?;
    let directory = tempfile::tempdir()?;
    let named: Vec<String> = std::env::args().skip(1).collect();
    let text = match named.is_empty() {
        true => ReadText::new(write_events(directory.path().to_str().context("a path that is no text")?)?),
        false => ReadText::patterns(named),
    };

    let (events, bad) = text.blocksize(1 << 20).json_or_aside::<Event>()?;
    let views = events.filter(|event| event.kind == Kind::View);
    let seconds =
        views.foldby_ref(|event| event.user.as_str(), 0.0, |sum, event| sum + event.seconds, |a, b| a + b);
    let longest = seconds.topk_by_key(3, |(_, seconds)| (seconds * 1000.0) as u64);

    let (longest, n, bad) = dask_graph::compute((longest, events.count(), bad))?;
    println!("{n} events; views took longest for");
    for (user, seconds) in longest {
        println!("{seconds:>8.1} s  {user}");
    }
    for line in bad {
        println!("{}: {}", line.place, line.error);
    }
    Ok(())
}

/// Writes some events, one line of which is cut, and returns the pattern of the files.
fn write_events(directory: &str) -> anyhow::Result<String> {
    let events = Bag::range(1_000, Partitions::count(4)).map(|n| {
        let kind = if n % 3 == 0 { "search" } else { "view" };
        let line = format!(
            r#"{{"id": {n}, "user": "user {}", "kind": "{kind}", "seconds": {}, "tags": ["a", "b"]}}"#,
            n % 7,
            n % 11
        );
        if n == 700 { line[..30].to_owned() } else { line }
    });
    let pattern = format!("{directory}/events-*.jsonl.gz");
    events.to_textfiles(&pattern)?.compute()?;
    Ok(pattern)
}
