//! Delayed calls of functions.

use std::error::Error;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::delayed::Delayed;
use crate::function::{Function, op, try_op};
use crate::graph::Graph;
use crate::key::Name;
use crate::op::Op;
use crate::task::{Arg, Task};
use crate::token::{Token, Tokenizer};
use crate::value::Value;

/// Makes a function whose calls are promises.
///
/// Every call is work of its own unless the function is declared [pure](DelayedFn::pure).
///
/// ```
/// use dask_graph::{Collection, Delayed, delayed};
///
/// let add = delayed(|a: i64, b: i64| a + b).pure("add");
/// let x = Delayed::pure_value(1);
/// // The same function of the same arguments is the same work.
/// assert_eq!(add.call((&x, &x)).key(), add.call((&x, &x)).key());
/// ```
pub fn delayed<M: 'static, F: Function<M>>(function: F) -> DelayedFn<F::Inputs, F::Output>
where
    F::Output: Send + Sync,
{
    DelayedFn { op: op(function), pure: None, marker: PhantomData }
}

/// Makes a function that returns a `Result` into one whose calls are promises of the `Ok` value; an error is
/// the error of the run.
pub fn try_delayed<M: 'static, T, E, F>(function: F) -> TryDelayedFn<F::Inputs, T>
where
    T: Send + Sync + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
    F: Function<M, Output = Result<T, E>>,
{
    DelayedFn { op: try_op(function), pure: None, marker: PhantomData }
}

/// A function that returns a `Result`, with calls that are promises of the `Ok` value.
pub type TryDelayedFn<Inputs, T> = DelayedFn<Inputs, T>;

/// A function whose calls are promises; made by [`delayed`] and [`try_delayed`].
pub struct DelayedFn<Inputs, T> {
    op: Arc<dyn Op>,
    /// The user's name for what a pure function does.
    pure: Option<Token>,
    marker: PhantomData<fn(Inputs) -> T>,
}

impl<Inputs, T> Clone for DelayedFn<Inputs, T> {
    fn clone(&self) -> Self {
        Self { op: self.op.clone(), pure: self.pure, marker: PhantomData }
    }
}

impl<Inputs, T: Send + Sync + 'static> DelayedFn<Inputs, T> {
    /// Declares that the function gives equal results for equal arguments, under a name that says what it
    /// does: a closure has no content that could be compared.
    #[must_use]
    pub fn pure(mut self, name: &str) -> Self {
        self.pure = Some(Tokenizer::new("pure").feed(name).finish());
        self
    }

    /// The promise of a call with these arguments, a tuple of promises and plain data.
    #[track_caller]
    pub fn call<A: DelayedArgs<Inputs>>(&self, args: A) -> Delayed<T> {
        let mut collected = CallArgs { args: Vec::new(), graphs: Vec::new(), token: self.pure };
        args.add_to(&mut collected);
        let token = collected.token.unwrap_or_else(Token::unique);
        let name = Name::from_token(&self.op.name(), token);
        Delayed::of_task(name, Task::new(self.op.clone(), collected.args), &collected.graphs)
    }
}

/// The arguments of one call while they are collected.
#[derive(Debug)]
pub struct CallArgs {
    args: Vec<Arg>,
    graphs: Vec<Graph>,
    /// What the call means, while that is known.
    token: Option<Token>,
}

impl CallArgs {
    fn mix(&mut self, part: Option<&dyn Fn(Tokenizer) -> Tokenizer>) {
        self.token = match (self.token, part) {
            (Some(token), Some(part)) => Some(part(Tokenizer::new("call").feed(&token)).finish()),
            _ => None,
        };
    }

    fn promise<T>(&mut self, promise: &Delayed<T>) -> Arg {
        self.graphs.push(promise.graph.clone());
        self.mix(Some(&|tokenizer| tokenizer.feed(&promise.key)));
        Arg::Key(promise.key.clone())
    }
}

/// Arguments of a delayed call: a tuple whose parts fit the function's parameters.
pub trait DelayedArgs<Inputs> {
    /// Adds the arguments in order.
    fn add_to(self, call: &mut CallArgs);
}

/// One argument of a delayed call of type `T`: a promise, a vector of promises, or plain data.
pub trait DelayedArg<T> {
    /// Adds the argument.
    fn add_to(self, call: &mut CallArgs);
}

impl<T> DelayedArg<T> for Delayed<T> {
    fn add_to(self, call: &mut CallArgs) {
        let arg = call.promise(&self);
        call.args.push(arg);
    }
}

impl<T> DelayedArg<T> for &Delayed<T> {
    fn add_to(self, call: &mut CallArgs) {
        let arg = call.promise(self);
        call.args.push(arg);
    }
}

impl<T> DelayedArg<Vec<T>> for Vec<Delayed<T>> {
    fn add_to(self, call: &mut CallArgs) {
        let items: Vec<Arg> = self.iter().map(|promise| call.promise(promise)).collect();
        let n = items.len();
        call.mix(Some(&|tokenizer| tokenizer.feed(&n)));
        call.args.push(Arg::list(items));
    }
}

/// Plain data has no token here: a pure call of it is work of its own. Use [`Delayed::pure_value`] to share.
impl<T: Send + Sync + 'static> DelayedArg<T> for T {
    fn add_to(self, call: &mut CallArgs) {
        call.mix(None);
        call.args.push(Arg::Value(Value::new(self)));
    }
}

macro_rules! tuples {
    ($($($x:ident $t:ident)*;)+) => {$(
        #[allow(non_snake_case, reason = "the type parameters name the fields")]
        impl<$($x, $t: DelayedArg<$x>),*> DelayedArgs<($($x,)*)> for ($($t,)*) {
            fn add_to(self, call: &mut CallArgs) {
                let ($($t,)*) = self;
                let _ = &call;
                $($t.add_to(call);)*
            }
        }
    )+};
}
tuples! {
    ; A TA; A TA B TB; A TA B TB C TC; A TA B TB C TC D TD; A TA B TB C TC D TD E TE;
    A TA B TB C TC D TD E TE F TF; A TA B TB C TC D TD E TE F TF G TG;
    A TA B TB C TC D TD E TE F TF G TG H TH;
}
