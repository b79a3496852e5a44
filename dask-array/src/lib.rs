//! Blocked n-dimensional arrays over data larger than memory.
//!
//! An [`Array`] describes work on blocks: its operations add to a task graph, and nothing is computed until a
//! scheduler runs it. Blocks are [`ndarray`] arrays, ndarray's `s![…]` slices, and names and semantics are numpy's
//! where ndarray has no word of its own.
//!
//! - **Made** by [`zeros`](Array::zeros), [`full`](Array::full), [`arange`](Array::arange),
//!   [`linspace`](Array::linspace), [`eye`](Array::eye), [`from_function`](Array::from_function),
//!   [`from_ndarray`](Array::from_ndarray), read from files (see below), from tasks of
//!   your own by [`from_delayed`](Array::from_delayed), or from a storage of your own by
//!   [`from_source`](Array::from_source); of random numbers by `random::Generator` (feature `random`, on by default).
//! - **Worked on** by operators and methods with broadcasting ([`promote`] for operands of two types), [`where_`],
//!   [`select`] and [`choose`], [`slice`](Array::slice), [`transpose`](Array::transpose) and [`rechunk`](Array::rechunk); joined by
//!   [`concatenate`], [`stack`], [`vstack`], [`hstack`], [`dstack`] and [`block`]; multiplied by
//!   [`matmul`](Array::matmul), [`dot`](Array::dot), [`tensordot`](Array::tensordot), [`einsum`] and their like.
//! - **Reduced** over axes ([`Over`]), NaN left out if you like ([`nanmean`](Array::nanmean)), to positions
//!   ([`argmin`](Array::argmin)) or by functions of your own ([`reduction`](Array::reduction)); accumulated
//!   ([`cumsum`](Array::cumsum)).
//! - **Searched and counted** by [`searchsorted`](Array::searchsorted), [`unique`](Array::unique),
//!   [`topk`](Array::topk), [`histogram`](Array::histogram) and their like; described by
//!   [`quantile`](Array::quantile)s, [`cov`](Array::cov)ariances and the tests of [`stats`].
//! - **Extended** by functions of your own on blocks ([`map_blocks`](Array::map_blocks), [`BlockMap`]), on blocks
//!   with the cells around them ([`map_overlap`](Array::map_overlap)), on lines
//!   ([`apply_along_axis`](Array::apply_along_axis)) and on parts of fixed axes ([`apply_gufunc`],
//!   [`apply_gufunc_several`]).
//! - **Indexed** by ranges, lists and points ([`index`](Array::index), [`take`](Array::take), [`vindex`](Array::vindex)),
//!   moved in groups ([`shuffle`](Array::shuffle)), and with parts replaced ([`set`](Array::set),
//!   [`set_where`](Array::set_where), [`set_filtered`](Array::set_filtered)).
//! - **Shaped** by [`reshape`](Array::reshape), [`expand_dims`](Array::expand_dims), [`moveaxis`](Array::moveaxis),
//!   [`flip`](Array::flip), [`roll`](Array::roll), [`tile`](Array::tile), [`pad`](Array::pad), [`insert`](Array::insert),
//!   [`coarsen`](Array::coarsen) and their like.
//! - **Selected from** by masks ([`filter`](Array::filter), [`compress`](Array::compress)); what has a length that
//!   only computing tells is [`Uncounted`].
//! - **Masked** where elements are not to count: [`masked`].
//! - **Factored and solved** by `linalg` (feature `linalg`), and transformed by `fft` (feature `fft`).
//! - **Had** by [`compute`](dask_graph::Collection::compute), [`item`](Array::item) or
//!   [`to_npy`](Array::to_npy), which writes blocks as they are made; to a storage of your own by
//!   [`store`](Array::store).
//!
//! Files that are read and written, block by block:
//!
//! | format | read | written |
//! |---|---|---|
//! | `.npy` | [`from_npy`](Array::from_npy) | [`to_npy`](Array::to_npy), [`NpySink`] |
//! | stacks of `.npy` files | [`from_npy_stack`](Array::from_npy_stack) | [`to_npy_stack`](Array::to_npy_stack), [`NpyStackSink`] |
//! | `.npz` archives (feature `npz`) | `from_npz` | `Npz` |
//! | elements without a header | [`from_raw`](Array::from_raw), [`RawSource`] | |
//! | Zarr 2 and 3 (feature `zarr`) | `from_zarr` | `to_zarr`, `ZarrSink` (format 3) |
//! | HDF5 (feature `hdf5`) | `from_hdf5` | `to_hdf5`, `Hdf5Sink` (chunks without filters) |
//! | PNG, JPEG, TIFF (feature `images`) | `imread`, `imread_with` | |
//!
//! A store that was interrupted [goes on](Store#resuming) with the blocks that are missing, if it is told to.
//!
//! Chains of elementwise operations, with the first step of a reduction behind them, are fused by the optimiser into
//! one program that runs over each block tile by tile: the inputs are read once, and no block is made in between. A
//! slice of a stored array reads less. Nothing here knows a scheduler: any crate's will do.
//!
//! ```
//! use dask_array::{Array, ndarray::Array2};
//! use dask_graph::Collection;
//! use dask_sched_sync::Sync;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Standardise a matrix of 6 blocks by columns.
//! let data = Array2::from_shape_fn((300, 4), |(i, j)| (i * (j + 1)) as f64);
//! let x = Array::from_ndarray(data, [100, 2])?;
//! let z = (&x - &x.mean(0)?) / &x.std(0, 0.0)?;
//!
//! let spread = z.var(0, 0.0)?.compute_with(&Sync::new())?;
//! assert!(spread.iter().all(|var| (var - 1.0).abs() < 1e-12));
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod array;
mod block;
mod chunks;
mod element;
mod error;
#[cfg(feature = "fft")]
pub mod fft;
mod kernel;
#[cfg(feature = "linalg")]
pub mod linalg;
pub mod masked;
mod product;
mod program;
#[cfg(feature = "random")]
pub mod random;
mod reduce;
mod scan;
mod selection;
mod sorting;
pub mod stats;
mod storage;

