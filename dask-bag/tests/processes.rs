//! The golden cases on worker processes. In a `main` of their own, since a worker begins its work there, before any
//! harness.

mod it {
    pub(crate) mod errors;
    mod expression;
    pub(crate) mod golden;
}

use std::process::ExitCode;

use dask_bag::{BadLine, Bag, Partitions, ReadText, read_text};
use dask_graph::{Collection, RunOptions, Scheduler, compute_with, make_portable};
use dask_optimize::Optimized;
use dask_sched_multiprocess::Multiprocess;
use libtest_mimic::{Arguments, Trial};

use it::golden::{Cut, check};

const DIES: &str = "a worker that dies in an exchange costs nothing";
const FAILS: &str = "a failure in an exchange is told";

fn main() -> ExitCode {
    dask_sched_worker::init(|| ());
    let processes = || Multiprocess::with_workers(2);
    let trials = vec![
        golden("two processes", Box::new(processes())),
        golden("two processes, optimised", Box::new(Optimized::new(processes()))),
        trial("lines go from files to files", lines_go_from_files_to_files),
        trial(DIES, a_worker_that_dies_in_an_exchange_costs_nothing),
        trial(FAILS, a_failure_in_an_exchange_is_told),
        trial("exchanges leave nothing behind", exchanges_leave_nothing_behind),
        trial("groups fit into little memory", groups_fit_into_little_memory),
        trial("JSON lines go from files to files", json_lines_go_from_files_to_files),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn golden(name: &'static str, scheduler: Box<dyn Scheduler>) -> Trial {
    Trial::test(format!("golden cases, {name}"), move || {
        let ran = check(&[(name, scheduler)], &Cut::ALL[..2]);
        if ran >= 141 { Ok(()) } else { Err(format!("only {ran} cases ran").into()) }
    })
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

fn lines_go_from_files_to_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    for i in 0..5 {
        let lines: String = (0..1000).map(|line| format!("{i} {line}\n")).collect();
        std::fs::write(path(&format!("in-{i}.txt")), lines).unwrap();
    }
    let processes = Multiprocess::with_workers(2);
    let lines = read_text(&path("in-*.txt")).unwrap();
    let long = lines.filter_with(4_usize, |least, line| line.len() > *least);
    let written = long.map(|line| line.to_uppercase()).to_textfiles(&path("out-*.txt.gz")).unwrap();
    assert_eq!(written.compute_with(&processes).unwrap().len(), 5);
    let again = read_text(&path("out-*.txt.gz")).unwrap();
    let first = |line: String| line.split(' ').next().map_or(String::new(), str::to_owned);
    let mut counts = again.map(first).frequencies().compute_with(&processes).unwrap();
    counts.sort();
    assert_eq!(counts, (0..5).map(|i| (i.to_string(), 900)).collect::<Vec<_>>());
}

fn a_worker_that_dies_in_an_exchange_costs_nothing() {
    let directory = tempfile::tempdir().unwrap();
    for scheduler in [
        Box::new(Multiprocess::with_workers(2)) as Box<dyn Scheduler>,
        Box::new(Optimized::new(Multiprocess::with_workers(2))),
    ] {
        let marker = directory.path().join("died").to_str().unwrap().to_owned();
        let _ = std::fs::remove_file(&marker);
        let bag = Bag::range(40_000, Partitions::count(8)).map_with(marker, |marker, n| {
            // Once, in the middle of a partition.
            if n == 12_345 && std::fs::File::create_new(marker).is_ok() {
                std::process::abort();
            }
            n
        });
        let groups = bag.groupby(|n| n % 1000);
        let told = |n: usize, sum: u64| n as u64 * 1_000_000_000 + sum;
        let sums = groups.map(move |(key, items)| (key, told(items.len(), items.into_iter().sum())));
        let mut sums = sums.compute_with(&*scheduler).unwrap();
        sums.sort();
        let expected = |key| (key, 40 * 1_000_000_000 + 40 * key + 1000 * (0..40).sum::<u64>());
        assert_eq!(sums, (0..1000).map(expected).collect::<Vec<_>>());
        assert!(directory.path().join("died").exists());
    }
}

fn a_failure_in_an_exchange_is_told() {
    let bag = Bag::range(100, Partitions::count(4));
    let fails = bag.try_map(|n| if n == 99 { Err("ninety-nine") } else { Ok(n) }).groupby(|n| n % 7);
    let panics = bag.groupby(|n| n % 7).map(|(key, _)| assert!(key != 3, "it is three"));
    let processes = Multiprocess::with_workers(2);
    let error = fails.compute_with(&processes).unwrap_err();
    assert!(it::errors::chain(&error).contains("ninety-nine"), "{error}");
    let error = panics.compute_with(&processes).unwrap_err();
    assert!(it::errors::chain(&error).contains("it is three"), "{error}");
}

/// Runs some of these tests again, with a directory for temporary files of their own.
fn exchanges_leave_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["golden cases, two processes", DIES, FAILS] {
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", name]).env("DASK_TEMPORARY_DIRECTORY", directory.path());
        let ended = again.output().unwrap();
        let told = String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success() && told.contains("1 passed"), "{told}");
        let left: Vec<_> = directory.path().read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{name}: {left:?}");
    }
}

/// The items take 256 MB; either of two processes that kept its share would be killed.
fn groups_fit_into_little_memory() {
    let processes = Multiprocess::with_workers(2).worker_memory_limit(96 << 20);
    let bag = Bag::range(4_000_000, Partitions::count(64)).map(|n| (n, [n; 7]));
    let groups = bag.groupby(|item| item.0 % 1000).map(|(_, items)| items.len() as u64);
    assert_eq!(groups.sum().compute_with(&Optimized::new(processes)).unwrap(), 4_000_000);
}

fn json_lines_go_from_files_to_files() {
    type Reading = (String, f64);
    make_portable::<Result<Reading, BadLine>>();
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    for i in 0..3 {
        let lines: String = (0..100).map(|line| format!("[\"s{i}\", {line}]\n")).collect();
        std::fs::write(path(&format!("in-{i}.jsonl")), lines + "[\"cut").unwrap();
    }
    let processes = Multiprocess::with_workers(2);
    let text = ReadText::new(path("in-*.jsonl")).blocksize(500);
    let (readings, bad) = text.json_or_aside::<Reading>().unwrap();
    let written = readings.filter(|(_, value)| *value < 10.0).to_jsonl(&path("out-*.jsonl.gz")).unwrap();
    let (written, bad) = compute_with((written, bad), &processes, &RunOptions::default()).unwrap();
    assert_eq!(written.len(), readings.npartitions());
    assert_eq!(
        bad.iter().map(|line| (line.place.line, &*line.text)).collect::<Vec<_>>(),
        [(Some(101), "[\"cut"); 3]
    );
    let sum = ReadText::new(path("out-*.jsonl.gz")).json::<Reading>().unwrap().map(|(_, value)| value).sum();
    assert_eq!(sum.compute_with(&processes).unwrap(), 3.0 * 45.0);
}
