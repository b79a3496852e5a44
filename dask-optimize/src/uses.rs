//! Who needs the nodes of a graph.

use dask_graph::{PlanError, TaskGraph};

/// Who uses each node, as far as passes want to know, and an order for them.
pub(crate) struct Uses {
    /// Per number: how many references go to the node, and whether it was asked for.
    uses: Vec<u32>,
    /// Dependencies before what depends on them.
    sequence: Vec<u32>,
}

/// The node was asked for.
const WANTED: u32 = 1 << 31;

impl Uses {
    /// Counts the uses of all nodes.
    ///
    /// # Errors
    ///
    /// - When nodes need each other in a circle: the error lists the circle.
    pub(crate) fn new(tasks: &TaskGraph) -> Result<Self, PlanError> {
        let mut uses = vec![0; tasks.bound()];
        let mut is_descending = true;
        for number in 0..tasks.bound() as u32 {
            for to in tasks.references(number) {
                uses[to as usize] += 1;
                is_descending &= to > number;
            }
        }
        let sequence = if is_descending {
            // Numbers go from what is wanted to what it needs; in chains and trees they do so without exception.
            (0..tasks.bound() as u32).rev().filter(|&number| tasks.contains(number)).collect()
        } else {
            sequence(tasks, uses.clone())?
        };
        tasks.wanted().iter().for_each(|&number| uses[number as usize] |= WANTED);
        Ok(Self { uses, sequence })
    }

    /// The nodes, dependencies before what depends on them.
    pub(crate) fn sequence(&self) -> &[u32] {
        &self.sequence
    }

    /// Whether the node was asked for.
    #[inline]
    pub(crate) fn is_wanted(&self, number: u32) -> bool {
        self.uses[number as usize] & WANTED != 0
    }

    /// Whether there is one use of the node, a reference in a task.
    #[inline]
    pub(crate) fn is_used_once(&self, number: u32) -> bool {
        self.uses[number as usize] == 1
    }

    /// Whether nobody needs the node.
    #[inline]
    pub(crate) fn is_unused(&self, number: u32) -> bool {
        self.uses[number as usize] == 0
    }

    /// All references to an alias go to its target from now on; an alias that was not asked for is no more.
    pub(crate) fn pass_on(&mut self, alias: u32, target: u32) {
        let own = u32::from(!self.is_wanted(alias));
        let passed = self.uses[alias as usize] & !WANTED;
        self.uses[target as usize] = self.uses[target as usize] + passed - own;
        self.uses[alias as usize] &= WANTED;
    }
}

/// Dependencies before what depends on them: a node is reached when the last of its `uses` is.
fn sequence(tasks: &TaskGraph, mut uses: Vec<u32>) -> Result<Vec<u32>, PlanError> {
    // One place more, which is written to when nothing is reached: to write always costs less than to guess.
    let mut sequence = vec![0; tasks.len() + 1];
    let mut n_reached = 0;
    for number in tasks.numbers().filter(|&number| uses[number as usize] == 0) {
        sequence[n_reached] = number;
        n_reached += 1;
    }
    let mut next = 0;
    while next < n_reached {
        for to in tasks.references(sequence[next]) {
            let left = &mut uses[to as usize];
            *left -= 1;
            sequence[n_reached] = to;
            n_reached += usize::from((*left == 0) & tasks.contains(to));
        }
        next += 1;
    }
    // Of a circle the last use is never reached.
    if n_reached < tasks.len() {
        return tasks.topological();
    }
    sequence.truncate(n_reached);
    sequence.reverse();
    Ok(sequence)
}
