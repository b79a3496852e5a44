//! Records into one file, sorted by target as far as memory allows.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use crate::directory::Directory;
use crate::error::ShuffleError;
use crate::exchange::Written;
use crate::file::Stretch;

/// Takes records for targets and writes them to a file of its own, which it makes when it first needs one.
///
/// A file that is not [finished](Self::finish) is removed with its writer.
#[derive(Debug)]
pub struct Writer {
    directory: PathBuf,
    /// The most bytes that are held back.
    memory: usize,
    /// Records that are held back, each with its length before it, in the order of their coming.
    held: Vec<u8>,
    /// The target of each, and where it begins in `held`.
    places: Vec<(u32, usize)>,
    /// Records of each target so far.
    records: Vec<u64>,
    /// Their bytes.
    bytes: Vec<u64>,
    file: Option<Unfinished>,
    /// What has been written, with its targets.
    stretches: Vec<(u32, Stretch)>,
}

/// Bytes that are held for a record besides its own: length and place, and its turn when they are sorted.
const OVERHEAD: usize = 4 + size_of::<(u32, usize)>() + 4;

impl Writer {
    /// The bytes that a writer holds back if there is no better number: enough for long stretches, and not much for
    /// one task.
    pub const MEMORY: usize = 32 << 20;

    /// A writer of records for the targets 0 to `targets - 1`, which holds back no more than about `memory` bytes.
    pub fn new(directory: &Directory, targets: u32, memory: usize) -> Self {
        Self {
            directory: directory.path().to_owned(),
            memory,
            held: Vec::new(),
            places: Vec::new(),
            records: vec![0; targets as usize],
            bytes: vec![0; targets as usize],
            file: None,
            stretches: Vec::new(),
        }
    }

    /// Takes a record.
    ///
    /// # Errors
    ///
    /// - When the record is longer than 4 GiB.
    /// - When records that were held back cannot be written.
    ///
    /// # Panics
    ///
    /// If there is no such target.
    pub fn push(&mut self, target: u32, record: &[u8]) -> Result<(), ShuffleError> {
        let length =
            u32::try_from(record.len()).map_err(|_| ShuffleError::TooLong { nbytes: record.len() })?;
        let held = self.held.len() + (self.places.len() + 1) * OVERHEAD;
        if held + record.len() > self.memory && !self.places.is_empty() {
            self.flush()?;
        }
        self.records[target as usize] += 1;
        self.bytes[target as usize] += record.len() as u64;
        self.places.push((target, self.held.len()));
        self.held.extend_from_slice(&length.to_ne_bytes());
        self.held.extend_from_slice(record);
        Ok(())
    }

    /// Writes what is held back, and the index.
    ///
    /// # Errors
    ///
    /// - When it cannot be written; the file is removed then.
    pub fn finish(mut self) -> Result<Written, ShuffleError> {
        self.flush()?;
        let Self { records, bytes: of_targets, file, mut stretches, .. } = self;
        let Some(mut file) = file else { return Ok(Written { file: None, records, bytes: of_targets }) };
        // Stable: stretches of a target stay in the order of their writing.
        stretches.sort_by_key(|(target, _)| *target);
        let index = file.at;
        let mut starts = vec![0_u64];
        let mut bytes =
            Vec::with_capacity(stretches.len() * Stretch::NBYTES as usize + 8 * records.len() + 8);
        for target in 0..records.len() as u32 {
            let begin = *starts.last().unwrap_or(&0) as usize;
            let own = stretches[begin..].iter().take_while(|(of, _)| *of == target);
            own.clone().for_each(|(_, stretch)| bytes.extend_from_slice(&stretch.to_bytes()));
            starts.push((begin + own.count()) as u64);
        }
        starts.iter().for_each(|start| bytes.extend_from_slice(&start.to_ne_bytes()));
        file.write(&bytes)?;
        let starts = index + stretches.len() as u64 * Stretch::NBYTES;
        Ok(Written { file: Some((file.finish()?, index, starts)), records, bytes: of_targets })
    }

