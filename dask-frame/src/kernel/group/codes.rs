//! Keys of several columns as one number a row.
//!
//! Each column gives a number of a few bits: the distance from its smallest value if it has integers, and else
//! the number of the value among the different ones. Put together they are one integer to look up, in a table with
//! a place for each number if the numbers are small, and by hash if they are not. What would need more than 64
//! bits is numbered anew before the next column is added.

use std::ops::Range;

use arrow2::array::Utf8Array;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::known::Known;
use super::{Groups, NO_GROUP};
use crate::column::{Codes as CategoryCodes, Column, Mask, Strs, View};
use crate::hash;
use crate::kernel::keys::Keys;
use crate::kernel::texts::{self, Packed};

/// Numbers, the same for rows of the same key so far.
pub(super) struct Codes {
    of: Numbers,
    /// All numbers are below two to this.
    bits: u32,
}

/// Numbers of rows, in half the memory where they fit into it.
enum Numbers {
    Narrow(Vec<u32>),
    Wide(Vec<u64>),
}

/// A number of a row.
trait Number: Copy {
    fn wide(self) -> u64;
}

impl Number for u32 {
    fn wide(self) -> u64 {
        self.into()
    }
}

impl Number for u64 {
    fn wide(self) -> u64 {
        self
    }
}

impl Codes {
    /// Makes numbers of some columns. A missing value is a value like another.
    pub(super) fn of(columns: &[Column], n_rows: usize) -> Self {
        let Some((first, rest)) = columns.split_first() else {
            return Self { of: Numbers::Narrow(vec![0; n_rows]), bits: 0 };
        };
        let mut codes = Self::from(Coded::of(first, false));
        for column in rest {
            codes.add(column);
        }
        codes
    }

    pub(super) fn of_ids(ids: &[u32], n: usize) -> Self {
        // Rows of no group have the number of one more.
        let largest = if ids.contains(&NO_GROUP) { n } else { n.max(1) - 1 };
        let of = ids.iter().map(|&id| id.min(n as u32)).collect();
        Self { of: Numbers::Narrow(of), bits: bits(largest as u64) }
    }

    /// Makes a number below two to so many bits of each value.
    fn each<T: Copy>(values: &[T], bits: u32, number: impl Fn(T) -> u64) -> Self {
        let of = match bits <= u32::BITS {
            true => Numbers::Narrow(values.iter().map(|&value| number(value) as u32).collect()),
            false => Numbers::Wide(values.iter().map(|&value| number(value)).collect()),
        };
        Self { of, bits }
    }

    /// Adds a column to the key.
    pub(super) fn add(&mut self, column: &Column) {
        let mut next = Self::from(Coded::of(column, false));
        if self.bits + next.bits > 64 {
            self.renumber();
        }
        if self.bits + next.bits > 64 {
            next.renumber();
        }
        // Numbers of rows are below 2³², so that now both fit.
        self.bits += next.bits;
        let by = next.bits;
        match (&mut self.of, &next.of) {
            (Numbers::Narrow(these), Numbers::Narrow(next)) if self.bits <= u32::BITS => {
                let pairs = these.iter_mut().zip(next);
                // A shift by all bits happens where there is nothing to shift.
                pairs.for_each(|(code, next)| *code = code.checked_shl(by).unwrap_or(0) | next);
            }
            (Numbers::Narrow(these), Numbers::Narrow(next)) => self.of = joined(these, next, by),
            (Numbers::Narrow(these), Numbers::Wide(next)) => self.of = joined(these, next, by),
            (Numbers::Wide(these), Numbers::Narrow(next)) => self.of = joined(these, next, by),
            (Numbers::Wide(these), Numbers::Wide(next)) => self.of = joined(these, next, by),
        }
    }

    /// Numbers the keys in the order in which they first appear.
    fn renumber(&mut self) {
        let codes = std::mem::replace(self, Self { of: Numbers::Narrow(Vec::new()), bits: 0 });
        *self = codes.groups(None).into();
    }

    /// Groups the rows whose bit is set.
    pub(super) fn groups(self, keep: Option<&Mask>) -> Groups {
        match &self.of {
            Numbers::Narrow(of) => grouped(of, self.bits, keep),
            Numbers::Wide(of) => grouped(of, self.bits, keep),
        }
    }
}

/// Puts two numbers of each row together, of which the second has so many bits.
fn joined(first: &[impl Number], second: &[impl Number], bits: u32) -> Numbers {
    let both = first.iter().zip(second);
    let of = both.map(|(first, second)| first.wide().checked_shl(bits).unwrap_or(0) | second.wide());
    Numbers::Wide(of.collect())
}

