//! A table indexed by key, and the pairs of rows that a join makes with it.

use std::sync::Arc;

use dask_graph::{Blob, BlobError, BlobReader, Payload};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::keys::Keys;
use crate::column::{Column, Mask, NO_ROW, View};
use crate::error::{EvalError, FrameError};
use crate::expr::cast_column;
use crate::hash;
use crate::schema::DataType;
use crate::table::{Table, blob};

/// One side of a join, indexed once and probed by the rows of the other.
pub(crate) struct JoinIndex {
    pub(crate) table: Table,
    /// Names of the key columns, and the types in which keys are compared.
    on: Vec<(Arc<str>, DataType)>,
    keys: Vec<Column>,
    heads: Heads,
    /// The next row of the same key.
    next: Vec<u32>,
    /// Whether no key has a second row.
    is_unique: bool,
}

/// The first row of each key, flat: what tells most keys apart is beside the row, so that a probe looks at one place.
enum Heads {
    /// By the distance from the smallest value of a single key of integers, which lie close together; and of the
    /// missing value. [`NO_ROW`] where there is no such value.
    Places { low: i64, rows: Vec<u32>, null: u32 },
    /// By the value of a single key of integers; and of the missing value.
    Ints(HashTable<(i64, u32)>, u32),
    /// By hash.
    Hashes(HashTable<(u64, u32)>),
}

/// Row numbers of both sides, pair by pair; [`NO_ROW`] where a side has none.
#[derive(Default)]
pub(crate) struct Pairs {
    pub(crate) left: Vec<u32>,
    pub(crate) right: Vec<u32>,
    /// How many pairs at the end have no left row.
    pub(crate) n_right_alone: usize,
}

/// Returns columns of a table by name, brought to the types in which keys are compared.
pub(crate) fn key_columns<'a>(
    table: &Table,
    on: impl IntoIterator<Item = &'a (Arc<str>, DataType)>,
) -> Result<Vec<Column>, EvalError> {
    on.into_iter().map(|(name, dtype)| cast_column(name, table.column(name)?, *dtype)).collect()
}

/// The values of a single key of integers, and which are there.
fn ints(keys: &[Column]) -> Option<(&[i64], Option<Mask>)> {
    match keys {
        [key] => match key.view() {
            View::Int64(values) | View::Ticks(values, _) => Some((values, key.validity())),
            _ => None,
        },
        _ => None,
    }
}

impl JoinIndex {
    /// Indexes a table by some of its columns, brought to the types in which keys are compared.
    pub(crate) fn new(table: Table, on: Vec<(Arc<str>, DataType)>) -> Result<Self, EvalError> {
        let keys = key_columns(&table, &on)?;
        let (heads, next, is_unique) = match ints(&keys) {
            Some((values, validity)) => by_ints(values, validity.as_ref()),
            None => by_hashes(&Keys::new(&keys, table.n_rows()), table.n_rows()),
        };
        Ok(Self { table, on, keys, heads, next, is_unique })
    }

    /// Returns the pairs of rows of equal keys, in the order of the left rows and for each in the order of the table; a
    /// missing key equals a missing key. With `keep_left`, a left row without partner is paired with [`NO_ROW`].
    pub(crate) fn pairs(&self, left: &[Column], n_rows: usize, keep_left: bool) -> Result<Pairs, FrameError> {
        if self.is_unique {
            let (mut left_rows, mut right_rows) = (vec![0; n_rows], vec![0; n_rows]);
            let mut n_pairs = 0;
            // Written always and kept perhaps: whether a row has a partner is hard to foresee.
            self.probe(left, n_rows, |row, head| {
                left_rows[n_pairs] = row;
                right_rows[n_pairs] = head;
                n_pairs += usize::from(head != NO_ROW || keep_left);
            });
            left_rows.truncate(n_pairs);
            right_rows.truncate(n_pairs);
            return Ok(Pairs { left: left_rows, right: right_rows, n_right_alone: 0 });
        }
        let mut pairs =
            Pairs { left: Vec::with_capacity(n_rows), right: Vec::with_capacity(n_rows), n_right_alone: 0 };
        let mut n_pairs = 0;
        let each = |row: u32, head: u32| {
            let mut at = head;
            // Rows beyond what a table can have are counted and not kept.
            while at != NO_ROW {
                n_pairs += 1;
                if n_pairs < u32::MAX as usize {
                    pairs.left.push(row);
                    pairs.right.push(at);
                }
                at = self.next[at as usize];
            }
            if head == NO_ROW && keep_left {
                n_pairs += 1;
                pairs.left.push(row);
                pairs.right.push(NO_ROW);
            }
        };
        self.probe(left, n_rows, each);
        if n_pairs < u32::MAX as usize { Ok(pairs) } else { Err(FrameError::TooManyRows { rows: n_pairs }) }
    }

