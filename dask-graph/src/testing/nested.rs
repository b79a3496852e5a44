//! Nesting: a task may itself run a plan on the same scheduler.

use std::sync::Arc;

use crate::function::op;
use crate::graph::Graph;
use crate::scheduler::Scheduler;
use crate::testing::Make;
use crate::testing::graphs::{get, t, tasks};

/// A graph whose four tasks run such a graph again, `depth` times over, and which counts the innermost.
fn nest(scheduler: &Arc<dyn Scheduler>, depth: usize) -> Graph {
    let inner = {
        let scheduler = scheduler.clone();
        op(move || -> u64 {
            match depth {
                0 => 1,
                _ => get(&*scheduler, &nest(&scheduler, depth - 1), t(4)),
            }
        })
    };
    let sum = op(|a: u64, b: u64, c: u64, d: u64| a + b + c + d);
    tasks((0..5).map(|task| match task {
        4 => (sum.clone(), vec![0, 1, 2, 3]),
        _ => (inner.clone(), vec![]),
    }))
}

pub(super) fn tasks_may_run_plans(make: &Make<'_>) {
    let scheduler: Arc<dyn Scheduler> = make().into();
    assert_eq!(get::<u64>(&*scheduler, &nest(&scheduler, 3), t(4)), 4_u64.pow(4));
}
