//! How fast are tables read from files, and written to them?

use std::path::Path;

use anyhow::Result;
use dask_frame::{DataFrame, col, read_csv, read_json, read_parquet};
use dask_graph::{Collection, Scheduler};

use crate::bench::frame::answer;
use crate::bench::frame::data::{PARTITIONS, ROWS, groups};
use crate::bench::limits::Limit;
use crate::bench::workload::Bench;

const COLUMNS: [&str; 9] = ["id1", "id2", "id3", "id4", "id5", "id6", "v1", "v2", "v3"];

/// The table of the groups in memory.
fn table(rows: usize, columns: &[&'static str]) -> Result<DataFrame> {
    Ok(DataFrame::from_table(&groups(rows, columns)?, PARTITIONS)?)
}

/// Measures what is computed of all bytes of the files in `directory`.
fn measure_read(
    bench: &mut Bench,
    name: &str,
    rows: usize,
    answer: &DataFrame,
    directory: &Path,
) -> Result<()> {
    bench.limited_by(Limit::CachedFile, nbytes_in(directory)?);
    answer::measure(bench, name, rows, answer)
}

fn nbytes_in(directory: &Path) -> Result<usize> {
    let mut nbytes = 0;
    for entry in std::fs::read_dir(directory)? {
        nbytes += entry?.metadata()?.len() as usize;
    }
    Ok(nbytes)
}

/// The table in CSV files; returns how to read them.
fn in_csv(bench: &Bench, directory: &Path, rows: usize) -> Result<DataFrame> {
    let files = format!("{}/*.csv", directory.display());
    table(rows, &COLUMNS)?.to_csv_with(&files, &bench.scheduler)?;
    Ok(read_csv(files).open()?)
}

pub(super) fn csv(bench: &mut Bench) -> Result<()> {
    let (rows, directory) = (bench.scaled(ROWS), tempfile::tempdir()?);
    let all = in_csv(bench, directory.path(), rows)?;
    measure_read(bench, "csv", rows, &all, directory.path())
}

pub(super) fn csv_two_columns(bench: &mut Bench) -> Result<()> {
    let (rows, directory) = (bench.scaled(ROWS), tempfile::tempdir()?);
    let sums = in_csv(bench, directory.path(), rows)?.agg([col("v1").sum(), col("v3").sum()])?;
    measure_read(bench, "csv-2of9", rows, &sums, directory.path())
}

pub(super) fn json(bench: &mut Bench) -> Result<()> {
    let (rows, directory) = (bench.scaled(ROWS / 10), tempfile::tempdir()?);
    let files = format!("{}/*.json", directory.path().display());
    table(rows, &COLUMNS)?.to_json_with(&files, &bench.scheduler)?;
    measure_read(bench, "json", rows, &read_json(files).open()?, directory.path())
}

/// The limit is that of a program that reads the whole files, which this one need not.
pub(super) fn parquet_two_columns(bench: &mut Bench) -> Result<()> {
    let (rows, directory) = (bench.scaled(ROWS), tempfile::tempdir()?);
    let files = directory.path().join("table");
    table(rows, &COLUMNS)?.to_parquet_with(&files, &bench.scheduler)?;
    let read = read_parquet(files.display().to_string()).open()?;
    let means = read.agg([col("v1").mean(), col("v3").mean()])?;
    answer::measure(bench, "parquet-2of9", rows, &means)
}

/// Measures how long it takes to write the table; what is read back has to be the same.
fn measure_written(
    bench: &mut Bench,
    name: &str,
    write: impl Fn(&DataFrame, &Path, &dyn Scheduler) -> Result<()>,
    read: impl Fn(&Path) -> Result<DataFrame>,
) -> Result<()> {
    let (rows, directory) = (bench.scaled(ROWS), tempfile::tempdir()?);
    let (frame, path) = (table(rows, &COLUMNS)?, directory.path().join("table"));
    let mut measured = bench.measure_of(|scheduler| {
        write(&frame, &path, scheduler)?;
        Ok(0_u64)
    })?;
    let back = read(&path)?.compute_with(&bench.scheduler)?;
    measured.checksum = answer::checksum(&back).into();
    bench.report_in_all(name, "dask-frame", rows, &measured);
    Ok(())
}

pub(super) fn csv_write(bench: &mut Bench) -> Result<()> {
    let files = |path: &Path| format!("{}/*.csv", path.display());
    measure_written(
        bench,
        "csv-write",
        |frame, path, scheduler| {
            std::fs::create_dir_all(path)?;
            Ok(frame.to_csv_with(files(path), scheduler)?)
        },
        |path| Ok(read_csv(files(path)).open()?),
    )
}

pub(super) fn parquet_write(bench: &mut Bench) -> Result<()> {
    measure_written(
        bench,
        "parquet-write",
        |frame, path, scheduler| {
            // Into an empty directory: a table that is there already is not overwritten.
            if path.exists() {
                std::fs::remove_dir_all(path)?;
            }
            frame.to_parquet_with(path, scheduler)?;
            Ok(())
        },
        |path| Ok(read_parquet(path.display().to_string()).open()?),
    )
}
