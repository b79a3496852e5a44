//! `cargo xtask bench array`: blocked arrays beside the loop that one would write by hand.
//!
//! Each workload says what it asks, and is measured on all cores; numpy and dask.array do the same in
//! `xtask/peers/arrays.py`. `--quick` takes a hundredth of each workload.

mod dense;
mod disk;
mod fused;
mod graph;
mod moving;
mod statistics;

use anyhow::Result;

use super::collection::{self, Workload};
use super::options::Options;

const WORKLOADS: &[(&str, Workload)] = &[
    ("fused", fused::measure),
    ("mean-std", statistics::measure),
    ("matmul", dense::matmul_of_squares),
    ("svd", dense::svd_of_tall),
    ("rechunk", moving::rechunk),
    ("stencil", moving::stencil),
    ("random", moving::random),
    ("standardise", disk::standardise),
    ("build", graph::build),
];

/// Runs the workloads that were asked for.
pub(crate) fn run(options: &Options) -> Result<()> {
    collection::run("array", WORKLOADS, options)
}
