//! Tables of the form of the db-benchmark of h2oai, made of hashed counters: `xtask/peers/tables.py` makes the same.

use std::ops::Range;

use anyhow::Result;
use dask_frame::{Column, DataFrame, FrameError, Table};

use crate::bench::workload::scattered;

/// Rows of a large table.
pub(in crate::bench) const ROWS: usize = 10_000_000;

/// Partitions of a large table.
pub(in crate::bench) const PARTITIONS: usize = 16;

/// The number of different values in a column of few.
const FEW: u64 = 100;

/// The value of a column, which has a number, in a row: below `n`.
pub(in crate::bench) fn drawn(column: u64, row: u64, n: u64) -> u64 {
    scattered(scattered(row) ^ (column << 56)) % n
}

fn integers(column: u64, rows: Range<u64>, below: u64) -> Column {
    Column::from(rows.map(|row| drawn(column, row, below) as i64 + 1).collect::<Vec<_>>())
}

fn names(column: u64, rows: Range<u64>, below: u64, digits: usize) -> Column {
    let name = |row| format!("id{:0digits$}", drawn(column, row, below) + 1);
    Column::from(rows.map(name).collect::<Vec<_>>())
}

/// A float between 0 and 100 for each row.
pub(in crate::bench) fn float(column: u64, row: u64) -> f64 {
    drawn(column, row, 100_000_000) as f64 / 1e6
}

fn floats(column: u64, rows: impl Iterator<Item = u64>) -> Column {
    Column::from(rows.map(|row| float(column, row)).collect::<Vec<_>>())
}

/// The rows of each partition of a table of so many rows.
pub(in crate::bench) fn parts(rows: usize) -> impl Iterator<Item = Range<u64>> {
    let cut = move |at: usize| (at * rows / PARTITIONS) as u64;
    (0..PARTITIONS).map(move |at| cut(at)..cut(at + 1))
}

/// The table of the groups: `id1`, `id2` of 100 names, `id3` of n/100; `id4`, `id5` of 100 numbers, `id6` of n/100;
/// `v1` of 5, `v2` of 15, `v3` of many floats.
pub(in crate::bench) fn groups(rows: usize, columns: &[&'static str]) -> Result<Table> {
    Ok(groups_of(0..rows as u64, rows, columns)?)
}

/// Some of the rows of the table of the groups, which has so many.
pub(in crate::bench) fn groups_of(
    part: Range<u64>,
    rows: usize,
    columns: &[&'static str],
) -> Result<Table, FrameError> {
    let many = (rows as u64 / FEW).max(1);
    let column = |name: &&'static str| {
        let part = part.clone();
        let column = match *name {
            "id1" => names(1, part, FEW, 3),
            "id2" => names(2, part, FEW, 3),
            "id3" => names(3, part, many, 10),
            "id4" => integers(4, part, FEW),
            "id5" => integers(5, part, FEW),
            "id6" => integers(6, part, many),
            "v1" => integers(7, part, 5),
            "v2" => integers(8, part, 15),
            _ => floats(9, part),
        };
        (*name, column)
    };
    Table::new(columns.iter().map(column))
}

/// A side of a join: keys `id1` of rows/10⁶ numbers, `id2` of rows/10³ and `id3` of as many as rows, of the large side,
/// and a value. On the small sides each key comes once, and nine of ten keys of the large side are there.
pub(in crate::bench) struct Joined {
    pub(in crate::bench) left: DataFrame,
    rows: usize,
}

impl Joined {
    pub(in crate::bench) fn new(rows: usize) -> Result<Self> {
        let all = rows as u64;
        let numbers = |column, below: u64| integers(column, 0..all, below.max(1));
        let table = Table::new([
            ("id1", numbers(11, all / 1_000_000)),
            ("id2", numbers(12, all / 1_000)),
            ("id3", numbers(13, all)),
            ("id5", names(12, 0..all, (all / 1_000).max(1), 0)),
            ("v1", floats(14, 0..all)),
        ])?;
        Ok(Self { left: DataFrame::from_table(&table, PARTITIONS)?, rows })
    }

    /// The right side whose keys are in this column.
    pub(in crate::bench) fn right(&self, key: &'static str) -> Result<DataFrame> {
        let share = match key {
            "id1" => 1_000_000,
            "id3" => 1,
            _ => 1_000,
        };
        let n = (self.rows as u64 / share).max(1);
        // Those that are left out come at the end of each ten; the order is that of a shuffled deck.
        let keys = (0..n).map(|i| i * 7 % n + 1).filter(|key| key % 10 != 0 || n < 10).collect::<Vec<_>>();
        let values = floats(15, keys.iter().copied());
        let keys = match key {
            "id5" => Column::from(keys.iter().map(|key| format!("id{key}")).collect::<Vec<_>>()),
            _ => Column::from(keys.iter().map(|&key| key as i64).collect::<Vec<_>>()),
        };
        let table = Table::new([(key, keys), ("v2", values)])?;
        Ok(DataFrame::from_table(&table, if share == 1 { PARTITIONS } else { 1 })?)
    }
}
