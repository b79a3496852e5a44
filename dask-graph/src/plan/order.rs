//! The static order: which of two ready nodes to start first, so that few results are alive at once.
//!
//! There is no best order that can be found in linear time, but there is a judge that runs in linear time:
//! the [pressure curve](super::Pressure) of one worker that runs the nodes one after the other. So a few
//! cheap candidates are made, and the judge picks:
//!
//! 1. *Depth first*: from each wanted node back to its inputs, those first that need most results alive
//!    at once (the number of Sethi and Ullman, "The Generation of Optimal Code for Arithmetic Expressions",
//!    1970, which is exact on trees). The wanted nodes themselves are taken by the same rule.
//! 2. *Depth first, then release*: this walk, but whenever a ready node lets go of as much as it makes,
//!    it runs at once; and of several, the one that lets go of most.
//!
//! Plans of moderate size are offered more, the fewer the larger they are: the second walk from the wanted
//! nodes as asked, with the least demanding inputs first, and with those inputs last that leave most behind for others;
//! breadth first; and where sizes are known, what numbers of results would have given.
//!
//! Where sizes are known (a plan that reads or creates data says how much), all of this goes by bytes instead of by
//! numbers of results: a thousandth of the largest result is the unit, so that small results still count.
//!
//! Ties are broken by the order in which nodes were met from the wanted keys, so that the result does not
//! depend on hashes, and equal plans have equal orders.

use std::cmp::Reverse;

use crate::plan::csr::Csr;
use crate::plan::pressure::{Load, Run};

/// What the order needs to know of a plan in the making.
pub(crate) struct Shape<'a> {
    pub(crate) dependencies: &'a Csr<u32>,
    pub(crate) dependents: &'a Csr<u32>,
    /// The nodes that were asked for, in order, perhaps repeated.
    pub(crate) outputs: &'a [u32],
    /// Per node: whether it was asked for.
    pub(crate) wanted: &'a [bool],
    /// The size of a node's result, where it is known, if any is.
    pub(crate) known_nbytes: Option<&'a dyn Fn(usize) -> Option<u64>>,
    /// The priority of a node, if any has one.
    pub(crate) priority: Option<&'a dyn Fn(usize) -> i32>,
}

/// What each result counts for.
pub(crate) enum Weights {
    /// All the same.
    Equal,
    /// By size.
    Of(Vec<u32>),
}

impl Weights {
    /// The largest of them.
    const LARGEST: u64 = 1000;

    /// Sizes that are not known are taken to be those of the largest input.
    fn new(shape: &Shape<'_>, topological: &[u32]) -> Self {
        let Some(known) = shape.known_nbytes else { return Weights::Equal };
        let mut sizes = vec![0_u64; shape.len()];
        for &id in topological {
            let inputs = shape.dependencies.row(id as usize).iter().map(|&input| sizes[input as usize]);
            sizes[id as usize] = known(id as usize).or_else(|| inputs.max()).unwrap_or(0);
        }
        let unit = sizes.iter().copied().max().unwrap_or(0).div_ceil(Self::LARGEST).max(1);
        Weights::Of(sizes.into_iter().map(|size| size.div_ceil(unit).max(1) as u32).collect())
    }

    pub(crate) fn of(&self, id: usize) -> u32 {
        match self {
            Weights::Equal => 1,
            Weights::Of(weights) => weights[id],
        }
    }

    fn of_all(&self, ids: &[u32]) -> u64 {
        ids.iter().map(|&id| u64::from(self.of(id as usize))).sum()
    }
}

impl Shape<'_> {
    pub(crate) fn len(&self) -> usize {
        self.wanted.len()
    }
}

/// The order in which to start the nodes; on a cycle, the nodes on it.
pub(crate) fn order(shape: &Shape<'_>) -> Result<Vec<u32>, Vec<u32>> {
    let topological = topological(shape)?;
    let weights = Weights::new(shape, &topological);
    let mut sequence = best(shape, &weights, &topological);
    if let Some(priority) = shape.priority {
        raise_priorities(shape, &topological, &mut sequence, priority);
    }
    Ok(sequence)
}

/// A sequence, and what it holds on to.
type Candidate = (Vec<u32>, Load);

/// Candidates that rarely win are made for as long as they have no more nodes than this in all.
const MORE_NODES: usize = 12_000;

