//! What does reading JSON lines into records of one's own cost beside parsing them?
//!
//! `dask-bag` looks at the key in the record, as all others do, too; the other one makes a text of its own for each.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use dask_bag::ReadText;
use dask_graph::Collection;
use foldhash::{HashMap, HashMapExt};
use rayon::prelude::*;
use serde::Deserialize;

use crate::bench::workload::{Bench, scattered};

const FILES: usize = 16;
const CARRIERS: [&str; 8] = ["AA", "AS", "B6", "DL", "F9", "HA", "UA", "WN"];

/// The longer flights of each carrier, and the minutes that these were late.
type Late = HashMap<String, (u64, i64)>;

#[derive(Clone, Deserialize)]
struct Flight {
    carrier: String,
    delay: i64,
    distance: u32,
}

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let n = bench.scaled(5_000_000) / FILES * FILES;
    let files = write_flights(directory.path(), n)?;

    let expected = of_late(by_hand(&files)?.into_iter());
    bench.time("json", "program by hand", n, || Ok(of_late(by_hand(&files)?.into_iter())))?;
    let flights = ReadText::files(files).json::<Flight>()?;
    let long = flights.filter(|flight| flight.distance > 1000);
    let add = |(n, minutes): (u64, i64), flight: Flight| (n + 1, minutes + flight.delay);
    let join = |(n, minutes), (more, later)| (n + more, minutes + later);
    let systems = [
        ("dask-bag", long.foldby_ref(|flight| flight.carrier.as_str(), (0, 0), add, join)),
        ("dask-bag, foldby", long.foldby(|flight| flight.carrier.clone(), (0, 0), add, join)),
    ];
    for (system, late) in systems {
        bench.time_of("json", system, n, |scheduler| {
            let got = of_late(late.compute_with(scheduler)?.into_iter());
            ensure!(got == expected, "{got} instead of {expected}");
            Ok(got)
        })?;
    }
    Ok(())
}

/// A number that depends on all results, in any order.
fn of_late(late: impl Iterator<Item = (String, (u64, i64))>) -> u64 {
    late.map(|(carrier, (n, minutes))| {
        let carrier = carrier.bytes().fold(n, |sum, byte| scattered(sum ^ u64::from(byte)));
        scattered(carrier ^ minutes as u64)
    })
    .fold(0, u64::wrapping_add)
}

/// Reads as somebody does who has this one thing to do.
fn by_hand(files: &[PathBuf]) -> Result<Late> {
    #[derive(Deserialize)]
    struct Borrowed<'a> {
        carrier: &'a str,
        delay: i64,
        distance: u32,
    }
    let read = |file: &PathBuf| -> Result<Late> {
        let text = fs::read_to_string(file)?;
        let mut late = Late::new();
        for line in text.lines() {
            let flight: Borrowed<'_> = serde_json::from_str(line)?;
            if flight.distance > 1000 {
                // Few are new.
                if !late.contains_key(flight.carrier) {
                    late.insert(flight.carrier.to_owned(), (0, 0));
                }
                if let Some((n, minutes)) = late.get_mut(flight.carrier) {
                    *n += 1;
                    *minutes += flight.delay;
                }
            }
        }
        Ok(late)
    };
    files.par_iter().map(read).try_reduce(Late::new, |mut all, more| {
        for (carrier, (n, minutes)) in more {
            let (all_n, all_minutes) = all.entry(carrier).or_default();
            *all_n += n;
            *all_minutes += minutes;
        }
        Ok(all)
    })
}

/// Writes `n` flights. `xtask/peers/bags.py` writes the same.
fn write_flights(directory: &Path, n: usize) -> Result<Vec<PathBuf>> {
    let write = |file: usize| -> Result<PathBuf> {
        let mut text = String::new();
        for id in (n / FILES * file..n / FILES * (file + 1)).map(|id| id as u64) {
            let drawn = scattered(scattered(id + 1));
            let carrier = CARRIERS[(drawn % 8) as usize];
            let (delay, distance) = ((drawn >> 8) % 180, (drawn >> 20) % 3000);
            writeln!(
                text,
                r#"{{"id":{id},"carrier":"{carrier}","from":"{:04X}","delay":{},"distance":{distance}}}"#,
                (drawn >> 40) % 400,
                delay as i64 - 30,
            )?;
        }
        let path = directory.join(format!("{file:02}.jsonl"));
        fs::write(&path, text)?;
        Ok(path)
    };
    (0..FILES).map(write).collect()
}
