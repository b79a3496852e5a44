//! Arrays out of nothing, out of memory and out of files.

use std::path::Path;
use std::sync::Arc;

use dask_graph::{Graph, LayerInfo, Name, Op, Tokenize, Tokenizer, Value};
use ndarray::{ArcArray, Dimension, OwnedRepr};

use super::{Array, Lazy, blockwise, built, label, name_of};
use crate::block::Extent;
use crate::chunks::{Chunks, ChunksError, IntoChunks};
use crate::element::{Element, Number, Scalar};
use crate::error::ArrayError;
use crate::program::Operand;
use crate::program::builder::ProgramBuilder;
use crate::program::kernels::Kernels;
use crate::program::op::ProgramOp;
use crate::selection::Selection;
use crate::storage::origin::Origin;
use crate::storage::{BlockSource, FileError, MemorySource, NpyError, NpySource};

impl<A: Element> Array<A> {
    /// An array of zeros (of `false`).
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the shape.
    #[track_caller]
    pub fn zeros(shape: &[usize], chunks: impl IntoChunks) -> Result<Self, ArrayError> {
        Self::full_with(shape, chunks, A::default(), &LayerInfo::here())
    }

    /// An array of ones (of `true`).
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the shape.
    #[track_caller]
    pub fn ones(shape: &[usize], chunks: impl IntoChunks) -> Result<Self, ArrayError> {
        Self::full_with(shape, chunks, A::one(), &LayerInfo::here())
    }

    /// An array of the same shape and chunks, all zeros (`false`).
    #[must_use]
    #[track_caller]
    pub fn zeros_like(&self) -> Self {
        Self::full_cut(A::default(), self.chunks().clone(), &LayerInfo::here())
    }

    /// An array of the same shape and chunks, all ones (`true`).
    #[must_use]
    #[track_caller]
    pub fn ones_like(&self) -> Self {
        Self::full_cut(A::one(), self.chunks().clone(), &LayerInfo::here())
    }

    /// An array of the same shape and chunks, all one number. Of another type, make it by
    /// `Array::full(x.shape(), number, x.chunks())`.
    #[must_use]
    #[track_caller]
    pub fn full_like(&self, number: A) -> Self {
        Self::full_cut(number, self.chunks().clone(), &LayerInfo::here())
    }

    /// An array of the same shape and chunks whose elements are yet to be said; they are zeros.
    #[must_use]
    #[track_caller]
    pub fn empty_like(&self) -> Self {
        Self::full_cut(A::default(), self.chunks().clone(), &LayerInfo::here())
    }

    /// An array whose elements are yet to be said; they are zeros, which nobody pays for until a block is made.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the shape.
    #[track_caller]
    pub fn empty(shape: &[usize], chunks: impl IntoChunks) -> Result<Self, ArrayError> {
        Self::full_with(shape, chunks, A::default(), &LayerInfo::here())
    }

    /// An array of one number.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the shape.
    #[track_caller]
    pub fn full(shape: &[usize], number: A, chunks: impl IntoChunks) -> Result<Self, ArrayError> {
        Self::full_with(shape, chunks, number, &LayerInfo::here())
    }

    /// An array that is in memory, cut into blocks. The array is not copied; neither are its blocks, but for those whose
    /// elements lie in pieces of less than a kilobyte.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the array's shape.
    #[track_caller]
    pub fn from_ndarray<D: Dimension>(
        array: ndarray::ArrayBase<OwnedRepr<A>, D>,
        chunks: impl IntoChunks,
    ) -> Result<Self, ArrayError> {
        let array: ArcArray<A, _> = array.into_dyn().into_shared();
        Self::of_source(Arc::new(MemorySource::new(array)), chunks, &LayerInfo::here()).map_err(Into::into)
    }