pub use array::{
    Along, Array, ArrayIndex, Axes, Bins, BlockInfo, BlockMap, BlockShapeError, Boundary, Condition, Depth,
    Ellipsis, Index, Indexing, IntoBlock, IntoBoundaries, IntoDepths, LineLengthError, MadeShapeError,
    NormOrder, NotOneElementError, Other, OutOfRange, Over, PadMode, PadWidth, Positions, QuantileMethod,
    Quantiles, Repeats, Side, SliceIndex, Spacing, TensorAxes, Tolerance, Uncounted, Unique, apply_gufunc,
    apply_gufunc_several, block, broadcast_arrays, choose, concatenate, dstack, einsum, extract, from_blocks,
    histogram2d, histogramdd, hstack, meshgrid, meshgrid_sparse, promote, select, stack, union1d, vstack,
    where_,
};
pub use block::Block;
pub use chunks::{ChunkSpec, Chunks, ChunksError, ChunksSpec, IntoChunks};
pub use element::{Bits, Casting, DType, Element, Inexact, Integer, Number, Promote, Real, c64, c128, f16};
pub use error::ArrayError;
pub use ndarray;
pub use num_complex::{self, Complex};
pub use program::run::ProgramError;
#[cfg(feature = "images")]
pub use storage::ImreadError;
pub use storage::{
    BlockSink, BlockSource, BlockWriter, ByteOrder, FileError, FileState, NpyError, NpySink, NpySource,
    NpyStackSink, NpyStackSource, RawSource, Region, ResumeError, SourceShapeError, Span, StorageError,
    Store,
};
#[cfg(feature = "zarr")]
pub use storage::{Compression, ZarrError, ZarrSink, ZarrSource};
#[cfg(feature = "hdf5")]
pub use storage::{Hdf5Error, Hdf5Sink, Hdf5Source};
#[cfg(feature = "npz")]
pub use storage::{Npz, NpzError, NpzSource, npz_names};
