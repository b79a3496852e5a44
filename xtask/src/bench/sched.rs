//! `cargo xtask bench sched`: what does a task cost?
//!
//! Tasks add small integers, so nearly all of the time is the scheduler's. Every system runs the same
//! graphs and has to come to the same checksum. The baseline is rayon, which runs the same dependencies
//! without keys, type-erased results, errors or an order: `scope` spawns each task when its last dependency
//! is done, `join` splits in halves where the shape allows it.

mod baseline;
pub(super) mod graphs;
pub(super) mod shape;

use super::meter::{self, Measured};
use super::options::Options;
use super::record::{Record, Records};
use anyhow::{Result, bail, ensure};
use dask_graph::{Plan, RunOptions, Scheduler};
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use shape::{Edges, Shape};

const AREA: &str = "sched";

/// Edges beyond which a workload does not fit into the memory of a small machine.
const MAX_EDGES: usize = 40_000_000;

/// Runs all workloads at all sizes, prints a table and writes the records.
pub(crate) fn run(options: &Options) -> Result<()> {
    let known = |name: &String| Shape::ALL.iter().any(|shape| shape.name() == name);
    if let Some(name) = options.only.iter().find(|name| !known(name)) {
        bail!("unknown workload `{name}`; see --help");
    }
    let is_wanted =
        |shape: &Shape| options.only.is_empty() || options.only.iter().any(|name| name == shape.name());
    let mut bench = Bench::new(options)?;
    println!(
        "{:<12} {:>9}  {:<12} {:>7} {:>10} {:>10} {:>8}",
        "workload", "tasks", "system", "threads", "median", "min", "cpu/task"
    );
    for shape in Shape::ALL.into_iter().filter(is_wanted) {
        for &size in &options.sizes {
            if shape.n_edges(size) > MAX_EDGES {
                println!("{:<12} {size:>9}  skipped: more than {MAX_EDGES} edges", shape.name());
                continue;
            }
            bench.workload(shape, size)?;
        }
    }
    bench.records.finish()
}

struct Bench<'a> {
    options: &'a Options,
    records: Records,
    /// The largest number of threads, one a core.
    threads: usize,
    rayon_one: rayon::ThreadPool,
    rayon_all: rayon::ThreadPool,
    threaded_one: Threaded,
    threaded_all: Threaded,
}

impl<'a> Bench<'a> {
    fn new(options: &'a Options) -> Result<Self> {
        let threaded_all = Threaded::new();
        let threads = threaded_all.num_workers().get();
        let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        Ok(Bench {
            options,
            records: Records::to(options.json.as_deref())?,
            threads,
            rayon_one: pool(1)?,
            rayon_all: pool(threads)?,
            threaded_one: Threaded::with_workers(1),
            threaded_all,
        })
    }

    fn workload(&mut self, shape: Shape, size: usize) -> Result<()> {
        // The systems are measured one after the other on the same plan, so that they meet the same memory.
        let plan = self.plan(shape, size)?;
        let all = self.threads;
        let mut results = vec![
            ("sync", 1, self.measure(|| sum_of_outputs(&Sync::new(), &plan))?),
            ("threaded", 1, self.measure(|| sum_of_outputs(&self.threaded_one, &plan))?),
            ("threaded", all, self.measure(|| sum_of_outputs(&self.threaded_all, &plan))?),
        ];
        drop(plan);
        let edges = Edges::new(shape, size);
        let scope = |pool| self.measure(|| Ok(baseline::scope(pool, &edges)));
        results.push(("rayon-scope", 1, scope(&self.rayon_one)?));
        results.push(("rayon-scope", all, scope(&self.rayon_all)?));
        if shape.is_divisible() {
            let join = |pool| self.measure(|| Ok(baseline::join(pool, shape, size)));
            results.push(("rayon-join", 1, join(&self.rayon_one)?));
            results.push(("rayon-join", all, join(&self.rayon_all)?));
        }
        let checksum = results[0].2.checksum;
        for (system, threads, measured) in &results {
            ensure!(
                measured.checksum == checksum,
                "{system} on {threads} threads computed {} for {} of {size}, sync computed {checksum}",
                measured.checksum,
                shape.name()
            );
            self.report(shape, size, system, *threads, measured)?;
        }
        Ok(())
    }

    /// Measures what it costs to build a graph by hand and to make the plan, and what the plan weighs.
    fn plan(&mut self, shape: Shape, size: usize) -> Result<Plan> {
        // A graph held task by task is several times as large as its plan.
        const MAX_BUILT: usize = 1_000_000;
        let wanted = shape.sinks(size);
        let keys: Vec<_> = wanted.map(graphs::key).collect();
        if size <= MAX_BUILT {
            let built = self.measure(|| Ok(graphs::materialized(shape, size).len() as u64))?;
            self.report(shape, size, "build", 1, &built)?;
            let graph = graphs::materialized(shape, size);
            let lowered = self.measure(|| Ok(graph.lower(&keys)?.len() as u64))?;
            self.report(shape, size, "lower+order", 1, &lowered)?;
        }
        let plan = graphs::on_demand(shape, size).lower(&keys)?;
        let each = plan.nbytes() as f64 / size as f64;
        let record = Record {
            area: AREA,
            workload: shape.name(),
            system: "plan",
            size,
            threads: 1,
            unit: "bytes/task",
            median: each,
            min: each,
            max: each,
            cpu_s: 0.0,
            peak_bytes: plan.nbytes() as u64,
            checksum: plan.len() as u64,
        };
        self.add(&record)?;
        Ok(plan)
    }

    fn measure(&self, work: impl FnMut() -> Result<u64>) -> Result<Measured> {
        meter::repeat(self.options, work)
    }

    fn report(
        &mut self,
        shape: Shape,
        size: usize,
        system: &str,
        threads: usize,
        measured: &Measured,
    ) -> Result<()> {
        let record = Record::ns_each(AREA, shape.name(), size, measured);
        self.add(&Record { system, threads, ..record })
    }

    fn add(&mut self, record: &Record<'_>) -> Result<()> {
        println!(
            "{:<12} {:>9}  {:<12} {:>7} {:>10.1} {:>10.1} {:>8.1}  {}",
            record.workload,
            record.size,
            record.system,
            record.threads,
            record.median,
            record.min,
            record.cpu_s * 1e9 / record.size as f64,
            record.unit
        );
        self.records.add(record)
    }
}

pub(super) fn sum_of_outputs(scheduler: &dyn Scheduler, plan: &Plan) -> Result<u64> {
    let values = scheduler.run(plan, &RunOptions::new())?;
    values.iter().try_fold(0_u64, |sum, value| Ok(sum.wrapping_add(*value.get::<u64>()?)))
}
