//! Means and deviations over each axis of 10⁴ × 5·10³ float64, in blocks of 10³ × 10³.

use anyhow::Result;
use dask_array::Array;
use dask_array::ndarray::Array2;
use dask_graph::Collection;

use crate::bench::limits::Limit;
use crate::bench::workload::Bench;

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let (rows, columns) = (bench.side(10_000), bench.side(5_000));
    let x = Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 31 + j * 17) % 1009) as f64);
    let x = Array::from_ndarray(x, 1000.min(columns))?;
    bench.limited_by(Limit::Memory, 8 * rows * columns);
    for axis in [0, 1] {
        for (what, result) in [("mean", x.mean(axis)?), ("std", x.std(axis, 0.0)?)] {
            let workload = format!("{what} over axis {axis}");
            bench.time_of(&workload, "dask-array", rows * columns, |scheduler| {
                Ok(result.compute_with(scheduler)?.sum())
            })?;
        }
    }
    Ok(())
}
