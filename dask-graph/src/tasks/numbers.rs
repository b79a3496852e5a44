//! From keys to their numbers.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxBuildHasher;

use crate::key::{Key, Name};

use super::Keys;

/// The numbers of keys, by hash, and of the keys of one name and one index, by that index.
///
/// The blocks of one collection, the partitions of one frame: most maps hold many such keys, nearly without
/// gaps, and in a large map finding a key by its hash costs several cache misses. Keys are compared through the
/// list of all keys, which the caller holds.
#[derive(Clone, Default)]
pub(super) struct Numbers {
    /// The name of the keys in `line`.
    name: Option<Name>,
    /// By index, one more than the number; 0 where there is no key.
    line: Vec<u32>,
    /// Whether a key of this name lies beyond the line, in the table: then the line does not grow any more, so
    /// that every key has one place.
    is_closed: bool,
    table: HashTable<u32>,
}

impl Numbers {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { table: HashTable::with_capacity(capacity), ..Self::default() }
    }

    pub(super) fn reserve(&mut self, additional: usize, keys: &Keys) {
        self.table.reserve(additional, |&number| hash(keys.get(number)));
    }

    #[inline]
    pub(super) fn find(&self, key: &Key, keys: &Keys) -> Option<u32> {
        if let Some(&number) = self.place(key).and_then(|at| self.line.get(at)) {
            return number.checked_sub(1);
        }
        self.table.find(hash(key), |&number| keys.get(number) == key).copied()
    }

    /// The number of a key, or `new`, which it has from now on.
    #[inline]
    pub(super) fn find_or_insert(&mut self, key: &Key, keys: &Keys, new: u32) -> u32 {
        if self.name.is_none() && key.index().len() == 1 {
            self.name = Some(key.name().clone());
        }
        if let Some(at) = self.place(key) {
            // Gaps cost less than a place in the table would.
            let end = 2 * self.line.len() + 64;
            if at >= self.line.len() && at < end && !self.is_closed {
                self.line.resize(at + 1, 0);
            }
            if let Some(number) = self.line.get_mut(at) {
                if *number == 0 {
                    *number = new + 1;
                }
                return *number - 1;
            }
            self.is_closed = true;
        }
        let entry =
            self.table.entry(hash(key), |&number| keys.get(number) == key, |&number| hash(keys.get(number)));
        match entry {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => *place.insert(new).get(),
        }
    }

    /// Where in the line a key would be.
    #[inline]
    fn place(&self, key: &Key) -> Option<usize> {
        let &[at] = key.index() else { return None };
        (self.name.as_ref() == Some(key.name())).then_some(at as usize)
    }
}

#[inline]
fn hash(key: &Key) -> u64 {
    FxBuildHasher.hash_one(key)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_key_has_one_number(drawn in prop::collection::vec((0_usize..2, 0_u32..400, 0_usize..3), 0..200)) {
            let names = ["x", "y"].map(Name::from);
            let mut oracle: HashMap<Key, u32> = HashMap::new();
            let (mut numbers, mut keys) = (Numbers::default(), Keys::default());
            for (name, index, n_axes) in drawn {
                let key = Key::new(&names[name], &[index, 7][..n_axes]);
                let new = keys.len() as u32;
                prop_assert_eq!(numbers.find(&key, &keys), oracle.get(&key).copied());
                let number = numbers.find_or_insert(&key, &keys, new);
                prop_assert_eq!(number, *oracle.entry(key.clone()).or_insert(new));
                if number == new {
                    keys.held().push(key);
                }
            }
            for (key, number) in &oracle {
                prop_assert_eq!(numbers.find(key, &keys), Some(*number));
            }
        }
    }
}
