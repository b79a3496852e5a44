//! The hand-over between workers, over every interleaving.
//!
//! Compiles `src/handover.rs`, `src/lone.rs` and `src/sweep.rs` against loom's primitives. Run by `cargo xtask ci loom`; empty otherwise.
#![cfg(loom)]
#![allow(unreachable_pub, dead_code, missing_docs)]

#[path = "../src/apart.rs"]
mod apart;
#[path = "../src/handover.rs"]
mod handover;
#[path = "../src/lone.rs"]
mod lone;
#[path = "../src/sweep.rs"]
mod sweep;

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

    pub(crate) type MutexGuard<'a, T> = loom::sync::MutexGuard<'a, T>;

    /// loom's mutex with the signature of parking_lot's.
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Mutex(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }
}

use handover::{Cell, Crew, Taken};
use lone::{Held, Left, Lone, Turn};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use sweep::Sweep;
use sync::Mutex;

/// Two tasks feed a third: whoever finishes last runs it, exactly one does, and it finds both results.
#[test]
fn the_last_dependency_starts_the_task_and_sees_all_results() {
    loom::model(|| {
        let inputs = Arc::new([Cell::new(0, 1), Cell::new(0, 1)]);
        let task: Arc<Cell<usize>> = Arc::new(Cell::new(2, 0));
        let finish = move |i: usize, inputs: &[Cell<usize>; 2], task: &Cell<usize>| {
            assert!(inputs[i].put(10 + i).is_none());
            if !task.arrive() {
                return 0;
            }
            for (j, input) in inputs.iter().enumerate() {
                assert!(matches!(input.take(), Some(Taken::Last(value)) if value == 10 + j));
            }
            1
        };
        let other = {
            let (inputs, task) = (inputs.clone(), task.clone());
            thread::spawn(move || finish(1, &inputs, &task))
        };
        let ran = finish(0, &inputs, &task) + other.join().unwrap();
        assert_eq!(ran, 1);
    });
}

/// Two tasks take one result at the same time: one of them owns it, and the cell is empty afterwards.
#[test]
fn the_last_to_take_owns() {
    loom::model(|| {
        let cell = Arc::new(Cell::new(0, 2));
        cell.put(7);
        let take = |cell: &Cell<i32>| match cell.take() {
            Some(Taken::Last(7)) => 1,
            Some(Taken::Shared(7)) => 0,
            _ => panic!("the result was not there"),
        };
        let other = {
            let cell = cell.clone();
            thread::spawn(move || take(&cell))
        };
        let owners = take(&cell) + other.join().unwrap();
        assert_eq!(owners, 1);
        assert!(cell.take().is_none());
    });
}

/// One worker pushes while another leaves: the work is seen by the one who leaves, or somebody is called.
#[test]
fn pushed_work_is_never_left_to_sleepers() {
    loom::model(|| {
        let crew = Arc::new(Crew::new(2));
        assert!(crew.recruit(), "the second worker is called");
        let queue = Arc::new(AtomicUsize::new(0));
        let leaving = {
            let (crew, queue) = (crew.clone(), queue.clone());
            thread::spawn(move || crew.retire(|| queue.load(Ordering::Relaxed) > 0))
        };
        // Relaxed, as the weakest that a queue may do.
        queue.store(1, Ordering::Relaxed);
        let called = crew.recruit();
        let left = leaving.join().unwrap();
        assert!(called || !left, "the worker left and nobody was called");
        assert!(!crew.has_absent());
    });
}

/// Both workers leave or refuse at the same time: one that refuses never leaves the run without a worker.
#[test]
fn a_run_always_keeps_a_worker() {
    loom::model(|| {
        let crew = Arc::new(Crew::new(2));
        assert!(crew.recruit());
        let other = {
            let crew = crew.clone();
            thread::spawn(move || crew.refuse())
        };
        let refused = [crew.refuse(), other.join().unwrap()];
        assert_eq!(refused.iter().filter(|&&left| left).count(), 1);
        assert!(crew.is_alone());
    });
}

