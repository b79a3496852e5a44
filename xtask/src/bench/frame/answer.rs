//! Answers in memory, and a number for each, the same in whatever order its rows come.

use anyhow::Result;
use dask_frame::{DataFrame, DataType, Table};
use dask_graph::{Collection, RunOptions};

use crate::bench::workload::Bench;

/// Measures how long it takes until the whole answer is in memory, in partitions, from a table of so many rows.
pub(in crate::bench) fn measure(
    bench: &mut Bench,
    name: &str,
    rows: usize,
    answer: &DataFrame,
) -> Result<()> {
    let mut last = None;
    let mut measured = bench.measure_of(|scheduler| {
        // As the peers do, which let go of the last answer within the time of the next.
        last = Some(answer.persist_opts(scheduler, &RunOptions::new())?);
        Ok(0_u64)
    })?;
    if let Some(answer) = last {
        measured.checksum = checksum(&answer.compute_with(&bench.scheduler)?).into();
    }
    bench.report_in_all(name, "dask-frame", rows, &measured);
    Ok(())
}

/// The number of rows, the sums of all columns of integers, and six digits of the sums of those of floats, added up.
pub(in crate::bench) fn checksum(table: &Table) -> u64 {
    let sums = table.columns().iter().map(|column| match column.dtype() {
        DataType::Int64 => column.i64s().into_iter().flatten().flatten().fold(0, i64::wrapping_add),
        DataType::Float64 => six_digits(column.f64s().into_iter().flatten().flatten().sum()),
        _ => 0,
    });
    sums.fold(table.n_rows() as i64, i64::wrapping_add) as u64
}

fn six_digits(sum: f64) -> i64 {
    if sum == 0.0 {
        return 0;
    }
    (sum / 10_f64.powi(sum.abs().log10().floor() as i32 - 5)).round() as i64
}
