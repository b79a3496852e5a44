//! Evenly spaced numbers, and coordinates of grids.

use std::borrow::Borrow;

use dask_graph::{LayerInfo, Tokenize, Tokenizer};
use ndarray::{NewAxis, SliceInfoElem};

use super::Array;
use super::concatenate::stack_all;
use super::creation::created_by;
use super::elementwise::{Operands, broadcast_shape, common_chunks};
use crate::chunks::{Chunks, IntoChunks};
use crate::element::{DType, Element, Number};
use crate::error::ArrayError;
use crate::program::Operand;
use crate::program::builder::ProgramBuilder;
use crate::program::kernels::{BinaryOp, CompareOp, Kernels, UnaryOp};

/// Evenly spaced numbers.
impl<A: Number<Real = A>> Array<A> {
    /// `num` numbers from `start` to `stop`, both included: numpy's `linspace`.
    ///
    /// They are computed as `f64`; integers are rounded down.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::<f64>::linspace(0.0, 1.0, 5, 3)?;
    /// assert_eq!(x.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[0.0, 0.25, 0.5, 0.75, 1.0]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn linspace(start: f64, stop: f64, num: usize, chunks: impl IntoChunks) -> Result<Self, ArrayError> {
        spaced(start, stop, num, true, chunks, &LayerInfo::here())
    }

    /// `num` numbers from `start` on, of which the next would be `stop`: numpy's `linspace` without its end point.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit.
    #[track_caller]
    pub fn linspace_open(
        start: f64,
        stop: f64,
        num: usize,
        chunks: impl IntoChunks,
    ) -> Result<Self, ArrayError> {
        spaced(start, stop, num, false, chunks, &LayerInfo::here())
    }

    /// The coordinates of the elements of an array of this shape: along the first axis of the result one array of
    /// the shape for each axis. The chunks are those of the shape.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the shape.
    #[track_caller]
    pub fn indices(shape: &[usize], chunks: impl IntoChunks) -> Result<Self, ArrayError> {
        let info = LayerInfo::here();
        let chunks = Chunks::new(shape, chunks, A::DTYPE)?;
        if shape.is_empty() {
            return Array::full_with(&[0], -1, A::default(), &info);
        }
        let along = |axis: usize| {
            let params = |token: &mut Tokenizer| axis.tokenize(token);
            created_by("indices", &params, chunks.clone(), &info, |program, extent| {
                program.ramp(A::DTYPE, extent, axis, A::default().to_scalar(), A::one().to_scalar())
            })
        };
        stack_all((0..shape.len()).map(along).collect(), 0, &info)
    }
}

impl Array<f64> {
    /// The frequencies of a discrete Fourier transform of `n` samples that are `d` apart: from zero up, then the
    /// negative ones up to zero.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit.
    #[track_caller]
    pub fn fftfreq(n: usize, d: f64, chunks: impl IntoChunks) -> Result<Self, ArrayError> {
        let chunks = Chunks::new(&[n], chunks, DType::F64)?;
        Ok(frequencies("fftfreq", n, d, chunks, &LayerInfo::here()))
    }

    /// The frequencies of a discrete Fourier transform of `n` real samples that are `d` apart: `n / 2 + 1` from zero
    /// up.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit.
    #[track_caller]
    pub fn rfftfreq(n: usize, d: f64, chunks: impl IntoChunks) -> Result<Self, ArrayError> {
        let chunks = Chunks::new(&[n / 2 + 1], chunks, DType::F64)?;
        Ok(frequencies("rfftfreq", n, d, chunks, &LayerInfo::here()))
    }
}

fn spaced<A: Number>(
    start: f64,
    stop: f64,
    num: usize,
    with_stop: bool,
    chunks: impl IntoChunks,
    info: &LayerInfo,
) -> Result<Array<A>, ArrayError> {
    let chunks = Chunks::new(&[num], chunks, A::DTYPE)?;
    let steps = if with_stop { num.saturating_sub(1) } else { num };
    let step = if steps == 0 { f64::NAN } else { (stop - start) / steps as f64 };
    let params = |token: &mut Tokenizer| (start, stop, num, with_stop).tokenize(token);
    Ok(created_by("linspace", &params, chunks, info, |program, extent| {
        let mut x = if steps == 0 {
            Operand::Const(start.to_scalar())
        } else {
            program.ramp(DType::F64, extent, 0, start.to_scalar(), step.to_scalar())
        };
        if with_stop && num > 1 {
            // The last is `stop` itself, whatever the steps add up to.
            let last = position_is(program, extent, CompareOp::Eq, num - 1);
            x = program.select(DType::F64, last, Operand::Const(stop.to_scalar()), x);
        }
        if <A::Float as Element>::DTYPE != A::DTYPE {
            x = program.unary(UnaryOp::Floor, DType::F64, x);
        }
        program.cast(DType::F64, A::DTYPE, x)
    }))
}

