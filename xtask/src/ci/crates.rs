//! Every crate alone: what a user gets who depends on one of them and on nothing else of ours.

use super::metadata;
use crate::workspace::{cargo, run};
use anyhow::Result;

/// Crates whose features are choices of the user: each combination has to compile.
const EVERY_COMBINATION: &[&str] = &["dask-sched"];

/// Checks each package by itself, so that no feature of a neighbour is switched on for it.
pub(crate) fn check() -> Result<()> {
    for package in metadata::packages()? {
        let check = ["check", "--quiet", "--package", &package.name];
        run(cargo()?.args(check))?;
        run(cargo()?.args(check).arg("--no-default-features"))?;
        if EVERY_COMBINATION.contains(&package.name.as_str()) {
            for features in combinations(&package.features) {
                run(cargo()?.args(check).args(["--no-default-features", "--features", &features]))?;
            }
        }
    }
    Ok(())
}

/// Returns every choice of at least one of `features`, in the form of cargo's `--features`.
fn combinations(features: &[String]) -> Vec<String> {
    (1..1_usize << features.len())
        .map(|choice| {
            let chosen = (0..features.len()).filter(|i| choice >> i & 1 == 1);
            chosen.map(|i| features[i].as_str()).collect::<Vec<_>>().join(",")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_combination_comes_once() {
        let features = ["a", "b", "c"].map(String::from);
        assert_eq!(combinations(&features), ["a", "b", "a,b", "c", "a,c", "b,c", "a,b,c"]);
        assert_eq!(combinations(&[]), [""; 0]);
    }
}