    /// Returns which rows of the indexed table have a partner among the rows of these keys.
    pub(crate) fn matched(&self, others: &[Column], n_rows: usize) -> Mask {
        let mut matched = vec![false; self.table.n_rows()];
        self.probe(others, n_rows, |_, head| {
            let mut at = head;
            // A chain is marked as a whole, so a marked head ends the walk.
            while at != NO_ROW && !matched[at as usize] {
                matched[at as usize] = true;
                at = self.next[at as usize];
            }
        });
        Mask::from_fn(matched.len(), |row| matched[row])
    }

    /// Returns which of the rows of these keys have a partner in the indexed table.
    pub(crate) fn has(&self, keys: &[Column], n_rows: usize) -> Mask {
        let mut found = vec![false; n_rows];
        self.probe(keys, n_rows, |row, head| found[row as usize] = head != NO_ROW);
        Mask::from_fn(n_rows, |row| found[row])
    }

    /// Calls `f` with each row and the first row of its key, key by key, in the order of the table.
    pub(super) fn for_each_chain(&self, mut f: impl FnMut(u32, u32)) {
        let mut is_head = vec![true; self.next.len()];
        self.next.iter().filter(|next| **next != NO_ROW).for_each(|next| is_head[*next as usize] = false);
        for (head, _) in (0u32..).zip(is_head).filter(|(_, is_head)| *is_head) {
            let mut at = head;
            while at != NO_ROW {
                f(head, at);
                at = self.next[at as usize];
            }
        }
    }

    pub(crate) fn keys(&self) -> &[Column] {
        &self.keys
    }

    /// Calls `found` for each row of these keys with the first row of its key here, or [`NO_ROW`].
    pub(super) fn probe(&self, others: &[Column], n_rows: usize, mut found: impl FnMut(u32, u32)) {
        match &self.heads {
            Heads::Places { low, rows, null } => {
                let head = |value: i64| rows.get(place(value, *low) as usize).copied().unwrap_or(NO_ROW);
                probe_ints(others, head, *null, found);
            }
            Heads::Ints(heads, null) => {
                let head = |value: i64| {
                    let head = heads.find(hash::word(value as u64), |(key, _)| *key == value);
                    head.map_or(NO_ROW, |head| head.1)
                };
                probe_ints(others, head, *null, found);
            }
            Heads::Hashes(heads) => {
                let (left, right) = (Keys::new(others, n_rows), Keys::new(&self.keys, self.table.n_rows()));
                for (row, hash) in left.hashes().into_iter().enumerate() {
                    let head =
                        heads.find(hash, |(of, head)| *of == hash && left.equal(row, &right, *head as usize));
                    found(row as u32, head.map_or(NO_ROW, |head| head.1));
                }
            }
        }
    }
}

/// Where a value stands among those from `low` on; far away if it is below.
#[inline]
fn place(value: i64, low: i64) -> u64 {
    value.wrapping_sub(low) as u64
}

/// Calls `found` for each row of a key of integers with the first row of its value.
#[inline]
fn probe_ints(others: &[Column], head: impl Fn(i64) -> u32, null: u32, mut found: impl FnMut(u32, u32)) {
    let Some((values, validity)) = ints(others) else {
        unreachable!("the keys of both sides were given one type when the join was written")
    };
    match validity {
        None => values.iter().zip(0..).for_each(|(&value, row)| found(row, head(value))),
        Some(valid) => values.iter().zip(0u32..).for_each(|(&value, row)| {
            found(row, if valid.get(row as usize) { head(value) } else { null });
        }),
    }
}

