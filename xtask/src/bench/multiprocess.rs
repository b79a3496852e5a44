//! `cargo xtask bench multiprocess`: what does it cost to be in another process?
//!
//! - `tasks`: a task that adds small integers, on two workers; the baselines are the threaded scheduler with two
//!   threads and the sync one. `dask.multiprocessing.get` does the same in `xtask/peers/multiprocess.py`.
//! - `start`: from a scheduler without processes to the first results, for each worker.
//! - `values`: a value that one process makes and another takes, packed and unpacked as on its way; the baseline is a
//!   plain copy of its bytes. Python's multiprocessing with pickle 5 does the same in the script.
//! - `sum`: a blocked sum in blocks of 1 MB, optimised, and as it was written: then every block is made by one task and
//!   taken by another. The baseline is the threaded scheduler.

use std::hint::black_box;

use anyhow::{Result, bail, ensure};
use dask_array::ndarray::Array1;
use dask_array::{Array, Block};
use dask_graph::{Collection, RunOptions, Scheduler, Value};
use dask_optimize::{Context, Pipeline};
use dask_sched_multiprocess::Multiprocess;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use dask_sched_worker::{Image, Owner, Place, Shelf, Spares};

use super::meter::{self, Measured};
use super::options::Options;
use super::record::{Record, Records};
use super::sched::{graphs, shape::Shape, sum_of_outputs};

const AREA: &str = "multiprocess";
const WORKERS: usize = 2;
/// More tasks than this tell nothing new.
const MAX_TASKS: usize = 100_000;

type Workload = fn(&mut Bench<'_>) -> Result<()>;

const WORKLOADS: [(&str, Workload); 4] =
    [("tasks", tasks), ("start", start), ("values", values), ("sum", sum)];

/// Runs all workloads, prints a table and writes the records.
pub(crate) fn run(options: &Options) -> Result<()> {
    if let Some(name) = options.only.iter().find(|name| !WORKLOADS.iter().any(|(known, _)| known == name)) {
        bail!("unknown workload `{name}`; see --help");
    }
    let mut bench = Bench { options, records: Records::to(options.json.as_deref())? };
    println!(
        "{:<8} {:>11}  {:<24} {:>7} {:>10} {:>10}",
        "workload", "size", "system", "workers", "median", "min"
    );
    for (name, workload) in WORKLOADS {
        if options.only.is_empty() || options.only.iter().any(|wanted| wanted == name) {
            workload(&mut bench)?;
        }
    }
    bench.records.finish()
}

struct Bench<'a> {
    options: &'a Options,
    records: Records,
}

impl Bench<'_> {
    fn measure(&self, work: impl FnMut() -> Result<u64>) -> Result<Measured> {
        meter::repeat(self.options, work)
    }

    /// Reports what `system` took for all of `size`, in this unit.
    fn report(
        &mut self,
        workload: &str,
        system: &str,
        size: usize,
        workers: usize,
        unit: Unit,
        measured: &Measured,
    ) -> Result<()> {
        let in_unit = |seconds| unit.of(seconds, size);
        let (median, min, max) = (measured.median(), measured.min(), measured.max());
        let record = Record {
            area: AREA,
            workload,
            system,
            size,
            threads: workers,
            unit: unit.name(),
            median: in_unit(median),
            min: in_unit(min),
            max: in_unit(max),
            cpu_s: measured.cpu_s,
            peak_bytes: measured.peak_bytes,
            checksum: measured.checksum,
        };
        println!(
            "{workload:<8} {size:>11}  {system:<24} {workers:>7} {:>10.2} {:>10.2}  {}",
            record.median, record.min, record.unit
        );
        self.records.add(&record)
    }
}

/// In what a time is told.
#[derive(Clone, Copy)]
enum Unit {
    MicrosEach,
    MillisEach,
    GigabytesPerSecond,
}

impl Unit {
    fn of(self, seconds: f64, size: usize) -> f64 {
        match self {
            Unit::MicrosEach => seconds * 1e6 / size as f64,
            Unit::MillisEach => seconds * 1e3 / size as f64,
            Unit::GigabytesPerSecond => size as f64 / 1e9 / seconds,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Unit::MicrosEach => "µs/task",
            Unit::MillisEach => "ms/worker",
            Unit::GigabytesPerSecond => "GB/s",
        }
    }
}

fn tasks(bench: &mut Bench<'_>) -> Result<()> {
    let processes = Multiprocess::with_workers(WORKERS);
    let threads = Threaded::with_workers(WORKERS);
    for &size in bench.options.sizes.iter().filter(|&&size| size <= MAX_TASKS) {
        for shape in [Shape::Independent, Shape::Chain, Shape::Tree, Shape::Random] {
            let wanted: Vec<_> = shape.sinks(size).map(graphs::key).collect();
            let plan = graphs::on_demand(shape, size).lower(&wanted)?;
            let systems: [(&str, usize, &dyn Scheduler); 3] = [
                ("sync", 1, &Sync::new()),
                ("threaded", WORKERS, &threads),
                ("multiprocess", WORKERS, &processes),
            ];
            let mut checksum = None;
            for (system, workers, scheduler) in systems {
                let measured = bench.measure(|| sum_of_outputs(scheduler, &plan))?;
                ensure!(*checksum.get_or_insert(measured.checksum) == measured.checksum, "{system} differs");
                let system = format!("{system} {}", shape.name());
                bench.report("tasks", &system, size, workers, Unit::MicrosEach, &measured)?;
            }
        }
    }
    Ok(())
}

