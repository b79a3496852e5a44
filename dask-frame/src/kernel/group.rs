//! Rows numbered by group.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::keys::Keys;
use crate::column::Column;

/// The group of a row that belongs to none, since its key is missing.
const NO_GROUP: u32 = u32::MAX;

/// Which group each row belongs to. Groups are numbered in the order in which they first appear.
pub(crate) struct Groups {
    ids: Vec<u32>,
    /// The first row of each group.
    pub(crate) first_rows: Vec<u32>,
    /// How many groups there are; without keys one, even if there is no row.
    pub(crate) n: usize,
}

impl Groups {
    /// Groups the rows of some key columns; with `drop_nulls`, rows with a missing key belong to no group.
    pub(crate) fn new(keys: &[Column], n_rows: usize, drop_nulls: bool) -> Self {
        if keys.is_empty() {
            return Self { ids: vec![0; n_rows], first_rows: Vec::new(), n: 1 };
        }
        let keys = Keys::new(keys, n_rows);
        let hashes = keys.hashes();
        let complete = if drop_nulls { keys.complete() } else { None };
        let mut table = HashTable::<u32>::new();
        let mut first_rows = Vec::<u32>::new();
        let mut ids = Vec::with_capacity(n_rows);
        for row in 0..keys.len() {
            if complete.as_ref().is_some_and(|complete| !complete.get(row)) {
                ids.push(NO_GROUP);
                continue;
            }
            let first = |group: &u32| first_rows[*group as usize] as usize;
            let entry = table.entry(
                hashes[row],
                |group| keys.equal(first(group), &keys, row),
                |group| hashes[first(group)],
            );
            let id = match entry {
                Entry::Occupied(group) => *group.get(),
                Entry::Vacant(slot) => {
                    let id = first_rows.len() as u32;
                    slot.insert(id);
                    first_rows.push(row as u32);
                    id
                }
            };
            ids.push(id);
        }
        let n = first_rows.len();
        Self { ids, first_rows, n }
    }

    /// Calls `f` with row and group of each row that belongs to one.
    #[inline]
    pub(crate) fn for_each(&self, mut f: impl FnMut(usize, usize)) {
        for (row, &group) in self.ids.iter().enumerate() {
            if group != NO_GROUP {
                f(row, group as usize);
            }
        }
    }
}
