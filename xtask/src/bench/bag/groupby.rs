//! Are groups right, and memory bounded, where a table of them would not fit?

use std::collections::HashMap;

use anyhow::Result;
use dask_bag::{Bag, Partitions};
use dask_graph::{Collection, RunOptions};

use crate::bench::meter::within;
use crate::bench::workload::{Bench, scattered};

const LIMIT: u64 = 512 << 20;

/// Something that depends on every item of a group and on their order.
fn of_group(key: u64, items: impl Iterator<Item = u64>) -> u64 {
    items.fold(scattered(key), |sum, item| scattered(sum ^ item))
}

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let n = bench.scaled(10_000_000) as u64;
    let n_keys = n / 10;
    let pair = move |i: u64| (scattered(i) % n_keys, i);

    let numbers = Bag::range(n, Partitions::count(64));
    let pairs = numbers.map_with(n_keys, |n_keys, i| (scattered(i) % n_keys, i));
    let groups = pairs.groupby(|pair| pair.0);
    let each = groups.map(|(key, pairs)| of_group(key, pairs.into_iter().map(|pair| pair.1)));
    let sum = each.fold(0, u64::wrapping_add, u64::wrapping_add);
    let options = RunOptions::new().memory_limit(LIMIT);
    let measured = bench
        .time_of("groupby", "dask-bag", n as usize, |scheduler| Ok(sum.compute_opts(scheduler, &options)?))?;
    within(LIMIT, &measured)?;

    bench.time("groupby", "table in memory, one thread", n as usize, || {
        let mut groups: HashMap<u64, Vec<u64>> = HashMap::new();
        (0..n).map(pair).for_each(|(key, i)| groups.entry(key).or_default().push(i));
        let each = groups.into_iter().map(|(key, items)| of_group(key, items.into_iter()));
        Ok(each.fold(0, u64::wrapping_add))
    })?;
    Ok(())
}
