//! Which tasks go into the task that needs them.
//!
//! The measure is that of dask's `fuse`. A tree of tasks has a height and a number of tasks; their quotient, with
//! something added for what the tree needs from outside, is its average width: how much of it could have been
//! done at once. A task that needs one task, and nothing that this does not need too, adds nothing to the tree.

use dask_graph::{Step, TaskGraph};

use crate::uses::Uses;

use super::FuseLimits;

/// More edges of one tree are not told apart: any further edge of it counts as new.
const MAX_EDGES: usize = 32;

/// A tree of tasks that are one task, or will be.
#[derive(Clone, Copy, Default)]
struct Group {
    height: u32,
    n_tasks: u32,
    /// For tasks that could be done at once with something outside of the tree.
    fudge: u32,
    width: f32,
    edges: Edges,
}

/// The distinct nodes that a tree needs from outside.
#[derive(Clone, Copy)]
enum Edges {
    /// At this place of `Groups::edges`, in any order.
    Few { start: u32, len: u8 },
    /// More than `MAX_EDGES`, or so many in all that places have no numbers.
    Many,
}

impl Default for Edges {
    fn default() -> Self {
        Self::Few { start: 0, len: 0 }
    }
}

impl Edges {
    fn len(self) -> u32 {
        match self {
            Self::Few { len, .. } => len.into(),
            Self::Many => MAX_EDGES as u32 + 1,
        }
    }
}

/// A set of edges in the making: distinct nodes, one more than `MAX_EDGES` at most. Most sets have one or two, and
/// to look at so many is the fastest way to find one.
#[derive(Default)]
struct EdgeSet(Vec<u32>);

impl EdgeSet {
    fn insert(&mut self, edge: u32) {
        if self.0.len() <= MAX_EDGES && !self.0.contains(&edge) {
            self.0.push(edge);
        }
    }
}

/// What a task takes.
#[derive(Default)]
struct Inputs {
    /// The trees of which it is made.
    inner: Vec<Group>,
    /// The last tasks of those that are not in it yet.
    children: Vec<u32>,
    /// The nodes that it needs besides.
    edges: EdgeSet,
}

impl Inputs {
    fn clear(&mut self) {
        self.inner.clear();
        self.children.clear();
        self.edges.0.clear();
    }

    #[inline]
    fn add(&mut self, arg: Arg, trees: &Trees) {
        match arg {
            Arg::Nothing => {}
            Arg::Edge(to) => self.edges.insert(to),
            Arg::Nested(group) => self.inner.push(group),
            Arg::Child(child) => {
                self.inner.push(trees.get(child));
                self.children.push(child);
            }
        }
    }
}

/// The trees that may go into a task. Most nodes of some graphs go nowhere, and a tree is large.
struct Trees {
    /// The first is what has no tree.
    trees: Vec<Group>,
    /// Per number: which of them the node is the last task of.
    tree_of: Vec<u32>,
}

impl Trees {
    fn new(bound: usize) -> Self {
        // Memory that is never written to costs nothing.
        let mut trees = Vec::with_capacity(bound + 1);
        trees.push(Group::default());
        Self { trees, tree_of: vec![0; bound] }
    }

    #[inline]
    fn get(&self, number: u32) -> Group {
        self.trees[self.tree_of[number as usize] as usize]
    }

    #[inline]
    fn set(&mut self, number: u32, tree: Group) {
        self.tree_of[number as usize] = self.trees.len() as u32;
        self.trees.push(tree);
    }
}

/// What stands as an argument.
enum Arg {
    /// A literal, or data that becomes one.
    Nothing,
    /// A node that stays outside.
    Edge(u32),
    /// A node that may go in.
    Child(u32),
    /// What is nested here.
    Nested(Group),
}

/// The search for trees.
pub(super) struct Groups<'a> {
    tasks: &'a TaskGraph,
    uses: &'a Uses,
    limits: &'a FuseLimits,
    trees: Trees,
    edges: Vec<u32>,
    /// For a set in the making.
    set: EdgeSet,
    goes_in: Vec<bool>,
}

impl<'a> Groups<'a> {
    pub(super) fn new(tasks: &'a TaskGraph, uses: &'a Uses, limits: &'a FuseLimits) -> Self {
        Self {
            tasks,
            uses,
            limits,
            trees: Trees::new(tasks.bound()),
            edges: Vec::new(),
            set: EdgeSet::default(),
            goes_in: vec![false; tasks.bound()],
        }
    }

    /// Per number: whether the node goes into the only one that uses it.
    pub(super) fn decide(mut self) -> Vec<bool> {
        let (mut stack, mut inputs) = (Vec::new(), Inputs::default());
        for &number in self.uses.sequence() {
            // The tree of a task that goes nowhere matters only to what may go into it.
            let may_go_in = |number| self.uses.is_used_once(number);
            let is_kept = may_go_in(number);
            if !is_kept && !self.tasks.references(number).any(may_go_in) {
                continue;
            }
            let n_edges = self.edges.len();
            let group = match self.flat(number, &mut inputs) {
                Some(group) => Some(group),
                None => self.nested(number, &mut stack, &mut inputs),
            };
            match group {
                Some(group) if is_kept => self.trees.set(number, group),
                _ => self.edges.truncate(n_edges),
            }
        }
        self.goes_in
    }

    /// The tree of a task in which nothing is nested: nearly all are such.
    fn flat(&mut self, number: u32, inputs: &mut Inputs) -> Option<Group> {
        inputs.clear();
        let (mut steps, mut n_leaves) = (self.tasks.steps(number), 0);
        loop {
            match steps.next()? {
                Step::Literal(_) => {}
                Step::Again(to) | Step::Last(to) => inputs.add(self.arg(to, number), &self.trees),
                Step::List(n_args) | Step::Call { n_args, .. } => {
                    let is_flat = n_args == n_leaves && steps.next().is_none();
                    return is_flat.then(|| self.join(inputs));
                }
            }
            n_leaves += 1;
        }
    }