fn best(shape: &Shape<'_>, weights: &Weights, topological: &[u32]) -> Vec<u32> {
    let floor = floor(shape, weights);
    let needs = needs(shape, weights, topological);
    // Results that were asked for are held on, so the most demanding ones come first, as inputs do.
    let mut demanding_first = shape.outputs.to_vec();
    demanding_first.sort_by_key(|&output| Reverse(needs[output as usize]));

    let mut run = Run::of_shape(shape);
    let mut best = depth_first(shape, &demanding_first, &needs, |id| run.step_of_shape(shape, weights, id));
    let mut load = run.load;
    // A candidate is made only where there is something to gain, and told how much may be alive at most.
    let mut offer = |candidate: &dyn Fn(&[u32], u64) -> Option<Candidate>| {
        if load.max_live > floor
            && let Some((candidate, judged)) = candidate(&best, load.max_live)
            && judged < load
        {
            (best, load) = (candidate, judged);
        }
    };
    let released = |guide: &[u32], most| release_early(shape, weights, guide, most);
    let released_walk =
        |needs: &[u32], most| released(&depth_first(shape, shape.outputs, needs, |_| ()), most);
    offer(&released);
    let more: [&dyn Fn(&[u32], u64) -> Option<Candidate>; 5] = [
        &|_, most| if demanding_first == shape.outputs { None } else { released_walk(&needs, most) },
        &|_, most| released_walk(&needs.iter().map(|need| u32::MAX - need).collect::<Vec<_>>(), most),
        &|_, most| released_walk(&shared_last(shape, weights, topological, &needs), most),
        &|_, most| released(topological, most),
        &|_, _| match weights {
            Weights::Equal => None,
            Weights::Of(_) => {
                let sequence = self::best(shape, &Weights::Equal, topological);
                let load = Load::of_sequence(shape, weights, &sequence);
                Some((sequence, load))
            }
        },
    ];
    more.into_iter().take(MORE_NODES / shape.len().max(1)).for_each(offer);
    best
}

/// A bound that no order beats: the wanted results, or a node with its inputs.
fn floor(shape: &Shape<'_>, weights: &Weights) -> u64 {
    let with_inputs = |id| weights.of_all(shape.dependencies.row(id)) + u64::from(weights.of(id));
    let widest = (0..shape.len()).map(with_inputs).max().unwrap_or(0);
    let wanted = (0..shape.len()).filter(|&id| shape.wanted[id]).map(|id| u64::from(weights.of(id)));
    widest.max(wanted.sum())
}

