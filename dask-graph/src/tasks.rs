//! Tasks in dense form: keys by number, tasks as code.
//!
//! For `y = add(x, inc(x))` and data `x`:
//!
//! ```text
//! number  0                                     1
//! key     y                                     x
//! code    [again 1, again 1, call inc 1, ...]   [literal 0]
//! ```

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxBuildHasher;

use crate::code::{Assembler, MAX_LEAF, Step, assemble, steps};
use crate::key::Key;
use crate::op::Op;
use crate::task::{Arg, Node, Task};
use crate::value::Value;

/// A map from keys to nodes in which each key is held once, and named by its number everywhere else.
///
/// A key gets its number when it is first met, as that of a node or inside a task. What a task costs is its
/// key and four bytes an argument, and to walk from tasks to what they need takes no hashing.
#[derive(Default)]
pub(crate) struct Tasks {
    /// Found by hash and compared through `keys`.
    numbers: HashTable<u32>,
    keys: Vec<Key>,
    /// Per number: where its code lies; nowhere for a key that is only referred to.
    rows: Vec<Row>,
    code: Vec<u32>,
    ops: Vec<Arc<dyn Op>>,
    literals: Vec<Value>,
    n_nodes: usize,
}

#[derive(Clone, Copy, Default)]
struct Row {
    start: usize,
    len: u32,
}

/// More than 2³⁰ keys or literals, or 2²⁸ ops or arguments of a task.
#[derive(Debug)]
pub(crate) struct TooLarge;

impl Tasks {
    pub(crate) fn reserve(&mut self, additional: usize) {
        self.keys.reserve(additional);
        self.rows.reserve(additional);
        let keys = &self.keys;
        self.numbers.reserve(additional, |&number| hash(&keys[number as usize]));
    }

    /// Puts a node under a key and returns what stood there before.
    pub(crate) fn insert(&mut self, key: Key, node: &Node) -> Result<Option<Node>, TooLarge> {
        let number = self.number_or_new(&key)?;
        let before = self.node(number);
        let start = self.code.len();
        assemble(node, self)?;
        let len = u32::try_from(self.code.len() - start).map_err(|_| TooLarge)?;
        self.rows[number as usize] = Row { start, len };
        self.n_nodes += usize::from(before.is_none());
        Ok(before)
    }

    /// How many keys have a node.
    pub(crate) fn n_nodes(&self) -> usize {
        self.n_nodes
    }

    /// How many keys there are, with or without a node; their numbers are below this.
    pub(crate) fn n_keys(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn number(&self, key: &Key) -> Option<u32> {
        self.numbers.find(hash(key), |&number| self.keys[number as usize] == *key).copied()
    }

    pub(crate) fn key(&self, number: u32) -> &Key {
        &self.keys[number as usize]
    }

    pub(crate) fn has_node(&self, number: u32) -> bool {
        self.rows[number as usize].len > 0
    }

    /// What the node of this number does; nothing if there is none.
    #[inline]
    pub(crate) fn code(&self, number: u32) -> &[u32] {
        let Row { start, len } = self.rows[number as usize];
        &self.code[start..start + len as usize]
    }

    pub(crate) fn ops(&self) -> &[Arc<dyn Op>] {
        &self.ops
    }

    pub(crate) fn literals(&self) -> &[Value] {
        &self.literals
    }

    /// The numbers of the keys that have a node.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        (0..self.n_keys() as u32).filter(|&number| self.has_node(number))
    }

    /// The node of this number, if there is one.
    pub(crate) fn node(&self, number: u32) -> Option<Node> {
        let mut stack: Vec<Arg> = Vec::new();
        for step in steps(self.code(number)) {
            let arg = match step {
                Step::Again(number) | Step::Last(number) => Arg::Key(self.keys[number as usize].clone()),
                Step::Literal(at) => Arg::Value(self.literals[at as usize].clone()),
                Step::List(n) => Arg::List(stack.drain(stack.len() - n as usize..).collect()),
                Step::Call { op, n_args } => {
                    let args = stack.drain(stack.len() - n_args as usize..);
                    Arg::from(Task::new(self.ops[op as usize].clone(), args))
                }
            };
            stack.push(arg);
        }
        stack.pop().map(Node::from)
    }

    fn number_or_new(&mut self, key: &Key) -> Result<u32, TooLarge> {
        let keys = &self.keys;
        let entry = self.numbers.entry(
            hash(key),
            |&number| keys[number as usize] == *key,
            |&number| hash(&keys[number as usize]),
        );
        let new = match entry {
            Entry::Occupied(known) => return Ok(*known.get()),
            Entry::Vacant(new) => new,
        };
        let number = next_number(keys.len(), MAX_LEAF)?;
        new.insert(number);
        self.keys.push(key.clone());
        self.rows.push(Row::default());
        Ok(number)
    }
}

/// A node is put into words as it is inserted.
impl Assembler for Tasks {
    type Error = TooLarge;

    #[inline]
    fn key(&mut self, key: &Key) -> Result<u32, TooLarge> {
        self.number_or_new(key)
    }

    fn literal(&mut self, value: &Value) -> Result<u32, TooLarge> {
        // One literal given to many tasks is one entry.
        if self.literals.last().is_none_or(|last| !last.ptr_eq(value)) {
            self.literals.push(value.clone());
        }
        Ok(self.literals.len() as u32 - 1)
    }

    fn op(&mut self, task: &Task) -> Result<u32, TooLarge> {
        // Tasks written one after the other often share their op.
        if self.ops.last().is_none_or(|last| !Arc::ptr_eq(last, task.op())) {
            self.ops.push(task.op().clone());
        }
        Ok(self.ops.len() as u32 - 1)
    }

    #[inline]
    fn step(&mut self, step: Step) -> Result<(), TooLarge> {
        step.write(&mut self.code).ok_or(TooLarge)
    }
}

#[inline]
fn hash(key: &Key) -> u64 {
    FxBuildHasher.hash_one(key)
}

/// The number of the next of so many, if it is below `limit`.
fn next_number(len: usize, limit: u32) -> Result<u32, TooLarge> {
    u32::try_from(len).ok().filter(|&number| number < limit).ok_or(TooLarge)
}
