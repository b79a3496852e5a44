//! Tasks in dense form: keys by number, tasks as code.
//!
//! What a [`Materialized`](crate::Materialized) layer holds, and what passes over tasks work on.
//!
//! For `y = add(x, inc(x))` and data `x`:
//!
//! ```text
//! number  0                                     1
//! key     y                                     x
//! code    [again 1, again 1, call inc 1, ...]   [literal 0]
//! ```

mod keys;
mod numbers;
mod stands_for;

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::code::{self, Assembler, MAX_LEAF, Step, assemble, steps};
use crate::key::Key;
use crate::op::Op;
use crate::plan::Csr;
use crate::task::{Arg, Node, Task};
use crate::value::Value;

pub(crate) use keys::{Draw, Keys, Place};
use numbers::Numbers;
pub(crate) use stands_for::StandsFor;

/// A map from keys to nodes in which each key is held once, and named by its number everywhere else.
///
/// A key gets its number when it is first met, as that of a node or inside a task. What a task costs is its
/// key and four bytes an argument, and to walk from tasks to what they need takes no hashing.
#[derive(Clone, Default)]
pub(crate) struct Tasks {
    /// Made when a key is first looked up.
    numbers: OnceLock<Numbers>,
    keys: Keys,
    /// Per number: where its code lies; nowhere for a key that is only referred to.
    rows: Vec<Row>,
    code: Vec<u32>,
    ops: Vec<Arc<dyn Op>>,
    literals: Vec<Value>,
    n_nodes: usize,
    stands_for: StandsFor,
}

#[derive(Clone, Copy, Default)]
struct Row {
    start: u32,
    len: u32,
}

/// More than 2³⁰ keys or literals, 2²⁸ ops or arguments of a task, or 2³² words of code.
#[derive(Debug)]
pub(crate) struct TooLarge;

/// So many of the ops that were met last are looked through before an op is taken to be new.
const RECENT_OPS: usize = 8;

impl Tasks {
    pub(crate) fn reserve(&mut self, additional: usize) {
        self.keys.held().reserve(additional);
        self.rows.reserve(additional);
        let (numbers, keys) = self.numbers_mut();
        numbers.reserve(additional, keys);
    }

    /// Puts a node under a key and returns what stood there before.
    pub(crate) fn insert(&mut self, key: &Key, node: &Node) -> Result<Option<Node>, TooLarge> {
        let number = self.number_or_new(key)?;
        let before = self.node(number);
        let start = self.code.len();
        assemble(node, self)?;
        self.end_row(number, start)?;
        self.stands_for.remove(number);
        Ok(before)
    }

    /// One node a row of code; numbers are those of the rows.
    pub(crate) fn from_rows(
        keys: Keys,
        code: Csr<u32>,
        ops: Vec<Arc<dyn Op>>,
        literals: Vec<Value>,
        stands_for: StandsFor,
    ) -> Self {
        let n_nodes = keys.len();
        let rows = (0..n_nodes)
            .map(|row| code.range(row))
            .map(|Range { start, end }| Row { start, len: end - start });
        let rows = rows.collect();
        Self { keys, rows, code: code.into_items(), ops, literals, n_nodes, stands_for, ..Self::default() }
    }

    /// A map without keys that will hold a part of the keys of this one.
    pub(crate) fn begin_part(&self) -> Self {
        let stands_for = StandsFor::begin_part(&self.keys);
        Self { keys: self.keys.begin_part(), stands_for, ..Self::default() }
    }

    /// Makes room for so many nodes with so many words of code.
    pub(crate) fn reserve_part(&mut self, n_nodes: usize, n_words: usize) {
        self.rows.reserve(n_nodes);
        self.code.reserve(n_words);
    }

    /// Adds a key of the map of which this is a part; it is known to be new here.
    pub(crate) fn add_key_of(&mut self, whole: &Self, number: u32) -> u32 {
        self.keys.push_from(&whole.keys, number);
        self.rows.push(Row::default());
        self.rows.len() as u32 - 1
    }

