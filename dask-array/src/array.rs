//! The array: a description of work on blocks.

mod along_axis;
mod assign;
mod axes;
mod block_map;
mod cast;
mod coarsen;
mod collection;
pub(crate) mod concatenate;
mod counting;
mod covariance;
pub(crate) mod creation;
mod cumreduction;
mod cumulative;
mod diagonals;
mod differences;
mod edits;
mod elementwise;
mod fancy;
mod flat_indices;
mod flips;
mod from_blocks;
mod grids;
mod gufunc;
mod index;
mod indexing;
pub(crate) mod layer;
mod masks;
mod membership;
mod operators;
mod over;
mod overlap;
mod padding;
mod picture;
mod positions;
mod products;
mod quantiles;
mod rechunk;
mod reductions;
mod repeats;
mod reshape;
mod searching;
mod slicing;
mod stacks;
mod top;
pub(crate) mod transpose;
mod uncounted;
mod unique;
mod windows;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Axis, Blockwise, BlockwiseBuilder, Graph, Key, LayerInfo, Name, Op, Token};

use crate::chunks::Chunks;
use crate::element::Element;
use crate::storage::origin::Origin;

pub use self::along_axis::LineLengthError;
pub use self::axes::Axes;
#[cfg(feature = "random")]
pub(crate) use self::block_map::{BlockFunction, letters};
pub use self::block_map::{BlockInfo, BlockMap, MadeShapeError};
pub use self::cast::promote;
pub use self::collection::{BlockShapeError, NotOneElementError};
pub use self::concatenate::{concatenate, stack};
pub use self::counting::{Bins, histogram2d, histogramdd};
pub(crate) use self::creation::extents;
pub use self::cumulative::Along;
pub use self::differences::Spacing;
#[cfg(feature = "random")]
pub(crate) use self::elementwise::broadcast_shape;
pub use self::elementwise::{Other, OutOfRange, Tolerance, choose, select, where_};
pub use self::from_blocks::{IntoBlock, from_blocks};
pub use self::grids::{Indexing, broadcast_arrays, meshgrid, meshgrid_sparse};
pub use self::gufunc::{apply_gufunc, apply_gufunc_several};
pub use self::index::SliceIndex;
pub use self::indexing::{ArrayIndex, Ellipsis, Index};
pub use self::masks::{Condition, extract};
pub use self::over::Over;
pub use self::overlap::{Boundary, Depth, IntoBoundaries, IntoDepths};
pub use self::padding::{PadMode, PadWidth};
pub use self::positions::Positions;
pub use self::products::{TensorAxes, einsum};
pub use self::quantiles::{QuantileMethod, Quantiles};
pub use self::reductions::NormOrder;
pub use self::repeats::Repeats;
pub use self::searching::Side;
pub use self::stacks::{block, dstack, hstack, vstack};
pub use self::uncounted::Uncounted;
pub use self::unique::{Unique, union1d};

/// A blocked n-dimensional array: what is to be computed, cut into blocks.
///
/// An array holds no elements. It holds the [`Graph`] of the tasks that make its blocks, and its shape and
/// [`Chunks`]; operations add to the graph, [`compute`](dask_graph::Collection::compute) runs it. Cloning
/// is cheap.
///
/// Operations follow numpy: broadcasting, wrapping integers, reductions of small integers in 64 bits, NaN that
/// propagates. The element type is static, so a mixed operation begins with [`promote`](crate::promote).
/// Operators panic when shapes do not broadcast, as ndarray's do; every one has a `try_` method that returns
/// the error instead.
///
/// ```
/// use dask_array::{Array, ndarray::{arr1, arr2, s}};
/// use dask_graph::Collection;
/// use dask_sched_sync::Sync;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr2(&[[1.0, 2.0], [3.0, 6.0], [5.0, 10.0]]), [2, 2])?;
/// let centred = &x - &x.mean(0)?;
/// let spread = (&centred * &centred).sum(0)?.sqrt();
/// assert_eq!(spread.compute_with(&Sync::new())?, arr1(&[8.0_f64.sqrt(), 32.0_f64.sqrt()]).into_dyn());
///
/// // Blocks that nobody asks for are not made.
/// assert_eq!(x.slice(ndarray::s![-1, ..])?.compute_with(&Sync::new())?, arr1(&[5.0, 10.0]).into_dyn());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Array<A: Element> {
    lazy: Lazy,
    /// Where the elements come from, if nothing was done to them yet: what slices and other chunks can be
    /// taken of without making all of it.
    origin: Option<Origin<A>>,
    element: PhantomData<fn() -> A>,
}

