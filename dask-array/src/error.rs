//! Mistakes in writing an operation down.

use crate::chunks::ChunksError;
use crate::element::{Casting, DType};

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
    /// Several axes where an operation takes one, or all.
    #[error("`{operation}` goes over one axis or all (`..`), not over {axes:?}")]
    OneAxis {
        /// The operation.
        operation: &'static str,
        /// The axes that were given.
        axes: Vec<isize>,
    },
    /// Weights that belong to no element.
    #[error(
        "weights of shape {weights:?} fit neither an array of shape {shape:?} nor the one axis that is reduced"
    )]
    Weights {
        /// The array's shape.
        shape: Vec<usize>,
        /// The shape of the weights.
        weights: Vec<usize>,
    },
    /// An array of no axis or of several, where an operation takes one of one.
    #[error(
        "`{operation}` takes an array of one axis, not one of shape {shape:?}; `ravel` makes one axis of all"
    )]
    NotOneAxis {
        /// The operation.
        operation: &'static str,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// A share of less than nothing, or of more than all.
    #[error("a quantile is asked for by a share between 0 and {whole}, not {share}")]
    Share {
        /// The share that was given.
        share: String,
        /// What the share of all is called.
        whole: String,
    },
    /// Neither one variable nor a matrix of several.
    #[error("`{operation}` takes one variable (1 axis) or a matrix of several (2 axes), not shape {shape:?}")]
    NotVariables {
        /// The operation.
        operation: &'static str,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// A sample that is too small to be tested.
    #[error("`{operation}` needs {least} elements along the axis at least, there are {got}")]
    TooFew {
        /// The test.
        operation: &'static str,
        /// How many it needs.
        least: usize,
        /// How many there are.
        got: usize,
    },
    /// Bins that nothing can be counted in.
    #[error("these are no bins: {problem}")]
    Bins {
        /// What is wrong with them.
        problem: &'static str,
    },
    /// A norm that is not defined for as many axes, or is no reduction.
    #[error(
        "the norm of order {order} over {n_axes} axes is none of those of vectors (1 axis) or matrices (2 axes)"
    )]
    Norm {
        /// The order.
        order: String,
        /// Over how many axes.
        n_axes: usize,
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
    /// A parameter out of its range.
    #[error("`{operation}` takes {parameter} {expected}, not {value}")]
    Parameter {
        /// The operation.
        operation: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// Letters that are not one for each axis of an array.
    #[error(
        "letters `{letters}` for an array of shape {shape:?}: one for each axis is needed, and none twice"
    )]
    Letters {
        /// The letters.
        letters: String,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// Axes with one letter and several lengths.
    #[error("axes `{letter}` have lengths {lengths:?}: they must be equal or 1")]
    LetterLengths {
        /// The letter.
        letter: char,
        /// The lengths, input by input.
        lengths: Vec<usize>,
    },
    /// Lengths for another number of blocks than there are.
    #[error("lengths of {got} blocks are declared for axis `{letter}`, the inputs have {expected}")]
    LetterBlocks {
        /// The letter.
        letter: char,
        /// Lengths declared.
        got: usize,
        /// Blocks of the inputs.
        expected: usize,
    },
    /// An axis of the result that nothing is known about, or that is there twice.
    #[error("axis `{letter}` of the result is neither an input's nor declared by `chunks`, or there twice")]
    OutputLetter {
        /// The letter.
        letter: char,
    },
    /// A signature that cannot be read, or is of another number of arrays.
    #[error(
        "signature `{signature}` of {arrays} arrays: expected names for each and for the result in parentheses, as `(i,j),(j)->(i)`; several results are for `apply_gufunc_several`"
    )]
    Signature {
        /// The signature.
        signature: String,
        /// The number of arrays.
        arrays: usize,
    },
    /// An array with fewer axes than are named.
    #[error("an array of shape {shape:?} lacks axes: at least {expected} are named")]
    FewAxes {
        /// The number of named axes.
        expected: usize,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// More values than a mask has places.
    #[error("{values} values cannot take the places that a mask of {places} elements selects")]
    MaskValues {
        /// The number of values.
        values: usize,
        /// The number of the mask's elements.
        places: usize,
    },
    /// A named axis of several lengths.
    #[error("axis `{name}` has length {left} in one array and {right} in another")]
    CoreLength {
        /// The name.
        name: String,
        /// Its length in the first array.
        left: usize,
        /// Its length in another.
        right: usize,
    },
    /// A named axis of the result whose length nobody says.
    #[error("axis `{name}` of the result is in no array: say its length in `sizes`")]
    CoreSize {
        /// The name.
        name: String,
    },
    /// An overlap deeper than the axis is long.
    #[error(
        "blocks cannot overlap by {depth} along axis {axis} with length {length}: the array has no more to continue with"
    )]
    OverlapDepth {
        /// The axis.
        axis: usize,
        /// The depth.
        depth: usize,
        /// The axis' length.
        length: usize,
    },
    /// A block from which more is to be cut off than it has.
    #[error("{cut} cells are to be trimmed off a block of length {length} along axis {axis}")]
    TrimDepth {
        /// The axis.
        axis: usize,
        /// The block's length.
        length: usize,
        /// Cells to be cut off.
        cut: usize,
    },
    /// A window that does not fit into its axis.
    #[error(
        "a window of length {window} does not fit into axis {axis} with length {length}: it has at least one element, and no more than the axis"
    )]
    Window {
        /// The axis.
        axis: usize,
        /// The window's length.
        window: usize,
        /// The axis' length.
        length: usize,
    },
    /// A shape of another number of elements.
    #[error(
        "an array of shape {from:?} has {} elements, they do not fit the shape {to:?}; one length may be -1, for what is left",
        from.iter().product::<usize>()
    )]
    Reshape {
        /// The array's shape.
        from: Vec<usize>,
        /// The lengths that were given.
        to: Vec<isize>,
    },
    /// Uncounted arrays that come of different selections.
    #[error(
        "the arrays come of different selections, or of one cut differently: their lengths need not agree; compute_chunk_sizes() first"
    )]
    UncountedLengths,
    /// What is not elementwise along an axis of unknown length.
    #[error(
        "the expression is not elementwise along the uncounted axis: it reduces, slices, moves or cuts it, or takes in an array that runs along it; compute_chunk_sizes() first"
    )]
    UncountedExpression,
    /// A reduction that keeps an axis of unknown length.
    #[error(
        "the reduction keeps axis {axis}, whose length is not known; reduce it too, or compute_chunk_sizes() first"
    )]
    UncountedAxis {
        /// The uncounted axis.
        axis: usize,
    },
    /// A mask that does not lie along the axes that it selects from.
    #[error("a mask of shape {mask:?} does not select from the first axes of an array of shape {shape:?}")]
    MaskShape {
        /// The mask's shape.
        mask: Vec<usize>,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// A condition longer than the axis, or of several axes.
    #[error("a condition of shape {condition:?} is no list of at most {length}, the length of axis {axis}")]
    Condition {
        /// The condition's shape.
        condition: Vec<usize>,
        /// The axis.
        axis: usize,
        /// Its length.
        length: usize,
    },
    /// Points with more positions along one axis than along another.
    #[error("points have one position along each axis, not {counts:?}")]
    Points {
        /// Positions given for each axis.
        counts: Vec<usize>,
    },
    /// A new axis among the indices of blocks.
    #[error("blocks are chosen along the axes that there are, not along new ones")]
    NewAxisOfBlocks,
    /// An axis that cannot vanish.
    #[error("axis {axis} has length {length}; only axes of length 1 can be squeezed")]
    Squeeze {
        /// The axis.
        axis: usize,
        /// Its length.
        length: usize,
    },
    /// Not one number of repeats for each element.
    #[error("{got} numbers of repeats were given for axis {axis}, which has length {length}")]
    Repeats {
        /// Numbers given.
        got: usize,
        /// The axis.
        axis: usize,
        /// Its length.
        length: usize,
    },
    /// Not widths of a margin for each axis.
    #[error("margins for {got} axes were given, the array has shape {shape:?}")]
    PadWidths {
        /// Axes that have a margin.
        got: usize,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// A margin of statistics of the nearest elements that cannot be.
    #[error("a margin cannot hold a statistic of the nearest elements: {problem}")]
    PadStatistic {
        /// Why not.
        problem: &'static str,
    },
    /// A margin that is to be made of elements of which there are none.
    #[error("axis {axis} of shape {shape:?} has no elements to pad it with; pad it with a constant")]
    PadNothing {
        /// The axis.
        axis: usize,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// Too few elements along an axis.
    #[error("`{operation}` needs {least} elements along axis {axis}, which has {length}")]
    TooShort {
        /// The operation.
        operation: &'static str,
        /// The axis.
        axis: usize,
        /// Its length.
        length: usize,
        /// The least length.
        least: usize,
    },
    /// Not one place for each element.
    #[error("{got} places were given for the elements along axis {axis}, which has length {length}")]
    Places {
        /// Places given.
        got: usize,
        /// The axis.
        axis: usize,
        /// Its length.
        length: usize,
    },
    /// Groups that an axis does not consist of.
    #[error(
        "axis {axis} has length {length}, which is no multiple of a group of {size}; coarsen_trimmed leaves the rest out"
    )]
    Coarsen {
        /// The axis.
        axis: usize,
        /// Its length.
        length: usize,
        /// The size of its groups.
        size: usize,
    },
    /// Indices along more or less axes than there are.
    #[error("indices in an array of shape {dims:?} lie along a first axis of length {}, not in an array of shape {shape:?}", dims.len())]
    Indices {
        /// The shape of the array that the indices lie in.
        dims: Vec<usize>,
        /// The shape of the array of indices.
        shape: Vec<usize>,
    },
    /// Two lists in one index.
    #[error(
        "an index holds one list, {lists} were given; `vindex` takes points, `take` along one axis after the other the cross product"
    )]
    Lists {
        /// Lists given.
        lists: usize,
    },
    /// Two ellipses in one index.
    #[error("an index holds one ellipsis, {ellipses} were given")]
    Ellipses {
        /// Ellipses given.
        ellipses: usize,
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
    /// Arrays that cannot be multiplied.
    #[error("`{operation}` of shapes {left:?} and {right:?}: {reason}")]
    Product {
        /// The operation.
        operation: &'static str,
        /// The shape of the first array.
        left: Vec<usize>,
        /// The shape of the second array.
        right: Vec<usize>,
        /// What does not fit, and what would.
        reason: &'static str,
    },
    /// An array that a factorisation does not take.
    #[error("`{operation}` of an array of shape {shape:?}: {reason}")]
    Matrix {
        /// The operation.
        operation: &'static str,
        /// The array's shape.
        shape: Vec<usize>,
        /// What does not fit.
        reason: &'static str,
    },
    /// A Fourier transform of no elements.
    #[error(
        "`{operation}` along axis {axis} of an array of shape {shape:?} would have no elements; give a length"
    )]
    EmptyTransform {
        /// The transform.
        operation: &'static str,
        /// The axis.
        axis: usize,
        /// The array's shape.
        shape: Vec<usize>,
    },
    /// Not one length for each axis of a Fourier transform.
    #[error("`{operation}` along {expected} axes was given {got} lengths")]
    TransformShape {
        /// The transform.
        operation: &'static str,
        /// The lengths that were given.
        got: usize,
        /// The axes that are transformed, or that there must be at least.
        expected: usize,
    },
    /// Subscripts of `einsum` that cannot be read, or do not fit the arrays.
    #[error("einsum {subscripts:?}: {reason}")]
    Subscripts {
        /// The subscripts.
        subscripts: String,
        /// What does not fit, and where.
        reason: String,
    },
    /// Chunks that do not fit.
    #[error(transparent)]
    Chunks(#[from] ChunksError),
    /// A cast that loses more than was allowed.
    #[error("a cast from {from} to {to} is not allowed by casting {casting:?}")]
    Casting {
        /// The type of the array.
        from: DType,
        /// The type that was asked for.
        to: DType,
        /// What was allowed.
        casting: Casting,
    },
    /// An operation that an element type does not have.
    #[error("`{operation}` is not defined for {dtype}")]
    Unsupported {
        /// The operation.
        operation: &'static str,
        /// The element type.
        dtype: DType,
    },
}
