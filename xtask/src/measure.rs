//! Where `cargo xtask bench` begins.
//!
//! The measuring code needs the workspace's crates in a release build, so it sits behind the feature
//! `measure`: without it this command builds itself again, in release and with the feature, and runs that.

use anyhow::Result;

const HELP: &str = "\
cargo xtask bench [AREA..] [--peers] [--quick] [--json FILE] [--only NAME,NAME..] [--sizes N,N..] [--dev]
                  [--system-allocator]
cargo xtask bench --report FILE..         write docs/benchmarks.md from files made with --json
cargo xtask bench --compare BEFORE AFTER  show what became slower beyond the noise, and fail if anything did
cargo xtask bench instructions [--update] count instructions under valgrind, against the counts written down

  AREA      what to measure; all of them if none is named, or `all`:
            sched: cost of a task on every scheduler, against rayon
            optimize: cost of a pass, against the plainest way to do the same
            multiprocess: cost of a task and of a value between processes, against threads
            array: blocked arrays, against loops by hand
            bag: pipelines, groups and counts, against programs by hand
            frame: groups, joins and order, the questions of the db-benchmark
            io: files read and written, against copies of them
            memory: work on files under a memory limit, and how much it took
  --peers   measure Python's packages on the same questions, too; they are installed from
            xtask/peers/requirements.txt into a cache directory
  --quick   small sizes and few repeats: shows that it runs, not what it costs
  --json    also write one object a line to FILE
  --only    names of workloads, as the output has them between `==`
  --sizes   numbers of tasks for sched, optimize and multiprocess (default: 1e3,1e4,1e6,1e7;
            optimize and multiprocess leave out what is too many for them)
  --dev     run the dev build: quick to build, its times mean nothing
  --system-allocator
            measure with the allocator of the system in place of mimalloc
";

/// Runs the command with the arguments that follow its name.
pub(crate) fn run(args: &[String]) -> Result<()> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        print!("{HELP}");
        return Ok(());
    }
    measure(args)
}

#[cfg(feature = "measure")]
fn measure(args: &[String]) -> Result<()> {
    crate::bench::run(args)
}

#[cfg(not(feature = "measure"))]
fn measure(args: &[String]) -> Result<()> {
    let has = |option: &str| args.iter().any(|arg| arg == option);
    let mut command = crate::workspace::cargo()?;
    command.args(["run", "--quiet", "--package", "xtask", "--features", "measure"]);
    if !has("--dev") {
        command.arg("--release");
        if !has("--system-allocator") {
            command.args(["--features", "mimalloc"]);
        }
    }
    crate::workspace::run(command.args(["--", "bench"]).args(args))
}
