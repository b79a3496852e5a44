//! Wall time, processor time and memory of a piece of work.

use super::options::Options;
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// What several repeats of the same work took.
pub(crate) struct Measured {
    /// Wall seconds of each repeat, ascending.
    walls: Vec<f64>,
    /// Processor seconds of a repeat on average, all threads together.
    pub(crate) cpu_s: f64,
    /// The most memory that the process held meanwhile, in bytes; 0 where that cannot be known.
    pub(crate) peak_bytes: u64,
    /// What the work computed, the same each time.
    pub(crate) checksum: u64,
}

impl Measured {
    pub(crate) fn median(&self) -> f64 {
        self.walls[self.walls.len() / 2]
    }

    pub(crate) fn min(&self) -> f64 {
        self.walls[0]
    }

    pub(crate) fn max(&self) -> f64 {
        self.walls[self.walls.len() - 1]
    }
}

/// Repeats `work`, which returns a checksum, as often as the options ask for.
///
/// # Errors
///
/// - When `work` fails, or two repeats do not agree.
pub(crate) fn repeat(
    options: &Options,
    work: impl FnMut() -> anyhow::Result<u64>,
) -> anyhow::Result<Measured> {
    let (at_least, budget) = if options.is_quick { (1, 20) } else { (5, 400) };
    measure(at_least, Duration::from_millis(budget), work)
}

/// Repeats `work`, which returns a checksum, until `at_least` repeats and `budget` of time are spent.
///
/// # Errors
///
/// - When `work` fails, or two repeats do not agree.
fn measure(
    at_least: usize,
    budget: Duration,
    mut work: impl FnMut() -> anyhow::Result<u64>,
) -> anyhow::Result<Measured> {
    // More repeats than this make no median better.
    const ENOUGH: usize = 200;
    // The first run pays for threads that start and for pages that are touched for the first time.
    let checksum = work()?;
    reset_peak();
    let cpu_before = cpu_seconds();
    let mut walls = Vec::new();
    let begin = Instant::now();
    while walls.len() < at_least || (begin.elapsed() < budget && walls.len() < ENOUGH) {
        let start = Instant::now();
        let got = work()?;
        walls.push(start.elapsed().as_secs_f64());
        anyhow::ensure!(got == checksum, "two runs of the same work gave {checksum} and {got}");
    }
    let cpu_s = (cpu_seconds() - cpu_before) / walls.len() as f64;
    walls.sort_by(f64::total_cmp);
    Ok(Measured { walls, cpu_s, peak_bytes: peak_bytes().unwrap_or(0), checksum })
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Makes the kernel forget the largest resident size so far; where it does not, peaks only grow.
fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
