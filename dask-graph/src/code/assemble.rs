//! From a node to its code.

use crate::code::Step;
use crate::key::Key;
use crate::task::{Arg, Node, Task};
use crate::value::Value;

/// Who numbers what code refers to, and where the code is written.
pub(crate) trait Assembler {
    /// Why something has no number.
    type Error;

    /// The number of a key.
    fn key(&mut self, key: &Key) -> Result<u32, Self::Error>;

    /// The number of a literal.
    fn literal(&mut self, value: &Value) -> Result<u32, Self::Error>;

    /// The number of a task's op.
    fn op(&mut self, task: &Task) -> Result<u32, Self::Error>;

    /// Appends a step.
    fn step(&mut self, step: Step) -> Result<(), Self::Error>;
}

/// Writes the code of a node: what is nested comes before what it is nested in.
#[inline]
pub(crate) fn assemble<A: Assembler>(node: &Node, to: &mut A) -> Result<(), A::Error> {
    match node {
        Node::Data(value) => literal(value, to),
        Node::Alias(key) => reference(key, to),
        Node::Task(task) => nested(Open::Call(task), to),
        Node::List(items) => nested(Open::List(items), to),
    }
}

/// A task or list whose arguments are being written.
enum Open<'a> {
    Call(&'a Task),
    List(&'a [Arg]),
}

impl<'a> Open<'a> {
    fn args(&self) -> &'a [Arg] {
        match *self {
            Self::Call(task) => task.args(),
            Self::List(items) => items,
        }
    }
}

#[inline]
fn nested<A: Assembler>(outermost: Open<'_>, to: &mut A) -> Result<(), A::Error> {
    // Flat tasks, nearly all, need no stack.
    let mut args = outermost.args().iter();
    let first_nested = loop {
        match args.next() {
            Some(Arg::Key(key)) => reference(key, to)?,
            Some(Arg::Value(value)) => literal(value, to)?,
            Some(Arg::Task(task)) => break Open::Call(task),
            Some(Arg::List(items)) => break Open::List(items),
            None => return close(&outermost, to),
        }
    };
    let mut path = vec![(args, outermost), (first_nested.args().iter(), first_nested)];
    while let Some((args, _)) = path.last_mut() {
        match args.next() {
            Some(Arg::Key(key)) => reference(key, to)?,
            Some(Arg::Value(value)) => literal(value, to)?,
            Some(Arg::Task(task)) => path.push((task.args().iter(), Open::Call(task))),
            Some(Arg::List(items)) => path.push((items.iter(), Open::List(items))),
            None => {
                if let Some((_, done)) = path.pop() {
                    close(&done, to)?;
                }
            }
        }
    }
    Ok(())
}

#[inline]
fn reference<A: Assembler>(key: &Key, to: &mut A) -> Result<(), A::Error> {
    let number = to.key(key)?;
    to.step(Step::Again(number))
}

#[inline]
fn literal<A: Assembler>(value: &Value, to: &mut A) -> Result<(), A::Error> {
    let number = to.literal(value)?;
    to.step(Step::Literal(number))
}

#[inline]
fn close<A: Assembler>(done: &Open<'_>, to: &mut A) -> Result<(), A::Error> {
    let n_args = u32::try_from(done.args().len()).unwrap_or(u32::MAX);
    match done {
        Open::List(_) => to.step(Step::List(n_args)),
        Open::Call(task) => {
            let op = to.op(task)?;
            to.step(Step::Call { op, n_args })
        }
    }
}
