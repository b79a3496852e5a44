//! The front with worker processes. In a `main` of its own, since a worker begins its work there, before any harness.

use dask_graph::{Collection, Delayed, delayed};
use dask_sched::settings::SchedulerName;
use dask_sched::{Multiprocess, default_scheduler};
use libtest_mimic::{Arguments, Trial};
use std::num::NonZeroUsize;
use std::process::ExitCode;

fn main() -> ExitCode {
    dask_sched::init().unwrap();
    let trials = vec![
        trial("processes are chosen by name", processes_are_chosen_by_name),
        trial("tasks compute on their own thread", tasks_compute_on_their_own_thread),
        trial("a worker starts no workers", a_worker_starts_no_workers),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

/// The sum of the squares below `n`, in as many tasks.
fn sum_of_squares(n: u64) -> Delayed<u64> {
    let square = delayed(|x: u64| x * x);
    let squares: Vec<Delayed<u64>> = (0..n).map(|x| square.call((x,))).collect();
    delayed(|squares: Vec<u64>| squares.iter().sum::<u64>()).call((squares,))
}

fn processes_are_chosen_by_name() {
    let two = NonZeroUsize::new(2).unwrap();
    let builder = default_scheduler().name(SchedulerName::Multiprocess).num_workers(two);
    let (scheduler, options) = builder.build().unwrap();
    let pid = delayed(std::process::id).call(());
    assert_ne!(pid.compute_opts(&scheduler, &options).unwrap(), std::process::id());
    assert_eq!(sum_of_squares(10).compute_opts(&scheduler, &options).unwrap(), 285);
}

fn tasks_compute_on_their_own_thread() {
    let nested = delayed(|n: u64| sum_of_squares(n).compute().unwrap()).call((10_u64,));
    assert_eq!(nested.compute_with(&Multiprocess::with_workers(2)).unwrap(), 285);
}

fn a_worker_starts_no_workers() {
    let nested = |n: u64| {
        let computed = sum_of_squares(n).compute_with(&Multiprocess::with_workers(2));
        computed.map_or_else(|error| error.to_string(), |sum| sum.to_string())
    };
    let said = delayed(nested).call((10_u64,)).compute_with(&Multiprocess::with_workers(1)).unwrap();
    assert!(said.contains("this process is a worker itself"), "{said}");
}
