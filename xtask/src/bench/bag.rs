//! `cargo xtask bench bag`: pipelines, counts and groups beside what one would write by hand.
//!
//! - `chain`: five steps over 10⁷ numbers, beside the same chain of iterators on all threads.
//! - `groupby`: 10⁷ pairs of 10⁶ keys under a memory limit of 512 MB, beside a table in memory. The most memory that
//!   the process had is reported, and more than the limit fails.
//! - `json`: flights in JSON lines, filtered and folded by carrier, beside a program with rayon.
//! - `words`: the frequencies of the words of 500 MB of text in 16 files, beside a program with rayon.
//!
//! dask.bag does the same in `xtask/peers/bags.py`, and polars and duckdb do `json`. `--quick` takes a hundredth of each workload.

mod chain;
mod groupby;
mod json;
mod words;

use super::workload::Area;

pub(super) const AREA: Area = Area {
    name: "bag",
    workloads: &[
        ("chain", chain::measure),
        ("groupby", groupby::measure),
        ("json", json::measure),
        ("words", words::measure),
    ],
};
