//! Quantiles along axes that lie in one block.

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, Node, OpError, Task, Tokenize, Tokenizer, Value};
use ndarray::{ArrayD, IxDyn};
use serde::{Deserialize, Serialize};

use super::Question;
use crate::array::layer::BlockLayer;
use crate::array::{Array, Lazy, name_of};
use crate::block::Block;
use crate::chunks::{ChunkSpec, Chunks};
use crate::element::{Element, Real};
use crate::kernel::{Kernel, encoded_payload, kernel_op};
use crate::program::kernels::Kernels;
use crate::sorting;

impl<A: Element<Real = A>> Array<A> {
    pub(super) fn quantiles_along(
        &self,
        operation: &'static str,
        question: &Question,
        reduced: &[bool],
        keepdims: bool,
        info: &LayerInfo,
    ) -> Array<A::RealFloat> {
        let whole = self.whole_along(reduced, info);
        let mut token = Tokenizer::new(operation).feed(whole.name()).feed(reduced).feed(&keepdims);
        format!("{question:?}").tokenize(&mut token);
        let name = name_of(operation, token.finish());
        let lists = question.is_list.then(|| vec![question.probabilities.len()]);
        let kept = whole.chunks().axes().iter().zip(reduced).filter_map(|(lengths, &reduced)| {
            if !reduced { Some(lengths.clone()) } else { keepdims.then(|| vec![1]) }
        });
        let chunks = Chunks::from_lengths(lists.into_iter().chain(kept).collect());
        let params = Along { question: question.clone(), reduced: reduced.to_vec(), keepdims };
        let (params, op) = (Value::sized(params), kernel_op::<Selecting<A>>());
        let (input, reduced, skipped) =
            (whole.name().clone(), reduced.to_vec(), usize::from(question.is_list));
        let node = move |index: &[u32]| {
            // Along reduced axes there is one block.
            let mut kept = index[skipped..].iter().copied();
            let of = |&reduced: &bool| if reduced && !keepdims { 0 } else { kept.next().unwrap_or(0) };
            let block: Vec<u32> = reduced.iter().map(of).collect();
            Node::Task(Task::new(
                op.clone(),
                [Arg::Key(Key::new(&input, &block)), Arg::Value(params.clone())],
            ))
        };
        let layer = BlockLayer::new(&name, &chunks, &[whole.name()], info, node);
        let graph = Graph::with_inputs(layer, [&whole.lazy().graph]);
        Array::new(Lazy { name, graph, chunks: Arc::new(chunks) })
    }

    /// The array with one block along these axes. Along the others blocks are made so short that they stay as large as
    /// blocks are by themselves.
    fn whole_along(&self, axes: &[bool], info: &LayerInfo) -> Array<A> {
        let n_blocks = self.chunks().n_blocks();
        if n_blocks.iter().zip(axes).all(|(&n, &whole)| !whole || n == 1) {
            return self.clone();
        }
        let wishes: Vec<ChunkSpec> =
            axes.iter().map(|&whole| if whole { ChunkSpec::Whole } else { ChunkSpec::Auto }).collect();
        let chunks = self.chunks().recut(wishes, A::DTYPE);
        self.rechunked(&chunks.unwrap_or_else(|error| unreachable!("there is a wish an axis: {error}")), info)
    }
}

#[derive(Serialize, Deserialize)]
struct Along {
    question: Question,
    reduced: Vec<bool>,
    keepdims: bool,
}

encoded_payload!(Along, |it| size_of_val(&*it.question.probabilities) + it.reduced.len());

/// Selects quantiles in a block.
struct Selecting<A>(PhantomData<fn() -> A>);

impl<A: Element<Real = A>> Kernel for Selecting<A> {
    const NAME: &'static str = "quantile";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (block, along) = (args.get::<Block<A>>(0)?.view(), args.get::<Along>(1)?);
        let kept = (0..block.ndim()).filter(|&axis| !along.reduced[axis]);
        let order: Vec<usize> = kept.chain((0..block.ndim()).filter(|&axis| along.reduced[axis])).collect();
        let lines = order.iter().filter(|&&axis| !along.reduced[axis]).map(|&axis| block.shape()[axis]);
        let lines: usize = lines.product();
        let question = &along.question;
        let shape = block
            .shape()
            .iter()
            .zip(&along.reduced)
            .filter_map(|(&n, &reduced)| if !reduced { Some(n) } else { along.keepdims.then_some(1) });
        let lists = question.is_list.then_some(question.probabilities.len());
        let shape: Vec<usize> = lists.into_iter().chain(shape).collect();

        let mut all = block.permuted_axes(IxDyn(&order)).as_standard_layout().into_owned();
        let all = all.as_slice_mut().unwrap_or_default();
        let n = all.len().checked_div(lines).unwrap_or(0);
        let mut results = vec![A::RealFloat::default(); lines * question.probabilities.len()];
        let mut found = Vec::new();
        for line in 0..lines {
            question.answer(&mut all[line * n..(line + 1) * n], &mut found);
            for (at, &quantile) in found.iter().enumerate() {
                results[at * lines + line] = A::RealFloat::from_f64(quantile);
            }
        }
        Ok(Block::new(ArrayD::from_shape_vec(IxDyn(&shape), results).map_err(OpError::failed)?).into())
    }
}

impl Question {
    /// The quantiles of a line, which is put into another order.
    fn answer<A: Element>(&self, line: &mut [A], found: &mut Vec<f64>) {
        found.clear();
        let numbers = sorting::numbers_first(line);
        if numbers == 0 || (numbers < line.len() && !self.skip_nan) {
            found.resize(self.probabilities.len(), f64::NAN);
            return;
        }
        let line = &mut line[..numbers];
        let places = self.probabilities.iter().map(|&q| self.method.place(line.len(), q));
        let places: Vec<_> = places.collect();
        let mut ranks: Vec<usize> = places.iter().flat_map(|place| [place.lower, place.upper]).collect();
        ranks.sort_unstable();
        ranks.dedup();
        select(line, 0, &ranks);
        let number = |rank: usize| f64::from_scalar(line[rank].to_scalar());
        found.extend(
            places.iter().map(|&place| self.method.mix(place, number(place.lower), number(place.upper))),
        );
    }
}

/// Puts the elements of these ranks, which go up and are counted from `offset`, where sorting would. There is no NaN.
pub(super) fn select<A: Element>(line: &mut [A], offset: usize, ranks: &[usize]) {
    let Some(&rank) = ranks.get(ranks.len() / 2) else { return };
    let at = rank - offset;
    let (below, above) = ranks.split_at(ranks.len() / 2);
    let (lower, _, higher) = line.select_nth_unstable_by(at, |&a, &b| sorting::number_order(a, b));
    select(lower, offset, below);
    select(higher, rank + 1, &above[1..]);
}
