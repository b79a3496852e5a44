//! The sections that run programs of the workspace: examples, demo, bench.
//!
//! They run in the dev profile, whose build the tests have already made: here it counts that they run.

use crate::workspace::{cargo, root, run};
use crate::{demo, measure};
use anyhow::{Context, Result, bail};
use std::path::Path;

/// Runs every example without arguments.
pub(crate) fn examples() -> Result<()> {
    let names = example_names(&root()?.join("examples/examples"))?;
    for name in names {
        run(cargo()?.args(["run", "--quiet", "--package", "dask-examples", "--example", &name]))?;
    }
    Ok(())
}

/// Runs the demo at its smallest size.
pub(crate) fn demo() -> Result<()> {
    demo::run(&["--dev".into(), "--size".into(), "small".into()])
}

/// Runs the benches at their smallest sizes, and compares what can be: counts of instructions.
pub(crate) fn bench() -> Result<()> {
    measure::run(&["all", "--dev", "--quick"].map(String::from))?;
    measure::run(&["instructions", "--dev"].map(String::from))
}

/// Returns the names of the examples in `dir`, sorted: files `name.rs` and directories with a `main.rs`.
fn example_names(dir: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").is_file() {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    if names.is_empty() {
        bail!("there is no example in {}", dir.display());
    }
    names.sort();
    Ok(names)
}
