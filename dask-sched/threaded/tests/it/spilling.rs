//! Results beyond the memory limit go to disk and come back, on every scheduler that holds one.

use crate::it::graphs::{plan_of, t};
use dask_graph::{
    Arg, Args, CancelToken, Graph, Materialized, Node, Observer, Op, OpError, Plan, RunEnd, RunError,
    RunOptions, Scheduler, Task, TaskEnd, Value, op,
};
use dask_sched_spill::SpillError;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use proptest::prelude::*;
use std::borrow::Cow;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Every scheduler, with the number of its workers.
fn schedulers() -> [(Box<dyn Scheduler>, u64); 4] {
    let threaded = |n| Box::new(Threaded::with_workers(n)) as Box<dyn Scheduler>;
    [(Box::new(Sync::new()), 1), (threaded(1), 1), (threaded(2), 2), (threaded(7), 7)]
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).unwrap().next().is_none()
}

/// Remembers the largest number of live bytes, and the end.
#[derive(Default)]
struct Account(Mutex<(u64, Option<RunEnd>)>);

impl Observer for Account {
    fn task_finished(&self, _: &Plan, task: &TaskEnd) {
        let mut account = self.0.lock().unwrap();
        account.0 = account.0.max(task.live_nbytes);
    }
    fn finished(&self, _: &Plan, run: &RunEnd) {
        self.0.lock().unwrap().1 = Some(*run);
    }
}

const LENGTH: usize = 12_500;
const BLOCK: u64 = 8 * LENGTH as u64;
const BLOCKS: usize = 40;

/// Makes the block of a number, and says that it does and how large it will be, or says nothing.
struct MakeBlock {
    number: u64,
    says_so: bool,
}

impl Op for MakeBlock {
    fn name(&self) -> Cow<'_, str> {
        "make-block".into()
    }
    fn call(&self, _: Args<'_>) -> Result<Value, OpError> {
        Ok(Value::new((0..LENGTH as u64).map(|i| (i << 8) ^ self.number).collect::<Vec<_>>()))
    }
    fn is_producer(&self) -> bool {
        self.says_so
    }
    fn output_nbytes(&self, _: &[Arg]) -> Option<u64> {
        self.says_so.then_some(BLOCK)
    }
}

fn digest(block: &[u64]) -> u64 {
    block.iter().fold(0, |digest, x| digest.wrapping_mul(31).wrapping_add(*x))
}

/// `x - x.mean()` by blocks: all blocks are made, something needs all of them, and then each is used again.
///
/// Six tasks a block: the block, its digest, the sum of digests so far, the block less the sum of all, that
/// one's digest, and the sum of those so far; `middle` runs with one of the first digests.
fn centred(
    says_so: bool,
    middle: impl Fn() + Send + std::marker::Sync + 'static,
) -> Vec<(Arc<dyn Op>, Vec<usize>)> {
    let task = |stage: usize, block: usize| stage * BLOCKS + block;
    let add = op(u64::wrapping_add as fn(u64, u64) -> u64);
    let (first, digests) = (op(|digest: u64| digest), op(digest));
    let middle = op(move |digest: u64, other: u64| {
        middle();
        digest.wrapping_add(other)
    });
    let subtract = op(|block: Value, sum: u64| {
        let mut block = block.try_unwrap::<Vec<u64>>().expect("the last consumer owns the result");
        block.iter_mut().for_each(|x| *x = x.wrapping_sub(sum));
        block
    });
    let node = |stage, block| -> (Arc<dyn Op>, Vec<usize>) {
        match (stage, block) {
            (0, block) => (Arc::new(MakeBlock { number: block as u64, says_so }), vec![]),
            (1, block) => (digests.clone(), vec![task(0, block)]),
            (2 | 5, 0) => (first.clone(), vec![task(stage - 1, 0)]),
            (2, 20) => (middle.clone(), vec![task(2, 19), task(1, 20)]),
            (2 | 5, block) => (add.clone(), vec![task(stage, block - 1), task(stage - 1, block)]),
            (3, block) => (subtract.clone(), vec![task(0, block), task(2, BLOCKS - 1)]),
            _ => (digests.clone(), vec![task(3, block)]),
        }
    };
    (0..6).flat_map(|stage| (0..BLOCKS).map(move |block| (stage, block))).map(|(s, b)| node(s, b)).collect()
}

fn all_of(values: &[Value]) -> Vec<Vec<u64>> {
    let one = |value: &Value| {
        value.get::<u64>().map_or_else(|_| value.get::<Vec<u64>>().unwrap().clone(), |x| vec![*x])
    };
    values.iter().map(one).collect()
}

