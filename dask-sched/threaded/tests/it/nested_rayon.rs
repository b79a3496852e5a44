//! Tasks that use rayon inside share the workers: never more threads, and idle ones help.

use crate::it::graphs::{plan_of, run, t};
use dask_graph::{Arg, Graph, List, Materialized, Task, Value, op};
use dask_sched_threaded::Threaded;
use rayon::prelude::*;
use std::cell::Cell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;
use std::time::Duration;

/// Threads on which something ran, and how many at once.
#[derive(Default)]
struct Census {
    threads: Mutex<HashSet<ThreadId>>,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Census {
    fn visit(&self, stay: Duration) {
        self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let thread = std::thread::current();
        assert!(thread.name().is_some_and(|name| name.starts_with("dask-worker-")), "{:?}", thread.name());
        self.threads.lock().unwrap().insert(thread.id());
        std::thread::sleep(stay);
        self.now.fetch_sub(1, Ordering::SeqCst);
    }

    fn n_threads(&self) -> usize {
        self.threads.lock().unwrap().len()
    }
}

/// A single task keeps one worker; the others have nothing to do but to help with what is inside.
#[test]
fn idle_workers_help() {
    const WORKERS: usize = 3;
    let census = Arc::new(Census::default());
    let visit = {
        let census = census.clone();
        op(move || (0..300).into_par_iter().for_each(|_| census.visit(Duration::from_millis(1))))
    };
    let plan = plan_of([(visit, vec![])], [0]);
    run(&Threaded::with_workers(WORKERS), &plan).unwrap();
    assert_eq!(census.n_threads(), WORKERS);
}

/// Workers that have been at work before and have run out of it help, too.
#[test]
fn workers_that_have_run_out_of_tasks_help() {
    const WORKERS: usize = 3;
    let census = Arc::new(Census::default());
    let small = op(|| std::thread::sleep(Duration::from_micros(200)));
    let last = {
        let census = census.clone();
        let visit = move || (0..300).into_par_iter().for_each(|_| census.visit(Duration::from_millis(1)));
        op(move |_: Value, _: Value| visit())
    };
    let join = op(|_: Value, _: Value| ());
    // Many small tasks, all joined into one chain, and the task with rayon inside at its end.
    let nodes = (0..400).map(|task| match task {
        0..200 => (small.clone(), vec![]),
        200 => (join.clone(), vec![0, 1]),
        399 => (last.clone(), vec![398, 199]),
        _ => (join.clone(), vec![task - 1, task - 200]),
    });
    run(&Threaded::with_workers(WORKERS), &plan_of(nodes, [399])).unwrap();
    assert_eq!(census.n_threads(), WORKERS);
}

#[test]
fn tasks_and_what_they_do_inside_run_on_no_more_threads_than_workers() {
    const WORKERS: usize = 3;
    let census = Arc::new(Census::default());
    let visit = {
        let census = census.clone();
        op(move || (0..20).into_par_iter().for_each(|_| census.visit(Duration::from_micros(100))))
    };
    let plan = plan_of((0..50).map(|_| (visit.clone(), vec![])), 0..50);
    let scheduler = Threaded::with_workers(WORKERS);
    run(&scheduler, &plan).unwrap();
    assert!(census.n_threads() <= WORKERS && census.most.load(Ordering::SeqCst) <= WORKERS);
}

/// While a task waits for its other half, its thread may do what others have inside, but no other task.
#[test]
fn no_task_is_held_up_behind_another() {
    thread_local! {
        static IS_IN_TASK: Cell<bool> = const { Cell::new(false) };
    }
    let task = op(|_: &List| {
        assert!(!IS_IN_TASK.replace(true), "a task began inside another");
        let halves = || {
            let work = || std::thread::sleep(Duration::from_micros(20));
            rayon::join(|| rayon::join(work, work), || rayon::join(work, work));
        };
        rayon::join(halves, halves);
        IS_IN_TASK.set(false);
    });
    // Layers of twenty: each task needs two of the layer before, so that new work comes up all the time.
    let nodes = (0..600_usize).map(|i| {
        let inputs = i.checked_sub(20).map(|above| vec![above, above - above % 20]);
        (task.clone(), inputs.unwrap_or_default())
    });
    let mut layer = Materialized::new("t");
    for (i, (op, inputs)) in nodes.enumerate() {
        layer.insert(t(i), Task::new(op, [Arg::list(inputs.into_iter().map(t))]));
    }
    let plan = Graph::from_layer(layer).lower(&(580..600).map(t).collect::<Vec<_>>()).unwrap();
    for workers in [2, 4] {
        run(&Threaded::with_workers(workers), &plan).unwrap();
    }
}
