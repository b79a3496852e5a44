//! The suite that every scheduler of processes has to pass, with one worker, with two and with more than cores.

use dask_graph::testing::CHECKS_ACROSS_PROCESSES;
use dask_sched_multiprocess::Multiprocess;
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    let with = |workers: usize| {
        CHECKS_ACROSS_PROCESSES.iter().map(move |(name, check)| {
            crate::trial(format!("{name}, {workers} workers"), move || {
                check(&|| Box::new(Multiprocess::with_workers(workers)));
            })
        })
    };
    [1, 2, 5].into_iter().flat_map(with).collect()
}
