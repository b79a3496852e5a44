//! The static order: which of two ready nodes to start first, so that few results are alive at once.
//!
//! There is no best order that can be found in linear time, but there is a judge that runs in linear time:
//! the [pressure curve](super::Pressure) of one worker that runs the nodes one after the other. So a few
//! cheap candidates are made, and the judge picks:
//!
//! 1. *Depth first*: from each wanted node back to its inputs, those first that need most results alive
//!    at once (the number of Sethi and Ullman, "The Generation of Optimal Code for Arithmetic Expressions",
//!    1970, which is exact on trees). The wanted nodes themselves are taken by the same rule, and as asked.
//! 2. *Depth first, then release*: the better of these walks, but whenever a ready node lets go of as much as it makes,
//!    it runs at once; and of several, the one that lets go of most.
//!
//! Plans of moderate size are offered three more: the second walk with the least demanding inputs first, with
//! those inputs last that leave most behind for others, and breadth first.
//!
//! Ties are broken by the order in which nodes were met from the wanted keys, so that the result does not
//! depend on hashes, and equal plans have equal orders.

use std::cmp::Reverse;

use crate::plan::csr::Csr;
use crate::plan::pressure::Load;

/// What the order needs to know of a plan in the making.
pub(crate) struct Shape<'a> {
    pub(crate) dependencies: &'a Csr<u32>,
    pub(crate) dependents: &'a Csr<u32>,
    /// The nodes that were asked for, in order, perhaps repeated.
    pub(crate) outputs: &'a [u32],
    /// Per node: whether it was asked for.
    pub(crate) wanted: &'a [bool],
}

impl Shape<'_> {
    pub(crate) fn len(&self) -> usize {
        self.wanted.len()
    }
}

/// The order in which to start the nodes; on a cycle, the nodes on it.
pub(crate) fn order(shape: &Shape<'_>, priority: &dyn Fn(usize) -> i32) -> Result<Vec<u32>, Vec<u32>> {
    let topological = topological(shape)?;
    let mut sequence = best(shape, &topological);
    if (0..shape.len()).any(|id| priority(id) != 0) {
        raise_priorities(shape, &topological, &mut sequence, priority);
    }
    Ok(sequence)
}

/// Plans up to this size are offered candidates that rarely win.
const SMALL: usize = 10_000;

fn best(shape: &Shape<'_>, topological: &[u32]) -> Vec<u32> {
    let floor = floor(shape);
    let needs = needs(shape, topological);
    // Results that were asked for are held on, so the most demanding ones come first, as inputs do.
    let mut demanding_first = shape.outputs.to_vec();
    demanding_first.sort_by_key(|&output| Reverse(needs[output as usize]));

    let mut best = depth_first(shape, &demanding_first, &needs);
    let mut load = Load::of_sequence(shape, &best);
    let mut offer = |candidate: &dyn Fn(&[u32]) -> Vec<u32>, best: &mut Vec<u32>| {
        if load.max_live > floor {
            let candidate = candidate(best);
            let judged = Load::of_sequence(shape, &candidate);
            if judged < load {
                (*best, load) = (candidate, judged);
            }
        }
    };
    let is_small = shape.len() <= SMALL;
    if is_small && demanding_first.as_slice() != shape.outputs {
        offer(&|_| depth_first(shape, shape.outputs, &needs), &mut best);
    }
    offer(&|guide| release_early(shape, guide), &mut best);
    if is_small {
        let least_first: Vec<u32> = needs.iter().map(|need| u32::MAX - need).collect();
        offer(&|_| release_early(shape, &depth_first(shape, shape.outputs, &least_first)), &mut best);
        let shared_last = shared_last(shape, topological, &needs);
        offer(&|_| release_early(shape, &depth_first(shape, shape.outputs, &shared_last)), &mut best);
        offer(&|_| release_early(shape, topological), &mut best);
    }
    best
}

/// A bound that no order beats: the wanted results, or a node with its inputs.
fn floor(shape: &Shape<'_>) -> u64 {
    let widest = (0..shape.len()).map(|id| shape.dependencies.row(id).len() as u64 + 1).max().unwrap_or(0);
    widest.max(shape.wanted.iter().filter(|&&wanted| wanted).count() as u64)
}

/// Dependencies first; on a cycle, the nodes on it, each needed by the one before.
fn topological(shape: &Shape<'_>) -> Result<Vec<u32>, Vec<u32>> {
    let n = shape.len();
    let mut waiting: Vec<u32> = (0..n).map(|id| shape.dependencies.row(id).len() as u32).collect();
    let mut sequence: Vec<u32> = (0..n as u32).filter(|&id| waiting[id as usize] == 0).collect();
    let mut next = 0;
    while next < sequence.len() {
        for &dependent in shape.dependents.row(sequence[next] as usize) {
            waiting[dependent as usize] -= 1;
            if waiting[dependent as usize] == 0 {
                sequence.push(dependent);
            }
        }
        next += 1;
    }
    if sequence.len() == n {
        return Ok(sequence);
    }
    // Every node that still waits, waits for another such: following one of them each time ends in a circle.
    let blocked = |&id: &u32| waiting[id as usize] > 0;
    let mut steps_at = vec![u32::MAX; n];
    let mut path = Vec::new();
    let mut at = (0..n as u32).find(blocked);
    while let Some(id) = at {
        let seen = &mut steps_at[id as usize];
        if *seen != u32::MAX {
            return Err(path.split_off(*seen as usize));
        }
        *seen = path.len() as u32;
        path.push(id);
        at = shape.dependencies.row(id as usize).iter().copied().find(|id| blocked(id));
    }
    unreachable!("a node that waits has a dependency that waits")
}

