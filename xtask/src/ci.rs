//! `cargo xtask ci`: everything a change must pass, in named and timed sections.
//!
//! Cheap sections come first, so that a slip is found in seconds. The first section that fails ends the
//! run; its name is the last line. Nothing is installed: a machine with the Rust toolchain is enough
//! (`cargo nextest` is used when it is there).

mod arrows;
mod crates;
mod metadata;
mod runs;
mod top_level;

use crate::workspace::{cargo, run as run_command};
use anyhow::{Context, Result, bail};
use std::time::{Duration, Instant};

const HELP: &str = "\
cargo xtask ci [--list] [SECTION..]

Runs every section, or only the named ones, and stops at the first that fails.
  --list   print the names of the sections
";

/// One named step of CI.
struct Section {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<()>,
}

const SECTIONS: &[Section] = &[
    Section { name: "top-level", about: "the top level holds what it should", run: top_level::check },
    Section { name: "arrows", about: "no crate knows what it must not know", run: arrows::check },
    Section { name: "format", about: "cargo fmt", run: format },
    Section { name: "lints", about: "clippy, warnings denied", run: lints },
    Section { name: "docs", about: "rustdoc, warnings denied", run: docs },
    Section {
        name: "crates",
        about: "every crate alone, with and without default features",
        run: crates::check,
    },
    Section { name: "tests", about: "unit and integration tests", run: tests },
    Section { name: "doctests", about: "examples in the documentation", run: doctests },
    Section { name: "loom", about: "what passes between workers, all interleavings", run: loom },
    Section { name: "examples", about: "every example runs", run: runs::examples },
    Section { name: "demo", about: "the demo, small", run: runs::demo },
    Section { name: "bench", about: "the benches, quick, and counts of instructions", run: runs::bench },
];

/// Runs the command with the arguments that follow its name.
pub(crate) fn run(args: &[String]) -> Result<()> {
    match args.first().map(String::as_str) {
        Some("--help" | "-h") => print!("{HELP}"),
        Some("--list") => SECTIONS.iter().for_each(|s| println!("{:<10} {}", s.name, s.about)),
        _ => run_sections(&chosen(args)?)?,
    }
    Ok(())
}

fn chosen(names: &[String]) -> Result<Vec<&'static Section>> {
    if names.is_empty() {
        return Ok(SECTIONS.iter().collect());
    }
    names
        .iter()
        .map(|name| {
            SECTIONS.iter().find(|section| section.name == name).with_context(|| {
                let known: Vec<_> = SECTIONS.iter().map(|section| section.name).collect();
                format!("unknown section `{name}`; the sections are {}", known.join(", "))
            })
        })
        .collect()
}

fn run_sections(sections: &[&Section]) -> Result<()> {
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for section in sections {
        println!("\n== {}: {}", section.name, section.about);
        let start = Instant::now();
        let done = (section.run)();
        times.push((section.name, start.elapsed()));
        if let Err(error) = done {
            print_summary(&times, true);
            bail!("{error:#}\n\nci failed in section `{0}`; again alone: cargo xtask ci {0}", section.name);
        }
    }
    print_summary(&times, false);
    Ok(())
}

fn print_summary(times: &[(&str, Duration)], failed: bool) {
    println!("\n{:<12}{:>9}", "section", "seconds");
    for (i, (name, time)) in times.iter().enumerate() {
        let result = if failed && i + 1 == times.len() { "FAILED" } else { "ok" };
        println!("{name:<12}{:>9.1}  {result}", time.as_secs_f64());
    }
    let total: Duration = times.iter().map(|(_, time)| *time).sum();
    println!("{:<12}{:>9.1}", "total", total.as_secs_f64());
}

fn format() -> Result<()> {
    run_command(cargo()?.args(["fmt", "--all", "--check"])).context("run `cargo fmt`")
}

fn lints() -> Result<()> {
    let args =
        ["clippy", "--workspace", "--all-targets", "--all-features", "--quiet", "--", "-D", "warnings"];
    run_command(cargo()?.args(args))
}

fn docs() -> Result<()> {
    let args = ["doc", "--workspace", "--no-deps", "--all-features", "--quiet"];
    run_command(cargo()?.args(args).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Doctests are a section of their own, since `nextest` does not run them.
fn tests() -> Result<()> {
    let has_nextest = cargo()?.args(["nextest", "--version"]).output().is_ok_and(|o| o.status.success());
    if has_nextest {
        let args = ["nextest", "run", "--workspace", "--all-features", "--status-level", "slow"];
        run_command(cargo()?.args(args))
    } else {
        run_command(cargo()?.args(["test", "--workspace", "--all-features", "--all-targets", "--quiet"]))
    }
}

fn doctests() -> Result<()> {
    run_command(cargo()?.args(["test", "--doc", "--workspace", "--all-features", "--quiet"]))
}

/// The flag changes every crate of the build, hence the build directory of its own.
fn loom() -> Result<()> {
    let packages = ["--package", "dask-sched-threaded", "--package", "dask-sched-spill"];
    let args = ["test", "--test", "loom", "--quiet", "--target-dir", "target/loom"];
    run_command(cargo()?.args(args).args(packages).env("RUSTFLAGS", "--cfg loom"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_found_by_name_and_unknown_ones_named() {
        let found = chosen(&["docs".into(), "format".into()]).unwrap();
        assert_eq!(found.iter().map(|s| s.name).collect::<Vec<_>>(), ["docs", "format"]);
        assert_eq!(chosen(&[]).unwrap().len(), SECTIONS.len());
        let error = chosen(&["dosc".into()]).err().unwrap().to_string();
        assert!(error.contains("`dosc`") && error.contains("docs"), "{error}");
    }

    #[test]
    fn a_failing_section_is_named_and_ends_the_run() {
        fn good() -> Result<()> {
            Ok(())
        }
        fn bad() -> Result<()> {
            bail!("the reason")
        }
        fn never() -> Result<()> {
            unreachable!("a section ran after one that failed")
        }
        let section = |name, run| Section { name, about: "", run };
        let sections = [section("first", good), section("second", bad), section("third", never)];
        let error = run_sections(&sections.iter().collect::<Vec<_>>()).unwrap_err().to_string();
        assert!(error.contains("the reason") && error.contains("section `second`"), "{error}");
    }
}
