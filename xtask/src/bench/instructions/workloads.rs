//! The work whose instructions are counted: small, on one thread, and the same each time.

use anyhow::Result;
use dask_frame::{DataFrame, col, read_csv};
use dask_graph::{Collection, Graph, Key, Scheduler};
use dask_optimize::{FuseLimits, fuse, fuse_layers};
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;

use crate::bench::frame::data::groups;
use crate::bench::optimize::{layers, passes};
use crate::bench::sched::graphs::{key, materialized};
use crate::bench::sched::shape::Shape;
use crate::bench::sched::sum_of_outputs;

/// Work of many equal parts.
pub(super) struct Workload {
    pub(super) name: &'static str,
    /// What a part is.
    pub(super) part: &'static str,
    /// Prepares, does the work so many times, and returns of how many parts it is.
    pub(super) work: fn(usize) -> Result<usize>,
}

pub(super) const WORKLOADS: &[Workload] = &[
    Workload { name: "run, sync", part: "task", work: |times| run_tasks(&Sync::new(), times) },
    Workload {
        name: "run, threaded",
        part: "task",
        work: |times| run_tasks(&Threaded::with_workers(1), times),
    },
    Workload { name: "lower", part: "task", work: lower },
    Workload { name: "fuse tasks", part: "node", work: fuse_tasks },
    Workload { name: "fuse layers", part: "layer", work: fuse_many_layers },
    Workload { name: "csv", part: "byte", work: csv },
    Workload { name: "exchange", part: "row", work: exchange },
    Workload { name: "group by numbers", part: "row", work: |times| group("id4", times) },
    Workload { name: "group by names", part: "row", work: |times| group("id1", times) },
];

const TASKS: usize = 10_000;
const ROWS: usize = 20_000;

/// A graph in which each task needs three others, and what is wanted of it.
fn tasks() -> (Graph, Vec<Key>) {
    (materialized(Shape::Random, TASKS), Shape::Random.sinks(TASKS).map(key).collect())
}

fn repeat<T>(times: usize, mut work: impl FnMut() -> Result<T>) -> Result<()> {
    (0..times).try_for_each(|_| work().map(|result| drop(std::hint::black_box(result))))
}

fn run_tasks(scheduler: &dyn Scheduler, times: usize) -> Result<usize> {
    let (graph, keys) = tasks();
    let plan = graph.lower(&keys)?;
    repeat(times, || sum_of_outputs(scheduler, &plan))?;
    Ok(TASKS)
}

fn lower(times: usize) -> Result<usize> {
    let (graph, keys) = tasks();
    repeat(times, || Ok(graph.lower(&keys)?))?;
    Ok(TASKS)
}

fn fuse_tasks(times: usize) -> Result<usize> {
    let (graph, keys) = passes::blocks(TASKS);
    repeat(times, || Ok(fuse(&graph, &keys, &FuseLimits::default())?))?;
    Ok(TASKS)
}

fn fuse_many_layers(times: usize) -> Result<usize> {
    let graph = layers::chain(100)?;
    repeat(times, || Ok(fuse_layers(&graph, &[layers::last_key()])?))?;
    Ok(layers::N_LAYERS)
}

fn csv(times: usize) -> Result<usize> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("rows.csv");
    let table = groups(ROWS, &["id1", "id4", "v3"])?;
    DataFrame::from_table(&table, 1)?.to_csv_with(&file, &Sync::new())?;
    let frame = read_csv(file.display().to_string()).open()?;
    repeat(times, || Ok(frame.compute_with(&Sync::new())?))?;
    Ok(std::fs::metadata(&file)?.len() as usize)
}

/// Rows are hashed, taken apart and put together by the hash of a name.
fn exchange(times: usize) -> Result<usize> {
    let frame = DataFrame::from_table(&groups(ROWS, &["id3", "v1"])?, 4)?.shuffle(["id3"], 4)?;
    repeat(times, || Ok(frame.compute_with(&Sync::new())?))?;
    Ok(ROWS)
}

fn group(key: &'static str, times: usize) -> Result<usize> {
    let frame = DataFrame::from_table(&groups(ROWS, &[key, "v1"])?, 4)?;
    let sums = frame.group_by([key]).unsorted().agg([col("v1").sum()])?;
    repeat(times, || Ok(sums.compute_with(&Sync::new())?))?;
    Ok(ROWS)
}
