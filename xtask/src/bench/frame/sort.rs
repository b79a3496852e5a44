//! How long does it take to put rows in order?

use anyhow::Result;
use dask_frame::{DataFrame, Sort};
use dask_graph::Collection;

use super::answer::checksum;
use super::data::{PARTITIONS, groups};
use crate::bench::collection::{Bench, scaled};

const ROWS: usize = 10_000_000;

pub(super) fn by_float(bench: &mut Bench<'_>, percent: usize) -> Result<()> {
    let rows = scaled(ROWS, percent);
    let frame = DataFrame::from_table(&groups(rows, &["id4", "v1", "v3"])?, PARTITIONS)?;
    let sorted = frame.sort_values(Sort::by("v3"))?;
    bench.time_of("sort", "dask-frame", rows, |scheduler| Ok(checksum(&sorted.compute_with(scheduler)?)))?;
    Ok(())
}
