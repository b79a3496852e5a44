//! Where, when and with what was measured: records whose `system` is the answer.

use super::record::Record;
use crate::workspace::{output, root};
use std::process::Command;

/// The area of these records.
pub(super) const AREA: &str = "machine";

/// The variable that tells mimalloc for how many milliseconds it keeps memory that is free.
pub(super) const KEEPS_MEMORY: &str = "MIMALLOC_PURGE_DELAY";

/// Ten seconds, unless the environment says something else: polars keeps its memory even longer (it lets the system
/// have it where that needs some), and repeats of the same work are to touch the same memory on all systems.
pub(super) fn memory_is_kept_ms() -> String {
    std::env::var(KEEPS_MEMORY).unwrap_or_else(|_| "10000".into())
}

/// A fact: its name, and what it is here.
pub(super) fn fact(name: &str, value: impl Into<String>) -> Record {
    Record { area: AREA.into(), workload: name.into(), system: value.into(), ..Record::default() }
}

/// What is known about the machine, the toolchain and the day.
pub(super) fn facts(is_quick: bool) -> Vec<Record> {
    let facts = [
        ("processor", line_of("/proc/cpuinfo", "model name")),
        ("cores", std::thread::available_parallelism().ok().map(|n| n.to_string())),
        ("memory", line_of("/proc/meminfo", "MemTotal").and_then(|kib| gibibytes(&kib))),
        ("kernel", std::fs::read_to_string("/proc/sys/kernel/osrelease").ok()),
        ("rust", said(Command::new("rustc").arg("--version")).map(|said| said.replace("rustc ", ""))),
        ("commit", commit()),
        ("build", Some(if cfg!(debug_assertions) { "dev" } else { "release" }.into())),
        ("allocator", Some(allocator())),
        ("sizes", Some(if is_quick { "quick: figures mean nothing" } else { "full" }.into())),
        ("date", Some(jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string())),
    ];
    facts.into_iter().filter_map(|(name, value)| Some(fact(name, value?.trim()))).collect()
}

fn allocator() -> String {
    if cfg!(feature = "mimalloc") {
        format!("mimalloc, {KEEPS_MEMORY}={}", memory_is_kept_ms())
    } else {
        "the system's".into()
    }
}

fn line_of(path: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start().strip_prefix(':')?.trim().to_owned())
}

fn gibibytes(kib: &str) -> Option<String> {
    let kib: f64 = kib.strip_suffix("kB")?.trim().parse().ok()?;
    Some(format!("{:.1} GiB", kib / 1024.0 / 1024.0))
}

fn commit() -> Option<String> {
    let root = root().ok()?;
    let git = |args: &[&str]| said(Command::new("git").current_dir(&root).args(args));
    let is_changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.trim().is_empty();
    let commit = git(&["rev-parse", "--short", "HEAD"])?.trim().to_owned();
    Some(if is_changed { format!("{commit}, changed") } else { commit })
}

fn said(command: &mut Command) -> Option<String> {
    String::from_utf8(output(command).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_in_gibibytes() {
        assert_eq!(gibibytes("8388608 kB").unwrap(), "8.0 GiB");
        assert_eq!(gibibytes("8388608"), None);
    }

    #[test]
    fn facts_have_names_and_values() {
        let facts = facts(true);
        let names: Vec<_> = facts.iter().map(|fact| fact.workload.as_str()).collect();
        assert!(names.contains(&"cores") && names.contains(&"date") && names.contains(&"build"), "{names:?}");
        assert!(facts.iter().all(|fact| fact.area == AREA && !fact.system.is_empty()));
    }
}
