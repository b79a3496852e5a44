//! `cargo xtask demo`: the main job of this workspace on real input.
//!
//! The demo itself is a program of the package `dask-examples`; this command builds it in release and
//! hands the arguments on.

use crate::workspace::{cargo, run as run_command};
use anyhow::Result;

const HELP: &str = "\
cargo xtask demo [--dev] [--size small|full|ROWS] [--memory-limit BYTES]

Flights as frame and as bag, and a matrix on disk as array, under a memory limit.
  --size          rows of the matrix, each of 1000 float64: small = 40 MB, full = 2 GB (the default), or a number
  --memory-limit  bytes of results that may be alive: 512 MB unless given
  --dev           run the dev build: quick to build, its times mean nothing
";

/// Runs the command with the arguments that follow its name.
pub(crate) fn run(args: &[String]) -> Result<()> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        print!("{HELP}");
        return Ok(());
    }
    let is_dev = args.iter().any(|arg| arg == "--dev");
    let mut command = cargo()?;
    command.args(["run", "--quiet", "--package", "dask-examples", "--bin", "demo"]);
    if !is_dev {
        command.arg("--release");
    }
    command.arg("--").args(args.iter().filter(|arg| *arg != "--dev"));
    run_command(&mut command)
}
