//! One file, or a file a partition, which appear when all are complete.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use dask_graph::ComputeError;
use dask_graph_files::{Compression, Destination, NewFile, StorageOptions};
use serde::{Deserialize, Serialize};

use super::staging::{Staging, at};
use crate::error::WriteError;

/// Bytes of text that are packed at once.
const BUFFER: usize = 256 << 10;

/// Files on their way.
#[derive(Debug)]
pub(crate) struct StagedFiles {
    target: Target,
    parts: Parts,
    /// Where parts are until they are moved or sent, which goes with this.
    _staging: Option<Staging>,
}

#[derive(Debug)]
enum Target {
    One(Destination),
    /// A file a partition.
    Each(Names),
    /// A file a partition, of a store, where each appears when it is complete.
    Objects {
        names: Names,
        /// How many there will be.
        n: usize,
        /// The objects that were there before.
        before: Vec<String>,
    },
}

/// How files of partitions are called: the directory, and what stands before and after the number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Names {
    directory: Destination,
    before: String,
    after: String,
    /// How many digits the number has at least.
    width: usize,
}

/// Where parts are written, for the tasks that do it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Parts {
    /// In a directory, each under its number.
    Staged(PathBuf),
    /// Where they stay.
    Placed(Names),
}

impl StagedFiles {
    /// Prepares to write `path`, in whose file name a `*` stands for the number of one of `n` partitions.
    pub(crate) fn prepare(path: &Path, options: &StorageOptions, n: usize) -> Result<Self, WriteError> {
        let bad = || WriteError::BadPattern { pattern: path.display().to_string() };
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(bad)?;
        let to = Destination::new(path, options)?;
        let (before, after) = match name.split('*').collect::<Vec<_>>()[..] {
            [_] => {
                let staging = if to.is_local() { Staging::beside(to.path()) } else { Staging::temporary() }?;
                let parts = Parts::Staged(staging.path().to_owned());
                return Ok(Self { target: Target::One(to), parts, _staging: Some(staging) });
            }
            [before, after] => (before.to_owned(), after.to_owned()),
            _ => return Err(bad()),
        };
        let directory = Destination::new(path.parent().unwrap_or(Path::new("")), options)?;
        let names = Names { directory, before, after, width: n.saturating_sub(1).to_string().len() };
        if to.is_local() {
            let staging = Staging::beside(to.path())?;
            let parts = Parts::Staged(staging.path().to_owned());
            return Ok(Self { target: Target::Each(names), parts, _staging: Some(staging) });
        }
        let before = names.directory.objects()?;
        let target = Target::Objects { names: names.clone(), n, before };
        Ok(Self { target, parts: Parts::Placed(names), _staging: None })
    }

    /// Returns whether there will be a file for every partition.
    pub(crate) fn is_one_a_partition(&self) -> bool {
        !matches!(self.target, Target::One(_))
    }

    /// Returns where parts are written.
    pub(crate) fn parts(&self) -> Parts {
        self.parts.clone()
    }

    /// Puts the parts in their place that were [written](super::write_parts), if all were; where they become one file,
    /// `join` makes it.
    pub(crate) fn put(self, written: Result<usize, ComputeError>, join: Join<'_>) -> Result<(), WriteError> {
        let n = written.inspect_err(|_| self.give_up())?;
        self.finish(n, join)
    }

