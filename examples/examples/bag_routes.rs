//! The busiest routes out of New York in 2013, counted from the raw lines of twelve compressed files.
//!
//! Each file is one partition. A line is decompressed, taken apart and counted before the next one is read,
//! so memory holds the table of counts and nothing else.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use anyhow::Context;
use dask_bag::read_text;
use dask_graph::Collection;

fn main() -> anyhow::Result<()> {
    dask_sched::init()?;
    let lines = read_text(concat!(env!("CARGO_MANIFEST_DIR"), "/data/flights-2013-*.csv.gz"))?;

    let routes = lines.remove(|line| line.starts_with("year,")).try_map(|line| {
        let mut fields = line.split(',').skip(12);
        let (origin, dest) = fields.next().zip(fields.next()).context("a flight has 19 fields")?;
        anyhow::Ok((origin.to_owned(), dest.to_owned()))
    });
    let busiest = routes.frequencies().topk_by_key(10, |(_, flights)| *flights);

    println!("route      flights");
    for ((origin, dest), flights) in busiest.compute()? {
        println!("{origin} - {dest}  {flights:>7}");
    }
    Ok(())
}
