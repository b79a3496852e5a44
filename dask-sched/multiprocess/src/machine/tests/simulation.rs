//! Simulated runs: random graphs, and workers that answer and die in random order.

use super::graph::{Made, What, plan};
use super::world::{Climate, Draws, World};
use crate::machine::Outcome;
use dask_graph::{Key, Plan};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::env;
use std::fmt::Write as _;

/// One simulated run: everything in it follows from these numbers, of which only the sizes shrink.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    nodes: usize,
    workers: u32,
    /// How many steps something may go wrong in.
    troubled: u32,
    seed: u64,
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    let numbers = (0..30_usize, 1..6_u32, 0..300_u32, any::<u64>().no_shrink());
    numbers.prop_map(|(nodes, workers, troubled, seed)| Schedule { nodes, workers, troubled, seed })
}

/// A plan whose first tasks are the same however many there are.
fn any_plan(schedule: &Schedule) -> Plan {
    let key = |node: usize| Key::new("t", &[node as u32]);
    let makes = |node: usize| {
        let mut draws = Draws(schedule.seed ^ (node as u64) << 32);
        let mut inputs: Vec<usize> =
            (0..draws.below(4)).filter(|_| node > 0).map(|_| draws.below(node as u64) as usize).collect();
        inputs.dedup();
        let what = match (draws.below(16), inputs.len()) {
            (0..3, 0) => What::Data,
            (3..8, 0) => What::Producer(draws.one_of(&[0, 10, 100_000])),
            (0, 1) => What::Alias,
            (1..3, _) => What::Home,
            (3, _) => What::Producer(1_000),
            _ => What::Task,
        };
        let inputs = inputs.into_iter().map(key).collect();
        let is_wanted = node + 1 == schedule.nodes || draws.below(4) == 0;
        Made { key: key(node), what, inputs, is_wanted }
    };
    plan(&(0..schedule.nodes).map(makes).collect::<Vec<_>>())
}

/// Runs a schedule twice if it fails: then with its history.
fn run(schedule: &Schedule) -> Result<Outcome, String> {
    let plan = any_plan(schedule);
    let world = |keeps_history| {
        let mut draws = Draws(schedule.seed);
        let climate = Climate::draw(&mut draws, schedule.workers, schedule.troubled);
        World::new(&plan, climate, draws, keeps_history)
    };
    world(false).run().map_err(|why| {
        let mut again = world(true);
        let mut text = match again.run() {
            Err(same) if same == why => format!("{why}\n{plan:?}\n"),
            other => format!("{why}\nand when run again {other:?}\n"),
        };
        for (event, answers) in &again.history {
            writeln!(text, "> {event:?}").unwrap();
            answers.iter().for_each(|answer| writeln!(text, "  < {answer:?}").unwrap());
        }
        text
    })
}

/// The number of schedules, which the environment variable `DASK_SCHEDULES` sets.
fn n_schedules() -> u32 {
    env::var("DASK_SCHEDULES").map_or(100_000, |n| n.parse().expect("DASK_SCHEDULES is a number"))
}

#[test]
fn whatever_happens_the_run_ends_as_it_should() {
    let config = Config { cases: n_schedules(), failure_persistence: None, ..Config::default() };
    let outcomes = RefCell::new(BTreeMap::<&str, u32>::new());
    let result = TestRunner::new(config).run(&any_schedule(), |schedule| {
        let outcome = run(&schedule).map_err(TestCaseError::fail)?;
        let name = match outcome {
            Outcome::Completed => "completed",
            Outcome::Failed { .. } => "failed",
            Outcome::Lost { .. } => "lost",
            Outcome::Stopped => "stopped",
            Outcome::NoWorkers => "no workers",
        };
        *outcomes.borrow_mut().entry(name).or_default() += 1;
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let outcomes = outcomes.into_inner();
    assert!(n_schedules() < 10_000 || outcomes.len() == 5, "not every end was met: {outcomes:?}");
}
