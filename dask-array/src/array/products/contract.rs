//! The contraction of two arrays: the layers, and the order in which products are added up.
//!
//! A block of the result is added up in place, by *chains* of tasks: each takes some blocks along the contracted
//! axes and the sum so far, which is its own by then.
//!
//! ```text
//! result block    a₀b₀ ─ + a₁b₁ ─ + a₂b₂ ─┐               few result blocks have several chains each, so that
//!                 a₃b₃ ─ + a₄b₄ ─ + a₅b₅ ─ + ─┐           there is work for many; many have one
//!                 a₆b₆ ─ + a₇b₇ ─ + a₈b₈ ─────── +
//! ```
//!
//! No more sums are alive than chains are in work, however many blocks are contracted.

use std::ops::Range;
use std::sync::Arc;

use dask_graph::{Arg, Graph, Key, LayerInfo, Name, Node, Op, Task, Tokenizer, Value};
use ndarray::{NewAxis, SliceInfoElem};

use crate::array::elementwise::{Operands, elementwise};
use crate::array::layer::BlockLayer;
use crate::array::{Array, Lazy, name_of};
use crate::chunks::{Chunks, refine};
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::kernel_op;
use crate::product::{Adding, Contracting, Contraction};
use crate::program::kernels::BinaryOp;

/// What an axis is called: axes of one label run together.
pub(super) type Label = u32;

/// An array whose axes have names.
pub(super) struct Labelled<A: Element> {
    pub(super) array: Array<A>,
    pub(super) labels: Vec<Label>,
}

/// Chains of a result of one block; of a result of more, each has its share.
const CHAINS: usize = 16;

/// Bytes of the blocks that a task takes along the contracted axes: small ones are taken together.
const STEP_NBYTES: usize = 1 << 20;

/// Multiplies two arrays along the labels that they share and adds up along those that `out` does not name.
///
/// Labels of one array are distinct, labels of one name have one length, and what only one array has is in `out`.
pub(super) fn contract<A: Element>(
    a: &Labelled<A>,
    b: &Labelled<A>,
    out: &[Label],
    info: &LayerInfo,
) -> Result<Array<A>, ArrayError> {
    if a.labels.iter().chain(&b.labels).all(|label| out.contains(label)) {
        return outer(a, b, out, info);
    }
    // The result lies in memory as rows and columns do: rows are what comes first.
    let first_alone = out.iter().find(|&label| a.labels.contains(label) != b.labels.contains(label));
    let (a, b) = if first_alone.is_some_and(|label| b.labels.contains(label)) { (b, a) } else { (a, b) };
    let (a, b) = (recut(a, b, info), recut(b, a, info));
    Ok(Contracted::new(&a, &b, out).array(info))
}

/// Nothing to add up: an elementwise product.
fn outer<A: Element>(
    a: &Labelled<A>,
    b: &Labelled<A>,
    out: &[Label],
    info: &LayerInfo,
) -> Result<Array<A>, ArrayError> {
    let [a, b] = [a, b].map(|x| {
        let place = |label: &Label| x.labels.iter().position(|own| own == label);
        let order: Vec<usize> = out.iter().filter_map(place).collect();
        let axis = |label| if place(label).is_some() { SliceInfoElem::from(..) } else { NewAxis.into() };
        x.array.permuted(&order, info).sliced(&out.iter().map(axis).collect::<Vec<_>>(), info)
    });
    let (a, b) = (a?, b?);
    let operands: [&dyn Operands; 2] = [&a, &b];
    elementwise("multiply", &|_| {}, &operands, info, |program, x| {
        program.binary(BinaryOp::Mul, A::DTYPE, x[0], x[1])
    })
}

