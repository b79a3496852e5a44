//! Results for which there is no room in memory.

use std::path::Path;

use dask_graph::{Collection, ComputeError, Delayed, RunOptions, delayed};
use dask_sched_multiprocess::Multiprocess;
use libtest_mimic::Trial;

use crate::programs::run_with_little_shared_memory;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("results beyond the memory limit are on disk", results_beyond_the_memory_limit_are_on_disk),
        trial("results go to disk when shared memory is full", results_go_to_disk_when_shared_memory_is_full),
        trial("a directory that cannot be used is named", a_directory_that_cannot_be_used_is_named),
    ]
}

/// Parts that have to be there together, and say whether they have found files in the directory.
fn compute(within: &Path, memory_limit: u64) -> Result<(u64, bool), ComputeError> {
    let make = delayed(|i: u64| vec![i; 20_000]);
    let last = delayed(|within: String, parts: Vec<Vec<u64>>| {
        let is_used = Path::new(&within).read_dir().is_ok_and(|mut entries| entries.next().is_some());
        (parts.iter().flatten().sum::<u64>(), is_used)
    });
    let parts: Vec<Delayed<Vec<u64>>> = (0..20).map(|i| make.call((i,))).collect();
    let options = RunOptions::new().memory_limit(memory_limit).temporary_directory(within);
    let within = within.to_str().unwrap().to_owned();
    last.call((within, parts)).compute_opts(&Multiprocess::with_workers(2), &options)
}

fn results_beyond_the_memory_limit_are_on_disk() {
    dask_graph::make_pair_portable::<u64, bool>();
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(compute(directory.path(), 500_000).unwrap(), (190 * 20_000, true));
    assert_eq!(directory.path().read_dir().unwrap().count(), 0, "something is left");
}

fn a_directory_that_cannot_be_used_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = compute(&file, 500_000).unwrap_err().to_string();
    assert!(error.contains(file.to_str().unwrap()) && error.contains("DASK_TEMPORARY_DIRECTORY"), "{error}");
}

fn results_go_to_disk_when_shared_memory_is_full() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let Some(output) = run_with_little_shared_memory("disk", path, "500k") else {
        println!("not tested: mounting in a namespace of its own is not allowed here");
        return;
    };
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("Ok((3800000, true))"), "{output:?}");
    assert_eq!(directory.path().read_dir().unwrap().count(), 0, "something is left");
}

/// Computes without a limit that would be reached.
pub(crate) fn program(within: &str) {
    dask_graph::make_pair_portable::<u64, bool>();
    println!("{:?}", compute(Path::new(within), u64::MAX));
}
