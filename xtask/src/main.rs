//! The commands of this workspace: `cargo xtask ci`, `cargo xtask demo`, `cargo xtask bench`.
//!
//! One `match`, a file per command. The binary itself is small, so that `cargo xtask` starts at once on a
//! fresh checkout; what needs the workspace's crates in a release build (the benches) sits behind the
//! feature `measure`, and the command builds itself again with that feature when it is asked for it.

#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool talks to its terminal")]

#[cfg(feature = "measure")]
mod bench;
mod ci;
mod demo;
mod measure;
mod workspace;

use std::process::ExitCode;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
cargo xtask <command> [--help]

  ci      everything a change must pass: format, lints, docs, tests, examples, architecture
  demo    the main job on real input: flights as frame and bag, a 2 GB matrix as array
  bench   measure: `cargo xtask bench [AREA..] [--peers]`
";

fn main() -> ExitCode {
    // The bench of worker processes starts them from this executable.
    #[cfg(feature = "measure")]
    dask_sched_worker::init(|| ());
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rest = args.get(1..).unwrap_or_default();
    let done = match args.first().map(String::as_str) {
        Some("ci") => ci::run(rest),
        Some("demo") => demo::run(rest),
        Some("bench") => measure::run(rest),
        Some("help" | "--help" | "-h") => {
            print!("{HELP}");
            Ok(())
        }
        Some(other) => Err(anyhow::anyhow!("unknown command `{other}`\n\n{HELP}")),
        None => Err(anyhow::anyhow!("a command is missing\n\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
