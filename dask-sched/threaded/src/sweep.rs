//! The static order as many workers go through it.
//!
//! Workers claim short stretches of the order, one after the other, and *visit* every node of a stretch. A
//! visit counts like one more dependency of the node: whoever comes last, the visitor or the worker that
//! finishes the node's last input, runs it. So the front of the run stays close to the static order, which is
//! the one in which few results are alive and in which the plan lies in memory, and a node whose inputs are
//! late is run by whoever made the last of them.

use crate::apart::Apart;
use crate::sync::{AtomicU64, AtomicUsize, Ordering};
use dask_graph::{NodeId, Plan};

/// The nodes of a plan in static order, claimed by workers in stretches.
pub(crate) struct Sweep {
    len: usize,
    next: Apart<AtomicUsize>,
    /// Per worker: the rest of the stretch that it claimed, as `start << 32 | end`. Others may take the later
    /// half. A range is never the same twice, so compare-and-exchange cannot be fooled.
    claims: Vec<Apart<AtomicU64>>,
    /// A worker claims at most one part in so many of what is left.
    share: usize,
    longest: usize,
}

/// The longest stretch that one worker claims at once: enough to make the shared cursor cheap.
const LONGEST: usize = 4096;

impl Sweep {
    pub(crate) fn new(plan: &Plan, workers: usize) -> Self {
        // Data that is read before its turn lies around: producers are claimed one by one.
        let longest = if plan.has_producers() { 1 } else { LONGEST };
        Self::of(plan.len(), workers, 4 * workers, longest)
    }

    /// A sweep over so many nodes, of which a worker claims at most one part in `share` of what is left, and at
    /// most `longest`.
    pub(crate) fn of(len: usize, workers: usize, share: usize, longest: usize) -> Self {
        let claims = (0..workers).map(|_| Apart(AtomicU64::new(0))).collect();
        Sweep { len, next: Apart(AtomicUsize::new(0)), claims, share, longest }
    }

    /// Leaves out the nodes before this one, before anybody has claimed any.
    pub(crate) fn skip_to(&self, node: usize) {
        self.next.fetch_max(node, Ordering::Relaxed);
    }

    /// The next node of the stretch that worker `me` claimed.
    pub(crate) fn of_own(&self, me: usize) -> Option<NodeId> {
        let claim = &self.claims[me];
        let mut seen = claim.load(Ordering::Relaxed);
        loop {
            let (start, end) = unpacked(seen);
            if start == end {
                return None;
            }
            // Relaxed here and below: what a node's run must see is ordered by the node's own counter.
            match claim.compare_exchange_weak(
                seen,
                packed(start + 1, end),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(NodeId(start)),
                Err(now) => seen = now,
            }
        }
    }

    /// Claims the next stretch for worker `me`, whose own is empty: from the order, or the later half of what
    /// another worker has claimed. Returns whether there was one.
    pub(crate) fn claim(&self, me: usize) -> bool {
        self.claim_next(me) || self.claim_from_others(me)
    }

    fn claim_next(&self, me: usize) -> bool {
        let seen = self.next.load(Ordering::Relaxed);
        if seen >= self.len {
            return false;
        }
        let length = ((self.len - seen) / self.share).clamp(1, self.longest);
        let start = self.next.fetch_add(length, Ordering::Relaxed);
        let end = (start + length).min(self.len);
        if start < end {
            self.claims[me].store(packed(start as u32, end as u32), Ordering::Relaxed);
        }
        start < end
    }

    fn claim_from_others(&self, me: usize) -> bool {
        let (before, after) = self.claims.split_at(me);
        after.iter().skip(1).chain(before).any(|claim| {
            let mut seen = claim.load(Ordering::Relaxed);
            loop {
                let (start, end) = unpacked(seen);
                if start == end {
                    return false;
                }
                let middle = start + (end - start) / 2;
                let left = packed(start, middle);
                match claim.compare_exchange_weak(seen, left, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => {
                        self.claims[me].store(packed(middle, end), Ordering::Relaxed);
                        return true;
                    }
                    Err(now) => seen = now,
                }
            }
        })
    }

    /// Returns whether there are nodes that nobody has visited.
    pub(crate) fn is_open(&self) -> bool {
        self.next.load(Ordering::Relaxed) < self.len
            || self.claims.iter().any(|claim| {
                let (start, end) = unpacked(claim.load(Ordering::Relaxed));
                start < end
            })
    }
}

fn packed(start: u32, end: u32) -> u64 {
    u64::from(start) << 32 | u64::from(end)
}

fn unpacked(range: u64) -> (u32, u32) {
    ((range >> 32) as u32, range as u32)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use dask_graph::{Graph, Key, Materialized, Node};

    fn plan(n: u32) -> Plan {
        let mut layer = Materialized::new("n");
        let keys: Vec<Key> = (0..n).map(|i| Key::new("n", &[i])).collect();
        for key in &keys {
            layer.insert(key, Node::data(()));
        }
        Graph::from_layer(layer).lower(&keys).unwrap()
    }

    #[test]
    fn every_node_is_visited_once_in_order_and_halves_can_be_taken() {
        let sweep = Sweep::new(&plan(1000), 2);
        assert!(sweep.claim(0) && sweep.is_open());
        assert_eq!(sweep.of_own(0), Some(NodeId(0)));
        let mut visited = vec![NodeId(0)];
        // Worker 1 does everything else, first from the order and then from worker 0.
        while sweep.claim(1) {
            let from = visited.len();
            visited.extend(std::iter::from_fn(|| sweep.of_own(1)));
            assert!(visited[from..].is_sorted());
        }
        assert!(!sweep.is_open() && sweep.of_own(0).is_none());
        visited.sort();
        assert_eq!(visited, (0..1000).map(NodeId).collect::<Vec<_>>());
    }
}