/// Two workers claim stretches and take the later halves of each other's: every node is visited, and once.
#[test]
fn every_node_is_visited_once() {
    const NODES: usize = 4;
    let mut model = loom::model::Builder::new();
    // All interleavings of so many claims are too many; known mistakes of this kind need two or three switches.
    model.preemption_bound = Some(3);
    model.check(|| {
        // The first to claim gets two nodes at once.
        let sweep = Arc::new(Sweep::of(NODES, 2, 2, 2));
        let visits: Arc<Vec<AtomicUsize>> = Arc::new((0..NODES).map(|_| AtomicUsize::new(0)).collect());
        let work = |me: usize, sweep: &Sweep, visits: &[AtomicUsize]| {
            while sweep.claim(me) {
                while let Some(node) = sweep.of_own(me) {
                    visits[node.index()].fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let other = {
            let (sweep, visits) = (sweep.clone(), visits.clone());
            thread::spawn(move || work(1, &sweep, &visits))
        };
        work(0, &sweep, &visits);
        other.join().unwrap();
        assert!(!sweep.is_open());
        assert!(visits.iter().all(|visits| visits.load(Ordering::Relaxed) == 1));
    });
}

/// A chain of three: the lone worker steps aside after the first, and somebody shares at any moment, even between two
/// things that a node takes. Each node is run once, after the one before, whose result it finds.
#[test]
fn a_node_is_begun_by_the_lone_worker_or_by_who_shares() {
    const NODES: usize = 3;
    struct Chain {
        lone: Lone<usize>,
        /// Of who shares, each node with its cell; the lone worker waits for them.
        cells: Mutex<Option<Arc<Vec<Cell<usize>>>>>,
        runs: [AtomicUsize; NODES],
    }
    impl Chain {
        /// Whoever comes first makes the cells of what is left.
        fn cells(&self) -> Arc<Vec<Cell<usize>>> {
            let mut cells = self.cells.lock();
            let made = cells.get_or_insert_with(|| {
                let Left { results, begun, finished } = self.lone.share();
                assert!(begun == finished || begun == finished + 1);
                let cell = |(node, held): (usize, Held<usize>)| match node {
                    _ if node < begun => Cell::holding(held.result, held.uses),
                    // An input and a visit; the first has no input.
                    _ => Cell::new(1 + u32::from(node > finished), held.uses),
                };
                Arc::new(results.into_iter().enumerate().map(cell).collect())
            });
            made.clone()
        }
        fn begin(&self, node: usize) {
            assert_eq!(self.runs[node].fetch_add(1, Ordering::Relaxed), 0);
        }
        fn share(&self, node: usize, cells: &[Cell<usize>]) {
            self.begin(node);
            if let Some(before) = node.checked_sub(1) {
                assert!(cells[before].share() == Some(before));
                assert!(matches!(cells[before].take(), Some(Taken::Last(value)) if value == before));
            }
            cells[node].put(node);
            self.tell(node, cells);
        }
        /// Goes on with what this made ready.
        fn tell(&self, node: usize, cells: &[Cell<usize>]) {
            if node + 1 < NODES && cells[node + 1].arrive() {
                self.share(node + 1, cells);
            }
        }
        fn take(&self, turn: &mut Turn<'_, usize>, before: usize, is_last_place: bool) -> Taken<usize> {
            let taken = turn.take(before, is_last_place).or_else(|| {
                let cells = self.cells();
                if is_last_place { cells[before].take() } else { cells[before].share().map(Taken::Shared) }
            });
            taken.unwrap()
        }
        fn alone(&self, first: usize, end: usize) -> bool {
            let mut made = None;
            for node in first..end {
                let mut turn = match self.lone.begin(node, made.take()) {
                    Ok(turn) => turn,
                    Err(made) => return self.join(node, made),
                };
                self.begin(node);
                if let Some(before) = node.checked_sub(1) {
                    assert!(
                        matches!(self.take(&mut turn, before, false), Taken::Shared(value) if value == before)
                    );
                    turn.pause();
                    assert!(
                        matches!(self.take(&mut turn, before, true), Taken::Last(value) if value == before)
                    );
                }
                turn.pause();
                made = Some(node);
            }
            self.lone.step_aside(end, made).map_or_else(|made| self.join(end, made), |()| true)
        }
        fn join(&self, node: usize, made: Option<usize>) -> bool {
            if let Some(made) = made {
                let cells = self.cells();
                assert!(cells[node - 1].put(made).is_none());
                self.tell(node - 1, &cells);
            }
            false
        }
    }
    loom::model(|| {
        let chain = Arc::new(Chain {
            lone: Lone::new([1; NODES].into_iter()),
            cells: Mutex::new(None),
            runs: std::array::from_fn(|_| AtomicUsize::new(0)),
        });
        let other = {
            let chain = chain.clone();
            thread::spawn(move || {
                let cells = chain.cells();
                // Those that were begun have no visit to come.
                for node in chain.lone.begun()..NODES {
                    if cells[node].arrive() {
                        chain.share(node, &cells);
                    }
                }
            })
        };
        if chain.alone(0, 1) {
            chain.alone(1, NODES);
        }
        other.join().unwrap();
        assert!(chain.runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1));
        let last = chain.cells()[NODES - 1].take();
        assert!(matches!(last, Some(Taken::Last(2))));
    });
}
