//! Large plans.

use super::graph::{Made, What, plan};
use crate::machine::{Event, Instruction, Limits, Machine, Outcome, Worker};
use dask_graph::{Key, Plan};
use std::collections::VecDeque;

/// Layers of `width` tasks, each of which takes three of the layer before; the last are wanted.
fn layers(width: usize, depth: usize) -> Plan {
    let key = |layer: usize, at: usize| Key::new("t", &[layer as u32, (at % width) as u32]);
    let makes = |i: usize| {
        let (layer, at) = (i / width, i % width);
        let inputs = (0..3).filter(|_| layer > 0).map(|d| key(layer - 1, at + d)).collect();
        Made { key: key(layer, at), what: What::Task, inputs, is_wanted: layer + 1 == depth }
    };
    plan(&(0..width * depth).map(makes).collect::<Vec<_>>())
}

/// Answers everything in order, as workers do that take no time.
fn run(plan: &Plan, workers: u32, nbytes: u64) -> (Option<Outcome>, usize) {
    let mut machine = Machine::new(plan, Limits::default());
    let mut out = Vec::new();
    (0..workers).for_each(|worker| machine.on(Event::Joined { worker: Worker(worker) }, &mut out));
    machine.start(&mut out);
    let (mut waiting, mut outcome) = (VecDeque::from(out), None);
    while let Some(instruction) = waiting.pop_front() {
        let mut out = Vec::new();
        match instruction {
            Instruction::Send { worker, node, attempt, .. } => {
                let done = Event::Done { worker, node, attempt, nbytes, in_memory: true, nanos: 1_000 };
                machine.on(done, &mut out);
            }
            Instruction::Finish(end) => outcome = Some(end),
            _ => {}
        }
        waiting.extend(out);
    }
    assert!(plan.outputs().iter().all(|&node| machine.uses_left(node) == 1), "outputs are the caller's");
    assert!((0..workers).all(|worker| machine.running(Worker(worker)).next().is_none()));
    (outcome, machine.finished_tasks())
}

#[test]
fn many_nodes() {
    let plan = layers(1_000, 100);
    for nbytes in [0, 100_000] {
        assert_eq!(run(&plan, 8, nbytes), (Some(Outcome::Completed), 100_000));
    }
}

#[test]
#[ignore = "for measuring, optimised: prints the time a node takes"]
#[expect(clippy::print_stderr, reason = "it is what the test is for")]
fn a_million_nodes() {
    let plan = layers(1_000, 1_000);
    for (workers, nbytes) in [(1, 0), (8, 0), (8, 100_000), (64, 100_000)] {
        let start = std::time::Instant::now();
        assert_eq!(run(&plan, workers, nbytes).0, Some(Outcome::Completed));
        eprintln!("{workers} workers, {nbytes} bytes: {:?} a node", start.elapsed() / 1_000_000);
    }
}
