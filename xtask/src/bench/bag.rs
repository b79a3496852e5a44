//! `cargo xtask bench bag`: pipelines, counts and groups beside what one would write by hand.
//!
//! - `chain`: five steps over 10⁷ numbers, beside the same chain of iterators on all threads.
//! - `groupby`: 10⁷ pairs of 10⁶ keys under a memory limit of 512 MB, beside a table in memory. The most memory that
//!   the process had is reported, and more than the limit fails.
//! - `words`: the frequencies of the words of 500 MB of text in 16 files, beside a program with rayon.
//!
//! dask.bag does the same in `xtask/peers/bags.py`. `--quick` takes a hundredth of each workload.

mod chain;
mod groupby;
mod words;

use anyhow::{Result, bail};
use dask_graph::Scheduler;
use dask_optimize::Optimized;
use dask_sched_threaded::Threaded;

use super::meter::{self, Measured};
use super::options::Options;
use super::record::{Record, Records};

const AREA: &str = "bag";

/// A workload: measures itself at so many hundredths of its full size.
type Workload = fn(&mut Bench<'_>, usize) -> Result<()>;

/// Those that need little memory are first, so that what one has left does not count for the next.
const WORKLOADS: [(&str, Workload); 3] =
    [("chain", chain::measure), ("groupby", groupby::measure), ("words", words::measure)];

/// Runs all workloads, prints a table and writes the records.
pub(crate) fn run(options: &Options) -> Result<()> {
    if let Some(name) = options.only.iter().find(|name| WORKLOADS.iter().all(|(known, _)| name != known)) {
        bail!("unknown workload `{name}`; see --help");
    }
    let threads = std::thread::available_parallelism()?.get();
    let scheduler = Optimized::new(Threaded::with_workers(threads));
    let mut bench = Bench { options, records: Records::to(options.json.as_deref())?, threads, scheduler };
    println!(
        "{:<9} {:>11}  {:<32} {:>10} {:>10} {:>9}",
        "workload", "size", "system", "median", "min", "peak"
    );
    for (name, measure) in WORKLOADS {
        if options.only.is_empty() || options.only.iter().any(|only| only == name) {
            let percent = if options.is_quick { 1 } else { 100 };
            measure(&mut bench, percent)?;
        }
    }
    bench.records.finish()
}

struct Bench<'a> {
    options: &'a Options,
    records: Records,
    threads: usize,
    scheduler: Optimized<Threaded>,
}

impl Bench<'_> {
    /// Reports what `system` took for work on `size` items or bytes.
    fn report(&mut self, workload: &str, system: &str, size: usize, measured: Measured) -> Result<Measured> {
        let record = Record {
            area: AREA,
            workload,
            system,
            size,
            threads: self.threads,
            unit: "ms",
            median: measured.median() * 1e3,
            min: measured.min() * 1e3,
            max: measured.max() * 1e3,
            cpu_s: measured.cpu_s,
            peak_bytes: measured.peak_bytes,
            checksum: measured.checksum,
        };
        let (median, min, peak) = (record.median, record.min, measured.peak_bytes >> 20);
        println!("{workload:<9} {size:>11}  {system:<32} {median:>10.1} {min:>10.1} {peak:>6} MiB  ms");
        self.records.add(&record)?;
        Ok(measured)
    }

    /// Measures and reports.
    fn time(
        &mut self,
        workload: &str,
        system: &str,
        size: usize,
        work: impl FnMut() -> Result<u64>,
    ) -> Result<Measured> {
        let measured = meter::repeat(self.options, work)?;
        self.report(workload, system, size, measured)
    }

    /// Measures and reports what is computed on all threads, optimised.
    fn time_of(
        &mut self,
        workload: &str,
        system: &str,
        size: usize,
        mut work: impl FnMut(&dyn Scheduler) -> Result<u64>,
    ) -> Result<Measured> {
        let measured = meter::repeat(self.options, || work(&self.scheduler))?;
        self.report(workload, system, size, measured)
    }
}

/// A size that scales in proportion, such that `full` is at 100.
fn scaled(full: usize, percent: usize) -> usize {
    (full * percent / 100).max(1)
}

/// Numbers that look random: one for each.
fn scattered(n: u64) -> u64 {
    let n = (n ^ (n >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    n ^ (n >> 29)
}
