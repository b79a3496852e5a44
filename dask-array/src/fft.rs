//! Fourier transforms (feature `fft`), as in numpy's `fft`.
//!
//! A transform needs all elements along its axis: arrays that have several blocks there are rechunked to one (dask
//! asks for that to be done before), and cut along other axes so that a block takes about 64 MB. Any length is
//! transformed in time n·log n; the kernels are those of [rustfft] and [realfft], with plans kept by each thread.
//!
//! Transforms of `f32` and `c64` are made in single precision, as in numpy, those of all other types in double.
//! There are none of [`f16`](crate::f16): cast it to `f32` before.
//!
//! ```
//! use dask_array::{Array, fft};
//! use dask_graph::Collection;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Three waves in 64 samples.
//! let x = Array::arange(0.0, 64.0, 1.0, 10)?;
//! let wave = (x * (3.0 * std::f64::consts::TAU / 64.0)).cos();
//! let spectrum = fft::rfft(&wave, -1)?;
//! assert_eq!(spectrum.shape(), [33]);
//! let scheduler = dask_sched_sync::Sync::new();
//! let power = spectrum.compute_with(&scheduler)?;
//! assert!((power[3].re - 32.0).abs() < 1e-10 && power[4].norm() < 1e-10);
//!
//! let back = fft::irfft(&spectrum, -1)?;
//! assert!((back - &wave).abs().max(..)?.item_with(&scheduler)? < 1e-12);
//! # Ok(())
//! # }
//! ```
//!
//! [rustfft]: https://docs.rs/rustfft
//! [realfft]: https://docs.rs/realfft

mod line;
mod several;
mod shift;
mod transform;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use dask_graph::{Arg, Graph, Key, LayerInfo, Node, Task, Tokenizer, Value};

use self::line::{Kind, Line, Lines};
pub use self::several::{AlongAxes, fft2, fftn, ifft2, ifftn, irfft2, irfftn, rfft2, rfftn};
pub use self::shift::{fftshift, ifftshift};
pub use self::transform::Transform;
use crate::array::layer::BlockLayer;
use crate::array::transpose::axis_of;
use crate::array::{Array, Lazy, name_of};
use crate::chunks::{ChunkSpec, Chunks};
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::kernel_op;

/// The complex type of the transforms of an element type.
pub type ComplexOf<A> = <<A as Element>::RealFloat as Transform>::Complex;

/// Which of forward and inverse transform is scaled, for each to undo the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Norm {
    /// The inverse, by 1/n.
    #[default]
    Backward,
    /// Both, by 1/√n.
    Ortho,
    /// The forward transform, by 1/n.
    Forward,
}

impl Norm {
    fn scale(self, n: usize, inverse: bool) -> f64 {
        match self {
            Norm::Ortho => 1.0 / (n as f64).sqrt(),
            Norm::Backward if inverse => 1.0 / n as f64,
            Norm::Forward if !inverse => 1.0 / n as f64,
            _ => 1.0,
        }
    }
}

/// The axis of a transform, its length, and how it is scaled. Made from an axis (`-1`).
///
/// ```
/// use dask_array::fft::{Along, Norm};
///
/// let padded = Along::from(-1).n(128).norm(Norm::Ortho);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Along {
    axis: isize,
    n: Option<usize>,
    norm: Norm,
}

impl Along {
    /// Takes `n` elements along the axis: the first ones, or all and then zeros. Where the result is real (`irfft`,
    /// `hfft`), the result has so many.
    #[must_use]
    pub fn n(self, n: usize) -> Self {
        Self { n: Some(n), ..self }
    }

    /// Scales by another rule than [`Norm::Backward`].
    #[must_use]
    pub fn norm(self, norm: Norm) -> Self {
        Self { norm, ..self }
    }
}

macro_rules! along_axis {
    ($($Int:ty),*) => {$(
        impl From<$Int> for Along {
            fn from(axis: $Int) -> Self {
                Self { axis: axis as isize, n: None, norm: Norm::default() }
            }
        }
    )*};
}
along_axis!(i32, isize);

/// The Fourier transform along an axis (numpy's `fft`).
///
/// # Errors
///
/// - When there is no such axis.
/// - When there are no elements along it, or `n` is 0.
#[track_caller]
pub fn fft<A: Element<RealFloat: Transform>>(
    x: &Array<A>,
    along: impl Into<Along>,
) -> Result<Array<ComplexOf<A>>, ArrayError> {
    to_complex("fft", x, along.into(), false, &LayerInfo::here())
}

