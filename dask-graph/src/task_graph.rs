//! Graphs as tasks: the dense form that passes over tasks work on.

use std::sync::Arc;

use crate::code::{self, Step, Word, steps};
use crate::graph::Graph;
use crate::key::Key;
use crate::layer::Materialized;
use crate::op::Op;
use crate::plan::{PlanError, PlanLayer};
use crate::task::Node;
use crate::tasks::{Tasks, TooLarge};
use crate::value::Value;

/// The tasks that some keys need, keys by number and tasks as code: what passes over tasks work on.
///
/// [`Graph::tasks`] makes it, asking layers only for what is needed, and [`into_graph`](Self::into_graph)
/// makes a graph of it again, with the same layers. Numbers are given in the order in which the keys are met
/// on the way back from the wanted ones, so they do not depend on how the graph was written down.
///
/// What a task does is a list of [`Step`]s for a stack machine, with nested tasks before those in which they
/// are nested: to put one task into another is to put its steps in the place of a reference to it.
///
/// ```
/// use dask_graph::{Key, Step, graph, op};
///
/// let inc = op(|x: i64| x + 1);
/// let graph = graph! { "x" => 1_i64, "y" => inc(@"x"), "z" => inc(@"y") };
/// let mut tasks = graph.tasks(&[Key::named("z")]).unwrap();
/// assert_eq!((tasks.key(0), tasks.key(1)), (&Key::named("z"), &Key::named("y")));
///
/// // y goes into z.
/// let [z, y] = [0, 1].map(|number| tasks.steps(number).collect::<Vec<_>>());
/// let Step::Again(1) = z[0] else { panic!("z begins with y") };
/// tasks.set_steps(0, y.into_iter().chain(z[1..].iter().copied())).unwrap();
/// tasks.remove(1);
/// let graph = tasks.into_graph();
/// assert_eq!(graph.len(), 2);
/// ```
#[derive(Clone)]
pub struct TaskGraph {
    tasks: Tasks,
    /// Per number: the layer of the node; nothing where there is only one layer.
    layer_of: Vec<u32>,
    layers: Vec<PlanLayer>,
    /// Per layer: whether it held keys of other names than its own.
    foreign: Vec<bool>,
    wanted: Vec<u32>,
}

/// What [`TaskGraph::put_in`] makes of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It stays.
    Reference,
    /// The node's code, as it stands.
    Code,
    /// The node's code with what goes into it.
    Whole,
}

impl Graph {
    /// The tasks that `keys` need.
    ///
    /// # Errors
    ///
    /// - When a key is in no layer, or in two hand-written ones. Cycles are not looked for.
    ///
    /// # Complexity
    ///
    /// Time and space O(layers + needed tasks + their arguments).
    pub fn tasks(&self, keys: &[Key]) -> Result<TaskGraph, PlanError> {
        crate::plan::tasks(self, keys)
    }
}

impl TaskGraph {
    pub(crate) fn new(
        tasks: Tasks,
        layer_of: Vec<u32>,
        layers: Vec<PlanLayer>,
        foreign: Vec<bool>,
        wanted: Vec<u32>,
    ) -> Self {
        Self { tasks, layer_of, layers, foreign, wanted }
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.tasks.n_nodes()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A bound for numbers: all are below it, also those of nodes that were removed.
    pub fn bound(&self) -> usize {
        self.tasks.n_keys()
    }

    /// The numbers of all nodes, ascending.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + use<'_> {
        self.tasks.numbers_with_node()
    }

    /// Whether there is a node of this number.
    #[inline]
    pub fn contains(&self, number: u32) -> bool {
        (number as usize) < self.bound() && self.tasks.has_node(number)
    }

    /// The numbers of the wanted keys, in the order of the request.
    pub fn wanted(&self) -> &[u32] {
        &self.wanted
    }

    /// The number of a key.
    pub fn number(&self, key: &Key) -> Option<u32> {
        self.tasks.number(key).filter(|&number| self.tasks.has_node(number))
    }

