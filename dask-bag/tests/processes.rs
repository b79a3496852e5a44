//! The golden cases in a `main` of their own, without the harness: what worker processes start again has to be
//! more than a list of tests.

mod it {
    mod errors;
    mod expression;
    pub(crate) mod golden;
}

use std::process::ExitCode;

use dask_graph::Scheduler;
use dask_graph::testing::Travelling;
use dask_optimize::Optimized;
use libtest_mimic::{Arguments, Trial};

use it::golden::{Cut, check};

fn main() -> ExitCode {
    let trials = vec![
        golden("travelling", Box::new(Travelling)),
        golden("travelling, optimised", Box::new(Optimized::new(Travelling))),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn golden(name: &'static str, scheduler: Box<dyn Scheduler>) -> Trial {
    Trial::test(format!("golden cases, {name}"), move || {
        let ran = check(&[(name, scheduler)], &Cut::ALL[..2]);
        if ran >= 120 { Ok(()) } else { Err(format!("only {ran} cases ran").into()) }
    })
}
