//! What does it save to push slices down to the reads?
//!
//! The sum over every hundredth row of an expression over a file. The baseline is the same job without the pass:
//! whole blocks are read and worked on, and most of them is thrown away.

use super::matrix::{Matrix, scheduler};
use super::{Bench, report_each};
use anyhow::Result;
use dask_array::ndarray::Slice;
use dask_graph::Collection;
use dask_optimize::Pipeline;

/// Measures the job on a file of about `size` numbers, in nanoseconds for each of them.
pub(super) fn measure(bench: &mut Bench, size: usize) -> Result<()> {
    let Matrix { x, size, .. } = &Matrix::new(size)?;
    let sum = (x * 2.0 + 1.0).sin().slice((Slice::new(0, None, 100), ..))?.sum(..)?;
    for (system, pipeline) in [
        ("dask-optimize", Pipeline::standard()),
        ("without the pass", Pipeline::standard().without("push_down")?),
    ] {
        let scheduler = scheduler(pipeline);
        let measured = bench.measure(|| Ok(sum.compute_with(&scheduler)?.sum()))?;
        report_each(bench, "push-down", system, *size, "number", &measured);
    }
    Ok(())
}