    pub(crate) fn add_op(&mut self, op: Arc<dyn Op>) -> u32 {
        self.ops.push(op);
        self.ops.len() as u32 - 1
    }

    pub(crate) fn add_literal(&mut self, value: Value) -> u32 {
        self.literals.push(value);
        self.literals.len() as u32 - 1
    }

    /// Replaces what the node of this number does; without steps there is no node any more.
    pub(crate) fn set_steps(
        &mut self,
        number: u32,
        steps: impl IntoIterator<Item = Step>,
    ) -> Result<(), TooLarge> {
        let start = self.code.len();
        for step in steps {
            step.write(&mut self.code).ok_or(TooLarge)?;
        }
        self.end_row(number, start)
    }

    /// Where code begins that is written now, a word at a time.
    pub(crate) fn begin_code(&self) -> usize {
        self.code.len()
    }

    #[inline]
    pub(crate) fn push_word(&mut self, word: u32) {
        self.code.push(word);
    }

    /// Writes the code of a node once more.
    #[inline]
    pub(crate) fn copy_code(&mut self, number: u32) {
        // A few words: a call to copy them would take longer.
        self.words(number).for_each(|at| self.code.push(self.code[at]));
    }

    /// The places of the words of a node, for [`word`](Self::word).
    #[inline]
    pub(crate) fn words(&self, number: u32) -> Range<usize> {
        let Row { start, len } = self.rows[number as usize];
        start as usize..start as usize + len as usize
    }

    #[inline]
    pub(crate) fn word(&self, at: usize) -> u32 {
        self.code[at]
    }

    /// Makes references go to what `to` gives for the number that they go to.
    #[inline]
    pub(crate) fn redirect(&mut self, to: impl Fn(u32) -> u32) {
        for word in &mut self.code {
            if let Some(number) = code::node_of(*word) {
                *word = to(number);
            }
        }
    }

    /// Gives the code written from `start` on to the node of this number.
    pub(crate) fn end_row(&mut self, number: u32, start: usize) -> Result<(), TooLarge> {
        let [start, end] = [start, self.code.len()].map(|at| u32::try_from(at).map_err(|_| TooLarge));
        let (start, end) = (start?, end?);
        let row = &mut self.rows[number as usize];
        self.n_nodes = self.n_nodes + usize::from(end > start) - usize::from(row.len > 0);
        *row = Row { start, len: end - start };
        Ok(())
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Lets others draw on the keys: the map does not change any more.
    pub(crate) fn share_keys(&mut self) {
        self.keys.share();
    }

    /// How many keys have a node.
    pub(crate) fn n_nodes(&self) -> usize {
        self.n_nodes
    }

    /// How many keys there are, with or without a node; their numbers are below this.
    pub(crate) fn n_keys(&self) -> usize {
        self.keys.len()
    }

    /// How many words of code there are, those of replaced nodes too.
    pub(crate) fn n_words(&self) -> usize {
        self.code.len()
    }

    #[inline]
    pub(crate) fn number(&self, key: &Key) -> Option<u32> {
        self.numbers().find(key, &self.keys)
    }

    pub(crate) fn key(&self, number: u32) -> &Key {
        self.keys.get(number)
    }

    pub(crate) fn has_node(&self, number: u32) -> bool {
        self.rows[number as usize].len > 0
    }

    /// What the node of this number does; nothing if there is none.
    #[inline]
    pub(crate) fn code(&self, number: u32) -> &[u32] {
        let Row { start, len } = self.rows[number as usize];
        &self.code[start as usize..][..len as usize]
    }

    pub(crate) fn ops(&self) -> &[Arc<dyn Op>] {
        &self.ops
    }

    pub(crate) fn literals(&self) -> &[Value] {
        &self.literals
    }

    /// Whose work fused nodes do.
    pub(crate) fn stands_for(&self) -> &StandsFor {
        &self.stands_for
    }

    pub(crate) fn set_stands_for(&mut self, number: u32, keys: impl IntoIterator<Item = Key>) {
        self.stands_for.set(number, keys);
    }

    /// Says that a node does the work of these in this order.
    pub(crate) fn join(&mut self, number: u32, parts: &[u32]) {
        self.stands_for.join(number, parts, &self.keys);
    }

    /// Gives a node the work that it does in the map of which this is a part.
    pub(crate) fn copy_stands_for(&mut self, number: u32, whole: &Self, number_there: u32) {
        self.stands_for.copy(number, &whole.stands_for, number_there);
    }

    /// The numbers of the keys that have a node.
    pub(crate) fn numbers_with_node(&self) -> impl Iterator<Item = u32> + use<'_> {
        (0..self.n_keys() as u32).filter(|&number| self.has_node(number))
    }

