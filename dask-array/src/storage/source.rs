//! Reading blocks.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use dask_graph::{Arg, Args, Op, OpError, Packer, Refused, Token, Unpack, Unpacked, Value};

use super::region::{Region, Span};
use crate::block::Block;
use crate::element::Element;
use crate::selection::{Selection, Taken};

/// Whatever went wrong in a storage.
pub type StorageError = Box<dyn Error + Send + Sync>;

/// An array somewhere, of which blocks can be read: [`Array::from_source`](crate::Array::from_source) makes an
/// array of it.
///
/// Three methods are required. `read` is called for one block at a time, from several threads at once, and for
/// no more than is needed: a slice of the array reads less.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, Block, BlockSource, Region, StorageError, ndarray::ArrayD};
/// use dask_graph::{Collection, Token, Tokenizer};
///
/// /// The numbers 0, 1, 4, 9, …
/// struct Squares([usize; 1]);
///
/// impl BlockSource<u64> for Squares {
///     fn shape(&self) -> &[usize] {
///         &self.0
///     }
///     fn token(&self) -> Token {
///         Tokenizer::new("squares").feed(&self.0).finish()
///     }
///     fn read(&self, region: &Region) -> Result<Block<u64>, StorageError> {
///         let span = region.axes[0];
///         let squares = (0..span.len).map(|i| ((span.start + i * span.step) as u64).pow(2));
///         Ok(Block::new(ArrayD::from_shape_vec(region.shape(), squares.collect())?))
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let squares = Array::from_source(Squares([1 << 40]), 1 << 20)?;
/// let some = squares.slice(ndarray::s![1_000_000..1_000_010; 3])?; // reads four numbers
/// let some = some.compute_with(&dask_sched_sync::Sync::new())?;
/// assert_eq!(some.as_slice().unwrap(), [1_000_000, 1_000_003, 1_000_006, 1_000_009].map(|i| i * i));
/// # Ok(())
/// # }
/// ```
pub trait BlockSource<A: Element>: Send + Sync + 'static {
    /// The shape of the array.
    fn shape(&self) -> &[usize];

    /// A hash over what the array is and what state it is in: equal tokens mean equal elements.
    fn token(&self) -> Token;

    /// Reads a part, which lies within the shape. The block has the region's shape.
    ///
    /// # Errors
    ///
    /// - Whatever goes wrong in the storage; it becomes the error of the task.
    fn read(&self, region: &Region) -> Result<Block<A>, StorageError>;

    /// What the reading is called in names and pictures.
    fn label(&self) -> &'static str {
        "read"
    }

    /// Whether reading the same again is cheaper than keeping it.
    fn is_cheap(&self) -> bool {
        false
    }

    /// Packs what another process needs to read the same blocks. The function that is returned makes an
    /// `Unpacked::part::<Arc<dyn BlockSource<A>>>`.
    ///
    /// # Errors
    ///
    /// - When the source stays in its process: always, unless it says otherwise.
    fn pack(&self, _to: &mut Packer) -> Result<Unpack, Refused> {
        Err(Refused::new("it does not say how: implement `BlockSource::pack` for it, or run it on threads"))
    }
}

/// A block that does not have the shape that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the source gave a block of shape {got:?} for a region of shape {expected:?}")]
pub struct SourceShapeError {
    /// The block's shape.
    pub got: Vec<usize>,
    /// The region's shape.
    pub expected: Vec<usize>,
}

/// Reads one part of a source; the [`Selection`] that says which is the only argument.
pub(crate) struct ReadOp<A> {
    pub(crate) source: Arc<dyn BlockSource<A>>,
}

impl<A: Element> Op for ReadOp<A> {
    fn name(&self) -> Cow<'_, str> {
        self.source.label().into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let (region, then) = forwards(args.get::<Selection>(0)?);
        let block = self.source.read(&region).map_err(OpError::failed)?;
        let expected = region.shape();
        if block.shape() != expected {
            let got = block.shape().to_vec();
            return Err(OpError::failed(SourceShapeError { got, expected }));
        }
        if then == Selection::whole(&expected) {
            return Ok(block.into());
        }
        Ok(Block::new(then.of(block.view()).map_err(OpError::failed)?.to_owned()).into())
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.part(|to| self.source.pack(to))?;
        Ok(|from| Ok(Unpacked::op(ReadOp::<A> { source: from.part()? })))
    }

    fn is_producer(&self) -> bool {
        true
    }

    fn is_cheap(&self) -> bool {
        self.source.is_cheap()
    }

    /// Equal tokens of a source mean equal elements.
    fn is_pure(&self) -> bool {
        true
    }

    fn output_nbytes(&self, args: &[Arg]) -> Option<u64> {
        match args {
            [Arg::Value(part)] => {
                let (region, _) = forwards(part.downcast_ref::<Selection>()?);
                Some((region.len() as u64).saturating_mul(size_of::<A>() as u64))
            }
            _ => None,
        }
    }
}

/// What is read for a part, in the order in which it is stored, and what is taken of that: axes reversed,
/// dropped and added.
fn forwards(part: &Selection) -> (Region, Selection) {
    let along = |taken: Taken| match taken {
        Taken::At(at) => (Span { start: at, len: 1, step: 1 }, Taken::At(0)),
        Taken::Along { start, step, len } => {
            let (stride, last) = (step.unsigned_abs(), len.saturating_sub(1));
            let (start, from) =
                if step > 0 { (start, 0) } else { (start.saturating_sub(last * stride), last) };
            (Span { start, len, step: stride }, Taken::Along { start: from, step: step.signum(), len })
        }
    };
    let (axes, source) = part.source.iter().copied().map(along).unzip();
    (Region { axes }, Selection { source, out: part.out.clone() })
}
