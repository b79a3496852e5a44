//! `cargo xtask bench`: what things cost, against what a user would pick instead.
//!
//! One process drives: it measures what the machine can do at most, and starts every workload in a process of
//! its own, ours and the peers' in turn. Each of them prints records, one a line ([`record::Record`]), and the driver
//! shows, compares and keeps them.

mod array;
mod bag;
mod child;
mod compare;
mod driver;
mod frame;
mod instructions;
mod io;
mod limits;
mod machine;
mod memory;
mod meter;
mod multiprocess;
mod optimize;
mod options;
mod peers;
mod record;
mod report;
mod results;
mod sched;
mod workload;

use anyhow::{Context, Result};
use options::Command;
use workload::{Area, Bench};

/// All areas, in the order in which they are measured.
const AREAS: [&Area; 8] = [
    &sched::AREA,
    &optimize::AREA,
    &multiprocess::AREA,
    &array::AREA,
    &bag::AREA,
    &frame::AREA,
    &io::AREA,
    &memory::AREA,
];

/// Runs the command with the arguments that follow its name.
pub(crate) fn run(args: &[String]) -> Result<()> {
    match Command::parse(args)? {
        Command::Measure(options) => driver::run(&options),
        Command::Report(files) => report::run(&files),
        Command::Compare { before, after } => compare::run(&before, &after),
        Command::Instructions { update } => instructions::run(update),
        Command::Count { workload, times } => instructions::here(&workload, times),
        Command::Here { area, workload, settings } => {
            let area = area_named(&area)?;
            let (_, measure) = area
                .workloads
                .iter()
                .find(|(name, _)| *name == workload)
                .with_context(|| format!("`{}` has no workload `{workload}`", area.name))?;
            measure(&mut Bench::new(area.name, settings)?)
        }
    }
}

fn area_named(name: &str) -> Result<&'static Area> {
    let known = || AREAS.map(|area| format!("`{}`", area.name)).join(", ");
    AREAS
        .into_iter()
        .find(|area| area.name == name)
        .with_context(|| format!("unknown area `{name}`; there are {}", known()))
}
