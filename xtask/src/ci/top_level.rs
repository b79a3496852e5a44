//! The top level of the repository: what a newcomer sees first, and nothing else.

use crate::workspace;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;

const FILES: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
];

const DIRECTORIES: &[&str] = &[
    "dask-graph",
    "dask-optimize",
    "dask-sched",
    "dask-array",
    "dask-bag",
    "dask-frame",
    "xtask",
    "examples",
];

/// Made by `cargo xtask bench --report`, and so not there before the first full run.
const MADE: &str = "docs";

/// Made by cargo and ignored by git.
const IGNORED: &[&str] = &["target"];

/// Fails when something is missing at the top level or does not belong there.
pub(crate) fn check() -> Result<()> {
    let root = workspace::root()?;
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(&root).with_context(|| format!("cannot list {}", root.display()))? {
        let entry = entry?;
        entries.push((entry.file_name().to_string_lossy().into_owned(), entry.file_type()?.is_dir()));
    }
    let found = violations(&entries);
    if !found.is_empty() {
        bail!("the top level is not as it should be:\n  {}", found.join("\n  "));
    }
    Ok(())
}

/// Returns one sentence for each entry `(name, is a directory)` too many or too few.
fn violations(entries: &[(String, bool)]) -> Vec<String> {
    let expected: BTreeSet<(&str, bool)> =
        FILES.iter().map(|&name| (name, false)).chain(DIRECTORIES.iter().map(|&name| (name, true))).collect();
    let got: BTreeSet<(&str, bool)> = entries
        .iter()
        .map(|(name, is_dir)| (name.as_str(), *is_dir))
        .filter(|entry| *entry != (MADE, true))
        .filter(|(name, _)| !name.starts_with('.') && !IGNORED.contains(name))
        .collect();
    let kind = |is_dir: bool| if is_dir { "directory" } else { "file" };
    let missing =
        expected.difference(&got).map(|&(name, is_dir)| format!("the {} `{name}` is missing", kind(is_dir)));
    let surplus = got.difference(&expected).map(|&(name, is_dir)| {
        format!("the {} `{name}` does not belong there: put it into one of the crates", kind(is_dir))
    });
    missing.chain(surplus).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<(String, bool)> {
        let files = FILES.iter().map(|name| (name.to_string(), false));
        files.chain(DIRECTORIES.iter().map(|name| (name.to_string(), true))).collect()
    }

    #[test]
    fn the_listing_alone_passes_and_hidden_files_are_allowed() {
        let mut listing = entries();
        listing.extend([
            (".gitignore".into(), false),
            (".cargo".into(), true),
            ("target".into(), true),
            ("docs".into(), true),
        ]);
        assert_eq!(violations(&listing), [""; 0]);
    }

    #[test]
    fn missing_and_surplus_entries_are_named() {
        let mut listing = entries();
        listing.retain(|(name, _)| name != "CHANGELOG.md");
        listing.extend([("notes.txt".into(), false), ("scripts".into(), true)]);
        let found = violations(&listing);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("file `CHANGELOG.md` is missing"));
        assert!(found[1].contains("file `notes.txt` does not belong"));
        assert!(found[2].contains("directory `scripts` does not belong"));
    }

    #[test]
    fn a_directory_in_the_place_of_a_file_is_found() {
        let mut listing = entries();
        listing.iter_mut().filter(|(name, _)| name == "README.md").for_each(|(_, is_dir)| *is_dir = true);
        assert_eq!(violations(&listing).len(), 2);
    }
}
