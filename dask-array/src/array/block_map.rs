//! Functions of the user on blocks.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{
    Args, Axis, Blockwise, Graph, LayerInfo, Name, Op, OpError, Packer, Refused, Token, Unpack, UnpackError,
    Unpacked, Unpacker, Value,
};
use ndarray::{ArrayD, ArrayViewD};
use serde::{Deserialize, Serialize};

use super::elementwise::{Operands, broadcast_shape};
use super::{Array, Lazy, built, label};
use crate::block::Block;
use crate::chunks::{Chunks, ChunksError, refine};
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::encoded_payload;

/// Which block of the result a function is called for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BlockInfo {
    /// The block's place among the blocks.
    pub index: Vec<u32>,
    /// The position of its first element in the array.
    pub offset: Vec<usize>,
    /// The shape that the block has to have.
    pub shape: Vec<usize>,
    /// The numbers of blocks along the axes.
    pub n_blocks: Vec<u32>,
}

encoded_payload!(BlockInfo, |it| 8 * it.index.len()
    + (it.offset.len() + it.shape.len()) * size_of::<usize>());

impl<A: Element> Array<A> {
    /// Applies a function to each block; the blocks of the result have the shapes of these.
    ///
    /// The counterpart of `dask.array.map_blocks`; with several arrays, changed shapes or other axes, use
    /// [`BlockMap`]. The function runs in other processes too if it captures nothing.
    ///
    /// A block that the function makes in another shape is an error of the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::{arr1, Axis}};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr1(&[1.0, 2.0, 3.0, 4.0, 5.0]), 3)?;
    /// let backwards = x.map_blocks(|block| {
    ///     let mut block = block.to_owned();
    ///     block.invert_axis(Axis(0));
    ///     block
    /// });
    /// assert_eq!(backwards.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[3.0, 2.0, 1.0, 5.0, 4.0]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn map_blocks<B: Element>(
        &self,
        f: impl Fn(ArrayViewD<'_, A>) -> ArrayD<B> + Send + Sync + 'static,
    ) -> Array<B> {
        self.mapped(move |_, block| Ok(f(block)), &LayerInfo::here())
    }

