//! The rows of each key of a table, one after the other.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::firsts::Firsts;
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

/// The first row of each key. A single key has a row for the missing value, too; [`NO_ROW`] where there is none.
enum Heads {
    /// By the distance from the smallest value of a single key of integers, which lie close together.
    Places { low: i64, rows: Vec<u32>, null: u32 },
    /// By the value of a single key of integers.
    Ints(Firsts<i64>, u32),
    /// By the texts of a single key, none of which is longer than 7 bytes.
    Short(Firsts<u64>, u32),
    /// None of which is longer than 15.
    Longer(Firsts<u128>, u32),
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
                        let texts = texts::packed(texts, 0..n_rows).collect();
                        let (heads, null) = of_numbers(texts, u64::hash, validity.as_ref(), &mut links);
                        Heads::Short(heads, null)
                    }
                    View::Utf8(Strs::Own(texts)) if texts::are_short::<u128>(texts) => {
                        let texts = texts::packed(texts, 0..n_rows).collect();
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

    /// Returns for each row of some keys, of the types of `keys`, by which rows were chained, the first row of its key
    /// here, or [`NO_ROW`].
    pub(super) fn look_up(&self, keys: &[Column], others: &[Column], n_rows: usize) -> Vec<u32> {
        let (mut heads, null) = match &self.heads {
            Heads::Places { low, rows, null } => {
                let head = |value: &i64| rows.get(place(*value, *low) as usize).copied().unwrap_or(NO_ROW);
                (ints(&only(others).keyed()).iter().map(head).collect(), *null)
            }
            Heads::Ints(heads, null) => {
                let values = only(others).keyed();
                (heads.look_up(ints(&values).iter().map(|value| Some(*value)), int_hash), *null)
            }
            Heads::Short(heads, null) => (look_up_texts(only(others), heads), *null),
            Heads::Longer(heads, null) => (look_up_texts(only(others), heads), *null),
            Heads::Hashes(heads) => {
                let (others, keys) = (Keys::new(others, n_rows), Keys::new(keys, self.links.next.len()));
                let head = |(row, hash): (usize, u64)| {
                    let is_same =
                        |head: &(u64, u32)| head.0 == hash && others.equal(row, &keys, head.1 as usize);
                    heads.find(hash, is_same).map_or(NO_ROW, |head| head.1)
                };
                return others.hashes().into_iter().enumerate().map(head).collect();
            }
        };
        if let Some(valid) = only(others).validity() {
            let missing = heads.iter_mut().enumerate().filter(|(row, _)| !valid.get(*row));
            missing.for_each(|(_, head)| *head = null);
        }
        heads
    }

    pub(super) fn nbytes(&self) -> u64 {
        let heads = match &self.heads {
            Heads::Places { rows, .. } => size_of_val(&rows[..]),
            Heads::Ints(heads, _) => heads.nbytes(),
            Heads::Short(heads, _) => heads.nbytes(),
            Heads::Longer(heads, _) => heads.nbytes(),
            Heads::Hashes(heads) => 17 * heads.capacity(),
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
        let (heads, null) = of_numbers(values.to_vec(), int_hash, validity, links);
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
    numbers: Vec<K>,
    hash: impl Fn(K) -> u64,
    validity: Option<&Mask>,
    links: &mut Links,
) -> (Firsts<K>, u32) {
    let (mut heads, mut null) = (Firsts::new(numbers), NO_ROW);
    for row in (0..links.next.len()).rev() {
        if validity.is_some_and(|valid| !valid.get(row)) {
            links.put(&mut null, row);
            continue;
        }
        let key = heads.key(row);
        links.put(heads.place(key, hash(key)), row);
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

/// The values of a key of integers.
fn ints(key: &Column) -> &[i64] {
    let (View::Int64(values) | View::Ticks(values, _)) = key.view() else { one_type() };
    values
}

/// Looks up the rows of a key of texts, as far as these are short enough.
fn look_up_texts<P: Packed>(key: &Column, heads: &Firsts<P>) -> Vec<u32> {
    match key.view() {
        View::Utf8(Strs::Own(texts)) => heads.look_up((0..key.len()).map(texts::short(texts)), P::hash),
        View::Utf8(texts) => heads.look_up((0..key.len()).map(|row| P::of(texts.get(row))), P::hash),
        _ => one_type(),
    }
}

fn only(keys: &[Column]) -> &Column {
    let [key] = keys else { one_type() };
    key
}

fn one_type() -> ! {
    unreachable!("the keys of both sides were given one type when the join was written")
}
