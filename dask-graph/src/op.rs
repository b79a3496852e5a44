//! Ops: what a task does.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::pack::{Packer, Refused, Unpack};
use crate::task::Arg;
use crate::value::{List, TypeMismatch, Value};

/// What a task does.
///
/// Two methods are required. The others are abilities that somebody may ask for: the optimiser
/// ([`absorb`](Op::absorb), [`is_cheap`](Op::is_cheap), [`is_pure`](Op::is_pure)), schedulers with a memory limit
/// ([`is_producer`](Op::is_producer), [`output_nbytes`](Op::output_nbytes),
/// [`working_nbytes`](Op::working_nbytes)) and schedulers with worker
/// processes ([`pack`](Op::pack)). Every one has a default that is safe.
///
/// Any closure is an op without ceremony: see [`op`](crate::op()).
///
/// ```
/// use std::borrow::Cow;
/// use dask_graph::{Args, Op, OpError, Value};
///
/// struct Scale(f64);
///
/// impl Op for Scale {
///     fn name(&self) -> Cow<'_, str> {
///         "scale".into()
///     }
///
///     fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
///         let mut x: Vec<f64> = args.take(0)?; // in place when this task is the last to use it
///         x.iter_mut().for_each(|x| *x *= self.0);
///         Ok(Value::new(x))
///     }
/// }
///
/// let mut slots = [Some(Value::new(vec![1.0, 2.0]))];
/// let scaled = Scale(3.0).call(Args::new(&mut slots)).unwrap();
/// assert_eq!(scaled.get::<Vec<f64>>().unwrap(), &[3.0, 6.0]);
/// ```
pub trait Op: Any + Send + Sync {
    /// What people call it: shown in errors, profiles and pictures.
    fn name(&self) -> Cow<'_, str>;

    /// Does the work.
    ///
    /// # Errors
    ///
    /// - Whatever goes wrong; the scheduler adds the key, the layer and the place in the user's source.
    fn call(&self, args: Args<'_>) -> Result<Value, OpError>;

    /// Joins this op with the `producer` of its argument `at`, for layer fusion.
    ///
    /// The op that is returned takes this op's arguments with position `at` replaced by the
    /// `n_producer_args` arguments of the producer, in place. `None` leaves the joining to the optimiser,
    /// which calls one op after the other.
    fn absorb(&self, _at: usize, _producer: &Arc<dyn Op>, _n_producer_args: usize) -> Option<Arc<dyn Op>> {
        None
    }

    /// Whether it brings data into being (reads or creates): such tasks wait while memory is short.
    fn is_producer(&self) -> bool {
        false
    }

    /// Whether it is pure and so cheap that doing it twice beats keeping its result.
    fn is_cheap(&self) -> bool {
        false
    }

    /// Whether equal arguments give equal results and nothing else happens: then the work may be done again
    /// instead of keeping its result, if that costs less.
    fn is_pure(&self) -> bool {
        self.is_cheap()
    }

    /// Whether it has no state, so that its type is its whole meaning: two such ops of one type do the same.
    fn is_stateless(&self) -> bool {
        false
    }

    /// Whether it has to run in the process that started the run, whatever the scheduler: its result stands for
    /// something there that must neither be lost with a worker nor be made twice, such as a file that is being
    /// written. Others may still take that result, as a blob.
    fn is_at_home(&self) -> bool {
        false
    }

    /// The size of the result, as far as the arguments known before the run tell; `None` when unknown.
    fn output_nbytes(&self, _args: &[Arg]) -> Option<u64> {
        None
    }

    /// The bytes that a call is expected to have in hand, as far as the arguments known before the run tell: what a
    /// producer has to find free before it starts. The size of the result, unless the op makes something larger on
    /// the way.
    fn working_nbytes(&self, args: &[Arg]) -> Option<u64> {
        self.output_nbytes(args)
    }

    /// Packs what the op is made of, to be made again in another process by the function that is returned.
    ///
    /// # Errors
    ///
    /// - When the op stays in its process, with the reason: always, unless the op says otherwise.
    fn pack(&self, _to: &mut Packer) -> Result<Unpack, Refused> {
        Err(Refused::new("it does not say how: implement `Op::pack` for it, or run it on threads"))
    }
}

impl fmt::Debug for dyn Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Op({})", self.name())
    }
}

