//! Random graphs give the same values on every scheduler and any number of workers.

use crate::it::graphs::{plan_of, run};
use dask_graph::{Op, Plan, op};
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;
use std::sync::Arc;

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
        prop_assert_eq!(bits(run(&Threaded::with_workers(workers), &plan).unwrap()), expected);
    }
}
