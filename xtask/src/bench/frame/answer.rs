//! A number for an answer, the same in whatever order its rows come.

use dask_frame::{DataType, Table};

/// The number of rows, the sums of all columns of integers, and six digits of the sums of those of floats, added up.
pub(super) fn checksum(table: &Table) -> u64 {
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