/// Runs `plan` under `limit` and checks the values, the peak, how much was written, and that nothing is left.
///
/// One worker makes room for what it knows will be made, which is all but blocks that do not say so.
#[track_caller]
fn check(plan: &Plan, limit: u64, says_so: bool) {
    let expected = all_of(&Sync::new().run(plan, &RunOptions::new()).unwrap());
    let outputs: u64 = expected.iter().map(|output| 8 * output.len() as u64).sum();
    for (scheduler, workers) in schedulers() {
        let directory = tempfile::tempdir().unwrap();
        let account = Arc::new(Account::default());
        let options = RunOptions::new()
            .memory_limit(limit)
            .temporary_directory(directory.path())
            .observer(account.clone());
        let values = scheduler.run(plan, &options).unwrap();
        assert_eq!(all_of(&values), expected);
        assert!(is_empty(directory.path()), "files are left after the run");

        let (peak, end) = *account.0.lock().unwrap();
        let end = end.unwrap();
        // One task's input and output for each worker, and small numbers.
        let in_hand = if workers == 1 { u64::from(!says_so) } else { workers * 2 };
        let allowed = limit + in_hand * BLOCK + 20_000;
        assert!(peak <= allowed, "{workers} workers: {peak} bytes were alive, {allowed} are allowed");
        // In the end what was asked for is in memory whatever the limit.
        assert!(end.peak_nbytes <= allowed.max(outputs + 20_000), "{workers} workers: {end:?}");
        assert!(end.spilled_nbytes >= (BLOCKS as u64 - 15) * BLOCK - limit, "{workers} workers: {end:?}");
        // Each block is written at most twice: as it was made, and when it was changed.
        assert!(end.spilled_nbytes <= 2 * BLOCKS as u64 * (BLOCK + 100), "{workers} workers: {end:?}");
    }
}

#[test]
fn more_than_fits_is_spilled_and_read_back() {
    for says_so in [true, false] {
        let plan = plan_of(centred(says_so, || ()), [6 * BLOCKS - 1]);
        check(&plan, 8 * BLOCK + 1000, says_so);
        check(&plan, 3 * BLOCK + 1000, says_so);
    }
}

#[test]
fn what_was_asked_for_may_be_spilled_meanwhile() {
    let wanted = (3 * BLOCKS..4 * BLOCKS).chain([6 * BLOCKS - 1]);
    check(&plan_of(centred(true, || ()), wanted), 8 * BLOCK, true);
}

#[test]
fn no_limit_is_too_small() {
    let plan = plan_of(centred(true, || ()), [6 * BLOCKS - 1]);
    let expected = all_of(&Sync::new().run(&plan, &RunOptions::new()).unwrap());
    for limit in [0, 1, BLOCK / 2] {
        for (scheduler, _) in schedulers() {
            let values = scheduler.run(&plan, &RunOptions::new().memory_limit(limit)).unwrap();
            assert_eq!(all_of(&values), expected);
        }
    }
}

#[test]
fn what_fits_is_not_spilled_and_no_directory_is_needed() {
    let plan = plan_of(centred(true, || ()), [6 * BLOCKS - 1]);
    for (scheduler, _) in schedulers() {
        let account = Arc::new(Account::default());
        let options = RunOptions::new()
            .memory_limit((BLOCKS as u64 + 9) * BLOCK)
            .temporary_directory("/nowhere/at/all")
            .observer(account.clone());
        scheduler.run(&plan, &options).unwrap();
        assert_eq!(account.0.lock().unwrap().1.unwrap().spilled_nbytes, 0);
    }
}

/// A block whose making waits until another is being made, or some time has passed.
struct MeetAnother {
    block: MakeBlock,
    inside: Arc<AtomicUsize>,
    has_met: Arc<AtomicBool>,
}

impl Op for MeetAnother {
    fn name(&self) -> Cow<'_, str> {
        "meet-another".into()
    }
    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        self.inside.fetch_add(1, Ordering::SeqCst);
        let since = Instant::now();
        while !self.has_met.load(Ordering::SeqCst) && since.elapsed() < Duration::from_millis(500) {
            let is_met = self.inside.load(Ordering::SeqCst) > 1;
            self.has_met.fetch_or(is_met, Ordering::SeqCst);
            std::thread::yield_now();
        }
        self.inside.fetch_sub(1, Ordering::SeqCst);
        self.block.call(args)
    }
    fn is_producer(&self) -> bool {
        true
    }
    fn output_nbytes(&self, args: &[Arg]) -> Option<u64> {
        self.block.output_nbytes(args)
    }
}

