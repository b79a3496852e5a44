//! How close does a count of words come to a program written for it?
//!
//! `dask-bag` asks for the frequencies of words, which is what dask's `str.split().flatten().frequencies()` is called here;
//! the other two split lines by a function of the user, into borrowed words and into words of their own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use dask_bag::ReadText;
use dask_graph::Collection;
use foldhash::{HashMap, HashMapExt};
use rayon::prelude::*;

use crate::bench::workload::{Bench, scattered};

const FILES: usize = 16;
/// Bytes of a partition. The program by hand reads whole files.
const BLOCK: usize = 8 << 20;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let files = write_text(directory.path(), bench.scaled(500_000_000))?;
    let size: u64 = files.iter().map(|file| file.metadata().map_or(0, |file| file.len())).sum();
    let size = size as usize;

    let expected = of_counts(by_hand(&files)?.into_iter());
    bench.time("words", "program by hand", size, || Ok(of_counts(by_hand(&files)?.into_iter())))?;
    let lines = ReadText::files(files.clone()).blocksize(BLOCK as u64).lines()?;
    let owned = lines.flat_map(|line| line.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>());
    let systems = [
        ("dask-bag", lines.str().word_frequencies()),
        (
            "dask-bag, frequencies_of",
            lines.frequencies_of(|line, count| line.split_ascii_whitespace().for_each(count)),
        ),
        ("dask-bag, flat_map", owned.frequencies()),
    ];
    for (system, counts) in systems {
        bench.time_of("words", system, size, |scheduler| {
            let got = of_counts(counts.compute_with(scheduler)?.into_iter());
            ensure!(got == expected, "{got} instead of {expected}");
            Ok(got)
        })?;
    }
    Ok(())
}

/// A number that depends on all counts, in any order.
fn of_counts(counts: impl Iterator<Item = (String, u64)>) -> u64 {
    counts
        .map(|(word, n)| word.bytes().fold(n, |sum, byte| scattered(sum ^ u64::from(byte))))
        .fold(0, u64::wrapping_add)
}

/// Counts as somebody does who has this one thing to do.
fn by_hand(files: &[PathBuf]) -> Result<HashMap<String, u64>> {
    let count = |file: &PathBuf| -> Result<HashMap<String, u64>> {
        let text = fs::read(file)?;
        let text = std::str::from_utf8(&text)?;
        let mut counts: HashMap<&str, u64> = HashMap::new();
        text.split_ascii_whitespace().for_each(|word| *counts.entry(word).or_default() += 1);
        Ok(counts.into_iter().map(|(word, n)| (word.to_owned(), n)).collect())
    };
    files.par_iter().map(count).try_reduce(HashMap::new, |mut all, more| {
        more.into_iter().for_each(|(word, n)| *all.entry(word).or_default() += n);
        Ok(all)
    })
}

/// Writes about so many bytes of text: a megabyte of lines of ten words out of 20,000, frequent ones more often, again
/// and again. `xtask/peers/bags.py` writes the same.
fn write_text(directory: &Path, nbytes: usize) -> Result<Vec<PathBuf>> {
    let mut state = 1_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut block = String::new();
    while block.len() < nbytes.div_ceil(FILES).min(1 << 20) {
        for place in 0..10 {
            let most = next(20_000) + 1;
            let mut word = next(most) * 7919;
            loop {
                block.push(char::from(b'a' + (word % 26) as u8));
                word /= 26;
                if word == 0 {
                    break;
                }
            }
            block.push(if place < 9 { ' ' } else { '\n' });
        }
    }
    let repeats = (nbytes / FILES / block.len()).max(1);
    let write = |n: usize| -> Result<PathBuf> {
        let path = directory.join(format!("{n:02}.txt"));
        fs::write(&path, block.repeat(repeats))?;
        Ok(path)
    };
    (0..FILES).map(write).collect()
}
