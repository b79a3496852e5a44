//! Quantiles over all elements of many blocks, which are never brought together.

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{
    Arg, Args, BlockArg, Graph, Key, LayerInfo, Node, OpError, Task, Tokenize, Tokenizer, Value,
};
use ndarray::{ArrayD, IxDyn};

use super::Question;
use super::along::select;
use crate::array::layer::BlockLayer;
use crate::array::{Array, Lazy, blockwise, built, name_of};
use crate::block::Block;
use crate::chunks::Chunks;
use crate::element::{Element, Real};
use crate::kernel::{Kernel, encoded_payload, kernel_op};
use crate::program::kernels::Kernels;
use crate::reduce::paired::Paired;
use crate::sorting;

/// How many regular ranks of a block are looked at: what is gathered for a quantile is at most about two parts of so many
/// of all elements.
const SAMPLES: usize = 16;

/// Where blocks are alike, a rank lies in each at about the same share of it: it is looked at so small a part of a block
/// before and behind that, and what is gathered is about two such parts.
const NEIGHBOURHOOD: usize = 128;

/// In the place of a rank: there was a NaN, which makes the result one.
const SPOILED: i64 = -1;

impl<A: Element<Real = A>> Array<A> {
    pub(super) fn quantiles_of_all(
        &self,
        operation: &'static str,
        question: &Question,
        keepdims: bool,
        info: &LayerInfo,
    ) -> Array<A::RealFloat> {
        let n_results = question.is_list.then_some(question.probabilities.len());
        let ones = std::iter::repeat_n(1, if keepdims { self.ndim() } else { 0 });
        let shape: Vec<usize> = n_results.into_iter().chain(ones).collect();
        let mut token = Tokenizer::new(operation).feed(self.name()).feed(&shape);
        format!("{question:?}").tokenize(&mut token);
        let token = token.finish();
        let named =
            |step: &str| name_of(&format!("{operation}-{step}"), Tokenizer::new(step).feed(&token).finish());
        let params = Value::sized(Asked { question: question.clone(), shape: shape.clone() });
        let axes = self.lazy().block_axes(0..self.ndim());

        let samples = named("sample");
        let layer = blockwise(&samples, kernel_op::<Sampling<A>>(), self.chunks(), info)
            .blocks(self.name(), &axes)
            .arg(BlockArg::Literal(params.clone()));
        let graph = Graph::with_inputs(built(layer), [&self.lazy().graph]);

        let bounds = named("bounds");
        let graph =
            self.samples_gathered(&bounds, &samples, kernel_op::<Bounding<A>>(), None, &params, graph, info);
        let bound = Key::new(&bounds, &[]);

        let narrowed = named("narrow");
        let layer = blockwise(&narrowed, kernel_op::<Narrowing<A>>(), self.chunks(), info)
            .blocks(self.name(), &axes)
            .whole(bound.clone());
        let graph = Graph::with_inputs(built(layer), [&self.lazy().graph, &graph]);

        let gathered = named("select");
        let op = kernel_op::<Selecting<A>>();
        let graph = self.samples_gathered(&gathered, &narrowed, op, Some(bound), &params, graph, info);
        let chunks = Arc::new(Chunks::from_lengths(shape.iter().map(|&n| vec![n]).collect()));
        // The task has no index, the block of the result has one for each of its axes.
        let name = name_of(operation, token);
        let node = move |_: &[u32]| Node::Alias(Key::new(&gathered, &[]));
        let inputs = [named("select")];
        let layer = BlockLayer::new(&name, &chunks, &[&inputs[0]], info, node);
        Array::new(Lazy { name, graph: Graph::with_inputs(layer, [&graph]), chunks })
    }

