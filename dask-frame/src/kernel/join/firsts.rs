//! The first row of each key, for keys that are numbers.

use crate::column::NO_ROW;

/// There are at least so many places for each row, so that most keys are at their own.
const PLACES_A_ROW: usize = 2;

/// So many keys are looked up together, where there are more than a core's cache holds.
const TOGETHER: usize = 64;
const MANY: usize = 1 << 16;

/// The first row of each key.
///
/// The lowest bits of a key's hash tell its place. That, or the next one after it that is free when the key comes, holds
/// the key's first row. (Open addressing with linear probing: Knuth, The Art of Computer Programming 3, 6.4.) Keys are
/// compared through a list by row, so that a place takes four bytes and more of them fit into a cache.
pub(super) struct Firsts<K> {
    keys: Vec<K>,
    places: Vec<u32>,
}

impl<K: Copy + Eq> Firsts<K> {
    /// No row yet, of rows that have these keys; rows without a key have any.
    pub(super) fn new(keys: Vec<K>) -> Self {
        let n_places = (keys.len() * PLACES_A_ROW).next_power_of_two();
        Self { keys, places: vec![NO_ROW; n_places] }
    }

    /// Returns the key of a row.
    pub(super) fn key(&self, row: usize) -> K {
        self.keys[row]
    }

    /// Returns where the first row of a key stands, or is to stand: then [`NO_ROW`] is there.
    #[inline]
    pub(super) fn place(&mut self, key: K, hash: u64) -> &mut u32 {
        let mask = self.places.len() - 1;
        let mut place = hash as usize & mask;
        while self.keys.get(self.places[place] as usize).is_some_and(|other| *other != key) {
            place = (place + 1) & mask;
        }
        &mut self.places[place]
    }

    /// Returns for each key the first row here that has it, or [`NO_ROW`]; for what is no key, too.
    pub(super) fn look_up(
        &self,
        mut keys: impl ExactSizeIterator<Item = Option<K>>,
        hash: impl Fn(K) -> u64,
    ) -> Vec<u32> {
        let mask = self.places.len() - 1;
        if self.keys.len() <= MANY {
            let first = |key: Option<K>| key.map_or(NO_ROW, |key| self.from(hash(key) as usize & mask, key));
            return keys.map(first).collect();
        }
        let mut rows = Vec::with_capacity(keys.len());
        let (mut some, mut places) = (Vec::with_capacity(TOGETHER), [0; TOGETHER]);
        while keys.len() > 0 {
            // Keys are anywhere in memory. In short loops, of which no turn waits for the one before it, the processor
            // fetches several of them at once.
            some.clear();
            some.extend(keys.by_ref().take(TOGETHER));
            for (place, key) in places.iter_mut().zip(&some) {
                *place = key.map_or(0, &hash) as usize & mask;
            }
            let first = rows.len();
            rows.extend(places[..some.len()].iter().map(|place| self.places[*place]));
            let rows = &mut rows[first..];
            let mut is_done = [false; TOGETHER];
            for ((is_done, &row), key) in is_done.iter_mut().zip(&*rows).zip(&some) {
                *is_done = self.keys.get(row as usize).copied() == *key;
            }
            for (at, row) in rows.iter_mut().enumerate().filter(|(at, _)| !is_done[*at]) {
                *row = some[at].map_or(NO_ROW, |key| self.from(places[at], key));
            }
        }
        rows
    }

    /// Returns the first row of a key that is at this place or behind it, or [`NO_ROW`].
    #[inline]
    fn from(&self, mut place: usize, key: K) -> u32 {
        let mask = self.places.len() - 1;
        loop {
            let row = self.places[place];
            if self.keys.get(row as usize).is_none_or(|other| *other == key) {
                return row;
            }
            place = (place + 1) & mask;
        }
    }

    pub(super) fn nbytes(&self) -> usize {
        size_of_val(&self.keys[..]) + size_of_val(&self.places[..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// Each key is looked up in a table with the first of each of `keys`, or what is no key.
    fn check(keys: &[u64], others: &[Option<u64>], hash: impl Fn(u64) -> u64 + Copy) {
        let mut oracle = HashMap::new();
        let mut firsts = Firsts::new(keys.to_vec());
        for row in (0..keys.len()).rev() {
            oracle.insert(keys[row], row as u32);
            *firsts.place(firsts.key(row), hash(keys[row])) = row as u32;
        }
        let expected =
            others.iter().map(|key| key.and_then(|key| oracle.get(&key).copied()).unwrap_or(NO_ROW));
        assert_eq!(firsts.look_up(others.iter().copied(), hash), expected.collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn keys_are_found_wherever_they_are_put(
            keys in prop::collection::vec(0..50_u64, 0..200),
            others in prop::collection::vec(prop::option::of(0..60_u64), 0..200),
            n_hashes in 1..60_u64,
        ) {
            // Places near the end go on at the beginning.
            check(&keys, &others, |key| (key % n_hashes).wrapping_sub(3));
        }
    }

    #[test]
    fn many_keys_are_found_several_at_a_time() {
        let keys: Vec<u64> = (0..2 * MANY as u64).map(|row| row * 7 % 100_003).collect();
        let others: Vec<_> = (0..150_001).map(|key| (key % 11 != 0).then_some(key)).collect();
        check(&keys, &others, crate::hash::word);
        // Few places of their own: most keys stand behind them.
        check(&keys, &others, |key| crate::hash::word(key) << 8);
    }
}