fn start(bench: &mut Bench<'_>) -> Result<()> {
    let plan = graphs::on_demand(Shape::Independent, WORKERS).lower(&[graphs::key(0), graphs::key(1)])?;
    let measured = bench.measure(|| sum_of_outputs(&Multiprocess::with_workers(WORKERS), &plan))?;
    bench.report("start", "start, run, end", WORKERS, WORKERS, Unit::MillisEach, &measured)?;
    let processes = Multiprocess::with_workers(WORKERS);
    let measured = bench.measure(|| sum_of_outputs(&processes, &plan))?;
    bench.report("start", "run", WORKERS, WORKERS, Unit::MillisEach, &measured)
}

fn values(bench: &mut Bench<'_>) -> Result<()> {
    let shrink = if bench.options.is_quick { 100 } else { 1 };
    let block = (64 << 20) / 8 / shrink;
    let numbers: Vec<f64> = (0..block).map(|i| i as f64).collect();
    copy(bench, "memcpy, array block", &numbers)?;
    let array = Value::sized(Block::new(Array1::from_vec(numbers).into_dyn()));
    value(bench, "array block", array, block * 8, |value| {
        let block: &Block<f64> = value.get()?;
        Ok(block.view().len() as u64)
    })?;
    let strings: Vec<String> = (0..1_000_000 / shrink).map(|i| format!("string {i}")).collect();
    let nbytes = strings.iter().map(String::len).sum();
    copy(bench, "memcpy, small strings", strings.concat().as_bytes())?;
    value(bench, "small strings", Value::new(strings), nbytes, |value| {
        let strings: &Vec<String> = value.get()?;
        Ok(strings.len() as u64)
    })
}

fn copy<T: Clone>(bench: &mut Bench<'_>, system: &str, items: &[T]) -> Result<()> {
    let measured = bench.measure(|| Ok(black_box(items.to_vec()).len() as u64))?;
    bench.report("values", system, size_of_val(items), 1, Unit::GigabytesPerSecond, &measured)
}

/// Packs and unpacks a value, as the process does that makes it and the one that takes it.
fn value(
    bench: &mut Bench<'_>,
    system: &str,
    value: Value,
    nbytes: usize,
    checksum: impl Fn(&Value) -> Result<u64>,
) -> Result<()> {
    let directory = tempfile::tempdir_in("/dev/shm")?;
    let shelf = Shelf::new(directory.path().to_owned(), directory.path().join("disk"));
    let image = Image::of_this_process()?;
    let same = image.recognise(image.build())?;
    let owner = Owner::Result { run: 0, node: 0, attempt: 0 };
    let mut parcel =
        shelf.pack(image, &mut Spares::new(directory.path(), 0), &value, owner, Place::Memory)?;
    for (what, limit) in [("write", 0), ("write again", u64::MAX)] {
        let mut spares = Spares::new(directory.path(), limit);
        let packed = bench.measure(|| {
            shelf.spare(&parcel.label, &mut spares);
            parcel = shelf.pack(image, &mut spares, &value, owner, Place::Memory)?;
            Ok(u64::from(parcel.label.has_files()))
        })?;
        bench.report("values", &format!("{what} {system}"), nbytes, 1, Unit::GigabytesPerSecond, &packed)?;
    }
    let unpack = || shelf.unpack(same, &parcel.label, &mut &parcel.inline[..]);
    let unpacked = bench.measure(|| checksum(&unpack()?))?;
    ensure!(unpacked.checksum == checksum(&value)?, "{system} comes back otherwise");
    bench.report("values", &format!("read {system}"), nbytes, 1, Unit::GigabytesPerSecond, &unpacked)
}

fn sum(bench: &mut Bench<'_>) -> Result<()> {
    let size: usize = if bench.options.is_quick { 1_000_000 } else { 100_000_000 };
    let sum = Array::<f64>::arange(0.0, size as f64, 1.0, [125_000])?.sum(..)?;
    let (processes, threads) = (Multiprocess::with_workers(WORKERS), Threaded::with_workers(WORKERS));
    let as_written = sum.graph().lower(&sum.keys())?;
    let fused = Pipeline::standard().run(sum.graph(), &Context::new(&sum.keys()))?.lower(&sum.keys())?;
    for (what, plan) in [("as written", as_written), ("optimised", fused)] {
        let systems: [(&str, &dyn Scheduler); 2] = [("threaded", &threads), ("multiprocess", &processes)];
        for (system, scheduler) in systems {
            let measured = bench.measure(|| {
                let values = scheduler.run(&plan, &RunOptions::new())?;
                let sum: &Block<f64> = values[0].get()?;
                ensure!(sum.view().sum() == (size * (size - 1) / 2) as f64, "{system} sums wrong");
                Ok(size as u64)
            })?;
            let system = format!("{system}, {what}");
            bench.report("sum", &system, size * 8, WORKERS, Unit::GigabytesPerSecond, &measured)?;
        }
    }
    Ok(())
}