    /// The key of a number below [`bound`](Self::bound).
    pub fn key(&self, number: u32) -> &Key {
        self.tasks.key(number)
    }

    /// The node of this number, if there is one.
    pub fn node(&self, number: u32) -> Option<Node> {
        self.tasks.node(number)
    }

    /// What the node does; nothing when there is none.
    #[inline]
    pub fn steps(&self, number: u32) -> impl Iterator<Item = Step> + Clone + use<'_> {
        steps(self.tasks.code(number))
    }

    /// The numbers that the node refers to, in order, with repetitions.
    #[inline]
    pub fn references(&self, number: u32) -> impl Iterator<Item = u32> + Clone + use<'_> {
        self.tasks.code(number).iter().filter_map(|&word| code::node_of(word))
    }

    /// The op of a [`Step::Call`].
    pub fn op(&self, op: u32) -> &Arc<dyn Op> {
        &self.tasks.ops()[op as usize]
    }

    /// How many ops there are.
    pub fn n_ops(&self) -> usize {
        self.tasks.ops().len()
    }

    /// The value of a [`Step::Literal`].
    pub fn literal(&self, literal: u32) -> &Value {
        &self.tasks.literals()[literal as usize]
    }

    /// How many literals there are.
    pub fn n_literals(&self) -> usize {
        self.tasks.literals().len()
    }

    /// The layer of a node.
    pub fn layer(&self, number: u32) -> &PlanLayer {
        &self.layers[self.layer_number(number) as usize]
    }

    /// The number of a node's layer. Layers are numbered as [`Graph::layers`] lists them, inputs first, unless
    /// hand-written layers refer to each other both ways.
    #[inline]
    pub fn layer_number(&self, number: u32) -> u32 {
        self.layer_of.get(number as usize).copied().unwrap_or(0)
    }

    /// Whether two nodes are of layers that are to be run in the same way: only such may be fused.
    #[inline]
    pub fn same_annotations(&self, a: u32, b: u32) -> bool {
        let [a, b] = [a, b].map(|number| self.layer_number(number));
        a == b || self.layers[a as usize].info.annotations == self.layers[b as usize].info.annotations
    }

    /// The keys whose work a node does, in the order in which it does it: its own unless it was fused.
    pub fn stands_for(&self, number: u32) -> impl Iterator<Item = &Key> + Clone {
        let fused = self.tasks.stands_for().get(number);
        let own = fused.is_none().then(|| self.tasks.key(number));
        fused.into_iter().flatten().chain(own)
    }

    /// Says whose work a fused node does.
    pub fn set_stands_for(&mut self, number: u32, keys: impl IntoIterator<Item = Key>) {
        self.tasks.set_stands_for(number, keys);
    }

    /// Replaces what the node does. Which use of a result is the last is found when a plan is made.
    ///
    /// # Errors
    ///
    /// - When there is more code than 32 bits count.
    ///
    /// # Panics
    ///
    /// - When a step names a number, op or literal that is not there, or the steps do not leave one value.
    pub fn set_steps(&mut self, number: u32, steps: impl IntoIterator<Item = Step>) -> Result<(), PlanError> {
        let (n_keys, n_ops, n_literals) = (self.bound(), self.n_ops(), self.n_literals());
        let mut depth = 0_usize;
        let steps = steps.into_iter().map(|step| {
            let (is_known, n_taken, step) = match step {
                Step::Again(to) | Step::Last(to) => ((to as usize) < n_keys, 0, Step::Again(to)),
                Step::Literal(at) => ((at as usize) < n_literals, 0, step),
                Step::List(n) => (true, n as usize, step),
                Step::Call { op, n_args } => ((op as usize) < n_ops, n_args as usize, step),
            };
            assert!(is_known, "{step:?} names what is not in the graph");
            assert!(n_taken <= depth, "{step:?} takes more values than there are");
            depth = depth - n_taken + 1;
            step
        });
        self.tasks.set_steps(number, steps)?;
        assert_eq!(depth, 1, "the steps of a node leave one value");
        Ok(())
    }

    /// Makes references go elsewhere: to what `to` gives for the number that they go to.
    ///
    /// # Panics
    ///
    /// - When `to` gives a number that is not there.
    pub fn redirect(&mut self, to: impl Fn(u32) -> u32) {
        let bound = self.bound();
        self.tasks.redirect(|number| {
            let number = to(number);
            assert!((number as usize) < bound, "{number} is not in the graph");
            number
        });
    }

    /// Puts nodes in the place of references to them in the node of this number, which then stands for all of
    /// them. `put` says what becomes of a reference to its first number in the node of its second.
    ///
    /// # Errors
    ///
    /// - When there is more code than 32 bits count.
    ///
    /// # Complexity
    ///
    /// Time and space O(what the node then does), without recursion. It does not end where [`Put::Whole`] goes in a
    /// circle.
    pub fn put_in(&mut self, number: u32, put: impl Fn(&Self, u32, u32) -> Put) -> Result<(), PlanError> {
        let mut work = Vec::new();
        let (start, mut path) = (self.tasks.begin_code(), Vec::new());
        let (mut into, mut rest) = (number, self.tasks.words(number));
        loop {
            let Some(word) = rest.next().map(|at| self.tasks.word(at)) else {
                if self.does_work(into) {
                    work.push(into);
                }
                let Some(outer) = path.pop() else { break };
                (into, rest) = outer;
                continue;
            };
            let decided = code::node_of(word).map(|to| (to, put(self, to, into)));
            match decided {
                Some((to, Put::Whole)) => {
                    path.push((into, rest));
                    (into, rest) = (to, self.tasks.words(to));
                }
                Some((to, Put::Code)) => {
                    self.tasks.copy_code(to);
                    if self.does_work(to) {
                        work.push(to);
                    }
                }
                Some((_, Put::Reference)) | None => self.tasks.push_word(word),
            }
        }
        if work.iter().any(|&done| done != number) {
            self.tasks.join(number, &work);
        }
        Ok(self.tasks.end_row(number, start)?)
    }

    /// The node that this node is another name of.
    #[inline]
    pub fn alias_of(&self, number: u32) -> Option<u32> {
        match *self.tasks.code(number) {
            [word] => code::node_of(word),
            _ => None,
        }
    }

    /// Whether the node is a value that is there already.
    #[inline]
    pub fn is_data(&self, number: u32) -> bool {
        matches!(*self.tasks.code(number), [word] if code::is_literal(word))
    }

    /// Whether the node does more than fetching: aliases and data do not.
    #[inline]
    pub fn does_work(&self, number: u32) -> bool {
        code::does_work(self.tasks.code(number))
    }

    /// Removes a node. References to it stay; a graph in which there are any has no plan.
    pub fn remove(&mut self, number: u32) {
        // Nothing is written, so nothing can be too large.
        let _ = self.tasks.set_steps(number, []);
    }

    /// Dependencies before what depends on them.
    ///
    /// # Errors
    ///
    /// - When nodes need each other in a circle: the error lists the circle.
    pub fn topological(&self) -> Result<Vec<u32>, PlanError> {
        // Numbers go from what is wanted to what it needs; in chains and trees they do so without exception.
        if self.numbers().all(|number| self.references(number).all(|to| to > number)) {
            return Ok((0..self.bound() as u32)
                .rev()
                .filter(|&number| self.tasks.has_node(number))
                .collect());
        }
        const CLOSED: u32 = u32::MAX;
        let mut sequence = Vec::with_capacity(self.len());
        // Per number: 0 unseen, its place on the path + 1 while open, CLOSED when done.
        let mut state = vec![0_u32; self.bound()];
        let mut path = Vec::new();
        for root in self.numbers() {
            if state[root as usize] != 0 {
                continue;
            }
            state[root as usize] = 1;
            path.push((root, self.references(root)));
            while let Some((number, references)) = path.last_mut() {
                let number = *number;
                let Some(next) = references.next() else {
                    state[number as usize] = CLOSED;
                    sequence.push(number);
                    path.pop();
                    continue;
                };
                match state[next as usize] {
                    CLOSED => {}
                    0 if self.tasks.has_node(next) => {
                        path.push((next, self.references(next)));
                        state[next as usize] = path.len() as u32;
                    }
                    0 => {}
                    place => {
                        let circle = &path[place as usize - 1..];
                        let keys = circle.iter().map(|&(number, _)| self.key(number).clone()).collect();
                        return Err(PlanError::Cycle { keys });
                    }
                }
            }
        }
        Ok(sequence)
    }

    /// The graph of these tasks: the same layers, each as a map of its tasks, those without tasks left out.
    pub fn into_graph(self) -> Graph {
        if let [layer] = &self.layers[..] {
            return Graph::from_layer(Materialized::from_tasks(layer, self.tasks, self.foreign[0]));
        }
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); self.layers.len()];
        self.numbers().for_each(|number| members[self.layer_of[number as usize] as usize].push(number));
        let mut parts = Parts::new(&self);
        // Layers stand with their inputs first; a chain of links keeps that order.
        let layers = self.layers.iter().zip(&self.foreign).zip(members);
        let layers = layers.filter(|(_, members)| !members.is_empty());
        layers.fold(Graph::new(), |below, ((layer, &foreign), members)| {
            // A part of a graph is no larger than the whole.
            let part = parts.next(&members).unwrap_or_else(|TooLarge| unreachable!("the whole was not"));
            Graph::with_inputs(Materialized::from_tasks(layer, part, foreign), [&below])
        })
    }
}

