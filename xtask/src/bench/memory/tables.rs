//! Are groups and joins right, and memory bounded, where tables of them would not fit?

use std::path::Path;

use anyhow::{Result, ensure};
use dask_frame::{Column, DataFrame, Merge, Table, col, read_csv, size};
use dask_graph::{Collection, RunOptions};

use crate::bench::frame::data::{ROWS, drawn, float, groups_of, parts};
use crate::bench::meter::within;
use crate::bench::workload::{Bench, scattered};

/// The limit of a run, and the most memory that the process may have had.
const LIMIT: u64 = 1 << 30;
const KEYS: [&str; 6] = ["id1", "id2", "id3", "id4", "id5", "id6"];

/// Measures a frame of one row under the limit; returns the row's count and sum.
fn measure(bench: &mut Bench, name: &str, rows: usize, answer: &DataFrame) -> Result<(i64, f64)> {
    let options = RunOptions::new().memory_limit(LIMIT);
    let mut row = (0, 0.0);
    let measured = bench.time_of(name, "dask-frame", rows, |scheduler| {
        let table = answer.compute_opts(scheduler, &options)?;
        let count = table.column("count")?.i64s().and_then(|mut of| of.next().flatten());
        let sum = table.column("sum")?.f64s().and_then(|mut of| of.next().flatten());
        row = (count.unwrap_or_default(), sum.unwrap_or_default());
        Ok(row.0 as f64 + row.1)
    })?;
    within(LIMIT, &measured)?;
    Ok(row)
}

/// Floats that were added up in another order.
fn ensure_near(got: f64, expected: f64) -> Result<()> {
    ensure!((got - expected).abs() <= 1e-9 * expected.abs(), "{got} instead of {expected}");
    Ok(())
}

/// Writes a table to files, a part at a time; returns the frame that reads them.
fn in_files(
    bench: &Bench,
    directory: &Path,
    rows: usize,
    part: impl Fn(std::ops::Range<u64>) -> Result<Table, dask_frame::FrameError> + Send + Sync + 'static,
) -> Result<DataFrame> {
    let schema = part(0..0)?.schema().clone();
    std::fs::create_dir(directory)?;
    let files = format!("{}/*.csv", directory.display());
    DataFrame::from_map(parts(rows), schema, part).to_csv_with(&files, &bench.scheduler)?;
    Ok(read_csv(files).blocksize(8 << 20).open()?)
}

/// As many groups as rows, by six keys.
pub(super) fn groups(bench: &mut Bench) -> Result<()> {
    let (rows, directory) = (bench.scaled(ROWS), tempfile::tempdir()?);
    let columns = ["id1", "id2", "id3", "id4", "id5", "id6", "v1", "v3"];
    let frame =
        in_files(bench, &directory.path().join("groups"), rows, move |part| groups_of(part, rows, &columns))?;
    let groups = frame.group_by(KEYS).unsorted().agg([col("v3").sum(), size()])?;
    let answer = groups.agg([size().alias("count"), col("v3_sum").sum().alias("sum"), col("size").sum()])?;
    let (count, sum) = measure(bench, "group-limit", rows, &answer)?;

    let all = 0..rows as u64;
    let below = [100, 100, (rows as u64 / 100).max(1), 100, 100, (rows as u64 / 100).max(1)];
    let key = |row| (1..).zip(below).fold(0, |key, (column, n)| scattered(key ^ drawn(column, row, n)));
    let mut keys: Vec<u64> = all.clone().map(key).collect();
    keys.sort_unstable();
    keys.dedup();
    ensure!(count as usize == keys.len(), "{count} groups instead of {}", keys.len());
    ensure_near(sum, all.map(|row| float(9, row)).sum())
}

/// Two large tables, each in files.
pub(super) fn join(bench: &mut Bench) -> Result<()> {
    let (rows, directory) = (bench.scaled(ROWS), tempfile::tempdir()?);
    let n = rows as u64;
    let key = move |row| drawn(13, row, n);
    let left = in_files(bench, &directory.path().join("left"), rows, move |part| {
        let keys = Column::from(part.clone().map(|row| key(row) as i64).collect::<Vec<_>>());
        Table::new([("key", keys), ("v1", Column::from(part.map(|row| float(14, row)).collect::<Vec<_>>()))])
    })?;
    let right = in_files(bench, &directory.path().join("right"), rows, move |part| {
        // Each key once, in an order of their own.
        let keys = Column::from(part.clone().map(|row| (row * 7 % n) as i64).collect::<Vec<_>>());
        let values = part.map(|row| float(15, row * 7 % n)).collect::<Vec<_>>();
        Table::new([("key", keys), ("v2", Column::from(values))])
    })?;
    let joined = left.merge(&right, Merge::on(["key"]))?;
    let answer = joined.agg([size().alias("count"), col("v2").sum().alias("sum")])?;
    let (count, sum) = measure(bench, "join-limit", rows, &answer)?;
    ensure!(count as usize == rows, "{count} rows instead of {rows}");
    ensure_near(sum, (0..n).map(|row| float(15, key(row))).sum())
}