    /// Puts `n` written parts in their place.
    pub(crate) fn finish(self, n: usize, join: Join<'_>) -> Result<(), WriteError> {
        match &self.target {
            Target::One(to) if to.is_local() => {
                let whole = self.part("whole");
                let mut file = File::create(&whole).map_err(at(&whole))?;
                self.join_parts(n, &mut file, join).and_then(|()| file.sync_all()).map_err(at(&whole))?;
                fs::rename(&whole, to.path()).map_err(at(to.path()))
            }
            Target::One(to) => {
                let mut file = NewFile::create(to)?;
                self.join_parts(n, &mut file, join).map_err(at(to.path()))?;
                Ok(file.finish()?)
            }
            Target::Each(names) => {
                let mut placed: Vec<(usize, PathBuf)> = Vec::new();
                for number in 0..n {
                    let path = names.of(number).path().to_owned();
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
            Target::Objects { .. } => Ok(()),
        }
    }

    /// Removes the objects that were written, but for those that took the place of others.
    fn give_up(&self) {
        let Target::Objects { names, n, before } = &self.target else { return };
        let ours = (0..*n).map(|number| names.of(number).path().to_string_lossy().into_owned());
        let ours = ours.collect::<HashSet<_>>();
        // Best effort, on the way out of a failure, which is the one to report.
        let there = names.directory.objects().unwrap_or_default();
        for url in there.iter().filter(|url| ours.contains(*url) && !before.contains(url)) {
            drop(names.directory.remove_object(url));
        }
    }

    fn part(&self, name: impl ToString) -> PathBuf {
        match &self.parts {
            Parts::Staged(directory) => directory.join(name.to_string()),
            Parts::Placed(_) => PathBuf::new(),
        }
    }

    fn join_parts(&self, n: usize, whole: &mut dyn Write, join: Join<'_>) -> io::Result<()> {
        let mut parts = (0..n).map(|number| self.part(number));
        // Room is given back part by part.
        let mut before = None;
        let mut next = || -> io::Result<Option<File>> {
            before.take().map_or(Ok(()), fs::remove_file)?;
            before = parts.next();
            before.as_ref().map(File::open).transpose()
        };
        join(&mut next, whole)
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
        self.part(format!("{number}.before"))
    }
}

/// Writes one file of parts, of which each is gone when the next is taken.
pub(crate) type Join<'a> = &'a dyn Fn(&mut NextPart<'_>, &mut dyn Write) -> io::Result<()>;

/// Opens the next part, if there is one.
pub(crate) type NextPart<'a> = dyn FnMut() -> io::Result<Option<File>> + 'a;

/// Writes one part after the other.
pub(crate) fn concatenate(next: &mut NextPart<'_>, whole: &mut dyn Write) -> io::Result<()> {
    while let Some(mut part) = next()? {
        io::copy(&mut part, whole)?;
    }
    Ok(())
}

impl Names {
    fn of(&self, number: usize) -> Destination {
        let Self { directory, before, after, width } = self;
        directory.join(&format!("{before}{number:0width$}{after}"))
    }
}

impl Parts {
    /// Writes a part by `content`, packed.
    pub(crate) fn write(
        &self,
        number: usize,
        compression: Compression,
        content: impl FnOnce(&mut BufWriter<&mut dyn Write>) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        let (path, mut file) = match self {
            Self::Staged(directory) => {
                let path = directory.join(number.to_string());
                let file = NewFile::in_place(&path)?;
                (path, file)
            }
            Self::Placed(names) => {
                let to = names.of(number);
                (to.path().to_owned(), NewFile::create(&to)?)
            }
        };
        let buffered = |to: &mut dyn Write| {
            let mut to = BufWriter::with_capacity(BUFFER, to);
            content(&mut to)?;
            to.flush()
        };
        compression.pack(&mut file, |error| error, buffered).map_err(at(&path))?;
        Ok(file.finish()?)
    }
}

/// Returns how a file is to be packed: as is said, or else as the end of its name says.
pub(crate) fn compression(path: &Path, said: Option<Compression>) -> Result<Compression, WriteError> {
    let compression = said.map_or_else(|| Compression::of_name(path), Compression::built_in);
    compression.map_err(|source| WriteError::Compression { path: path.to_owned(), source })
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
        let files = StagedFiles::prepare(&at("part-*"), &StorageOptions::default(), 3).unwrap();
        (0..3).for_each(|number| fs::write(files.part(number), "new").unwrap());
        let error = files.finish(3, &concatenate).unwrap_err().to_string();
        assert!(error.contains("part-2"), "{error}");
        assert_eq!(fs::read_to_string(at("part-0")).unwrap(), "old");
        let mut left =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
        left.sort();
        assert_eq!(left, [at("part-0"), at("part-2")]);
    }
}
