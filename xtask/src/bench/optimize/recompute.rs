//! What does it cost to read twice instead of holding everything, and what does it save?
//!
//! The largest deviation from the mean of its column in a file: every block is needed before and after the means
//! are known. The baseline keeps the blocks. With the time goes the most memory that the process held.

use super::Bench;
use super::matrix::{Matrix, scheduler};
use anyhow::{Result, ensure};
use dask_graph::Collection;
use dask_optimize::{Pipeline, Recompute};

/// Measures the job on a file of about `size` numbers, in nanoseconds for each of them.
pub(super) fn measure(bench: &mut Bench<'_>, size: usize) -> Result<()> {
    let Matrix { x, size, .. } = &Matrix::new(size)?;
    let most = (x - x.mean(0)?).max(..)?;
    let mut expected = None;
    for (system, choice) in [("read twice", Recompute::Always), ("kept", Recompute::Never)] {
        let scheduler = scheduler(Pipeline::with_recompute(choice));
        let measured =
            bench.measure(|| Ok(most.compute_with(&scheduler)?.iter().map(|most| most.to_bits()).sum()))?;
        ensure!(
            *expected.get_or_insert(measured.checksum) == measured.checksum,
            "{system}: another deviation"
        );
        let system = format!("{system}, {} MB", measured.peak_bytes >> 20);
        bench.report("recompute", &system, *size, "ns/number", &measured)?;
    }
    Ok(())
}
