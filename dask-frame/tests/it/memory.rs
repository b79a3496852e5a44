//! Exchanges hold a few partitions in memory, whatever the size of the frame, under a limit and where there is no room.

use std::sync::{Arc, Mutex};

use dask_frame::{AsOf, DataFrame, FrameError, Merge, Table, col, read_csv, size};
use dask_graph::{Collection, Observer, Plan, RunEnd, RunOptions, Scheduler};
use dask_graph_shuffle::Room;
use dask_sched_sync::Sync;
use dask_sched_threaded::Threaded;

/// The most bytes of results that were alive.
#[derive(Default)]
struct Peak(Mutex<u64>);

impl Observer for Peak {
    fn finished(&self, _: &Plan, run: &RunEnd) {
        *self.0.lock().unwrap() = run.peak_nbytes;
    }
}

const ROWS: i64 = 60_000;

/// Bytes of so many rows in memory.
fn nbytes(rows: i64) -> u64 {
    rows as u64 * 16
}

/// Rows in a file, read in some forty partitions.
fn rows(directory: &std::path::Path, name: &str, factor: i64, n: i64) -> DataFrame {
    let path = directory.join(name);
    let lines: String = (0..n).map(|i| format!("{},{i}\n", i * factor % n)).collect();
    std::fs::write(&path, format!("k,{}\n{lines}", &name[..1])).unwrap();
    read_csv(path.to_str().unwrap()).blocksize(lines.len() as u64 / 40).open().unwrap()
}

/// Computes a frame of the number and the sum of `n` rows with half of their bytes at most.
fn check(frame: &DataFrame, n: i64, limit: Option<u64>, what: &str) {
    let schedulers: [(&str, Box<dyn Scheduler>); 2] =
        [("sync", Box::new(Sync::new())), ("threaded", Box::new(Threaded::with_workers(2)))];
    for (name, scheduler) in schedulers {
        let peak = Arc::new(Peak::default());
        let options = RunOptions::new().observer(peak.clone());
        let options = limit.into_iter().fold(options, RunOptions::memory_limit);
        let table = frame.compute_opts(&*scheduler, &options).unwrap();
        assert_eq!(table.column("n").unwrap(), &vec![n].into(), "{what}, {name}");
        assert_eq!(table.column("sum").unwrap(), &vec![n * (n - 1) / 2].into(), "{what}, {name}");
        let peak = *peak.0.lock().unwrap();
        assert!(peak < nbytes(n) / 2, "{what}, {name}: {peak} of {}", nbytes(n));
    }
}

/// Takes all room that exchanges of this process have.
fn all_room() -> Vec<Room> {
    let halves = std::iter::successors(Some(1 << 50), |nbytes| (nbytes > &1).then_some(nbytes / 2));
    let all = halves.flat_map(|nbytes| std::iter::from_fn(move || Room::take(nbytes))).collect();
    assert!(Room::take(1).is_none());
    all
}

#[test]
fn exchanges_hold_a_few_partitions() {
    let directory = tempfile::tempdir().unwrap();
    let (a, b) = (rows(directory.path(), "a.csv", 7, ROWS), rows(directory.path(), "b.csv", 11, ROWS));
    let aggregates = || [size().alias("n"), col("a").sum().alias("sum")];
    // Each row has one partner; together they would be twice the bytes.
    let joined = a.merge(&b, Merge::on(["k"]).shuffled()).unwrap().agg(aggregates()).unwrap();
    let shuffled = a.shuffle(["k"], 40).unwrap().agg(aggregates()).unwrap();
    let divided = a.set_index_divisions("k", (0..=30).map(|i| i * 2_000)).unwrap().agg(aggregates()).unwrap();
    let sorted = a.sort_values("k").unwrap().agg(aggregates()).unwrap();
    // As nobody knows how large the right side is, it is not gathered for being small.
    let same = |table: &Table| Ok::<_, FrameError>(table.clone());
    let right = b.map_partitions(same, b.schema().clone()).unwrap();
    let aggregates_of_right = [size().alias("n"), col("b").sum().alias("sum")];
    let nearest = a.merge_asof(&right, AsOf::on("k")).unwrap().agg(aggregates_of_right).unwrap();
    let quantiles = a.agg(aggregates().into_iter().chain([col("a").median(), col("k").median()])).unwrap();
    let frames = [(&joined, "join"), (&shuffled, "shuffle"), (&divided, "set_index")];
    // These look at all partitions before they move the first; under a limit they wait on disk.
    let sampled = [(&sorted, "sort"), (&quantiles, "median"), (&nearest, "merge_asof")];
    for (frame, what) in frames.into_iter().chain(sampled) {
        check(frame, ROWS, Some(nbytes(ROWS) / 4), what);
    }
    let _all = all_room();
    for (frame, what) in frames {
        check(frame, ROWS, None, what);
    }
}

#[test]
fn different_values_are_counted_part_by_part() {
    // Several times what is merged in one task before groups are exchanged.
    const ROWS: i64 = 1_500_000;
    let directory = tempfile::tempdir().unwrap();
    let a = rows(directory.path(), "a.csv", 7, ROWS);
    let n = col("a").nunique().alias("n");
    let different = a.agg([n, col("a").sum().alias("sum")]).unwrap();
    check(&different, ROWS, Some(nbytes(ROWS) / 4), "nunique");
    let _all = all_room();
    check(&different, ROWS, None, "nunique");
}
