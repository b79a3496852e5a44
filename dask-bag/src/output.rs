//! Files to write: their names, which they have only when they are whole.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dask_graph::OpError;

use crate::error::WriteError;
use crate::text::Compression;

/// Where to write, as the user said it: one file a partition.
#[derive(Clone)]
pub(crate) struct Outputs {
    to: To,
    /// What stands for the `*` in a pattern; the number if there is none.
    pub(crate) name: Option<Arc<dyn Fn(usize) -> String + Send + Sync>>,
}

#[derive(Debug, Clone)]
enum To {
    Pattern(String),
    Listed(Vec<PathBuf>),
}

impl Outputs {
    /// Files whose names follow `pattern`, or in the directory `pattern` if it has no `*`.
    pub(crate) fn pattern(pattern: impl Into<String>) -> Self {
        Self { to: To::Pattern(pattern.into()), name: None }
    }

    /// These files.
    pub(crate) fn listed<P: Into<PathBuf>>(paths: impl IntoIterator<Item = P>) -> Self {
        Self { to: To::Listed(paths.into_iter().map(Into::into).collect()), name: None }
    }

    /// The file of each of `n` partitions, all different.
    pub(crate) fn paths(&self, n: usize) -> Result<Vec<PathBuf>, WriteError> {
        let paths = match &self.to {
            To::Listed(paths) if paths.len() == n => paths.clone(),
            To::Listed(paths) => return Err(WriteError::PathCount { partitions: n, paths: paths.len() }),
            To::Pattern(url) if url.contains("://") => return Err(WriteError::Url { url: url.clone() }),
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
        f.debug_struct("Outputs").field("to", &self.to).field("named", &self.name.is_some()).finish()
    }
}

/// A file that is removed again unless it gets its name.
pub(crate) struct Unfinished {
    file: File,
    path: PathBuf,
    name: PathBuf,
    renamed: bool,
}

impl Unfinished {
    /// A hidden file in the directory of `name`, which is made if need be.
    pub(crate) fn beside(name: &Path) -> Result<Self, WriteError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let directory = name.parent().unwrap_or(Path::new(""));
        if !directory.as_os_str().is_empty() {
            fs::create_dir_all(directory).map_err(|e| WriteError::io("make the directory", directory, e))?;
        }
        let mut hidden = OsString::from(".");
        hidden.push(name.file_name().unwrap_or_default());
        hidden.push(format!(".{}-{}.unfinished", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let path = directory.join(hidden);
        let file = File::create_new(&path).map_err(|e| WriteError::io("create", &path, e))?;
        Ok(Self { file, path, name: name.to_owned(), renamed: false })
    }

    /// Lets `content` write, through the compression. What `content` fails with is the error, as it is.
    pub(crate) fn write(
        self,
        compression: Compression,
        content: impl FnOnce(&mut dyn Write) -> Result<(), OpError>,
    ) -> Result<Self, OpError> {
        let failed = |e| OpError::failed(WriteError::io("write", &self.name, e));
        let mut out = BufWriter::with_capacity(64 << 10, &self.file);
        compression.pack(&mut out, failed, content)?;
        out.flush().map_err(failed)?;
        drop(out);
        Ok(self)
    }

    /// Gives the file its name.
    pub(crate) fn rename(mut self) -> Result<(), WriteError> {
        // Data first: after a crash of the machine the name must not stand for an empty file.
        self.file.sync_data().map_err(|e| WriteError::io("write", &self.name, e))?;
        fs::rename(&self.path, &self.name).map_err(|e| WriteError::io("create", &self.name, e))?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.renamed {
            // Best effort, on the way out of another failure, which is the one to report.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_an_error_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (path, name) = (dir.path().join(".hidden"), dir.path().join("out.txt"));
        for compression in [Compression::None, Compression::Gzip] {
            // Few lines fail when the buffer is written out at the end, many in between.
            for lines in [1, 1_000_000] {
                fs::write(&path, "").unwrap();
                let file = File::options().write(true).open("/dev/full").unwrap();
                let full = Unfinished { file, path: path.clone(), name: name.clone(), renamed: false };
                let outcome = full.write(compression, |out| {
                    (0..lines)
                        .try_for_each(|n| writeln!(out, "{n}"))
                        .map_err(|e| OpError::failed(WriteError::io("write", &name, e)))
                });
                let Err(OpError::Failed(error)) = outcome.map(drop) else { panic!("no error") };
                assert_eq!(error.to_string(), format!("could not write {}", name.display()));
                assert!(error.source().unwrap().to_string().contains("No space left"));
                assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
            }
        }
    }
}
