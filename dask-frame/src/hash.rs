//! Hashes of values in memory: fast, fixed for one build, never written anywhere.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

const SEED: FixedState = FixedState::with_seed(0x5eed_0fd0);

pub(crate) fn word(value: u64) -> u64 {
    let mut hasher = SEED.build_hasher();
    hasher.write_u64(value);
    hasher.finish()
}

pub(crate) fn two_words(value: u128) -> u64 {
    let mut hasher = SEED.build_hasher();
    hasher.write_u128(value);
    hasher.finish()
}

pub(crate) fn bytes(value: &[u8]) -> u64 {
    let mut hasher = SEED.build_hasher();
    hasher.write(value);
    hasher.finish()
}

/// Joins the hash of one more key column to the hash of those before it.
pub(crate) fn combine(before: u64, next: u64) -> u64 {
    word(before.rotate_left(23) ^ next)
}
