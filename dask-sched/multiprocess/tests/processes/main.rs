//! Tests with real processes. They have a `main` of their own, since a worker begins its work there, before any
//! harness.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what workers print is tested")]

mod conformance;
mod deaths;
mod disk;
mod faults;
mod leftovers;
mod output;
mod programs;
mod refusals;
mod shutdown;
mod starting;
mod types;

use libtest_mimic::{Arguments, Trial};

fn main() {
    if programs::is_unaware() {
        return starting::unaware();
    }
    dask_sched_worker::init(|| ());
    if programs::run_if_asked() {
        return;
    }
    let all = [
        conformance::trials(),
        deaths::trials(),
        disk::trials(),
        faults::trials(),
        leftovers::trials(),
        output::trials(),
        refusals::trials(),
        shutdown::trials(),
        starting::trials(),
        types::trials(),
    ];
    libtest_mimic::run(&Arguments::from_args(), all.into_iter().flatten().collect()).exit();
}

/// A test of this name.
fn trial(name: impl Into<String>, test: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
