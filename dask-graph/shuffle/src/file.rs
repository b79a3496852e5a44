//! How a file lies on disk.
//!
//! ```text
//!   records      stretches of records of one target; a record is its length (u32) and its bytes
//!   stretches    for each stretch, sorted by target: place, bytes, records, checksum (u64 each)
//!   starts       for each target, and for the end, the number of its first stretch (u64)
//! ```
//!
//! Numbers are in the order of the machine: a file is read where it was written.

/// A stretch of records of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Where it begins, in bytes from the beginning.
    pub(crate) at: u64,
    pub(crate) nbytes: u64,
    pub(crate) records: u64,
    /// The xxh3 of its bytes.
    pub(crate) checksum: u64,
}

impl Stretch {
    /// Bytes of a stretch in the index.
    pub(crate) const NBYTES: u64 = 32;

    pub(crate) fn to_bytes(self) -> [u8; Self::NBYTES as usize] {
        let mut bytes = [0; Self::NBYTES as usize];
        let numbers = [self.at, self.nbytes, self.records, self.checksum];
        for (into, number) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(numbers) {
            *into = number.to_ne_bytes();
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; Self::NBYTES as usize]) -> Self {
        let number = |n: usize| u64::from_ne_bytes(bytes.as_chunks().0[n]);
        Self { at: number(0), nbytes: number(1), records: number(2), checksum: number(3) }
    }
}
