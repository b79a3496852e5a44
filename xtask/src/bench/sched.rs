//! `cargo xtask bench sched`: what does a task cost?
//!
//! Tasks add small integers, so nearly all of the time is the scheduler's. Every system runs the same
//! graphs and has to come to the same checksum. The baseline is rayon, which runs the same dependencies
//! without keys, type-erased results, errors or an order: `scope` spawns each task when its last dependency
//! is done, `join` splits in halves where the shape allows it.

mod baseline;
pub(super) mod graphs;
pub(super) mod shape;

use super::meter::Measured;
use super::workload::{Area, Bench, Line, Unit};
use anyhow::Result;
use dask_graph::{Plan, RunOptions, Scheduler};
use dask_optimize::{FuseLimits, fuse};
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use shape::{Edges, Shape};

pub(super) const AREA: Area = Area {
    name: "sched",
    workloads: &[
        ("independent", |bench| {
            bench.at_sizes(usize::MAX, |bench, size| measure(bench, Shape::Independent, size))
        }),
        ("chain", |bench| bench.at_sizes(usize::MAX, |bench, size| measure(bench, Shape::Chain, size))),
        ("tree", |bench| bench.at_sizes(usize::MAX, |bench, size| measure(bench, Shape::Tree, size))),
        ("random", |bench| bench.at_sizes(usize::MAX, |bench, size| measure(bench, Shape::Random, size))),
        ("stages", |bench| bench.at_sizes(usize::MAX, |bench, size| measure(bench, Shape::Stages, size))),
    ],
};

/// Edges beyond which a workload does not fit into the memory of a small machine: 10⁷ tasks in stages have 160 million,
/// in 2 GB.
const MAX_EDGES: usize = 200_000_000;

/// Tasks beyond which the same is true of a graph that is held task by task, which is several times its plan.
const MAX_BUILT: usize = 1_000_000;

fn measure(bench: &mut Bench, shape: Shape, size: usize) -> Result<()> {
    if shape.n_edges(size) > MAX_EDGES {
        println!("{size} tasks: skipped, for they have more than {MAX_EDGES} edges");
        return Ok(());
    }
    let all = bench.threads;
    let (one_thread, all_threads) = (Threaded::with_workers(1), Threaded::with_workers(all));
    let report = |system, threads, measured: &Measured| {
        let unit = Unit::NanosecondsEach("task");
        bench.report(&Line { workload: shape.name(), system, size, threads, unit }, measured);
    };
    // The systems are measured one after the other on the same plan, so that they meet the same memory.
    let plan = plan(bench, shape, size, &all_threads)?;
    report("sync", 1, &bench.measure(|| sum_of_outputs(&Sync::new(), &plan))?);
    report("threaded", 1, &bench.measure(|| sum_of_outputs(&one_thread, &plan))?);
    report("threaded", all, &bench.measure(|| sum_of_outputs(&all_threads, &plan))?);
    drop(plan);
    let edges = Edges::new(shape, size);
    for threads in [1, all] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        report("rayon scope", threads, &bench.measure(|| Ok(baseline::scope(&pool, &edges)))?);
        if shape.is_divisible() {
            report("rayon join", threads, &bench.measure(|| Ok(baseline::join(&pool, shape, size)))?);
        }
    }
    Ok(())
}

/// Measures what it costs to build a graph by hand, to make the plan, and to do that and run it, and what the plan
/// weighs.
fn plan(bench: &Bench, shape: Shape, size: usize, all_threads: &Threaded) -> Result<Plan> {
    let report = |what: &str, system, threads, measured: &Measured| {
        let (workload, unit) = (format!("{}: {what}", shape.name()), Unit::NanosecondsEach("task"));
        bench.report(&Line { workload: &workload, system, size, threads, unit }, measured);
    };
    let keys: Vec<_> = shape.sinks(size).map(graphs::key).collect();
    if size <= MAX_BUILT {
        let built = bench.measure(|| Ok(graphs::materialized(shape, size).len() as u64))?;
        report("build", "dask-graph", 1, &built);
        let graph = graphs::materialized(shape, size);
        report("plan", "dask-graph", 1, &bench.measure(|| Ok(graph.lower(&keys)?.len() as u64))?);
        let whole_way = bench.measure(|| {
            let graph = fuse(&graphs::materialized(shape, size), &keys, &FuseLimits::default())?;
            Ok(graph.lower(&keys)?.len() as u64)
        })?;
        report("build, fuse and plan", "dask-graph", 1, &whole_way);
        let run = bench.measure(|| sum_of_outputs(all_threads, &graph.lower(&keys)?))?;
        report("plan and run", "threaded", all_threads.num_workers().get(), &run);
    }
    let plan = graphs::on_demand(shape, size).lower(&keys)?;
    let (workload, unit) = (format!("{}: plan in memory", shape.name()), Unit::NanosecondsEach("task"));
    let line = Line { workload: &workload, system: "dask-graph", size, threads: 1, unit };
    bench.report_bytes(&line, "bytes/task", plan.nbytes());
    Ok(plan)
}

pub(super) fn sum_of_outputs(scheduler: &dyn Scheduler, plan: &Plan) -> Result<u64> {
    let values = scheduler.run(plan, &RunOptions::new())?;
    values.iter().try_fold(0_u64, |sum, value| Ok(sum.wrapping_add(*value.get::<u64>()?)))
}
