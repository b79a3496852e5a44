//! The aircraft that flew to most places from New York in 2013: flights in groups, joined with a table.
//!
//! To be grouped, flights are written to disk by the hashes of their tail numbers and read again, so memory holds a
//! part of the groups, however many flights there are. The table of aircraft is small: every task has it whole.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::collections::BTreeSet;

use anyhow::bail;
use dask_bag::read_text;
use dask_graph::Collection;

fn main() -> anyhow::Result<()> {
    dask_sched::init()?;
    let lines = read_text(concat!(env!("CARGO_MANIFEST_DIR"), "/data/flights-2013-*.csv.gz"))?;
    let flights = lines.remove(|line| line.starts_with("year,")).try_map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        let [.., tail, _, to, _, miles, _, _, _] = fields[..] else { bail!("a flight has 19 fields") };
        Ok((tail.to_owned(), to.to_owned(), miles.parse::<u64>()?))
    });
    let flown = flights.groupby(|(tail, _, _)| tail.clone()).map(|(tail, flights)| {
        let places: BTreeSet<&str> = flights.iter().map(|(_, to, _)| to.as_str()).collect();
        let miles: u64 = flights.iter().map(|(_, _, miles)| miles).sum();
        (tail, (places.len(), flights.len(), miles))
    });

    let lines = read_text(concat!(env!("CARGO_MANIFEST_DIR"), "/data/planes.csv.gz"))?;
    let models = lines.str().split_by(",").filter(|fields| fields.len() == 9);
    let named = flown.join(&models, |(tail, _)| tail.clone(), |model| model[0].clone());
    // Of aircraft with equally many places, the ones with more flights.
    let most = named.topk_by_key(10, |(_, (_, (places, flights, _)))| (*places, *flights));

    println!("aircraft  places  flights    miles  model");
    for (model, (tail, (places, flights, miles))) in most.compute()? {
        println!("{tail:<8}  {places:>6}  {flights:>7}  {miles:>7}  {} {}", model[3], model[4]);
    }
    Ok(())
}
