//! Closures as ops: typed arguments, by reference or by value.

use std::any::type_name;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::error::Error;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use crate::op::{Args, Op, OpError};
use crate::pack::{Callable, Packer, Refused, Unpack, Unpacked};
use crate::value::{List, TypeMismatch, Value};

/// Makes an op of a function or closure of up to eight typed arguments.
///
/// Arguments come as `&T` for any type (`&str` reads a `String`, `&[T]` a `Vec<T>`), or by value: numbers, text, tuples and the standard containers as
/// they are, any other cloneable type as [`Own<T>`]. By value means ownership for the last consumer of a
/// result and a clone for others. A `Vec<T>` also takes a list argument whose items are `T`s.
///
/// ```
/// use dask_graph::{Args, Value, op};
///
/// let add = op(|a: &f64, b: f64| a + b);
/// let mut slots = [Some(Value::new(1.0)), Some(Value::new(2.0))];
/// assert_eq!(add.call(Args::new(&mut slots)).unwrap().get::<f64>(), Ok(&3.0));
/// ```
///
/// A function that returns a `Result` is made into an op with [`try_op`]; here its calls fail, with that
/// advice, so that no error is ever carried around as a value.
pub fn op<M: 'static, F: Function<M>>(function: F) -> Arc<dyn Op>
where
    F::Output: Send + Sync,
{
    named_op(short_name::<F>(), function)
}

/// Makes an op of a function that returns a `Result`; the error is the user's own and stays reachable
/// through `source()` of the run's error.
///
/// ```
/// use dask_graph::{Args, Value, try_op};
///
/// let parse = try_op(|text: &String| text.parse::<i64>());
/// let mut slots = [Some(Value::new(String::from("x")))];
/// let error = parse.call(Args::new(&mut slots)).unwrap_err();
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// ```
pub fn try_op<M: 'static, T, E, F>(function: F) -> Arc<dyn Op>
where
    T: Send + Sync + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
    F: Function<M, Output = Result<T, E>>,
{
    try_named_op(short_name::<F>(), function)
}

/// [`op`] with a name of one's own for errors, profiles and pictures.
pub fn named_op<M: 'static, F: Function<M>>(name: impl Into<Cow<'static, str>>, function: F) -> Arc<dyn Op>
where
    F::Output: Send + Sync,
{
    Arc::new(FnOp { name: name.into(), function, marker: PhantomData })
}

/// [`try_op`] with a name of one's own.
pub fn try_named_op<M: 'static, T, E, F>(name: impl Into<Cow<'static, str>>, function: F) -> Arc<dyn Op>
where
    T: Send + Sync + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
    F: Function<M, Output = Result<T, E>>,
{
    Arc::new(TryFnOp { name: name.into(), function, marker: PhantomData })
}

/// A function whose arguments can be taken out of values.
///
/// Implemented for closures and functions of up to eight arguments; the marker `M` is their signature and
/// always inferred.
pub trait Function<M>: Callable<M> + Send + Sync + 'static {
    /// What the function returns.
    type Output: 'static;

    /// The types of the arguments' data, as a tuple.
    type Inputs;

    /// Calls the function with arguments taken out of values.
    ///
    /// # Errors
    ///
    /// - When the number of arguments or one of their types is wrong.
    fn apply(&self, args: Args<'_>) -> Result<Self::Output, OpError>;
}

/// What a function may ask for as an argument.
pub trait Param {
    /// The type of the data that the argument is made of.
    type Data: 'static;

    /// The argument with the lifetime of one call.
    type Item<'a>;

    /// Reads or takes the argument.
    ///
    /// # Errors
    ///
    /// - When the value is of another type.
    fn extract(slot: &mut Option<Value>) -> Result<Self::Item<'_>, TypeMismatch>;
}

