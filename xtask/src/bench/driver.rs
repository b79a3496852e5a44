//! Runs what was asked for: the limits of the machine, then each workload in processes of their own.

use super::options::{Options, Settings};
use super::peers::Peers;
use super::record::Record;
use super::results::{self, Results};
use super::workload::Area;
use super::{AREAS, area_named, child, limits, machine};
use anyhow::{Result, bail, ensure};
use std::process::Command;
use std::time::{Duration, Instant};

/// How long a workload of ours may take, with all that is prepared for it.
const AT_MOST: Duration = Duration::from_secs(600);

/// How long a workload of a peer may take; those of dask may take hours.
const PEER_AT_MOST: Duration = Duration::from_secs(60);

/// Measures what the options ask for.
///
/// # Errors
///
/// - When an area or workload is unknown, or the results cannot be written.
/// - At the end, when a workload of ours failed or answered wrongly; what a peer does is only reported.
pub(super) fn run(options: &Options) -> Result<()> {
    let areas = areas(options)?;
    let mut results = Results::to(options.json.as_deref())?;
    let begin = Instant::now();
    let peers = if options.with_peers { prepared() } else { None };
    let of_peers = peers.as_ref().map(Peers::facts).unwrap_or_default();
    println!("{}", results::heading());
    for fact in machine::facts(options.is_quick).into_iter().chain(of_peers) {
        results.add(fact)?;
    }
    let limits = limits::measure(options.is_quick, |record| results.add(record))?;
    let settings = Settings { is_quick: options.is_quick, sizes: options.sizes.clone(), limits };
    for area in areas {
        for (workload, _) in area.workloads.iter().filter(|(name, _)| options.wants(name)) {
            println!("\n== {}/{workload} ({:.0} s)", area.name, begin.elapsed().as_secs_f64());
            let mut ours = Command::new(std::env::current_exe()?);
            ours.arg("bench").args(settings.to_args(area.name, workload)?);
            ours.env(machine::KEEPS_MEMORY, machine::memory_is_kept_ms());
            if let Err(error) = child::records(&mut ours, AT_MOST, |record| results.add(record)) {
                results.fail(format!("{}/{workload}: {error:#}", area.name));
            }
            if let Some(peers) = &peers {
                ask(peers, area.name, workload, &settings, &mut results)?;
            }
        }
    }
    println!("\nmeasured in {:.0} s", begin.elapsed().as_secs_f64());
    let failures = results.finish()?;
    if !failures.is_empty() {
        bail!("not everything went well:\n  {}", failures.join("\n  "));
    }
    Ok(())
}

/// Measures a workload of the peers; one that fails is only reported.
fn ask(peers: &Peers, area: &str, workload: &str, settings: &Settings, results: &mut Results) -> Result<()> {
    for peer in peers.of(area, workload) {
        let mut theirs = peers.command(area, workload, peer, settings)?;
        let done = child::records(&mut theirs, PEER_AT_MOST, |record| results.add_of_peer(record));
        if let Err(error) = done {
            println!("  not timed: {peer}: {error:#}");
            let (area, workload, system) = (area.into(), workload.into(), peer.into());
            results.add_of_peer(Record { area, workload, system, ..Record::default() })?;
        }
    }
    Ok(())
}

/// The peers, where they can be had; where not, that is said and ours are measured alone.
fn prepared() -> Option<Peers> {
    let peers = Peers::prepare();
    if let Err(error) = &peers {
        println!("without peers: {error:#}");
    }
    peers.ok()
}

/// The areas that were asked for, or all.
fn areas(options: &Options) -> Result<Vec<&'static Area>> {
    let areas = if options.areas.iter().any(|name| name == "all") || options.areas.is_empty() {
        AREAS.to_vec()
    } else {
        options.areas.iter().map(|name| area_named(name)).collect::<Result<_>>()?
    };
    for name in &options.only {
        let is_known = areas.iter().any(|area| area.workloads.iter().any(|(known, _)| known == name));
        ensure!(is_known, "unknown workload `{name}`; there are {}", names(&areas));
    }
    Ok(areas)
}

fn names(areas: &[&Area]) -> String {
    let names = areas.iter().flat_map(|area| area.workloads.iter().map(|(name, _)| *name));
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(areas_: &[&str], only: &[&str]) -> Result<Vec<&'static str>> {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let options = Options { areas: owned(areas_), only: owned(only), ..Options::default() };
        Ok(areas(&options)?.iter().map(|area| area.name).collect())
    }

    #[test]
    fn no_area_and_all_are_all_areas() {
        assert_eq!(chosen(&[], &[]).unwrap().len(), AREAS.len());
        assert_eq!(chosen(&["all"], &[]).unwrap().len(), AREAS.len());
        assert_eq!(chosen(&["io", "sched"], &["chain"]).unwrap(), ["io", "sched"]);
    }

    #[test]
    fn unknown_names_are_told_with_the_known_ones() {
        let error = chosen(&["shced"], &[]).unwrap_err().to_string();
        assert!(error.contains("`shced`") && error.contains("`sched`"), "{error}");
        let error = chosen(&["sched"], &["csv"]).unwrap_err().to_string();
        assert!(error.contains("`csv`") && error.contains("independent"), "{error}");
    }
}