/// What an array is apart from its element type.
#[derive(Clone)]
pub(crate) struct Lazy {
    pub(crate) name: Name,
    pub(crate) graph: Graph,
    pub(crate) chunks: Arc<Chunks>,
}

impl Lazy {
    pub(crate) fn shape(&self) -> &[usize] {
        self.chunks.shape()
    }

    /// The axes of the blocks in a [`Blockwise`] layer, when axis `i` of the array is axis `axes[i]` there.
    pub(crate) fn block_axes(&self, axes: impl IntoIterator<Item = usize>) -> Vec<(Axis, u32)> {
        axes.into_iter().map(label).zip(self.chunks.n_blocks()).collect()
    }
}

/// Axis `axis` of an array in a [`Blockwise`] layer.
pub(crate) fn label(axis: usize) -> Axis {
    Axis(axis as u16)
}

/// A [`Blockwise`] layer with the blocks of these chunks as output.
pub(crate) fn blockwise(name: &Name, op: Arc<dyn Op>, chunks: &Chunks, info: &LayerInfo) -> BlockwiseBuilder {
    let output: Vec<(Axis, u32)> = (0..chunks.ndim()).map(label).zip(chunks.n_blocks()).collect();
    Blockwise::builder(name, op, &output).info(info.clone())
}

/// Builds a layer whose parts this crate made to fit.
pub(crate) fn built(layer: BlockwiseBuilder) -> Blockwise {
    layer.build().unwrap_or_else(|error| unreachable!("layers of arrays fit by construction: {error}"))
}

impl<A: Element> Array<A> {
    pub(crate) fn new(lazy: Lazy) -> Self {
        Self { lazy, origin: None, element: PhantomData }
    }

    pub(crate) fn with_origin(lazy: Lazy, origin: Origin<A>) -> Self {
        Self { lazy, origin: Some(origin), element: PhantomData }
    }

    pub(crate) fn lazy(&self) -> &Lazy {
        &self.lazy
    }

    pub(crate) fn origin(&self) -> Option<&Origin<A>> {
        self.origin.as_ref()
    }

    /// The name of the array's blocks: a hash over what they mean.
    pub fn name(&self) -> &Name {
        &self.lazy.name
    }

    /// The lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        self.lazy.shape()
    }

    /// The number of axes.
    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.shape().iter().product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.shape().contains(&0)
    }

    /// The number of bytes of all elements.
    pub fn nbytes(&self) -> u64 {
        (self.len() as u64).saturating_mul(size_of::<A>() as u64)
    }

    /// How the array is cut into blocks.
    pub fn chunks(&self) -> &Chunks {
        &self.lazy.chunks
    }

    /// The key of the block at an index.
    pub fn key(&self, index: &[u32]) -> Key {
        Key::new(self.name(), index)
    }
}

/// The name of an operation's result, from a token over all that it means.
pub(crate) fn name_of(label: &str, token: Token) -> Name {
    Name::from_token(label, token)
}

impl<A: Element> fmt::Debug for Array<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Array")
            .field("name", &self.lazy.name)
            .field("dtype", &A::DTYPE)
            .field("shape", &self.shape())
            .field("chunks", &self.chunks().axes())
            .finish()
    }
}
