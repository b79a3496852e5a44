//! `cargo xtask bench array`: blocked arrays beside the loop that one would write by hand.
//!
//! Each workload says what it asks, and is measured on all cores; numpy and dask.array do the same in
//! `xtask/peers/arrays.py`. `--quick` takes a hundredth of each workload.

mod dense;
mod disk;
mod fused;
mod graph;
mod moving;
mod statistics;

use anyhow::{Result, bail};
use dask_graph::Scheduler;
use dask_optimize::Optimized;
use dask_sched_threaded::Threaded;

use super::meter::{self, Measured};
use super::options::Options;
use super::record::{Record, Records};

const AREA: &str = "array";

/// A workload: measures itself at so many hundredths of its full size.
type Workload = fn(&mut Bench<'_>, usize) -> Result<()>;

const WORKLOADS: [(&str, Workload); 9] = [
    ("fused", fused::measure),
    ("mean-std", statistics::measure),
    ("matmul", dense::matmul_of_squares),
    ("svd", dense::svd_of_tall),
    ("rechunk", moving::rechunk),
    ("stencil", moving::stencil),
    ("random", moving::random),
    ("standardise", disk::standardise),
    ("build", graph::build),
];

/// Runs all workloads, prints a table and writes the records.
pub(crate) fn run(options: &Options) -> Result<()> {
    if let Some(name) = options.only.iter().find(|name| WORKLOADS.iter().all(|(known, _)| name != known)) {
        bail!("unknown workload `{name}`; see --help");
    }
    let threads = std::thread::available_parallelism()?.get();
    let scheduler = Optimized::new(Threaded::with_workers(threads));
    let mut bench = Bench { options, records: Records::to(options.json.as_deref())?, threads, scheduler };
    println!("{:<12} {:>11}  {:<28} {:>10} {:>10}", "workload", "size", "system", "median", "min");
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
    /// Reports what `system` took in all, for work on `size` elements.
    fn report(&mut self, workload: &str, system: &str, size: usize, measured: &Measured) -> Result<()> {
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
        println!("{workload:<12} {size:>11}  {system:<28} {:>10.2} {:>10.2}  ms", record.median, record.min);
        self.records.add(&record)
    }

    /// Measures and reports.
    fn time(
        &mut self,
        workload: &str,
        system: &str,
        size: usize,
        work: impl FnMut() -> Result<u64>,
    ) -> Result<()> {
        let measured = meter::repeat(self.options, work)?;
        self.report(workload, system, size, &measured)
    }

    /// Measures and reports what is computed on all threads, optimised.
    fn time_of(
        &mut self,
        workload: &str,
        system: &str,
        size: usize,
        mut work: impl FnMut(&dyn Scheduler) -> Result<u64>,
    ) -> Result<()> {
        let measured = meter::repeat(self.options, || work(&self.scheduler))?;
        self.report(workload, system, size, &measured)
    }
}

/// A length that scales in proportion, such that `full` is at 100.
fn scaled(full: usize, percent: usize) -> usize {
    (full * percent / 100).max(1)
}

/// A side that scales such that its square does.
fn side(full: usize, percent: usize) -> usize {
    ((full as f64) * (percent as f64 / 100.0).sqrt()).round().max(1.0) as usize
}
