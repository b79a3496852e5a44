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

/// More tasks than this do not fit into the memory of a small machine, each in a graph before and after.
const MAX_TASKS: usize = 1_000_000;

pub(super) const AREA: Area = Area {
    name: "optimize",
    workloads: &[
        ("layers", |bench| bench.at_sizes(MAX_TASKS, layers::measure)),
        ("passes", |bench| bench.at_sizes(MAX_TASKS, passes::measure)),
        ("rewrite", |bench| bench.at_sizes(MAX_TASKS, rewrite::measure)),
        ("push-down", |bench| bench.at_sizes(MAX_TASKS, push_down::measure)),
        ("recompute", |bench| bench.at_sizes(MAX_TASKS, recompute::measure)),
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
