//! A matrix on disk, standardised by columns into another file, beside a plain copy of the file.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use anyhow::Result;
use dask_array::Array;
use dask_graph::{Collection, RunOptions};

use crate::bench::limits::Limit;
use crate::bench::meter::within;
use crate::bench::workload::Bench;

const LIMIT: u64 = 256 << 20;
const COLUMNS: usize = 100;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let (rows, directory) = (bench.scaled(1_000_000), tempfile::tempdir()?);
    let [from, copied, to] = ["from.npy", "copied.npy", "to.npy"].map(|name| directory.path().join(name));
    let x = Array::<f64>::arange(0.0, (rows * COLUMNS) as f64, 1.0, 1_000_000)?.remainder(1009.0)?;
    let x = x.reshape(&[rows as isize, COLUMNS as isize])?;
    x.to_npy_with(&from, &bench.scheduler)?;

    bench.limited_by(Limit::DiskWrite, 8 * rows * COLUMNS);
    bench.time("copy of the file", "by hand", rows * COLUMNS, || copy(&from, &copied))?;

    let chunks = [20_000.min(rows) as isize, -1];
    let x = Array::<f64>::from_npy(&from, chunks)?;
    let written = ((&x - &x.mean(0)?) / x.std(0, 0.0)?).store_npy(&to);
    let options = RunOptions::new().memory_limit(LIMIT);
    let mut measured = bench.measure_of(|scheduler| {
        written.compute_opts(scheduler, &options)?;
        Ok(0_u64)
    })?;
    let sum = Array::<f64>::from_npy(&to, chunks)?.abs().sum(..)?;
    measured.checksum = sum.item_with(&bench.scheduler)?.into();
    bench.report_in_all("standardise", "dask-array", rows * COLUMNS, &measured);
    within(LIMIT, &measured)
}

/// By hand: the system's own copy may share what it copies instead.
fn copy(from: &Path, to: &Path) -> Result<u64> {
    let (mut from, mut to) = (fs::File::open(from)?, fs::File::create(to)?);
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
}