/// Groups rows by numbers of so many bits.
fn grouped(of: &[impl Number], bits: u32, keep: Option<&Mask>) -> Groups {
    let places = 1u64.checked_shl(bits).unwrap_or(u64::MAX);
    if are_few(places, of.len()) {
        return by_place(places, of.len(), keep, |row| of[row].wide());
    }
    let codes = |rows: Range<usize>| of[rows].iter().map(|code| code.wide());
    of_keys(of.len(), keep, codes, |&code| hash::word(code))
}

/// Whether a table with a place for each number is no larger than what it is looked up for.
fn are_few(places: u64, n_rows: usize) -> bool {
    places <= (2 * n_rows as u64).max(1024)
}

/// Groups rows by numbers below `places`.
fn by_place(places: u64, n_rows: usize, keep: Option<&Mask>, number: impl Fn(usize) -> u64) -> Groups {
    let mut table = vec![NO_GROUP; places as usize];
    numbered(n_rows, keep, |row, new| {
        let place = &mut table[number(row) as usize];
        if *place == NO_GROUP {
            *place = new;
        }
        *place
    })
}

/// Numbers rows: `id` gives the number of a row's key, which is that given to it if the key is new.
#[inline]
fn numbered(n_rows: usize, keep: Option<&Mask>, mut id: impl FnMut(usize, u32) -> u32) -> Groups {
    // In each of the loops, since a call for each row would take a good part of the time.
    #[inline(always)]
    fn number(row: usize, firsts: &mut Vec<u32>, id: impl FnOnce(usize, u32) -> u32) -> u32 {
        let new = firsts.len() as u32;
        let id = id(row, new);
        if id == new {
            firsts.push(row as u32);
        }
        id
    }
    let mut first_rows = Vec::new();
    let mut ids = Vec::with_capacity(n_rows);
    match keep {
        None => ids.extend((0..n_rows).map(|row| number(row, &mut first_rows, &mut id))),
        Some(keep) => ids.extend((0..n_rows).map(|row| match keep.get(row) {
            true => number(row, &mut first_rows, &mut id),
            false => NO_GROUP,
        })),
    }
    let n = first_rows.len();
    Groups::numbered(ids, keep.is_none(), first_rows, n)
}

/// Returns how many bits a number has.
fn bits(largest: u64) -> u32 {
    64 - largest.leading_zeros()
}

/// The numbers of one column.
pub(super) enum Coded {
    /// Read off its values.
    Codes(Codes),
    /// In the order in which values first appear; what is missing belongs to no group.
    Groups(Groups),
}

impl Coded {
    /// Numbers the values of a column, which is the whole key or one of several.
    pub(super) fn of(column: &Column, is_whole: bool) -> Self {
        let validity = column.validity();
        let validity = validity.as_ref();
        match column.keyed().view() {
            View::Int64(values) | View::Ticks(values, _) => of_ints(values, validity, is_whole),
            View::Bool(values) => {
                let of = (0..column.len()).map(|row| 1 + u32::from(values.get(row))).collect();
                Self::Codes(Codes { of: Numbers::Narrow(of), bits: 2 }.with_nulls(validity))
            }
            View::Utf8(Strs::Own(texts)) => Self::Groups(of_texts(texts, validity)),
            View::Utf8(Strs::Codes(codes)) => Self::Codes(of_categories(codes, validity)),
            _ => Self::Groups(of_others(column, validity)),
        }
    }
}

impl From<Coded> for Codes {
    fn from(coded: Coded) -> Self {
        match coded {
            Coded::Codes(codes) => codes,
            Coded::Groups(groups) => groups.into(),
        }
    }
}

impl From<Groups> for Codes {
    /// What belongs to no group is missing.
    fn from(groups: Groups) -> Self {
        let mut of = groups.ids;
        // Adding one to the number of what is missing makes it 0.
        let base = u32::from(!groups.complete);
        if base > 0 {
            of.iter_mut().for_each(|id| *id = id.wrapping_add(base));
        }
        Self { of: Numbers::Narrow(of), bits: bits(groups.n.max(1) as u64 - 1 + u64::from(base)) }
    }
}

