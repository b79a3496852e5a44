//! Tests with real processes. They have a `main` of their own, since a worker begins its work there, before any
//! harness.

mod conformance;

use libtest_mimic::{Arguments, Trial};

fn main() {
    dask_sched_worker::init(|| ());
    let trials: Vec<Trial> = conformance::trials();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A test of this name.
fn trial(name: impl Into<String>, test: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}