    /// The node of this number, if there is one.
    pub(crate) fn node(&self, number: u32) -> Option<Node> {
        let mut stack: Vec<Arg> = Vec::new();
        for step in steps(self.code(number)) {
            let arg = match step {
                Step::Again(number) | Step::Last(number) => Arg::Key(self.keys.get(number).clone()),
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

    fn numbers(&self) -> &Numbers {
        self.numbers.get_or_init(|| {
            let mut numbers = Numbers::with_capacity(self.keys.len());
            for number in 0..self.keys.len() as u32 {
                numbers.find_or_insert(self.keys.get(number), &self.keys, number);
            }
            numbers
        })
    }

    fn numbers_mut(&mut self) -> (&mut Numbers, &Keys) {
        self.numbers();
        match self.numbers.get_mut() {
            Some(numbers) => (numbers, &self.keys),
            None => unreachable!("the table was just made"),
        }
    }

    fn number_or_new(&mut self, key: &Key) -> Result<u32, TooLarge> {
        let new = match u32::try_from(self.keys.len()) {
            Ok(new) if new < MAX_LEAF => new,
            _ => return self.number(key).ok_or(TooLarge),
        };
        let (numbers, keys) = self.numbers_mut();
        let number = numbers.find_or_insert(key, keys, new);
        if number == new {
            self.keys.held().push(key.clone());
            self.rows.push(Row::default());
        }
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
        // Tasks written one after the other often share their op, or take turns with a few.
        let recent = self.ops.len().saturating_sub(RECENT_OPS);
        let known = self.ops[recent..].iter().rposition(|known| Arc::ptr_eq(known, task.op()));
        let at = known.map_or(self.ops.len(), |at| recent + at);
        if known.is_none() {
            self.ops.push(task.op().clone());
        }
        Ok(at as u32)
    }

    #[inline]
    fn step(&mut self, step: Step) -> Result<(), TooLarge> {
        step.write(&mut self.code).ok_or(TooLarge)
    }
}

/// The numbers that something new gives to what many maps have numbered, each for itself.
pub(crate) struct Renumbering {
    /// Where each map's numbers begin in `new`.
    starts: Vec<usize>,
    /// One more than the new number; 0 while there is none, so that memory is only touched where it is used.
    new: Vec<u32>,
}

impl Renumbering {
    /// For maps that have given so many numbers each.
    pub(crate) fn new(counts: impl Iterator<Item = usize>) -> Self {
        let mut total = 0;
        let mut begin = |count| {
            total += count;
            total - count
        };
        let starts = counts.map(&mut begin).collect();
        Self { starts, new: vec![0; total] }
    }

    #[inline]
    pub(crate) fn get(&self, map: u32, number: u32) -> Option<u32> {
        self.new[self.starts[map as usize] + number as usize].checked_sub(1)
    }

    #[inline]
    pub(crate) fn set(&mut self, map: u32, number: u32, new: u32) {
        self.new[self.starts[map as usize] + number as usize] = new + 1;
    }
}
