//! Stopping: tokens and deadlines, between tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::function::op;
use crate::graph::Graph;
use crate::scheduler::{CancelToken, RunError, RunOptions};
use crate::testing::Make;
use crate::testing::graphs::{plan, t, tasks};

const TASKS: usize = 100;

/// A chain that counts the tasks that ran and calls `at` in task 10.
fn chain(ran: &Arc<AtomicUsize>, at: impl Fn() + Send + Sync + 'static) -> Graph {
    let count = {
        let ran = ran.clone();
        move || ran.fetch_add(1, Ordering::SeqCst)
    };
    let tenth = {
        let count = count.clone();
        op(move |_: usize| {
            at();
            count()
        })
    };
    let (first, next) = (op(count.clone()), op(move |_: usize| count()));
    tasks((0..TASKS).map(|task| match task {
        0 => (first.clone(), vec![]),
        10 => (tenth.clone(), vec![9]),
        _ => (next.clone(), vec![task - 1]),
    }))
}

pub(super) fn a_cancelled_run_does_nothing(make: &Make<'_>) {
    let ran = Arc::default();
    let token = CancelToken::new();
    token.cancel();
    let plan = plan(&chain(&ran, || {}), &[t(TASKS - 1)]);
    let scheduler = make();
    match scheduler.run(&plan, &RunOptions::new().cancel(token)) {
        Err(RunError::Cancelled { finished, tasks }) => assert_eq!((finished, tasks), (0, TASKS)),
        other => panic!("expected RunError::Cancelled, got {other:?}"),
    }
    assert_eq!(ran.load(Ordering::SeqCst), 0);
    // Another token is another matter.
    assert!(scheduler.run(&plan, &RunOptions::new().cancel(CancelToken::new())).is_ok());
}

pub(super) fn a_run_is_cancelled_between_tasks(make: &Make<'_>) {
    let ran = Arc::default();
    let token = CancelToken::new();
    let graph = {
        let token = token.clone();
        chain(&ran, move || token.cancel())
    };
    match make().run(&plan(&graph, &[t(TASKS - 1)]), &RunOptions::new().cancel(token)) {
        // The task in which the token was cancelled is the eleventh, and ends well.
        Err(RunError::Cancelled { finished, tasks }) => assert_eq!((finished, tasks), (11, TASKS)),
        other => panic!("expected RunError::Cancelled, got {other:?}"),
    }
    assert_eq!(ran.load(Ordering::SeqCst), 11);
}

pub(super) fn a_deadline_stops_between_tasks(make: &Make<'_>) {
    let ran = Arc::default();
    let deadline = Instant::now() + Duration::from_millis(50);
    // Waits in a task until the deadline has passed, however slow the machine is before and after.
    let graph = chain(&ran, move || {
        while Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    let plan = plan(&graph, &[t(TASKS - 1)]);
    let scheduler = make();
    match scheduler.run(&plan, &RunOptions::new().deadline(deadline)) {
        Err(RunError::DeadlineExceeded { finished, tasks }) => {
            assert_eq!(tasks, TASKS);
            assert!(finished <= 11, "{finished} tasks finished, of which 11 could have begun in time");
        }
        other => panic!("expected RunError::DeadlineExceeded, got {other:?}"),
    }
    assert!(ran.load(Ordering::SeqCst) <= 11);
    assert!(scheduler.run(&plan, &RunOptions::new().timeout(Duration::from_secs(3600))).is_ok());
}
