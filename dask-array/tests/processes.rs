//! The golden cases on worker processes. In a `main` of their own, since a worker begins its work there, before any
//! harness.

mod it {
    pub(crate) mod golden;
}

use std::process::ExitCode;

use dask_array::Array;
use dask_graph::{Collection, Scheduler};
use dask_optimize::Optimized;
use dask_sched_multiprocess::Multiprocess;
use dask_sched_sync::Sync;
use libtest_mimic::{Arguments, Trial};

use it::golden::check;
use it::golden::chunks::Chunking;

fn main() -> ExitCode {
    dask_sched_worker::init(|| ());
    let processes = || Multiprocess::with_workers(2);
    let trials = vec![
        golden("two processes", Box::new(processes())),
        golden("two processes, optimised", Box::new(Optimized::new(processes()))),
        trial("an array goes from file to file", an_array_goes_from_file_to_file),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn golden(name: &'static str, scheduler: Box<dyn Scheduler>) -> Trial {
    Trial::test(format!("golden cases, {name}"), move || {
        let run = check(&[(name, scheduler)], &Chunking::ALL[..2]);
        if run >= 130 { Ok(()) } else { Err(format!("only {run} cases ran").into()) }
    })
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

/// Standardised by columns, block by block: the sums of one pass are inputs of the next.
fn an_array_goes_from_file_to_file() {
    let directory = tempfile::tempdir().unwrap();
    let [from, to, expected] = ["from", "to", "expected"].map(|name| directory.path().join(name));
    let x = ndarray::Array2::from_shape_fn((60_000, 10), |(i, j)| ((i * 7 + j * 31) % 1000) as f64);
    let x = Array::from_ndarray(x, [7_000, 10]).unwrap();
    x.to_npy_with(&from, &Sync::new()).unwrap();
    let x = Array::<f64>::from_npy(&from, [7_000, 10]).unwrap();
    let z = (&x - &x.mean(0).unwrap()) / x.std(0, 0.0).unwrap();
    z.to_npy_with(&expected, &Sync::new()).unwrap();
    z.to_npy_with(&to, &Optimized::new(Multiprocess::with_workers(2))).unwrap();
    assert!(std::fs::read(&to).unwrap() == std::fs::read(&expected).unwrap(), "the files differ");
    let in_memory = Array::from_ndarray(z.compute_with(&Sync::new()).unwrap(), [9_000, 10]).unwrap();
    let sum = in_memory.sum(..).unwrap().compute_with(&Multiprocess::with_workers(2)).unwrap();
    assert_eq!(sum, in_memory.sum(..).unwrap().compute_with(&Sync::new()).unwrap());
}
