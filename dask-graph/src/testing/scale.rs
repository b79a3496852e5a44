//! Scale: many tasks in every shape, without deep recursion and with the right sums.

use crate::function::{named_op, op};
use crate::graph::Graph;
use crate::layer::Materialized;
use crate::task::{Arg, Task};
use crate::testing::Make;
use crate::testing::graphs::{get, random_dependencies, rule, t};

pub(super) fn a_long_chain(make: &Make<'_>) {
    const TASKS: usize = 1_000_000;
    let (start, step) = (op(|| 1_u64), op(|x: u64| x + 1));
    let graph = rule(TASKS, move |task| match task {
        0 => (start.clone(), vec![]),
        _ => (step.clone(), vec![task - 1]),
    });
    assert_eq!(get::<u64>(&*make(), &graph, t(TASKS - 1)), TASKS as u64);
}

pub(super) fn a_wide_graph(make: &Make<'_>) {
    const TASKS: usize = 100_000;
    let one = op(|| 1_u64);
    let mut layer = Materialized::new("t");
    (0..TASKS).for_each(|task| drop(layer.insert(t(task), Task::new(one.clone(), []))));
    let sum = named_op("sum", |all: Vec<u64>| all.iter().sum::<u64>());
    layer.insert(t(TASKS), Task::new(sum, [Arg::list((0..TASKS).map(t))]));
    assert_eq!(get::<u64>(&*make(), &Graph::from_layer(layer), t(TASKS)), TASKS as u64);
}

pub(super) fn a_tree(make: &Make<'_>) {
    const LEAVES: usize = 1 << 16;
    let (leaf, add) = (op(|| 1_u64), op(|a: u64, b: u64| a + b));
    let graph = rule(2 * LEAVES - 1, move |task| match task.checked_sub(LEAVES) {
        None => (leaf.clone(), vec![]),
        Some(joined) => (add.clone(), vec![2 * joined, 2 * joined + 1]),
    });
    assert_eq!(get::<u64>(&*make(), &graph, t(2 * LEAVES - 2)), LEAVES as u64);
}

pub(super) fn a_random_graph(make: &Make<'_>) {
    const TASKS: usize = 100_000;
    let ops = [
        op(|| 1_u64),
        op(|a: u64| a.wrapping_add(1)),
        op(|a: u64, b: u64| a.wrapping_mul(3).wrapping_add(b)),
        op(|a: u64, b: u64, c: u64| a.wrapping_mul(5).wrapping_add(b ^ c)),
    ];
    let graph = rule(TASKS, move |task| {
        let dependencies = random_dependencies(task);
        (ops[dependencies.len()].clone(), dependencies)
    });
    let mut expected: Vec<u64> = Vec::with_capacity(TASKS);
    for task in 0..TASKS {
        let inputs: Vec<u64> = random_dependencies(task).iter().map(|&input| expected[input]).collect();
        expected.push(match inputs[..] {
            [] => 1,
            [a] => a.wrapping_add(1),
            [a, b] => a.wrapping_mul(3).wrapping_add(b),
            [a, b, c] => a.wrapping_mul(5).wrapping_add(b ^ c),
            _ => unreachable!("at most three dependencies"),
        });
    }
    assert_eq!(get::<u64>(&*make(), &graph, t(TASKS - 1)), expected[TASKS - 1]);
}