    /// The array in a `.npy` file. Its blocks are read when they are needed, and only the part that is needed of
    /// them; a file of several blocks is never read whole.
    ///
    /// An array that is needed twice, before and after a barrier (`x - x.mean(0)`), is kept in memory between the
    /// two if it is computed at once. For files larger than memory, compute in two passes: first what the second
    /// needs (`x.mean(0)`, which is small), then the rest with its result.
    ///
    /// # Errors
    ///
    /// - When the file cannot be opened, is not a `.npy` file, holds elements of another type or is truncated.
    /// - When the chunks do not fit the array's shape.
    #[track_caller]
    pub fn from_npy(path: impl AsRef<Path>, chunks: impl IntoChunks) -> Result<Self, NpyError> {
        let info = LayerInfo::here();
        let source = Arc::new(NpySource::open(&path)?);
        Self::of_source(source, chunks, &info)
            .map_err(|source| FileError::Chunks { path: path.as_ref().to_owned(), source }.into())
    }

    /// The array in a storage of your own: see [`BlockSource`].
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the array's shape.
    #[track_caller]
    pub fn from_source(source: impl BlockSource<A>, chunks: impl IntoChunks) -> Result<Self, ArrayError> {
        Self::of_source(Arc::new(source), chunks, &LayerInfo::here()).map_err(Into::into)
    }

    /// The array whose blocks a graph written by hand makes: under every `(name, i, j, …)` a [`Block`](crate::Block) of the
    /// shape that the chunks say. A block of another type or shape is an error of the run.
    ///
    /// # Errors
    ///
    /// - When the chunks do not fit the shape.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, Block, ndarray::arr1};
    /// use dask_graph::{Collection, graph};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let dsk = graph! {
    ///     ("x", 0) => { Block::new(arr1(&[1.0, 2.0]).into_dyn()) },
    ///     ("x", 1) => { Block::new(arr1(&[3.0]).into_dyn()) },
    /// };
    /// let x = Array::<f64>::from_graph(dsk, "x", &[3], 2)?;
    /// let tripled = (x * 3.0).compute_with(&dask_sched_sync::Sync::new())?;
    /// assert_eq!(tripled, arr1(&[3.0, 6.0, 9.0]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_graph(
        graph: Graph,
        name: impl Into<Name>,
        shape: &[usize],
        chunks: impl IntoChunks,
    ) -> Result<Self, ArrayError> {
        let chunks = Arc::new(Chunks::new(shape, chunks, A::DTYPE)?);
        Ok(Self::new(Lazy { name: name.into(), graph, chunks }))
    }

    pub(crate) fn of_source(
        source: Arc<dyn BlockSource<A>>,
        chunks: impl IntoChunks,
        info: &LayerInfo,
    ) -> Result<Self, ChunksError> {
        let chunks = Chunks::new(source.shape(), chunks, A::DTYPE)?;
        let selection = Arc::new(Selection::whole(source.shape()));
        Ok(Origin::Stored { source, selection }.array(chunks, info))
    }

    pub(crate) fn full_with(
        shape: &[usize],
        chunks: impl IntoChunks,
        number: A,
        info: &LayerInfo,
    ) -> Result<Self, ArrayError> {
        Ok(Self::full_cut(number, Chunks::new(shape, chunks, A::DTYPE)?, info))
    }

    pub(crate) fn full_cut(number: A, chunks: Chunks, info: &LayerInfo) -> Self {
        let mut program = ProgramBuilder::new(chunks.ndim());
        program.extent();
        let program = program.finish(Operand::Const(number.to_scalar()), A::DTYPE);
        let mut token = Tokenizer::new("full").feed(&chunks);
        number.to_scalar().tokenize(&mut token);
        let lazy = created("full", token, Arc::new(ProgramOp::new("full", program)), chunks, info);
        Self::with_origin(lazy, Origin::Full(number))
    }
}

impl<A: Number<Real = A>> Array<A> {
    /// The numbers `start`, `start + step`, … before `stop`.
    ///
    /// # Errors
    ///
    /// - When `step` is zero, or the length cannot be counted.
    /// - When the chunks do not fit.
    #[track_caller]
    pub fn arange(start: A, stop: A, step: A, chunks: impl IntoChunks) -> Result<Self, ArrayError> {
        let info = LayerInfo::here();
        let endless =
            || ArrayError::Range { start: start.to_string(), stop: stop.to_string(), step: step.to_string() };
        let len = range_len(start, stop, step).ok_or_else(endless)?;
        let chunks = Chunks::new(&[len], chunks, A::DTYPE)?;
        let (first, by) = (start.to_scalar(), step.to_scalar());
        let params = |token: &mut Tokenizer| (first, by).tokenize(token);
        Ok(created_by("arange", &params, chunks, &info, |program, extent| {
            program.ramp(A::DTYPE, extent, 0, first, by)
        }))
    }
}