/// The tasks of a graph being handed to its layers, one layer after the other.
struct Parts<'a> {
    whole: &'a TaskGraph,
    /// From the numbers of the whole to those of the layer.
    keys: Renumbered,
    ops: Renumbered,
    literals: Renumbered,
}

impl<'a> Parts<'a> {
    fn new(whole: &'a TaskGraph) -> Self {
        let [keys, ops, literals] = [whole.bound(), whole.n_ops(), whole.n_literals()].map(Renumbered::new);
        Self { whole, keys, ops, literals }
    }

    /// The layer of these nodes.
    fn next(&mut self, members: &[u32]) -> Result<Tasks, TooLarge> {
        let Self { whole, keys, ops, literals } = self;
        [&mut *keys, ops, literals].into_iter().for_each(Renumbered::forget);
        let mut part = whole.tasks.begin_part();
        part.reserve_part(members.len(), members.iter().map(|&number| whole.tasks.code(number).len()).sum());
        // The layer's own keys come first, in their order.
        for &number in members {
            keys.get_or(number, || part.add_key_of(&whole.tasks, number));
        }
        for (&number, local) in members.iter().zip(0..) {
            let start = part.begin_code();
            for &word in whole.tasks.code(number) {
                // A part has no more of anything than the whole, so the new numbers fit.
                let word = match Word::of(word) {
                    Word::Node(to) => keys.get_or(to, || part.add_key_of(&whole.tasks, to)),
                    Word::Literal(at) => {
                        code::literal(literals.get_or(at, || part.add_literal(whole.literal(at).clone())))
                    }
                    Word::Op(at) => code::call(ops.get_or(at, || part.add_op(whole.op(at).clone()))),
                    Word::Count => word,
                };
                part.push_word(word);
            }
            part.end_row(local, start)?;
            part.copy_stands_for(local, &whole.tasks, number);
        }
        Ok(part)
    }
}

/// Numbers given anew for each layer, without a sweep over all of them between layers.
struct Renumbered {
    /// Per old number: the round in which it got its new number, and that.
    new: Vec<(u32, u32)>,
    round: u32,
}

impl Renumbered {
    fn new(n: usize) -> Self {
        Self { new: vec![(0, 0); n], round: 0 }
    }

    /// Begins a round in which no number is known.
    fn forget(&mut self) {
        self.round += 1;
    }

    #[inline]
    fn get_or(&mut self, old: u32, make: impl FnOnce() -> u32) -> u32 {
        let (round, new) = &mut self.new[old as usize];
        if *round != self.round {
            (*round, *new) = (self.round, make());
        }
        *new
    }
}
