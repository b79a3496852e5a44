//! Tables of the form of the db-benchmark of h2oai, made of hashed counters: `xtask/peers/frames.py` makes the same.

use anyhow::Result;
use dask_frame::{Column, DataFrame, Table};

use crate::bench::collection::scattered;

/// Partitions of a large table.
pub(super) const PARTITIONS: usize = 16;

/// The number of different values in a column of few.
const FEW: u64 = 100;

/// The value of a column, which has a number, in a row: below `n`.
fn drawn(column: u64, row: u64, n: u64) -> u64 {
    scattered(scattered(row) ^ (column << 56)) % n
}

fn integers(column: u64, rows: usize, below: u64) -> Column {
    Column::from((0..rows as u64).map(|row| drawn(column, row, below) as i64 + 1).collect::<Vec<_>>())
}

fn names(column: u64, rows: usize, below: u64, digits: usize) -> Column {
    let name = |row| format!("id{:0digits$}", drawn(column, row, below) + 1);
    Column::from((0..rows as u64).map(name).collect::<Vec<_>>())
}

/// The table of the groups: `id1`, `id2` of 100 names, `id3` of n/100; `id4`, `id5` of 100 numbers, `id6` of n/100;
/// `v1` of 5, `v2` of 15, `v3` of many floats.
pub(super) fn groups(rows: usize, columns: &[&'static str]) -> Result<Table> {
    let many = (rows as u64 / FEW).max(1);
    let column = |name: &&'static str| {
        let column = match *name {
            "id1" => names(1, rows, FEW, 3),
            "id2" => names(2, rows, FEW, 3),
            "id3" => names(3, rows, many, 10),
            "id4" => integers(4, rows, FEW),
            "id5" => integers(5, rows, FEW),
            "id6" => integers(6, rows, many),
            "v1" => integers(7, rows, 5),
            "v2" => integers(8, rows, 15),
            _ => Column::from(
                (0..rows as u64).map(|row| drawn(9, row, 100_000_000) as f64 / 1e6).collect::<Vec<_>>(),
            ),
        };
        (*name, column)
    };
    Ok(Table::new(columns.iter().map(column))?)
}

/// A side of a join: keys `id1` of rows/10⁶ numbers, `id2` of rows/10³ and `id3` of as many as rows, of the large side,
/// and a value. On the small sides each key comes once, and nine of ten keys of the large side are there.
pub(super) struct Joined {
    pub(super) left: DataFrame,
    rows: usize,
}

impl Joined {
    pub(super) fn new(rows: usize) -> Result<Self> {
        let numbers = |column, below: u64| integers(column, rows, below.max(1));
        let all = rows as u64;
        let table = Table::new([
            ("id1", numbers(11, all / 1_000_000)),
            ("id2", numbers(12, all / 1_000)),
            ("id3", numbers(13, all)),
            ("id5", names(12, rows, (all / 1_000).max(1), 0)),
            (
                "v1",
                Column::from(
                    (0..all).map(|row| drawn(14, row, 100_000_000) as f64 / 1e6).collect::<Vec<_>>(),
                ),
            ),
        ])?;
        Ok(Self { left: DataFrame::from_table(&table, PARTITIONS)?, rows })
    }

    /// The right side whose keys are in this column.
    pub(super) fn right(&self, key: &'static str) -> Result<DataFrame> {
        let share = match key {
            "id1" => 1_000_000,
            "id3" => 1,
            _ => 1_000,
        };
        let n = (self.rows as u64 / share).max(1);
        // Those that are left out come at the end of each ten; the order is that of a shuffled deck.
        let keys = (0..n).map(|i| i * 7 % n + 1).filter(|key| key % 10 != 0 || n < 10).collect::<Vec<_>>();
        let values = keys.iter().map(|&key| drawn(15, key, 100_000_000) as f64 / 1e6).collect::<Vec<_>>();
        let keys = match key {
            "id5" => Column::from(keys.iter().map(|key| format!("id{key}")).collect::<Vec<_>>()),
            _ => Column::from(keys.iter().map(|&key| key as i64).collect::<Vec<_>>()),
        };
        let table = Table::new([(key, keys), ("v2", Column::from(values))])?;
        Ok(DataFrame::from_table(&table, if share == 1 { PARTITIONS } else { 1 })?)
    }
}