/// Dependencies first; on a cycle, the nodes on it, each needed by the one before.
fn topological(shape: &Shape<'_>) -> Result<Vec<u32>, Vec<u32>> {
    let n = shape.len();
    let mut waiting: Vec<u32> = (0..n).map(|id| shape.dependencies.row(id).len() as u32).collect();
    // Whether a node is ready cannot be foretold: it is written in any case, and counted if it is. There is room for it,
    // since it is not among the others yet.
    let (mut sequence, mut n_ready, mut next) = (vec![0; n], 0, 0);
    for (id, &n_inputs) in waiting.iter().enumerate() {
        sequence[n_ready] = id as u32;
        n_ready += usize::from(n_inputs == 0);
    }
    while next < n_ready {
        for &dependent in shape.dependents.row(sequence[next] as usize) {
            let waiting = &mut waiting[dependent as usize];
            *waiting -= 1;
            sequence[n_ready] = dependent;
            n_ready += usize::from(*waiting == 0);
        }
        next += 1;
    }
    if n_ready == n {
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

/// For each node, an estimate of how much must be alive at once to compute it, beyond its own result.
fn needs(shape: &Shape<'_>, weights: &Weights, topological: &[u32]) -> Vec<u32> {
    /// Of no more inputs than this each is compared with all: cheaper than sorting, of which no branch can be foretold.
    const FEW: usize = 4;
    let mut needs = vec![0_u32; shape.len()];
    let mut sorted: Vec<(u32, u32)> = Vec::new();
    for &id in topological {
        let row = shape.dependencies.row(id as usize);
        // The input first that leaves most free when it is done, while nothing else is held; each later one on top of
        // the results of those before it; at last the node's own result beside all inputs.
        let (mut held, mut most) = (0_u32, 0_u32);
        if row.len() <= FEW {
            for &input in row {
                let need = needs[input as usize];
                let until = row.iter().map(|&other| {
                    let is_held = needs[other as usize] >= need;
                    if is_held { weights.of(other as usize) } else { 0 }
                });
                most = most.max(until.fold(need, u32::saturating_add));
                held = held.saturating_add(weights.of(input as usize));
            }
        } else {
            sorted.clear();
            sorted.extend(row.iter().map(|&input| (needs[input as usize], weights.of(input as usize))));
            sorted.sort_unstable_by(|a, b| b.cmp(a));
            for &(need, weight) in &sorted {
                held = held.saturating_add(weight);
                most = most.max(held.saturating_add(need));
            }
        }
        let own = weights.of(id as usize);
        needs[id as usize] = most.max(held.saturating_add(own)).saturating_sub(own);
    }
    needs
}

/// [`needs`], less what is still held for others when the node is done: inputs that leave much behind go last.
fn shared_last(shape: &Shape<'_>, weights: &Weights, topological: &[u32], needs: &[u32]) -> Vec<u32> {
    let mut left: Vec<u32> = vec![0; shape.len()];
    for &id in topological {
        let below = shape.dependencies.row(id as usize).iter().map(|&input| left[input as usize]);
        let is_shared = shape.dependents.row(id as usize).len() > 1;
        let shared = if is_shared { weights.of(id as usize) } else { 0 };
        left[id as usize] = below.fold(shared, u32::saturating_add);
    }
    let most = left.iter().copied().max().unwrap_or(0);
    needs.iter().zip(&left).map(|(need, left)| need.saturating_add(most - left)).collect()
}

/// Depth first from each of `outputs`, inputs of the greatest need first; `each` is told the nodes in this order, while
/// what it may look at is in the cache.
fn depth_first(shape: &Shape<'_>, outputs: &[u32], needs: &[u32], mut each: impl FnMut(u32)) -> Vec<u32> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        /// Its inputs are above it on the stack.
        Open,
        Done,
    }
    let mut sequence = Vec::with_capacity(shape.len());
    let mut states = vec![State::New; shape.len()];
    let mut stack: Vec<u32> = Vec::new();
    for &output in outputs {
        stack.push(output);
        while let Some(&id) = stack.last() {
            let state = &mut states[id as usize];
            if *state == State::New {
                *state = State::Open;
                let from = stack.len();
                let inputs = shape.dependencies.row(id as usize).iter().rev();
                stack.extend(inputs.filter(|&&input| states[input as usize] == State::New));
                // On top of the stack is what comes first.
                let need = |input: u32| needs[input as usize];
                // Mostly there are few: to sort two takes no branch.
                match &mut stack[from..] {
                    [] | [_] => {}
                    [first, second] => {
                        let (a, b) = (*first, *second);
                        (*first, *second) = if need(a) > need(b) { (b, a) } else { (a, b) };
                    }
                    more => more.sort_by_key(|&input| need(input)),
                }
                continue;
            }
            if std::mem::replace(state, State::Done) == State::Open {
                sequence.push(id);
                each(id);
            }
            stack.pop();
        }
    }
    sequence
}

/// Follows `guide`, but runs at once whatever is ready and lets go of as much as it makes. Nothing as soon as more
/// than `most` is alive at once.
fn release_early(shape: &Shape<'_>, weights: &Weights, guide: &[u32], most: u64) -> Option<Candidate> {
    let n = shape.len();
    let mut sequence = Vec::with_capacity(n);
    let mut nodes = Waiting::all(shape);
    let mut ready = Ready::default();
    let mut load = Load { max_live: 0, sum_live: 0 };
    let mut live = 0_u64;
    let mut guide = guide.iter();
    loop {
        let freeing = ready.pop(|id| !nodes[id as usize].is_done());
        // In the guide's order all inputs of the next node are done.
        let Some(id) = freeing.or_else(|| guide.find(|&&id| !nodes[id as usize].is_done()).copied()) else {
            break;
        };
        let node = &mut nodes[id as usize];
        node.inputs = Waiting::DONE;
        let only_user = node.last_user(n);
        let weight = weights.of(id as usize);
        sequence.push(id);
        live += u64::from(weight);
        if live > most {
            return None;
        }
        load.max_live = load.max_live.max(live);
        for &input in shape.dependencies.row(id as usize) {
            let weight = weights.of(input as usize);
            let node = &mut nodes[input as usize];
            node.users -= 1;
            node.xor_of_users ^= id;
            live -= if node.users == 0 { u64::from(weight) } else { 0 };
            let last = node.last_user(n);
            let last_node = &mut nodes[last];
            last_node.frees = last_node.frees.saturating_add(weight);
            ready.offer(last as u32, last_node, weights);
        }
        load.sum_live += live;
        let freed = &mut nodes[only_user].frees;
        *freed = freed.saturating_add(weight);
        for &user in shape.dependents.row(id as usize).iter().rev() {
            let node = &mut nodes[user as usize];
            node.inputs -= 1;
            ready.offer(user, node, weights);
        }
    }
    Some((sequence, load))
}

/// What [`release_early`] knows of a node.
#[derive(Clone, Copy)]
struct Waiting {
    /// How many inputs are not done; `DONE` when it is done itself.
    inputs: u32,
    /// How many of its users are not done; whoever asked for it is one, and never done.
    users: u32,
    /// The numbers of these users, all in one: the last one's when only that is left.
    xor_of_users: u32,
    /// How much it is the last to use.
    frees: u32,
}

impl Waiting {
    const DONE: u32 = u32::MAX;

    /// All nodes; and after them nobody, who is never ready: who asked for results, and the last user of what has
    /// many, so that the loops need not ask which it is.
    fn all(shape: &Shape<'_>) -> Vec<Self> {
        let nobody = shape.len() as u32;
        let nodes = (0..shape.len()).map(|id| {
            let (users, asked) = (shape.dependents.row(id), shape.wanted[id]);
            let xor_of_users = users.iter().fold(if asked { nobody } else { 0 }, |all, user| all ^ user);
            let users = users.len() as u32 + u32::from(asked);
            Self { inputs: shape.dependencies.row(id).len() as u32, users, xor_of_users, frees: 0 }
        });
        nodes.chain([Self { inputs: 1, users: 0, xor_of_users: 0, frees: 0 }]).collect()
    }

    fn is_done(&self) -> bool {
        self.inputs == Self::DONE
    }

    /// The only user that is left, or else `nobody`.
    fn last_user(&self, nobody: usize) -> usize {
        if self.users == 1 { self.xor_of_users as usize } else { nobody }
    }
}

/// The nodes that are ready and let go of at least what they make, by how many times that.
#[derive(Default)]
struct Ready([Vec<u32>; Self::MOST]);

impl Ready {
    /// Nodes that let go of so many times what they make, or more, share a bucket.
    const MOST: usize = 4;

    /// Adds a node if it is one of them.
    #[inline]
    fn offer(&mut self, id: u32, node: &Waiting, weights: &Weights) {
        // One branch: which of the two it is that is missing cannot be foretold.
        if (node.inputs == 0) & (node.frees > 0)
            && let times @ 1.. = ((node.frees / weights.of(id as usize)) as usize).min(Self::MOST)
        {
            self.0[times - 1].push(id);
        }
    }

    /// The last one of those that let go of most.
    #[inline]
    fn pop(&mut self, is_left: impl Fn(u32) -> bool) -> Option<u32> {
        for bucket in self.0.iter_mut().rev() {
            while let Some(id) = bucket.pop() {
                if is_left(id) {
                    return Some(id);
                }
            }
        }
        None
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The order by bytes holds no more bytes at once than that by numbers of results.
        #[test]
        fn known_sizes_make_no_order_worse(
            nodes in prop::collection::vec((prop::collection::vec(any::<u32>(), 0..4), 0_u64..2000), 1..60),
        ) {
            let n = nodes.len();
            let inputs = |id: usize| {
                let draws = nodes[id].0.iter().filter(|_| id > 0).map(|draw| draw % id.max(1) as u32);
                let mut inputs: Vec<u32> = draws.collect();
                inputs.sort_unstable();
                inputs.dedup();
                inputs
            };
            let mut dependencies = Csr::with_capacity(n, n);
            for id in 0..n {
                dependencies.items_mut().extend(inputs(id));
                dependencies.end_row().unwrap();
            }
            let dependents = Csr::turned(n, |id| dependencies.row(id).iter().copied());
            let wanted: Vec<bool> = (0..n).map(|id| dependents.row(id).is_empty()).collect();
            let outputs: Vec<u32> = (0..n as u32).filter(|&id| wanted[id as usize]).collect();
            let known = |id: usize| (nodes[id].1 > 0).then_some(nodes[id].1);
            let shape = Shape {
                dependencies: &dependencies,
                dependents: &dependents,
                outputs: &outputs,
                wanted: &wanted,
                known_nbytes: Some(&known),
                priority: None,
            };
            let by_bytes = order(&shape).unwrap();
            let by_number = order(&Shape { known_nbytes: None, ..shape }).unwrap();
            let weights = Weights::new(&shape, &topological(&shape).unwrap());
            let most = |sequence: &[u32]| Load::of_sequence(&shape, &weights, sequence).max_live;
            prop_assert!(most(&by_bytes) <= most(&by_number));
            let mut all = by_bytes;
            all.sort_unstable();
            prop_assert!(all.iter().copied().eq(0..n as u32));
        }
    }
}
