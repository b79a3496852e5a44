//! The pressure curve: how many results are alive after each step of one worker.

use crate::code;
use crate::plan::order::{Shape, Weights};
use crate::plan::size::known_nbytes;
use crate::plan::{NodeId, Plan};

/// How many results are alive while one worker runs a plan from first node to last.
///
/// A result is alive from the moment its node ends until all its dependents have ended; a result that was
/// asked for stays. While a node runs, its inputs and its own result are alive together: the largest such
/// number is [`max_live`](Self::max_live). The same measure as dask's `order.diagnostics`.
///
/// ```
/// use dask_graph::{graph, Key, op};
///
/// let inc = op(|x: i64| x + 1);
/// let graph = graph! { "a" => 1_i64, "b" => inc(@"a"), "c" => inc(@"b") };
/// let pressure = graph.lower(&[Key::named("c")]).unwrap().pressure();
/// assert_eq!((pressure.max_live(), pressure.curve()), (2, &[1, 1, 1][..]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pressure {
    max_live: u64,
    sum_live: u64,
    curve: Vec<u32>,
}

impl Pressure {
    /// The largest number of results alive at once.
    pub fn max_live(&self) -> u64 {
        self.max_live
    }

    /// The sum over all steps of the number of results alive after each.
    pub fn sum_live(&self) -> u64 {
        self.sum_live
    }

    /// The number of results alive after each step.
    pub fn curve(&self) -> &[u32] {
        &self.curve
    }
}

/// What the judge of orders looks at: the peak, and the sum over all steps, of what is alive: results, or bytes where
/// they are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Load {
    pub(crate) max_live: u64,
    pub(crate) sum_live: u64,
}

impl Load {
    /// The load of running `sequence`, in units of `weights`.
    pub(crate) fn of_sequence(shape: &Shape<'_>, weights: &Weights, sequence: &[u32]) -> Self {
        let dependents = |id: usize| shape.dependents.row(id).len();
        let dependencies = |id: usize| shape.dependencies.row(id).iter().map(|&input| input as usize);
        let sequence = sequence.iter().map(|&id| id as usize);
        let weight = |id| u64::from(weights.of(id));
        simulate(sequence, dependents, dependencies, shape.wanted, weight, |_| ())
    }
}

/// Runs `sequence` in the mind; `after` is told how much is alive after each step.
fn simulate<D: Iterator<Item = usize>>(
    sequence: impl Iterator<Item = usize>,
    n_dependents: impl Fn(usize) -> usize,
    dependencies: impl Fn(usize) -> D,
    wanted: &[bool],
    weight: impl Fn(usize) -> u64,
    mut after: impl FnMut(u64),
) -> Load {
    // A result that was asked for has one user more, who never ends.
    let users = |(id, &wanted): (usize, &bool)| n_dependents(id) as u32 + u32::from(wanted);
    let mut users: Vec<u32> = wanted.iter().enumerate().map(users).collect();
    let (mut live, mut max_live, mut sum_live) = (0_u64, 0_u64, 0_u64);
    for id in sequence {
        live += weight(id);
        max_live = max_live.max(live);
        for input in dependencies(id) {
            users[input] -= 1;
            // Not a branch: which use is the last cannot be foretold.
            live -= if users[input] == 0 { weight(input) } else { 0 };
        }
        sum_live += live;
        after(live);
    }
    Load { max_live, sum_live }
}

impl Plan {
    /// How many results are alive while one worker runs the plan.
    ///
    /// # Complexity
    ///
    /// Time O(nodes and dependencies), space O(nodes).
    pub fn pressure(&self) -> Pressure {
        let mut curve = Vec::with_capacity(self.len());
        let load = simulate(
            0..self.len(),
            |id| self.dependents.row(id).len(),
            |id| code::dependencies(self.code.row(id)).map(|input| input as usize),
            &self.wanted,
            |_| 1,
            |live| curve.push(live as u32),
        );
        Pressure { max_live: load.max_live, sum_live: load.sum_live, curve }
    }
}

impl Plan {
    /// Per node, an estimate of its result's size: what its op says ([`Op::output_nbytes`](crate::Op::output_nbytes)), the size of data, and
    /// otherwise that of the largest input, or of what is read for it.
    pub fn estimated_nbytes(&self) -> Vec<u64> {
        let mut sizes = vec![0_u64; self.len()];
        for node in self.nodes() {
            let inputs = self.dependencies(node).map(|input| sizes[input.index()]);
            let largest = inputs.chain(self.producer_nbytes(node)).max();
            let known = known_nbytes(self.code(node), &self.ops, &self.literals, |at| self.key(NodeId(at)));
            sizes[node.index()] = known.or(largest).unwrap_or(0);
        }
        sizes
    }

    /// The most bytes alive at once while one worker runs the plan, for results of these sizes; data, which is in
    /// memory anyway, aside.
    pub fn peak_nbytes(&self, sizes: &[u64]) -> u64 {
        let mut users: Vec<u32> = self.nodes().map(|node| self.uses(node)).collect();
        let nbytes = |node: NodeId| if self.is_data(node) { 0 } else { sizes[node.index()] };
        let (mut live, mut peak) = (0_u64, 0_u64);
        for node in self.nodes() {
            live += nbytes(node);
            peak = peak.max(live);
            for input in self.dependencies(node) {
                users[input.index()] -= 1;
                if users[input.index()] == 0 {
                    live -= nbytes(input);
                }
            }
        }
        peak
    }
}
