//! What does it cost to read twice instead of holding everything, and what does it save?
//!
//! The largest deviation from the mean of its column in a file: every block is needed before and after the means
//! are known. The baseline keeps the blocks. With the time goes the most memory that the process held.

use super::matrix::{Matrix, scheduler};
use super::{Bench, report_each};
use anyhow::Result;
use dask_graph::Collection;
use dask_optimize::{Pipeline, Recompute};

/// Measures the job on a file of about `size` numbers, in nanoseconds for each of them.
pub(super) fn measure(bench: &mut Bench, size: usize) -> Result<()> {
    let Matrix { x, size, .. } = &Matrix::new(size)?;
    let most = (x - x.mean(0)?).max(..)?;
    for (system, choice) in
        [("dask-optimize, read twice", Recompute::Always), ("dask-optimize, kept", Recompute::Never)]
    {
        let scheduler = scheduler(Pipeline::with_recompute(choice));
        let measured = bench.measure(|| Ok(most.compute_with(&scheduler)?.sum()))?;
        report_each(bench, "recompute", system, *size, "number", &measured);
    }
    Ok(())
}
