//! Running one node: the part of the work that all schedulers share.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::code::{self, Step, steps};
use crate::op::{Args, OpError};
use crate::plan::{NodeId, Plan};
use crate::value::{List, Value};

/// Room for the values of one running node; kept by a worker from node to node.
#[derive(Debug, Default)]
pub struct Scratch {
    stack: Vec<Option<Value>>,
}

/// Why a node gave no value.
#[derive(Debug)]
pub enum TaskError {
    /// An op returned an error.
    Failed {
        /// The op's name.
        op: String,
        /// Its error.
        error: OpError,
    },
    /// An op panicked.
    Panicked {
        /// The op's name.
        op: String,
        /// What it panicked with, if that was text.
        message: String,
    },
}

impl Plan {
    /// Runs one node: fetches what it needs, calls its ops, and returns its result.
    ///
    /// `fetch(dependency, last)` hands over the result of a dependency. It is called once for each place in
    /// the node's task where the dependency stands, and `last` is true at the last of them: a scheduler gives
    /// its own reference away then if no other node will ask, so that the op becomes the only owner.
    ///
    /// A panic in an op is caught. A node whose layer is annotated with retries is run again after an error,
    /// with the same arguments.
    ///
    /// # Errors
    ///
    /// - When an op fails or panics.
    pub fn execute(
        &self,
        node: NodeId,
        scratch: &mut Scratch,
        mut fetch: impl FnMut(NodeId, bool) -> Value,
    ) -> Result<Value, TaskError> {
        let code = self.code.row(node.index());
        if !code::does_work(code) {
            // Data and aliases: no op to guard.
            match steps(code).next() {
                Some(Step::Literal(at)) => return Ok(self.literals[at as usize].clone()),
                Some(Step::Last(of)) => return Ok(fetch(NodeId(of), true)),
                _ => {}
            }
        }
        let retries = if self.has_retries { self.layer(node).info.annotations.retries } else { 0 };
        if retries > 0 {
            return self.execute_with_retries(code, retries, scratch, fetch);
        }
        self.attempt(code, scratch, &mut fetch)
    }

    /// Fetches everything first and lends it to each attempt.
    fn execute_with_retries(
        &self,
        code: &[u32],
        retries: u32,
        scratch: &mut Scratch,
        mut fetch: impl FnMut(NodeId, bool) -> Value,
    ) -> Result<Value, TaskError> {
        let fetched: Vec<Value> = steps(code)
            .filter_map(|step| match step {
                Step::Again(of) => Some(fetch(NodeId(of), false)),
                Step::Last(of) => Some(fetch(NodeId(of), true)),
                _ => None,
            })
            .collect();
        let mut left = retries;
        loop {
            let mut next = fetched.iter();
            // The code asks in the order in which the values were fetched.
            let mut lend = |_, _| next.next().map_or_else(|| Value::new(()), Value::clone);
            match self.attempt(code, scratch, &mut lend) {
                Err(_) if left > 0 => left -= 1,
                done => return done,
            }
        }
    }

    fn attempt(
        &self,
        code: &[u32],
        scratch: &mut Scratch,
        fetch: &mut impl FnMut(NodeId, bool) -> Value,
    ) -> Result<Value, TaskError> {
        let stack = &mut scratch.stack;
        stack.clear();
        let mut calling = None;
        // What the closure touches is only looked at again after being cleared.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            for step in steps(code) {
                let value = match step {
                    Step::Again(of) => fetch(NodeId(of), false),
                    Step::Last(of) => fetch(NodeId(of), true),
                    Step::Literal(at) => self.literals[at as usize].clone(),
                    Step::List(n) => {
                        let items = stack.drain(stack.len() - n as usize..).flatten().collect();
                        Value::sized(List(items))
                    }
                    Step::Call { op, n_args } => {
                        calling = Some(op);
                        let first = stack.len() - n_args as usize;
                        let value = self.ops[op as usize].call(Args::new(&mut stack[first..]))?;
                        stack.truncate(first);
                        value
                    }
                };
                stack.push(Some(value));
            }
            Ok(stack.pop().flatten())
        }));
        let name = || calling.map_or_else(String::new, |op| self.ops[op as usize].name().into_owned());
        let result = match outcome {
            Ok(Ok(Some(value))) => return Ok(value),
            Ok(Ok(None)) => unreachable!("the code of every node leaves one value"),
            Ok(Err(error)) => TaskError::Failed { op: name(), error },
            Err(panic) => TaskError::Panicked { op: name(), message: panic_message(panic) },
        };
        stack.clear();
        Err(result)
    }
}

/// The text that a panic carries.
fn panic_message(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => match panic.downcast::<&'static str>() {
            Ok(text) => (*text).to_owned(),
            Err(_) => "a value that is not text".to_owned(),
        },
    }
}