/// When only spilling makes room, it makes enough for all workers.
#[test]
fn producers_run_side_by_side_although_memory_is_full() {
    let (inside, has_met) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut nodes = centred(true, || ());
    for (number, (op, _)) in nodes.iter_mut().enumerate().take(BLOCKS).skip(20) {
        let block = MakeBlock { number: number as u64, says_so: true };
        *op = Arc::new(MeetAnother { block, inside: inside.clone(), has_met: has_met.clone() });
    }
    let plan = plan_of(nodes, [6 * BLOCKS - 1]);
    Threaded::with_workers(2).run(&plan, &RunOptions::new().memory_limit(8 * BLOCK)).unwrap();
    assert!(has_met.load(Ordering::SeqCst), "blocks were made one after the other");
}

/// Data is in memory whatever a run does: it takes nothing of the limit, and to write it would free nothing.
#[test]
fn data_beyond_the_limit_is_no_reason_to_spill() {
    const N: usize = 20;
    let part = op(|data: &[u64]| data[..1000].to_vec());
    let (first, count) = (op(|_: &[u64]| 1_u64), op(|before: u64, _: &[u64]| before + 1));
    // After all parts have been made and counted.
    let whole = op(|data: &[u64], part: &[u64], n: u64| (data.len() + part.len()) as u64 + n);
    let mut layer = Materialized::new("t");
    for i in 0..N {
        let (data, this, counted) = (t(i), t(N + i), t(2 * N + i));
        let so_far = match i {
            0 => Task::new(first.clone(), [this.clone().into()]),
            _ => Task::new(count.clone(), [t(2 * N + i - 1).into(), this.clone().into()]),
        };
        layer.insert(data.clone(), Node::data(vec![i as u64; LENGTH]));
        layer.insert(this.clone(), Task::new(part.clone(), [Arg::from(data.clone())]));
        layer.insert(counted, so_far);
        layer.insert(t(3 * N + i), Task::new(whole.clone(), [data, this, t(3 * N - 1)].map(Arg::from)));
    }
    let keys: Vec<_> = (3 * N..4 * N).map(t).collect();
    let plan = Graph::from_layer(layer).lower(&keys).unwrap();
    let parts = N as u64 * 8_100;
    for (scheduler, _) in schedulers() {
        // The parts fit, or do not, in which case only they are written.
        for (limit, least, most) in [(2 * BLOCK, 0, 0), (BLOCK / 2, BLOCK / 2, parts)] {
            let account = Arc::new(Account::default());
            let options = RunOptions::new().memory_limit(limit).observer(account.clone());
            let values = scheduler.run(&plan, &options).unwrap();
            assert_eq!(values[0].get(), Ok(&((LENGTH + 1000 + N) as u64)));
            let end = account.0.lock().unwrap().1.unwrap();
            assert!(
                (least..=most).contains(&end.spilled_nbytes) && end.peak_nbytes <= parts + 20_000,
                "{end:?}"
            );
        }
    }
}

/// Values that cannot leave the process stay in memory, which is no error.
#[test]
fn what_cannot_leave_stays() {
    let make = op(|| Some([1_u8; 10_000]));
    let touch = op(|_: &Option<[u8; 10_000]>| 1_u64);
    let both = op(|_: &Option<[u8; 10_000]>, x: u64| x);
    let stages = [(0..20).map(|_| (make.clone(), vec![])).collect::<Vec<_>>(), vec![]];
    let touches = (0..20).map(|i| (touch.clone(), vec![i]));
    // Each again, after the last has been touched.
    let again = (0..20).map(|i| (both.clone(), vec![i, 39]));
    let plan = plan_of(stages.into_iter().flatten().chain(touches).chain(again), 40..60);
    for (scheduler, _) in schedulers() {
        let options = RunOptions::new().memory_limit(15_000).temporary_directory("/nowhere/at/all");
        assert_eq!(scheduler.run(&plan, &options).unwrap().len(), 20);
    }
}

/// The spill error of a run that has to end with one.
#[track_caller]
fn spill_error(result: Result<Vec<Value>, RunError>) -> (String, Box<dyn Error>) {
    match result {
        Err(error @ RunError::Spill { .. }) => {
            let text = error.to_string();
            let RunError::Spill { source, .. } = error else { unreachable!() };
            (text, source)
        }
        other => panic!("expected RunError::Spill, got {other:?}"),
    }
}

#[test]
fn a_directory_that_cannot_be_used_is_an_error_that_says_what_to_do() {
    let plan = plan_of(centred(true, || ()), [6 * BLOCKS - 1]);
    let file = tempfile::NamedTempFile::new().unwrap();
    for (scheduler, _) in schedulers() {
        let options = RunOptions::new().memory_limit(3 * BLOCK).temporary_directory(file.path());
        let (text, source) = spill_error(scheduler.run(&plan, &options));
        assert!(matches!(source.downcast_ref(), Some(SpillError::Directory { .. })), "{source:?}");
        let path = file.path().display().to_string();
        assert!(text.contains(&path) && text.contains("DASK_TEMPORARY_DIRECTORY"), "{text}");
    }
}