/// Chains rows by their keys, backwards, so that each chain runs forwards.
fn by_ints(values: &[i64], validity: Option<&Mask>) -> (Heads, Vec<u32>, bool) {
    let is_valid = |row: usize| validity.is_none_or(|valid| valid.get(row));
    let valid = || values.iter().enumerate().filter(|(row, _)| is_valid(*row)).map(|(_, value)| *value);
    let low = valid().min().unwrap_or(0);
    let n_places = valid().max().map_or(0, |high| place(high, low).saturating_add(1));
    let (mut null, mut next, mut is_unique) = (NO_ROW, vec![NO_ROW; values.len()], true);
    let mut chain = |head: &mut u32, row: usize| {
        is_unique &= *head == NO_ROW;
        next[row] = std::mem::replace(head, row as u32);
    };
    // A place for each value that there may be, if that takes no more than a table would.
    if n_places <= (4 * values.len() as u64).max(1024) {
        let mut rows = vec![NO_ROW; n_places as usize];
        for (row, &value) in values.iter().enumerate().rev() {
            let head = if is_valid(row) { &mut rows[place(value, low) as usize] } else { &mut null };
            chain(head, row);
        }
        return (Heads::Places { low, rows, null }, next, is_unique);
    }
    let mut heads = HashTable::<(i64, u32)>::with_capacity(values.len());
    for (row, &value) in values.iter().enumerate().rev() {
        if !is_valid(row) {
            chain(&mut null, row);
            continue;
        }
        let hashed = |head: &(i64, u32)| hash::word(head.0 as u64);
        match heads.entry(hash::word(value as u64), |head| head.0 == value, hashed) {
            Entry::Occupied(mut head) => chain(&mut head.get_mut().1, row),
            Entry::Vacant(slot) => {
                slot.insert((value, row as u32));
            }
        }
    }
    (Heads::Ints(heads, null), next, is_unique)
}

fn by_hashes(keys: &Keys<'_>, n_rows: usize) -> (Heads, Vec<u32>, bool) {
    let mut heads = HashTable::<(u64, u32)>::with_capacity(n_rows);
    let (mut next, mut is_unique) = (vec![NO_ROW; n_rows], true);
    for (row, hash) in keys.hashes().into_iter().enumerate().rev() {
        let is_same = |head: &(u64, u32)| head.0 == hash && keys.equal(head.1 as usize, keys, row);
        match heads.entry(hash, is_same, |head| head.0) {
            Entry::Occupied(mut head) => {
                is_unique = false;
                next[row] = std::mem::replace(&mut head.get_mut().1, row as u32);
            }
            Entry::Vacant(slot) => {
                slot.insert((hash, row as u32));
            }
        }
    }
    (Heads::Hashes(heads), next, is_unique)
}

impl Pairs {
    /// Turns pairs that were found from the right side around, into the order of the left rows: those with a left row
    /// first.
    pub(crate) fn turned(self, n_left: usize) -> Self {
        let mut ends = vec![0u32; n_left];
        self.right.iter().filter(|row| **row != NO_ROW).for_each(|row| ends[*row as usize] += 1);
        let mut total = 0;
        for end in &mut ends {
            // For now, where its pairs begin; every pair that is put there moves it on.
            (*end, total) = (total, total + *end);
        }
        let n = total as usize;
        let (mut left, mut right) = (vec![NO_ROW; self.left.len()], vec![NO_ROW; self.left.len()]);
        let mut alone = n;
        for (&own, &other) in self.left.iter().zip(&self.right) {
            let at = match other {
                NO_ROW => {
                    alone += 1;
                    alone - 1
                }
                row => {
                    let end = &mut ends[row as usize];
                    *end += 1;
                    *end as usize - 1
                }
            };
            (left[at], right[at]) = (other, own);
        }
        Self { n_right_alone: left.len() - n, left, right }
    }

    /// Adds the right rows that have no partner.
    pub(crate) fn with_right(mut self, matched: &Mask) -> Self {
        let alone = (0..matched.len() as u32).filter(|&row| !matched.get(row as usize));
        let before = self.right.len();
        self.right.extend(alone);
        self.n_right_alone = self.right.len() - before;
        self.left.resize(self.right.len(), NO_ROW);
        self
    }
}

impl Payload for JoinIndex {
    fn nbytes(&self) -> u64 {
        let keys = self.keys.iter().map(Column::nbytes).sum::<u64>();
        let heads = match &self.heads {
            Heads::Places { rows, .. } => 4 * rows.len(),
            Heads::Ints(heads, _) => 17 * heads.capacity(),
            Heads::Hashes(heads) => 17 * heads.capacity(),
        };
        self.table.nbytes() + keys + (4 * self.next.len() + heads) as u64
    }

    /// The table and what it is indexed by. The index itself is made again where it arrives, so that nothing
    /// in it can point to rows that are not there.
    fn to_blob(&self) -> Option<Result<Blob<'_>, BlobError>> {
        let Blob { header, buffers } = blob::to_blob(&self.table);
        Some(Blob::encoded(&(&self.on, header)).map(|front| Blob { buffers, ..front }))
    }

    fn from_blob(reader: &mut BlobReader<'_>) -> Result<Self, BlobError> {
        let (on, header): (_, Vec<u8>) = reader.read_encoded()?;
        let table = blob::from_blob(&header, reader).map_err(BlobError::of::<Self>)?;
        Self::new(table, on).map_err(BlobError::of::<Self>)
    }
}
