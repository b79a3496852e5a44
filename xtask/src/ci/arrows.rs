//! The arrow table: which crate of ours may know which.
//!
//! A crate is defined by what it does not know, so the table is the architecture, and this check is what
//! keeps it true. What a manifest declares counts, optional or not; dev-dependencies are excepted, since a
//! test may look down at what it tests from any height.

use super::metadata::{self, Dependency, DependencyKind, Package};
use anyhow::{Result, bail};
use std::collections::BTreeSet;

/// What a crate of the workspace may depend on.
enum May {
    /// These crates of ours and no others.
    Know(&'static [&'static str]),
    /// These crates of ours and no others; those of the second list only behind a feature.
    KnowWithFeature(&'static [&'static str], &'static [&'static str]),
    /// All crates of ours. Nothing may depend on such a crate, not even a test.
    KnowAll,
}

const TABLE: &[(&str, May)] = &[
    ("dask-graph", May::Know(&[])),
    ("dask-graph-files", May::Know(&["dask-graph"])),
    ("dask-graph-shuffle", May::Know(&["dask-graph"])),
    ("dask-optimize", May::Know(&["dask-graph"])),
    ("dask-sched-multiprocess", May::Know(&["dask-graph", "dask-sched-worker"])),
    ("dask-sched-spill", May::Know(&["dask-graph"])),
    ("dask-sched-sync", May::Know(&["dask-graph", "dask-sched-spill"])),
    ("dask-sched-threaded", May::Know(&["dask-graph", "dask-sched-spill"])),
    ("dask-sched-worker", May::Know(&["dask-graph"])),
    (
        "dask-sched",
        May::KnowWithFeature(
            &["dask-graph"],
            &[
                "dask-optimize",
                "dask-sched-multiprocess",
                "dask-sched-sync",
                "dask-sched-threaded",
                "dask-sched-worker",
            ],
        ),
    ),
    ("dask-array", May::Know(&["dask-graph"])),
    ("dask-bag", May::Know(&["dask-graph", "dask-graph-files", "dask-graph-shuffle"])),
    (
        "dask-frame",
        May::KnowWithFeature(
            &["dask-graph", "dask-graph-files", "dask-graph-shuffle"],
            &["dask-frame-arrow"],
        ),
    ),
    ("dask-frame-arrow", May::Know(&[])),
    ("xtask", May::KnowAll),
    ("dask-examples", May::KnowAll),
];

/// Crates of others that only tools may use: a library names its errors, it does not erase them.
const FOR_TOOLS_ONLY: &[&str] = &["anyhow"];

/// Fails when a crate of this workspace knows what it must not know.
pub(crate) fn check() -> Result<()> {
    let found = violations(&metadata::packages()?);
    if !found.is_empty() {
        bail!(
            "the arrow table is broken:\n  {}\nremove the dependency; a new arrow is a change of design, to be \
             made in the table in xtask/src/ci/arrows.rs and in ARCHITECTURE.md",
            found.join("\n  ")
        );
    }
    println!("  {} crates keep to the table", TABLE.len());
    Ok(())
}

/// Returns one sentence for each arrow that the table does not have.
fn violations(packages: &[Package]) -> Vec<String> {
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut found = Vec::new();
    for (name, _) in TABLE.iter().filter(|(name, _)| !ours.contains(name)) {
        found.push(format!("`{name}` is in the table but not in the workspace"));
    }
    for package in packages {
        let Some(may) = rule(&package.name) else {
            found.push(format!("`{}` is in the workspace but not in the table", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let known = if ours.contains(dependency.name.as_str()) {
                ours_violation(may, dependency)
            } else {
                theirs_violation(may, dependency)
            };
            found.extend(
                known.map(|why| format!("`{}` depends on `{}`: {why}", package.name, dependency.name)),
            );
        }
    }
    found
}

fn rule(name: &str) -> Option<&'static May> {
    TABLE.iter().find(|(crate_name, _)| *crate_name == name).map(|(_, may)| may)
}

/// Says why a dependency on one of our own crates is not allowed, if it is not.
fn ours_violation(may: &May, dependency: &Dependency) -> Option<&'static str> {
    if matches!(rule(&dependency.name), Some(May::KnowAll)) {
        return Some("a tool is never depended upon");
    }
    if dependency.kind == DependencyKind::Dev {
        return None;
    }
    let name = dependency.name.as_str();
    match may {
        May::KnowAll => None,
        May::Know(crates) | May::KnowWithFeature(crates, _) if crates.contains(&name) => None,
        May::KnowWithFeature(_, crates) if crates.contains(&name) => {
            (!dependency.optional).then_some("only behind a feature (`optional = true`)")
        }
        May::Know(_) | May::KnowWithFeature(..) => Some("it must not know it"),
    }
}

