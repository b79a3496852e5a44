//! How close does a fused expression come to a loop written by hand? `((x + 1) * 2 - y).sqrt().sum()` of 10⁸ float64,
//! in blocks of 10⁶.

use anyhow::Result;
use dask_array::Array;
use dask_array::ndarray::Array1;
use rayon::prelude::*;

use crate::bench::limits::Limit;
use crate::bench::workload::Bench;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let n = bench.scaled(100_000_000);
    let block = 1_000_000.min(n);
    let x = Array1::from_shape_fn(n, |i| (i % 1000) as f64);
    let y = Array1::from_shape_fn(n, |i| (i % 7) as f64 / 8.0);

    let (a, b) = (x.as_slice().unwrap_or_default(), y.as_slice().unwrap_or_default());
    let by_hand = || {
        let blocks = a.par_chunks(block).zip(b.par_chunks(block));
        // Eight sums side by side, as a careful hand does it.
        let sum = |(x, y): (&[f64], &[f64])| {
            let mut sums = [0.0; 8];
            for (x, y) in x.chunks(8).zip(y.chunks(8)) {
                for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
                    *sum += ((x + 1.0) * 2.0 - y).sqrt();
                }
            }
            sums.iter().sum::<f64>()
        };
        blocks.map(sum).sum::<f64>()
    };
    bench.limited_by(Limit::Memory, 16 * n);
    bench.time("fused", "loop by hand", n, || Ok(by_hand()))?;

    let x = Array::from_ndarray(x.clone(), block)?;
    let y = Array::from_ndarray(y.clone(), block)?;
    let sum = ((&x + 1.0) * 2.0 - &y).sqrt().sum(..)?;
    bench.time_of("fused", "dask-array", n, |scheduler| Ok(sum.item_with(scheduler)?))?;
    Ok(())
}
