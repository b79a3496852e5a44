//! How ops leave the process: packed into bytes, and unpacked by the same executable somewhere else.
//!
//! Code stays where it is: a packed op names the *functions* that make it, and its parts, again, and holds
//! the bytes that these functions read. How a function is named on the way (by its address relative to the
//! executable) is the matter of those who send it.

mod stateless;

use std::any::{Any, type_name};
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::CONFIG;
use crate::op::Op;

use stateless::Rest;
pub use stateless::{Callable, Witnesses};

/// Makes what was packed again: reads what [`Op::pack`] wrote, in the same order.
pub type Unpack = fn(&mut Unpacker<'_>) -> Result<Unpacked, UnpackError>;

/// What an [`Unpack`] function makes: an op, or a part of one.
pub struct Unpacked(Box<dyn Any>);

impl Unpacked {
    /// An op.
    pub fn op(op: impl Op) -> Self {
        Self::part::<Arc<dyn Op>>(Arc::new(op))
    }

    /// A part of an op, which [`Unpacker::part`] asks for by its type.
    pub fn part<T: 'static>(part: T) -> Self {
        Self(Box::new(part))
    }
}

impl fmt::Debug for Unpacked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unpacked")
    }
}

/// Takes what an op is made of, on its way out of the process.
///
/// ```
/// use std::borrow::Cow;
/// use std::sync::Arc;
/// use dask_graph::{Args, Callable, Op, OpError, Packer, PackedOp, Refused, Unpack, Unpacked, Value};
///
/// /// Scales and then applies a function.
/// struct Scale<F> {
///     factor: f64,
///     then: F,
/// }
///
/// impl<F: Fn(f64) -> f64 + Send + Sync + 'static> Op for Scale<F> {
///     fn name(&self) -> Cow<'_, str> {
///         "scale".into()
///     }
///     fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
///         Ok(Value::new((self.then)(self.factor * args.get::<f64>(0)?)))
///     }
///     fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
///         to.state(&self.factor)?;
///         to.function(&self.then)?;
///         Ok(|from| Ok(Unpacked::op(Scale::<F> { factor: from.state()?, then: from.function()? })))
///     }
/// }
///
/// let packed = PackedOp::of(&Scale { factor: 3.0, then: |x| x + 1.0 })?;
/// let again = packed.unpack()?;
/// let mut slots = [Some(Value::new(2.0))];
/// assert_eq!(again.call(Args::new(&mut slots))?.get(), Ok(&7.0));
///
/// let captured = 1.0;
/// let refused = PackedOp::of(&Scale { factor: 3.0, then: move |x| x + captured }).unwrap_err();
/// assert!(refused.to_string().contains("captures"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Packer {
    parts: Parts,
}

#[derive(Default, Clone)]
struct Parts {
    /// What makes the op and its parts again; the op's own is the last.
    functions: Vec<Unpack>,
    witnesses: Witnesses,
    bytes: Vec<u8>,
}

impl Packer {
    /// Packs data.
    ///
    /// # Errors
    ///
    /// - When the data's own `Serialize` fails.
    pub fn state<S: Serialize + ?Sized>(&mut self, state: &S) -> Result<(), Refused> {
        let written = bincode::serde::encode_into_std_write(state, &mut self.parts.bytes, CONFIG);
        written.map(drop).map_err(|error| Refused::new(format!("its state cannot be encoded: {error}")))
    }

    /// Packs a function, which must have no state.
    ///
    /// # Errors
    ///
    /// - When the function is a closure that captures something, or a pointer to a function.
    pub fn function<M, F: Callable<M> + Send + Sync + 'static>(
        &mut self,
        function: &F,
    ) -> Result<(), Refused> {
        self.parts.witnesses.push(function).ok_or_else(|| Refused::new(CAPTURES))
    }

    /// Packs another op inside this one.
    ///
    /// # Errors
    ///
    /// - When that op refuses.
    pub fn op(&mut self, op: &Arc<dyn Op>) -> Result<(), Refused> {
        self.part(|to| op.pack(to)).map_err(|refused| refused.of(&**op))
    }

    /// Packs a part of the op: anything that writes itself with a `Packer` and says what reads it.
    ///
    /// # Errors
    ///
    /// - When `pack` fails.
    pub fn part(&mut self, pack: impl FnOnce(&mut Self) -> Result<Unpack, Refused>) -> Result<(), Refused> {
        let at = self.parts.bytes.len();
        self.parts.bytes.extend([0; 4]);
        let unpack = pack(self)?;
        let number = self.parts.number_of(unpack);
        self.parts.bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        Ok(())
    }
}

const CAPTURES: &str = "the closure captures state, which cannot be taken out of it: give that state to the task \
                        as an argument, use a method with state such as `map_with`, or run it on threads";

impl Parts {
    fn number_of(&mut self, unpack: Unpack) -> u32 {
        let address = |function: &Unpack| *function as usize;
        let known = self.functions.iter().position(|function| address(function) == address(&unpack));
        let number = known.unwrap_or_else(|| {
            self.functions.push(unpack);
            self.functions.len() - 1
        });
        number as u32
    }
}

impl fmt::Debug for Packer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.fmt(f)
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { functions, witnesses, bytes } = self;
        write!(
            f,
            "{} functions, {} closures, {} bytes",
            functions.len(),
            witnesses.marks().len(),
            bytes.len()
        )
    }
}