fn of_ints(values: &[i64], validity: Option<&Mask>, is_whole: bool) -> Coded {
    let valid = |row: usize| validity.is_none_or(|valid| valid.get(row));
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    match validity {
        None => values.iter().for_each(|&x| (low, high) = (low.min(x), high.max(x))),
        Some(_) => values.iter().enumerate().filter(|(row, _)| valid(*row)).for_each(|(_, &x)| {
            (low, high) = (low.min(x), high.max(x));
        }),
    }
    if low > high {
        return Coded::Codes(Codes { of: Numbers::Narrow(vec![0; values.len()]), bits: 0 });
    }
    let range = high.abs_diff(low);
    if is_whole && are_few(range.saturating_add(1), values.len()) {
        let number = |row: usize| values[row].wrapping_sub(low) as u64;
        return Coded::Groups(by_place(range + 1, values.len(), validity, number));
    }
    let base = u64::from(validity.is_some());
    let Some(largest) = range.checked_add(base) else {
        // Only a range of all 64 bits leaves no number for the missing.
        let hash = |&value: &i64| hash::word(value as u64);
        let keys = |rows: Range<usize>| values[rows].iter().copied();
        return Coded::Groups(of_keys(values.len(), validity, keys, hash));
    };
    // What stands in the place of a missing value may be anything.
    let number = |x: i64| (x.wrapping_sub(low) as u64).wrapping_add(base);
    Coded::Codes(Codes::each(values, bits(largest), number).with_nulls(validity))
}

fn of_categories(codes: &CategoryCodes, validity: Option<&Mask>) -> Codes {
    let base = u64::from(validity.is_some());
    let largest = (codes.categories().len().max(1) - 1) as u64 + base;
    // What stands in the place of a missing value may be anything.
    let number = |code: u32| u64::from(code) + base;
    Codes::each(codes.array().values(), bits(largest), number).with_nulls(validity)
}

fn of_texts(texts: &Utf8Array<i64>, validity: Option<&Mask>) -> Groups {
    let n_rows = texts.len();
    if texts::are_short::<u64>(texts) {
        return of_keys(n_rows, validity, |rows| texts::packed::<u64>(texts, rows), |text| text.hash());
    }
    if texts::are_short::<u128>(texts) {
        return of_keys(n_rows, validity, |rows| texts::packed::<u128>(texts, rows), |text| text.hash());
    }
    let letters = |rows: Range<usize>| rows.map(|row| texts.value(row));
    of_keys(n_rows, validity, letters, |text| hash::bytes(text.as_bytes()))
}

/// Numbers keys by what they are: `keys` gives those of some rows.
fn of_keys<K: Copy + Eq, I: Iterator<Item = K>>(
    n_rows: usize,
    validity: Option<&Mask>,
    keys: impl Fn(Range<usize>) -> I,
    hash: impl Fn(&K) -> u64,
) -> Groups {
    /// So many rows are looked up together.
    const TOGETHER: usize = 64;
    let mut known = Known::new();
    let (mut ids, mut first_rows) = (vec![0; n_rows], Vec::new());
    let (mut some, mut hashes) = (Vec::with_capacity(TOGETHER), [0; TOGETHER]);
    for (nth, ids) in ids.chunks_mut(TOGETHER).enumerate() {
        let first = nth * TOGETHER;
        some.clear();
        some.extend(keys(first..first + ids.len()));
        hashes.iter_mut().zip(&some).for_each(|(to, key)| *to = hash(key));
        known.look_up(&some, &hashes, ids);
        for (at, id) in ids.iter_mut().enumerate() {
            if validity.is_some_and(|valid| !valid.get(first + at)) {
                *id = NO_GROUP;
            } else if *id == NO_GROUP {
                let new = first_rows.len() as u32;
                *id = known.id(some[at], hashes[at], &hash);
                if *id == new {
                    first_rows.push((first + at) as u32);
                }
            }
        }
    }
    let n = first_rows.len();
    Groups::numbered(ids, validity.is_none(), first_rows, n)
}

/// Numbers values of other types by what is known of keys.
fn of_others(column: &Column, validity: Option<&Mask>) -> Groups {
    let columns = [column.clone()];
    let keys = Keys::new(&columns, column.len());
    let hashes = keys.hashes();
    let mut table = HashTable::<(u32, u32)>::new();
    numbered(column.len(), validity, |row, new| {
        let same = |(first, _): &(u32, u32)| keys.equal(*first as usize, &keys, row);
        match table.entry(hashes[row], same, |(first, _)| hashes[*first as usize]) {
            Entry::Occupied(entry) => entry.get().1,
            Entry::Vacant(slot) => {
                slot.insert((row as u32, new));
                new
            }
        }
    })
}

impl Codes {
    /// Gives the number 0 to what is missing.
    fn with_nulls(mut self, validity: Option<&Mask>) -> Self {
        if let Some(valid) = validity {
            match &mut self.of {
                Numbers::Narrow(of) => clear(of, valid),
                Numbers::Wide(of) => clear(of, valid),
            }
        }
        self
    }
}

/// Gives the number 0 to rows whose bit is not set.
fn clear<N: Number + Default>(of: &mut [N], valid: &Mask) {
    let missing = of.iter_mut().enumerate().filter(|(row, _)| !valid.get(*row));
    missing.for_each(|(_, code)| *code = N::default());
}
