//! Who needs the nodes of a graph.

use dask_graph::{PlanError, TaskGraph};

/// Who uses each node, as far as passes want to know, and an order for them.
pub(crate) struct Uses {
    /// Per number: how many references go to the node, and whether it was asked for.
    uses: Vec<u32>,
    /// Dependencies before what depends on them.
    sequence: Vec<u32>,
    has_aliases: bool,
}

/// The node was asked for.
const WANTED: u32 = 1 << 31;

impl Uses {
    /// Counts the uses of all nodes.
    ///
    /// What one wanted node needs and no earlier one did has numbers of its own, one after the other, and lies
    /// close together. So nodes are put in order part by part, while the part is in the cache: a part ends where no
    /// node up to there needs a later one.
    ///
    /// # Errors
    ///
    /// - When nodes need each other in a circle: the error lists the circle.
    pub(crate) fn new(tasks: &TaskGraph) -> Result<Self, PlanError> {
        let mut uses = vec![0; tasks.bound()];
        let mut has_aliases = false;
        let mut sequence = Sequence::new(tasks);
        let (mut start, mut reach, mut is_descending) = (0, 0, true);
        for number in 0..tasks.bound() as u32 {
            has_aliases |= tasks.alias_of(number).is_some();
            for to in tasks.references(number) {
                uses[to as usize] += 1;
                reach = reach.max(to);
                // What is of an earlier part wraps around.
                is_descending &= to.wrapping_sub(start) > number - start;
            }
            if reach <= number {
                match is_descending {
                    true => sequence.add_descending(tasks, start, number),
                    // Nothing outside of the part has used its nodes yet.
                    false => sequence.add(tasks, start, &uses[start as usize..=number as usize])?,
                }
                (start, is_descending) = (number + 1, true);
            }
        }
        tasks.wanted().iter().for_each(|&number| uses[number as usize] |= WANTED);
        Ok(Self { uses, sequence: sequence.nodes, has_aliases })
    }

    /// Whether there was an alias when uses were counted.
    pub(crate) fn has_aliases(&self) -> bool {
        self.has_aliases
    }

    /// The nodes, dependencies before what depends on them.
    pub(crate) fn sequence(&self) -> &[u32] {
        &self.sequence
    }

    /// Puts the nodes of lower layers first, so that no layer comes to need a higher one; leaves the order as it is where
    /// hand-written layers need each other both ways.
    pub(crate) fn put_lower_layers_first(&mut self, tasks: &TaskGraph) {
        let layer = |number: u32| tasks.layer_number(number);
        let is_downward = |&number: &u32| tasks.references(number).all(|to| layer(to) <= layer(number));
        let sequence = &mut self.sequence;
        if !sequence.is_sorted_by_key(|&number| layer(number)) && sequence.iter().all(is_downward) {
            sequence.sort_by_key(|&number| layer(number));
        }
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

/// Dependencies before what depends on them.
struct Sequence {
    nodes: Vec<u32>,
    /// Of the nodes of a part: how many uses have not been reached yet.
    left: Vec<u32>,
}

impl Sequence {
    fn new(tasks: &TaskGraph) -> Self {
        Self { nodes: Vec::with_capacity(tasks.len()), left: Vec::new() }
    }

    /// Adds a part in which all references go to higher numbers: in chains and trees they do so without exception.
    #[inline]
    fn add_descending(&mut self, tasks: &TaskGraph, first: u32, last: u32) {
        let members = (first..last + 1).rev();
        match tasks.len() == tasks.bound() {
            true => self.nodes.extend(members),
            false => self.nodes.extend(members.filter(|&number| tasks.contains(number))),
        }
    }

    /// Adds a part, which begins with the node `first`: a node is reached when the last of its `uses` is.
    fn add(&mut self, tasks: &TaskGraph, first: u32, uses: &[u32]) -> Result<(), PlanError> {
        let Self { nodes, left } = self;
        left.clear();
        left.extend_from_slice(uses);
        // All that is used of earlier parts is one node that is never reached.
        left.push(u32::MAX);
        let (begin, members) = (nodes.len(), (first..).zip(uses));
        nodes.extend(
            members.filter(|&(number, &uses)| uses == 0 && tasks.contains(number)).map(|(number, _)| number),
        );
        let (mut next, mut n_reached) = (begin, nodes.len());
        let n_members = (first..).take(uses.len()).filter(|&number| tasks.contains(number)).count();
        // One place more, which is written to when nothing is reached: to write always costs less than to guess.
        nodes.resize(begin + n_members + 1, 0);
        while next < n_reached {
            for to in tasks.references(nodes[next]) {
                let left = &mut left[(to.wrapping_sub(first) as usize).min(uses.len())];
                *left -= 1;
                nodes[n_reached] = to;
                n_reached += usize::from((*left == 0) & tasks.contains(to));
            }
            next += 1;
        }
        // Of a circle the last use is never reached.
        if n_reached < begin + n_members {
            return tasks.topological().map(drop);
        }
        nodes.truncate(n_reached);
        nodes[begin..].reverse();
        Ok(())
    }
}
