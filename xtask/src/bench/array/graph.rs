//! What it takes to write an expression down: 20 operations on 10⁵ blocks.

use anyhow::Result;
use dask_array::Array;

use crate::bench::workload::Bench;

pub(super) fn build(bench: &mut Bench) -> Result<()> {
    let n_blocks = bench.scaled(100_000);
    let x = Array::<f64>::zeros(&[n_blocks * 10], 10)?;
    bench.time("build", "dask-array", n_blocks, || {
        let mut y = x.clone();
        for _ in 0..10 {
            y = (&y + 1.0) * &x;
        }
        Ok(y.n_tasks() as u64)
    })?;
    Ok(())
}
