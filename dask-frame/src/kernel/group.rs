//! Rows numbered by group.

mod codes;
mod known;

use std::cell::OnceCell;

use codes::{Coded, Codes};

use crate::column::{Column, Lists, Mask};
use crate::hash;

/// The group of a row that belongs to none, since its key is missing.
const NO_GROUP: u32 = u32::MAX;

/// Which group each row belongs to. Groups are numbered in the order in which they first appear.
pub(crate) struct Groups {
    ids: Vec<u32>,
    /// Whether every row belongs to a group.
    complete: bool,
    /// The first row of each group; empty without keys, and where groups were numbered elsewhere.
    pub(crate) first_rows: Vec<u32>,
    /// How many groups there are; without keys one, even if there is no row.
    pub(crate) n: usize,
    /// How many rows each group has, once somebody has asked.
    sizes: OnceCell<Column>,
}

impl Groups {
    fn numbered(ids: Vec<u32>, complete: bool, first_rows: Vec<u32>, n: usize) -> Self {
        Self { ids, complete, first_rows, n, sizes: OnceCell::new() }
    }

    /// Groups the rows of some key columns; with `drop_nulls`, rows with a missing key belong to no group.
    pub(crate) fn new(keys: &[Column], n_rows: usize, drop_nulls: bool) -> Self {
        if keys.is_empty() {
            return Self::numbered(vec![0; n_rows], true, Vec::new(), 1);
        }
        let nulls = if drop_nulls { valid_in_all(keys) } else { None };
        if let [key] = keys {
            return match Coded::of(key, true) {
                Coded::Groups(groups) if drop_nulls || groups.complete => groups,
                coded => Codes::from(coded).groups(nulls.as_ref()),
            };
        }
        Codes::of(keys, n_rows).groups(nulls.as_ref())
    }

    /// Makes a group of each row.
    pub(crate) fn each_row(n_rows: usize) -> Self {
        let ids = (0..n_rows as u32).collect::<Vec<_>>();
        Self::numbered(ids.clone(), true, ids, n_rows)
    }

    /// Takes groups that were numbered elsewhere.
    pub(crate) fn known(ids: Vec<u32>, n: usize) -> Self {
        let complete = !ids.contains(&NO_GROUP);
        Self::numbered(ids, complete, Vec::new(), n)
    }

    /// Makes a group of the values of each list, of those of all rows.
    pub(crate) fn of_lists(lists: &Lists) -> Self {
        let mut ids = vec![NO_GROUP; lists.values().len()];
        (0..lists.len()).for_each(|row| ids[lists.range(row)].fill(row as u32));
        Self::known(ids, lists.len())
    }

    /// Makes groups of the rows of one group that have one value; rows without a value belong to none.
    pub(crate) fn split(&self, column: &Column) -> Self {
        self.split_where(column, Mask::both(column.validity().as_ref(), self.members().as_ref()))
    }

    /// Makes groups of the rows of one group that have one value; a missing value is one like another.
    pub(crate) fn split_with_nulls(&self, column: &Column) -> Self {
        self.split_where(column, self.members())
    }

    fn split_where(&self, column: &Column, keep: Option<Mask>) -> Self {
        let mut codes = Codes::of_ids(&self.ids, self.n);
        codes.add(column);
        codes.groups(keep.as_ref())
    }

    /// Returns which rows belong to a group; `None` if all do.
    pub(crate) fn members(&self) -> Option<Mask> {
        (!self.complete).then(|| Mask::from_fn(self.ids.len(), |row| self.ids[row] != NO_GROUP))
    }

    /// Returns the same groups without the rows whose bit is not set.
    pub(crate) fn only(&self, keep: &Mask) -> Self {
        let ids = self.ids.iter().enumerate().map(|(row, &id)| if keep.get(row) { id } else { NO_GROUP });
        Self::known(ids.collect(), self.n)
    }

    /// Returns the group of a row that belongs to one.
    pub(crate) fn of(&self, row: usize) -> u32 {
        self.ids[row]
    }

