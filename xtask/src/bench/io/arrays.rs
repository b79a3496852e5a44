//! How fast are arrays read from a file, and written to one?

use anyhow::Result;
use dask_array::Array;
use dask_graph::Collection;

use crate::bench::limits::Limit;
use crate::bench::workload::Bench;

const BLOCK: usize = 1_000_000;

/// Numbers below 1009, made block by block.
fn numbers(n: usize) -> Result<Array<f64>> {
    Ok(Array::arange(0.0, n as f64, 1.0, BLOCK.min(n))?.remainder(1009.0)?)
}

pub(super) fn npy_sum(bench: &mut Bench) -> Result<()> {
    let (n, directory) = (bench.scaled(100_000_000), tempfile::tempdir()?);
    let path = directory.path().join("numbers.npy");
    numbers(n)?.to_npy_with(&path, &bench.scheduler)?;
    let sum = Array::<f64>::from_npy(&path, BLOCK.min(n))?.sum(..)?;
    bench.limited_by(Limit::CachedFile, 8 * n);
    bench.time_of("npy-sum", "dask-array", n, |scheduler| Ok(sum.item_with(scheduler)?))?;
    Ok(())
}

pub(super) fn npy_write(bench: &mut Bench) -> Result<()> {
    let (n, directory) = (bench.scaled(100_000_000), tempfile::tempdir()?);
    let path = directory.path().join("numbers.npy");
    let written = numbers(n)?.store_npy(&path);
    let mut measured = bench.measure_of(|scheduler| {
        written.compute_with(scheduler)?;
        Ok(0_u64)
    })?;
    let back = Array::<f64>::from_npy(&path, BLOCK.min(n))?.sum(..)?;
    measured.checksum = back.item_with(&bench.scheduler)?.into();
    bench.limited_by(Limit::DiskWrite, 8 * n);
    bench.report_in_all("npy-write", "dask-array", n, &measured);
    Ok(())
}