    /// [`map_blocks`](Array::map_blocks) for a function that is told which block it gets.
    #[must_use]
    #[track_caller]
    pub fn map_blocks_with_info<B: Element>(
        &self,
        f: impl Fn(&BlockInfo, ArrayViewD<'_, A>) -> ArrayD<B> + Send + Sync + 'static,
    ) -> Array<B> {
        self.mapped(move |info, block| Ok(f(info, block)), &LayerInfo::here())
    }

    /// [`map_blocks`](Array::map_blocks) for a function that may fail; its error is that of the run.
    #[must_use]
    #[track_caller]
    pub fn try_map_blocks<B: Element, E: Into<Box<dyn Error + Send + Sync>>>(
        &self,
        f: impl Fn(ArrayViewD<'_, A>) -> Result<ArrayD<B>, E> + Send + Sync + 'static,
    ) -> Array<B> {
        self.mapped(move |_, block| f(block).map_err(OpError::failed), &LayerInfo::here())
    }

    pub(super) fn mapped<B: Element>(
        &self,
        f: impl Fn(&BlockInfo, ArrayViewD<'_, A>) -> Result<ArrayD<B>, OpError> + Send + Sync + 'static,
        info: &LayerInfo,
    ) -> Array<B> {
        let labels = letters(0..self.ndim());
        let all = move |info: &BlockInfo, blocks: &[ArrayViewD<'_, A>]| match blocks {
            [block] => f(info, block.view()),
            _ => Err(OpError::ArgumentCount { takes: 1, given: blocks.len() }),
        };
        let map = BlockMap::to(labels.as_str()).input(self, labels.as_str()).named("map_blocks");
        map.written(all, info).unwrap_or_else(|error| unreachable!("an array fits itself: {error}"))
    }
}

/// A letter for each of these axes.
pub(crate) fn letters(axes: std::ops::Range<usize>) -> String {
    // From the first letter behind Latin on, where there are enough of them.
    axes.filter_map(|axis| char::from_u32(0x1_0000 + axis as u32)).collect()
}

/// A function of corresponding blocks of several arrays, written with a letter for each axis, as in `einsum`: the
/// counterpart of `dask.array.blockwise`.
///
/// - The letters of an input name its axes; axes with the same letter run together, and are cut to their common
///   refinement first. An axis of length one goes with any other.
/// - Letters of the result say which block a function makes. A letter that no input has is a new axis, whose
///   blocks [`chunks`](BlockMap::chunks) declares.
/// - An axis that the result does not have is given to the function whole: the blocks along it are joined.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, BlockMap, ndarray::{arr1, arr2, Ix1, Ix2}};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr2(&[[1.0, 2.0], [3.0, 4.0]]), 1)?;
/// let y = Array::from_ndarray(arr1(&[1.0, 10.0]), 1)?;
/// // Blocks of rows times the whole vector.
/// let product = BlockMap::to("i").input(&x, "ij").input(&y, "j").map(|blocks| {
///     let x = blocks[0].view().into_dimensionality::<Ix2>().unwrap();
///     let y = blocks[1].view().into_dimensionality::<Ix1>().unwrap();
///     x.dot(&y).into_dyn()
/// })?;
/// assert_eq!(product.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[21.0, 43.0]).into_dyn());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct BlockMap<A: Element> {
    output: String,
    inputs: Vec<(Array<A>, String)>,
    declared: BTreeMap<char, Vec<usize>>,
    name: &'static str,
}

/// A letter, as it is used by the inputs.
struct Run {
    letter: char,
    /// The lengths of its blocks: of the inputs' that are not stretched, cut to fit each other.
    lengths: Vec<usize>,
}

impl<A: Element> BlockMap<A> {
    /// Begins with the letters of the result's axes.
    pub fn to(axes: impl Into<String>) -> Self {
        Self { output: axes.into(), inputs: Vec::new(), declared: BTreeMap::new(), name: "block_map" }
    }

    /// Adds an array, with a letter for each of its axes.
    pub fn input(mut self, array: &Array<A>, axes: impl Into<String>) -> Self {
        self.inputs.push((array.clone(), axes.into()));
        self
    }

    /// Declares how long the result's blocks are along an axis: for a new axis, and for one that the function makes
    /// longer or shorter; then for as many blocks as the inputs have.
    pub fn chunks(mut self, axis: char, lengths: impl Into<Vec<usize>>) -> Self {
        self.declared.insert(axis, lengths.into());
        self
    }

    pub(crate) fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Applies a function of one block of each input, in their order. A block that it makes in another shape than
    /// the result's chunks say is an error of the run.
    ///
    /// # Errors
    ///
    /// - When the letters of an input are not one for each axis, or name one twice.
    /// - When a letter of the result is neither an input's nor declared, or stands there twice.
    /// - When axes with the same letter have different lengths, neither of which is one.
    /// - When blocks are declared for an axis in another number than the inputs have.
    #[track_caller]
    pub fn map<B: Element>(
        self,
        f: impl Fn(&[ArrayViewD<'_, A>]) -> ArrayD<B> + Send + Sync + 'static,
    ) -> Result<Array<B>, ArrayError> {
        self.written(move |_, blocks| Ok(f(blocks)), &LayerInfo::here())
    }

    /// [`map`](BlockMap::map) for a function that is told which block it makes.
    ///
    /// # Errors
    ///
    /// - As [`map`](BlockMap::map).
    #[track_caller]
    pub fn map_with_info<B: Element>(
        self,
        f: impl Fn(&BlockInfo, &[ArrayViewD<'_, A>]) -> ArrayD<B> + Send + Sync + 'static,
    ) -> Result<Array<B>, ArrayError> {
        self.written(move |info, blocks| Ok(f(info, blocks)), &LayerInfo::here())
    }

    /// [`map`](BlockMap::map) for a function that may fail; its error is that of the run.
    ///
    /// # Errors
    ///
    /// - As [`map`](BlockMap::map).
    #[track_caller]
    pub fn try_map<B: Element, E: Into<Box<dyn Error + Send + Sync>>>(
        self,
        f: impl Fn(&[ArrayViewD<'_, A>]) -> Result<ArrayD<B>, E> + Send + Sync + 'static,
    ) -> Result<Array<B>, ArrayError> {
        self.written(move |_, blocks| f(blocks).map_err(OpError::failed), &LayerInfo::here())
    }

    pub(super) fn written<B: Element, F>(self, f: F, info: &LayerInfo) -> Result<Array<B>, ArrayError>
    where
        F: Fn(&BlockInfo, &[ArrayViewD<'_, A>]) -> Result<ArrayD<B>, OpError> + Send + Sync + 'static,
    {
        self.written_by(Plain(f), info)
    }

    pub(crate) fn written_by<B: Element>(
        self,
        f: impl BlockFunction<A, B>,
        info: &LayerInfo,
    ) -> Result<Array<B>, ArrayError> {
        let runs = self.runs()?;
        let chunks = self.output_chunks::<B>(&runs)?;
        let mut letters: Vec<char> = self.output.chars().collect();
        letters.extend(runs.iter().map(|run| run.letter).filter(|&letter| !self.output.contains(letter)));
        let axis = |letter: char| label(letters.iter().position(|&known| known == letter).unwrap_or(0));

        let inputs: Vec<(Lazy, Vec<Axis>)> = self
            .inputs
            .iter()
            .map(|(array, letters)| {
                (self.cut(array, letters, &runs, info), letters.chars().map(axis).collect())
            })
            .collect();
        let contracted = |letters: &String| {
            let all = letters.chars().enumerate();
            all.filter(|&(_, letter)| !self.output.contains(letter)).map(|(at, _)| at).collect()
        };
        let op = BlockMapOp::<A, B, _> {
            name: self.name.into(),
            contracted: self.inputs.iter().map(|(_, letters)| contracted(letters)).collect(),
            f,
            element: PhantomData,
        };
        let name = Name::from_token(self.name, Token::unique());
        let output: Vec<_> = (0..chunks.ndim()).map(label).zip(chunks.n_blocks()).collect();
        let mut layer = Blockwise::builder(&name, Arc::new(op), &output).info(info.clone());
        for run in runs.iter().filter(|run| !self.output.contains(run.letter)) {
            layer = layer.contract(axis(run.letter), run.lengths.len() as u32);
        }
        for (lazy, axes) in &inputs {
            let axes: Vec<_> = axes.iter().copied().zip(lazy.chunks.n_blocks()).collect();
            layer = layer.blocks(&lazy.name, &axes);
        }
        let layer = layer.per_block(&output, block_infos(&chunks));
        let graph = Graph::with_inputs(built(layer), inputs.iter().map(|(lazy, _)| &lazy.graph));
        Ok(Array::new(Lazy { name, graph, chunks: Arc::new(chunks) }))
    }

    /// The letters of the inputs, in the order in which they come.
    fn runs(&self) -> Result<Vec<Run>, ArrayError> {
        for (array, letters) in &self.inputs {
            if letters.chars().count() != array.ndim() || repeated(letters).is_some() {
                return Err(ArrayError::Letters { letters: letters.clone(), shape: array.shape().to_vec() });
            }
        }
        let mut runs: Vec<Run> = Vec::new();
        for letter in self.inputs.iter().flat_map(|(_, letters)| letters.chars()) {
            if runs.iter().any(|run| run.letter == letter) {
                continue;
            }
            let used = || {
                self.inputs.iter().filter_map(move |(array, letters)| {
                    let axis = letters.chars().position(|own| own == letter)?;
                    Some(array.chunks().lengths(axis))
                })
            };
            let total = |lengths: &[usize]| lengths.iter().sum::<usize>();
            let shapes: Vec<[usize; 1]> = used().map(|lengths| [total(lengths)]).collect();
            let shape = broadcast_shape(shapes.iter().map(|shape| &shape[..])).map_err(|_| {
                ArrayError::LetterLengths { letter, lengths: shapes.iter().map(|[length]| *length).collect() }
            })?;
            let lengths: Vec<&[usize]> = used().filter(|lengths| shape == [total(lengths)]).collect();
            runs.push(Run { letter, lengths: refine(&lengths) });
        }
        Ok(runs)
    }

    /// The chunks of the result.
    fn output_chunks<B: Element>(&self, runs: &[Run]) -> Result<Chunks, ArrayError> {
        if let Some(letter) = repeated(&self.output) {
            return Err(ArrayError::OutputLetter { letter });
        }
        let axis = |letter: char| {
            let run = runs.iter().find(|run| run.letter == letter);
            match (run, self.declared.get(&letter)) {
                (Some(run), None) => Ok(run.lengths.clone()),
                (Some(run), Some(own)) if own.len() != run.lengths.len() => {
                    Err(ArrayError::LetterBlocks { letter, got: own.len(), expected: run.lengths.len() })
                }
                (_, Some(own)) if !own.is_empty() => Ok(own.clone()),
                _ => Err(ArrayError::OutputLetter { letter }),
            }
        };
        let axes = self.output.chars().map(axis).collect::<Result<Vec<_>, _>>()?;
        let sum = |lengths: &Vec<usize>| lengths.iter().try_fold(0_usize, |sum, &n| sum.checked_add(n));
        let shape: Option<Vec<usize>> = axes.iter().map(sum).collect();
        let overflow = || ChunksError::Overflow { shape: vec![usize::MAX], dtype: B::DTYPE };
        Ok(Chunks::new(&shape.ok_or_else(overflow)?, axes, B::DTYPE)?)
    }

    /// The input with blocks that fit the others'.
    fn cut(&self, array: &Array<A>, letters: &str, runs: &[Run], info: &LayerInfo) -> Lazy {
        let axis = |(letter, &length): (char, &usize)| {
            let run = runs.iter().find(|run| run.letter == letter);
            let fits = |run: &&Run| run.lengths.iter().sum::<usize>() == length;
            run.filter(fits).map_or_else(|| vec![length], |run| run.lengths.clone())
        };
        let own = Chunks::from_lengths(letters.chars().zip(array.shape()).map(axis).collect());
        array.recut(&own, info)
    }
}

/// The first letter that stands there twice.
fn repeated(letters: &str) -> Option<char> {
    letters.char_indices().find(|&(at, letter)| letters[..at].contains(letter)).map(|(_, letter)| letter)
}

/// What functions are told about the blocks of these chunks.
fn block_infos(chunks: &Chunks) -> impl Fn(&[u32]) -> Value + Send + Sync + 'static {
    let starts: Vec<Vec<usize>> = (0..chunks.ndim()).map(|axis| chunks.starts(axis)).collect();
    let n_blocks = chunks.n_blocks();
    move |index| {
        let bounds =
            || index.iter().zip(&starts).map(|(&i, starts)| (starts[i as usize], starts[i as usize + 1]));
        let offset = bounds().map(|(start, _)| start).collect();
        let shape = bounds().map(|(start, end)| end - start).collect();
        Value::sized(BlockInfo { index: index.to_vec(), offset, shape, n_blocks: n_blocks.clone() })
    }
}

/// What is called on blocks, and how it gets into another process.
pub(crate) trait BlockFunction<A: Element, B: Element>: Send + Sync + Sized + 'static {
    fn call(&self, info: &BlockInfo, blocks: &[ArrayViewD<'_, A>]) -> Result<ArrayD<B>, OpError>;

    fn pack(&self, to: &mut Packer) -> Result<(), Refused>;

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError>;
}

/// The blocks that functions get, as they are named where these are packed.
pub(super) type Blocks<A> = &'static [ArrayViewD<'static, A>];

/// A function and nothing else.
struct Plain<F>(F);

impl<A: Element, B: Element, F> BlockFunction<A, B> for Plain<F>
where
    F: Fn(&BlockInfo, &[ArrayViewD<'_, A>]) -> Result<ArrayD<B>, OpError> + Send + Sync + 'static,
{
    fn call(&self, info: &BlockInfo, blocks: &[ArrayViewD<'_, A>]) -> Result<ArrayD<B>, OpError> {
        (self.0)(info, blocks)
    }

    fn pack(&self, to: &mut Packer) -> Result<(), Refused> {
        to.function::<fn(&'static BlockInfo, Blocks<A>) -> Result<ArrayD<B>, OpError>, F>(&self.0)
    }

    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        from.function::<fn(&'static BlockInfo, Blocks<A>) -> Result<ArrayD<B>, OpError>, F>().map(Self)
    }
}

/// Calls a function on blocks; the last argument is the [`BlockInfo`].
struct BlockMapOp<A, B, F> {
    name: Cow<'static, str>,
    /// For each input, the axes along which its blocks come as lists, nested in this order.
    contracted: Vec<Vec<usize>>,
    f: F,
    element: PhantomData<fn(A) -> B>,
}

/// One input of a function: a block as it is, or blocks joined.
enum Joined<'a, A> {
    One(&'a Block<A>),
    Several(ArrayD<A>),
}

impl<A: Element, B: Element, F: BlockFunction<A, B>> Op for BlockMapOp<A, B, F> {
    fn name(&self) -> Cow<'_, str> {
        self.name.clone()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let inputs = self.contracted.iter().enumerate();
        let inputs =
            inputs.map(|(at, axes)| joined::<A>(args.value(at)?, axes, at)).collect::<Result<Vec<_>, _>>()?;
        let views: Vec<_> = inputs
            .iter()
            .map(|input| match input {
                Joined::One(block) => block.view(),
                Joined::Several(array) => array.view(),
            })
            .collect();
        let info = args.get::<BlockInfo>(inputs.len())?;
        let made = self.f.call(info, &views)?;
        if made.shape() != info.shape {
            return Err(OpError::failed(MadeShapeError {
                index: info.index.clone(),
                got: made.shape().to_vec(),
                expected: info.shape.clone(),
            }));
        }
        Ok(Block::new(made).into())
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(&self.name, &self.contracted))?;
        self.f.pack(to)?;
        Ok(|from| {
            let (name, contracted): (String, _) = from.state()?;
            let f = F::unpack(from)?;
            Ok(Unpacked::op(BlockMapOp::<A, B, F> { name: name.into(), contracted, f, element: PhantomData }))
        })
    }
}

/// The block in argument `at`, or the blocks in its lists, which are nested along these axes.
fn joined<'a, A: Element>(value: &'a Value, axes: &[usize], at: usize) -> Result<Joined<'a, A>, OpError> {
    let mistake = |source| OpError::Argument { at, source };
    let Some((&axis, inner)) = axes.split_first() else {
        return Ok(Joined::One(value.get().map_err(mistake)?));
    };
    let list = value.get::<dask_graph::List>().map_err(mistake)?;
    let mut parts = list.iter().map(|part| joined::<A>(part, inner, at)).collect::<Result<Vec<_>, _>>()?;
    if parts.len() == 1
        && let Some(part) = parts.pop()
    {
        return Ok(part);
    }
    let views: Vec<_> = parts
        .iter()
        .map(|part| match part {
            Joined::One(block) => block.view(),
            Joined::Several(array) => array.view(),
        })
        .collect();
    Ok(Joined::Several(ndarray::concatenate(ndarray::Axis(axis), &views).map_err(OpError::failed)?))
}

/// A function that made a block of another shape than the result's chunks say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the function made a block of shape {got:?}, block {index:?} has shape {expected:?}")]
pub struct MadeShapeError {
    /// The block's place among the blocks.
    pub index: Vec<u32>,
    /// The shape that it was made in.
    pub got: Vec<usize>,
    /// The shape that it has to have.
    pub expected: Vec<usize>,
}
