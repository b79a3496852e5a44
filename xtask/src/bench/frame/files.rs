//! How fast are files read?

use std::path::Path;

use anyhow::Result;
use dask_frame::{DataFrame, col, read_csv, read_parquet};

use super::answer;
use super::data::{PARTITIONS, ROWS, groups};
use crate::bench::collection::{Bench, scaled};

const COLUMNS: [&str; 9] = ["id1", "id2", "id3", "id4", "id5", "id6", "v1", "v2", "v3"];

/// Writes the table of the groups to files in `directory`; returns the pattern of their names.
fn write(bench: &Bench<'_>, directory: &Path, rows: usize) -> Result<String> {
    let frame = DataFrame::from_table(&groups(rows, &COLUMNS)?, PARTITIONS)?;
    let files = format!("{}/*.csv", directory.display());
    frame.to_csv_with(&files, &bench.scheduler)?;
    Ok(files)
}

pub(super) fn csv(bench: &mut Bench<'_>, percent: usize) -> Result<()> {
    let (rows, directory) = (scaled(ROWS, percent), tempfile::tempdir()?);
    let files = write(bench, directory.path(), rows)?;
    answer::measure(bench, "csv", rows, &read_csv(files).open()?)
}

pub(super) fn csv_two_columns(bench: &mut Bench<'_>, percent: usize) -> Result<()> {
    let (rows, directory) = (scaled(ROWS, percent), tempfile::tempdir()?);
    let files = write(bench, directory.path(), rows)?;
    let sums = read_csv(files).open()?.agg([col("v1").sum(), col("v3").sum()])?;
    answer::measure(bench, "csv-2of9", rows, &sums)
}

pub(super) fn parquet_two_columns(bench: &mut Bench<'_>, percent: usize) -> Result<()> {
    let (rows, directory) = (scaled(ROWS, percent), tempfile::tempdir()?);
    let files = directory.path().join("table");
    let frame = DataFrame::from_table(&groups(rows, &COLUMNS)?, PARTITIONS)?;
    frame.to_parquet_with(&files, &bench.scheduler)?;
    let read = read_parquet(files.display().to_string()).open()?;
    let means = read.agg([col("v1").mean(), col("v3").mean()])?;
    answer::measure(bench, "parquet-2of9", rows, &means)
}
