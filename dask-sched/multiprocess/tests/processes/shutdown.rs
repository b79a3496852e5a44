//! Shutting a scheduler down.

use std::sync::Arc;
use std::time::Duration;

use dask_graph::{Collection, ComputeError, Delayed, RunError, delayed};
use dask_sched_multiprocess::{Multiprocess, WorkersError};
use libtest_mimic::Trial;

use crate::programs::eventually;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a shutdown lets running tasks end and starts no more", a_graceful_shutdown),
        trial("a shutdown without grace ends running tasks", a_forced_shutdown),
        trial("a scheduler that is shut down refuses runs", later_runs_are_refused),
    ]
}

/// Tasks one after the other that write their numbers to files, and take a while.
fn slow_chain(directory: &std::path::Path, n: u64, millis: u64) -> Delayed<u64> {
    let step = delayed(|directory: String, i: u64, millis: u64, _: u64| {
        std::fs::write(format!("{directory}/begun-{i}"), "").unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        std::fs::write(format!("{directory}/done-{i}"), "").unwrap();
        i
    });
    let directory = directory.to_str().unwrap();
    let first = delayed(|| 0_u64).call(());
    (0..n).fold(first, |last, i| step.call((directory.to_owned(), i, millis, &last)))
}

fn is_shut_down(error: &ComputeError) -> bool {
    let ComputeError::Run(RunError::Scheduler(source)) = error else { return false };
    matches!(source.downcast_ref(), Some(WorkersError::ShutDown))
}

fn run_and_shut_down(chain: Delayed<u64>, directory: &std::path::Path, grace: Duration) {
    let processes = Arc::new(Multiprocess::with_workers(2));
    let running = {
        let processes = processes.clone();
        std::thread::spawn(move || chain.compute_with(&*processes))
    };
    assert!(eventually(|| directory.join("begun-0").exists()), "nothing begins");
    processes.shutdown(grace);
    let error = running.join().unwrap().unwrap_err();
    assert!(is_shut_down(&error), "{error}");
}

fn a_graceful_shutdown() {
    let directory = tempfile::tempdir().unwrap();
    let chain = slow_chain(directory.path(), 1000, 300);
    run_and_shut_down(chain, directory.path(), Duration::from_secs(60));
    assert!(directory.path().join("done-0").exists(), "a running task was ended");
    assert!(!directory.path().join("begun-900").exists(), "all tasks were run");
}

fn a_forced_shutdown() {
    let directory = tempfile::tempdir().unwrap();
    let chain = slow_chain(directory.path(), 1, 600_000);
    run_and_shut_down(chain, directory.path(), Duration::ZERO);
    assert!(!directory.path().join("done-0").exists());
}

fn later_runs_are_refused() {
    let processes = Multiprocess::with_workers(1);
    let one = delayed(|| 1_u64).call(());
    assert_eq!(one.compute_with(&processes).unwrap(), 1);
    processes.shutdown(Duration::from_secs(10));
    assert!(is_shut_down(&one.compute_with(&processes).unwrap_err()));
}
