//! What the machine can do at most: no program is faster, whatever it is written in.

use super::meter::{self, Repeats};
use super::record::Record;
use super::workload::{Line, Unit};
use anyhow::Result;
use rustix::fs::{Advice, fadvise};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The area of these figures.
pub(super) const AREA: &str = "limits";

/// A way to move bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// Between processor and memory, on all threads; a copy moves each byte twice.
    Memory,
    /// Out of the system's cache of a file, on all threads.
    CachedFile,
    /// From memory to the disk.
    DiskWrite,
}

/// Bytes a second for each [`Limit`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Limits {
    memory: f64,
    cached_file: f64,
    disk_write: f64,
}

impl Limits {
    pub(super) fn bytes_per_second(&self, limit: Limit) -> f64 {
        match limit {
            Limit::Memory => self.memory,
            Limit::CachedFile => self.cached_file,
            Limit::DiskWrite => self.disk_write,
        }
    }
}

/// Measures all limits, and gives a record of each to `each`.
///
/// # Errors
///
/// - When the file for the measurements cannot be written or read.
pub(super) fn measure(is_quick: bool, mut each: impl FnMut(Record) -> Result<()>) -> Result<Limits> {
    let repeats = if is_quick { Repeats::Quick } else { Repeats::Full };
    let nbytes = if is_quick { 8 << 20 } else { 512 << 20 };
    let threads = std::thread::available_parallelism()?.get();
    let mut report = |workload, (size, threads, unit), measured: &meter::Measured| {
        let line = Line { workload, system: "machine", size, threads, unit };
        each(Record { checksum: None, ..Record::of(AREA, &line, measured) })?;
        anyhow::Ok(size as f64 / measured.median())
    };

    let n_calls = 10_000_000;
    let calls = meter::repeat(repeats, || Ok(call_often(n_calls)))?;
    report("empty call", (n_calls, 1, Unit::NanosecondsEach("call")), &calls)?;

    let rate = |size, threads| (size, threads, Unit::GigabytesPerSecond);
    let (from, mut to) = (vec![1_u8; nbytes], vec![2_u8; nbytes]);
    let copied = meter::repeat(repeats, || Ok(copy(&from, &mut to, threads)))?;
    let memory = report("memory copy, read and written", rate(2 * nbytes, threads), &copied)?;
    drop(to);

    let directory = tempfile::tempdir()?;
    let path = directory.path().join("bytes");
    let written = meter::repeat(repeats, || write(&path, &from))?;
    let disk_write = report("disk write, synchronised", rate(nbytes, 1), &written)?;
    let cached = meter::repeat(repeats, || read_on(threads, &path, nbytes))?;
    let cached_file = report("file read from the cache", rate(nbytes, threads), &cached)?;
    let read = meter::repeat(repeats, || {
        // Away from the cache, for which the file has to be on the disk.
        fadvise(File::open(&path)?, 0, None, Advice::DontNeed)?;
        read(&path)
    })?;
    report("disk read", rate(nbytes, 1), &read)?;
    Ok(Limits { memory, cached_file, disk_write })
}

fn call_often(n: usize) -> u64 {
    #[inline(never)]
    fn empty(number: u64) -> u64 {
        number
    }
    let call: fn(u64) -> u64 = black_box(empty);
    (0..n).fold(0, |number, _| call(number))
}

fn copy(from: &[u8], to: &mut [u8], threads: usize) -> u64 {
    let part = from.len().div_ceil(threads);
    std::thread::scope(|scope| {
        for (from, to) in from.chunks(part).zip(to.chunks_mut(part)) {
            scope.spawn(|| to.copy_from_slice(from));
        }
    });
    black_box(to.len()) as u64
}

fn write(path: &Path, bytes: &[u8]) -> Result<u64> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(bytes.len() as u64)
}

fn read(path: &Path) -> Result<u64> {
    let (mut file, mut buffer, mut done) = (File::open(path)?, vec![0; BUFFER], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(done),
            n => done += n as u64,
        }
    }
}

/// Bytes that are read at a time: what fits into a core's cache.
const BUFFER: usize = 1 << 20;

fn read_on(threads: usize, path: &Path, nbytes: usize) -> Result<u64> {
    let file = File::open(path)?;
    let part = nbytes.div_ceil(threads);
    let read_part = |start: usize| -> std::io::Result<u64> {
        let (mut buffer, end) = (vec![0; BUFFER], (start + part).min(nbytes));
        let mut at = start;
        while at < end {
            let want = BUFFER.min(end - at);
            file.read_exact_at(&mut buffer[..want], at as u64)?;
            at += want;
        }
        Ok((at - start) as u64)
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> =
            (0..nbytes).step_by(part).map(|start| scope.spawn(move || read_part(start))).collect();
        parts.into_iter().try_fold(0, |sum, part| {
            let read = part.join().map_err(|_| anyhow::anyhow!("a reading thread panicked"))??;
            Ok(sum + read)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_measured() {
        let mut names = Vec::new();
        let limits = measure(true, |record| {
            assert!(record.median.is_some_and(|median| median > 0.0), "{record:?}");
            names.push(record.workload);
            Ok(())
        })
        .unwrap();
        assert_eq!(names.len(), 5);
        assert!(limits.bytes_per_second(Limit::Memory) > 0.0);
    }

    #[test]
    fn a_file_is_read_whole_on_any_number_of_threads() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bytes");
        let nbytes = 3 * BUFFER + 7;
        write(&path, &vec![0; nbytes]).unwrap();
        assert_eq!(read(&path).unwrap(), nbytes as u64);
        for threads in [1, 2, 5] {
            assert_eq!(read_on(threads, &path, nbytes).unwrap(), nbytes as u64);
        }
    }
}
