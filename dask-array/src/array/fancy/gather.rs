//! Blocks gathered from blocks: what is taken of each, and where it goes.

use std::marker::PhantomData;
use std::ops::Range;

use dask_graph::{Args, OpError, Tokenize, Tokenizer, Value};
use ndarray::{ArrayD, IxDyn};
use serde::{Deserialize, Serialize};

use crate::block::Block;
use crate::element::Element;
use crate::kernel::{Kernel, encoded_payload};

/// The axes of a block that points lie along.
#[derive(Serialize, Deserialize)]
pub(super) struct Along {
    pub(super) start: usize,
    pub(super) end: usize,
}

encoded_payload!(Along, |it| size_of_val(it));

/// How a block is gathered.
#[derive(Serialize, Deserialize)]
pub(super) struct Gather {
    /// The number of points.
    pub(super) len: usize,
    /// What is taken of each block.
    pub(super) parts: Vec<Part>,
}

encoded_payload!(Gather, |it| it.parts.iter().map(Part::nbytes).sum::<usize>());

/// What is taken of a block, and where it goes.
#[derive(Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) from: Places,
    pub(super) to: Places,
}

impl Part {
    fn nbytes(&self) -> usize {
        self.from.nbytes() + self.to.nbytes()
    }
}

impl Tokenize for Part {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.from.tokenize(t);
        self.to.tokenize(t);
    }
}

/// Places along an axis.
#[derive(Serialize, Deserialize)]
pub(super) enum Places {
    Run(Range<usize>),
    At(Vec<usize>),
}

impl Tokenize for Places {
    fn tokenize(&self, t: &mut Tokenizer) {
        match self {
            Places::Run(run) => (0_u8, run.start, run.end).tokenize(t),
            Places::At(at) => (1_u8, at).tokenize(t),
        }
    }
}

impl Places {
    pub(super) fn new(places: impl Iterator<Item = usize>) -> Self {
        let places: Vec<usize> = places.collect();
        match places.first() {
            Some(&first) if places.iter().copied().eq(first..first + places.len()) => {
                Places::Run(first..first + places.len())
            }
            _ => Places::At(places),
        }
    }

    fn len(&self) -> usize {
        match self {
            Places::Run(run) => run.len(),
            Places::At(at) => at.len(),
        }
    }

    fn nbytes(&self) -> usize {
        match self {
            Places::Run(_) => size_of::<Range<usize>>(),
            Places::At(at) => size_of_val(&**at),
        }
    }

    /// The place behind the last.
    fn end(&self) -> usize {
        match self {
            Places::Run(run) => run.end,
            Places::At(at) => at.iter().max().map_or(0, |last| last + 1),
        }
    }
}

/// Gathers points of several blocks.
pub(super) struct Taking<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Taking<A> {
    const NAME: &'static str = "take";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (blocks, along, gather) = (args.list(0)?, args.get::<Along>(1)?, args.get::<Gather>(2)?);
        let blocks = blocks.into_iter().map(|value| value.get::<Block<A>>());
        let blocks = blocks.map(|block| block.map_err(|source| OpError::Argument { at: 0, source }));
        take(blocks, along.start..along.end, gather)
    }
}

/// Gathers points of blocks, which lie along these axes, to one block.
pub(super) fn take<'a, A: Element>(
    blocks: impl IntoIterator<Item = Result<&'a Block<A>, OpError>>,
    axes: Range<usize>,
    gather: &Gather,
) -> Result<Value, OpError> {
    let misfit = |shape: &[usize]| OpError::failed(PointsError { shape: shape.to_vec() });
    let mut shape: Vec<usize> = Vec::new();
    let mut out: Vec<A> = Vec::new();
    for (block, part) in blocks.into_iter().zip(&gather.parts) {
        let block = block?;
        let Some(along) = block.shape().get(axes.clone()) else { return Err(misfit(block.shape())) };
        let n: usize = along.iter().product();
        let (outer, inner) = (&block.shape()[..axes.start], &block.shape()[axes.end..]);
        if shape.is_empty() {
            shape = [outer, &[gather.len], inner].concat();
            out = vec![A::default(); shape.iter().product()];
        }
        let fits = part.from.end() <= n && part.to.end() <= gather.len && part.from.len() == part.to.len();
        if !fits || shape[..outer.len()] != *outer || shape[outer.len() + 1..] != *inner {
            return Err(misfit(block.shape()));
        }
        let inner: usize = inner.iter().product();
        let data = block.row_major();
        let rows =
            data.chunks_exact((n * inner).max(1)).zip(out.chunks_exact_mut((gather.len * inner).max(1)));
        rows.for_each(|(from, to)| copy(from, to, part, inner));
    }
    Ok(Block::new(ArrayD::from_shape_vec(IxDyn(&shape), out).map_err(OpError::failed)?).into())
}

/// Copies runs of `inner` elements from places to places.
fn copy<A: Element>(from: &[A], to: &mut [A], part: &Part, inner: usize) {
    let run = |run: &Range<usize>| run.start * inner..run.end * inner;
    let at = |place: usize| place * inner..(place + 1) * inner;
    match (&part.from, &part.to) {
        (Places::Run(source), Places::Run(target)) => to[run(target)].copy_from_slice(&from[run(source)]),
        (Places::At(source), Places::Run(target)) if inner == 1 => {
            to[run(target)].iter_mut().zip(source).for_each(|(to, &source)| *to = from[source]);
        }
        (Places::Run(source), Places::At(target)) if inner == 1 => {
            from[run(source)].iter().zip(target).for_each(|(&from, &target)| to[target] = from);
        }
        (Places::At(source), Places::At(target)) if inner == 1 => {
            source.iter().zip(target).for_each(|(&source, &target)| to[target] = from[source]);
        }
        (Places::At(source), Places::Run(target)) => {
            let targets = target.clone();
            source.iter().zip(targets).for_each(|(&a, b)| to[at(b)].copy_from_slice(&from[at(a)]));
        }
        (Places::Run(source), Places::At(target)) => {
            source.clone().zip(target).for_each(|(a, &b)| to[at(b)].copy_from_slice(&from[at(a)]));
        }
        (Places::At(source), Places::At(target)) => {
            source.iter().zip(target).for_each(|(&a, &b)| to[at(b)].copy_from_slice(&from[at(a)]));
        }
    }
}

/// A block that does not have the points that are to be taken of it.
#[derive(Debug, thiserror::Error)]
#[error("a block of shape {shape:?} does not hold the points that were to be taken of it")]
struct PointsError {
    shape: Vec<usize>,
}