    /// One task that takes what was made of all blocks, as a list, a key if there is one, and the parameters.
    #[expect(clippy::too_many_arguments, reason = "what a task is made of")]
    fn samples_gathered(
        &self,
        name: &dask_graph::Name,
        parts: &dask_graph::Name,
        op: Arc<dyn dask_graph::Op>,
        key: Option<Key>,
        params: &Value,
        graph: Graph,
        info: &LayerInfo,
    ) -> Graph {
        let (chunks, params, input) = (self.lazy().chunks.clone(), params.clone(), parts.clone());
        let mut inputs = vec![parts];
        let of_key = key.as_ref().map(|key| key.name().clone());
        inputs.extend(of_key.as_ref());
        let node = move |_: &[u32]| {
            let all = chunks.indices().map(|index| Arg::Key(Key::new(&input, &index))).collect();
            let args = [Arg::List(all), Arg::Value(params.clone())];
            Node::Task(Task::new(
                op.clone(),
                args.into_iter().chain(key.clone().map(Arg::Key)).collect::<Vec<_>>(),
            ))
        };
        let layer = BlockLayer::new(name, &Chunks::from_lengths(Vec::new()), &inputs, info, node);
        Graph::with_inputs(layer, [&graph])
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Asked {
    question: Question,
    shape: Vec<usize>,
}

encoded_payload!(Asked, |it| size_of_val(&*it.question.probabilities) + size_of_val(&*it.shape));

/// The elements at regular ranks of a block, the first and the last among them, with their ranks.
struct Sampling<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Sampling<A> {
    const NAME: &'static str = "quantile-sample";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let mut all = args.get::<Block<A>>(0)?.memory_order().into_owned();
        let question = &args.get::<Asked>(1)?.question;
        let n = sorting::numbers_first(&mut all);
        if n < all.len() && !question.skip_nan {
            let (values, numbers) = (vec![A::default()], vec![SPOILED]);
            return Ok(Value::sized(Paired { values, numbers, shape: vec![1] }));
        }
        let all = &mut all[..n];
        let ranks = question.sampled(n);
        select(all, 0, &ranks);
        let values: Vec<A> = ranks.iter().map(|&rank| all[rank]).collect();
        let numbers: Vec<i64> = ranks.iter().map(|&rank| rank as i64).collect();
        Ok(Value::sized(Paired { shape: vec![values.len()], values, numbers }))
    }
}

impl Question {
    /// The ranks of `n` elements of a block that are looked at.
    fn sampled(&self, n: usize) -> Vec<usize> {
        let Some(last) = n.checked_sub(1) else { return Vec::new() };
        let regular = (0..=SAMPLES).map(|i| (last as u128 * i as u128 / SAMPLES as u128) as usize);
        let near = self.probabilities.iter().flat_map(|&q| {
            let (at, part) = ((q * last as f64) as usize, n.div_ceil(NEIGHBOURHOOD));
            [at.saturating_sub(part), (at + part).min(last)]
        });
        let mut ranks: Vec<usize> = regular.chain(near).collect();
        ranks.sort_unstable();
        ranks.dedup();
        ranks
    }
}

/// Between which elements each quantile lies, from the samples: two elements each, and in the end the number of elements.
struct Bounding<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Bounding<A> {
    const NAME: &'static str = "quantile-bounds";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let question = &args.get::<Asked>(1)?.question;
        let mut samples: Vec<Sample<A>> = Vec::new();
        let mut n = 0;
        for part in args.list(0)? {
            let part: &Paired<A> = part.get().map_err(|source| OpError::Argument { at: 0, source })?;
            if part.numbers.first() == Some(&SPOILED) {
                n = SPOILED;
                break;
            }
            // Of a block, the last sample is its last element.
            let size = part.numbers.last().map_or(0, |last| last + 1);
            n += size;
            for (i, (&value, &rank)) in part.values.iter().zip(&part.numbers).enumerate() {
                let before = if i == 0 { 0 } else { part.numbers[i - 1] + 1 };
                let next = part.numbers.get(i + 1).copied().unwrap_or(size);
                samples.push(Sample { value, at_most: next - rank, at_least: rank + 1 - before });
            }
        }
        let (mut values, mut numbers) = (Vec::new(), Vec::new());
        if n > 0 {
            samples.sort_unstable_by(|a, b| sorting::order(a.value, b.value));
            for &q in &question.probabilities {
                let place = question.method.place(n as usize, q);
                let (low, high) = bounds(&samples, place.lower as i64, place.upper as i64);
                values.extend([low, high]);
                numbers.extend([0, 0]);
            }
        }
        values.push(A::default());
        numbers.push(n);
        Ok(Value::sized(Paired { shape: vec![values.len()], values, numbers }))
    }
}

