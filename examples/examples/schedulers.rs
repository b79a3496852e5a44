//! One graph on several schedulers: chosen by hand, watched, given a deadline, and cancelled half way.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use dask_graph::{
    CancelToken, Collection, ComputeError, Observer, Plan, RunError, RunOptions, TaskEnd, delayed,
};
use dask_sched::{Sync, Threaded};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Adds up how long tasks took.
#[derive(Default)]
struct Busy(AtomicU64);

impl Observer for Busy {
    fn task_finished(&self, _: &Plan, task: &TaskEnd) {
        let time = task.end.saturating_sub(task.start);
        self.0.fetch_add(time.as_micros() as u64, Ordering::Relaxed);
    }
}

/// The number of primes in `from..to`, by trial.
fn count_primes(from: u64, to: u64) -> u64 {
    (from.max(2)..to).filter(|n| (2..).take_while(|d| d * d <= *n).all(|d| n % d != 0)).count() as u64
}

fn main() -> anyhow::Result<()> {
    // First in `main`: this is also where a process begins that was started as a worker.
    dask_sched::init()?;

    // Eight tasks that count, and a chain of seven that add up.
    let count = delayed(count_primes);
    let add = delayed(|a: u64, b: u64| a + b);
    let part = |i: u64| count.call((i * 25_000, (i + 1) * 25_000));
    let total = (1..8).map(part).fold(part(0), |sum, next| add.call((sum, next)));

    // A single run says which scheduler it wants ...
    println!("sync       {} primes", total.compute_with(&Sync::new())?);

    // ... and how: here with somebody who watches, and not for longer than a minute.
    let busy = Arc::new(Busy::default());
    let options = RunOptions::new().observer(busy.clone()).timeout(Duration::from_secs(60));
    let threaded = Threaded::new();
    let primes = total.compute_opts(&threaded, &options)?;
    let busy = busy.0.load(Ordering::Relaxed) / 1000;
    println!("threaded   {primes} primes, {} workers, {busy} ms of work", threaded.num_workers());

    // A token stops a run between two tasks, from any thread, here from inside one of its tasks.
    let token = CancelToken::new();
    let stop = {
        let token = token.clone();
        delayed(move |sum: u64| {
            token.cancel();
            sum
        })
    };
    let stopped = add.call((stop.call((total,)), 1_u64));
    match stopped.compute_opts(&threaded, &RunOptions::new().cancel(token)) {
        Err(ComputeError::Run(RunError::Cancelled { finished, tasks })) => {
            println!("cancelled  after {finished} of {tasks} tasks");
        }
        other => anyhow::bail!("expected a cancelled run, got {other:?}"),
    }

    // What `compute()` uses was installed at the beginning; DASK_SCHEDULER and its like may override it.
    println!("installed  {} primes below 1000", count.call((0_u64, 1000_u64)).compute()?);
    Ok(())
}