/// Gives back what a [`Packer`] took, in the same order.
pub struct Unpacker<'p> {
    functions: &'p [Unpack],
    witnesses: Rest<'p>,
    bytes: &'p [u8],
}

impl Unpacker<'_> {
    /// Data that [`Packer::state`] packed.
    ///
    /// # Errors
    ///
    /// - When something else comes next.
    pub fn state<S: DeserializeOwned>(&mut self) -> Result<S, UnpackError> {
        let read = bincode::serde::decode_from_slice(self.bytes, CONFIG);
        let (state, length) = read.map_err(|error| UnpackError::of::<S>(error))?;
        self.bytes = &self.bytes[length..];
        Ok(state)
    }

    /// A function that [`Packer::function`] packed.
    ///
    /// # Errors
    ///
    /// - When another function comes next.
    pub fn function<M, F: Callable<M> + Send + Sync + 'static>(&mut self) -> Result<F, UnpackError> {
        self.witnesses.next().ok_or_else(|| UnpackError::of::<F>("another function was packed"))
    }

    /// An op that [`Packer::op`] packed.
    ///
    /// # Errors
    ///
    /// - When something else comes next, or the op cannot be made.
    pub fn op(&mut self) -> Result<Arc<dyn Op>, UnpackError> {
        self.part()
    }

    /// A part that [`Packer::part`] packed.
    ///
    /// # Errors
    ///
    /// - When something else comes next, or the part cannot be made.
    pub fn part<T: 'static>(&mut self) -> Result<T, UnpackError> {
        let number =
            self.bytes.split_off(..4).and_then(|number| number.try_into().ok()).map(u32::from_le_bytes);
        let function = number.and_then(|number| self.functions.get(number as usize));
        let unpack = function.ok_or_else(|| UnpackError::of::<T>("something else was packed"))?;
        self.made_by::<T>(*unpack)
    }

    fn made_by<T: 'static>(&mut self, unpack: Unpack) -> Result<T, UnpackError> {
        let made = unpack(self)?.0.downcast::<T>();
        made.map(|part| *part).map_err(|_| UnpackError::of::<T>("a part of another type was packed"))
    }
}

impl fmt::Debug for Unpacker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes left", self.bytes.len())
    }
}

/// An op, packed.
#[derive(Debug, Clone)]
pub struct PackedOp {
    parts: Parts,
    unpack: Unpack,
}

impl PackedOp {
    /// Packs an op.
    ///
    /// # Errors
    ///
    /// - When the op, or one inside it, refuses; the error says which, why, and what to do.
    pub fn of(op: &dyn Op) -> Result<Self, Refused> {
        let mut packer = Packer::default();
        let unpack = op.pack(&mut packer).map_err(|refused| refused.of(op))?;
        Ok(Self { parts: packer.parts, unpack })
    }

    /// Makes the op again.
    ///
    /// # Errors
    ///
    /// - When the op reads something else than it wrote.
    pub fn unpack(&self) -> Result<Arc<dyn Op>, UnpackError> {
        let Parts { functions, witnesses, bytes } = &self.parts;
        Unpacker { functions, witnesses: witnesses.rest(), bytes }.made_by(self.unpack)
    }

    /// The functions that make the op again: its own first, then those of its parts.
    pub fn functions(&self) -> impl ExactSizeIterator<Item = Unpack> + use<> {
        let all: Vec<Unpack> =
            std::iter::once(self.unpack).chain(self.parts.functions.iter().copied()).collect();
        all.into_iter()
    }

    /// The functions without state inside the op.
    pub fn witnesses(&self) -> &Witnesses {
        &self.parts.witnesses
    }

    /// The packed state.
    pub fn bytes(&self) -> &[u8] {
        &self.parts.bytes
    }

    /// Puts an op together again that was taken apart to be sent; `None` if there is no function.
    pub fn from_parts(functions: &[Unpack], witnesses: Witnesses, bytes: Vec<u8>) -> Option<Self> {
        let (&unpack, functions) = functions.split_first()?;
        Some(Self { parts: Parts { functions: functions.to_vec(), witnesses, bytes }, unpack })
    }
}

/// An op that stays in its process.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{op}` cannot leave the process: {reason}")]
pub struct Refused {
    /// The name of the op; of several inside each other the innermost.
    pub op: String,
    /// Why, and what to do about it.
    pub reason: Cow<'static, str>,
}

impl Refused {
    /// A refusal for this reason, with what the user can do about it.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { op: String::new(), reason: reason.into() }
    }

    /// Fills in the name, unless an op further inside has.
    fn of(mut self, op: &dyn Op) -> Self {
        if self.op.is_empty() {
            self.op = op.name().into_owned();
        }
        self
    }
}

/// An op that could not be made again.
#[derive(Debug, thiserror::Error)]
#[error("a packed {type_name} could not be read: {source}")]
pub struct UnpackError {
    /// What was to be made.
    pub type_name: &'static str,
    /// Why not.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

impl UnpackError {
    /// The error of a `T` that could not be made.
    pub fn of<T: ?Sized>(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { type_name: type_name::<T>(), source: source.into() }
    }
}
