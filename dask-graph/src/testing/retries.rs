//! Retries: a task that is annotated so runs again after an error.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::function::try_op;
use crate::graph::Graph;
use crate::layer::{Annotations, LayerInfo, Materialized};
use crate::task::{Arg, Node, Task};
use crate::testing::Make;
use crate::testing::graphs::run;

/// A task that fails twice before it succeeds, with so many retries.
fn flaky(retries: u32, calls: &Arc<AtomicUsize>) -> Graph {
    let calls = calls.clone();
    let attempt = try_op(move |data: Vec<u64>| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Err("not yet"),
        1 => panic!("on purpose"),
        _ => Ok(data),
    });
    let mut source = Materialized::new("source");
    source.insert("source", Node::data(vec![1_u64, 2, 3]));
    let info = LayerInfo::here().with_annotations(Annotations { retries, ..Annotations::default() });
    let mut layer = Materialized::with_info("flaky", info);
    layer.insert("flaky", Task::new(attempt, [Arg::key("source")]));
    Graph::with_inputs(layer, [&Graph::from_layer(source)])
}

pub(super) fn tasks_are_run_again_as_often_as_annotated(make: &Make<'_>) {
    let scheduler = make();
    let calls = Arc::new(AtomicUsize::new(0));
    let values = run(&*scheduler, &flaky(2, &calls), &["flaky".into()]);
    let values = values.unwrap_or_else(|error| panic!("the third attempt succeeds, but: {error}"));
    assert_eq!(values[0].get(), Ok(&vec![1_u64, 2, 3]), "an attempt changed the arguments of the next");
    assert_eq!(calls.swap(0, Ordering::SeqCst), 3);
    assert!(run(&*scheduler, &flaky(1, &calls), &["flaky".into()]).is_err(), "two attempts are not enough");
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}