    /// Writes what is held back as one stretch a target.
    fn flush(&mut self) -> Result<(), ShuffleError> {
        if self.places.is_empty() {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(Unfinished::new(&self.directory)?),
        };
        let (turns, ends) = sorted(&self.places, self.records.len());
        let mut bytes = Vec::new();
        let mut begin = 0;
        for (target, &end) in ends.iter().enumerate() {
            if begin == end {
                continue;
            }
            bytes.clear();
            for &turn in &turns[begin..end] {
                let from = self.places[turn as usize].1;
                let to = self.places.get(turn as usize + 1).map_or(self.held.len(), |next| next.1);
                bytes.extend_from_slice(&self.held[from..to]);
            }
            let (at, nbytes, records) = (file.at, bytes.len() as u64, (end - begin) as u64);
            let stretch = Stretch { at, nbytes, records, checksum: xxh3_64(&bytes) };
            file.write(&bytes)?;
            self.stretches.push((target as u32, stretch));
            begin = end;
        }
        self.held.clear();
        self.places.clear();
        Ok(())
    }
}

/// The records in the order of their targets, and for each target where its records end in that order.
///
/// # Complexity
///
/// Time O(r + t) for r records and t targets.
fn sorted(places: &[(u32, usize)], targets: usize) -> (Vec<u32>, Vec<usize>) {
    let mut ends = vec![0; targets];
    places.iter().for_each(|(target, _)| ends[*target as usize] += 1);
    let mut total = 0;
    for end in &mut ends {
        // For now, where its records begin; every record that is put there moves it on.
        (*end, total) = (total, total + *end);
    }
    let mut turns = vec![0; places.len()];
    for (record, (target, _)) in places.iter().enumerate() {
        let turn = &mut ends[*target as usize];
        turns[*turn] = record as u32;
        *turn += 1;
    }
    (turns, ends)
}

/// A file that is removed unless it is finished.
#[derive(Debug)]
struct Unfinished {
    file: BufWriter<File>,
    path: PathBuf,
    /// Bytes written.
    at: u64,
    is_finished: bool,
}

impl Unfinished {
    fn new(directory: &Path) -> Result<Self, ShuffleError> {
        loop {
            let path = directory.join(Directory::new_name());
            match File::create_new(&path) {
                Ok(file) => return Ok(Self { file: BufWriter::new(file), path, at: 0, is_finished: false }),
                // Of a process that is gone, whose number this one has got.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(ShuffleError::Write { path, source }),
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ShuffleError> {
        let written = self.file.write_all(bytes);
        self.at += bytes.len() as u64;
        written.map_err(|source| self.failed(source))
    }

    /// Writes the last bytes and returns the file's name.
    fn finish(mut self) -> Result<String, ShuffleError> {
        self.file.flush().map_err(|source| self.failed(source))?;
        self.is_finished = true;
        Ok(self.path.file_name().unwrap_or_default().to_string_lossy().into_owned())
    }

    fn failed(&self, source: io::Error) -> ShuffleError {
        ShuffleError::Write { path: self.path.clone(), source }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_finished {
            // What cannot be removed now goes with the directory.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_sorted_by_target_and_stay_in_their_order() {
        let places = [(2, 0), (0, 0), (2, 0), (1, 0), (0, 0)];
        assert_eq!(sorted(&places, 4), (vec![1, 4, 3, 0, 2], vec![2, 3, 5, 5]));
    }

    /// The device takes nothing, as a disk without space.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error() {
        let file = File::options().write(true).open("/dev/full").unwrap();
        let path = PathBuf::from("/nonexistent/file");
        let mut full = Unfinished { file: BufWriter::new(file), path, at: 0, is_finished: false };
        let error = full.write(&vec![0; 1 << 16]).unwrap_err();
        let text = error.to_string();
        assert!(
            matches!(error, ShuffleError::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull)
        );
        assert!(text.contains("free some space") && text.contains("DASK_TEMPORARY_DIRECTORY"), "{text}");
    }

    #[test]
    fn a_name_that_is_taken_is_passed_over() {
        let directory = Directory::new(None).unwrap();
        let name = Directory::new_name();
        let (process, number) = name.split_once('-').unwrap();
        let number: u64 = number.parse().unwrap();
        for next in number..number + 50 {
            File::create(directory.path().join(format!("{process}-{next}"))).unwrap();
        }
        let file = Unfinished::new(directory.path()).unwrap();
        assert!(file.path.exists() && file.path.parent() == Some(directory.path()));
    }

    #[test]
    fn a_writer_that_is_not_finished_leaves_nothing() {
        let directory = Directory::new(None).unwrap();
        let files = || directory.path().read_dir().unwrap().count();
        let empty = files();
        let mut writer = Writer::new(&directory, 1, 10);
        writer.push(0, b"0123456789").unwrap();
        writer.push(0, b"0123456789").unwrap();
        assert_eq!(files(), empty + 1);
        drop(writer);
        assert_eq!(files(), empty);
    }
}