/// The arguments of one call: values that the op may read, or take for itself.
///
/// A value whose last consumer is this call has no other owner: taking it gives the buffer itself.
pub struct Args<'a> {
    slots: &'a mut [Option<Value>],
}

impl<'a> Args<'a> {
    /// Arguments from values; the caller fills every slot.
    pub fn new(slots: &'a mut [Option<Value>]) -> Self {
        Self { slots }
    }

    /// The number of arguments.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are no arguments.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Argument `at`.
    ///
    /// # Errors
    ///
    /// - When there is no such argument, or it was taken before.
    pub fn value(&self, at: usize) -> Result<&Value, OpError> {
        let given = self.slots.len();
        self.slots.get(at).and_then(Option::as_ref).ok_or(OpError::MissingArgument { at, given })
    }

    /// Argument `at` as a `T`, by reference.
    ///
    /// # Errors
    ///
    /// - When there is no such argument, or it is not a `T`.
    pub fn get<T: 'static>(&self, at: usize) -> Result<&T, OpError> {
        self.value(at)?.get().map_err(|source| OpError::Argument { at, source })
    }

    /// Argument `at`, taken out.
    ///
    /// # Errors
    ///
    /// - When there is no such argument, or it was taken before.
    pub fn take_value(&mut self, at: usize) -> Result<Value, OpError> {
        let given = self.slots.len();
        self.slots.get_mut(at).and_then(Option::take).ok_or(OpError::MissingArgument { at, given })
    }

    /// Argument `at` as a `T` of one's own: the data itself for its last consumer, a clone otherwise.
    ///
    /// # Errors
    ///
    /// - When there is no such argument, or it is not a `T`.
    pub fn take<T: Clone + Send + Sync + 'static>(&mut self, at: usize) -> Result<T, OpError> {
        self.take_value(at)?.into_inner().map_err(|source| OpError::Argument { at, source })
    }

    /// Argument `at` as a `T`: `Ok(data)` when nobody else holds it, so that its memory may be reused,
    /// `Err(value)` when it is shared.
    ///
    /// # Errors
    ///
    /// - When there is no such argument, or it is not a `T`.
    pub fn take_unique<T: Send + Sync + 'static>(&mut self, at: usize) -> Result<Result<T, Value>, OpError> {
        self.get::<T>(at)?;
        Ok(self.take_value(at)?.try_unwrap())
    }

    /// Argument `at`, which is a list.
    ///
    /// # Errors
    ///
    /// - When there is no such argument, or it is not a list.
    pub fn list(&self, at: usize) -> Result<&List, OpError> {
        self.get(at)
    }

    /// The values of argument `at`, which is a list.
    ///
    /// # Errors
    ///
    /// - When there is no such argument, or it is not a list.
    pub fn take_list(&mut self, at: usize) -> Result<Vec<Value>, OpError> {
        self.take::<List>(at).map(List::into_values)
    }

    /// All argument slots, for ops that hand parts of them on to others.
    pub fn into_slots(self) -> &'a mut [Option<Value>] {
        self.slots
    }
}

impl fmt::Debug for Args<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.slots.iter()).finish()
    }
}

/// Why a call did not give a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpError {
    /// An argument of the wrong type.
    #[error("argument {at}: {source}")]
    Argument {
        /// Position, from 0.
        at: usize,
        /// The types.
        source: TypeMismatch,
    },
    /// The op asked for an argument that the task does not give.
    #[error("argument {at} is missing or was taken before; the task gives {given} arguments")]
    MissingArgument {
        /// Position, from 0.
        at: usize,
        /// Number of arguments of the task.
        given: usize,
    },
    /// The task gives too many or too few arguments.
    #[error("the function takes {takes} arguments, the task gives {given}")]
    ArgumentCount {
        /// Number that the function takes.
        takes: usize,
        /// Number that the task gives.
        given: usize,
    },
    /// An infallible op returned a `Result`, which nobody would look into.
    #[error("the function returns {type_name}; make the op with `try_op` so that its errors are seen")]
    ReturnsResult {
        /// The type returned.
        type_name: &'static str,
    },
    /// The work itself failed.
    #[error(transparent)]
    Failed(Box<dyn Error + Send + Sync>),
}

impl OpError {
    /// The work failed with `error`, which the user gets back as the source of the run's error.
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(error.into())
    }
}
