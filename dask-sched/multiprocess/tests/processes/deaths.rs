//! Tasks that take their worker with them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use dask_graph::{Collection, ComputeError, RunError, RunOptions, delayed};
use dask_sched_multiprocess::{Death, Multiprocess, WorkerDied};
use libtest_mimic::Trial;

use crate::{chain, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a task whose worker died once is run again", a_task_whose_worker_died_once_is_run_again),
        trial("a task that always kills is reported", a_task_that_always_kills_is_reported),
        trial("retries are as many as were asked for", retries_are_as_many_as_were_asked_for),
        trial("the ways to die are told apart", the_ways_to_die_are_told_apart),
        trial("a panic is not a death", a_panic_is_not_a_death),
        trial("a worker that uses too much memory is ended", a_worker_that_uses_too_much_memory_is_ended),
        trial("what was made survives its worker", what_was_made_survives_its_worker),
    ]
}

/// Ends this process in one of many ways.
fn die(how: &str) {
    match how {
        "kill" => {
            let _ = Command::new("kill").args(["-9", &std::process::id().to_string()]).status();
            std::thread::sleep(Duration::from_secs(60));
        }
        "terminate" => {
            let _ = Command::new("kill").args(["-15", &std::process::id().to_string()]).status();
            std::thread::sleep(Duration::from_secs(60));
        }
        "abort" => std::process::abort(),
        "exit" => std::process::exit(3),
        other => panic!("no such way: {other}"),
    }
}

/// Dies the first `times` times that it is called with this file, which grows.
fn die_at_first(file: String, times: u64, how: String) -> u64 {
    let before = std::fs::read(&file).map_or(0, |bytes| bytes.len() as u64);
    std::fs::write(&file, vec![0; before as usize + 1]).unwrap();
    if before < times {
        die(&how);
    }
    before + 1
}

fn lost(error: &ComputeError) -> &WorkerDied {
    let ComputeError::Run(RunError::Lost { key, op, source, .. }) = error else {
        panic!("expected RunError::Lost, got {error:?}")
    };
    assert!(key.to_string().contains("die") && op.contains("die"), "{key} {op}");
    source.downcast_ref().unwrap()
}

/// A call that dies so many times.
fn dying(directory: &Path, times: u64, how: &str) -> dask_graph::Delayed<u64> {
    let file = directory.join(format!("{how}-{times}")).to_str().unwrap().to_owned();
    delayed(die_at_first).call((file, times, how.to_owned()))
}

fn a_task_whose_worker_died_once_is_run_again() {
    let directory = tempfile::tempdir().unwrap();
    let processes = Multiprocess::with_workers(2);
    for how in ["kill", "abort", "exit", "terminate"] {
        assert_eq!(dying(directory.path(), 1, how).compute_with(&processes).unwrap(), 2, "{how}");
    }
    // The last attempt that is allowed.
    assert_eq!(dying(directory.path(), 2, "abort").compute_with(&processes).unwrap(), 3);
}

fn a_task_that_always_kills_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let processes = Multiprocess::with_workers(2);
    let error = dying(directory.path(), u64::MAX, "kill").compute_with(&processes).unwrap_err();
    let died = lost(&error);
    assert_eq!((died.deaths, died.how), (3, Death::Killed(9)));
    let text = chain(&error);
    for part in ["was lost", "3 workers", "SIGKILL", "memory", &format!("process {}", died.pid), "deaths.rs"]
    {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    let sum = delayed(|a: i64, b: i64| a + b).call((40_i64, 2_i64));
    assert_eq!(sum.compute_with(&processes).unwrap(), 42, "the scheduler is none the worse for it");
}

fn retries_are_as_many_as_were_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let processes = Multiprocess::with_workers(1).retries(0);
    let error = dying(directory.path(), 1, "abort").compute_with(&processes).unwrap_err();
    assert_eq!(lost(&error).deaths, 1);
    let processes = Multiprocess::with_workers(1).retries(4);
    assert_eq!(dying(directory.path(), 4, "abort").compute_with(&processes).unwrap(), 5);
}

fn the_ways_to_die_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let processes = Multiprocess::with_workers(1).retries(0);
    for (how, death, part) in [
        ("kill", Death::Killed(9), "ran out of memory"),
        ("abort", Death::Killed(6), "aborted"),
        ("exit", Death::Exited(3), "exited with status 3"),
        ("terminate", Death::Killed(15), "signal 15"),
    ] {
        let error = dying(directory.path(), 1, how).compute_with(&processes).unwrap_err();
        assert_eq!(lost(&error).how, death);
        assert!(error.to_string().contains(part), "{error}");
    }
}

fn a_panic_is_not_a_death() {
    let processes = Multiprocess::with_workers(1);
    let pid = delayed(std::process::id).call(());
    let before = pid.compute_with(&processes).unwrap();
    let panicking = delayed(|x: i64| if x > 0 { panic!("x is {x}") } else { x }).call((1_i64,));
    let error = panicking.compute_with(&processes).unwrap_err();
    assert!(
        matches!(&error, ComputeError::Run(RunError::Panicked { message, .. }) if message == "x is 1"),
        "{error}"
    );
    assert_eq!(pid.compute_with(&processes).unwrap(), before, "the worker lives on");
}

fn a_worker_that_uses_too_much_memory_is_ended() {
    const LIMIT: u64 = 150 << 20;
    let processes = Multiprocess::with_workers(1).retries(0).worker_memory_limit(LIMIT);
    fn hold_until_it_dies(nbytes: usize, millis: u64) -> u64 {
        let held = vec![1_u8; nbytes];
        std::thread::sleep(Duration::from_millis(millis));
        held.iter().map(|&x| u64::from(x)).sum()
    }
    let hold = delayed(hold_until_it_dies);
    assert_eq!(hold.call((20_usize << 20, 200_u64)).compute_with(&processes).unwrap(), 20 << 20);
    let error = hold.call((400_usize << 20, 60_000_u64)).compute_with(&processes).unwrap_err();
    let Death::OverLimit { nbytes, limit } = lost(&error).how else { panic!("{error}") };
    assert!(limit == LIMIT && nbytes > LIMIT);
    assert!(error.to_string().contains("a worker may use 157286400"), "{error}");
}

/// Of a result in a file and one in a message nothing has to be made again.
fn what_was_made_survives_its_worker() {
    let directory = tempfile::tempdir().unwrap();
    let made = directory.path().join("made").to_str().unwrap().to_owned();
    let make = delayed(|made: String, n: usize| {
        let before = std::fs::read(&made).map_or(0, |bytes| bytes.len());
        std::fs::write(&made, vec![0; before + 1]).unwrap();
        vec![1_u8; n]
    });
    let (large, small) = (make.call((made.clone(), 1_usize << 20)), make.call((made.clone(), 10_usize)));
    let die = dying(directory.path(), 2, "kill");
    let sum = delayed(|a: Vec<u8>, b: Vec<u8>, times: u64| a.len() as u64 + b.len() as u64 + times);
    let sum = sum.call((&large, &small, &die));
    assert_eq!(
        sum.compute_opts(&Multiprocess::with_workers(1), &RunOptions::new()).unwrap(),
        (1 << 20) + 10 + 3
    );
    assert_eq!(std::fs::read(&made).unwrap().len(), 2, "each was made once");
}