/// An element of a block's sample.
struct Sample<A> {
    value: A,
    /// How many elements of the block come no sooner than this one and before the next of the sample.
    at_most: i64,
    /// How many come behind the one of the sample before, up to this.
    at_least: i64,
}

/// The largest element of the sample that at most as many are below as a rank counts, and the smallest that as many
/// are not above as another counts.
fn bounds<A: Element>(samples: &[Sample<A>], lower: i64, upper: i64) -> (A, A) {
    let (mut below, mut reached) = (0, 0);
    let mut low = samples[0].value;
    for run in samples.chunk_by(|a, b| sorting::order(a.value, b.value).is_eq()) {
        // Smaller elements: in each block at most up to the first sample that is not smaller.
        if below <= lower {
            low = run[0].value;
        }
        below += run.iter().map(|sample| sample.at_most).sum::<i64>();
        reached += run.iter().map(|sample| sample.at_least).sum::<i64>();
        if reached > upper {
            return (low, run[0].value);
        }
    }
    (low, samples[samples.len() - 1].value)
}

/// What a block has between the bounds of each quantile, and how many elements below.
struct Narrowing<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Narrowing<A> {
    const NAME: &'static str = "quantile-narrow";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (all, bounds) = (args.get::<Block<A>>(0)?.memory_order(), args.get::<Paired<A>>(1)?);
        let (mut values, mut numbers) = (Vec::new(), Vec::new());
        for bound in bounds.values[..bounds.values.len().saturating_sub(1)].chunks_exact(2) {
            let (low, high) = (bound[0], bound[1]);
            let before = values.len();
            // A comparison with NaN is false, so NaN is in neither.
            numbers.push(all.iter().filter(|&&x| A::lt(x, low)).count() as i64);
            values.extend(all.iter().copied().filter(|&x| A::le(low, x) && A::le(x, high)));
            numbers.push((values.len() - before) as i64);
        }
        Ok(Value::sized(Paired { shape: vec![values.len()], values, numbers }))
    }
}

/// The quantiles, from what all blocks have between the bounds.
struct Selecting<A>(PhantomData<fn() -> A>);

impl<A: Element<Real = A>> Kernel for Selecting<A> {
    const NAME: &'static str = "quantile";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let (parts, asked) = (args.list(0)?, args.get::<Asked>(1)?);
        let n = args.get::<Paired<A>>(2)?.numbers.last().copied().unwrap_or(SPOILED);
        let question = &asked.question;
        let mut results = vec![A::RealFloat::from_f64(f64::NAN); question.probabilities.len()];
        if n > 0 {
            for (i, (result, &q)) in results.iter_mut().zip(&question.probabilities).enumerate() {
                let (mut below, mut all) = (0, Vec::new());
                for part in parts {
                    let part: &Paired<A> =
                        part.get().map_err(|source| OpError::Argument { at: 0, source })?;
                    let starts: i64 = part.numbers[..2 * i].iter().skip(1).step_by(2).sum();
                    let (counted, len) = (part.numbers[2 * i], part.numbers[2 * i + 1]);
                    below += counted;
                    all.extend_from_slice(&part.values[starts as usize..(starts + len) as usize]);
                }
                let place = question.method.place(n as usize, q);
                let ranks = [place.lower, place.upper].map(|rank| rank - below as usize);
                select(&mut all, 0, if ranks[0] == ranks[1] { &ranks[..1] } else { &ranks });
                let [lower, upper] = ranks.map(|rank| f64::from_scalar(all[rank].to_scalar()));
                *result = A::RealFloat::from_f64(question.method.mix(place, lower, upper));
            }
        }
        Ok(Block::new(ArrayD::from_shape_vec(IxDyn(&asked.shape), results).map_err(OpError::failed)?).into())
    }
}