/// An argument by value of a type that is not from the standard library.
///
/// ```
/// use dask_graph::{Own, op};
///
/// #[derive(Clone)]
/// struct Point(f64, f64);
///
/// let flip = op(|Own(p): Own<Point>| Point(p.1, p.0));
/// assert!(flip.name().contains("closure"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own<T>(pub T);

impl<T> Deref for Own<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

const TAKEN: TypeMismatch = TypeMismatch { expected: "a value", got: "an argument that was taken before" };

impl<T: Send + Sync + 'static> Param for &T {
    type Data = T;
    type Item<'a> = &'a T;

    fn extract(slot: &mut Option<Value>) -> Result<&T, TypeMismatch> {
        slot.as_ref().ok_or(TAKEN)?.get()
    }
}

/// Reads a `String`, or text that stands in the program itself.
impl Param for &str {
    type Data = String;
    type Item<'a> = &'a str;

    fn extract(slot: &mut Option<Value>) -> Result<&str, TypeMismatch> {
        let value = slot.as_ref().ok_or(TAKEN)?;
        match value.downcast_ref::<&'static str>() {
            Some(text) => Ok(text),
            None => value.get::<String>().map(String::as_str),
        }
    }
}

/// Reads a `Vec`.
impl<T: Send + Sync + 'static> Param for &[T] {
    type Data = Vec<T>;
    type Item<'a> = &'a [T];

    fn extract(slot: &mut Option<Value>) -> Result<&[T], TypeMismatch> {
        slot.as_ref().ok_or(TAKEN)?.get::<Vec<T>>().map(Vec::as_slice)
    }
}

impl<T: Clone + Send + Sync + 'static> Param for Own<T> {
    type Data = T;
    type Item<'a> = Self;

    fn extract(slot: &mut Option<Value>) -> Result<Self, TypeMismatch> {
        slot.take().ok_or(TAKEN)?.into_inner().map(Own)
    }
}

impl Param for Value {
    type Data = Value;
    type Item<'a> = Self;

    fn extract(slot: &mut Option<Value>) -> Result<Self, TypeMismatch> {
        slot.take().ok_or(TAKEN)
    }
}

impl<T: Clone + Send + Sync + 'static> Param for Vec<T> {
    type Data = Vec<T>;
    type Item<'a> = Self;

    fn extract(slot: &mut Option<Value>) -> Result<Self, TypeMismatch> {
        let value = slot.take().ok_or(TAKEN)?;
        if value.is::<List>() {
            value.into_inner::<List>()?.into_values().into_iter().map(Value::into_inner).collect()
        } else {
            value.into_inner()
        }
    }
}

