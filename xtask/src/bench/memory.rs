//! `cargo xtask bench memory`: work on files that are larger than the memory that it may take.
//!
//! - `standardise`: a matrix of 800 MB, standardised by columns into another file, under a limit of 256 MiB.
//! - `group-limit`, `join-limit`: 10⁷ groups, and 10⁷ rows joined with 10⁷, from CSV files under a limit of 1 GiB.
//!
//! The most memory that the process had is reported, more than the limit fails, and nothing may be lost. numpy, dask,
//! polars, duckdb and pandas do the same in `xtask/peers/bounded.py`, under their own limits where they have any.
//! `--quick` takes a hundredth of each workload.

mod standardise;
mod tables;

use super::workload::Area;

pub(super) const AREA: Area = Area {
    name: "memory",
    workloads: &[
        ("standardise", standardise::measure),
        ("group-limit", tables::groups),
        ("join-limit", tables::join),
    ],
};
