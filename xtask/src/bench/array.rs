//! `cargo xtask bench array`: blocked arrays beside the loop that one would write by hand.
//!
//! Each workload says what it asks, and is measured on all cores; numpy, numexpr and dask.array do the same in
//! `xtask/peers/arrays.py`. `--quick` takes a hundredth of each workload.

mod dense;
mod fused;
mod graph;
mod moving;
mod statistics;

use super::workload::Area;

pub(super) const AREA: Area = Area {
    name: "array",
    workloads: &[
        ("fused", fused::measure),
        ("mean-std", statistics::measure),
        ("matmul", dense::matmul_of_squares),
        ("svd", dense::svd_of_tall),
        ("rechunk", moving::rechunk),
        ("stencil", moving::stencil),
        ("random", moving::random),
        ("build", graph::build),
    ],
};