    /// The tree of any node; none if it does no work.
    fn nested(&mut self, number: u32, stack: &mut Vec<Arg>, inputs: &mut Inputs) -> Option<Group> {
        stack.clear();
        for step in self.tasks.steps(number) {
            let arg = match step {
                Step::Literal(_) => Arg::Nothing,
                Step::Again(to) | Step::Last(to) => self.arg(to, number),
                // A list is made of its items as a result is of its arguments.
                Step::List(n_args) | Step::Call { n_args, .. } => {
                    inputs.clear();
                    let args = stack.drain(stack.len() - n_args as usize..);
                    args.for_each(|arg| inputs.add(arg, &self.trees));
                    Arg::Nested(self.join(inputs))
                }
            };
            stack.push(arg);
        }
        match stack.pop() {
            Some(Arg::Nested(group)) => Some(group),
            _ => None,
        }
    }

    fn arg(&mut self, number: u32, consumer: u32) -> Arg {
        if !self.uses.is_used_once(number) || !self.tasks.contains(number) {
            Arg::Edge(number)
        } else if self.tasks.is_data(number) {
            self.goes_in[number as usize] = true;
            Arg::Nothing
        } else if self.tasks.same_annotations(number, consumer) {
            Arg::Child(number)
        } else {
            Arg::Edge(number)
        }
    }

    /// The tree of a task that takes these. Of its children all go in or none.
    fn join(&mut self, Inputs { inner, children, edges }: &mut Inputs) -> Group {
        if inner.is_empty() {
            return Group { height: 1, n_tasks: 1, fudge: 0, width: 1.0, edges: self.union([], edges) };
        }
        let mut tree = self.side_by_side(inner);
        tree.fudge = tree.fudge.min(tree.edges.len().saturating_sub(1));
        let has_new_edges = match self.few(tree.edges) {
            Some(known) => edges.0.iter().any(|edge| !known.contains(edge)),
            None => !edges.0.is_empty(),
        };
        if has_new_edges {
            tree.fudge += 1;
            tree.edges = self.union([tree.edges], edges);
        }
        let is_linear = inner.len() == 1 && !has_new_edges;

        if children.is_empty() || self.is_allowed(&tree, inner, has_new_edges) {
            children.iter().for_each(|&child| self.goes_in[child as usize] = true);
            let level = u32::from(!is_linear);
            Group { height: tree.height + level, n_tasks: tree.n_tasks + level, ..tree }
        } else {
            // The task begins a tree of its own, which knows how much could be done at once below it.
            let fudge = tree.fudge.min((self.limits.ave_width - 1.0) as u32);
            Group {
                height: 1,
                n_tasks: 1,
                fudge,
                width: tree.width.min(self.limits.max_width as f32),
                ..tree
            }
        }
    }

    fn is_allowed(&self, tree: &Group, inner: &[Group], has_new_edges: bool) -> bool {
        let FuseLimits { ave_width, max_width, max_height, max_depth_new_edges } = *self.limits;
        let is_narrow = || {
            let n_single = inner.iter().filter(|group| group.height == 1).count();
            n_single as f64 <= ave_width && f64::from(tree.width) <= max_width
        };
        let height = f64::from(tree.height);
        // A chain is one wide; a division takes a while.
        let is_chain = tree.fudge == 0 && tree.n_tasks <= tree.height;
        let width = || (f64::from(tree.n_tasks) + f64::from(tree.fudge)) / height;
        (is_chain && 1.0 <= ave_width || width() <= ave_width)
            && (!has_new_edges || height < max_depth_new_edges)
            && (inner.len() == 1 || is_narrow())
            && (inner.len() == 1 && !has_new_edges || tree.height <= max_height)
    }

    /// Several trees as one.
    fn side_by_side(&mut self, inner: &[Group]) -> Group {
        if let [only] = inner {
            return *only;
        }
        let mut tree = Group { height: 1, ..Group::default() };
        let mut most_edges = 0;
        for group in inner {
            tree.height = tree.height.max(group.height);
            tree.n_tasks = tree.n_tasks.saturating_add(group.n_tasks);
            tree.fudge = tree.fudge.saturating_add(group.fudge);
            tree.width += group.width;
            most_edges = most_edges.max(group.edges.len());
        }
        let mut set = std::mem::take(&mut self.set);
        set.0.clear();
        tree.edges = self.union(inner.iter().map(|group| group.edges), &mut set);
        self.set = set;
        // Trees that need different things could also be done at once with what they need.
        let n_apart = tree.edges.len() - most_edges;
        tree.fudge = tree.fudge.saturating_add(n_apart.min(inner.len() as u32 - 1));
        tree
    }

    /// The edges of several trees, and those of `set`.
    fn union(&mut self, of: impl IntoIterator<Item = Edges>, set: &mut EdgeSet) -> Edges {
        for edges in of {
            let Some(edges) = self.few(edges) else { return Edges::Many };
            edges.iter().for_each(|&edge| set.insert(edge));
        }
        if set.0.len() > MAX_EDGES {
            return Edges::Many;
        }
        let Ok(start) = u32::try_from(self.edges.len()) else { return Edges::Many };
        self.edges.extend_from_slice(&set.0);
        Edges::Few { start, len: set.0.len() as u8 }
    }

    fn few(&self, edges: Edges) -> Option<&[u32]> {
        match edges {
            Edges::Few { start, len } => Some(&self.edges[start as usize..][..usize::from(len)]),
            Edges::Many => None,
        }
    }
}
