//! `cargo xtask bench io`: files of tables and arrays, read from the system's cache and written.
//!
//! - `csv`, `csv-2of9`: the whole table of the groups (10⁷ rows, half a gigabyte), and sums of two of its nine columns.
//! - `json`: 10⁶ rows of JSON lines; `parquet-2of9`: means of two columns of the same table.
//! - `csv-write`, `parquet-write`: the table from memory to files.
//! - `npy-sum`, `npy-write`: 10⁸ float64 of one file, read and added up, and made and written.
//!
//! pandas, dask, polars, duckdb and numpy do the same in `xtask/peers/files.py`. `--quick` takes a hundredth.

mod arrays;
mod tables;

use super::workload::Area;

pub(super) const AREA: Area = Area {
    name: "io",
    workloads: &[
        ("csv", tables::csv),
        ("csv-2of9", tables::csv_two_columns),
        ("csv-write", tables::csv_write),
        ("json", tables::json),
        ("parquet-2of9", tables::parquet_two_columns),
        ("parquet-write", tables::parquet_write),
        ("npy-sum", arrays::npy_sum),
        ("npy-write", arrays::npy_write),
    ],
};
