//! The campaign of faults: workers are killed at random moments, and the run gives the right answer or says which
//! task was lost, and leaves nothing.

use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dask_graph::{Arg, Graph, Key, Materialized, Node, Op, RunError, RunOptions, Scheduler, Task, Value, op};
use dask_sched_multiprocess::Multiprocess;
use dask_sched_sync::Sync;
use libtest_mimic::Trial;

use crate::programs::{self, DEADLINE, children_of, directory_of, eventually};
use crate::trial;

/// How many runs; more are asked for with this variable.
const SEEDS: &str = "DASK_KILL_SEEDS";
const TASKS: usize = 2000;
/// Runs for which one scheduler is used.
const RUNS: u64 = 10;

pub(crate) fn trials() -> Vec<Trial> {
    let seeds: u64 = std::env::var(SEEDS).map_or(50, |seeds| seeds.parse().expect("a number of seeds"));
    let campaign = move || {
        for first in (0..seeds).step_by(RUNS as usize) {
            let output = programs::run("faults", &format!("{first} {}", seeds.min(first + RUNS)));
            let printed = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && printed.contains("right"), "seeds from {first}: {output:?}");
            print!("{printed}");
        }
    };
    vec![trial(format!("workers are killed at random moments, {seeds} runs"), campaign)]
}

/// A small generator with a seed: splitmix64.
pub(crate) struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

/// Two thousand tasks with up to three inputs, of which one in fifty makes a result that goes to a file.
fn graph(random: &mut Random) -> Graph {
    fn mix(inputs: &[&Vec<u64>], length: usize) -> Vec<u64> {
        let sum =
            |input: &&Vec<u64>| input.iter().fold(1_u64, |sum, x| sum.wrapping_mul(31).wrapping_add(*x));
        let seed = inputs.iter().map(sum).fold(7, u64::wrapping_add);
        // Some work, so that there is something to be interrupted.
        let mut random = Random(seed);
        let spun = (0..20_000).map(|_| random.next()).fold(0, u64::wrapping_add);
        (0..length as u64).map(|i| spun ^ i).collect()
    }
    let ops: [Arc<dyn Op>; 4] = [
        op(|n: usize| mix(&[], n)),
        op(|n: usize, a: &Vec<u64>| mix(&[a], n)),
        op(|n: usize, a: &Vec<u64>, b: &Vec<u64>| mix(&[a, b], n)),
        op(|n: usize, a: &Vec<u64>, b: &Vec<u64>, c: &Vec<u64>| mix(&[a, b, c], n)),
    ];
    let mut layer = Materialized::new("t");
    for task in 0..TASKS {
        let n_inputs = random.below(4).min(task as u64);
        let inputs: BTreeSet<u64> = (0..n_inputs).map(|_| random.below(task as u64)).collect();
        let length: usize = if random.below(50) == 0 { 10_000 } else { 3 };
        let mut args = vec![Arg::value(length)];
        args.extend(inputs.iter().map(|&input| Arg::key(key(input))));
        layer.insert(key(task as u64), Node::Task(Task::new(ops[inputs.len()].clone(), args)));
    }
    Graph::from_layer(layer)
}

fn key(task: u64) -> Key {
    Key::new("t", &[task as u32])
}

/// Runs the seeds `from to`, while workers are killed, and compares with what one thread makes.
pub(crate) fn program(argument: &str) {
    let (from, to) = argument.split_once(' ').unwrap();
    let processes = Multiprocess::with_workers(2);
    let (mut right, mut lost, mut kills) = (0, 0, 0);
    let mut directories: HashSet<PathBuf> = HashSet::new();
    for seed in from.parse::<u64>().unwrap()..to.parse().unwrap() {
        let mut random = Random(seed);
        let plan =
            graph(&mut random).lower(&(0..TASKS as u64).step_by(7).map(key).collect::<Vec<_>>()).unwrap();
        let expected = Sync::new().run(&plan, &RunOptions::new()).unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let killer = {
            let is_over = is_over.clone();
            std::thread::spawn(move || {
                let mut found = (0, HashSet::new());
                while !is_over.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_micros(random.below(25_000)));
                    let workers = children_of(std::process::id());
                    found.1.extend(workers.iter().filter_map(|&worker| directory_of(worker)));
                    if let Some(&victim) = workers.get(random.below(2) as usize) {
                        found.0 += u32::from(
                            Command::new("kill")
                                .args(["-9", &victim.to_string()])
                                .status()
                                .unwrap()
                                .success(),
                        );
                    }
                }
                found
            })
        };
        let got = processes.run(&plan, &RunOptions::new().timeout(DEADLINE));
        is_over.store(true, Ordering::Relaxed);
        let (killed, found) = killer.join().unwrap();
        kills += killed;
        directories.extend(found);
        match got {
            Ok(values) => {
                let same = |(a, b): (&Value, &Value)| a.get::<Vec<u64>>() == b.get::<Vec<u64>>();
                assert!(values.iter().zip(&expected).all(same), "seed {seed} gives something else");
                right += 1;
            }
            Err(RunError::Lost { .. }) => lost += 1,
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
    drop(processes);
    assert_eq!(children_of(std::process::id()), [0; 0], "workers are left");
    assert!(
        eventually(|| directories.iter().all(|directory| !directory.exists())),
        "{directories:?} are left"
    );
    assert!(kills > 0 && !directories.is_empty(), "nobody was killed, or nothing was seen");
    println!("{right} right, {lost} lost a task, {kills} workers killed");
}