macro_rules! by_value {
    ($([$($g:tt)*] $t:ty),+ $(,)?) => {$(
        impl<$($g)*> Param for $t {
            type Data = Self;
            type Item<'a> = Self;

            fn extract(slot: &mut Option<Value>) -> Result<Self, TypeMismatch> {
                slot.take().ok_or(TAKEN)?.into_inner()
            }
        }
    )+};
}
by_value!(
    [] u8, [] u16, [] u32, [] u64, [] u128, [] usize, [] i8, [] i16, [] i32, [] i64, [] i128, [] isize,
    [] f32, [] f64, [] bool, [] char, [] String, [] List, [] (),
    [T: Clone + Send + Sync + 'static] Option<T>,
    [T: Clone + Send + Sync + 'static] Box<T>,
    [T: Send + Sync + 'static] Arc<T>,
    [T: Clone + Send + Sync + 'static] VecDeque<T>,
    [T: Clone + Send + Sync + 'static] BTreeSet<T>,
    [K: Clone + Send + Sync + 'static, V: Clone + Send + Sync + 'static] BTreeMap<K, V>,
    [T: Clone + Send + Sync + 'static, S: Clone + Send + Sync + 'static] HashSet<T, S>,
    [K: Clone + Send + Sync + 'static, V: Clone + Send + Sync + 'static, S: Clone + Send + Sync + 'static] HashMap<K, V, S>,
    [T: Clone + Send + Sync + 'static, const N: usize] [T; N],
    [A: Clone + Send + Sync + 'static, B: Clone + Send + Sync + 'static] (A, B),
    [A: Clone + Send + Sync + 'static, B: Clone + Send + Sync + 'static, C: Clone + Send + Sync + 'static] (A, B, C),
);

struct FnOp<F, M> {
    name: Cow<'static, str>,
    function: F,
    marker: PhantomData<fn() -> M>,
}

impl<M: 'static, F: Function<M>> Op for FnOp<F, M>
where
    F::Output: Send + Sync,
{
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        if returns_result::<F::Output>() {
            return Err(OpError::ReturnsResult { type_name: type_name::<F::Output>() });
        }
        self.function.apply(args).map(Value::new)
    }

    fn is_stateless(&self) -> bool {
        size_of::<F>() == 0
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.function(&self.function)?;
        Ok(|from| {
            Ok(Unpacked::op(FnOp::<F, M> {
                name: short_name::<F>().into(),
                function: from.function()?,
                marker: PhantomData,
            }))
        })
    }
}

struct TryFnOp<F, M> {
    name: Cow<'static, str>,
    function: F,
    marker: PhantomData<fn() -> M>,
}

impl<M: 'static, T, E, F> Op for TryFnOp<F, M>
where
    T: Send + Sync + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
    F: Function<M, Output = Result<T, E>>,
{
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        self.function.apply(args)?.map(Value::new).map_err(OpError::failed)
    }

    fn is_stateless(&self) -> bool {
        size_of::<F>() == 0
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.function(&self.function)?;
        Ok(|from| {
            Ok(Unpacked::op(TryFnOp::<F, M> {
                name: short_name::<F>().into(),
                function: from.function()?,
                marker: PhantomData,
            }))
        })
    }
}

/// Whether `T` is a `Result`, by its printed name: a check for a mistake, not a promise of the compiler.
fn returns_result<T>() -> bool {
    type_name::<T>().starts_with("core::result::Result<")
}

/// `my_crate::module::inc` is `inc`; a closure is called after the function around it.
fn short_name<F>() -> &'static str {
    let full = type_name::<F>();
    let path = full.split('<').next().unwrap_or(full);
    match path.strip_suffix("::{{closure}}") {
        Some(_) => "closure",
        None => path.rsplit("::").next().unwrap_or(path),
    }
}

macro_rules! functions {
    ($($n:literal: $($p:ident $x:ident)*;)+) => {$(
        impl<Func, Out, $($p: Param),*> Function<fn($($p),*) -> Out> for Func
        where
            Out: 'static,
            Func: Send + Sync + 'static,
            // The first bound is what inference reads the argument types from; the second is the call with
            // arguments that live as long as the call.
            Func: Fn($($p),*) -> Out,
            Func: for<'a> Fn($($p::Item<'a>),*) -> Out,
        {
            type Output = Out;
            type Inputs = ($($p::Data,)*);

            fn apply(&self, args: Args<'_>) -> Result<Out, OpError> {
                /// Names the call's lifetime, which picks the second of the two bounds.
                #[allow(
                    clippy::too_many_arguments,
                    clippy::extra_unused_lifetimes,
                    reason = "as many arguments as the function has, which may be none"
                )]
                fn call<'a, Out, $($p: Param),*>(
                    function: impl Fn($($p::Item<'a>),*) -> Out,
                    $($x: $p::Item<'a>),*
                ) -> Out {
                    function($($x),*)
                }
                let slots = args.into_slots();
                let given = slots.len();
                let [$($x),*] = slots else {
                    return Err(OpError::ArgumentCount { takes: $n, given });
                };
                let mut _at = 0;
                $(
                    let $x = $p::extract($x).map_err(|source| OpError::Argument { at: _at, source })?;
                    _at += 1;
                )*
                Ok(call::<Out, $($p),*>(self, $($x),*))
            }
        }
    )+};
}
functions! {
    0: ;
    1: A a;
    2: A a B b;
    3: A a B b C c;
    4: A a B b C c D d;
    5: A a B b C c D d E e;
    6: A a B b C c D d E e F f;
    7: A a B b C c D d E e F f G g;
    8: A a B b C c D d E e F f G g H h;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::PackedOp;

    #[track_caller]
    fn check<const N: usize>(op: &Arc<dyn Op>, args: [Value; N], expected: Result<i64, &str>) {
        let mut slots = args.map(Some);
        let got = op.call(Args::new(&mut slots));
        match (got, expected) {
            (Ok(value), Ok(expected)) => assert_eq!(value.get::<i64>(), Ok(&expected)),
            (Err(error), Err(expected)) => assert_eq!(error.to_string(), expected),
            (got, expected) => panic!("got {got:?}, expected {expected:?}"),
        }
    }

    fn inc(x: i64) -> i64 {
        x + 1
    }

    #[derive(Clone)]
    struct Mine(i64);

    #[test]
    fn references_values_lists_and_own_types_mix() {
        let v = |n: i64| Value::new(n);
        check(&op(inc), [v(1)], Ok(2));
        check(&op(|| 7_i64), [], Ok(7));
        check(
            &op(|a: &Mine, Own(b): Own<Mine>, c: i64| a.0 + b.0 + c),
            [Value::new(Mine(1)), Value::new(Mine(2)), v(3)],
            Ok(6),
        );
        check(&op(|v: Vec<i64>| v.iter().sum::<i64>()), [Value::new(List(vec![v(1), v(2)]))], Ok(3));
        check(&op(|v: Vec<i64>| v.iter().sum::<i64>()), [Value::new(vec![4_i64, 5])], Ok(9));
        check(&op(|s: &str| s.len() as i64), [Value::new(String::from("abc"))], Ok(3));
        check(&op(|s: &str| s.len() as i64), [Value::new("abcd")], Ok(4));
        check(&op(|v: &[i64]| v[1]), [Value::new(vec![4_i64, 5])], Ok(5));
        check(&op(|v: &List| v.len() as i64), [Value::new(List(vec![v(1)]))], Ok(1));
        let eight = op(|a: i64, b: &i64, c: i64, d: &i64, e: i64, f: &i64, g: i64, h: Value| {
            a + b + c + d + e + f + g + h.get::<i64>().unwrap()
        });
        check(&eight, [1, 2, 3, 4, 5, 6, 7, 8].map(v), Ok(36));
    }

    #[test]
    fn mistakes_say_what_was_expected() {
        let v = |n: i64| Value::new(n);
        check(&op(inc), [Value::new(1.0_f64)], Err("argument 0: expected a value of type i64, got f64"));
        check(&op(inc), [v(1), v(2)], Err("the function takes 1 arguments, the task gives 2"));
        check(&try_op(|s: &String| s.parse::<i64>()), [Value::new(String::from("7"))], Ok(7));
        check(
            &op(|s: &String| s.parse::<i64>()),
            [Value::new(String::from("7"))],
            Err(
                "the function returns core::result::Result<i64, core::num::error::ParseIntError>; make the op with `try_op` so that its errors are seen",
            ),
        );
    }

    #[test]
    fn names_are_short() {
        assert_eq!(op(inc).name(), "inc");
        assert_eq!(op(|x: i64| x).name(), "closure");
        assert_eq!(named_op("twice", |x: i64| 2 * x).name(), "twice");
    }

    #[test]
    fn captures_decide_portability() {
        assert!(op(inc).is_stateless());
        let packed = PackedOp::of(&*op(inc)).unwrap();
        check(&packed.unpack().unwrap(), [Value::new(1_i64)], Ok(2));
        let k = 3_i64;
        let refused = PackedOp::of(&*op(move |x: i64| x + k)).unwrap_err();
        assert!(
            refused.to_string().starts_with("`closure` cannot leave the process: the closure captures"),
            "{refused}"
        );
    }
}
