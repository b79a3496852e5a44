//! Workers that never become any.

use std::time::Duration;

use dask_graph::{Collection, delayed};
use dask_sched_multiprocess::Multiprocess;
use libtest_mimic::Trial;

use crate::{chain, programs, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let unaware = |what: &'static str, expected: &'static [&'static str]| {
        trial(format!("a main that does not call init and {what}"), move || {
            let output = programs::run("unaware", what);
            let printed = String::from_utf8_lossy(&output.stdout).into_owned();
            for part in expected {
                assert!(printed.contains(part), "`{part}` is not in: {output:?}");
            }
        })
    };
    vec![
        unaware("ends", &["never", "exited with status 0", "`dask_sched::init()` before anything else"]),
        unaware("waits", &["said nothing for 300ms", "`dask_sched::init()` before anything else"]),
        unaware(
            "starts workers",
            &["[worker 0] ", "would go on to start workers of its own", "exited with status 0"],
        ),
    ]
}

fn compute() -> String {
    let processes = Multiprocess::with_workers(1).patience(Duration::from_millis(300));
    let sum = delayed(|a: i64, b: i64| a + b).call((40_i64, 2_i64));
    sum.compute_with(&processes)
        .map_or_else(|error| format!("never: {}", chain(&error)), |sum| sum.to_string())
}

/// What a `main` does in a worker that does not call `init`.
pub(crate) fn unaware() {
    match programs::argument().as_str() {
        "waits" => std::thread::sleep(Duration::from_secs(600)),
        "starts workers" => println!("{}", compute()),
        _ => {}
    }
}

pub(crate) fn program() {
    println!("{}", compute());
}