    /// Returns how many rows each group has.
    pub(crate) fn sizes(&self) -> Column {
        let count = || {
            if let Some(rows) = self.one() {
                return Column::from(vec![rows as i64]);
            }
            let mut sizes = vec![0i64; self.n];
            self.for_each(|_, group| sizes[group] += 1);
            Column::from(sizes)
        };
        self.sizes.get_or_init(count).clone()
    }

    /// Returns the value of a key column in each group.
    pub(crate) fn key(&self, column: &Column) -> Column {
        // Groups are numbered in the order of their rows, so that as many are the rows as they stand.
        if self.n == self.ids.len() { column.clone() } else { column.take(&self.first_rows) }
    }

    /// Returns how many rows there are if all belong to one group.
    pub(crate) fn one(&self) -> Option<usize> {
        (self.complete && self.n == 1).then_some(self.ids.len())
    }

    /// Returns whether no group can be empty.
    pub(crate) fn each_has_rows(&self) -> bool {
        self.first_rows.len() == self.n || self.one().is_some_and(|rows| rows > 0)
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

    /// Calls `f` with row and group of each row that belongs to one and is valid.
    #[inline]
    pub(crate) fn each_valid(&self, validity: Option<&Mask>, mut f: impl FnMut(usize, usize)) {
        match validity {
            None => self.for_each(f),
            Some(valid) => self.for_each(|row, group| {
                if valid.get(row) {
                    f(row, group);
                }
            }),
        }
    }

    /// Calls `f` with group and value of each row that belongs to one and is valid.
    #[inline]
    pub(crate) fn zip<T: Copy>(&self, values: &[T], validity: Option<&Mask>, mut f: impl FnMut(usize, T)) {
        let pairs = self.ids.iter().zip(values);
        match validity {
            None if self.one().is_some() => values.iter().for_each(|&value| f(0, value)),
            None if self.complete => pairs.for_each(|(&group, &value)| f(group as usize, value)),
            _ => self.each_valid(validity, |row, group| f(group, values[row])),
        }
    }

    /// Returns the valid rows ordered by group: where each group starts, with the end of the last, and the rows.
    pub(crate) fn rows(&self, validity: Option<&Mask>) -> (Vec<u32>, Vec<u32>) {
        let mut starts = vec![0u32; self.n + 1];
        self.each_valid(validity, |_, group| starts[group + 1] += 1);
        for group in 0..self.n {
            starts[group + 1] += starts[group];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; starts[self.n] as usize];
        self.each_valid(validity, |row, group| {
            rows[next[group] as usize] = row as u32;
            next[group] += 1;
        });
        (starts, rows)
    }
}

/// Returns whether nearly all rows seem to have a key of their own, from looking at some of them. Tables of few rows are
/// not worth the look.
pub(crate) fn keys_seem_unique(keys: &[Column], n_rows: usize) -> bool {
    /// One row of so many is looked at.
    const SHARE: usize = 128;
    /// Rows next to each other, which often have the same key.
    const RUN: usize = 8;
    if keys.is_empty() || n_rows < 1 << 16 {
        return false;
    }
    // At scattered places, since keys may come again and again in the same order.
    let starts = (0..n_rows - SHARE * RUN).step_by(SHARE * RUN);
    let starts = starts.map(|start| start + (hash::word(start as u64) >> 32) as usize % ((SHARE - 1) * RUN));
    let rows = starts.flat_map(|start| start as u32..(start + RUN) as u32).collect::<Vec<_>>();
    let keys = keys.iter().map(|key| key.take(&rows)).collect::<Vec<_>>();
    let n_repeated = rows.len() - Groups::new(&keys, rows.len(), false).n;
    // Of d keys, all as likely, s rows repeat about s² / 2d: here d is at least twice the number of rows.
    n_repeated * 4 * n_rows <= rows.len() * rows.len()
}

/// Returns in which rows all columns have a value; `None` if in all.
pub(crate) fn valid_in_all(columns: &[Column]) -> Option<Mask> {
    columns
        .iter()
        .fold(None, |all: Option<Mask>, column| Mask::both(all.as_ref(), column.validity().as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Groups by what the values look like.
    fn naive(keys: &[Column], n_rows: usize, drop_nulls: bool) -> (Vec<u32>, Vec<u32>) {
        let mut known = HashMap::new();
        let mut firsts = Vec::new();
        let ids = (0..n_rows).map(|row| {
            if drop_nulls && keys.iter().any(|key| key.is_null(row)) {
                return NO_GROUP;
            }
            let key = keys.iter().map(|key| format!("{:?}", key.get(row))).collect::<Vec<_>>();
            *known.entry(key).or_insert_with(|| {
                firsts.push(row as u32);
                firsts.len() as u32 - 1
            })
        });
        (ids.collect(), firsts)
    }

    #[track_caller]
    fn check(keys: &[Column]) {
        for drop_nulls in [false, true] {
            let groups = Groups::new(keys, keys[0].len(), drop_nulls);
            let (ids, firsts) = naive(keys, keys[0].len(), drop_nulls);
            assert_eq!((groups.ids, groups.first_rows), (ids, firsts), "{keys:?}");
        }
    }

    fn nth<T>(n: usize, of: impl Fn(u64) -> T) -> Vec<T> {
        (0..n as u64).map(|i| of(i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40)).collect()
    }

    #[test]
    fn keys_of_every_width() {
        let small = Column::from(nth(500, |i| (i % 7) as i64 - 3));
        let wide = Column::from(nth(500, |i| i as i64 % 40 * 1_000_000_007));
        let widest = Column::from(nth(500, |i| [i64::MIN, 0, i64::MAX, -1][i as usize % 4]));
        let gaps = Column::from(nth(500, |i| (i % 5 > 0).then_some((i % 3) as i64)));
        let widest_gaps = Column::from(nth(500, |i| [Some(i64::MIN), None, Some(i64::MAX)][i as usize % 3]));
        let floats = Column::from(nth(500, |i| (i % 6 > 0).then_some((i % 9) as f64 / 2.0)));
        let texts = Column::from(nth(500, |i| (i % 4 > 0).then(|| format!("id{}", i % 11))));
        let truths = Column::from(nth(500, |i| (i % 3 > 0).then_some(i % 2 == 0)));
        let times = Column::timestamps(nth(500, |i| (i % 3 > 0).then_some(i as i64 % 5)));
        let all = [small, wide, widest, gaps, widest_gaps, floats, texts, truths, times];
        for (at, one) in all.iter().enumerate() {
            check(std::slice::from_ref(one));
            check(&[one.clone(), all[(at + 1) % all.len()].clone()]);
        }
        check(&all);
        check(&[all[0].slice(0, 0), all[6].slice(0, 0)]);
    }

    #[test]
    fn keys_of_their_own_are_noticed() {
        let n = 100_000;
        let unique = |numbers: Vec<i64>| keys_seem_unique(&[Column::from(numbers)], n);
        assert!(unique((0..n as i64).collect()));
        assert!(unique(nth(n, |i| i as i64 * 1_000_003)));
        // Few keys, in any order; runs of a key; many keys, but each several times.
        assert!(!unique(nth(n, |i| i as i64 % 1000)));
        assert!(!unique((0..n as i64).map(|i| i / 2).collect()));
        assert!(!unique((0..n as i64).map(|i| i % 20_000).collect()));
        assert!(!unique(nth(n, |i| i as i64 % 40_000)));
        assert!(!keys_seem_unique(&[Column::from((0..1000).collect::<Vec<i64>>())], 1000));
        assert!(!keys_seem_unique(&[], n));
    }

    #[test]
    fn zeros_of_both_signs_are_one_key() {
        let groups = Groups::new(&[Column::from(vec![0.0, -0.0, 1.0])], 3, true);
        assert_eq!(groups.ids, [0, 0, 1]);
    }
}
