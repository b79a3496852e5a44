//! Which result is to leave memory: the one whose next use lies furthest ahead in the static order.
//!
//! Nothing here moves a byte or takes a lock; it is told what happens and answers.

use std::collections::BinaryHeap;

use dask_graph::{NodeId, Plan};

/// What is known of the future of a run: who uses which result next.
pub(crate) struct Foresight<'p> {
    plan: &'p Plan,
    /// So many of the nodes that begin next may begin at once.
    workers: usize,
    has_begun: Vec<bool>,
    /// The first node that has not begun.
    next: usize,
    /// Per node: its dependents that are known to have begun, counted from the first.
    begun_dependents: Vec<u32>,
    /// Results that could leave, the one with the furthest next use on top. An entry whose next use is no
    /// longer that of its node is out of date: there is another, or the node has been taken back.
    offered: BinaryHeap<(u32, NodeId)>,
}

impl<'p> Foresight<'p> {
    pub(crate) fn new(plan: &'p Plan, workers: usize) -> Self {
        Foresight {
            plan,
            workers,
            has_begun: vec![false; plan.len()],
            next: 0,
            begun_dependents: vec![0; plan.len()],
            offered: BinaryHeap::new(),
        }
    }

    /// Learns that a node has begun: what it takes is needed for it no more.
    pub(crate) fn begin(&mut self, node: NodeId) {
        self.has_begun[node.index()] = true;
        while self.has_begun.get(self.next) == Some(&true) {
            self.next += 1;
        }
    }

    /// Learns that a result is in memory and that no running node takes it.
    pub(crate) fn offer(&mut self, node: NodeId) {
        let next_use = self.next_use(node);
        self.offered.push((next_use, node));
    }

    /// Returns the offered result with the furthest next use, unless that is so near that leaving is not worth
    /// it; it is offered no more.
    ///
    /// It may have been taken since it was offered.
    pub(crate) fn furthest(&mut self) -> Option<NodeId> {
        loop {
            let &(next_use, node) = self.offered.peek()?;
            let is_current = next_use == self.next_use(node);
            if is_current && (next_use as usize) < self.next + self.workers {
                // All others are used as soon.
                return None;
            }
            // Offered twice between two uses, it stands here twice.
            while self.offered.peek() == Some(&(next_use, node)) {
                self.offered.pop();
            }
            if is_current {
                return Some(node);
            }
        }
    }

