//! The rows of each key of a table, one after the other.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::column::{Column, Mask, NO_ROW, Strs, View};
use crate::hash;
use crate::kernel::keys::Keys;
use crate::kernel::texts::{self, Packed};

/// The first row of each key, and for each row the next one of its key.
pub(super) struct Chains {
    heads: Heads,
    links: Links,
}

/// The next row of the same key.
struct Links {
    next: Vec<u32>,
    /// Whether no key has a second row.
    is_unique: bool,
}

/// The first row of each key, flat: what tells most keys apart is beside the row, so that a probe looks at one place. A
/// single key has a row for the missing value, too; [`NO_ROW`] where there is none.
enum Heads {
    /// By the distance from the smallest value of a single key of integers, which lie close together.
    Places { low: i64, rows: Vec<u32>, null: u32 },
    /// By the value of a single key of integers.
    Ints(HashTable<(i64, u32)>, u32),
    /// By the texts of a single key, none of which is longer than 7 bytes.
    Short(HashTable<(u64, u32)>, u32),
    /// None of which is longer than 15.
    Longer(HashTable<(u128, u32)>, u32),
    /// By hash.
    Hashes(HashTable<(u64, u32)>),
}

impl Chains {
    /// Chains rows by their keys.
    pub(super) fn new(keys: &[Column], n_rows: usize) -> Self {
        let mut links = Links { next: vec![NO_ROW; n_rows], is_unique: true };
        let heads = match keys {
            [key] => {
                let (key, validity) = (key.keyed(), key.validity());
                match key.view() {
                    View::Int64(values) | View::Ticks(values, _) => {
                        of_ints(values, validity.as_ref(), &mut links)
                    }
                    View::Utf8(Strs::Own(texts)) if texts::are_short::<u64>(texts) => {
                        let texts = texts::packed(texts, 0..n_rows);
                        let (heads, null) = of_numbers(texts, u64::hash, validity.as_ref(), &mut links);
                        Heads::Short(heads, null)
                    }
                    View::Utf8(Strs::Own(texts)) if texts::are_short::<u128>(texts) => {
                        let texts = texts::packed(texts, 0..n_rows);
                        let (heads, null) = of_numbers(texts, u128::hash, validity.as_ref(), &mut links);
                        Heads::Longer(heads, null)
                    }
                    _ => of_hashes(&Keys::new(keys, n_rows), &mut links),
                }
            }
            _ => of_hashes(&Keys::new(keys, n_rows), &mut links),
        };
        Self { heads, links }
    }

    /// Returns whether no key has a second row.
    pub(super) fn is_unique(&self) -> bool {
        self.links.is_unique
    }

    /// Returns the next row of the same key.
    #[inline]
    pub(super) fn next(&self, row: u32) -> u32 {
        self.links.next[row as usize]
    }

    /// Returns the first row of each key, in the order of the table.
    pub(super) fn heads(&self) -> impl Iterator<Item = u32> {
        let next = &self.links.next;
        let mut is_head = vec![true; next.len()];
        next.iter().filter(|next| **next != NO_ROW).for_each(|next| is_head[*next as usize] = false);
        (0..).zip(is_head).filter(|(_, is_head)| *is_head).map(|(row, _)| row)
    }

    /// Calls `found` for each row of some keys, of the types of `keys`, by which rows were chained, with the first row of
    /// its key here, or [`NO_ROW`].
    pub(super) fn probe(
        &self,
        keys: &[Column],
        others: &[Column],
        n_rows: usize,
        mut found: impl FnMut(u32, u32),
    ) {
        match &self.heads {
            Heads::Places { low, rows, null } => probe_ints(others, *null, found, |value| {
                rows.get(place(value, *low) as usize).copied().unwrap_or(NO_ROW)
            }),
            Heads::Ints(heads, null) => {
                probe_ints(others, *null, found, |value| find(heads, value, int_hash))
            }
            Heads::Short(heads, null) => {
                probe_texts(others, *null, found, |text| find(heads, text, u64::hash))
            }
            Heads::Longer(heads, null) => {
                probe_texts(others, *null, found, |text| find(heads, text, u128::hash));
            }
            Heads::Hashes(heads) => {
                let (others, keys) = (Keys::new(others, n_rows), Keys::new(keys, self.links.next.len()));
                for (row, hash) in others.hashes().into_iter().enumerate() {
                    let head = heads
                        .find(hash, |(of, head)| *of == hash && others.equal(row, &keys, *head as usize));
                    found(row as u32, head.map_or(NO_ROW, |head| head.1));
                }
            }
        }
    }

    pub(super) fn nbytes(&self) -> u64 {
        let heads = match &self.heads {
            Heads::Places { rows, .. } => size_of_val(&rows[..]),
            Heads::Ints(heads, _) => 17 * heads.capacity(),
            Heads::Short(heads, _) | Heads::Hashes(heads) => 17 * heads.capacity(),
            Heads::Longer(heads, _) => 33 * heads.capacity(),
        };
        (size_of_val(&self.links.next[..]) + heads) as u64
    }
}

