//! How much of the dense kernel's speed is left when a product is made block by block?

use anyhow::Result;
use dask_array::Array;
use dask_array::ndarray::Array2;
use dask_graph::Collection;

use super::{Bench, side};

/// Square float64 matrices in blocks of a quarter of their side, beside ndarray's product of the whole.
pub(super) fn matmul_of_squares(bench: &mut Bench<'_>, percent: usize) -> Result<()> {
    let n = side(4_000, percent);
    let make = |seed: usize| Array2::from_shape_fn((n, n), |(i, j)| ((i * 7 + j * seed) % 13) as f64);
    let (x, y) = (make(3), make(5));
    bench.time("matmul", "ndarray, one thread", n * n, || Ok(x.dot(&y).sum().to_bits()))?;
    let block = n.div_ceil(4);
    let (x, y) = (Array::from_ndarray(x, block)?, Array::from_ndarray(y, block)?);
    let product = x.matmul(&y)?;
    bench.time_of("matmul", "dask-array", n * n, |scheduler| {
        Ok(product.compute_with(scheduler)?.sum().to_bits())
    })
}
