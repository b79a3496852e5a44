//! Mistakes in writing an operation down.

use crate::chunks::ChunksError;
use crate::element::DType;

/// Why an operation on arrays could not be written.
///
/// All mistakes of shape, axis and index are raised here, when the operation is written, never when it runs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArrayError {
    /// Shapes that do not broadcast together.
    #[error(
        "shapes {left:?} and {right:?} do not broadcast: axis lengths, matched from the last axis, must be equal or 1"
    )]
    Broadcast {
        /// The shape of the operands before.
        left: Vec<usize>,
        /// The shape that does not fit them.
        right: Vec<usize>,
    },
    /// An axis the array does not have.
    #[error("axis {axis} is out of range for an array of shape {shape:?}, which has {} axes", shape.len())]
    AxisOutOfRange {
        /// The axis that was given.
        axis: isize,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// An axis given twice, or missing where all are asked for.
    #[error("{axes:?} does not name each of the {ndim} axes once")]
    Axes {
        /// The axes that were given.
        axes: Vec<isize>,
        /// The number of axes.
        ndim: usize,
    },
    /// An index outside of its axis.
    #[error("index {index} is out of range for axis {axis} with length {length}")]
    IndexOutOfRange {
        /// The axis.
        axis: usize,
        /// The index that was given.
        index: isize,
        /// The axis' length.
        length: usize,
    },
    /// A range that begins behind its end.
    #[error("slice {start}..{end} of axis {axis} with length {length} ends before it begins")]
    BackwardSlice {
        /// The axis.
        axis: usize,
        /// Begin, counted from the first element.
        start: usize,
        /// End, counted from the first element.
        end: usize,
        /// The axis' length.
        length: usize,
    },
    /// A step of zero.
    #[error("the slice of axis {axis} has step 0")]
    ZeroStep {
        /// The axis.
        axis: usize,
    },
    /// More indices than axes.
    #[error("{got} indices for an array of shape {shape:?}, which has {} axes", shape.len())]
    TooManyIndices {
        /// Indices given, new axes aside.
        got: usize,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// The smallest or largest of nothing.
    #[error("`{operation}` over axes of shape {shape:?} has no elements to choose from")]
    EmptyReduction {
        /// The reduction.
        operation: &'static str,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// A group of less than two.
    #[error("split_every is {split_every}, a join needs at least 2")]
    SplitEvery {
        /// What was given.
        split_every: u32,
    },
    /// Nothing to be joined.
    #[error("`{operation}` needs one array at least")]
    NoArrays {
        /// The operation.
        operation: &'static str,
    },
    /// Arrays that cannot stand one after the other.
    #[error(
        "arrays of shapes {left:?} and {right:?} do not fit together along axis {axis}: all other axes must agree"
    )]
    Concatenate {
        /// The axis along which they were to be joined.
        axis: usize,
        /// The shape of the first array.
        left: Vec<usize>,
        /// The shape that does not fit it.
        right: Vec<usize>,
    },
    /// Arrays of different shapes that were to be stacked.
    #[error("arrays to be stacked have one shape, not {left:?} and {right:?}")]
    Stack {
        /// The shape of the first array.
        left: Vec<usize>,
        /// Another shape.
        right: Vec<usize>,
    },
    /// A range of numbers that never ends.
    #[error("arange from {start} to {stop} by {step} has no finite length")]
    Range {
        /// First number.
        start: String,
        /// End.
        stop: String,
        /// Step.
        step: String,
    },
    /// Chunks that do not fit.
    #[error(transparent)]
    Chunks(#[from] ChunksError),
    /// An operation that an element type does not have.
    #[error("`{operation}` is not defined for {dtype}")]
    Unsupported {
        /// The operation.
        operation: &'static str,
        /// The element type.
        dtype: DType,
    },
}
