//! What do five steps cost that know nothing of each other?

use anyhow::{Result, ensure};
use dask_bag::{Bag, Partitions};
use dask_graph::Collection;
use rayon::prelude::*;

use crate::bench::workload::{Bench, scattered};

pub(super) fn measure(bench: &mut Bench) -> Result<()> {
    let n = bench.scaled(10_000_000);
    let parts = 16;
    let by_hand = || -> u64 {
        let part = |part: usize| {
            let numbers = (n * part / parts) as u64..(n * (part + 1) / parts) as u64;
            let kept = numbers.map(scattered).filter(|n| n % 8 != 0).flat_map(|n| [n, n >> 1]);
            kept.map(|n| n ^ (n >> 7)).filter(|n| n % 3 == 0).fold(0, u64::wrapping_add)
        };
        (0..parts).into_par_iter().map(part).reduce(|| 0, u64::wrapping_add)
    };
    let expected = by_hand();
    bench.time("chain", "iterators by hand", n, || Ok(by_hand()))?;

    let numbers = Bag::range(n as u64, Partitions::count(parts));
    let steps = numbers.map(scattered).filter(|n| n % 8 != 0).flat_map(|n| [n, n >> 1]);
    let steps = steps.map(|n| n ^ (n >> 7)).filter(|n| n % 3 == 0);
    let piped = numbers.pipe(|numbers| {
        let kept = numbers.map(scattered).filter(|n| n % 8 != 0).flat_map(|n| [n, n >> 1]);
        kept.map(|n| n ^ (n >> 7)).filter(|n| n % 3 == 0)
    });
    for (system, bag) in [("dask-bag", steps), ("dask-bag, as a pipe", piped)] {
        let sum = bag.fold(0, u64::wrapping_add, u64::wrapping_add);
        bench.time_of("chain", system, n, |scheduler| {
            let got = sum.compute_with(scheduler)?;
            ensure!(got == expected, "{got} instead of {expected}");
            Ok(got)
        })?;
    }
    Ok(())
}
