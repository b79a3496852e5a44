//! Mean and worst arrival delay by airline, over all flights that left New York City in 2013.
//!
//! Twelve compressed files are read, of which two columns of nineteen are parsed, joined to the airlines'
//! names, and brought down to a row an airline.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use dask_frame::{Merge, Sort, col, read_csv, size};
use dask_graph::Collection;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data");

fn main() -> anyhow::Result<()> {
    dask_sched::init()?;

    let flights = read_csv(format!("{DATA}/flights-2013-*.csv.gz")).open()?;
    let airlines = read_csv(format!("{DATA}/airlines.csv.gz")).open()?;

    let delays = flights
        .filter(col("arr_delay").is_not_null())?
        .merge(&airlines, Merge::on(["carrier"]).left())?
        .group_by(["name"])
        .agg([
            col("arr_delay").mean().alias("mean_delay"),
            col("arr_delay").max().alias("worst_delay"),
            size().alias("flights"),
        ])?
        .sort_values(Sort::by("mean_delay").descending())?;

    println!("{}", delays.explain_plan());
    println!("{}", delays.compute()?);
    Ok(())
}
