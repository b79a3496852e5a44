//! A matrix on disk, standardised by columns into another file, beside a plain copy of the file.

use std::fs;
use std::io::{Read, Write};

use anyhow::Result;
use dask_array::Array;
use dask_graph::Collection;

use crate::bench::collection::{Bench, scaled};

pub(super) fn standardise(bench: &mut Bench<'_>, percent: usize) -> Result<()> {
    const COLUMNS: usize = 100;
    let rows = scaled(1_000_000, percent);
    let directory = tempfile::tempdir()?;
    let [from, copy, to] = ["from.npy", "copy.npy", "to.npy"].map(|name| directory.path().join(name));
    let x = Array::<f64>::arange(0.0, (rows * COLUMNS) as f64, 1.0, 1_000_000)?.remainder(1009.0)?;
    let x = x.reshape(&[rows as isize, COLUMNS as isize])?;
    x.to_npy_with(&from, &dask_sched_threaded::Threaded::new())?;

    bench.time("standardise", "copy of the file", rows * COLUMNS, || {
        // By hand: the system's own copy may share what it copies instead.
        let (mut from, mut to) = (fs::File::open(&from)?, fs::File::create(&copy)?);
        let mut buffer = vec![0; 8 << 20];
        let mut copied = 0;
        loop {
            let n = from.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            to.write_all(&buffer[..n])?;
            copied += n as u64;
        }
        to.sync_data()?;
        Ok(copied)
    })?;
    let x = Array::<f64>::from_npy(&from, [20_000.min(rows) as isize, -1])?;
    let written = ((&x - &x.mean(0)?) / x.std(0, 0.0)?).store_npy(&to);
    bench.time_of("standardise", "dask-array", rows * COLUMNS, |scheduler| {
        written.compute_with(scheduler)?;
        Ok(fs::metadata(&to)?.len())
    })?;
    Ok(())
}
