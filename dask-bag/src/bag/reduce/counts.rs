//! What is counted where it lies: the tables of `frequencies_of`.
//!
//! Most keys that come again and again are words and names. As a `String` in a table such a key is in two places, of
//! which the processor has to fetch both. A text of up to 15 bytes and its length are one number of 128 bits instead, in
//! the table itself, with nothing to follow and nothing to allocate.

use std::borrow::Borrow;
use std::ffi::{CStr, OsStr};
use std::hash::{BuildHasher, Hash};
use std::path::Path;

use dask_graph::{
    Args, Blob, BlobError, BlobReader, OpError, Packer, Payload, Refused, UnpackError, Unpacker, Value,
};
use foldhash::fast::FixedState;
use hashbrown::HashTable;

use super::groups::{Groups, hasher, in_order};
use crate::stream::{Flow, NEXT, Of, Run, Sink, Stream, for_each_lent};

/// What [`frequencies_of`](crate::Bag::frequencies_of) counts: all that can be compared, hashed and kept.
pub trait Countable: Hash + Eq + ToOwned + 'static {
    /// The table of the counts.
    type Counts: Counts<Self>;
}

/// How often keys came.
///
/// Public because [`Countable`] names it, but without a name outside of this crate.
pub trait Counts<Q: ToOwned + ?Sized>: Default + Clone + Payload {
    /// Counts a key.
    fn count(&mut self, key: &Q);

    /// Adds the counts of another table, whose keys come after those of this one.
    fn joined(self, other: Self) -> Self;

    /// The keys and their counts, in the order in which the keys came.
    fn into_pairs(self) -> Vec<(Q::Owned, u64)>;
}

impl<T: Hash + Eq + Clone + Send + Sync + 'static> Countable for T {
    type Counts = Groups<T, u64>;
}

impl<T: Hash + Eq + Clone + Send + Sync + 'static> Countable for [T] {
    type Counts = Groups<Vec<T>, u64>;
}

impl Countable for Path {
    type Counts = Groups<<Self as ToOwned>::Owned, u64>;
}

impl Countable for OsStr {
    type Counts = Groups<<Self as ToOwned>::Owned, u64>;
}

impl Countable for CStr {
    type Counts = Groups<<Self as ToOwned>::Owned, u64>;
}

impl Countable for str {
    type Counts = Texts;
}

impl<Q, K> Counts<Q> for Groups<K, u64>
where
    Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    K: Borrow<Q> + Hash + Eq + Clone + Send + Sync + 'static,
{
    #[inline]
    fn count(&mut self, key: &Q) {
        *self.slot_of(key, || 0) += 1;
    }

    fn joined(self, other: Self) -> Self {
        Self::joined(self, other, |a, b| *a += b)
    }

    fn into_pairs(self) -> Vec<(K, u64)> {
        self.into_entries()
    }
}

/// How often texts came.
#[derive(Debug, Clone)]
pub struct Texts {
    table: HashTable<Entry>,
    /// The texts that are no numbers.
    long: Vec<String>,
    hasher: FixedState,
}

/// A text, how often it came, and how many others came before it first did: half a line of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
struct Entry {
    key: Key,
    n: u64,
    at: usize,
}

/// A text of up to 15 bytes as it is, and its length in the sixteenth; or the place of a longer one in a list, and
/// [`LONG`](Key::LONG).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key(u128);

impl Key {
    const LONG: u8 = u8::MAX;

    /// The key of a short text.
    #[inline]
    fn short(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let len = bytes.len();
        let (low, high) = if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            if len > 15 {
                return None;
            }
            // Of the last eight bytes those that are not among the first eight.
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last) >> 8 >> (8 * (15 - len)))
        } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            let rest = u64::from(u32::from_le_bytes(*last)) >> (8 * (8 - len));
            (u64::from(u32::from_le_bytes(*first)) | rest << 32, 0)
        } else {
            (bytes.iter().rev().fold(0, |low, &byte| low << 8 | u64::from(byte)), 0)
        };
        Some(Self(u128::from(low) | u128::from(high) << 64 | (len as u128) << 120))
    }

    fn long(at: usize) -> Self {
        Self(at as u128 | u128::from(Self::LONG) << 120)
    }

    /// Where the text is in the list, if it is there.
    #[inline]
    fn place(self) -> Option<usize> {
        (self.0 >> 120 == u128::from(Self::LONG)).then_some(self.0 as usize)
    }

    fn text(self) -> String {
        let bytes = self.0.to_le_bytes();
        let text = &bytes[..usize::from(bytes[15])];
        std::str::from_utf8(text).expect("it was made of a text").to_owned()
    }
}

impl Default for Texts {
    fn default() -> Self {
        Self { table: HashTable::new(), long: Vec::new(), hasher: hasher() }
    }
}

impl Texts {
    #[inline]
    fn add(&mut self, key: Key, n: u64) {
        let hash = self.hasher.hash_one(key);
        match self.table.find_mut(hash, |entry| entry.key == key) {
            Some(entry) => entry.n += n,
            None => self.insert(hash, key, n),
        }
    }

    /// Adds a text that is no number; `keep` makes it one that is kept.
    fn add_long<S: AsRef<str>>(&mut self, text: S, n: u64, keep: impl FnOnce(S) -> String) {
        let hash = self.hasher.hash_one(text.as_ref());
        let is_it = |entry: &Entry| entry.key.place().is_some_and(|at| self.long[at] == text.as_ref());
        match self.table.find_mut(hash, is_it) {
            Some(entry) => entry.n += n,
            None => {
                let key = Key::long(self.long.len());
                self.long.push(keep(text));
                self.insert(hash, key, n);
            }
        }
    }