/// The length of a range of numbers.
fn range_len<A: Number>(start: A, stop: A, step: A) -> Option<usize> {
    if matches!(start.to_scalar(), Scalar::F16(_) | Scalar::F32(_) | Scalar::F64(_)) {
        let of = |x: A| f64::from_scalar(x.to_scalar());
        let len: f64 = ((of(stop) - of(start)) / of(step)).ceil();
        // NaN, of 0/0, is not below it; an exact count ends at 2⁵³.
        return (len < 9e15).then(|| len.max(0.0) as usize);
    }
    let of = |x: A| match x.to_scalar() {
        Scalar::U64(x) => i128::from(x),
        x => i128::from(i64::from_scalar(x)),
    };
    let (start, stop, step) = (of(start), of(stop), of(step));
    if step == 0 {
        return None;
    }
    let distance = if step > 0 { stop - start } else { start - stop };
    let step = step.abs();
    usize::try_from(if distance <= 0 { 0 } else { (distance + step - 1) / step }).ok()
}

/// An array that a program makes of nothing but the positions of the elements: `write` is given the argument that
/// ramps count in. `params` are what the operation means apart from chunks and element type.
pub(super) fn created_by<A: Element>(
    operation: &'static str,
    params: &dyn Fn(&mut Tokenizer),
    chunks: Chunks,
    info: &LayerInfo,
    write: impl FnOnce(&mut ProgramBuilder, usize) -> Operand,
) -> Array<A> {
    let mut token = Tokenizer::new(operation).feed(&chunks).feed(&A::DTYPE);
    params(&mut token);
    let mut program = ProgramBuilder::new(chunks.ndim());
    let extent = program.extent();
    let result = write(&mut program, extent);
    let op = Arc::new(ProgramOp::new(operation, program.finish(result, A::DTYPE)));
    Array::new(created(operation, token, op, chunks, info))
}

/// A layer whose tasks know nothing but where their block lies.
fn created(label_: &str, token: Tokenizer, op: Arc<dyn Op>, chunks: Chunks, info: &LayerInfo) -> Lazy {
    let name = name_of(label_, token.finish());
    let axes: Vec<_> = (0..chunks.ndim()).map(label).zip(chunks.n_blocks()).collect();
    let layer = blockwise(&name, op, &chunks, info).per_block(&axes, extents(&chunks));
    Lazy { name, graph: Graph::from_layer(built(layer)), chunks: Arc::new(chunks) }
}

/// The place of each block, from its index.
pub(crate) fn extents(chunks: &Chunks) -> impl Fn(&[u32]) -> Value + Send + Sync + 'static {
    let starts: Vec<Vec<usize>> = (0..chunks.ndim()).map(|axis| chunks.starts(axis)).collect();
    move |index| {
        let bounds =
            || index.iter().zip(&starts).map(|(&i, starts)| (starts[i as usize], starts[i as usize + 1]));
        let offset = bounds().map(|(from, _)| from).collect();
        let shape = bounds().map(|(from, to)| to - from).collect();
        Value::sized(Extent { offset, shape })
    }
}

#[cfg(test)]
mod tests {
    use super::range_len;

    #[test]
    fn ranges_are_as_long_as_numpy_makes_them() {
        assert_eq!(range_len(3_i64, 50, 4), Some(12));
        assert_eq!(range_len(10_i64, -7, -3), Some(6));
        assert_eq!(range_len(0.5, 5.2, 0.4), Some(12));
        assert_eq!(range_len(5_u8, 5, 1), Some(0));
        assert_eq!(range_len(0_u8, 5, 0), None);
        assert_eq!(range_len(0.0, f64::INFINITY, 1.0), None);
        assert_eq!(range_len(0.0, 1.0, 0.0), None);
        assert_eq!(range_len(0.0, 0.0, 0.0), None);
        assert_eq!(range_len(i64::MIN, i64::MAX, 1), usize::try_from(u64::MAX).ok());
    }
}
