//! `cargo xtask bench frame`: the questions of the db-benchmark, files, and tables under a memory limit.
//!
//! - `group-q1` … `group-q10`: groups of 10⁷ rows in memory; `join-q1` … `join-q5`: joins of 10⁷ rows with 10, 10⁴ and
//!   10⁷ rows. Both start from tables in memory and end with the answer in memory.
//! - `csv`, `csv-2of9`: sums of all columns, and of two of nine, of a file of 10⁷ rows (half a gigabyte).
//! - `parquet-2of9`: means of two of nine columns of Parquet files of the same rows.
//! - `group-limit`, `join-limit`: 10⁷ groups, and 10⁷ rows joined with 10⁷, from CSV files under a memory limit of 1 GiB.
//!   The most memory that the process had is reported, and more than the limit fails; nothing may be lost.
//! - `sort`, `set-index`: 10⁷ rows in memory by one column of numbers.
//!
//! pandas, dask, polars and duckdb do the same on the same rows in `xtask/peers/frames.py`, with the same checksums.
//! `--quick` takes a hundredth of each workload.

mod answer;
mod data;
mod files;
mod group;
mod join;
mod limited;
mod sort;

use anyhow::Result;

use super::collection::{self, Workload};
use super::options::Options;

/// Those that need little memory are first, so that what one has left does not count for the next.
const WORKLOADS: &[(&str, Workload)] = &[
    ("join-limit", limited::join),
    ("group-limit", limited::groups),
    ("csv", files::csv),
    ("csv-2of9", files::csv_two_columns),
    ("parquet-2of9", files::parquet_two_columns),
    ("group-q1", group::q1),
    ("group-q2", group::q2),
    ("group-q3", group::q3),
    ("group-q4", group::q4),
    ("group-q5", group::q5),
    ("group-q6", group::q6),
    ("group-q7", group::q7),
    ("group-q8", group::q8),
    ("group-q9", group::q9),
    ("group-q10", group::q10),
    ("join-q1", join::q1),
    ("join-q2", join::q2),
    ("join-q3", join::q3),
    ("join-q4", join::q4),
    ("join-q5", join::q5),
    ("sort", sort::by_float),
    ("set-index", sort::set_index),
];

/// Runs the workloads that were asked for.
pub(crate) fn run(options: &Options) -> Result<()> {
    collection::run("frame", WORKLOADS, options)
}