/// Cuts `a` where `b` is cut, too.
fn recut<A: Element>(a: &Labelled<A>, b: &Labelled<A>, info: &LayerInfo) -> Labelled<A> {
    let cuts = a.labels.iter().enumerate().map(|(axis, label)| {
        let own = a.array.chunks().lengths(axis);
        match b.labels.iter().position(|other| other == label) {
            Some(other) => refine(&[own, b.array.chunks().lengths(other)]),
            None => own.to_vec(),
        }
    });
    let chunks = Chunks::from_lengths(cuts.collect());
    Labelled { array: a.array.rechunked(&chunks, info), labels: a.labels.clone() }
}

/// A contraction of arrays that are cut alike.
struct Contracted<A: Element> {
    a: Array<A>,
    b: Array<A>,
    /// How blocks are multiplied; axes are those of the arrays.
    contraction: Contraction,
    /// For each axis of the operands, where the block's number comes from.
    left: Vec<AxisOf>,
    right: Vec<AxisOf>,
    /// The blocks along the contracted axes that have elements, as indices along these axes.
    contracted: Arc<[Vec<u32>]>,
    chunks: Chunks,
}

/// An axis of the result, or one of the contracted.
#[derive(Clone, Copy)]
enum AxisOf {
    Out(usize),
    Contracted(usize),
}

impl<A: Element> Contracted<A> {
    fn new(a: &Labelled<A>, b: &Labelled<A>, out: &[Label]) -> Self {
        let batch: Vec<Label> = both(out, &a.labels).filter(|label| b.labels.contains(label)).collect();
        let rows: Vec<Label> = both(out, &a.labels).filter(|label| !batch.contains(label)).collect();
        let columns: Vec<Label> = both(out, &b.labels).filter(|label| !batch.contains(label)).collect();
        let gone: Vec<Label> = a.labels.iter().copied().filter(|label| !out.contains(label)).collect();
        let result: Vec<Label> = [&batch[..], &rows, &columns].concat();
        let from = |labels: &[Label]| -> Vec<AxisOf> {
            let of = |label: &Label| match out.iter().position(|of_out| of_out == label) {
                Some(axis) => AxisOf::Out(axis),
                None => AxisOf::Contracted(places(&[*label], &gone)[0]),
            };
            labels.iter().map(of).collect()
        };
        let lengths = |label: &Label| match a.labels.iter().position(|own| own == label) {
            Some(axis) => a.array.chunks().lengths(axis).to_vec(),
            None => b.array.chunks().lengths(places(&[*label], &b.labels)[0]).to_vec(),
        };
        let chunks = Chunks::from_lengths(out.iter().map(lengths).collect());
        let contraction = Contraction {
            left: places(&[&batch[..], &rows, &gone].concat(), &a.labels),
            right: places(&[&batch[..], &gone, &columns].concat(), &b.labels),
            n_batch: batch.len(),
            n_contracted: gone.len(),
            out: Some(places(out, &result)),
            nbytes: largest_block::<A>(&chunks) as u64,
        };
        let along = Chunks::from_lengths(gone.iter().map(lengths).collect());
        let is_some =
            |index: &Vec<u32>| (0..gone.len()).all(|axis| along.lengths(axis)[index[axis] as usize] > 0);
        let mut contracted: Vec<Vec<u32>> = along.indices().filter(is_some).collect();
        if contracted.is_empty() {
            // Sums of nothing are zero; their shape is that of a product of empty blocks.
            contracted.push(vec![0; gone.len()]);
        }
        let (left, right) = (from(&a.labels), from(&b.labels));
        let (a, b) = (a.array.clone(), b.array.clone());
        Self { a, b, contraction, left, right, contracted: contracted.into(), chunks }
    }