    /// The first node in static order that takes the result and has not begun; the end for what is only
    /// wanted.
    ///
    /// Amortised over a run, time O(dependents) for each node.
    fn next_use(&mut self, node: NodeId) -> u32 {
        let dependents = self.plan.dependents(node);
        let begun = &mut self.begun_dependents[node.index()];
        while let Some(dependent) = dependents.get(*begun as usize) {
            if !self.has_begun[dependent.index()] {
                return dependent.0;
            }
            *begun += 1;
        }
        self.plan.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dask_graph::{Arg, Graph, Key, Materialized, Task, Value, op};
    use proptest::prelude::*;

    fn t(i: usize) -> Key {
        Key::new("t", &[i as u32])
    }

    /// A plan whose node `i` takes the nodes `dependencies[i]`, all before it, and in which all are wanted.
    ///
    /// The static order need not be that of the tasks.
    fn plan(dependencies: &[Vec<usize>]) -> Plan {
        let mut layer = Materialized::new("t");
        for (i, dependencies) in dependencies.iter().enumerate() {
            let list = Arg::list(dependencies.iter().map(|&d| t(d)));
            layer.insert(t(i), Task::new(op(|_: Value| ()), [list]));
        }
        let keys: Vec<Key> = (0..dependencies.len()).map(t).collect();
        Graph::from_layer(layer).lower(&keys).unwrap()
    }

    /// `n` blocks, something that needs all of them, and each block again.
    fn barrier(n: usize) -> Plan {
        let blocks = (0..n).map(|_| vec![]);
        let again = (0..n).map(|block| vec![block, n]);
        plan(&blocks.chain([(0..n).collect()]).chain(again).collect::<Vec<_>>())
    }

    #[test]
    fn of_blocks_before_a_barrier_the_one_used_last_goes_first() {
        let plan = barrier(5);
        // Blocks are 0 to 4, the barrier is 5, and node 6 + i takes block i again.
        assert!(plan.dependents(NodeId(1)).contains(&NodeId(7)));
        let mut foresight = Foresight::new(&plan, 1);
        for node in (0..6).map(NodeId) {
            foresight.begin(node);
        }
        (0..5).map(NodeId).for_each(|block| foresight.offer(block));
        let order: Vec<_> = std::iter::from_fn(|| foresight.furthest()).collect();
        // Block 0 is used by the very next node.
        assert_eq!(order, [4, 3, 2, 1].map(NodeId));
    }

    #[test]
    fn what_the_next_nodes_use_stays_one_for_each_worker() {
        for workers in 1..6 {
            let plan = barrier(5);
            let mut foresight = Foresight::new(&plan, workers);
            (0..6).map(NodeId).for_each(|node| foresight.begin(node));
            (0..5).map(NodeId).for_each(|block| foresight.offer(block));
            assert_eq!(std::iter::from_fn(|| foresight.furthest()).count(), 5 - workers);
        }
    }

    #[test]
    fn what_is_only_wanted_goes_before_what_is_used() {
        // Task 1 takes task 0, after ten others.
        let plan = plan(&(0..12).map(|i| if i == 11 { vec![0] } else { vec![] }).collect::<Vec<_>>());
        let used = plan.nodes().find(|&node| plan.key(node) == &t(0)).unwrap();
        let mut foresight = Foresight::new(&plan, 1);
        let others: Vec<_> = plan.nodes().filter(|&n| n != used && plan.key(n) != &t(11)).take(2).collect();
        for &node in others.iter().chain([&used]) {
            foresight.begin(node);
            foresight.offer(node);
        }
        assert!(others.contains(&foresight.furthest().unwrap()));
    }

    /// The furthest next use, by looking at everything.
    fn naive(plan: &Plan, begun: &[bool], offered: &[NodeId], workers: usize) -> Option<(u32, NodeId)> {
        let next = begun.iter().position(|begun| !begun).unwrap_or(begun.len());
        let next_use = |node: NodeId| {
            let mut later = plan.dependents(node).iter().filter(|d| !begun[d.index()]);
            later.next().map_or(plan.len() as u32, |d| d.0)
        };
        let furthest = offered.iter().map(|&node| (next_use(node), node)).max()?;
        (furthest.0 as usize >= next + workers).then_some(furthest)
    }

    proptest! {
        /// On random graphs whose nodes begin in a random order, as on several workers.
        #[test]
        fn answers_as_if_it_had_looked_at_everything(
            draws in prop::collection::vec(prop::collection::vec(any::<usize>(), 0..4), 1..40),
            turns in prop::collection::vec((any::<usize>(), any::<bool>()), 0..120),
            workers in 1_usize..4,
        ) {
            let dependencies: Vec<Vec<usize>> = draws
                .iter()
                .enumerate()
                .map(|(i, draws)| draws.iter().filter(|_| i > 0).map(|draw| draw % i).collect())
                .collect();
            let plan = plan(&dependencies);
            let mut foresight = Foresight::new(&plan, workers);
            let (mut begun, mut offered) = (vec![false; plan.len()], Vec::<NodeId>::new());
            for (draw, is_asked) in turns {
                let ready: Vec<NodeId> = plan
                    .nodes()
                    .filter(|n| !begun[n.index()] && plan.dependencies(*n).all(|d| begun[d.index()]))
                    .collect();
                if is_asked {
                    let expected = naive(&plan, &begun, &offered, workers);
                    prop_assert_eq!(foresight.furthest(), expected.map(|(_, node)| node));
                    offered.retain(|&node| expected.is_none_or(|(_, gone)| gone != node));
                } else if !ready.is_empty() {
                    // It begins, which takes what it depends on, and ends, which offers that and its own.
                    let node = ready[draw % ready.len()];
                    foresight.begin(node);
                    begun[node.index()] = true;
                    for again in plan.dependencies(node).chain([node]) {
                        foresight.offer(again);
                        if !offered.contains(&again) {
                            offered.push(again);
                        }
                    }
                }
            }
        }
    }
}