/// The inverse of [`fft`] (numpy's `ifft`).
///
/// # Errors
///
/// - When there is no such axis.
/// - When there are no elements along it, or `n` is 0.
#[track_caller]
pub fn ifft<A: Element<RealFloat: Transform>>(
    x: &Array<A>,
    along: impl Into<Along>,
) -> Result<Array<ComplexOf<A>>, ArrayError> {
    to_complex("ifft", x, along.into(), true, &LayerInfo::here())
}

/// The first n/2 + 1 elements of the [`fft`] of real numbers (numpy's `rfft`): the others are their conjugates.
///
/// # Errors
///
/// - When there is no such axis.
/// - When there are no elements along it, or `n` is 0.
#[track_caller]
pub fn rfft<A: Element<Real = A, RealFloat: Transform>>(
    x: &Array<A>,
    along: impl Into<Along>,
) -> Result<Array<ComplexOf<A>>, ArrayError> {
    from_real("rfft", x, along.into(), false, &LayerInfo::here())
}

/// The inverse of [`rfft`] (numpy's `irfft`), of 2(m - 1) elements for m unless told otherwise.
///
/// # Errors
///
/// - When there is no such axis.
/// - When the result would have no elements along it.
#[track_caller]
pub fn irfft<A: Element<RealFloat: Transform>>(
    x: &Array<A>,
    along: impl Into<Along>,
) -> Result<Array<A::RealFloat>, ArrayError> {
    to_real("irfft", x, along.into(), true, &LayerInfo::here())
}

/// The transform of a signal of which one half is given, the other being its conjugate: it is real (numpy's `hfft`).
///
/// # Errors
///
/// - When there is no such axis.
/// - When the result would have no elements along it.
#[track_caller]
pub fn hfft<A: Element<RealFloat: Transform>>(
    x: &Array<A>,
    along: impl Into<Along>,
) -> Result<Array<A::RealFloat>, ArrayError> {
    to_real("hfft", x, along.into(), false, &LayerInfo::here())
}

/// The inverse of [`hfft`] (numpy's `ihfft`): the first n/2 + 1 elements.
///
/// # Errors
///
/// - When there is no such axis.
/// - When there are no elements along it, or `n` is 0.
#[track_caller]
pub fn ihfft<A: Element<Real = A, RealFloat: Transform>>(
    x: &Array<A>,
    along: impl Into<Along>,
) -> Result<Array<ComplexOf<A>>, ArrayError> {
    from_real("ihfft", x, along.into(), true, &LayerInfo::here())
}

/// `fft` and `ifft`.
fn to_complex<A: Element<RealFloat: Transform>>(
    operation: &'static str,
    x: &Array<A>,
    along: Along,
    inverse: bool,
    info: &LayerInfo,
) -> Result<Array<ComplexOf<A>>, ArrayError> {
    let axis = axis_of(along.axis, x.shape())?;
    let n = length(operation, x, axis, along.n, x.shape()[axis])?;
    let scale = along.norm.scale(n, inverse);
    if A::DTYPE.is_complex() {
        let line = Line { kind: Kind::Complex { inverse }, axis, n, out: n, scale, nbytes: 0 };
        return Ok(lines::<_, ComplexOf<A>, A::RealFloat>(&cast::<A, ComplexOf<A>>(x), line, info));
    }
    // The inverse transform of real numbers is the conjugate of the forward one.
    let line =
        Line { kind: Kind::OfReal { conjugate: inverse, half: false }, axis, n, out: n, scale, nbytes: 0 };
    Ok(lines::<_, ComplexOf<A>, A::RealFloat>(&cast::<A, A::RealFloat>(x), line, info))
}

/// `rfft` and `ihfft`.
fn from_real<A: Element<RealFloat: Transform>>(
    operation: &'static str,
    x: &Array<A>,
    along: Along,
    inverse: bool,
    info: &LayerInfo,
) -> Result<Array<ComplexOf<A>>, ArrayError> {
    let axis = axis_of(along.axis, x.shape())?;
    let n = length(operation, x, axis, along.n, x.shape()[axis])?;
    let kind = Kind::OfReal { conjugate: inverse, half: true };
    let line = Line { kind, axis, n, out: n / 2 + 1, scale: along.norm.scale(n, inverse), nbytes: 0 };
    Ok(lines::<_, ComplexOf<A>, A::RealFloat>(&cast::<A, A::RealFloat>(x), line, info))
}

