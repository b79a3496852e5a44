//! Keys that are known, and their numbers.

use hashbrown::HashTable;

/// As long as there are no more keys than this, each is looked for at its place in front of the table first.
const FEW: usize = 256;
/// Places in front: enough that few keys seldom meet, and no more than the nearest cache holds.
const PLACES: usize = 4096;
/// The number of a place where no key has been.
const NONE: u32 = u32::MAX;

/// A table of keys, numbered from 0 on.
///
/// Most rows have a key that came before, and often there are few: names of a hundred things, in millions of rows. Such a
/// key is found by one look at its place, which holds the number of the last key that was there.
pub(super) struct Known<K> {
    table: HashTable<(K, u32)>,
    places: Box<[u32; PLACES]>,
    /// The first keys, by number.
    few: Vec<K>,
}

impl<K: Copy + Eq> Known<K> {
    pub(super) fn new() -> Self {
        Self { table: HashTable::new(), places: Box::new([NONE; PLACES]), few: Vec::new() }
    }

    /// Returns the number of a key that has this hash: `new`, the number of keys so far, if it is a new one.
    ///
    /// What happens to few rows is not inlined, so that what happens to all is.
    #[inline]
    pub(super) fn id(&mut self, key: K, new: u32, hash: impl Fn(&K) -> u64) -> u32 {
        let hash_of_key = hash(&key);
        if self.table.len() > FEW {
            return self.look_up(key, hash_of_key, new, hash);
        }
        // The table looks at the lowest and the highest bits.
        let place = (hash_of_key >> 32) as usize % PLACES;
        let id = self.places[place];
        if self.few.get(id as usize).is_some_and(|known| *known == key) {
            return id;
        }
        self.meet(key, hash_of_key, place, new, hash)
    }

    /// Looks a key up that was not the last one at its place.
    #[inline(never)]
    fn meet(&mut self, key: K, hash_of_key: u64, place: usize, new: u32, hash: impl Fn(&K) -> u64) -> u32 {
        let id = self.look_up(key, hash_of_key, new, hash);
        if id == new {
            self.few.push(key);
        }
        self.places[place] = id;
        id
    }

    #[inline]
    fn look_up(&mut self, key: K, hash_of_key: u64, new: u32, hash: impl Fn(&K) -> u64) -> u32 {
        match self.table.find(hash_of_key, |(known, _)| *known == key) {
            Some(&(_, id)) => id,
            None => {
                self.insert(key, hash_of_key, new, hash);
                new
            }
        }
    }

    #[inline(never)]
    fn insert(&mut self, key: K, hash_of_key: u64, id: u32, hash: impl Fn(&K) -> u64) {
        self.table.insert_unique(hash_of_key, (key, id), |(known, _)| hash(known));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        /// More keys than few, and hashes that meet at the same place.
        #[test]
        fn numbers_are_those_of_first_appearance(
            keys in prop::collection::vec(0u64..600, 0..2000),
            shift in 0u32..64,
        ) {
            let (mut known, mut naive) = (Known::new(), HashMap::new());
            for key in keys {
                let new = naive.len() as u32;
                let expected = *naive.entry(key).or_insert(new);
                prop_assert_eq!(known.id(key, new, |key| key << shift), expected);
            }
        }
    }
}
