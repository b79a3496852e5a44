//! Common subexpressions: equal tasks under different keys are done once.

mod repeated;

use std::hash::{BuildHasher, Hash, Hasher};

use dask_graph::{Graph, Key, Op, PlanError, Step, TaskGraph};
use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::same::{OpId, ValueId};
use crate::uses::Uses;

use repeated::Repeated;

/// Merges tasks that are equal; what `sync_keys` and `merge_sync` did in dask 0.7 for two graphs, within one.
///
/// Two tasks are equal when they do the same with equal arguments, so equal tasks on equal tasks are equal too.
/// Ops that say that they have no state ([`Op::is_stateless`](dask_graph::Op::is_stateless)) are the same
/// when they are made of one function, all others when they are one object. Numbers and text are equal when
/// they are of one type and say the same, other values when they are one object. Aliases are what they refer to.
///
/// `is_pure` says of an op whether it always makes the same of the same; [`Op::is_pure`] is the op's own answer.
/// Tasks with an op for which it does not hold are left alone. It is asked once for each op. Tasks of layers that are annotated
/// differently stay apart.
///
/// Of equal tasks the one in the lowest layer stays; of several there, which one follows from the graph and the order of
/// `keys` alone. Where another was asked for, an alias to it stays.
///
/// # Errors
///
/// - When one of `keys`, or a key that they need, is in no layer, or in two hand-written ones.
/// - When needed tasks need each other in a circle.
/// - When there is more code than 32 bits count.
///
/// # Complexity
///
/// Expected time and space O(needed tasks + their arguments).
///
/// # Examples
///
/// ```
/// use dask_graph::{Key, graph, named_op};
/// use dask_optimize::merge_equal;
///
/// let inc = named_op("inc", |x: i64| x + 1);
/// let add = named_op("add", |a: i64, b: i64| a + b);
/// let graph = graph! {
///     "a" => inc(1_i64), "b" => inc(@"a"), "x" => inc(1_i64), "y" => inc(@"x"), "sum" => add(@"b", @"y"),
/// };
/// let wanted = ["sum", "b"].map(Key::named);
/// let merged = merge_equal(&graph, &wanted, |_| true)?;
/// assert_eq!(merged.len(), 4);
/// assert_eq!(format!("{:?}", merged.node(&wanted[0]).unwrap()), "Task(add[y, y])");
/// assert_eq!(format!("{:?}", merged.node(&wanted[1]).unwrap()), "Alias(y)");
///
/// // Nobody said that the ops were pure.
/// assert_eq!(merge_equal(&graph, &wanted, |op| op.is_pure())?.len(), 5);
/// # Ok::<(), dask_graph::PlanError>(())
/// ```
pub fn merge_equal(
    graph: &Graph,
    keys: &[Key],
    is_pure: impl Fn(&dyn Op) -> bool,
) -> Result<Graph, PlanError> {
    let mut tasks = graph.tasks(keys)?;
    merge_equal_tasks(&mut tasks, is_pure)?;
    Ok(tasks.into_graph())
}

/// [`merge_equal`] on the dense form.
///
/// # Errors
///
/// - When tasks need each other in a circle, or there is more code than 32 bits count.
pub fn merge_equal_tasks(tasks: &mut TaskGraph, is_pure: impl Fn(&dyn Op) -> bool) -> Result<(), PlanError> {
    let mut uses = Uses::new(tasks)?;
    uses.put_lower_layers_first(tasks);
    let mut merging = Merging::new(tasks, is_pure);
    let mut repeated = Repeated::with_capacity(tasks.len());
    for &number in uses.sequence() {
        repeated.add(merging.set_hash(tasks, number));
    }
    let mut found: HashTable<u32> = HashTable::with_capacity(repeated.n_repeated());
    let mut has_merged = false;
    for &number in uses.sequence() {
        let hash = |&other: &u32| merging.hashes[other as usize];
        // An alias has the hash of its target.
        if !repeated.contains(hash(&number)) {
            continue;
        }
        let stands_in = if let Some(target) = tasks.alias_of(number) {
            merging.stands_in[target as usize]
        } else {
            let is_same =
                |other: &u32| hash(other) == hash(&number) && merging.are_equal(tasks, number, *other);
            *found.entry(hash(&number), is_same, hash).or_insert(number).get()
        };
        if stands_in != number {
            has_merged = true;
            merging.stands_in[number as usize] = stands_in;
            if uses.is_wanted(number) {
                tasks.set_steps(number, [Step::Again(stands_in)])?;
            } else {
                tasks.remove(number);
            }
        }
    }
    if has_merged {
        tasks.redirect(|number| merging.stands_in[number as usize]);
    }
    Ok(())
}

struct Merging {
    /// Per op: the first that is the same; `None` where doing it once is not doing it twice.
    ops: Vec<Option<u32>>,
    /// Per literal: the first that is equal.
    literals: Vec<u32>,
    /// Per number: the node that does its work.
    stands_in: Vec<u32>,
    /// Per number: a hash over what the node does, made of the hashes of what it needs. So it is known before that
    /// has been merged.
    hashes: Vec<u64>,
}

impl Merging {
    fn new(tasks: &TaskGraph, is_pure: impl Fn(&dyn Op) -> bool) -> Self {
        let (mut ops, mut literals) = (FxHashMap::default(), FxHashMap::default());
        Self {
            ops: (0..tasks.n_ops() as u32)
                .map(|at| is_pure(&**tasks.op(at)).then(|| *ops.entry(OpId::of(tasks.op(at))).or_insert(at)))
                .collect(),
            literals: (0..tasks.n_literals() as u32)
                .map(|at| *literals.entry(ValueId::of(tasks.literal(at))).or_insert(at))
                .collect(),
            stands_in: (0..tasks.bound() as u32).collect(),
            hashes: vec![0; tasks.bound()],
        }
    }

    /// The step with the first op or literal that is the same, or the node that does the work; `None` where it is not
    /// pure.
    fn normal(&self, step: Step) -> Option<Step> {
        Some(match step {
            Step::Again(to) => Step::Again(self.stands_in[to as usize]),
            Step::Literal(at) => Step::Literal(self.literals[at as usize]),
            Step::Call { op, n_args } => Step::Call { op: self.ops[op as usize]?, n_args },
            other => other,
        })
    }

    /// Finds the hash of a node when what it needs has its own.
    fn set_hash(&mut self, tasks: &TaskGraph, number: u32) -> u64 {
        let hash = match tasks.alias_of(number) {
            Some(target) => self.hashes[target as usize],
            None => {
                let mut hasher = FxBuildHasher.build_hasher();
                tasks.layer(number).info.annotations.hash(&mut hasher);
                for step in tasks.steps(number) {
                    match step {
                        Step::Again(to) => self.hashes[to as usize].hash(&mut hasher),
                        // What is not pure is like no other.
                        _ => self.normal(step).ok_or(number).hash(&mut hasher),
                    }
                }
                hasher.finish()
            }
        };
        self.hashes[number as usize] = hash;
        hash
    }

    /// Whether two nodes are pure and do the same. What they need has been merged.
    fn are_equal(&self, tasks: &TaskGraph, a: u32, b: u32) -> bool {
        let steps = |number| tasks.steps(number).map(|step| self.normal(step));
        tasks.same_annotations(a, b) && steps(a).all(|step| step.is_some()) && steps(a).eq(steps(b))
    }
}
