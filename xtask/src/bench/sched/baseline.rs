//! The baseline: the same tasks by rayon alone.

use super::graphs::step;
use super::shape::{Edges, Shape};
use rayon::{Scope, ThreadPool};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Spawns each task when its last dependency is done; returns the sum over the sinks.
///
/// The counters are made anew in each run, as a scheduler has to; edges are ready, as in a plan.
pub(crate) fn scope(pool: &ThreadPool, edges: &Edges) -> u64 {
    let run = Run {
        edges,
        waiting: (0..edges.size())
            .map(|task| AtomicU32::new(edges.dependencies(task).len() as u32))
            .collect(),
        results: (0..edges.size()).map(|_| AtomicU64::new(0)).collect(),
    };
    pool.scope(|scope| {
        for task in (0..edges.size()).filter(|&task| edges.dependencies(task).is_empty()) {
            let run = &run;
            scope.spawn(move |scope| run.task(task, scope));
        }
    });
    edges.sinks().fold(0, |sum, task| sum.wrapping_add(run.results[task].load(Ordering::Relaxed)))
}

struct Run<'a> {
    edges: &'a Edges,
    waiting: Vec<AtomicU32>,
    results: Vec<AtomicU64>,
}

impl Run<'_> {
    fn task<'s>(&'s self, task: usize, scope: &Scope<'s>) {
        let results = self.edges.dependencies(task).iter();
        let result = step(results.map(|&task| self.results[task as usize].load(Ordering::Relaxed)));
        self.results[task].store(result, Ordering::Relaxed);
        for &dependent in self.edges.dependents(task) {
            if self.waiting[dependent as usize].fetch_sub(1, Ordering::AcqRel) == 1 {
                scope.spawn(move |scope| self.task(dependent as usize, scope));
            }
        }
    }
}

/// Splits the tasks in halves down to single ones; for shapes where the halves do not touch.
pub(crate) fn join(pool: &ThreadPool, shape: Shape, size: usize) -> u64 {
    fn halves(size: usize) -> u64 {
        if size == 1 {
            return step([]);
        }
        let (left, right) = rayon::join(|| halves(size / 2), || halves(size - size / 2));
        left.wrapping_add(right)
    }
    assert!(shape.is_divisible(), "{shape:?} does not split into halves");
    pool.install(|| halves(size))
}