    fn array(self, info: &LayerInfo) -> Array<A> {
        let token = Tokenizer::new("product").feed(self.a.name()).feed(self.b.name());
        let token = token.feed(&self.contraction.left).feed(&self.contraction.right);
        let token = token.feed(&self.contraction.n_batch).feed(&self.contraction.n_contracted);
        let shared = token.feed(&self.contraction.out).finish();

        let n_blocks = self.chunks.n_blocks();
        let (each, n_contracted) = (self.step(), self.contracted.len());
        let n_steps = n_contracted.div_ceil(each);
        let n_results = n_blocks.iter().fold(1, |n, &blocks| n * blocks.max(1) as usize);
        let n_chains = CHAINS.div_ceil(n_results).min(n_steps);
        let chains = Chains {
            products: kernel_op::<Contracting<A>>(),
            sums: kernel_op::<Adding<A>>(),
            names: ["product-part", "product-sum", "product"].map(|what| name_of(what, shared)),
            inputs: [self.a.name().clone(), self.b.name().clone()],
            graphs: [self.a.lazy().graph.clone(), self.b.lazy().graph.clone()],
            sides: [self.left, self.right],
            contracted: self.contracted,
            steps: Steps { each, n_steps, n_chains, n_blocks: n_contracted },
            n_blocks,
            going_on: Value::sized(Contraction { out: None, ..self.contraction.clone() }),
            last: Value::sized(self.contraction),
        };
        let (name, graph) = Arc::new(chains).graph(&self.chunks, info);
        Array::new(Lazy { name, graph, chunks: Arc::new(self.chunks) })
    }

    /// How many blocks along the contracted axes a task takes.
    fn step(&self) -> usize {
        let [a, b] = [&self.a, &self.b].map(|x| largest_block::<A>(x.chunks()));
        (STEP_NBYTES / a.saturating_add(b).max(1)).clamp(1, 64)
    }
}

/// Bytes of the largest block.
fn largest_block<A>(chunks: &Chunks) -> usize {
    let longest = |lengths: &Vec<usize>| lengths.iter().copied().max().unwrap_or(0);
    chunks.axes().iter().map(longest).fold(size_of::<A>(), usize::saturating_mul)
}

/// The labels of `out` that are among `labels`, too.
fn both(out: &[Label], labels: &[Label]) -> impl Iterator<Item = Label> {
    out.iter().copied().filter(|label| labels.contains(label))
}

/// Where labels stand among others, which have them all.
fn places(labels: &[Label], among: &[Label]) -> Vec<usize> {
    labels.iter().filter_map(|label| among.iter().position(|other| other == label)).collect()
}

/// How the blocks along the contracted axes are shared out.
#[derive(Clone, Copy)]
struct Steps {
    /// Blocks that one task takes.
    each: usize,
    n_steps: usize,
    n_chains: usize,
    n_blocks: usize,
}

impl Steps {
    /// The steps of a chain.
    fn of(&self, chain: usize) -> Range<usize> {
        chain * self.n_steps / self.n_chains..(chain + 1) * self.n_steps / self.n_chains
    }

    /// The blocks of a step.
    fn blocks(&self, step: usize) -> Range<usize> {
        step * self.each..((step + 1) * self.each).min(self.n_blocks)
    }
}

/// The tasks of a contraction.
struct Chains {
    products: Arc<dyn Op>,
    sums: Arc<dyn Op>,
    /// What the layers are called: of the steps, of chains that are added, and of the result.
    names: [Name; 3],
    inputs: [Name; 2],
    graphs: [Graph; 2],
    /// For each axis of the operands, where the block's number comes from.
    sides: [Vec<AxisOf>; 2],
    contracted: Arc<[Vec<u32>]>,
    steps: Steps,
    /// Numbers of blocks of the result along its axes.
    n_blocks: Vec<u32>,
    /// How products are added to a sum that goes on, and to a result.
    going_on: Value,
    last: Value,
}

