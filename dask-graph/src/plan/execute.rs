//! Running one node: the part of the work that all schedulers share.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::code::{self, Step, steps};
use crate::op::{Args, Op, OpError};
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

/// Where the values come from that a running node needs.
///
/// A closure is enough for most ([`Plan::execute`]). Who holds something while values are fetched, such as a lock,
/// learns by [`calling`](Self::calling) when to let go of it ([`Plan::execute_with`]).
pub trait Inputs {
    /// Hands over the result of a dependency, as told at [`Plan::execute`].
    fn fetch(&mut self, dependency: NodeId, is_last_place: bool) -> Value;

    /// An op is about to be called. More may be fetched afterwards, for the node's next op.
    fn calling(&mut self) {}
}

/// Inputs that a closure gives.
struct Fetch<F>(F);

impl<F: FnMut(NodeId, bool) -> Value> Inputs for Fetch<F> {
    #[inline]
    fn fetch(&mut self, dependency: NodeId, is_last_place: bool) -> Value {
        (self.0)(dependency, is_last_place)
    }
}

/// What a node does, with the tables that it refers to: enough to run it away from its plan.
///
/// ```
/// use dask_graph::{Code, Key, NodeId, Scratch, Value, graph};
///
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// let dsk = graph! { "x" => 1_i64, "y" => add(@"x", 2_i64) };
/// let plan = dsk.lower(&[Key::named("y")])?;
/// let code: Vec<u32> = plan.code(NodeId(1)).to_vec(); // sent somewhere else, with the plan's ops and literals
///
/// let code = Code { words: &code, op: |op| plan.op(op), literal: |literal| plan.literal(literal).clone() };
/// let y = code.run(&mut Scratch::default(), 0, |_node, _is_last_place| Value::new(40_i64));
/// assert_eq!(y.unwrap().get(), Ok(&42_i64));
/// # Ok::<(), dask_graph::PlanError>(())
/// ```
#[derive(Debug)]
pub struct Code<'a, O, L> {
    /// The words ([`Plan::code`]).
    pub words: &'a [u32],
    /// Gives the op of a number.
    pub op: O,
    /// Gives the literal of a number.
    pub literal: L,
}

/// Why code gave no value.
#[derive(Debug)]
#[non_exhaustive]
pub enum CodeError {
    /// The op of this number returned an error.
    Failed {
        /// The op's number.
        op: u32,
        /// Its error.
        error: OpError,
    },
    /// The op of this number panicked, or no op, when the code itself is not what a plan holds.
    Panicked {
        /// The op's number.
        op: Option<u32>,
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
        fetch: impl FnMut(NodeId, bool) -> Value,
    ) -> Result<Value, TaskError> {
        self.execute_with(node, scratch, &mut Fetch(fetch))
    }

    /// As [`execute`](Self::execute), for inputs that are to know when an op is called.
    ///
    /// # Errors
    ///
    /// - When an op fails or panics.
    pub fn execute_with(
        &self,
        node: NodeId,
        scratch: &mut Scratch,
        inputs: &mut impl Inputs,
    ) -> Result<Value, TaskError> {
        let words = self.code.row(node.index());
        if !code::does_work(words) {
            // Data and aliases: no op to guard.
            match steps(words).next() {
                Some(Step::Literal(at)) => return Ok(self.literals[at as usize].clone()),
                Some(Step::Last(of)) => return Ok(inputs.fetch(NodeId(of), true)),
                _ => {}
            }
        }
        let literal = |at: u32| self.literals[at as usize].clone();
        let code = Code { words, op: |op: u32| &self.ops[op as usize], literal };
        let name = |op: u32| self.ops[op as usize].name().into_owned();
        code.run_with(scratch, self.retries(node), inputs).map_err(|error| match error {
            CodeError::Failed { op, error } => TaskError::Failed { op: name(op), error },
            CodeError::Panicked { op, message } => {
                TaskError::Panicked { op: op.map_or_else(String::new, name), message }
            }
        })
    }

    /// How often the node is to be run again when it fails: what its layer is annotated with.
    #[inline]
    pub fn retries(&self, node: NodeId) -> u32 {
        if self.has_retries { self.layer(node).info.annotations.retries } else { 0 }
    }
}

impl<'a, O: Fn(u32) -> &'a Arc<dyn Op>, L: Fn(u32) -> Value> Code<'a, O, L> {
    /// Runs the code, and again so often if it fails; `fetch` is that of [`Plan::execute`].
    ///
    /// # Errors
    ///
    /// - When an op fails or panics.
    #[inline]
    pub fn run(
        &self,
        scratch: &mut Scratch,
        retries: u32,
        fetch: impl FnMut(NodeId, bool) -> Value,
    ) -> Result<Value, CodeError> {
        self.run_with(scratch, retries, &mut Fetch(fetch))
    }

    #[inline]
    fn run_with(
        &self,
        scratch: &mut Scratch,
        retries: u32,
        inputs: &mut impl Inputs,
    ) -> Result<Value, CodeError> {
        if retries > 0 {
            return self.run_with_retries(scratch, retries, inputs);
        }
        self.attempt(scratch, inputs)
    }

    /// Fetches everything first and lends it to each attempt.
    fn run_with_retries(
        &self,
        scratch: &mut Scratch,
        retries: u32,
        inputs: &mut impl Inputs,
    ) -> Result<Value, CodeError> {
        let fetched: Vec<Value> = steps(self.words)
            .filter_map(|step| match step {
                Step::Again(of) => Some(inputs.fetch(NodeId(of), false)),
                Step::Last(of) => Some(inputs.fetch(NodeId(of), true)),
                _ => None,
            })
            .collect();
        inputs.calling();
        let mut left = retries;
        loop {
            let mut next = fetched.iter();
            // The code asks in the order in which the values were fetched.
            let lend = |_, _| next.next().map_or_else(|| Value::new(()), Value::clone);
            match self.attempt(scratch, &mut Fetch(lend)) {
                Err(_) if left > 0 => left -= 1,
                done => return done,
            }
        }
    }

    fn attempt(&self, scratch: &mut Scratch, inputs: &mut impl Inputs) -> Result<Value, CodeError> {
        let stack = &mut scratch.stack;
        stack.clear();
        let mut calling = None;
        // What the closure touches is only looked at again after being cleared.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            for step in steps(self.words) {
                let value = match step {
                    Step::Again(of) => inputs.fetch(NodeId(of), false),
                    Step::Last(of) => inputs.fetch(NodeId(of), true),
                    Step::Literal(at) => (self.literal)(at),
                    Step::List(n) => {
                        let items = stack.drain(stack.len() - n as usize..).flatten().collect();
                        Value::sized(List(items))
                    }
                    Step::Call { op, n_args } => {
                        calling = Some(op);
                        inputs.calling();
                        let first = stack.len() - n_args as usize;
                        let called = (self.op)(op).call(Args::new(&mut stack[first..]));
                        let value = called.map_err(|error| CodeError::Failed { op, error })?;
                        stack.truncate(first);
                        value
                    }
                };
                stack.push(Some(value));
            }
            Ok(stack.pop().flatten())
        }));
        let error = match outcome {
            Ok(Ok(Some(value))) => return Ok(value),
            Ok(Ok(None)) => CodeError::Panicked { op: None, message: "the code leaves no value".into() },
            Ok(Err(error)) => error,
            Err(panic) => CodeError::Panicked { op: calling, message: panic_message(panic) },
        };
        stack.clear();
        Err(error)
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
