//! The memory limit: producers wait for memory, and the run goes on and gives the same whatever the limit.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::function::op;
use crate::graph::Graph;
use crate::op::{Args, Op, OpError};
use crate::pack::{Packer, Refused, Unpack, Unpacked};
use crate::plan::Plan;
use crate::scheduler::{Observer, RunOptions, Scheduler, TaskEnd};
use crate::task::Arg;
use crate::testing::Make;
use crate::testing::graphs::{plan, random_dependencies, t, tasks};
use crate::testing::naive::Naive;
use crate::value::Value;

const BLOCK: usize = 100_000;
const BLOCKS: usize = 40;

/// Makes a block of bytes, and says how large it will be if it is told to.
struct MakeBlock {
    says_size: bool,
}

impl Op for MakeBlock {
    fn name(&self) -> Cow<'_, str> {
        "make-block".into()
    }
    fn call(&self, _: Args<'_>) -> Result<Value, OpError> {
        Ok(Value::new(vec![1_u8; BLOCK]))
    }
    fn is_producer(&self) -> bool {
        true
    }
    fn output_nbytes(&self, _: &[Arg]) -> Option<u64> {
        self.says_size.then_some(BLOCK as u64)
    }
    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&self.says_size)?;
        Ok(|from| Ok(Unpacked::op(MakeBlock { says_size: from.state()? })))
    }
}

/// The largest number of live bytes that a run reported.
#[derive(Default)]
struct Peak(AtomicU64);

impl Observer for Peak {
    fn task_finished(&self, _: &Plan, task: &TaskEnd) {
        self.0.fetch_max(task.live_nbytes, Ordering::SeqCst);
    }
}

/// Sums of blocks, summed up: at any time one block a worker is enough.
fn sum_of_blocks(says_size: bool) -> Graph {
    let block: Arc<dyn Op> = Arc::new(MakeBlock { says_size });
    let sum = op(|block: &Vec<u8>| block.iter().map(|&x| u64::from(x)).sum::<u64>());
    let add = op(|a: u64, b: u64| a + b);
    // Blocks, their sums, and a chain over the sums.
    tasks((0..3 * BLOCKS).map(|task| match (task / BLOCKS, task % BLOCKS) {
        (0, _) => (block.clone(), vec![]),
        (1, i) => (sum.clone(), vec![i]),
        (_, 0) => (add.clone(), vec![BLOCKS, BLOCKS]),
        (_, i) => (add.clone(), vec![task - 1, BLOCKS + i]),
    }))
}

fn run_within(make: &Make<'_>, says_size: bool, limit: u64) -> u64 {
    let plan = plan(&sum_of_blocks(says_size), &[t(3 * BLOCKS - 1)]);
    let peak = Arc::new(Peak::default());
    let options = RunOptions::new().memory_limit(limit).observer(peak.clone());
    let values = make().run(&plan, &options).unwrap_or_else(|error| panic!("limit {limit}: {error}"));
    // The chain begins with the first sum twice.
    assert_eq!(values[0].get(), Ok(&((BLOCK * (BLOCKS + 1)) as u64)));
    peak.0.load(Ordering::SeqCst)
}

/// With blocks of known size the live bytes stay under the limit, but for the few of the sums.
pub(super) fn a_memory_limit_holds_producers_back(make: &Make<'_>) {
    const SUMS: u64 = 10_000;
    let limit = 3 * BLOCK as u64 + SUMS;
    let peak = run_within(make, true, limit);
    assert!(peak <= limit + SUMS, "{peak} bytes were alive, the limit is {limit}");
}

pub(super) fn a_memory_limit_never_stops_a_run(make: &Make<'_>) {
    for limit in [0, 1, BLOCK as u64 / 2, BLOCK as u64] {
        run_within(make, true, limit);
        run_within(make, false, limit);
    }
}

/// Vectors of floats that may leave the process, in a graph where most are taken more than once, some of them
/// much later.
pub(super) fn a_memory_limit_never_changes_results(make: &Make<'_>) {
    const TASKS: usize = 150;
    const LENGTH: usize = 2_000;
    let start = op(|| (0..LENGTH).map(|i| 1.0 / (i + 1) as f64).collect::<Vec<_>>());
    let scale = op(|mut a: Vec<f64>| {
        a.iter_mut().for_each(|x| *x = *x / 3.0 + 0.1);
        a
    });
    let mix = op(|mut a: Vec<f64>, b: &Vec<f64>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a = (*a + b) / 1.7);
        a
    });
    let mix3 = op(|a: &Vec<f64>, mut b: Vec<f64>, c: &Vec<f64>| {
        b.iter_mut().zip(a.iter().zip(c)).for_each(|(b, (a, c))| *b = (a - *b) / 1.3 + c);
        b
    });
    let graph = tasks((0..TASKS).map(|task| {
        let dependencies = random_dependencies(task);
        ([&start, &scale, &mix, &mix3][dependencies.len()].clone(), dependencies)
    }));
    let plan = plan(&graph, &[t(TASKS - 1), t(3), t(TASKS / 2)]);
    let run = |scheduler: &dyn Scheduler, options: &RunOptions| -> Vec<Vec<u64>> {
        let values = scheduler.run(&plan, options).unwrap_or_else(|error| panic!("{error}"));
        let bits = |value: &Value| value.get().map(|x: &Vec<f64>| x.iter().map(|x| x.to_bits()).collect());
        values.iter().map(|value| bits(value).unwrap_or_else(|error| panic!("{error}"))).collect()
    };
    let expected = run(&Naive, &RunOptions::new());
    for blocks in [0, 1, 5, 30, 1000] {
        let options = RunOptions::new().memory_limit(8 * (LENGTH * blocks) as u64);
        assert_eq!(run(&*make(), &options), expected, "with memory for {blocks} blocks");
    }
}

/// Blocks that all have to be there before the first is used again: whoever then takes one owns it, wherever it
/// was meanwhile.
pub(super) fn the_last_consumer_owns_under_a_memory_limit(make: &Make<'_>) {
    const N: usize = 20;
    let block = op(|| vec![1_u64; 2_000]);
    let look = op(|block: &Vec<u64>| block.len() as u64);
    let look_on = op(|block: &Vec<u64>, before: u64| before + block.len() as u64);
    let own = op(|block: Value, _: u64| u64::from(block.try_unwrap::<Vec<u64>>().is_ok()));
    let own_on = op(|before: u64, own: u64| before + own);
    // Blocks, a chain that looks at each, a task for each that owns it, and a chain over these.
    let graph = tasks((0..4 * N).map(|task| match (task / N, task % N) {
        (0, _) => (block.clone(), vec![]),
        (1, 0) => (look.clone(), vec![0]),
        (1, i) => (look_on.clone(), vec![i, task - 1]),
        (2, i) => (own.clone(), vec![i, 2 * N - 1]),
        (_, 0) => (own_on.clone(), vec![2 * N, 2 * N]),
        (_, i) => (own_on.clone(), vec![task - 1, 2 * N + i]),
    }));
    let plan = plan(&graph, &[t(4 * N - 1)]);
    let options = RunOptions::new().memory_limit(5 * 16_000);
    let values = make().run(&plan, &options).unwrap_or_else(|error| panic!("{error}"));
    // The chain begins with the first twice.
    assert_eq!(values[0].get(), Ok(&(N as u64 + 1)), "blocks that their last consumer owned, and one");
}
