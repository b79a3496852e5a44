//! What a workload is, and what it is given to measure and report with.

use super::limits::Limit;
use super::meter::{self, Measured, Repeats};
use super::options::Settings;
use super::record::{Checksum, Record};
use anyhow::Result;
use dask_graph::Scheduler;
use dask_optimize::Optimized;
use dask_sched_threaded::Threaded;

/// Workloads with a common subject.
pub(super) struct Area {
    pub(super) name: &'static str,
    pub(super) workloads: &'static [(&'static str, Workload)],
}

/// Measures itself, and ends its process with an error when something is not as it should be.
pub(super) type Workload = fn(&mut Bench) -> Result<()>;

/// What a workload needs. Results are printed as records.
pub(super) struct Bench {
    area: &'static str,
    settings: Settings,
    /// The seconds that the machine needs at least for the work that is measured.
    least_s: Option<f64>,
    pub(super) threads: usize,
    pub(super) scheduler: Optimized<Threaded>,
}

/// Who answers which question, and in what the time is told.
pub(super) struct Line<'a> {
    pub(super) workload: &'a str,
    pub(super) system: &'a str,
    pub(super) size: usize,
    pub(super) threads: usize,
    pub(super) unit: Unit,
}

/// In what a time is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Milliseconds,
    MillisecondsEach(&'static str),
    MicrosecondsEach(&'static str),
    NanosecondsEach(&'static str),
    GigabytesPerSecond,
}

impl Bench {
    pub(super) fn new(area: &'static str, settings: Settings) -> Result<Self> {
        let threads = std::thread::available_parallelism()?.get();
        let scheduler = Optimized::new(Threaded::with_workers(threads));
        Ok(Bench { area, settings, least_s: None, threads, scheduler })
    }

    pub(super) fn is_quick(&self) -> bool {
        self.settings.is_quick
    }

    /// A hundredth of `full` in quick runs.
    pub(super) fn scaled(&self, full: usize) -> usize {
        if self.is_quick() { (full / 100).max(1) } else { full }
    }

    /// A side that scales such that its square does.
    pub(super) fn side(&self, full: usize) -> usize {
        if self.is_quick() { (full / 10).max(1) } else { full }
    }

    /// The sizes of workloads that are measured at several, up to this one.
    pub(super) fn sizes(&self, at_most: usize) -> Vec<usize> {
        self.settings.sizes.iter().copied().filter(|&size| size <= at_most).collect()
    }

    /// Runs `measure` for each of the sizes up to `at_most`.
    pub(super) fn at_sizes(
        &mut self,
        at_most: usize,
        measure: impl Fn(&mut Self, usize) -> Result<()>,
    ) -> Result<()> {
        self.sizes(at_most).into_iter().try_for_each(|size| measure(self, size))
    }

    /// Says that what is reported from here on has to move at least so many bytes in this way.
    pub(super) fn limited_by(&mut self, limit: Limit, nbytes: usize) {
        self.least_s = Some(nbytes as f64 / self.settings.limits.bytes_per_second(limit));
    }

    /// Repeats `work`, which returns a checksum.
    pub(super) fn measure<C: Into<Checksum>>(&self, work: impl FnMut() -> Result<C>) -> Result<Measured> {
        let repeats = if self.is_quick() { Repeats::Quick } else { Repeats::Full };
        meter::repeat(repeats, work)
    }

    /// Repeats what is computed on all threads, optimised.
    pub(super) fn measure_of<C: Into<Checksum>>(
        &self,
        mut work: impl FnMut(&dyn Scheduler) -> Result<C>,
    ) -> Result<Measured> {
        self.measure(|| work(&self.scheduler))
    }

    /// Measures and reports in milliseconds, for work on `size` elements, items, rows or bytes.
    pub(super) fn time<C: Into<Checksum>>(
        &self,
        workload: &str,
        system: &str,
        size: usize,
        work: impl FnMut() -> Result<C>,
    ) -> Result<Measured> {
        let measured = self.measure(work)?;
        self.report_in_all(workload, system, size, &measured);
        Ok(measured)
    }

    /// The same for what is computed on all threads, optimised.
    pub(super) fn time_of<C: Into<Checksum>>(
        &self,
        workload: &str,
        system: &str,
        size: usize,
        work: impl FnMut(&dyn Scheduler) -> Result<C>,
    ) -> Result<Measured> {
        let measured = self.measure_of(work)?;
        self.report_in_all(workload, system, size, &measured);
        Ok(measured)
    }

    /// Reports in milliseconds what was measured on all threads.
    pub(super) fn report_in_all(&self, workload: &str, system: &str, size: usize, measured: &Measured) {
        let line = Line { workload, system, size, threads: self.threads, unit: Unit::Milliseconds };
        self.report(&line, measured);
    }

    /// Reports what was measured.
    pub(super) fn report(&self, line: &Line<'_>, measured: &Measured) {
        let limit_share = self.least_s.map(|least| least / measured.median());
        self.print(&Record { limit_share, ..Record::of(self.area, line, measured) });
    }

    /// Reports bytes for each of `size`.
    pub(super) fn report_bytes(&self, line: &Line<'_>, unit: &str, nbytes: usize) {
        let each = Some(nbytes as f64 / line.size as f64);
        self.print(&Record {
            area: self.area.into(),
            workload: line.workload.into(),
            system: line.system.into(),
            size: Some(line.size as u64),
            unit: Some(unit.into()),
            median: each,
            min: each,
            max: each,
            ..Record::default()
        });
    }

    fn print(&self, record: &Record) {
        match serde_json::to_string(record) {
            Ok(line) => println!("{line}"),
            Err(error) => eprintln!("{record:?} cannot be written: {error}"),
        }
    }
}

impl Record {
    /// What was measured, in the unit of the line.
    pub(super) fn of(area: &str, line: &Line<'_>, measured: &Measured) -> Self {
        let in_unit = |seconds| line.unit.of(seconds, line.size);
        let (of_min, of_max) = (in_unit(measured.min()), in_unit(measured.max()));
        Record {
            area: area.into(),
            workload: line.workload.into(),
            system: line.system.into(),
            size: Some(line.size as u64),
            threads: Some(line.threads as u64),
            unit: Some(line.unit.to_string()),
            median: Some(in_unit(measured.median())),
            min: Some(of_min.min(of_max)),
            max: Some(of_min.max(of_max)),
            cpu_s: Some(measured.cpu_s),
            peak_bytes: measured.peak_bytes,
            checksum: Some(measured.checksum),
            limit_share: None,
        }
    }
}

impl Unit {
    fn of(self, seconds: f64, size: usize) -> f64 {
        match self {
            Unit::Milliseconds => seconds * 1e3,
            Unit::MillisecondsEach(_) => seconds * 1e3 / size as f64,
            Unit::MicrosecondsEach(_) => seconds * 1e6 / size as f64,
            Unit::NanosecondsEach(_) => seconds * 1e9 / size as f64,
            Unit::GigabytesPerSecond => size as f64 / 1e9 / seconds,
        }
    }
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unit::Milliseconds => write!(f, "ms"),
            Unit::MillisecondsEach(part) => write!(f, "ms/{part}"),
            Unit::MicrosecondsEach(part) => write!(f, "µs/{part}"),
            Unit::NanosecondsEach(part) => write!(f, "ns/{part}"),
            Unit::GigabytesPerSecond => write!(f, "GB/s"),
        }
    }
}

/// Numbers that look random: one for each.
pub(super) fn scattered(n: u64) -> u64 {
    let n = (n ^ (n >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    n ^ (n >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_their_unit() {
        let half_a_second = |unit: Unit| (unit.of(0.5, 1_000), unit.to_string());
        assert_eq!(half_a_second(Unit::Milliseconds), (500.0, "ms".into()));
        assert_eq!(half_a_second(Unit::MillisecondsEach("worker")), (0.5, "ms/worker".into()));
        assert_eq!(half_a_second(Unit::MicrosecondsEach("task")), (500.0, "µs/task".into()));
        assert_eq!(half_a_second(Unit::NanosecondsEach("node")), (500_000.0, "ns/node".into()));
        assert_eq!(half_a_second(Unit::GigabytesPerSecond), (2e-6, "GB/s".into()));
    }
}
