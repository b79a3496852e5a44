//! Operators on promises; always pure.

use std::ops;

use crate::delayed::Delayed;
use crate::function::named_op;
use crate::key::Name;
use crate::task::{Arg, Task};
use crate::token::Tokenizer;

macro_rules! operators {
    ($($trait:ident $method:ident;)+) => {$(
        impl<A, B> ops::$trait<&Delayed<B>> for &Delayed<A>
        where
            A: ops::$trait<B> + Clone + Send + Sync + 'static,
            B: Clone + Send + Sync + 'static,
            A::Output: Send + Sync + 'static,
        {
            type Output = Delayed<A::Output>;

            #[track_caller]
            fn $method(self, other: &Delayed<B>) -> Self::Output {
                let label = stringify!($method);
                let token = Tokenizer::new(label).feed(&self.key).feed(&other.key).finish();
                let op = named_op(label, |a: &A, b: &B| ops::$trait::$method(a.clone(), b.clone()));
                let task = Task::new(op, [Arg::from(&self.key), Arg::from(&other.key)]);
                Delayed::of_task(Name::from_token(label, token), task, [&self.graph, &other.graph])
            }
        }

        impl<A, B> ops::$trait<Delayed<B>> for Delayed<A>
        where
            A: ops::$trait<B> + Clone + Send + Sync + 'static,
            B: Clone + Send + Sync + 'static,
            A::Output: Send + Sync + 'static,
        {
            type Output = Delayed<A::Output>;

            #[track_caller]
            fn $method(self, other: Delayed<B>) -> Self::Output {
                ops::$trait::$method(&self, &other)
            }
        }
    )+};
}
operators! {
    Add add; Sub sub; Mul mul; Div div; Rem rem; BitAnd bitand; BitOr bitor; BitXor bitxor; Shl shl; Shr shr;
}

macro_rules! comparisons {
    ($($trait:ident $method:ident $text:literal;)+) => {
        impl<A: Clone + Send + Sync + 'static> Delayed<A> {$(
            #[doc = concat!("The promise of `self ", $text, " other`.")]
            #[track_caller]
            pub fn $method<B>(&self, other: &Delayed<B>) -> Delayed<bool>
            where
                A: $trait<B>,
                B: Send + Sync + 'static,
            {
                let label = stringify!($method);
                let token = Tokenizer::new(label).feed(&self.key).feed(&other.key).finish();
                let op = named_op(label, |a: &A, b: &B| $trait::$method(a, b));
                let task = Task::new(op, [Arg::from(&self.key), Arg::from(&other.key)]);
                Delayed::of_task(Name::from_token(label, token), task, [&self.graph, &other.graph])
            }
        )+}
    };
}
comparisons! {
    PartialEq eq "=="; PartialEq ne "!=";
    PartialOrd lt "<"; PartialOrd le "<="; PartialOrd gt ">"; PartialOrd ge ">=";
}

impl<T: Send + Sync + 'static> Delayed<T> {
    /// The promise of `self[index]`.
    ///
    /// The index is checked when the task runs: out of range is a panic there, and so an error of the run.
    #[track_caller]
    pub fn item<I>(&self, index: I) -> Delayed<T::Output>
    where
        I: Clone + Send + Sync + 'static,
        T: ops::Index<I>,
        T::Output: Clone + Send + Sync + 'static,
    {
        self.map(move |data| data[index.clone()].clone())
    }
}

macro_rules! unary_operators {
    ($($trait:ident $method:ident;)+) => {$(
        impl<A> ops::$trait for &Delayed<A>
        where
            A: ops::$trait + Clone + Send + Sync + 'static,
            A::Output: Send + Sync + 'static,
        {
            type Output = Delayed<A::Output>;

            #[track_caller]
            fn $method(self) -> Self::Output {
                let label = stringify!($method);
                let token = Tokenizer::new(label).feed(&self.key).finish();
                let op = named_op(label, |a: &A| ops::$trait::$method(a.clone()));
                let task = Task::new(op, [Arg::from(&self.key)]);
                Delayed::of_task(Name::from_token(label, token), task, [&self.graph])
            }
        }

        impl<A> ops::$trait for Delayed<A>
        where
            A: ops::$trait + Clone + Send + Sync + 'static,
            A::Output: Send + Sync + 'static,
        {
            type Output = Delayed<A::Output>;

            #[track_caller]
            fn $method(self) -> Self::Output {
                ops::$trait::$method(&self)
            }
        }
    )+};
}
unary_operators! { Neg neg; Not not; }
