//! A matrix on disk, standardised by columns into a second file, with a few blocks in memory.
//!
//! `(x - x.mean(0)) / x.std(0)` needs every block twice, before and after the columns' means are known. Where
//! keeping them all in between would take too much memory, the optimiser has them read twice instead.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use dask_array::ndarray::{ArrayD, NewAxis};
use dask_array::{Array, ArrayError};
use dask_graph::{Collection, compute};

const ROWS: usize = 20_000;
const COLUMNS: usize = 100;
/// Rows of a block: 800 kB.
const BLOCK: usize = 1000;

fn main() -> anyhow::Result<()> {
    // The matrix has 16 MB.
    dask_sched::default_scheduler().memory_limit(8 << 20).install()?;
    let folder = tempfile::tempdir()?;
    let (from, to) = (folder.path().join("x.npy"), folder.path().join("z.npy"));
    make_matrix()?.to_npy(&from)?;

    let x = Array::<f64>::from_npy(&from, [BLOCK, COLUMNS])?;
    // One pass over the file for means and deviations; in the second, blocks are read, worked on and written
    // in one task each.
    let z = (&x - &x.mean(0)?) / &x.std(0, 0.0)?;
    println!("{}", z.store_npy(&to).explain()?);
    z.to_npy(&to)?;

    let z = Array::<f64>::from_npy(&to, [BLOCK, COLUMNS])?;
    let (rows, deviations) = compute((z.mean(1)?, z.std(0, 0.0)?))?;
    println!("{} rows of {COLUMNS} columns standardised", rows.len());
    let range = |numbers: &ArrayD<f64>| {
        let (least, most) =
            (numbers.fold(f64::MAX, |a, &b| a.min(b)), numbers.fold(f64::MIN, |a, &b| a.max(b)));
        format!("{least:.6} to {most:.6}")
    };
    println!("row means         {}", range(&rows));
    println!("column deviations {}", range(&deviations));
    Ok(())
}

/// A matrix whose columns have different means and deviations.
fn make_matrix() -> Result<Array<f64>, ArrayError> {
    let i = Array::arange(0.0, ROWS as f64, 1.0, BLOCK)?.slice((.., NewAxis))?;
    let j = Array::arange(0.0, COLUMNS as f64, 1.0, COLUMNS)?;
    Ok((i * 0.01 + &j).sin() * (&j + 1.0) + j)
}
