//! What cannot cross the border is refused before anything runs.

use dask_graph::{Collection, ComputeError, RunError, RunOptions, Scheduler, delayed};
use dask_sched_multiprocess::Multiprocess;
use libtest_mimic::Trial;

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a closure that captures is refused before anything runs", closures_that_capture_are_refused),
        trial("a value that cannot leave is named", a_value_that_cannot_leave_is_named),
        trial("a cancelled run does nothing", a_cancelled_run_does_nothing),
        trial("a deadline stops between tasks", a_deadline_stops_between_tasks),
    ]
}

/// A task that leaves a trace in a file.
fn trace(file: &str) -> dask_graph::Delayed<u64> {
    delayed(|file: String| std::fs::write(file, "was here").map_or(0, |()| 1_u64)).call((file.to_owned(),))
}

fn closures_that_capture_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("trace").to_str().unwrap().to_owned();
    let factor = 3_u64;
    let times = delayed(move |x: u64| factor * x).call((&trace(&file),));
    let error = times.compute_with(&Multiprocess::with_workers(2)).unwrap_err();
    let ComputeError::Run(RunError::Stays { key, op, location, .. }) = &error else { panic!("{error:?}") };
    assert!(key.to_string().starts_with("closure-") && op == "closure", "{key} {op}");
    assert!(location.unwrap().file().contains("refusals.rs"));
    let text = error.to_string();
    assert!(text.contains("captures state") && text.contains("map_with"), "{text}");
    assert!(!std::path::Path::new(&file).exists(), "something ran");
}

fn a_value_that_cannot_leave_is_named() {
    struct Mine;
    fn make(_: u64) -> Mine {
        Mine
    }
    let processes = Multiprocess::with_workers(1);
    let make = delayed(make).call((1_u64,));
    let error = delayed(|_: &Mine| 1_u64).call((&make,)).compute_with(&processes).unwrap_err();
    let ComputeError::Run(RunError::Stays { key, .. }) = &error else { panic!("{error:?}") };
    assert!(key.to_string().contains("make"), "{key}");
    let text = error.to_string();
    assert!(text.contains("Mine") && text.contains("make_portable"), "{text}");
}

fn a_cancelled_run_does_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("trace").to_str().unwrap().to_owned();
    let token = dask_graph::CancelToken::new();
    token.cancel();
    let plan = trace(&file);
    let plan = plan.graph().lower(&plan.keys()).unwrap();
    let error = Multiprocess::with_workers(1).run(&plan, &RunOptions::new().cancel(token)).unwrap_err();
    assert!(matches!(error, RunError::Cancelled { finished: 0, tasks: 1 }), "{error}");
    assert!(!std::path::Path::new(&file).exists(), "something ran");
}

fn a_deadline_stops_between_tasks() {
    let sleep = delayed(|x: u64| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        x + 1
    });
    let chain = (0..1000).fold(sleep.call((0_u64,)), |last, _| sleep.call((&last,)));
    let options = RunOptions::new().timeout(std::time::Duration::from_millis(200));
    let error = chain.compute_opts(&Multiprocess::with_workers(2), &options).unwrap_err();
    let ComputeError::Run(RunError::DeadlineExceeded { finished, tasks: 1001 }) = error else {
        panic!("{error}")
    };
    assert!(finished < 1000);
}
