//! What stands for files: of one writer, and of all.

use dask_graph::{Blob, BlobError, BlobReader, Payload};
use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::error::ShuffleError;
use crate::reader::Records;

/// What one [`Writer`](crate::Writer) has written: where, and how many records for each target.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Written {
    /// The file's name, and where its stretches and its starts begin; nothing, if there was no record.
    pub(crate) file: Option<(String, u64, u64)>,
    /// Records of each target.
    pub(crate) records: Vec<u64>,
    /// Their bytes.
    pub(crate) bytes: Vec<u64>,
}

impl Written {
    /// The number of records of all targets.
    pub fn records(&self) -> u64 {
        self.records.iter().sum()
    }
}

/// What all writers of a shuffle have written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Exchange {
    /// The files' names, and where their stretches and their starts begin.
    pub(crate) files: Vec<(String, u64, u64)>,
    /// Records of each target.
    pub(crate) records: Vec<u64>,
    /// Their bytes.
    bytes: Vec<u64>,
}

impl Exchange {
    /// Puts together what was written for so many targets; the order is the one in which it will be read.
    ///
    /// # Errors
    ///
    /// - When some of it was written for another number of targets.
    pub fn of(written: impl IntoIterator<Item = Written>, targets: u32) -> Result<Self, ShuffleError> {
        let none = || vec![0; targets as usize];
        let mut all = Self { files: Vec::new(), records: none(), bytes: none() };
        for Written { file, records, bytes } in written {
            if records.len() != all.records.len() {
                return Err(ShuffleError::Targets { expected: targets, got: records.len() });
            }
            all.files.extend(file);
            all.records.iter_mut().zip(records).for_each(|(all, more)| *all += more);
            all.bytes.iter_mut().zip(bytes).for_each(|(all, more)| *all += more);
        }
        Ok(all)
    }

    /// Adds what others have written for as many targets; it will be read after what is there.
    ///
    /// # Errors
    ///
    /// - When it was written for another number of targets; nothing is added then.
    pub fn append(&mut self, other: Self) -> Result<(), ShuffleError> {
        let (expected, got) = (self.records.len(), other.records.len());
        if got != expected {
            return Err(ShuffleError::Targets { expected: expected as u32, got });
        }
        self.files.extend(other.files);
        self.records.iter_mut().zip(other.records).for_each(|(all, more)| *all += more);
        self.bytes.iter_mut().zip(other.bytes).for_each(|(all, more)| *all += more);
        Ok(())
    }

    /// The number of records of a target; 0 for one that there is not.
    pub fn records(&self, target: u32) -> u64 {
        self.records.get(target as usize).copied().unwrap_or(0)
    }

    /// The bytes of the records of a target, together.
    pub fn bytes(&self, target: u32) -> u64 {
        self.bytes.get(target as usize).copied().unwrap_or(0)
    }

    /// The records of a target, from all files in `directory`, which is the one of the writers.
    pub fn read<'e>(&'e self, directory: &'e Directory, target: u32) -> Records<'e> {
        Records::new(self, directory, target)
    }
}

impl Payload for Written {
    fn nbytes(&self) -> u64 {
        (size_of::<Self>() + (self.records.capacity() + self.bytes.capacity()) * 8) as u64
    }

    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        Some(Blob::encoded(self))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        reader.read_encoded()
    }
}

impl Payload for Exchange {
    fn nbytes(&self) -> u64 {
        let files = self.files.iter().map(|(name, ..)| name.capacity() + size_of::<(String, u64, u64)>());
        let counts = (self.records.capacity() + self.bytes.capacity()) * 8;
        (size_of::<Self>() + files.sum::<usize>() + counts) as u64
    }

    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        Some(Blob::encoded(self))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        reader.read_encoded()
    }
}
