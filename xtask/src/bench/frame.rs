//! `cargo xtask bench frame`: the questions of the db-benchmark.
//!
//! - `group-q1` … `group-q10`: groups of 10⁷ rows in memory; `join-q1` … `join-q5`: joins of 10⁷ rows with 10, 10⁴ and
//!   10⁷ rows. Both start from tables in memory and end with the answer in memory.
//! - `sort`, `set-index`: 10⁷ rows in memory by one column of numbers.
//!
//! pandas, dask, polars and duckdb do the same on the same rows in `xtask/peers/frames.py`, with the same checksums.
//! `--quick` takes a hundredth of each workload.

pub(super) mod answer;
pub(super) mod data;
mod group;
mod join;
mod sort;

use super::workload::Area;

pub(super) const AREA: Area = Area {
    name: "frame",
    workloads: &[
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
    ],
};