impl Chains {
    fn graph(self: Arc<Self>, chunks: &Chunks, info: &LayerInfo) -> (Name, Graph) {
        let [parts, sums, result] = &self.names;
        let last_step = self.steps.n_steps - 1;
        if self.steps.n_chains == 1 {
            // The last step of the chain is the result.
            let own = self.clone();
            let node = move |index: &[u32]| own.step(index, 0, last_step, &own.last);
            let [a, b] = &self.inputs;
            if last_step == 0 {
                let layer = BlockLayer::new(result, chunks, &[a, b], info, node);
                return (result.clone(), Graph::with_inputs(layer, &self.graphs));
            }
            let steps = self.clone().steps_before(last_step, info);
            let layer = BlockLayer::new(result, chunks, &[a, b, parts], info, node);
            let graph = Graph::with_inputs(layer, [&steps, &self.graphs[0], &self.graphs[1]]);
            return (result.clone(), graph);
        }
        // Chains are added one after the other, as they end.
        let longest = (0..self.steps.n_chains).map(|chain| self.steps.of(chain).len()).max();
        let steps = self.clone().steps_before(longest.unwrap_or(1), info);
        let (own, ndim, last_chain) = (self.clone(), self.n_blocks.len(), self.steps.n_chains - 1);
        let node = move |index: &[u32]| own.sum(&index[..ndim], index[ndim] as usize, &own.going_on);
        let mut grid = self.n_blocks.clone();
        grid.push(self.steps.n_chains as u32);
        let added = Graph::with_inputs(BlockLayer::grid(sums, grid, &[parts], info, node), [&steps]);
        let own = self.clone();
        let node = move |index: &[u32]| own.sum(index, last_chain, &own.last);
        let layer = BlockLayer::new(result, chunks, &[parts, sums], info, node);
        (result.clone(), Graph::with_inputs(layer, [&added, &steps]))
    }

    /// The layer of the first `n` steps of the chains.
    fn steps_before(self: Arc<Self>, n: usize, info: &LayerInfo) -> Graph {
        let mut grid = self.n_blocks.clone();
        grid.extend([self.steps.n_chains as u32, n as u32]);
        let (own, ndim) = (self.clone(), self.n_blocks.len());
        let node = move |index: &[u32]| {
            let chain = index[ndim] as usize;
            // Chains differ in length by one: what a shorter one does not have is its end once more.
            let last = own.steps.of(chain).len().saturating_sub(1);
            own.step(&index[..ndim], chain, (index[ndim + 1] as usize).min(last), &own.going_on)
        };
        let [a, b] = &self.inputs;
        let layer = BlockLayer::grid(&self.names[0], grid, &[a, b], info, node);
        Graph::with_inputs(layer, &self.graphs)
    }

    /// One step of a chain of the result's block at `index`.
    fn step(&self, index: &[u32], chain: usize, at: usize, how: &Value) -> Node {
        let blocks = self.steps.blocks(self.steps.of(chain).start + at);
        let list = |side: usize| {
            let key = |contracted: &Vec<u32>| {
                let of = |from: &AxisOf| match *from {
                    AxisOf::Out(axis) => index[axis],
                    AxisOf::Contracted(axis) => contracted[axis],
                };
                let block: Vec<u32> = self.sides[side].iter().map(of).collect();
                Arg::Key(Key::new(&self.inputs[side], &block))
            };
            Arg::List(self.contracted[blocks.clone()].iter().map(key).collect())
        };
        let mut args = vec![Arg::Value(how.clone()), list(0), list(1)];
        if at > 0 {
            args.push(Arg::Key(self.part(index, chain, at - 1)));
        }
        Node::Task(Task::new(self.products.clone(), args))
    }

    fn part(&self, index: &[u32], chain: usize, step: usize) -> Key {
        let mut at = index.to_vec();
        at.extend([chain as u32, step as u32]);
        Key::new(&self.names[0], &at)
    }

    /// The sum of all chains up to this one.
    fn sum(&self, index: &[u32], chain: usize, how: &Value) -> Node {
        let end = |chain: usize| self.part(index, chain, self.steps.of(chain).len() - 1);
        let before = match chain {
            0 => return Node::Alias(end(0)),
            1 => end(0),
            _ => {
                let mut at = index.to_vec();
                at.push(chain as u32 - 1);
                Key::new(&self.names[1], &at)
            }
        };
        let args = [Arg::Value(how.clone()), Arg::Key(before), Arg::Key(end(chain))];
        Node::Task(Task::new(self.sums.clone(), args))
    }
}
