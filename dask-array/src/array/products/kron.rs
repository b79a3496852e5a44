//! The Kronecker product.

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, Node, OpError, Task, Tokenizer, Value};
use ndarray::{ArrayD, IxDyn, NewAxis, Slice, SliceInfoElem};

use crate::array::layer::BlockLayer;
use crate::array::{Array, Lazy, name_of};
use crate::block::Block;
use crate::chunks::{ChunkSpec, Chunks};
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::{Kernel, kernel_op};

/// Bytes that a block of a result is made to stay within, as far as a block of one element of `self` can.
const BLOCK_NBYTES: u64 = 64 << 20;

impl<A: Element> Array<A> {
    /// The Kronecker product (numpy's `kron`): every element of `self` times the whole of `other`, laid out as
    /// `self` is. An array with fewer axes gets axes of length one in front.
    ///
    /// `other` is taken in one block; blocks of `self` are cut so that those of the result take about 64 MB.
    ///
    /// # Errors
    ///
    /// - When the result would have more bytes than can be counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::arr1};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1, 10]), 1)?;
    /// let y = Array::from_ndarray(arr1(&[1, 2, 3]), 2)?;
    /// let expected = arr1(&[1, 2, 3, 10, 20, 30]).into_dyn();
    /// assert_eq!(x.kron(&y)?.compute_with(&dask_sched_sync::Sync::new())?, expected);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn kron(&self, other: &Array<A>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let ndim = self.ndim().max(other.ndim());
        let widened = |x: &Array<A>| {
            let new: Vec<SliceInfoElem> = vec![NewAxis.into(); ndim - x.ndim()];
            x.sliced(&new, &info)
        };
        let (a, b) = (widened(self)?, widened(other)?);
        let shape: Vec<usize> = a.shape().iter().zip(b.shape()).map(|(m, n)| m.saturating_mul(*n)).collect();
        // Refuses a result that cannot be counted.
        Chunks::new(&shape, ChunkSpec::Whole, A::DTYPE)?;
        let whole: Vec<Vec<usize>> = b.shape().iter().map(|&n| vec![n]).collect();
        let b = b.rechunked(&Chunks::from_lengths(whole), &info);
        let largest = a.chunks().axes().iter().map(|lengths| lengths.iter().max().map_or(1, |&n| n as u64));
        let a = match largest.fold(b.nbytes(), u64::saturating_mul) {
            small if small <= BLOCK_NBYTES => a,
            _ => {
                let room = BLOCK_NBYTES / (b.len() as u64).max(1);
                let spec = ChunkSpec::Bytes(room.max(size_of::<A>() as u64));
                a.rechunked(&a.chunks().recut(spec, A::DTYPE)?, &info)
            }
        };
        let scaled = |(lengths, &n): (&Vec<usize>, &usize)| lengths.iter().map(|m| m * n).collect();
        let chunks = Chunks::from_lengths(a.chunks().axes().iter().zip(b.shape()).map(scaled).collect());
        let name = name_of("kron", Tokenizer::new("kron").feed(a.name()).feed(b.name()).finish());
        let (op, left) = (kernel_op::<Kronecker<A>>(), a.name().clone());
        let right = Arg::Key(b.key(&vec![0; ndim]));
        let node = move |index: &[u32]| {
            Node::Task(Task::new(op.clone(), [Arg::Key(Key::new(&left, index)), right.clone()]))
        };
        let layer = BlockLayer::new(&name, &chunks, &[a.name(), b.name()], &info, node);
        let graph = Graph::with_inputs(layer, [&a.lazy().graph, &b.lazy().graph]);
        Ok(Array::new(Lazy { name, graph, chunks: Arc::new(chunks) }))
    }
}

/// The Kronecker product of two blocks.
struct Kronecker<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Kronecker<A> {
    const NAME: &'static str = "kron";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (a, b) = (args.get::<Block<A>>(0)?, args.get::<Block<A>>(1)?);
        let (left, right) = (a.view(), b.view());
        let shape: Vec<usize> = a.shape().iter().zip(b.shape()).map(|(m, n)| m * n).collect();
        let mut out = ArrayD::from_elem(IxDyn(&shape), A::default());
        for (at, &factor) in left.indexed_iter() {
            let mut place = out.slice_each_axis_mut(|axis| {
                let axis = axis.axis.index();
                let n = b.shape()[axis];
                Slice::from(at[axis] * n..(at[axis] + 1) * n)
            });
            place.zip_mut_with(&right, |out, &x| *out = A::mul(factor, x));
        }
        Ok(Block::new(out).into())
    }
}
