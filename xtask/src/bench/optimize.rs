//! `cargo xtask bench optimize`: what does a pass cost?
//!
//! Each workload stands in a file of its own and is measured beside the plainest way to do the same.

pub(super) mod layers;
mod matrix;
pub(super) mod passes;
mod push_down;
mod recompute;
mod rewrite;

use super::meter::Measured;
use super::workload::{Area, Bench, Line, Unit};

pub(super) const AREA: Area = Area {
    name: "optimize",
    workloads: &[
        ("layers", |bench| bench.at_sizes(layers::measure)),
        ("passes", |bench| bench.at_sizes(passes::measure)),
        ("rewrite", |bench| bench.at_sizes(rewrite::measure)),
        ("push-down", |bench| bench.at_sizes(push_down::measure)),
        ("recompute", |bench| bench.at_sizes(recompute::measure)),
    ],
};

/// Reports what `system` took for each of `size` parts of the work, on one thread.
fn report_each(
    bench: &Bench,
    workload: &str,
    system: &str,
    size: usize,
    part: &'static str,
    measured: &Measured,
) {
    let line = Line { workload, system, size, threads: 1, unit: Unit::NanosecondsEach(part) };
    bench.report(&line, measured);
}
