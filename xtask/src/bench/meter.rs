//! Wall time, processor time and memory of a piece of work.

use super::record::Checksum;
use anyhow::{Result, ensure};
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// What several repeats of the same work took.
pub(super) struct Measured {
    /// Wall seconds of each repeat, ascending.
    walls: Vec<f64>,
    /// Processor seconds of a repeat on average, all threads together.
    pub(super) cpu_s: f64,
    /// The most memory that the process held meanwhile, in bytes, where that can be known.
    pub(super) peak_bytes: Option<u64>,
    /// What the work computed, the same each time.
    pub(super) checksum: Checksum,
}

impl Measured {
    pub(super) fn median(&self) -> f64 {
        self.walls[self.walls.len() / 2]
    }

    pub(super) fn min(&self) -> f64 {
        self.walls[0]
    }

    pub(super) fn max(&self) -> f64 {
        self.walls[self.walls.len() - 1]
    }
}

/// How often work is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeats {
    /// Once: shows that it runs.
    Quick,
    /// Until a median means something, which takes fewer repeats where each is long.
    Full,
}

impl Repeats {
    fn are_enough(self, n: usize, elapsed: Duration) -> bool {
        // More repeats than the last make no median better; peers are asked as often.
        match self {
            Repeats::Quick => n >= 1 && elapsed >= Duration::from_millis(20) || n >= 200,
            Repeats::Full if elapsed < Duration::from_millis(400) => n >= 200,
            Repeats::Full => n >= 5 || n >= 3 && elapsed >= Duration::from_secs(5),
        }
    }
}

/// Repeats `work`, which returns a checksum.
///
/// # Errors
///
/// - When `work` fails, or two repeats do not agree.
pub(super) fn repeat<C: Into<Checksum>>(
    repeats: Repeats,
    mut work: impl FnMut() -> Result<C>,
) -> Result<Measured> {
    // The first run pays for threads that start and for pages that are touched for the first time.
    let checksum = work()?.into();
    reset_peak();
    let cpu_before = cpu_seconds();
    let mut walls = Vec::new();
    let begin = Instant::now();
    while !repeats.are_enough(walls.len(), begin.elapsed()) {
        let start = Instant::now();
        let got = work()?.into();
        walls.push(start.elapsed().as_secs_f64());
        ensure!(got.agrees(checksum), "two runs of the same work gave {checksum} and {got}");
    }
    let cpu_s = (cpu_seconds() - cpu_before) / walls.len() as f64;
    walls.sort_by(f64::total_cmp);
    Ok(Measured { walls, cpu_s, peak_bytes: peak_bytes(), checksum })
}

/// Fails when more memory than so many bytes was held; passes where that cannot be known.
///
/// # Errors
///
/// - When it was more.
pub(super) fn within(limit: u64, measured: &Measured) -> Result<()> {
    let peak = measured.peak_bytes.unwrap_or(0);
    ensure!(peak <= limit, "{peak} bytes of memory were used under a limit of {limit}");
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_work_is_repeated_less_often() {
        let seconds = Duration::from_secs_f64;
        assert!(!Repeats::Full.are_enough(2, seconds(60.0)));
        assert!(Repeats::Full.are_enough(3, seconds(5.0)));
        assert!(!Repeats::Full.are_enough(4, seconds(4.9)));
        assert!(Repeats::Full.are_enough(5, seconds(0.5)));
        assert!(!Repeats::Full.are_enough(100, seconds(0.1)));
        assert!(Repeats::Full.are_enough(200, seconds(0.0)));
        assert!(!Repeats::Quick.are_enough(0, seconds(1.0)) && Repeats::Quick.are_enough(1, seconds(1.0)));
    }

    #[test]
    fn work_that_changes_its_mind_is_an_error() {
        let mut n = 0_u64;
        let error = repeat(Repeats::Quick, || {
            n += 1;
            Ok(n)
        });
        assert!(error.err().unwrap().to_string().contains("gave 1 and 2"));
    }
}