/// For each node, an estimate of how many results must be alive at once to compute it.
fn needs(shape: &Shape<'_>, topological: &[u32]) -> Vec<u32> {
    let mut needs = vec![1_u32; shape.len()];
    let mut inputs: Vec<u32> = Vec::new();
    for &id in topological {
        let row = shape.dependencies.row(id as usize);
        inputs.clear();
        inputs.extend(row.iter().map(|&input| needs[input as usize]));
        inputs.sort_unstable_by(|a, b| b.cmp(a));
        // The most demanding input first, while nothing else is held; each later one on top of the results
        // of those before it; at last the node's own result beside all inputs.
        let held = inputs.iter().enumerate().map(|(held, need)| need.saturating_add(held as u32)).max();
        needs[id as usize] = held.unwrap_or(0).max(row.len() as u32 + 1);
    }
    needs
}

/// [`needs`], less what is still held for others when the node is done: inputs that leave much behind go last.
fn shared_last(shape: &Shape<'_>, topological: &[u32], needs: &[u32]) -> Vec<u32> {
    let mut left: Vec<u32> = vec![0; shape.len()];
    for &id in topological {
        let below = shape.dependencies.row(id as usize).iter().map(|&input| left[input as usize]);
        let shared = u32::from(shape.dependents.row(id as usize).len() > 1);
        left[id as usize] = below.fold(shared, u32::saturating_add);
    }
    let most = left.iter().copied().max().unwrap_or(0);
    needs.iter().zip(&left).map(|(need, left)| need.saturating_add(most - left)).collect()
}

/// Depth first from each of `outputs`, inputs of the greatest need first.
fn depth_first(shape: &Shape<'_>, outputs: &[u32], needs: &[u32]) -> Vec<u32> {
    let mut sequence = Vec::with_capacity(shape.len());
    let mut met = vec![false; shape.len()];
    // Nodes to visit; `true` once the inputs are on the stack above it.
    let mut stack: Vec<(u32, bool)> = Vec::new();
    for &output in outputs {
        stack.push((output, false));
        while let Some((id, opened)) = stack.pop() {
            if opened {
                sequence.push(id);
                continue;
            }
            if std::mem::replace(&mut met[id as usize], true) {
                continue;
            }
            stack.push((id, true));
            let from = stack.len();
            let inputs = shape.dependencies.row(id as usize).iter().rev();
            stack.extend(inputs.filter(|&&input| !met[input as usize]).map(|&input| (input, false)));
            // On top of the stack is what comes first.
            stack[from..].sort_by_key(|&(input, _)| needs[input as usize]);
        }
    }
    sequence
}

/// Follows `guide`, but runs at once whatever is ready and lets go of as much as it makes.
fn release_early(shape: &Shape<'_>, guide: &[u32]) -> Vec<u32> {
    /// Nodes that let go of so many results or more share a bucket.
    const MOST: usize = 4;
    let n = shape.len();
    let mut sequence = Vec::with_capacity(n);
    let mut done = vec![false; n];
    let mut waiting: Vec<u32> = (0..n).map(|id| shape.dependencies.row(id).len() as u32).collect();
    let mut users: Vec<u32> =
        (0..n).map(|id| shape.dependents.row(id).len() as u32 + u32::from(shape.wanted[id])).collect();
    // How many results each node is the last to use.
    let mut frees: Vec<u32> = vec![0; n];
    let mut ready: [Vec<u32>; MOST + 1] = Default::default();
    let mut guide = guide.iter();
    loop {
        let freeing = (1..=MOST).rev().find_map(|bucket| {
            while let Some(id) = ready[bucket].pop() {
                if !done[id as usize] {
                    return Some(id);
                }
            }
            None
        });
        // In the guide's order all inputs of the next node are done.
        let Some(id) = freeing.or_else(|| guide.find(|&&id| !done[id as usize]).copied()) else { break };
        done[id as usize] = true;
        sequence.push(id);
        for &input in shape.dependencies.row(id as usize) {
            users[input as usize] -= 1;
            if users[input as usize] == 1 && !shape.wanted[input as usize] {
                // One node is left that uses it, and will free it. Each input comes here once.
                let last = shape.dependents.row(input as usize).iter().find(|&&user| !done[user as usize]);
                if let Some(&last) = last {
                    frees[last as usize] += 1;
                    if waiting[last as usize] == 0 {
                        ready[(frees[last as usize] as usize).min(MOST)].push(last);
                    }
                }
            }
        }
        let users_of_it = shape.dependents.row(id as usize);
        if let ([only], false) = (users_of_it, shape.wanted[id as usize]) {
            frees[*only as usize] += 1;
        }
        for &user in users_of_it.iter().rev() {
            waiting[user as usize] -= 1;
            if waiting[user as usize] == 0 && frees[user as usize] > 0 {
                ready[(frees[user as usize] as usize).min(MOST)].push(user);
            }
        }
    }
    sequence
}

/// Moves nodes of higher priority, and all that they need, before the others.
fn raise_priorities(
    shape: &Shape<'_>,
    topological: &[u32],
    sequence: &mut [u32],
    priority: &dyn Fn(usize) -> i32,
) {
    // A node is as urgent as the most urgent node that needs it.
    let mut urgency: Vec<i32> = (0..shape.len()).map(priority).collect();
    for &id in topological.iter().rev() {
        let needed = shape.dependents.row(id as usize).iter().map(|&user| urgency[user as usize]).max();
        urgency[id as usize] = urgency[id as usize].max(needed.unwrap_or(i32::MIN));
    }
    sequence.sort_by_key(|&id| Reverse(urgency[id as usize]));
}
