//! The memory limit: producers wait for memory, and the run goes on whatever the limit.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::function::op;
use crate::graph::Graph;
use crate::op::{Args, Op, OpError};
use crate::plan::Plan;
use crate::scheduler::{Observer, RunOptions, TaskEnd};
use crate::task::Arg;
use crate::testing::Make;
use crate::testing::graphs::{plan, t, tasks};
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
