//! The bench of a collection: workloads by name, each measured on all threads and told as a line of a table.

use anyhow::{Result, bail};
use dask_graph::Scheduler;
use dask_optimize::Optimized;
use dask_sched_threaded::Threaded;

use super::meter::{self, Measured};
use super::options::Options;
use super::record::{Record, Records};

/// A workload: measures itself at so many hundredths of its full size.
pub(super) type Workload = fn(&mut Bench<'_>, usize) -> Result<()>;

/// What the workloads of one area need.
pub(super) struct Bench<'a> {
    area: &'static str,
    options: &'a Options,
    records: Records,
    pub(super) threads: usize,
    pub(super) scheduler: Optimized<Threaded>,
}

/// Runs the workloads that were asked for, prints a table and writes the records.
pub(super) fn run(area: &'static str, workloads: &[(&str, Workload)], options: &Options) -> Result<()> {
    if let Some(name) = options.only.iter().find(|name| workloads.iter().all(|(known, _)| name != known)) {
        bail!("unknown workload `{name}`; see --help");
    }
    let threads = std::thread::available_parallelism()?.get();
    let scheduler = Optimized::new(Threaded::with_workers(threads));
    let records = Records::to(options.json.as_deref())?;
    let mut bench = Bench { area, options, records, threads, scheduler };
    println!(
        "{:<12} {:>11}  {:<32} {:>10} {:>10} {:>9}",
        "workload", "size", "system", "median", "min", "peak"
    );
    for (name, measure) in workloads {
        if options.only.is_empty() || options.only.iter().any(|only| only == name) {
            let percent = if options.is_quick { 1 } else { 100 };
            measure(&mut bench, percent)?;
        }
    }
    bench.records.finish()
}

impl Bench<'_> {
    /// Reports what `system` took in all, for work on `size` elements, items, rows or bytes.
    pub(super) fn report(
        &mut self,
        workload: &str,
        system: &str,
        size: usize,
        measured: Measured,
    ) -> Result<Measured> {
        let record = Record {
            area: self.area,
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
        println!("{workload:<12} {size:>11}  {system:<32} {median:>10.2} {min:>10.2} {peak:>6} MiB  ms");
        self.records.add(&record)?;
        Ok(measured)
    }

    /// Measures and reports.
    pub(super) fn time(
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
    pub(super) fn time_of(
        &mut self,
        workload: &str,
        system: &str,
        size: usize,
        work: impl FnMut(&dyn Scheduler) -> Result<u64>,
    ) -> Result<Measured> {
        let measured = self.measure_of(work)?;
        self.report(workload, system, size, measured)
    }

    /// Measures what is computed on all threads, optimised, for a report to come.
    pub(super) fn measure_of(&self, mut work: impl FnMut(&dyn Scheduler) -> Result<u64>) -> Result<Measured> {
        meter::repeat(self.options, || work(&self.scheduler))
    }
}

/// A size that scales in proportion, such that `full` is at 100.
pub(super) fn scaled(full: usize, percent: usize) -> usize {
    (full * percent / 100).max(1)
}

/// A side that scales such that its square does.
pub(super) fn side(full: usize, percent: usize) -> usize {
    ((full as f64) * (percent as f64 / 100.0).sqrt()).round().max(1.0) as usize
}

/// Numbers that look random: one for each.
pub(super) fn scattered(n: u64) -> u64 {
    let n = (n ^ (n >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    n ^ (n >> 29)
}
