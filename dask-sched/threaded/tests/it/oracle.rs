//! Random graphs give the same values on every scheduler and any number of workers.

use crate::it::graphs::{plan_of, run};
use dask_graph::{Arg, Graph, Key, Materialized, Node, Op, Plan, RunOptions, Scheduler, Task, op};
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// For each task up to three draws, which choose tasks before it.
fn draws() -> impl Strategy<Value = Vec<Vec<usize>>> {
    prop::collection::vec(prop::collection::vec(any::<usize>(), 0..4), 1..120)
}

fn plan(draws: &[Vec<usize>], wanted: &[usize]) -> Plan {
    let ops: [Arc<dyn Op>; 4] = [
        op(|| 0.1_f64),
        op(|a: f64| a * 1.7 + 0.3),
        op(|a: f64, b: f64| a - b / 3.0),
        op(|a: f64, b: f64, c: f64| (a + b) * 0.7 - c),
    ];
    let nodes = draws.iter().enumerate().map(|(task, draws)| {
        let dependencies: Vec<usize> = draws.iter().filter(|_| task > 0).map(|draw| draw % task).collect();
        (ops[dependencies.len()].clone(), dependencies)
    });
    plan_of(nodes, wanted.iter().map(|draw| draw % draws.len()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn same_values_as_sync(draws in draws(), wanted in prop::collection::vec(any::<usize>(), 1..8), workers in 1_usize..5) {
        let plan = plan(&draws, &wanted);
        let bits = |values: Vec<dask_graph::Value>| -> Vec<u64> {
            values.iter().map(|value| value.get::<f64>().unwrap().to_bits()).collect()
        };
        let expected = bits(run(&Sync::new(), &plan).unwrap());
        for scheduler in [Threaded::with_workers(workers), Threaded::with_workers(workers).eager()] {
            prop_assert_eq!(&bits(run(&scheduler, &plan).unwrap()), &expected);
        }
    }
}

/// Short tasks, and from somewhere on long ones: the plan is shared in its middle.
#[test]
fn same_values_when_sharing_begins_in_the_middle() {
    for slow_from in [0, 1, 2, 10, 500, 1500, 2900, 2999] {
        check_slow(3000, slow_from..3000);
    }
}

/// The same in plans for which the lone worker's table is made in two parts, of which the second begins at an eighth.
#[test]
fn same_values_when_a_large_plan_is_shared_in_the_middle() {
    for slow_from in [0, 36_000, 37_500, 150_000] {
        check_slow(300_000, slow_from..slow_from + 3000);
    }
}

#[track_caller]
fn check_slow(n_tasks: u64, slow: Range<u64>) {
    let ops: [Arc<dyn Op>; 3] = [
        op(|| 1_u64),
        op(|a: u64| a.wrapping_mul(3)),
        op(|a: u64, b: u64| {
            // Known by its argument: a number of microseconds.
            let since = Instant::now();
            while b < 1000 && since.elapsed() < Duration::from_micros(b) {
                std::hint::spin_loop();
            }
            a.wrapping_mul(31).wrapping_add(b)
        }),
    ];
    let micros = |i: u64| if slow.contains(&i) { i % 23 } else { 0 };
    let mut layer = Materialized::new("t");
    let key = |i: u64| Key::new("t", &[i as u32]);
    for i in 0..n_tasks {
        let args = match i {
            0 => vec![],
            _ => vec![Arg::key(key(i - 1 - i * 7 % i.min(40))), Arg::value(micros(i))],
        };
        let op = ops[args.len()].clone();
        layer.insert(key(i), Node::Task(Task::new(op, args)));
    }
    let wanted: Vec<Key> = (0..n_tasks).step_by(3).map(key).collect();
    let plan = Graph::from_layer(layer).lower(&wanted).unwrap();
    let got = |scheduler: &dyn Scheduler| -> Vec<u64> {
        let values = scheduler.run(&plan, &RunOptions::new()).unwrap();
        values.iter().map(|value| *value.get().unwrap()).collect()
    };
    assert_eq!(got(&Threaded::with_workers(2)), got(&Sync::new()), "slow in {slow:?}");
}