/// Says why a dependency on somebody else's crate is not allowed, if it is not.
fn theirs_violation(may: &May, dependency: &Dependency) -> Option<&'static str> {
    let for_tools =
        FOR_TOOLS_ONLY.contains(&dependency.name.as_str()) && dependency.kind != DependencyKind::Dev;
    (for_tools && !matches!(may, May::KnowAll)).then_some("for xtask and examples only")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Metadata of a workspace that keeps to the table, in the form in which cargo prints it.
    fn sound() -> Vec<(&'static str, Vec<Value>)> {
        vec![
            ("dask-graph", vec![dep("petgraph"), dev("proptest")]),
            ("dask-graph-files", vec![dep("dask-graph"), optional("object_store")]),
            ("dask-graph-shuffle", vec![dep("dask-graph"), dep("tempfile")]),
            ("dask-optimize", vec![dep("dask-graph"), dev("dask-sched-sync")]),
            ("dask-sched-multiprocess", vec![dep("dask-graph"), dev("proptest")]),
            ("dask-sched-spill", vec![dep("dask-graph"), dep("tempfile")]),
            ("dask-sched-sync", vec![dep("dask-graph"), dep("dask-sched-spill")]),
            ("dask-sched-threaded", vec![dep("dask-graph"), dep("rayon"), dev("dask-sched-sync")]),
            ("dask-sched-worker", vec![dep("dask-graph"), dep("rustix")]),
            ("dask-sched", vec![dep("dask-graph"), optional("dask-optimize"), optional("dask-sched-sync")]),
            ("dask-array", vec![dep("dask-graph"), dev("dask-optimize"), dev("dask-sched-threaded")]),
            ("dask-bag", vec![dep("dask-graph"), dep("dask-graph-files"), dep("dask-graph-shuffle")]),
            ("dask-frame", vec![dep("dask-graph"), dep("dask-graph-shuffle"), optional("dask-frame-arrow")]),
            ("dask-frame-arrow", vec![dep("arrow2")]),
            ("xtask", vec![dep("anyhow"), dep("dask-graph"), dep("dask-array")]),
            ("dask-examples", vec![dep("dask-bag"), dep("dask-sched"), dep("anyhow")]),
        ]
    }

    fn dep(name: &str) -> Value {
        json!({"name": name, "kind": null, "optional": false})
    }

    fn optional(name: &str) -> Value {
        json!({"name": name, "kind": null, "optional": true})
    }

    fn build(name: &str) -> Value {
        json!({"name": name, "kind": "build", "optional": false})
    }

    fn dev(name: &str) -> Value {
        json!({"name": name, "kind": "dev", "optional": false})
    }

    fn violations_of(workspace: &[(&str, Vec<Value>)]) -> Vec<String> {
        let packages: Vec<_> =
            workspace.iter().map(|(name, deps)| json!({"name": name, "dependencies": deps})).collect();
        violations(&metadata::parse(&json!({ "packages": packages })).unwrap())
    }

    /// Plants one dependency in a sound workspace and checks what is said about it; `None` means nothing.
    #[track_caller]
    fn check_planted(package: &str, dependency: Value, expected: Option<&str>) {
        let mut workspace = sound();
        let planted = workspace.iter_mut().find(|(name, _)| *name == package).expect("a package of `sound`");
        planted.1.push(dependency);
        let found = violations_of(&workspace);
        match expected {
            None => assert_eq!(found, [""; 0]),
            Some(text) => {
                assert_eq!(found.len(), 1, "{found:?}");
                assert!(
                    found[0].starts_with(&format!("`{package}` ")) && found[0].contains(text),
                    "{found:?}"
                );
            }
        }
    }

    #[test]
    fn a_sound_workspace_passes() {
        assert_eq!(violations_of(&sound()), [""; 0]);
    }

    #[test]
    fn planted_arrows_are_found() {
        check_planted("dask-graph", dep("dask-sched-sync"), Some("must not know"));
        check_planted("dask-array", dep("dask-bag"), Some("must not know"));
        check_planted("dask-frame", optional("dask-optimize"), Some("must not know"));
        check_planted("dask-bag", build("dask-sched"), Some("must not know"));
        check_planted("dask-optimize", dep("dask-sched-threaded"), Some("must not know"));
        check_planted("dask-sched-threaded", dep("dask-optimize"), Some("must not know"));
        check_planted("dask-sched-threaded", dep("dask-sched-sync"), Some("must not know"));
        check_planted("dask-sched", dep("dask-array"), Some("must not know"));
        check_planted("dask-sched-spill", dep("dask-sched-sync"), Some("must not know"));
        check_planted("dask-graph-shuffle", dep("dask-bag"), Some("must not know"));
        check_planted("dask-graph-files", dep("dask-graph-shuffle"), Some("must not know"));
        check_planted("dask-sched-sync", dep("dask-graph-shuffle"), Some("must not know"));
    }

    #[test]
    fn the_front_knows_its_schedulers_only_behind_features() {
        check_planted("dask-sched", optional("dask-sched-threaded"), None);
        check_planted("dask-sched", dep("dask-sched-threaded"), Some("behind a feature"));
    }

    #[test]
    fn tools_are_never_depended_upon() {
        check_planted("dask-array", dep("dask-examples"), Some("tool"));
        check_planted("dask-array", dev("xtask"), Some("tool"));
        check_planted("xtask", dep("dask-examples"), Some("tool"));
    }

    #[test]
    fn a_library_does_not_erase_its_errors() {
        check_planted("dask-bag", dep("anyhow"), Some("xtask and examples"));
        check_planted("dask-bag", dev("anyhow"), None);
    }

    #[test]
    fn tests_may_look_anywhere_but_at_tools() {
        check_planted("dask-frame", dev("dask-array"), None);
        check_planted("dask-graph", dev("dask-sched-threaded"), None);
    }

    #[test]
    fn the_table_and_the_workspace_name_the_same_crates() {
        let mut more = sound();
        more.push(("dask-plot", vec![]));
        let found = violations_of(&more);
        assert!(
            found.len() == 1 && found[0].contains("`dask-plot` is in the workspace but not"),
            "{found:?}"
        );

        let mut fewer = sound();
        fewer.retain(|(name, _)| *name != "dask-bag");
        fewer.iter_mut().for_each(|(_, deps)| deps.retain(|dep| dep["name"] != "dask-bag"));
        let found = violations_of(&fewer);
        assert!(found.len() == 1 && found[0].contains("`dask-bag` is in the table but not"), "{found:?}");
    }
}
