//! What does it save to push slices down to the reads?
//!
//! The sum over every hundredth row of an expression over a file. The baseline is the same job without the pass:
//! whole blocks are read and worked on, and most of them is thrown away.

use super::Bench;
use super::matrix::{Matrix, scheduler};
use anyhow::{Result, ensure};
use dask_array::ndarray::Slice;
use dask_graph::Collection;
use dask_optimize::Pipeline;

/// Measures the job on a file of about `size` numbers, in nanoseconds for each of them.
pub(super) fn measure(bench: &mut Bench<'_>, size: usize) -> Result<()> {
    let Matrix { x, size, .. } = &Matrix::new(size)?;
    let sum = (x * 2.0 + 1.0).sin().slice((Slice::new(0, None, 100), ..))?.sum(..)?;
    let mut expected = None;
    for (system, pipeline) in [
        ("pushed down", Pipeline::standard()),
        ("not pushed down", Pipeline::standard().without("push_down")?),
    ] {
        let scheduler = scheduler(pipeline);
        let measured =
            bench.measure(|| Ok(sum.compute_with(&scheduler)?.iter().map(|sum| sum.to_bits()).sum()))?;
        ensure!(*expected.get_or_insert(measured.checksum) == measured.checksum, "{system}: another sum");
        bench.report("push-down", system, *size, "ns/number", &measured)?;
    }
    Ok(())
}
