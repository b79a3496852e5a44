//! `cargo xtask bench multiprocess`: what does it cost to be in another process?
//!
//! - `tasks`: a task that adds small integers, on two workers; the baselines are the threaded scheduler with two
//!   threads and the sync one. `dask.multiprocessing.get` does the same in `xtask/peers/processes.py`.
//! - `start`: from a scheduler without processes to the first results, for each worker.
//! - `values`: a value that one process makes and another takes, packed and unpacked as on its way; the baseline is a
//!   plain copy of its bytes. Python's multiprocessing with pickle 5 does the same in the script.
//! - `sum`: a blocked sum in blocks of 1 MB, optimised, and as it was written: then every block is made by one task and
//!   taken by another. The baseline is the threaded scheduler.

use std::hint::black_box;

use anyhow::{Result, ensure};
use dask_array::ndarray::Array1;
use dask_array::{Array, Block};
use dask_graph::{Collection, RunOptions, Scheduler, Value};
use dask_optimize::{Context, Pipeline};
use dask_sched_multiprocess::Multiprocess;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;
use dask_sched_worker::{Image, Owner, Place, Shelf, Spares};

use super::meter::Measured;
use super::sched::{graphs, shape::Shape, sum_of_outputs};
use super::workload::{Area, Bench, Line, Unit};

const WORKERS: usize = 2;
/// More tasks than this tell nothing new.
const MAX_TASKS: usize = 100_000;

pub(super) const AREA: Area = Area {
    name: "multiprocess",
    workloads: &[("tasks", tasks), ("start", start), ("values", values), ("sum", sum)],
};

fn tasks(bench: &mut Bench) -> Result<()> {
    let processes = Multiprocess::with_workers(WORKERS);
    let threads = Threaded::with_workers(WORKERS);
    for size in bench.sizes(MAX_TASKS) {
        for shape in [Shape::Independent, Shape::Chain, Shape::Tree, Shape::Random] {
            let wanted: Vec<_> = shape.sinks(size).map(graphs::key).collect();
            let plan = graphs::on_demand(shape, size).lower(&wanted)?;
            let systems: [(&str, usize, &dyn Scheduler); 3] = [
                ("sync", 1, &Sync::new()),
                ("threaded", WORKERS, &threads),
                ("multiprocess", WORKERS, &processes),
            ];
            let (workload, unit) = (format!("tasks: {}", shape.name()), Unit::MicrosecondsEach("task"));
            for (system, threads, scheduler) in systems {
                let measured = bench.measure(|| sum_of_outputs(scheduler, &plan))?;
                bench.report(&Line { workload: &workload, system, size, threads, unit }, &measured);
            }
        }
    }
    Ok(())
}

fn start(bench: &mut Bench) -> Result<()> {
    let plan = graphs::on_demand(Shape::Independent, WORKERS).lower(&[graphs::key(0), graphs::key(1)])?;
    let report = |workload, measured| {
        let (system, unit) = ("multiprocess", Unit::MillisecondsEach("worker"));
        bench.report(&Line { workload, system, size: WORKERS, threads: WORKERS, unit }, &measured);
    };
    let with_start = || sum_of_outputs(&Multiprocess::with_workers(WORKERS), &plan);
    report("start, run and end", bench.measure(with_start)?);
    let processes = Multiprocess::with_workers(WORKERS);
    report("run", bench.measure(|| sum_of_outputs(&processes, &plan))?);
    Ok(())
}

fn values(bench: &mut Bench) -> Result<()> {
    let block = bench.scaled((64 << 20) / 8);
    let numbers: Vec<f64> = (0..block).map(|i| i as f64).collect();
    copy(bench, "array block", &numbers)?;
    let array = Value::sized(Block::new(Array1::from_vec(numbers).into_dyn()));
    value(bench, "array block", array, block * 8, |value| {
        let block: &Block<f64> = value.get()?;
        Ok(block.view().len() as u64)
    })?;
    let strings: Vec<String> = (0..bench.scaled(1_000_000)).map(|i| format!("string {i}")).collect();
    let nbytes = strings.iter().map(String::len).sum();
    copy(bench, "small strings", strings.concat().as_bytes())?;
    value(bench, "small strings", Value::new(strings), nbytes, |value| {
        let strings: &Vec<String> = value.get()?;
        Ok(strings.len() as u64)
    })
}

/// A copy into new memory, which is the least that a way to another process costs.
fn copy<T: Clone>(bench: &Bench, what: &str, items: &[T]) -> Result<()> {
    let measured = bench.measure(|| Ok(black_box(items.to_vec()).len() as u64))?;
    report_rate(bench, &format!("copy of {what}"), "memcpy", size_of_val(items), 1, &measured);
    Ok(())
}

fn report_rate(
    bench: &Bench,
    workload: &str,
    system: &str,
    size: usize,
    threads: usize,
    measured: &Measured,
) {
    bench.report(&Line { workload, system, size, threads, unit: Unit::GigabytesPerSecond }, measured);
}

/// Packs and unpacks a value, as the process does that makes it and the one that takes it.
fn value(
    bench: &Bench,
    what: &str,
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
    for (how, limit) in [("write", 0), ("write again", u64::MAX)] {
        let mut spares = Spares::new(directory.path(), limit);
        let packed = bench.measure(|| {
            shelf.spare(&parcel.label, &mut spares);
            parcel = shelf.pack(image, &mut spares, &value, owner, Place::Memory)?;
            Ok(u64::from(parcel.label.has_files()))
        })?;
        report_rate(bench, &format!("{how} {what}"), "multiprocess", nbytes, 1, &packed);
    }
    let unpack = || shelf.unpack(same, &parcel.label, &mut &parcel.inline[..]);
    let expected = checksum(&value)?;
    let unpacked = bench.measure(|| {
        let got = checksum(&unpack()?)?;
        ensure!(got == expected, "{what} comes back otherwise");
        Ok(got)
    })?;
    report_rate(bench, &format!("read {what}"), "multiprocess", nbytes, 1, &unpacked);
    let mut spares = Spares::new(directory.path(), u64::MAX);
    let sent = bench.measure(|| {
        shelf.spare(&parcel.label, &mut spares);
        parcel = shelf.pack(image, &mut spares, &value, owner, Place::Memory)?;
        checksum(&shelf.unpack(same, &parcel.label, &mut &parcel.inline[..])?)
    })?;
    report_rate(bench, &format!("send {what}"), "multiprocess", nbytes, 1, &sent);
    Ok(())
}

fn sum(bench: &mut Bench) -> Result<()> {
    let size = bench.scaled(100_000_000);
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
            report_rate(bench, &format!("sum, {what}"), system, size * 8, WORKERS, &measured);
        }
    }
    Ok(())
}
