//! Files that nobody needs any more, to be written again: their memory is at hand, while that of a new file has to
//! be found page by page.

use std::fs;
use std::path::{Path, PathBuf};

/// More files than this are not kept.
const MOST: usize = 8;

/// Files to be written again, up to a number of bytes; removed when dropped.
#[derive(Debug)]
pub struct Spares {
    directory: PathBuf,
    /// Whose they are: the process.
    pid: u32,
    files: Vec<(PathBuf, u64)>,
    limit: u64,
}

impl Spares {
    /// None, and place for so many bytes.
    pub fn new(directory: &Path, limit: u64) -> Self {
        Self { directory: directory.to_owned(), pid: std::process::id(), files: Vec::new(), limit }
    }

    /// Keeps a file, or removes it if there are enough.
    pub(crate) fn put(&mut self, path: &Path) {
        let length = path.metadata().map_or(u64::MAX, |file| file.len());
        let kept: u64 = self.files.iter().map(|(_, length)| length).sum();
        let is_welcome = self.files.len() < MOST && kept.saturating_add(length) <= self.limit;
        let free = |name: &PathBuf| !self.files.iter().any(|(path, _)| path == name);
        let name = names(&self.directory, self.pid).find(free).filter(|_| is_welcome);
        match name {
            Some(name) if fs::rename(path, &name).is_ok() => self.files.push((name, length)),
            _ => drop(fs::remove_file(path)),
        }
    }

    /// Gives a file for so many bytes the name `path`, if there is one that is not much too large.
    pub(crate) fn take(&mut self, nbytes: u64, path: &Path) -> bool {
        let fits = |(_, length): &(PathBuf, u64)| *length <= 2 * nbytes;
        let at = self.files.iter().rposition(fits);
        at.is_some_and(|at| fs::rename(self.files.swap_remove(at).0, path).is_ok())
    }

    /// Removes all.
    pub(crate) fn clear(&mut self) {
        for (path, _) in self.files.drain(..) {
            let _ = fs::remove_file(path);
        }
    }

    /// Removes what a process has kept that has died.
    pub fn remove_those_of(directory: &Path, pid: u32) {
        names(directory, pid).for_each(|name| drop(fs::remove_file(name)));
    }
}

fn names(directory: &Path, pid: u32) -> impl Iterator<Item = PathBuf> {
    (0..MOST).map(move |number| directory.join(format!("spare-{pid}-{number}")))
}

impl Drop for Spares {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(directory: &Path, name: &str, length: usize) -> PathBuf {
        let path = directory.join(name);
        fs::write(&path, vec![0; length]).unwrap();
        path
    }

    fn n_files(directory: &Path) -> usize {
        directory.read_dir().unwrap().count()
    }

    #[test]
    fn files_are_kept_up_to_a_number_of_bytes() {
        let directory = tempfile::tempdir().unwrap();
        let mut spares = Spares::new(directory.path(), 2500);
        (0..4).for_each(|i| spares.put(&file(directory.path(), &format!("f{i}"), 1000)));
        assert_eq!((spares.files.len(), n_files(directory.path())), (2, 2));
        let target = directory.path().join("target");
        assert!(!spares.take(400, &target), "too large");
        assert!(spares.take(500, &target) && target.exists());
        assert!(spares.take(5000, &target));
        assert!(!spares.take(5000, &target), "there are no more");
        spares.put(&target);
        drop(spares);
        assert_eq!(n_files(directory.path()), 0);
    }

    #[test]
    fn what_a_dead_process_has_kept_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let mut spares = Spares::new(directory.path(), u64::MAX);
        (0..20).for_each(|i| spares.put(&file(directory.path(), &format!("f{i}"), 10)));
        assert_eq!(n_files(directory.path()), MOST);
        Spares::remove_those_of(directory.path(), std::process::id());
        assert_eq!(n_files(directory.path()), 0);
    }

    #[test]
    fn a_file_that_is_gone_is_no_spare() {
        let directory = tempfile::tempdir().unwrap();
        let mut spares = Spares::new(directory.path(), u64::MAX);
        spares.put(&directory.path().join("gone"));
        assert!(!spares.take(10, &directory.path().join("target")));
    }
}
