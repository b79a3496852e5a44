//! The peak memory of a stretch of work, as the operating system counts it.

use std::fs;

/// Measures the largest resident memory of this process from its making to [`peak`](Self::peak).
///
/// Linux only: elsewhere there is no figure, and [`peak`](Self::peak) says so.
#[derive(Debug)]
pub struct PeakMemory {
    /// Resident bytes at the start.
    before: Option<u64>,
}

impl PeakMemory {
    /// Starts to measure.
    pub fn start() -> Self {
        // Writing 5 resets the peak to what is resident now (proc(5)); without it the peak is that of the
        // whole process, which is never too small.
        let _ = fs::write("/proc/self/clear_refs", "5");
        Self { before: status("VmRSS:") }
    }

    /// Resident bytes at the start, and the largest number since.
    pub fn peak(&self) -> Option<(u64, u64)> {
        Some((self.before?, status("VmHWM:")?))
    }
}

/// A field of the process's status, in bytes.
fn status(field: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}

/// A number of bytes for people: `1.5 GB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut scaled = n as f64;
    let mut unit = 0;
    while scaled >= 1000.0 && unit + 1 < UNITS.len() {
        scaled /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{n} B") } else { format!("{scaled:.1} {}", UNITS[unit]) }
}
