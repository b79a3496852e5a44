//! `cargo xtask bench AREA`: what things cost, against what a user would pick instead.
//!
//! The measuring code needs the workspace's crates in a release build, so it sits behind the feature
//! `measure`: without it this command builds itself again, in release and with the feature, and runs that.

#[cfg(feature = "measure")]
mod array;
#[cfg(feature = "measure")]
mod bag;
#[cfg(feature = "measure")]
mod collection;
#[cfg(feature = "measure")]
mod frame;
#[cfg(feature = "measure")]
mod meter;
#[cfg(feature = "measure")]
mod multiprocess;
#[cfg(feature = "measure")]
mod optimize;
mod options;
#[cfg(feature = "measure")]
mod record;
#[cfg(feature = "measure")]
mod sched;

use crate::workspace::{cargo, run as run_command};
use anyhow::{Result, bail};
use options::Options;

const HELP: &str = "\
cargo xtask bench AREA [--quick] [--dev] [--sizes N,N..] [--only NAME,NAME..] [--json FILE]

  AREA      sched: cost of a task on every scheduler, against rayon
            optimize: cost of a pass, against the plainest way to do the same
            multiprocess: cost of a task and of a value between processes, against threads
            array: blocked arrays, against loops by hand (sizes are those of the workloads)
            bag: pipelines, groups and counts, against programs by hand (sizes as for arrays)
            frame: groups, joins, order and files (sizes as for arrays)
  --sizes   numbers of tasks, for example 1e3,1e5 (default: 1e3,1e4,1e5,1e6,1e7)
  --only    names of workloads (default: all)
            sched: independent, chain, tree, random, stages
            optimize: layers, passes, push-down, recompute, rewrite
            multiprocess: tasks, start, values, sum
            array: fused, mean-std, matmul, svd, rechunk, stencil, random, standardise, build
            bag: chain, groupby, words
            frame: join-limit, group-limit, csv, csv-2of9, parquet-2of9, group-q1 .. group-q10, join-q1 .. join-q5, sort, set-index
            what others take for `passes`, `multiprocess`, `array`, `bag` and `frame` say the scripts in `xtask/peers`
  --quick   small sizes and few repeats: shows that it runs, not what it costs
  --json    also write one object a line to FILE
  --dev     run the dev build: quick to build, its times mean nothing
";

/// Runs the command with the arguments that follow its name.
pub(crate) fn run(args: &[String]) -> Result<()> {
    if args.is_empty() || args.iter().any(|arg| arg == "--help" || arg == "-h") {
        print!("{HELP}");
        if args.is_empty() {
            bail!("which area? There are `sched`, `optimize`, `multiprocess`, `array`, `bag` and `frame`");
        }
        return Ok(());
    }
    let options = Options::parse(args)?;
    if cfg!(feature = "measure") { measure(&options) } else { build_and_run(args, &options) }
}

fn build_and_run(args: &[String], options: &Options) -> Result<()> {
    let mut command = cargo()?;
    command.args(["run", "--quiet", "--package", "xtask", "--features", "measure"]);
    if !options.is_dev {
        command.arg("--release");
    }
    run_command(command.args(["--", "bench"]).args(args))
}

#[cfg(feature = "measure")]
fn measure(options: &Options) -> Result<()> {
    match options.area {
        options::Area::Sched => sched::run(options),
        options::Area::Optimize => optimize::run(options),
        options::Area::Multiprocess => multiprocess::run(options),
        options::Area::Array => array::run(options),
        options::Area::Bag => bag::run(options),
        options::Area::Frame => frame::run(options),
    }
}

#[cfg(not(feature = "measure"))]
fn measure(_: &Options) -> Result<()> {
    bail!("this build of xtask has no measuring code (feature `measure`)")
}
