//! Keys of several columns as one number a row.
//!
//! Each column gives a number of a few bits: the distance from its smallest value if it has integers, and else
//! the number of the value among the different ones. Put together they are one integer to look up, in a table with
//! a place for each number if the numbers are small, and by hash if they are not. What would need more than 64
//! bits is numbered anew before the next column is added.

use arrow2::array::Utf8Array;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::texts::{self, Packed};
use super::{Groups, NO_GROUP};
use crate::column::{Categories, Column, Mask, Strs, View};
use crate::hash;
use crate::kernel::keys::Keys;

/// Numbers, the same for rows of the same key so far.
pub(super) struct Codes {
    of: Vec<u64>,
    /// All numbers are below two to this.
    bits: u32,
}

impl Codes {
    /// Makes numbers of some columns. A missing value is a value like another.
    pub(super) fn of(columns: &[Column], n_rows: usize) -> Self {
        let Some((first, rest)) = columns.split_first() else { return Self { of: vec![0; n_rows], bits: 0 } };
        let mut codes = of_column(first);
        for column in rest {
            codes.add(column);
        }
        codes
    }

    pub(super) fn of_ids(ids: &[u32], n: usize) -> Self {
        Self { of: ids.iter().map(|&id| id.into()).collect(), bits: bits(n.max(1) as u64 - 1) }.below(ids, n)
    }

    /// Rows of no group have the number of one more.
    fn below(mut self, ids: &[u32], n: usize) -> Self {
        if ids.contains(&NO_GROUP) {
            self.bits = bits(n as u64);
            for code in &mut self.of {
                *code = (*code).min(n as u64);
            }
        }
        self
    }

    /// Adds a column to the key.
    pub(super) fn add(&mut self, column: &Column) {
        let mut next = of_column(column);
        if self.bits + next.bits > 64 {
            self.renumber();
        }
        if self.bits + next.bits > 64 {
            next.renumber();
        }
        // Numbers of rows are below 2³², so that now both fit.
        for (code, next_code) in self.of.iter_mut().zip(&next.of) {
            // A shift by 64 happens where there is nothing to shift.
            *code = code.checked_shl(next.bits).unwrap_or(0) | next_code;
        }
        self.bits += next.bits;
    }

    /// Numbers the keys in the order in which they first appear.
    fn renumber(&mut self) {
        let Groups { ids, n, .. } = std::mem::replace(self, Self { of: Vec::new(), bits: 0 }).groups(None);
        *self = Self { of: ids.into_iter().map(u64::from).collect(), bits: bits(n.max(1) as u64 - 1) };
    }

    /// Groups the rows whose bit is set.
    pub(super) fn groups(self, keep: Option<&Mask>) -> Groups {
        let n_rows = self.of.len();
        let places = 1u64.checked_shl(self.bits).unwrap_or(u64::MAX);
        match places <= (2 * n_rows as u64).max(1024) {
            true => {
                let mut table = vec![NO_GROUP; places as usize];
                numbered(n_rows, keep, |row, new| {
                    let place = &mut table[self.of[row] as usize];
                    if *place == NO_GROUP {
                        *place = new;
                    }
                    *place
                })
            }
            false => {
                let mut table = HashTable::<(u64, u32)>::new();
                numbered(n_rows, keep, |row, new| {
                    let code = self.of[row];
                    id_of(&mut table, hash::word(code), code, new, |code| hash::word(*code))
                })
            }
        }
    }
}

/// Returns the number of a key, which is `new` if it is a new one.
#[inline]
fn id_of<K: Copy + Eq>(
    table: &mut HashTable<(K, u32)>,
    hash: u64,
    key: K,
    new: u32,
    rehash: impl Fn(&K) -> u64,
) -> u32 {
    match table.entry(hash, |(known, _)| *known == key, |(known, _)| rehash(known)) {
        Entry::Occupied(entry) => entry.get().1,
        Entry::Vacant(slot) => {
            slot.insert((key, new));
            new
        }
    }
}

/// Numbers rows: `id` gives the number of a row's key, which is that given to it if the key is new.
#[inline]
fn numbered(n_rows: usize, keep: Option<&Mask>, mut id: impl FnMut(usize, u32) -> u32) -> Groups {
    let mut first_rows = Vec::new();
    let mut ids = Vec::with_capacity(n_rows);
    let mut number = |row: usize| {
        let new = first_rows.len() as u32;
        let id = id(row, new);
        if id == new {
            first_rows.push(row as u32);
        }
        id
    };
    match keep {
        None => ids.extend((0..n_rows).map(number)),
        Some(keep) => {
            ids.extend((0..n_rows).map(|row| if keep.get(row) { number(row) } else { NO_GROUP }));
        }
    }
    let n = first_rows.len();
    Groups { ids, complete: keep.is_none(), first_rows, n }
}

