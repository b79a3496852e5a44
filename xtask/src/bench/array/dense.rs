//! How much of the dense kernel's speed is left when products and factorisations are made block by block?

use anyhow::Result;
use dask_array::ndarray::linalg::general_mat_mul;
use dask_array::ndarray::{Array2, Axis};
use dask_array::{Array, linalg};
use dask_graph::{Collection, RunOptions};

use crate::bench::workload::Bench;

/// Square float64 matrices in blocks of a quarter of their side, beside ndarray's product of the whole, whose rows are
/// shared out to as many threads.
pub(super) fn matmul_of_squares(bench: &mut Bench) -> Result<()> {
    let n = bench.side(8_000);
    let make = |seed: usize| Array2::from_shape_fn((n, n), |(i, j)| ((i * 7 + j * seed) % 13) as f64);
    let (x, y) = (make(3), make(5));
    let rows = n.div_ceil(bench.threads);
    bench.time("matmul", "ndarray, a share of the rows each", n * n, || {
        let mut product = Array2::zeros((n, n));
        std::thread::scope(|scope| {
            for (x, mut product) in
                x.axis_chunks_iter(Axis(0), rows).zip(product.axis_chunks_iter_mut(Axis(0), rows))
            {
                let y = &y;
                scope.spawn(move || general_mat_mul(1.0, &x, y, 0.0, &mut product));
            }
        });
        Ok(product.sum())
    })?;
    let block = n.div_ceil(4);
    let (x, y) = (Array::from_ndarray(x, block)?, Array::from_ndarray(y, block)?);
    let product = x.matmul(&y)?;
    bench.time_of("matmul", "dask-array", n * n, |scheduler| Ok(product.compute_with(scheduler)?.sum()))?;
    Ok(())
}

/// Singular values and vectors of twenty long columns, in blocks of a tenth of their length.
pub(super) fn svd_of_tall(bench: &mut Bench) -> Result<()> {
    let n = bench.scaled(4_000_000);
    let x = Array2::from_shape_fn((n, 20), |(i, j)| ((i * 7 + i / 3 * j + j * j) % 101) as f64 / 50.0 - 1.0);
    let (u, s, vh) = linalg::svd(&Array::from_ndarray(x, [n.div_ceil(10) as isize, -1])?)?;
    bench.time_of("svd", "dask-array", n * 20, |scheduler| {
        let (_, s, _) =
            dask_graph::compute_with((u.clone(), s.clone(), vh.clone()), scheduler, &RunOptions::new())?;
        Ok(s.sum())
    })?;
    Ok(())
}
