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
const CHAINS: usize = 32;

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
    left: Vec<From>,
    right: Vec<From>,
    /// The blocks along the contracted axes that have elements, as indices along these axes.
    contracted: Arc<[Vec<u32>]>,
    chunks: Chunks,
}

/// An axis of the result, or one of the contracted.
#[derive(Clone, Copy)]
enum From {
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
        let contraction = Contraction {
            left: places(&[&batch[..], &rows, &gone].concat(), &a.labels),
            right: places(&[&batch[..], &gone, &columns].concat(), &b.labels),
            n_batch: batch.len(),
            n_contracted: gone.len(),
            out: Some(places(out, &result)),
        };
        let from = |labels: &[Label]| -> Vec<From> {
            let of = |label: &Label| match out.iter().position(|of_out| of_out == label) {
                Some(axis) => From::Out(axis),
                None => From::Contracted(places(&[*label], &gone)[0]),
            };
            labels.iter().map(of).collect()
        };
        let lengths = |label: &Label| match a.labels.iter().position(|own| own == label) {
            Some(axis) => a.array.chunks().lengths(axis).to_vec(),
            None => b.array.chunks().lengths(places(&[*label], &b.labels)[0]).to_vec(),
        };
        let chunks = Chunks::from_lengths(out.iter().map(lengths).collect());
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
        let name = |what: &str| name_of(what, shared);

        let n_blocks = self.chunks.n_blocks();
        let each = self.step();
        let n_steps = self.contracted.len().div_ceil(each);
        let n_results = n_blocks.iter().fold(1, |n, &blocks| n * blocks.max(1) as usize);
        let n_chains = CHAINS.div_ceil(n_results).min(n_steps);
        let steps = Steps { each, n_steps, n_chains, n_blocks: self.contracted.len() };

        let (parts, sums, result) = (name("product-part"), name("product-sum"), name("product"));
        let ndim = n_blocks.len();
        let inputs: Vec<Name> = vec![self.a.name().clone(), self.b.name().clone()];
        let graphs = [self.a.lazy().graph.clone(), self.b.lazy().graph.clone()];
        let whole = Value::sized(self.contraction.clone());
        let partial = Value::sized(Contraction { out: None, ..self.contraction.clone() });
        let chunks = Arc::new(self.chunks.clone());
        let tasks = Arc::new(Tasks {
            op: kernel_op::<Contracting<A>>(),
            a: self.a.name().clone(),
            b: self.b.name().clone(),
            left: self.left,
            right: self.right,
            contracted: self.contracted,
            parts: parts.clone(),
            steps,
        });

        if n_chains == 1 {
            // The last step of the chain is the result.
            let (own, last) = (tasks.clone(), n_steps - 1);
            let node = move |index: &[u32]| own.step(index, 0, last, &whole);
            let mut names = vec![&inputs[0], &inputs[1]];
            if last == 0 {
                let layer = BlockLayer::new(&result, &chunks, &names, info, node);
                return Array::new(Lazy { name: result, graph: Graph::with_inputs(layer, &graphs), chunks });
            }
            let layer = tasks.layer(&n_blocks, 1, last, &partial, &inputs, info);
            let chain = Graph::with_inputs(layer, &graphs);
            names.push(&parts);
            let layer = BlockLayer::new(&result, &chunks, &names, info, node);
            let graph = Graph::with_inputs(layer, [&chain, &graphs[0], &graphs[1]]);
            return Array::new(Lazy { name: result, graph, chunks });
        }

