//! Errors: they name the task, keep the user's error, and stop the run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::function::{named_op, op, try_named_op};
use crate::scheduler::{RunError, Scheduler};
use crate::testing::Make;
use crate::testing::graphs::{get, run, t, tasks};

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the cupboard is bare")]
struct Bare;

/// The error of the run for the last of `n` tasks.
fn error_of(scheduler: &dyn Scheduler, graph: &crate::Graph, last: usize) -> RunError {
    match run(scheduler, graph, &[t(last)]) {
        Err(error) => error,
        Ok(_) => panic!("a task failed and the run gave results"),
    }
}

pub(super) fn an_error_names_the_task_and_keeps_its_source(make: &Make<'_>) {
    let error = an_error(&*make());
    let source = std::error::Error::source(&error).unwrap_or_else(|| panic!("{error}: no source"));
    assert_eq!(source.downcast_ref::<Bare>(), Some(&Bare), "the source is not the user's own error");
}

/// The user's own error does not cross into another process, but what it says does.
pub(super) fn an_error_names_the_task_and_tells_its_source(make: &Make<'_>) {
    let error = an_error(&*make());
    let source = std::error::Error::source(&error).unwrap_or_else(|| panic!("{error}: no source"));
    assert_eq!(source.to_string(), Bare.to_string());
}

fn an_error(scheduler: &dyn Scheduler) -> RunError {
    let graph = tasks([
        (op(|| 1_u64), vec![]),
        (try_named_op("look", |_: u64| Err::<u64, _>(Bare)), vec![0]),
        (op(|x: u64| x), vec![1]),
    ]);
    let error = error_of(scheduler, &graph, 2);
    assert_eq!(error.key(), Some(&t(1)));
    match &error {
        RunError::Failed { op, layer, location, .. } => {
            assert_eq!((op.as_str(), layer.as_str()), ("look", "t"));
            assert!(location.is_some(), "the place in the source is not told");
        }
        other => panic!("expected RunError::Failed, got {other:?}"),
    }
    // The scheduler is none the worse for it.
    assert_eq!(get::<u64>(scheduler, &graph, t(0)), 1);
    error
}

pub(super) fn a_panic_becomes_an_error(make: &Make<'_>) {
    let scheduler = make();
    for _ in 0..3 {
        let graph = tasks([
            (op(|| 1_u64), vec![]),
            (named_op("stumble", |x: u64| if x == 1 { panic!("one is {x}") } else { x }), vec![0]),
            (op(|x: u64| x), vec![1]),
        ]);
        match error_of(&*scheduler, &graph, 2) {
            RunError::Panicked { key, op, message, .. } => {
                assert_eq!((key, op.as_str(), message.as_str()), (t(1), "stumble", "one is 1"));
            }
            other => panic!("expected RunError::Panicked, got {other:?}"),
        }
    }
}

pub(super) fn a_wrong_type_is_an_error(make: &Make<'_>) {
    let graph = tasks([(op(|| 1_u64), vec![]), (op(|text: String| text), vec![0])]);
    let error = error_of(&*make(), &graph, 1);
    assert_eq!(error.key(), Some(&t(1)));
    let text = error.to_string();
    assert!(text.contains("u64") && text.contains("String"), "the types are not named: {text}");
}

/// Of a chain nothing runs after the error; of many independent tasks not all do.
pub(super) fn the_first_error_stops(make: &Make<'_>) {
    const TASKS: usize = 5_000;
    let ran = Arc::new(AtomicUsize::new(0));
    let count = |ran: &Arc<AtomicUsize>| {
        let ran = ran.clone();
        move || ran.fetch_add(1, Ordering::SeqCst)
    };
    let scheduler = make();

    let (start, next) = (count(&ran), count(&ran));
    let (start, next) = (op(start), op(move |_: usize| next()));
    let fail = op(|_: usize| -> usize { panic!("on purpose") });
    let graph = tasks((0..100).map(|task| match task {
        0 => (start.clone(), vec![]),
        50 => (fail.clone(), vec![49]),
        _ => (next.clone(), vec![task - 1]),
    }));
    error_of(&*scheduler, &graph, 99);
    assert_eq!(ran.swap(0, Ordering::SeqCst), 50, "tasks ran after the one that failed");

    // The others take a while, so that the scheduler has time to learn of the error.
    let others = {
        let ran = ran.clone();
        op(move || {
            std::thread::sleep(Duration::from_millis(1));
            ran.fetch_add(1, Ordering::SeqCst)
        })
    };
    let fail = try_named_op("fail", || Err::<usize, _>(Bare));
    let graph = tasks((0..TASKS).map(|task| match task {
        0 => (fail.clone(), vec![]),
        _ => (others.clone(), vec![]),
    }));
    let keys: Vec<_> = (0..TASKS).map(t).collect();
    assert!(run(&*scheduler, &graph, &keys).is_err());
    let ran = ran.load(Ordering::SeqCst);
    assert!(ran < TASKS - 1, "all of the {TASKS} tasks ran although the first one failed");
}
