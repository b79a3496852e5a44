//! How long does it take to put rows in order?

use anyhow::Result;
use dask_frame::{DataFrame, Sort};

use super::answer;
use super::data::{PARTITIONS, ROWS, groups};
use crate::bench::workload::Bench;

pub(super) fn by_float(bench: &mut Bench) -> Result<()> {
    let rows = bench.scaled(ROWS);
    let frame = DataFrame::from_table(&groups(rows, &["id4", "v1", "v3"])?, PARTITIONS)?;
    answer::measure(bench, "sort", rows, &frame.sort_values(Sort::by("v3"))?)
}

pub(super) fn set_index(bench: &mut Bench) -> Result<()> {
    let rows = bench.scaled(ROWS);
    let frame = DataFrame::from_table(&groups(rows, &["id4", "v1", "v3"])?, PARTITIONS)?;
    answer::measure(bench, "set-index", rows, &frame.set_index("v3")?)
}