        let longest = (0..n_chains).map(|chain| steps.of(chain).len()).max().unwrap_or(1);
        let layer = tasks.layer(&n_blocks, n_chains, longest, &partial, &inputs, info);
        let chains = Graph::with_inputs(layer, &graphs);
        // Chains are added one after the other, as they end.
        let op = kernel_op::<Adding<A>>();
        let adding = Joins { op, parts: parts.clone(), sums: sums.clone(), steps, ndim };
        let adding = Arc::new(adding);
        let mut grid = n_blocks.clone();
        grid.push(n_chains as u32);
        let (own, how) = (adding.clone(), partial);
        let node = move |index: &[u32]| own.sum(&index[..ndim], index[ndim] as usize, &how);
        let layer = BlockLayer::grid(&sums, grid, &[&parts], info, node);
        let joined = Graph::with_inputs(layer, [&chains]);
        let node = move |index: &[u32]| adding.sum(index, n_chains - 1, &whole);
        let layer = BlockLayer::new(&result, &chunks, &[&parts, &sums], info, node);
        let graph = Graph::with_inputs(layer, [&joined, &chains]);
        Array::new(Lazy { name: result, graph, chunks })
    }

    /// How many blocks along the contracted axes a task takes.
    fn step(&self) -> usize {
        let largest = |x: &Array<A>| {
            let longest = |lengths: &Vec<usize>| lengths.iter().copied().max().unwrap_or(0);
            x.chunks().axes().iter().map(longest).fold(size_of::<A>(), usize::saturating_mul)
        };
        (STEP_NBYTES / largest(&self.a).saturating_add(largest(&self.b)).max(1)).clamp(1, 64)
    }
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

/// The tasks of the chains.
struct Tasks {
    op: Arc<dyn Op>,
    a: Name,
    b: Name,
    left: Vec<From>,
    right: Vec<From>,
    contracted: Arc<[Vec<u32>]>,
    parts: Name,
    steps: Steps,
}

impl Tasks {
    /// The layer of the first `n` steps of the chains.
    fn layer(
        self: &Arc<Self>,
        n_blocks: &[u32],
        n_chains: usize,
        n: usize,
        how: &Value,
        inputs: &[Name],
        info: &LayerInfo,
    ) -> BlockLayer<impl Fn(&[u32]) -> Node + Send + Sync + 'static> {
        let mut grid = n_blocks.to_vec();
        grid.extend([n_chains as u32, n as u32]);
        let (own, ndim, how) = (self.clone(), n_blocks.len(), how.clone());
        let node = move |index: &[u32]| {
            let chain = index[ndim] as usize;
            // Chains differ in length by one: what a shorter one does not have is its end once more.
            let last = own.steps.of(chain).len().saturating_sub(1);
            own.step(&index[..ndim], chain, (index[ndim + 1] as usize).min(last), &how)
        };
        let inputs: Vec<&Name> = inputs.iter().collect();
        BlockLayer::grid(&self.parts, grid, &inputs, info, node)
    }

    /// One step of a chain of the result's block at `index`.
    fn step(&self, index: &[u32], chain: usize, at: usize, how: &Value) -> Node {
        let blocks = self.steps.blocks(self.steps.of(chain).start + at);
        let list = |name: &Name, from: &[From]| {
            let key = |contracted: &Vec<u32>| {
                let of = |from: &From| match *from {
                    From::Out(axis) => index[axis],
                    From::Contracted(axis) => contracted[axis],
                };
                Arg::Key(Key::new(name, &from.iter().map(of).collect::<Vec<u32>>()))
            };
            Arg::List(self.contracted[blocks.clone()].iter().map(key).collect())
        };
        let mut args = vec![Arg::Value(how.clone()), list(&self.a, &self.left), list(&self.b, &self.right)];
        if at > 0 {
            args.push(Arg::Key(part(&self.parts, index, chain, at - 1)));
        }
        Node::Task(Task::new(self.op.clone(), args))
    }
}

fn part(parts: &Name, index: &[u32], chain: usize, step: usize) -> Key {
    let mut at = index.to_vec();
    at.extend([chain as u32, step as u32]);
    Key::new(parts, &at)
}

/// The tasks that add chains.
struct Joins {
    op: Arc<dyn Op>,
    parts: Name,
    sums: Name,
    steps: Steps,
    ndim: usize,
}

impl Joins {
    /// The sum of all chains up to this one.
    fn sum(&self, index: &[u32], chain: usize, how: &Value) -> Node {
        debug_assert_eq!(index.len(), self.ndim);
        let end = |chain: usize| part(&self.parts, index, chain, self.steps.of(chain).len() - 1);
        let before = match chain {
            0 => return Node::Alias(end(0)),
            1 => end(0),
            _ => {
                let mut at = index.to_vec();
                at.push(chain as u32 - 1);
                Key::new(&self.sums, &at)
            }
        };
        Node::Task(Task::new(
            self.op.clone(),
            [Arg::Value(how.clone()), Arg::Key(before), Arg::Key(end(chain))],
        ))
    }
}