#[test]
fn files_that_somebody_removed_are_an_error() {
    for (scheduler, _) in schedulers() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        let remove = move || {
            for run in fs::read_dir(&path).unwrap() {
                for file in fs::read_dir(run.unwrap().path()).unwrap() {
                    // Another worker may be removing it, too.
                    let _ = fs::remove_file(file.unwrap().path());
                }
            }
        };
        let plan = plan_of(centred(true, remove), [6 * BLOCKS - 1]);
        let options = RunOptions::new().memory_limit(3 * BLOCK).temporary_directory(directory.path());
        let (text, source) = spill_error(scheduler.run(&plan, &options));
        assert!(matches!(source.downcast_ref(), Some(SpillError::Read { .. })), "{source:?}");
        assert!(text.contains("result-"), "{text}");
        assert!(is_empty(directory.path()));
    }
}

#[test]
fn nothing_is_left_after_a_panic_or_a_cancelled_run() {
    for (scheduler, _) in schedulers() {
        let directory = tempfile::tempdir().unwrap();
        let options = || RunOptions::new().memory_limit(3 * BLOCK).temporary_directory(directory.path());
        let path = directory.path().to_owned();
        let plan = plan_of(
            centred(true, move || {
                assert!(!is_empty(&path), "something has been spilled by now");
                panic!("on purpose");
            }),
            [6 * BLOCKS - 1],
        );
        match scheduler.run(&plan, &options()) {
            Err(RunError::Panicked { message, .. }) => assert_eq!(message, "on purpose"),
            other => panic!("expected RunError::Panicked, got {other:?}"),
        }
        assert!(is_empty(directory.path()));

        let token = CancelToken::new();
        let cancel = token.clone();
        let plan = plan_of(centred(true, move || cancel.cancel()), [6 * BLOCKS - 1]);
        let done = scheduler.run(&plan, &options().cancel(token));
        assert!(matches!(done, Err(RunError::Cancelled { .. })), "{done:?}");
        assert!(is_empty(directory.path()));
    }
}

/// For each task: the length of its result, and draws that choose tasks before it.
fn draws() -> impl Strategy<Value = Vec<(usize, Vec<usize>)>> {
    prop::collection::vec((0_usize..3000, prop::collection::vec(any::<usize>(), 0..4)), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Random graphs of vectors, some of which are producers, under any limit.
    #[test]
    fn a_limit_never_changes_results(
        draws in draws(),
        wanted in prop::collection::vec(any::<usize>(), 1..6),
        limit in 0_u64..300_000,
        workers in 1_usize..5,
    ) {
        let node = |(i, (length, draws)): (usize, &(usize, Vec<usize>))| -> (Arc<dyn Op>, Vec<usize>) {
            let dependencies: Vec<usize> = draws.iter().filter(|_| i > 0).map(|draw| draw % i).collect();
            let (i, length) = (i as u64, *length);
            let made = move |inputs: &[&Vec<u64>]| -> Vec<u64> {
                let seed = inputs.iter().fold(i, |seed, input| seed.wrapping_mul(31).wrapping_add(digest(input)));
                (0..length as u64).map(|at| seed.wrapping_mul(at + 1)).collect()
            };
            let op = match dependencies.len() {
                0 if i.is_multiple_of(2) => Arc::new(MakeBlock { number: i, says_so: true }) as Arc<dyn Op>,
                0 => op(move || made(&[])),
                1 => op(move |mut a: Vec<u64>| { a.push(i); a }),
                2 => op(move |a: &Vec<u64>, b: &Vec<u64>| made(&[a, b])),
                _ => op(move |a: &Vec<u64>, b: &Vec<u64>, c: &Vec<u64>| made(&[a, b, c])),
            };
            (op, dependencies)
        };
        let plan = plan_of(draws.iter().enumerate().map(node), wanted.iter().map(|draw| draw % draws.len()));
        let expected = all_of(&Sync::new().run(&plan, &RunOptions::new()).unwrap());
        let directory = tempfile::tempdir().unwrap();
        let options = RunOptions::new().memory_limit(limit).temporary_directory(directory.path());
        prop_assert_eq!(&all_of(&Sync::new().run(&plan, &options).unwrap()), &expected);
        prop_assert_eq!(&all_of(&Threaded::with_workers(workers).run(&plan, &options).unwrap()), &expected);
        prop_assert!(is_empty(directory.path()));
    }
}
