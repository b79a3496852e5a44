//! What the observers of a run are told, and the bytes that they are told of.

use std::collections::HashMap;

use dask_graph::{NodeId, Plan, TaskStart, Value, Watch, WorkerId};

/// Counts and reports, if anybody wants to know.
pub(super) struct Book<'p> {
    watch: Watch<'p>,
    /// Tasks that have begun and not ended. One whose worker died has begun when it began first.
    begun: HashMap<NodeId, Option<TaskStart>>,
    /// Per node: the bytes that its result is counted with.
    nbytes: Vec<u64>,
}

impl<'p> Book<'p> {
    pub(super) fn new(plan: &'p Plan, watch: Watch<'p>) -> Self {
        let nbytes = if watch.is_counting() { vec![0; plan.len()] } else { Vec::new() };
        Self { watch, begun: HashMap::new(), nbytes }
    }

    pub(super) fn is_counting(&self) -> bool {
        self.watch.is_counting()
    }

    /// The bytes that a result counts for.
    pub(super) fn nbytes(&self, node: NodeId, value: &Value) -> u64 {
        self.watch.nbytes(node, value)
    }

    pub(super) fn started(&mut self, node: NodeId, worker: WorkerId) {
        if self.is_counting() {
            let Self { watch, begun, .. } = self;
            begun.entry(node).or_insert_with(|| watch.task_started(node, worker));
        }
    }

    /// Lets a result go; returns its bytes.
    pub(super) fn release(&mut self, node: NodeId) -> u64 {
        self.nbytes.get_mut(node.index()).map_or(0, std::mem::take)
    }

    pub(super) fn finished(&mut self, node: NodeId, made: u64, released: u64, failed: bool) {
        if self.is_counting() {
            self.nbytes[node.index()] = made;
            let start = self.begun.remove(&node).flatten();
            self.watch.task_finished(start, made, released, failed);
        }
    }

    pub(super) fn finish(self, failed: bool) {
        self.watch.finish(failed);
    }
}