/// `irfft` and `hfft`.
fn to_real<A: Element<RealFloat: Transform>>(
    operation: &'static str,
    x: &Array<A>,
    along: Along,
    inverse: bool,
    info: &LayerInfo,
) -> Result<Array<A::RealFloat>, ArrayError> {
    let axis = axis_of(along.axis, x.shape())?;
    let n = length(operation, x, axis, along.n, 2 * x.shape()[axis].saturating_sub(1))?;
    let kind = Kind::ToReal { conjugate: !inverse };
    let line = Line { kind, axis, n, out: n, scale: along.norm.scale(n, inverse), nbytes: 0 };
    Ok(lines::<_, A::RealFloat, A::RealFloat>(&cast::<A, ComplexOf<A>>(x), line, info))
}

/// The length of a transform, which must not be zero.
fn length<A: Element>(
    operation: &'static str,
    x: &Array<A>,
    axis: usize,
    given: Option<usize>,
    own: usize,
) -> Result<usize, ArrayError> {
    match given.unwrap_or(own) {
        0 => Err(ArrayError::EmptyTransform { operation, axis, shape: x.shape().to_vec() }),
        n => Ok(n),
    }
}

/// The array as one of another type, or as it is.
fn cast<A: Element, B: Element>(x: &Array<A>) -> Array<B> {
    match (x as &dyn Any).downcast_ref::<Array<B>>() {
        Some(same) => same.clone(),
        None => x.astype(),
    }
}

/// Bytes that a block is made to stay within, if it has to be cut anew.
const BLOCK_NBYTES: u64 = 64 << 20;

/// The array in one block along an axis.
fn whole_along<A: Element>(x: &Array<A>, axis: usize, info: &LayerInfo) -> Array<A> {
    if x.chunks().lengths(axis).len() == 1 {
        return x.clone();
    }
    let mut lengths = x.chunks().axes().to_vec();
    lengths[axis] = vec![x.shape()[axis]];
    let longest = lengths.iter().map(|lengths| lengths.iter().copied().max().unwrap_or(0) as u64);
    if longest.fold(size_of::<A>() as u64, u64::saturating_mul) > BLOCK_NBYTES {
        let wish = |own| if own == axis { ChunkSpec::Whole } else { ChunkSpec::Bytes(BLOCK_NBYTES) };
        let wishes: BTreeMap<usize, ChunkSpec> = (0..x.ndim()).map(|own| (own, wish(own))).collect();
        if let Ok(chunks) = x.chunks().recut(wishes, A::DTYPE) {
            return x.rechunked(&chunks, info);
        }
    }
    x.rechunked(&Chunks::from_lengths(lengths), info)
}

/// Transforms all lines along an axis.
fn lines<A: Element, B: Element, T: Transform>(x: &Array<A>, line: Line, info: &LayerInfo) -> Array<B> {
    let x = whole_along(x, line.axis, info);
    let mut lengths = x.chunks().axes().to_vec();
    lengths[line.axis] = vec![line.out];
    let chunks = Chunks::from_lengths(lengths);
    let token = Tokenizer::new("fft").feed(x.name()).feed(&B::DTYPE).feed(&line.axis).feed(&line.n);
    let token = token.feed(&line.kind.number()).feed(&line.scale).finish();
    let name = name_of("fft", token);
    let longest = chunks.axes().iter().map(|lengths| lengths.iter().copied().max().unwrap_or(0) as u64);
    let nbytes = longest.fold(size_of::<B>() as u64, u64::saturating_mul);
    let (op, input, line) =
        (kernel_op::<Lines<T>>(), x.name().clone(), Value::sized(Line { nbytes, ..line }));
    let node = move |index: &[u32]| {
        Node::Task(Task::new(op.clone(), [Arg::Key(Key::new(&input, index)), Arg::Value(line.clone())]))
    };
    let layer = BlockLayer::new(&name, &chunks, &[x.name()], info, node);
    let graph = Graph::with_inputs(layer, [&x.lazy().graph]);
    Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
}
