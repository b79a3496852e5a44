//! The part of `cargo metadata` that the checks look at.

use crate::workspace::{cargo, output};
use anyhow::{Context, Result};
use serde_json::Value;

/// A package of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
    /// Names of the features, without `default`.
    pub(crate) features: Vec<String>,
}

/// A dependency as the manifest declares it, whether or not a feature switches it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: DependencyKind,
    pub(crate) optional: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DependencyKind {
    Normal,
    Build,
    Dev,
}

/// Asks cargo for the packages of this workspace.
pub(crate) fn packages() -> Result<Vec<Package>> {
    let text = output(cargo()?.args(["metadata", "--format-version", "1", "--no-deps", "--locked"]))?;
    parse(&serde_json::from_slice(&text).context("cargo metadata did not print JSON")?)
}

/// Reads the packages out of parsed metadata.
pub(crate) fn parse(metadata: &Value) -> Result<Vec<Package>> {
    let packages = array(metadata, "packages")?;
    packages
        .iter()
        .map(|package| {
            let dependencies =
                array(package, "dependencies")?.iter().map(dependency).collect::<Result<_>>()?;
            let features = package.get("features").and_then(Value::as_object);
            let features = features.into_iter().flat_map(|features| features.keys().cloned());
            Ok(Package {
                name: string(package, "name")?,
                dependencies,
                features: features.filter(|name| name != "default").collect(),
            })
        })
        .collect()
}

fn dependency(value: &Value) -> Result<Dependency> {
    let kind = match value.get("kind").and_then(Value::as_str) {
        None => DependencyKind::Normal,
        Some("build") => DependencyKind::Build,
        Some("dev") => DependencyKind::Dev,
        Some(other) => anyhow::bail!("cargo metadata has a dependency of unknown kind `{other}`"),
    };
    let optional = value.get("optional").and_then(Value::as_bool).unwrap_or(false);
    Ok(Dependency { name: string(value, "name")?, kind, optional })
}

fn array<'a>(value: &'a Value, field: &str) -> Result<&'a Vec<Value>> {
    value
        .get(field)
        .and_then(Value::as_array)
        .with_context(|| format!("cargo metadata has no list `{field}`"))
}

fn string(value: &Value, field: &str) -> Result<String> {
    let text = value.get(field).and_then(Value::as_str);
    Ok(text.with_context(|| format!("cargo metadata has no text `{field}`"))?.to_owned())
}
