//! `cargo xtask bench instructions`: how many instructions does a task, a byte or a row cost?
//!
//! Times drift on shared machines, counts do not: they are the same to a few in a thousand wherever the same program
//! runs. So they are compared with those written down in `xtask/instructions.json`, for each kind of build, and more than
//! half as many again are an error. What has become cheaper, or dearer for a reason, is written down with `--update`.
//!
//! Each workload runs under `valgrind --tool=callgrind` twice, with its work done once and three times: the difference
//! is two rounds of work, without the start of the process, what is prepared, and what only the first round pays for.

mod workloads;

use crate::workspace::{output_and_errors, root};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::process::Command;
use workloads::WORKLOADS;

/// How often a count may be as large as the one written down.
const AT_MOST: f64 = 1.5;

/// The counts written down: for each kind of build, the instructions of each workload's parts.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Counts(BTreeMap<String, BTreeMap<String, f64>>);

/// Counts every workload, and compares with what is written down, or writes it down.
///
/// # Errors
///
/// - When a workload fails or counts too much, or the counts cannot be read or written.
pub(super) fn run(update: bool) -> Result<()> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("instructions are not counted: there is no valgrind");
        return Ok(());
    }
    let path = root()?.join("xtask/instructions.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut written: Counts = serde_json::from_str(&text)?;
    let build = if cfg!(debug_assertions) { "dev" } else { "release" };
    let of_build = written.0.entry(build.to_owned()).or_default();
    let mut counted = BTreeMap::new();
    println!(
        "{:<20} {:>14} {:>14} {:>6}  ({build} build)",
        "workload", "instructions", "written down", "ratio"
    );
    for workload in WORKLOADS {
        let each = count(workload.name)?;
        let before = of_build.get(workload.name).copied();
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        println!(
            "{:<20} {each:>14.1} {:>14} {:>6}  a {}",
            workload.name,
            or_dash(before.map(|before| format!("{before:.1}"))),
            or_dash(before.map(|before| format!("{:.2}", each / before))),
            workload.part
        );
        counted.insert(workload.name.to_owned(), round(each));
    }
    if update {
        *of_build = counted;
        std::fs::write(&path, serde_json::to_string_pretty(&written)? + "\n")?;
        return Ok(());
    }
    let slow = too_many(of_build, &counted);
    if !slow.is_empty() {
        bail!(
            "more than {AT_MOST} times the instructions: {}; `--update` writes them down, if there is a reason",
            slow.join(", ")
        );
    }
    Ok(())
}

/// Does a workload `times` times, in this process and without looking at any clock.
///
/// # Errors
///
/// - When the workload is unknown or fails.
pub(super) fn here(name: &str, times: usize) -> Result<()> {
    let workload = WORKLOADS.iter().find(|workload| workload.name == name);
    let workload = workload.with_context(|| format!("unknown workload `{name}`"))?;
    let parts = (workload.work)(times)?;
    println!("{parts}");
    Ok(())
}

/// The instructions of each part of a workload.
fn count(name: &str) -> Result<f64> {
    let (once, thrice) = std::thread::scope(|scope| {
        let once = scope.spawn(|| total(name, 1));
        let thrice = total(name, 3);
        (once.join(), thrice)
    });
    let (once, parts) = once.map_err(|_| anyhow::anyhow!("a counting thread panicked"))??;
    let (thrice, _) = thrice?;
    Ok(thrice.saturating_sub(once) as f64 / (2 * parts) as f64)
}

/// All instructions of a process that does the work so often, and the parts of the work.
fn total(name: &str, times: u64) -> Result<(u64, u64)> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe()?);
    command.args(["bench", "--count", name, &times.to_string()]);
    let (said, errors) = output_and_errors(&mut command)?;
    let collected = errors.lines().find_map(|line| line.split_once("Collected :")).map(|(_, n)| n.trim());
    let collected = collected.with_context(|| format!("callgrind has not counted `{name}`:\n{errors}"))?;
    Ok((collected.parse()?, said.trim().parse()?))
}

/// The workloads that cost more than they may, and how much more.
fn too_many(written: &BTreeMap<String, f64>, counted: &BTreeMap<String, f64>) -> Vec<String> {
    let ratio = |(name, count): (&String, &f64)| Some((name.clone(), count / written.get(name)?));
    let ratios = counted.iter().filter_map(ratio).filter(|(_, ratio)| *ratio > AT_MOST);
    ratios.map(|(name, ratio)| format!("{name} ({ratio:.2})")).collect()
}

/// To one decimal: the rest is noise, and would only be read as news.
fn round(count: f64) -> f64 {
    (count * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubling_is_found_and_noise_is_not() {
        let of = |pairs: &[(&str, f64)]| pairs.iter().map(|&(name, n)| (name.to_owned(), n)).collect();
        let written = of(&[("csv", 10.0), ("lower", 100.0), ("gone", 1.0)]);
        let counted = of(&[("csv", 20.0), ("lower", 120.0), ("new", 1000.0)]);
        assert_eq!(too_many(&written, &counted), ["csv (2.00)"]);
    }

    #[test]
    fn every_workload_is_written_down_for_the_build_of_ci() {
        let text = include_str!("../../instructions.json");
        let written: Counts = serde_json::from_str(text).unwrap();
        let names: Vec<_> = WORKLOADS.iter().map(|workload| workload.name).collect();
        let mut known: Vec<_> = written.0["dev"].keys().map(String::as_str).collect();
        known.sort_by_key(|name| names.iter().position(|of| of == name));
        assert_eq!(known, names);
    }

    #[test]
    fn every_workload_runs_and_has_parts() {
        for workload in WORKLOADS {
            assert!((workload.work)(1).unwrap() > 0, "{}", workload.name);
        }
    }
}
