//! JSON lines read into records, made a frame, written as Parquet by station, and read back: only the columns and files
//! that the question needs.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use anyhow::Context;
use dask_bag::{Bag, Partitions, read_json};
use dask_frame::{DataFrame, Sort, WriteParquet, col, read_parquet};
use dask_graph::{Collection, make_portable};
use serde::{Deserialize, Serialize};

/// Where `degrees` is missing, the frame has a missing value.
#[derive(Clone, Serialize, Deserialize)]
struct Reading {
    station: String,
    hour: i64,
    degrees: Option<f64>,
}

fn main() -> anyhow::Result<()> {
    dask_sched::init()?;
    make_portable::<Reading>();
    let directory = tempfile::tempdir()?;
    let path = directory.path().to_str().context("a path that is no text")?;
    write_readings(path)?;

    // The type tells the columns; nothing is computed before `write`.
    let readings = read_json::<Reading>(&format!("{path}/readings-*.jsonl.gz"))?;
    let frame = DataFrame::from_partitions(&readings.to_columns()?)?;
    println!("{}\n", frame.schema());
    WriteParquet::new(format!("{path}/readings")).partition_on(["station"]).write(&frame)?;

    let stored = read_parquet(format!("{path}/readings")).open()?;
    let warm = stored
        .filter(col("station").is_in(["Oslo", "Rome"]))?
        .group_by(["station"])
        .agg([col("degrees").mean(), col("degrees").count()])?
        .sort_values(Sort::by("degrees_mean").descending())?;
    println!("{}", warm.explain_plan().replace(path, "…"));
    println!("{}", warm.compute()?);
    Ok(())
}

fn write_readings(directory: &str) -> anyhow::Result<()> {
    let readings = Bag::range(3_000, Partitions::count(3)).map(|n| {
        let station = ["Oslo", "Rome", "Cairo"][n as usize % 3].to_owned();
        let degrees = (n % 10 != 0).then_some((n % 3 * 12) as f64 + (n % 24) as f64 / 4.0);
        Reading { station, hour: n as i64, degrees }
    });
    readings.to_jsonl(&format!("{directory}/readings-*.jsonl.gz"))?.compute()?;
    Ok(())
}
