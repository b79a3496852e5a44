//! Observers: each task once, in an order that makes sense, and the end of every run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::function::op;
use crate::graph::Graph;
use crate::layer::Materialized;
use crate::plan::{NodeId, Plan};
use crate::scheduler::{Observer, RunEnd, RunOptions, TaskEnd, TaskStart};
use crate::task::{Arg, Node, Task};
use crate::testing::Make;
use crate::testing::graphs::{plan, random_dependencies, t, tasks};
use crate::value::Value;

/// Writes down what it is told.
#[derive(Default)]
struct Diary(Mutex<Vec<Entry>>);

enum Entry {
    RunStart,
    TaskStart(TaskStart),
    TaskEnd(TaskEnd),
    RunEnd(RunEnd),
}

impl Diary {
    fn note(&self, entry: Entry) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
    }

    fn entries(&self) -> Vec<Entry> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Observer for Diary {
    fn started(&self, _: &Plan) {
        self.note(Entry::RunStart);
    }
    fn task_started(&self, _: &Plan, task: &TaskStart) {
        self.note(Entry::TaskStart(*task));
    }
    fn task_finished(&self, _: &Plan, task: &TaskEnd) {
        self.note(Entry::TaskEnd(*task));
    }
    fn finished(&self, _: &Plan, run: &RunEnd) {
        self.note(Entry::RunEnd(*run));
    }
}

pub(super) fn observers_see_each_task_once(make: &Make<'_>) {
    const TASKS: usize = 200;
    // Buffers of a thousand bytes, and besides the tasks data and an alias, which are not reported.
    let make_some = op(|| vec![0_u8; 1000]);
    let pass = op(|_: Value| vec![0_u8; 1000]);
    let pass2 = op(|_: Value, _: Value| vec![0_u8; 1000]);
    let pass3 = op(|_: Value, _: Value, _: Value| vec![0_u8; 1000]);
    let graph = tasks((0..TASKS).map(|task| {
        let dependencies = random_dependencies(task);
        ([&make_some, &pass, &pass2, &pass3][dependencies.len()].clone(), dependencies)
    }));
    let mut top = Materialized::new("top");
    top.insert("data", Node::data(1_u64));
    top.insert("alias", Node::Alias(t(TASKS - 1)));
    top.insert("top", Task::new(op(|_: Value, _: Value| ()), [Arg::key("data"), Arg::key("alias")]));
    let plan = plan(&Graph::with_inputs(top, [&graph]), &["top".into()]);

    let diary = Arc::new(Diary::default());
    let options = RunOptions::new().observer(diary.clone()).observer(Arc::new(Diary::default()));
    make().run(&plan, &options).unwrap_or_else(|error| panic!("{error}"));
    let entries = diary.entries();
    assert!(matches!(entries.first(), Some(Entry::RunStart)), "the start of the run comes first");
    let mut started: HashMap<NodeId, TaskStart> = HashMap::new();
    let mut ended: HashMap<NodeId, TaskEnd> = HashMap::new();
    let mut peak = 0;
    for entry in &entries[1..entries.len() - 1] {
        match entry {
            Entry::TaskStart(task) => {
                for dependency in plan.dependencies(task.node).filter(|&d| plan.is_task(d)) {
                    assert!(
                        ended.contains_key(&dependency),
                        "{task:?} began before {dependency:?} had ended"
                    );
                }
                assert!(started.insert(task.node, *task).is_none(), "{task:?} began twice");
            }
            Entry::TaskEnd(task) => {
                let start =
                    started.get(&task.node).unwrap_or_else(|| panic!("{task:?} ended before it began"));
                assert_eq!((start.worker, start.at), (task.worker, task.start));
                assert!(task.start <= task.end && !task.failed, "{task:?}");
                if plan.key(task.node).name().as_str() == "t" {
                    assert!(task.nbytes >= 1000, "{task:?}");
                }
                peak = peak.max(task.live_nbytes);
                assert!(ended.insert(task.node, *task).is_none(), "{task:?} ended twice");
            }
            Entry::RunStart | Entry::RunEnd(_) => panic!("the run starts and ends once"),
        }
    }
    assert_eq!((started.len(), ended.len()), (plan.n_tasks(), plan.n_tasks()));
    assert!(ended.keys().all(|&node| plan.is_task(node)), "data and aliases are not reported");
    match entries.last() {
        Some(Entry::RunEnd(run)) => {
            assert!(!run.failed && run.peak_nbytes >= peak && peak >= 1000, "{run:?}, peak {peak}");
            assert!(ended.values().all(|task| task.end <= run.at), "a task ended after the run");
        }
        _ => panic!("the end of the run comes last"),
    }
}

pub(super) fn observers_see_the_end_of_a_failed_run(make: &Make<'_>) {
    let fail = op(|_: u64| -> u64 { panic!("on purpose") });
    let graph = tasks([(op(|| 1_u64), vec![]), (fail, vec![0]), (op(|x: u64| x), vec![1])]);
    let plan = plan(&graph, &[t(2)]);
    let diary = Arc::new(Diary::default());
    let result = make().run(&plan, &RunOptions::new().observer(diary.clone()));
    assert!(result.is_err(), "a task failed");
    let entries = diary.entries();
    let failed = |entry: &Entry| match entry {
        Entry::TaskEnd(task) => Some(task.failed),
        _ => None,
    };
    assert_eq!(entries.iter().filter_map(failed).collect::<Vec<_>>(), [false, true]);
    assert!(
        matches!(entries.last(), Some(Entry::RunEnd(run)) if run.failed),
        "the run is told to have failed"
    );
}
