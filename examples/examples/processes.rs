//! Native code that crashes: in worker processes it costs a task and not the program.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use dask_graph::{Collection, ComputeError, RunError, delayed};
use dask_sched::{Multiprocess, WorkerDied};

/// Stands for a library in another language: one of its inputs is fatal, and no `catch_unwind` helps.
fn fragile(x: u64) -> u64 {
    if x == 13 {
        std::process::abort();
    }
    x * x
}

fn main() -> anyhow::Result<()> {
    // First in `main`: a worker is this same program, and here it begins its work.
    dask_sched::init()?;

    let processes = Multiprocess::with_workers(2).retries(1).worker_memory_limit(1 << 30);
    let fragile = delayed(fragile);
    let sum = delayed(|squares: Vec<u64>| squares.iter().sum::<u64>());
    let sum_to = |n: u64| sum.call(((0..n).map(|x| fragile.call((x,))).collect::<Vec<_>>(),));

    println!("below 10   {}", sum_to(10).compute_with(&processes)?);
    match sum_to(20).compute_with(&processes) {
        Err(ComputeError::Run(error @ RunError::Lost { .. })) => {
            println!("below 20   {error}");
            let RunError::Lost { source, .. } = &error else { unreachable!() };
            let died: Option<&WorkerDied> = source.downcast_ref();
            println!("           {:?}", died.map(|died| (died.how, died.deaths)));
        }
        other => anyhow::bail!("expected a task that was lost, got {other:?}"),
    }
    println!("below 13   {}, by new workers", sum_to(13).compute_with(&processes)?);

    // A closure without captures crosses as it stands; one with captures is refused before anything runs.
    let factor = 3;
    let times = delayed(move |x: u64| factor * x).call((14_u64,));
    println!("captured   {}", times.compute_with(&processes).unwrap_err());
    // Given as an argument, the same state crosses.
    let times = delayed(|factor: u64, x: u64| factor * x).call((factor, 14_u64));
    println!("argument   {}", times.compute_with(&processes)?);
    Ok(())
}
