//! One file, or a file a partition, written beside their places and put there when all are complete.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dask_graph::{Collection, Op, RunOptions, Scheduler};

use super::staging::{Staging, at};
use super::write_parts;
use crate::error::WriteError;

/// Files on their way.
#[derive(Debug)]
pub(crate) struct StagedFiles {
    target: Target,
    staging: Staging,
}

#[derive(Debug)]
enum Target {
    One(PathBuf),
    /// A file a partition: the directory, and what stands before and after the number in its name.
    Each {
        dir: PathBuf,
        before: String,
        after: String,
    },
}

impl StagedFiles {
    /// Prepares to write `path`, in whose file name a `*` stands for the number of the partition.
    pub(crate) fn prepare(path: &Path) -> Result<Self, WriteError> {
        let bad = || WriteError::BadPattern { pattern: path.display().to_string() };
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(bad)?;
        let target = match name.split('*').collect::<Vec<_>>()[..] {
            [_] => Target::One(path.to_owned()),
            [before, after] => {
                let dir = path.parent().unwrap_or(Path::new("")).to_owned();
                Target::Each { dir, before: before.into(), after: after.into() }
            }
            _ => return Err(bad()),
        };
        Ok(Self { target, staging: Staging::beside(path)? })
    }

    /// Returns whether there will be a file for every partition.
    pub(crate) fn is_one_a_partition(&self) -> bool {
        matches!(self.target, Target::Each { .. })
    }

    /// Returns where parts are written meanwhile, each under its number.
    pub(crate) fn path(&self) -> &Path {
        self.staging.path()
    }

    fn part(&self, number: usize) -> PathBuf {
        self.path().join(number.to_string())
    }

    /// Has `op` [write every partition](write_parts), and puts the files in their place.
    pub(crate) fn write(
        self,
        label: &str,
        op: Arc<dyn Op>,
        partitions: &impl Collection,
        scheduler: &dyn Scheduler,
        options: &RunOptions,
    ) -> Result<(), WriteError> {
        let n = write_parts(label, op, partitions, scheduler, options)?;
        self.finish(n)
    }

    /// Puts `n` written parts in their place.
    pub(crate) fn finish(self, n: usize) -> Result<(), WriteError> {
        match &self.target {
            Target::One(path) => {
                let whole = self.path().join("whole");
                self.join_parts(n, &whole).map_err(at(&whole))?;
                fs::rename(&whole, path).map_err(at(path))
            }
            Target::Each { dir, before, after } => {
                let width = n.saturating_sub(1).to_string().len();
                let mut placed: Vec<(usize, PathBuf)> = Vec::new();
                for number in 0..n {
                    let path = dir.join(format!("{before}{number:0width$}{after}"));
                    if let Err(error) = self.place(number, &path) {
                        // All or nothing: what was there comes back. Why it could not is no news.
                        placed.into_iter().for_each(|(number, path)| self.take_back(number, &path));
                        self.take_back(number, &path);
                        return Err(at(&path)(error));
                    }
                    placed.push((number, path));
                }
                Ok(())
            }
        }
    }

    fn join_parts(&self, n: usize, to: &Path) -> io::Result<()> {
        let mut whole = File::create(to)?;
        for number in 0..n {
            let part = self.part(number);
            io::copy(&mut File::open(&part)?, &mut whole)?;
            fs::remove_file(part)?;
        }
        whole.sync_all()
    }

    /// Moves a part to its place; what was there is kept until all are in place.
    fn place(&self, number: usize, path: &Path) -> io::Result<()> {
        if path.is_file() {
            fs::rename(path, self.before(number))?;
        }
        fs::rename(self.part(number), path)
    }

    fn take_back(&self, number: usize, path: &Path) {
        let before = self.before(number);
        let is_placed = !self.part(number).exists();
        drop(match () {
            () if before.exists() => fs::rename(before, path),
            () if is_placed => fs::remove_file(path),
            () => Ok(()),
        });
    }

    /// Where the file that was in a part's place is meanwhile.
    fn before(&self, number: usize) -> PathBuf {
        self.path().join(format!("{number}.before"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_comes_back_when_a_file_cannot_go_to_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("part-0"), "old").unwrap();
        // No file can take the place of a directory.
        fs::create_dir(at("part-2")).unwrap();
        let files = StagedFiles::prepare(&at("part-*")).unwrap();
        (0..3).for_each(|number| fs::write(files.part(number), "new").unwrap());
        let error = files.finish(3).unwrap_err().to_string();
        assert!(error.contains("part-2"), "{error}");
        assert_eq!(fs::read_to_string(at("part-0")).unwrap(), "old");
        let mut left =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
        left.sort();
        assert_eq!(left, [at("part-0"), at("part-2")]);
    }
}
