//! A random field, smoothed over the borders of its blocks, and what stands out of it.
//!
//! The numbers follow from the seed and the element's place alone: other blocks would be the same field. The elements
//! that a mask selects are an array whose length only computing tells, with fewer operations than one of known shape.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use dask_array::ndarray::{ArrayD, ArrayViewD, Axis, Slice};
use dask_array::random::Generator;
use dask_array::{Boundary, QuantileMethod};
use dask_graph::compute;

const SIDE: usize = 2000;
/// How far the smoothing reaches.
const REACH: usize = 3;

fn main() -> anyhow::Result<()> {
    dask_sched::init()?;
    let noise = Generator::new(42).standard_normal::<f64>(&[SIDE, SIDE], 500)?;
    // Each block comes with the cells around it; the field goes on at its other end.
    let field = noise.map_overlap(REACH, Boundary::Periodic, smooth)?;
    println!("{field}");

    let level = field.quantile(0.99, .., QuantileMethod::Linear)?;
    let peaks = field.filter(&field.gt(&level)?)?;
    let (level, count, mean, highest) = compute((level, peaks.count(), peaks.mean(..)?, field.argmax(..)?))?;
    println!("1 % of the field, {} elements, lie above {level:.4}, at {mean:.4} on average", count.sum());
    let at = highest.sum();
    println!("the highest is in row {}, column {}", at / SIDE as i64, at % SIDE as i64);
    Ok(())
}

/// The mean over a square around each element, one axis after the other.
fn smooth(block: ArrayViewD<'_, f64>) -> ArrayD<f64> {
    (0..2).fold(block.to_owned(), |block, axis| {
        let n = block.shape()[axis];
        let mut sums = ArrayD::zeros(block.raw_dim());
        let width = (2 * REACH + 1).min(n);
        let mut inner = sums.slice_axis_mut(Axis(axis), Slice::from(width / 2..n - (width - 1) / 2));
        for shift in 0..width {
            inner += &block.slice_axis(Axis(axis), Slice::from(shift..n - (width - 1) + shift));
        }
        sums / width as f64
    })
}