    #[cold]
    fn insert(&mut self, hash: u64, key: Key, n: u64) {
        let entry = Entry { key, n, at: self.table.len() };
        self.table.insert_unique(hash, entry, |entry| match entry.key.place() {
            None => self.hasher.hash_one(entry.key),
            Some(at) => self.hasher.hash_one(&*self.long[at]),
        });
    }

    /// The entries in the order in which their texts came.
    fn entries(&self) -> Vec<Entry> {
        in_order(self.table.iter().copied().collect(), |entry| entry.at)
    }
}

impl Counts<str> for Texts {
    #[inline]
    fn count(&mut self, text: &str) {
        match Key::short(text) {
            Some(key) => self.add(key, 1),
            None => self.add_long(text, 1, str::to_owned),
        }
    }

    fn joined(mut self, mut other: Self) -> Self {
        for Entry { key, n, .. } in other.entries() {
            match key.place() {
                None => self.add(key, n),
                Some(at) => self.add_long(std::mem::take(&mut other.long[at]), n, |text| text),
            }
        }
        self
    }

    fn into_pairs(mut self) -> Vec<(String, u64)> {
        let entries = self.entries().into_iter();
        let pairs = entries.map(|entry| match entry.key.place() {
            None => (entry.key.text(), entry.n),
            Some(at) => (std::mem::take(&mut self.long[at]), entry.n),
        });
        pairs.collect()
    }
}

impl Payload for Texts {
    fn nbytes(&self) -> u64 {
        let long: usize = self.long.iter().map(|text| text.capacity() + size_of::<String>()).sum();
        (self.table.capacity() * (size_of::<Entry>() + 1) + long) as u64
    }

    /// The texts and their counts; the table is made again.
    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        Some(Blob::encoded(&self.clone().into_pairs()))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        let mut texts = Self::default();
        for (text, n) in reader.read_encoded::<Vec<(String, u64)>>()? {
            match Key::short(&text) {
                Some(key) => texts.add(key, n),
                None => texts.add_long(text, n, |text| text),
            }
        }
        Ok(texts)
    }
}

/// The sink of `frequencies_of`, into tables of one kind.
pub(super) struct FrequenciesOf<Q: ?Sized, F, C> {
    keys: F,
    key: Of<Q>,
    counts: Of<C>,
}

impl<Q: ?Sized, F, C> FrequenciesOf<Q, F, C> {
    pub(super) fn new(keys: F) -> Self {
        Self { keys, key: Of::default(), counts: Of::default() }
    }
}

impl<T, Q, F, C> Sink<T> for FrequenciesOf<Q, F, C>
where
    T: 'static,
    Q: Countable + ?Sized,
    C: Counts<Q>,
    F: Fn(&T, &mut dyn FnMut(&Q)) + Send + Sync + 'static,
{
    type Acc = C;

    fn label(&self) -> Option<&str> {
        Some("frequencies_of")
    }

    fn start(&self) -> C {
        C::default()
    }

    #[inline]
    fn push(&self, _: &Run, counts: &mut C, item: T) -> Flow {
        (self.keys)(&item, &mut |key| counts.count(key));
        NEXT
    }

    fn drain(
        &self,
        stream: &dyn Stream<T>,
        run: &Run,
        args: &mut Args<'_>,
        counts: &mut C,
    ) -> Result<(), OpError> {
        let mut count = |key: &Q| counts.count(key);
        for_each_lent(stream, run, args, |item| {
            (self.keys)(item, &mut count);
            NEXT
        })
    }

    fn finish(&self, counts: C) -> Result<Value, OpError> {
        Ok(Value::sized(counts))
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(&'static T, &'static mut dyn FnMut(&Q)), F>(&self.keys)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        from.function::<fn(&'static T, &'static mut dyn FnMut(&Q)), F>().map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_of_fifteen_bytes_are_numbers_and_longer_ones_are_not() {
        for len in 0..40 {
            let text = "abcdefghijklmnopqrstuvwxyz".repeat(2)[..len].to_owned();
            let key = Key::short(&text);
            assert_eq!(key.map(Key::text), (len <= 15).then_some(text), "{len}");
            assert_eq!(key.and_then(Key::place), None);
        }
        assert_eq!(Key::long(7).place(), Some(7));
    }

    proptest! {
        #[test]
        fn texts_are_counted_as_by_hand(
            texts in prop::collection::vec("[ab\0é]{0,3}|[ab]{12,18}", 0..60),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut expected: Vec<(String, u64)> = Vec::new();
            for text in &texts {
                match expected.iter_mut().find(|(known, _)| known == text) {
                    Some((_, n)) => *n += 1,
                    None => expected.push((text.clone(), 1)),
                }
            }
            let counted = |texts: &[String]| {
                let mut counts = Texts::default();
                texts.iter().for_each(|text| counts.count(text));
                counts
            };
            let (left, right) = texts.split_at(cut.index(texts.len() + 1));
            let joined = counted(left).joined(counted(right));
            let mut bytes = Vec::new();
            joined.to_blob().unwrap().unwrap().write_to(&mut bytes).unwrap();
            let back = Texts::from_blob(&mut BlobReader::new(&mut &bytes[..]).unwrap()).unwrap();
            prop_assert_eq!(&joined.into_pairs(), &expected);
            prop_assert_eq!(back.into_pairs(), expected);
        }
    }
}