/// Where the position along the first axis is so compared with another.
fn position_is(program: &mut ProgramBuilder, extent: usize, op: CompareOp, other: usize) -> Operand {
    let at = program.ramp(DType::I64, extent, 0, 0_i64.to_scalar(), 1_i64.to_scalar());
    program.compare(op, DType::I64, at, Operand::Const((other as i64).to_scalar()))
}

/// Multiples of the lowest frequency; from the middle of `n` on negative.
fn frequencies(operation: &'static str, n: usize, d: f64, chunks: Chunks, info: &LayerInfo) -> Array<f64> {
    let params = |token: &mut Tokenizer| (n, d).tokenize(token);
    let lowest = Operand::Const((1.0 / (n as f64 * d)).to_scalar());
    created_by(operation, &params, chunks, info, |program, extent| {
        let ramp = |program: &mut ProgramBuilder, from: f64| {
            program.ramp(DType::F64, extent, 0, from.to_scalar(), 1.0.to_scalar())
        };
        let mut number = ramp(program, 0.0);
        if operation == "fftfreq" {
            let negative = position_is(program, extent, CompareOp::Ge, n.div_ceil(2));
            let below = ramp(program, -(n as f64));
            number = program.select(DType::F64, negative, below, number);
        }
        program.binary(BinaryOp::Mul, DType::F64, number, lowest)
    })
}

/// Which of the first two axes of a grid is that of the first vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Indexing {
    /// The second: the first vector are the x, which run along rows, and the second the y.
    #[default]
    Xy,
    /// The first.
    Ij,
}

/// The coordinates of the grid that vectors span: for each vector an array with an axis for every vector.
///
/// The arrays are the vectors, broadcast; numpy's `meshgrid`.
///
/// # Errors
///
/// - When an array has more than one axis.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, Indexing, meshgrid};
///
/// let (x, y) = (Array::arange(0.0, 5.0, 1.0, 2)?, Array::arange(0.0, 3.0, 1.0, 2)?);
/// let grid = meshgrid([&x, &y], Indexing::Xy)?;
/// let distance = grid[0].hypot(&grid[1])?;
/// assert_eq!(distance.shape(), [3, 5]);
/// # Ok::<(), dask_array::ArrayError>(())
/// ```
#[track_caller]
pub fn meshgrid<A: Element>(
    vectors: impl IntoIterator<Item: Borrow<Array<A>>>,
    indexing: Indexing,
) -> Result<Vec<Array<A>>, ArrayError> {
    let info = LayerInfo::here();
    broadcast(&along_axes(vectors, indexing, &info)?, &info)
}

/// [`meshgrid`] whose arrays have length one along the axes of the other vectors; operations on several of them
/// broadcast.
///
/// # Errors
///
/// - When an array has more than one axis.
#[track_caller]
pub fn meshgrid_sparse<A: Element>(
    vectors: impl IntoIterator<Item: Borrow<Array<A>>>,
    indexing: Indexing,
) -> Result<Vec<Array<A>>, ArrayError> {
    along_axes(vectors, indexing, &LayerInfo::here())
}

/// The arrays, broadcast to the shape that all of them have in common.
///
/// # Errors
///
/// - When the shapes do not broadcast.
#[track_caller]
pub fn broadcast_arrays<A: Element>(
    arrays: impl IntoIterator<Item: Borrow<Array<A>>>,
) -> Result<Vec<Array<A>>, ArrayError> {
    let arrays: Vec<Array<A>> = arrays.into_iter().map(|array| array.borrow().clone()).collect();
    broadcast(&arrays, &LayerInfo::here())
}

fn broadcast<A: Element>(arrays: &[Array<A>], info: &LayerInfo) -> Result<Vec<Array<A>>, ArrayError> {
    let shape = broadcast_shape(arrays.iter().map(Array::shape))?;
    let operands: Vec<&dyn Operands> = arrays.iter().map(|array| array as _).collect();
    let chunks = common_chunks(&shape, &operands);
    arrays.iter().map(|array| array.broadcast_cut(&chunks, info)).collect()
}

/// Each vector along an axis of its own.
fn along_axes<A: Element>(
    vectors: impl IntoIterator<Item: Borrow<Array<A>>>,
    indexing: Indexing,
    info: &LayerInfo,
) -> Result<Vec<Array<A>>, ArrayError> {
    let vectors: Vec<Array<A>> = vectors.into_iter().map(|array| array.borrow().clone()).collect();
    let along = |(at, vector): (usize, &Array<A>)| {
        let axis = match (indexing, at) {
            (Indexing::Xy, 0 | 1) if vectors.len() > 1 => 1 - at,
            _ => at,
        };
        let mut index: Vec<SliceInfoElem> = vec![NewAxis.into(); vectors.len()];
        match vector.ndim() {
            // A number is a vector of one.
            0 => {}
            1 => index[axis] = (..).into(),
            _ => {
                return Err(ArrayError::Parameter {
                    operation: "meshgrid",
                    parameter: "arrays",
                    value: format!("one of shape {:?}", vector.shape()),
                    expected: "of one axis",
                });
            }
        }
        vector.sliced(&index, info)
    };
    vectors.iter().enumerate().map(along).collect()
}
