//! Release: a result goes the moment its last consumer took it, and that consumer owns it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::function::{Own, op, try_op};
use crate::op::Op;
use crate::testing::Make;
use crate::testing::graphs::{get, run, t, tasks};
use crate::value::Value;

/// Counts itself in a shared counter as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::SeqCst);
        Self(alive.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn counter() -> Arc<AtomicUsize> {
    Arc::default()
}

fn source(alive: &Arc<AtomicUsize>) -> Arc<dyn Op> {
    let alive = alive.clone();
    op(move || Counted::new(&alive))
}

pub(super) fn a_chain_holds_one_result_at_a_time(make: &Make<'_>) {
    let (alive, most) = (counter(), counter());
    let step = {
        let (alive, most) = (alive.clone(), most.clone());
        op(move |_: &Counted| {
            // Before this result is made, its input is the only one.
            most.fetch_max(alive.load(Ordering::SeqCst), Ordering::SeqCst);
            Counted::new(&alive)
        })
    };
    let graph = tasks((0..100).map(|task| match task {
        0 => (source(&alive), vec![]),
        _ => (step.clone(), vec![task - 1]),
    }));
    let values = run(&*make(), &graph, &[t(99)]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(most.load(Ordering::SeqCst), 1, "results alive at the start of a task of a chain");
    assert_eq!(alive.load(Ordering::SeqCst), 1, "only the result that was asked for is left");
    drop(values);
    assert_eq!(alive.load(Ordering::SeqCst), 0, "and it belongs to the caller alone");
}

pub(super) fn a_shared_result_goes_with_its_last_consumer(make: &Make<'_>) {
    const CONSUMERS: usize = 20;
    let alive = counter();
    let consume = op(|_: &Counted| 1_usize);
    let end = {
        let alive = alive.clone();
        op(move |_: Vec<usize>| alive.load(Ordering::SeqCst))
    };
    // 0 is shared by 1..=CONSUMERS, and the last task needs all of these.
    let mut nodes = vec![(source(&alive), vec![])];
    nodes.extend((0..CONSUMERS).map(|_| (consume.clone(), vec![0])));
    let mut graph = crate::layer::Materialized::new("t");
    for (i, (op, dependencies)) in nodes.into_iter().enumerate() {
        graph.insert(t(i), crate::task::Task::new(op, dependencies.into_iter().map(|d| t(d).into())));
    }
    let all = crate::task::Arg::list((1..=CONSUMERS).map(t));
    graph.insert(t(CONSUMERS + 1), crate::task::Task::new(end, [all]));
    let graph = crate::graph::Graph::from_layer(graph);
    let left: usize = get(&*make(), &graph, t(CONSUMERS + 1));
    assert_eq!(left, 0, "the shared result is alive although all its consumers have run");
}

/// A buffer goes through many tasks, each of which owns it, and keeps its address.
pub(super) fn the_last_consumer_works_in_place(make: &Make<'_>) {
    let start = op(|| vec![0_u64; 1000]);
    let address = op(|data: Vec<u64>| {
        let address = data.as_ptr() as usize;
        (data, address)
    });
    let step = op(|(mut data, address): (Vec<u64>, usize)| {
        data.iter_mut().for_each(|x| *x += 1);
        (data, address)
    });
    let graph = tasks((0..50).map(|task| match task {
        0 => (start.clone(), vec![]),
        1 => (address.clone(), vec![0]),
        _ => (step.clone(), vec![task - 1]),
    }));
    let scheduler = make();
    let (data, address): (Vec<u64>, usize) = get(&*scheduler, &graph, t(49));
    assert_eq!(data, vec![48; 1000]);
    assert_eq!(data.as_ptr() as usize, address, "the buffer was copied on its way");

    // Shared by two consumers that run one after the other: the first gets a share, the second owns it.
    let borrow = op(|data: &Vec<u64>| data.as_ptr() as usize);
    let own = op(|Own(data): Own<Vec<u64>>, before: usize| data.as_ptr() as usize == before);
    let graph = tasks([(start, vec![]), (borrow, vec![0]), (own, vec![0, 1])]);
    assert!(get::<bool>(&*scheduler, &graph, t(2)), "the last of two consumers was given a copy");
}

pub(super) fn nothing_is_left_after_an_error(make: &Make<'_>) {
    let alive = counter();
    let fail = try_op(|_: &Counted| Err::<(), _>("on purpose"));
    let join = op(|_: Value, _: Value| ());
    let graph = tasks((0..30).map(|task| match task {
        0..10 => (source(&alive), vec![]),
        10..20 => (fail.clone(), vec![task - 10]),
        _ => (join.clone(), vec![task - 20, task - 10]),
    }));
    let keys: Vec<_> = (20..30).map(t).collect();
    assert!(run(&*make(), &graph, &keys).is_err(), "a task fails");
    assert_eq!(alive.load(Ordering::SeqCst), 0, "results alive after the run has failed");
}
