//! Keys that are known, and their numbers.

use super::NO_GROUP;

/// Places at the beginning; a power of two, as always.
const FEW: usize = 1024;
/// There are at least so many places for each key, so that nearly all keys are at their own.
const PLACES_A_KEY: usize = 4;

/// Keys, numbered from 0 on in the order in which they first appear.
///
/// The lowest bits of a key's hash tell its place. That, or the next one after it that is free when the key comes, holds
/// the key's number. (Open addressing with linear probing: Knuth, The Art of Computer Programming 3, 6.4.)
pub(super) struct Known<K> {
    keys: Vec<K>,
    places: Vec<u32>,
}

impl<K: Copy + Eq> Known<K> {
    pub(super) fn new() -> Self {
        Self { keys: Vec::new(), places: vec![NO_GROUP; FEW] }
    }

    /// Looks for some keys at their own places: `ids` gets the number of each that is there, and [`NO_GROUP`] for the
    /// others, which [`id`](Self::id) may find elsewhere.
    ///
    /// Many keys are anywhere in memory. In two short loops, of which no turn waits for the one before it, the processor
    /// fetches several of them at once.
    pub(super) fn look_up(&self, keys: &[K], hashes: &[u64], ids: &mut [u32]) {
        let (places, mask) = (&self.places[..], self.places.len() - 1);
        for (id, &hash) in ids.iter_mut().zip(hashes) {
            *id = places[hash as usize & mask];
        }
        for (id, key) in ids.iter_mut().zip(keys) {
            let found = self.keys.get(*id as usize).is_some_and(|known| known == key);
            *id = if found { *id } else { NO_GROUP };
        }
    }

    /// Returns the number of a key, which is how many there were if it is a new one.
    pub(super) fn id(&mut self, key: K, hash: u64, hash_of: impl Fn(&K) -> u64) -> u32 {
        let mask = self.places.len() - 1;
        let mut place = hash as usize & mask;
        while let Some(known) = self.keys.get(self.places[place] as usize) {
            if *known == key {
                return self.places[place];
            }
            place = (place + 1) & mask;
        }
        let id = self.keys.len() as u32;
        self.places[place] = id;
        self.keys.push(key);
        if self.keys.len() * PLACES_A_KEY > self.places.len() {
            self.grow(hash_of);
        }
        id
    }

    #[inline(never)]
    fn grow(&mut self, hash_of: impl Fn(&K) -> u64) {
        let mask = self.places.len() * 2 - 1;
        self.places.clear();
        self.places.resize(mask + 1, NO_GROUP);
        for (id, key) in self.keys.iter().enumerate() {
            let mut place = hash_of(key) as usize & mask;
            while self.places[place] != NO_GROUP {
                place = (place + 1) & mask;
            }
            self.places[place] = id as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        /// More keys than places at the beginning, and hashes that meet at the same place.
        #[test]
        fn numbers_are_those_of_first_appearance(
            keys in prop::collection::vec(0u64..600, 0..2000),
            shift in 0u32..64,
            together in 1usize..70,
        ) {
            let hash = |key: &u64| key << shift;
            let (mut known, mut naive) = (Known::new(), HashMap::new());
            for keys in keys.chunks(together) {
                let hashes = keys.iter().map(hash).collect::<Vec<_>>();
                let mut ids = vec![0; keys.len()];
                known.look_up(keys, &hashes, &mut ids);
                for (at, &key) in keys.iter().enumerate() {
                    let before = naive.get(&key).copied();
                    prop_assert!(ids[at] == NO_GROUP || Some(ids[at]) == before);
                    let new = naive.len() as u32;
                    let expected = *naive.entry(key).or_insert(new);
                    prop_assert_eq!(known.id(key, hashes[at], hash), expected);
                }
            }
        }
    }
}