/// Returns how many bits a number has.
fn bits(largest: u64) -> u32 {
    64 - largest.leading_zeros()
}

fn of_column(column: &Column) -> Codes {
    let validity = column.validity();
    match column.view() {
        View::Int64(values) | View::Ticks(values, _) => of_ints(values, validity.as_ref()),
        View::Bool(values) => {
            let of = (0..column.len()).map(|row| 1 + u64::from(values.get(row))).collect();
            Codes { of, bits: 2 }.with_nulls(validity.as_ref())
        }
        View::Utf8(Strs::Own(texts)) => of_texts(texts, validity.as_ref()),
        View::Utf8(Strs::Codes(codes)) => of_categories(codes, validity.as_ref()),
        _ => of_others(column, validity.as_ref()),
    }
}

fn of_ints(values: &[i64], validity: Option<&Mask>) -> Codes {
    let valid = |row: usize| validity.is_none_or(|valid| valid.get(row));
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    match validity {
        None => values.iter().for_each(|&x| (low, high) = (low.min(x), high.max(x))),
        Some(_) => values.iter().enumerate().filter(|(row, _)| valid(*row)).for_each(|(_, &x)| {
            (low, high) = (low.min(x), high.max(x));
        }),
    }
    if low > high {
        return Codes { of: vec![0; values.len()], bits: 0 };
    }
    let range = high.abs_diff(low);
    let base = u64::from(validity.is_some());
    let Some(largest) = range.checked_add(base) else {
        // Only a range of all 64 bits leaves no number for the missing.
        return of_keys(values.len(), validity, |row| values[row], |&value| hash::word(value as u64));
    };
    // What stands in the place of a missing value may be anything.
    let of = values.iter().map(|&x| (x.wrapping_sub(low) as u64).wrapping_add(base)).collect();
    let codes = Codes { of, bits: bits(largest) };
    codes.with_nulls(validity)
}

fn of_categories(codes: &Categories, validity: Option<&Mask>) -> Codes {
    let base = u64::from(validity.is_some());
    // What stands in the place of a missing value may be anything.
    let of = codes.array().values().iter().map(|&code| u64::from(code) + base).collect();
    let largest = (codes.categories().len().max(1) - 1) as u64 + base;
    Codes { of, bits: bits(largest) }.with_nulls(validity)
}

fn of_texts(texts: &Utf8Array<i64>, validity: Option<&Mask>) -> Codes {
    let longest = texts::longest(texts);
    if longest <= u64::LONGEST {
        let numbers = texts::packed::<u64>(texts);
        return of_keys(texts.len(), validity, |row| numbers[row], |&number| hash::word(number));
    }
    if longest <= u128::LONGEST {
        let numbers = texts::packed::<u128>(texts);
        return of_keys(texts.len(), validity, |row| numbers[row], |&number| hash::two_words(number));
    }
    of_keys(texts.len(), validity, |row| texts.value(row), |text| hash::bytes(text.as_bytes()))
}

/// Numbers keys by what they are.
fn of_keys<K: Copy + Eq>(
    n_rows: usize,
    validity: Option<&Mask>,
    key: impl Fn(usize) -> K,
    hash: impl Fn(&K) -> u64,
) -> Codes {
    let mut table = HashTable::<(K, u32)>::new();
    of_groups(numbered(n_rows, validity, |row, new| {
        let key = key(row);
        id_of(&mut table, hash(&key), key, new, &hash)
    }))
}

/// Numbers values of other types by what is known of keys.
fn of_others(column: &Column, validity: Option<&Mask>) -> Codes {
    let columns = [column.clone()];
    let keys = Keys::new(&columns, column.len());
    let hashes = keys.hashes();
    let mut table = HashTable::<(u32, u32)>::new();
    of_groups(numbered(column.len(), validity, |row, new| {
        let same = |(first, _): &(u32, u32)| keys.equal(*first as usize, &keys, row);
        match table.entry(hashes[row], same, |(first, _)| hashes[*first as usize]) {
            Entry::Occupied(entry) => entry.get().1,
            Entry::Vacant(slot) => {
                slot.insert((row as u32, new));
                new
            }
        }
    }))
}

/// Numbers of groups as codes; what belongs to none is missing.
fn of_groups(groups: Groups) -> Codes {
    // Adding one to the number of what is missing makes it 0.
    let base = u32::from(!groups.complete);
    let of = groups.ids.iter().map(|id| id.wrapping_add(base).into()).collect();
    Codes { of, bits: bits(groups.n.max(1) as u64 - 1 + u64::from(base)) }
}

impl Codes {
    /// Gives the number 0 to what is missing.
    fn with_nulls(mut self, validity: Option<&Mask>) -> Self {
        if let Some(valid) = validity {
            self.of
                .iter_mut()
                .enumerate()
                .filter(|(row, _)| !valid.get(*row))
                .for_each(|(_, code)| *code = 0);
        }
        self
    }
}
