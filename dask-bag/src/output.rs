//! Files to write: their names, which they have only when they are whole.

use std::collections::HashMap;
use std::fmt;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::OpError;
use dask_graph_files::{Compression, Destination, NewFile, StorageOptions};

use crate::error::WriteError;

/// Where to write, as the user said it: one file a partition.
#[derive(Clone)]
pub(crate) struct Outputs {
    to: To,
    /// What stands for the `*` in a pattern; the number if there is none.
    pub(crate) name: Option<Arc<dyn Fn(usize) -> String + Send + Sync>>,
    pub(crate) options: StorageOptions,
}

#[derive(Debug, Clone)]
enum To {
    Pattern(String),
    Listed(Vec<PathBuf>),
}

impl Outputs {
    /// Files whose names follow `pattern`, or in the directory `pattern` if it has no `*`.
    pub(crate) fn pattern(pattern: impl Into<String>) -> Self {
        Self::of(To::Pattern(pattern.into()))
    }

    /// These files.
    pub(crate) fn listed<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        Self::of(To::Listed(paths.into_iter().map(Into::into).collect()))
    }

    fn of(to: To) -> Self {
        Self { to, name: None, options: StorageOptions::default() }
    }

    /// The file of each of `n` partitions, all different: as it was named, and where that is.
    pub(crate) fn files(&self, n: usize) -> Result<Vec<(PathBuf, Destination)>, WriteError> {
        let destination = |path: PathBuf| {
            let to = Destination::new(&path, &self.options)?;
            Ok((path, to))
        };
        self.paths(n)?.into_iter().map(destination).collect()
    }

    fn paths(&self, n: usize) -> Result<Vec<PathBuf>, WriteError> {
        let paths = match &self.to {
            To::Listed(paths) if paths.len() == n => paths.clone(),
            To::Listed(paths) => return Err(WriteError::PathCount { partitions: n, paths: paths.len() }),
            To::Pattern(pattern) => {
                let pattern = match pattern.matches('*').count() {
                    0 => Path::new(pattern).join("*.part").to_string_lossy().into_owned(),
                    1 => pattern.clone(),
                    _ => return Err(WriteError::Pattern { pattern: pattern.clone() }),
                };
                let width = n.saturating_sub(1).max(1).ilog10() as usize + 1;
                let name = |i| match &self.name {
                    Some(name) => name(i),
                    None => format!("{i:0width$}"),
                };
                (0..n).map(|i| PathBuf::from(pattern.replace('*', &name(i)))).collect()
            }
        };
        let mut seen = HashMap::new();
        for (second, path) in paths.iter().enumerate() {
            if let Some(first) = seen.insert(path, second) {
                return Err(WriteError::SamePath { path: path.clone(), first, second });
            }
        }
        Ok(paths)
    }
}

// By hand: functions have no `Debug`.
impl fmt::Debug for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outputs")
            .field("to", &self.to)
            .field("named", &self.name.is_some())
            .field("options", &self.options)
            .finish()
    }
}

/// Writes the file of this name by `content`, through the compression; it has its name when it is complete. What `content` fails with is
/// the error, as it is.
pub(crate) fn write_file(
    path: &Path,
    to: &Destination,
    compression: Compression,
    content: impl FnOnce(&mut dyn Write) -> Result<(), OpError>,
) -> Result<(), OpError> {
    let failed = |e: WriteError| OpError::failed(e);
    let of_system = |e| failed(WriteError::io("write", path, e));
    let file = NewFile::create(to).map_err(|e| failed(e.into()))?;
    let mut out = BufWriter::with_capacity(64 << 10, file);
    compression.pack(&mut out, of_system, content)?;
    let file = out.into_inner().map_err(|e| of_system(e.into_error()))?;
    file.finish().map_err(|e| failed(e.into()))
}
