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
        let mut run = Run::of_shape(shape);
        sequence.iter().for_each(|&id| run.step_of_shape(shape, weights, id));
        run.load
    }
}

/// A run in the mind, node by node.
pub(crate) struct Run {
    /// Per node: how many uses of its result are to come; whoever asked for it has one more, which never comes.
    users: Vec<u32>,
    live: u64,
    pub(crate) load: Load,
}

impl Run {
    fn new(wanted: &[bool], n_dependents: impl Fn(usize) -> usize) -> Self {
        let users = |(id, &wanted): (usize, &bool)| n_dependents(id) as u32 + u32::from(wanted);
        let users = wanted.iter().enumerate().map(users).collect();
        Self { users, live: 0, load: Load { max_live: 0, sum_live: 0 } }
    }

    pub(crate) fn of_shape(shape: &Shape<'_>) -> Self {
        Self::new(shape.wanted, |id| shape.dependents.row(id).len())
    }

    #[inline]
    pub(crate) fn step_of_shape(&mut self, shape: &Shape<'_>, weights: &Weights, id: u32) {
        let dependencies = shape.dependencies.row(id as usize).iter().map(|&input| input as usize);
        self.step(id as usize, dependencies, |id| u64::from(weights.of(id)));
    }

    /// Runs the next node.
    #[inline]
    fn step(&mut self, id: usize, dependencies: impl Iterator<Item = usize>, weight: impl Fn(usize) -> u64) {
        self.live += weight(id);
        self.load.max_live = self.load.max_live.max(self.live);
        for input in dependencies {
            self.users[input] -= 1;
            // Not a branch: which use is the last cannot be foretold.
            self.live -= if self.users[input] == 0 { weight(input) } else { 0 };
        }
        self.load.sum_live += self.live;
    }
}

impl Plan {
    /// How many results are alive while one worker runs the plan.
    ///
    /// # Complexity
    ///
    /// Time O(nodes and dependencies), space O(nodes).
    pub fn pressure(&self) -> Pressure {
        let mut run = Run::new(&self.wanted, |id| self.dependents.row(id).len());
        let curve = (0..self.len()).map(|id| {
            let dependencies = code::dependencies(self.code.row(id)).map(|input| input as usize);
            run.step(id, dependencies, |_| 1);
            run.live as u32
        });
        let curve = curve.collect();
        Pressure { max_live: run.load.max_live, sum_live: run.load.sum_live, curve }
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
