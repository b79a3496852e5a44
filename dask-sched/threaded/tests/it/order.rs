//! The order of tasks on one worker: roots in static order, and few results alive.

use crate::it::graphs::{plan_of, run};
use dask_graph::{NodeId, Observer, Plan, RunOptions, Scheduler, TaskStart, op};
use dask_sched_threaded::Threaded;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Starts(Mutex<Vec<NodeId>>);

impl Observer for Starts {
    fn task_started(&self, _: &Plan, task: &TaskStart) {
        self.0.lock().unwrap().push(task.node);
    }
}

#[test]
fn roots_begin_in_static_order() {
    let one = op(|| 1_u64);
    let plan = plan_of((0..1000).map(|_| (one.clone(), vec![])), 0..1000);
    let starts = Arc::new(Starts::default());
    Threaded::with_workers(1).run(&plan, &RunOptions::new().observer(starts.clone())).unwrap();
    assert_eq!(*starts.0.lock().unwrap(), plan.nodes().collect::<Vec<_>>());
}

/// A tree of 2^k leaves needs k + 1 results at once, no more.
#[test]
fn a_tree_is_run_branch_by_branch() {
    const LEVELS: usize = 10;
    const LEAVES: usize = 1 << LEVELS;

    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    let (alive, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let make = {
        let (alive, most) = (alive.clone(), most.clone());
        move || {
            most.fetch_max(alive.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            Counted(alive.clone())
        }
    };
    let leaf = op(make.clone());
    let join = op(move |_: &Counted, _: &Counted| make());
    let nodes = (0..2 * LEAVES - 1).map(|task| match task.checked_sub(LEAVES) {
        None => (leaf.clone(), vec![]),
        Some(joined) => (join.clone(), vec![2 * joined, 2 * joined + 1]),
    });
    let plan = plan_of(nodes, [2 * LEAVES - 2]);
    run(&Threaded::with_workers(1), &plan).unwrap();
    // One more while a join has its inputs and its result at once.
    assert!(most.load(Ordering::SeqCst) <= LEVELS + 2, "{most:?} results were alive at once");
}
