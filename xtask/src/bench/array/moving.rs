//! Elements that move: to other blocks, over the edges of blocks, and out of a random generator.

use anyhow::Result;
use dask_array::ndarray::{Array2, ArrayD, ArrayViewD, Slice, Zip};
use dask_array::random::Generator;
use dask_array::{Array, Boundary};
use dask_graph::{Collection, RunOptions};
use dask_sched_threaded::Threaded;

use crate::bench::limits::Limit;
use crate::bench::workload::Bench;

/// From blocks of rows in memory to blocks of columns in memory, beside a plain copy of the memory.
pub(super) fn rechunk(bench: &mut Bench) -> Result<()> {
    let n = bench.side(20_000);
    let x = Array2::from_shape_fn((n, n), |(i, j)| (i ^ j) as f64);
    bench.limited_by(Limit::Memory, 16 * n * n);
    let block = n.div_ceil(16) as isize;
    let mut copy = Array2::zeros((0, 0));
    let mut measured = bench.measure(|| {
        copy = x.clone();
        Ok(0_u64)
    })?;
    measured.checksum = copy.sum().into();
    drop(copy);
    bench.report_in_all("rechunk", "copy", n * n, &measured);
    let rows = Array::from_ndarray(x, [block, -1])?.map_blocks(|block| block.to_owned());
    let rows = rows.persist_opts(&Threaded::new(), &RunOptions::default())?;
    let moved = rows.rechunk([-1, block])?;
    let mut last = None;
    let mut measured = bench.measure_of(|scheduler| {
        // As dask does, which lets go of the last answer within the time of the next.
        last = Some(moved.persist_opts(scheduler, &RunOptions::new())?);
        Ok(0_u64)
    })?;
    if let Some(moved) = last {
        measured.checksum = moved.sum(..)?.item_with(&bench.scheduler)?.into();
    }
    bench.report_in_all("rechunk", "dask-array", n * n, &measured);
    Ok(())
}

/// The mean of each element and its four neighbours; edges stay.
fn five_points(x: ArrayViewD<'_, f64>) -> ArrayD<f64> {
    let mut out = x.to_owned();
    let part = |rows: Slice, columns: Slice| {
        let mut part = x.clone();
        part.slice_each_axis_inplace(|axis| if axis.axis.index() == 0 { rows } else { columns });
        part
    };
    let [inner, before, behind] = [Slice::new(1, Some(-1), 1), Slice::from(..-2), Slice::from(2..)];
    Zip::from(out.slice_each_axis_mut(|_| inner))
        .and(&part(before, inner))
        .and(&part(behind, inner))
        .and(&part(inner, before))
        .and(&part(inner, behind))
        .for_each(|out, up, down, left, right| *out = (*out + up + down + left + right) / 5.0);
    out
}

/// The sum without the outermost elements, which have fewer neighbours.
fn inner_sum(x: &ArrayD<f64>) -> f64 {
    x.slice_each_axis(|_| Slice::new(1, Some(-1), 1)).sum()
}

/// Blocks of 1000 × 1000 with a ghost cell on each side.
pub(super) fn stencil(bench: &mut Bench) -> Result<()> {
    let n = bench.side(8_000).max(3);
    let x = Array2::from_shape_fn((n, n), |(i, j)| ((i * 3 + j) % 101) as f64);
    bench.limited_by(Limit::Memory, 16 * n * n);
    bench.time("stencil", "loop by hand, one thread", n * n, || {
        Ok(inner_sum(&five_points(x.view().into_dyn())))
    })?;
    let x = Array::from_ndarray(x, 1000.min(n))?;
    let smooth = x.map_overlap(1, Boundary::Nearest, five_points)?;
    bench.time_of("stencil", "dask-array", n * n, |scheduler| {
        Ok(inner_sum(&smooth.compute_with(scheduler)?))
    })?;
    Ok(())
}

/// Numbers in blocks of 10⁶, added up.
pub(super) fn random(bench: &mut Bench) -> Result<()> {
    let n = bench.scaled(50_000_000);
    let uniform = Generator::new(1).random::<f64>(&[n], 1_000_000.min(n))?.sum(..)?;
    let normal = Generator::new(1).standard_normal::<f64>(&[n], 1_000_000.min(n))?.sum(..)?;
    for (what, sum) in [("uniform", uniform), ("normal", normal)] {
        bench
            .time_of(&format!("random {what}"), "dask-array", n, |scheduler| Ok(sum.item_with(scheduler)?))?;
    }
    Ok(())
}
