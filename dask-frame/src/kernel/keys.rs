//! Rows as keys: hashed and compared over several columns.

use crate::column::{Column, Mask, Stored, View, each_number};
use crate::expr::order_rows;
use crate::hash;

/// The key columns of a table, ready to be hashed and compared row by row. A missing value equals a missing
/// value, and -0.0 equals 0.0.
pub(crate) struct Keys<'a> {
    columns: Vec<(View<'a>, Option<Mask>)>,
    n_rows: usize,
}

/// The hash of a missing value: any number that is not likely to be a hash of another.
const NULL_HASH: u64 = 0x9e37_79b9_7f4a_7c15;

impl<'a> Keys<'a> {
    pub(crate) fn new(columns: &'a [Column], n_rows: usize) -> Self {
        Self { columns: columns.iter().map(|column| (column.view(), column.validity())).collect(), n_rows }
    }

    /// Hashes every row, column by column.
    pub(crate) fn hashes(&self) -> Vec<u64> {
        let mut hashes = vec![0; self.n_rows];
        for (at, (view, validity)) in self.columns.iter().enumerate() {
            match view {
                View::Int64(values) | View::Ticks(values, _) => {
                    add(&mut hashes, at, validity.as_ref(), |row| hash::word(values[row] as u64));
                }
                // Adding 0.0 makes -0.0 to 0.0.
                View::Float64(values) => {
                    add(&mut hashes, at, validity.as_ref(), |row| hash::word((values[row] + 0.0).to_bits()));
                }
                View::Numbers(numbers) => each_number!(numbers, values => {
                    add(&mut hashes, at, validity.as_ref(), |row| hash::word(values.value(row).word()));
                }),
                View::Bool(values) => {
                    add(&mut hashes, at, validity.as_ref(), |row| hash::word(values.get(row).into()));
                }
                View::Utf8(values) => {
                    add(&mut hashes, at, validity.as_ref(), |row| hash::bytes(values.get(row).as_bytes()));
                }
                View::List(_) => unreachable!("lists were refused as keys"),
            }
        }
        hashes
    }

    /// Returns whether row `i` here and row `j` of `other`, whose columns have the same types, are one key.
    pub(crate) fn equal(&self, i: usize, other: &Keys<'_>, j: usize) -> bool {
        let valid = |validity: &Option<Mask>, row| validity.as_ref().is_none_or(|valid| valid.get(row));
        self.columns.iter().zip(&other.columns).all(|((a, a_valid), (b, b_valid))| {
            match (valid(a_valid, i), valid(b_valid, j)) {
                (true, true) => values_equal(*a, i, *b, j),
                (a, b) => a == b,
            }
        })
    }

    /// Orders two rows of one column of the key; missing values are told apart by the caller.
    pub(crate) fn order(&self, column: usize, i: usize, j: usize) -> std::cmp::Ordering {
        order_rows(self.columns[column].0, i, j)
    }

    pub(crate) fn is_valid(&self, column: usize, row: usize) -> bool {
        self.columns[column].1.as_ref().is_none_or(|valid| valid.get(row))
    }
}

fn add(hashes: &mut [u64], at: usize, validity: Option<&Mask>, of: impl Fn(usize) -> u64) {
    for (row, hash) in hashes.iter_mut().enumerate() {
        let next = if validity.is_none_or(|valid| valid.get(row)) { of(row) } else { NULL_HASH };
        *hash = if at == 0 { next } else { hash::combine(*hash, next) };
    }
}

fn values_equal(a: View<'_>, i: usize, b: View<'_>, j: usize) -> bool {
    match (a, b) {
        (View::Int64(a), View::Int64(b)) | (View::Ticks(a, _), View::Ticks(b, _)) => a[i] == b[j],
        (View::Float64(a), View::Float64(b)) => a[i] == b[j],
        (View::Numbers(a), View::Numbers(b)) => a.equal(i, b, j),
        (View::Bool(a), View::Bool(b)) => a.get(i) == b.get(j),
        (View::Utf8(a), View::Utf8(b)) => a.get(i) == b.get(j),
        _ => unreachable!("the key columns of both sides were given one type when the operation was written"),
    }
}