impl Links {
    /// Puts a row before the others of its key, of which `head` was the first.
    fn put(&mut self, head: &mut u32, row: usize) {
        self.is_unique &= *head == NO_ROW;
        self.next[row] = std::mem::replace(head, row as u32);
    }
}

/// Where a value stands among those from `low` on; far away if it is below.
#[inline]
fn place(value: i64, low: i64) -> u64 {
    value.wrapping_sub(low) as u64
}

fn int_hash(value: i64) -> u64 {
    hash::word(value as u64)
}

fn of_ints(values: &[i64], validity: Option<&Mask>, links: &mut Links) -> Heads {
    let is_valid = |row: usize| validity.is_none_or(|valid| valid.get(row));
    let valid = || values.iter().enumerate().filter(|(row, _)| is_valid(*row)).map(|(_, value)| *value);
    let low = valid().min().unwrap_or(0);
    let n_places = valid().max().map_or(0, |high| place(high, low).saturating_add(1));
    // A place for each value that there may be, if that takes no more than a table would.
    if n_places > (4 * values.len() as u64).max(1024) {
        let (heads, null) = of_numbers(values.iter().copied(), int_hash, validity, links);
        return Heads::Ints(heads, null);
    }
    let (mut rows, mut null) = (vec![NO_ROW; n_places as usize], NO_ROW);
    // Backwards, so that each chain runs forwards; below, too.
    for (row, &value) in values.iter().enumerate().rev() {
        let head = if is_valid(row) { &mut rows[place(value, low) as usize] } else { &mut null };
        links.put(head, row);
    }
    Heads::Places { low, rows, null }
}

/// Chains rows by numbers that are equal where the keys are.
fn of_numbers<K: Copy + Eq>(
    numbers: impl DoubleEndedIterator<Item = K> + ExactSizeIterator,
    hash: impl Fn(K) -> u64,
    validity: Option<&Mask>,
    links: &mut Links,
) -> (HashTable<(K, u32)>, u32) {
    let (mut heads, mut null) = (HashTable::<(K, u32)>::with_capacity(numbers.len()), NO_ROW);
    for (row, number) in numbers.enumerate().rev() {
        if validity.is_some_and(|valid| !valid.get(row)) {
            links.put(&mut null, row);
            continue;
        }
        match heads.entry(hash(number), |head| head.0 == number, |head| hash(head.0)) {
            Entry::Occupied(mut head) => links.put(&mut head.get_mut().1, row),
            Entry::Vacant(slot) => {
                slot.insert((number, row as u32));
            }
        }
    }
    (heads, null)
}

fn of_hashes(keys: &Keys<'_>, links: &mut Links) -> Heads {
    let mut heads = HashTable::<(u64, u32)>::with_capacity(links.next.len());
    for (row, hash) in keys.hashes().into_iter().enumerate().rev() {
        let is_same = |head: &(u64, u32)| head.0 == hash && keys.equal(head.1 as usize, keys, row);
        match heads.entry(hash, is_same, |head| head.0) {
            Entry::Occupied(mut head) => links.put(&mut head.get_mut().1, row),
            Entry::Vacant(slot) => {
                slot.insert((hash, row as u32));
            }
        }
    }
    Heads::Hashes(heads)
}

#[inline]
fn find<K: Copy + Eq>(heads: &HashTable<(K, u32)>, key: K, hash: impl Fn(K) -> u64) -> u32 {
    heads.find(hash(key), |head| head.0 == key).map_or(NO_ROW, |head| head.1)
}

/// Calls `found` for each row of a key of integers with what `head` says of its value.
#[inline]
fn probe_ints(others: &[Column], null: u32, found: impl FnMut(u32, u32), head: impl Fn(i64) -> u32) {
    let key = only(others).keyed();
    let (View::Int64(values) | View::Ticks(values, _)) = key.view() else { one_type() };
    probe_rows(&key, null, found, |row| head(values[row]));
}

/// Calls `found` for each row of a key of texts with what `head` says of its text, if that is short enough.
#[inline]
fn probe_texts<P: Packed>(
    others: &[Column],
    null: u32,
    found: impl FnMut(u32, u32),
    head: impl Fn(P) -> u32,
) {
    let key = only(others);
    match key.view() {
        View::Utf8(Strs::Own(texts)) => {
            let short = texts::short(texts);
            probe_rows(key, null, found, |row| short(row).map_or(NO_ROW, &head));
        }
        View::Utf8(texts) => probe_rows(key, null, found, |row| P::of(texts.get(row)).map_or(NO_ROW, &head)),
        _ => one_type(),
    }
}

#[inline]
fn probe_rows(key: &Column, null: u32, mut found: impl FnMut(u32, u32), head: impl Fn(usize) -> u32) {
    match key.validity() {
        None => (0..key.len()).for_each(|row| found(row as u32, head(row))),
        Some(valid) => {
            (0..key.len()).for_each(|row| found(row as u32, if valid.get(row) { head(row) } else { null }));
        }
    }
}

fn only(keys: &[Column]) -> &Column {
    let [key] = keys else { one_type() };
    key
}

fn one_type() -> ! {
    unreachable!("the keys of both sides were given one type when the join was written")
}
