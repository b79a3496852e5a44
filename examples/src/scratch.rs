//! A temporary directory with room enough, removed at the end, on errors, and on Ctrl-C.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use dask_graph::CancelToken;
use tempfile::TempDir;

/// A temporary directory with room enough, removed at the end, on errors, and on Ctrl-C.
///
/// The first Ctrl-C cancels the run: the program unwinds and removes the directory. A second one removes it
/// at once and ends the process.
#[derive(Debug)]
pub struct Scratch {
    dir: TempDir,
    cancel: CancelToken,
}

impl Scratch {
    /// Makes the directory in the system's place for temporary files (`TMPDIR`).
    ///
    /// # Errors
    ///
    /// - When less than `needed` bytes are free there, or it cannot be written to.
    /// - When the process already handles Ctrl-C.
    pub fn new(needed: u64) -> Result<Self> {
        let place = std::env::temp_dir();
        let free = free_space(&place)?;
        ensure!(
            free >= needed,
            "{} has {} free and {} are needed; free some, set TMPDIR to another place, or choose a smaller --size",
            place.display(),
            crate::bytes(free),
            crate::bytes(needed)
        );
        let dir = tempfile::Builder::new()
            .prefix("dask-demo-")
            .tempdir_in(&place)
            .with_context(|| format!("cannot write to {}", place.display()))?;
        let cancel = CancelToken::new();
        let (token, path) = (cancel.clone(), dir.path().to_owned());
        ctrlc::set_handler(move || {
            if token.is_cancelled() {
                let _ = std::fs::remove_dir_all(&path);
                std::process::exit(130);
            }
            eprintln!("\nstopping; once more to stop at once");
            token.cancel();
        })
        .context("cannot watch for Ctrl-C")?;
        Ok(Self { dir, cancel })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The token that Ctrl-C cancels.
    pub fn cancel(&self) -> &CancelToken {
        &self.cancel
    }
}

fn free_space(place: &Path) -> Result<u64> {
    let stat = rustix::fs::statvfs(place)
        .with_context(|| format!("cannot ask for the free space of {}", place.display()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_space_says_how_much_and_what_to_do() {
        let text = Scratch::new(u64::MAX).expect_err("no disk is that large").to_string();
        assert!(text.contains("free and 18446744.1 TB are needed; free some, set TMPDIR"), "{text}");
    }
}
