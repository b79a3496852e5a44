//! Nothing is left behind, however a program ends.

use std::sync::Arc;
use std::time::Duration;

use dask_graph::{Collection, Delayed, Observer, Plan, RunOptions, TaskEnd, delayed};
use dask_sched_multiprocess::Multiprocess;
use libtest_mimic::Trial;

use crate::programs::{self, Running, children_of, directory_of, eventually, is_alive};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    let ending = |name: &'static str| {
        trial(format!("nothing is left after {name}"), move || {
            let output = programs::run("leftovers", name);
            let printed = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(printed.contains("directory "), "{output:?}");
            is_gone(&printed);
        })
    };
    let ended = |signal: &'static str, to_group: bool| {
        trial(format!("nothing is left after {signal} in the middle of tasks"), move || {
            let mut program = Running::start("leftovers", "sleep");
            program.wait_for("a task sleeps");
            let workers = children_of(program.child.id());
            let directory = workers.iter().find_map(|&worker| directory_of(worker)).unwrap();
            assert!(directory.exists() && workers.len() == 2, "{workers:?}");
            program.signal(signal, to_group);
            assert!(eventually(|| !workers.iter().any(|&worker| is_alive(worker))), "workers are left");
            assert!(eventually(|| !directory.exists()), "{} is left", directory.display());
        })
    };
    vec![
        ending("success"),
        ending("an error"),
        ending("a panic while a run goes on"),
        ending("the scheduler was dropped"),
        ending("an abort"),
        ended("-INT", true),
        ended("-TERM", false),
        ended("-KILL", false),
    ]
}

/// What the program told of must be gone, soon.
fn is_gone(printed: &str) {
    for line in printed.lines() {
        if let Some(path) = line.strip_prefix("directory ") {
            assert!(eventually(|| !std::path::Path::new(path).exists()), "{path} is left");
        }
        if let Some(pid) = line.strip_prefix("worker ") {
            let pid: u32 = pid.parse().unwrap();
            assert!(eventually(|| !is_alive(pid)), "worker {pid} is left");
        }
    }
}

/// Calls that make results which go to files.
fn calls(n: u64) -> Delayed<u64> {
    let make = delayed(|i: u64| vec![i; 100_000]);
    let sum = delayed(|parts: Vec<Vec<u64>>| parts.iter().flatten().sum::<u64>());
    let parts: Vec<Delayed<Vec<u64>>> = (0..n).map(|i| make.call((i,))).collect();
    sum.call((parts,))
}

struct Panicking;

impl Observer for Panicking {
    fn task_finished(&self, _: &Plan, _: &TaskEnd) {
        panic!("an observer panics");
    }
}

pub(crate) fn program(how: &str) {
    let processes = Multiprocess::with_workers(2);
    assert_eq!(calls(10).compute_with(&processes).unwrap(), 45 * 100_000);
    if how == "sleep" {
        let sleep = delayed(|i: u64| {
            println!("a task sleeps");
            std::thread::sleep(Duration::from_secs(600));
            i
        });
        let both = delayed(|a: u64, b: u64, parts: u64| a + b + parts);
        let both = both.call((&sleep.call((0_u64,)), &sleep.call((1_u64,)), &calls(3)));
        both.compute_with(&processes).unwrap();
    }
    let workers = children_of(std::process::id());
    workers.iter().for_each(|worker| println!("worker {worker}"));
    println!("directory {}", workers.iter().find_map(|&worker| directory_of(worker)).unwrap().display());
    match how {
        // The scheduler outlives `main`, as an installed one does.
        "success" => std::mem::forget(processes),
        "an error" => {
            let fail = delayed(|parts: u64| if parts > 0 { panic!("on purpose") } else { parts });
            fail.call((&calls(5),)).compute_with(&processes).unwrap_err();
        }
        "a panic while a run goes on" => {
            let options = RunOptions::new().observer(Arc::new(Panicking));
            let _ = calls(5).compute_opts(&processes, &options);
        }
        "the scheduler was dropped" => {
            drop(processes);
            assert!(!workers.iter().any(|&worker| is_alive(worker)), "workers are left");
        }
        "an abort" => std::process::abort(),
        other => panic!("no such end: {other}"),
    }
}
