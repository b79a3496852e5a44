//! The note of what a worker runs: what is known of it when it has died.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A small file in memory that holds the last task that was begun.
#[derive(Debug)]
pub struct Status(File);

/// A task that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// The run.
    pub run: u32,
    /// The node.
    pub node: u32,
    /// Which attempt.
    pub attempt: u32,
}

impl Status {
    /// Opens the note of this process.
    ///
    /// # Errors
    ///
    /// - When the file cannot be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(File::create(path)?))
    }

    /// Notes that a task begins.
    ///
    /// # Errors
    ///
    /// - When the file cannot be written.
    pub fn begin(&self, Begun { run, node, attempt }: Begun) -> io::Result<()> {
        let mut bytes = [0; 12];
        for (place, number) in bytes.as_chunks_mut().0.iter_mut().zip([run, node, attempt]) {
            *place = number.to_ne_bytes();
        }
        self.0.write_all_at(&bytes, 0)
    }

    /// What another process has noted; nothing if it has begun no task yet.
    pub fn read(path: &Path) -> Option<Begun> {
        let bytes: [u8; 12] = fs::read(path).ok()?.try_into().ok()?;
        let mut numbers = bytes.as_chunks().0.iter().map(|number| u32::from_ne_bytes(*number));
        Some(Begun { run: numbers.next()?, node: numbers.next()?, attempt: numbers.next()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_task_is_known() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("status");
        assert_eq!(Status::read(&path), None);
        let status = Status::create(&path).unwrap();
        assert_eq!(Status::read(&path), None);
        for node in [7, 1 << 30] {
            let begun = Begun { run: 3, node, attempt: 1 };
            status.begin(begun).unwrap();
            assert_eq!(Status::read(&path), Some(begun));
        }
    }
}
