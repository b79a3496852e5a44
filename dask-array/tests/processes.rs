//! The golden cases in a `main` of their own, without the harness: what worker processes start again has to be
//! more than a list of tests.

mod it {
    pub(crate) mod golden;
}

use std::process::ExitCode;

use dask_graph::Scheduler;
use dask_graph::testing::Travelling;
use dask_optimize::Optimized;
use libtest_mimic::{Arguments, Trial};

use it::golden::check;
use it::golden::chunks::Chunking;

fn main() -> ExitCode {
    let trials = vec![
        golden("travelling", Box::new(Travelling)),
        golden("travelling, optimised", Box::new(Optimized::new(Travelling))),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn golden(name: &'static str, scheduler: Box<dyn Scheduler>) -> Trial {
    Trial::test(format!("golden cases, {name}"), move || {
        let run = check(&[(name, scheduler)], &Chunking::ALL[..2]);
        if run >= 130 { Ok(()) } else { Err(format!("only {run} cases ran").into()) }
    })
}
