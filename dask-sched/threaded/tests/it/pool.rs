//! The pool of workers: as many as asked for, and the same in every run.

use crate::it::graphs::{plan_of, run};
use dask_graph::{Plan, op};
use dask_sched_threaded::Threaded;
use std::collections::HashSet;
use std::sync::{Arc, Barrier, Mutex};
use std::thread::ThreadId;

/// As many tasks as workers, each of which waits until all run, and the threads that they ran on.
fn meeting(workers: usize) -> (Plan, Arc<Mutex<HashSet<ThreadId>>>) {
    let threads: Arc<Mutex<HashSet<ThreadId>>> = Arc::default();
    let barrier = Arc::new(Barrier::new(workers));
    let meet = {
        let threads = threads.clone();
        op(move || {
            threads.lock().unwrap().insert(std::thread::current().id());
            barrier.wait();
        })
    };
    (plan_of((0..workers).map(|_| (meet.clone(), vec![])), 0..workers), threads)
}

#[test]
fn as_many_tasks_run_at_once_as_there_are_workers_on_the_same_threads_in_every_run() {
    const WORKERS: usize = 5;
    let scheduler = Threaded::with_workers(WORKERS);
    let (plan, threads) = meeting(WORKERS);
    for _ in 0..20 {
        run(&scheduler, &plan).unwrap();
        assert_eq!(threads.lock().unwrap().len(), WORKERS);
    }
}

#[test]
fn no_number_means_one_worker_a_core() {
    let cores = std::thread::available_parallelism().unwrap();
    assert_eq!(Threaded::new().num_workers(), cores);
    assert_eq!(Threaded::with_workers(0).num_workers(), cores);
    assert_eq!(Threaded::with_workers(3).num_workers().get(), 3);
    assert_eq!(Threaded::with_workers(usize::MAX).num_workers().get(), rayon::max_num_threads());
}

/// A worker may run a plan on another scheduler, whose workers may do the same the other way round.
#[test]
fn schedulers_call_each_other() {
    let (a, b) = (Arc::new(Threaded::with_workers(1)), Arc::new(Threaded::with_workers(1)));
    let innermost = op(|| 7_u64);
    let plan = |scheduler: &Arc<Threaded>, inner: Plan| {
        let scheduler = scheduler.clone();
        let inner = Arc::new(inner);
        let call = op(move || *run(&*scheduler, &inner).unwrap()[0].get::<u64>().unwrap());
        plan_of([(call, vec![])], [0])
    };
    let inner = plan_of([(innermost, vec![])], [0]);
    let inner = plan(&a, inner);
    let inner = plan(&b, inner);
    let values = run(&*a, &plan(&a, inner)).unwrap();
    assert_eq!(values[0].get(), Ok(&7_u64));
}
