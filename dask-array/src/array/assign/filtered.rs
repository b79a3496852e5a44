//! Arrays with one value in the place of each element that a mask selects.
//!
//! Where the values for a block begin, only counting the mask tells, so there is a task for each block and each block
//! of values, which takes what of the one belongs into the other: nothing, mostly.
//!
//! ```text
//! mask blocks  ──>  counts  ──>  ends ─┬─> portions, one for each block and each block of values ─┐
//! values ──────────────────────────────┘                                        array, mask ──────┴─> result
//! ```

use std::marker::PhantomData;
use std::sync::Arc;

use dask_graph::{Arg, Args, Graph, Key, LayerInfo, List, Node, OpError, Task, Tokenizer, Value};
use ndarray::{ArrayViewD, Axis, Slice};
use serde::{Deserialize, Serialize};

use super::super::layer::BlockLayer;
use super::super::{Array, Lazy, name_of};
use crate::block::Block;
use crate::chunks::Chunks;
use crate::element::Element;
use crate::error::ArrayError;
use crate::kernel::{Kernel, encoded_payload, kernel_op};

impl<A: Element> Array<A> {
    /// The array with one value for each place where `mask` holds, in row-major order (numpy's `x[mask] = values`): the
    /// opposite of [`filter`](Array::filter).
    ///
    /// The values lie along the first axis of `values`. A mask of fewer axes than the array lies along the first ones;
    /// then a value has the other axes of the array, or broadcasts to them. This array is not changed.
    ///
    /// That there are as many values as the mask selects, neither more nor fewer, is only found out in the run, which
    /// fails if not. For a number, or values that lie where the elements do, use [`set_where`](Array::set_where).
    ///
    /// # Errors
    ///
    /// - When the mask has no axes, or its shape is not that of the first axes of the array.
    /// - When there are more values than the mask has elements, or `values` has no axis.
    /// - When a value does not broadcast to the array's other axes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::{arr1, arr2}};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1, 6], [5, 2]]), 1)?;
    /// let values = Array::from_ndarray(arr1(&[60, 50]), 1)?;
    /// let y = x.set_filtered(&x.gt(2)?, &values)?;
    /// assert_eq!(y.compute_with(&dask_sched_sync::Sync::new())?, arr2(&[[1, 60], [50, 2]]).into_dyn());
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn set_filtered(&self, mask: &Array<bool>, values: &Array<A>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let covered = mask.ndim();
        if covered == 0 || self.shape().get(..covered) != Some(mask.shape()) {
            return Err(ArrayError::MaskShape { mask: mask.shape().to_vec(), shape: self.shape().to_vec() });
        }
        let inner = &self.shape()[covered..];
        let Some(&n) = values.shape().first() else {
            return Err(ArrayError::FewAxes { expected: 1, shape: Vec::new() });
        };
        if n > mask.len() {
            return Err(ArrayError::MaskValues { values: n, places: mask.len() });
        }
        // A value with fewer axes than its place lies along the last ones of these.
        let missing = inner.len().saturating_sub(values.ndim() - 1);
        let own = &values.shape()[1..];
        let values = values.reshaped(&[&[n], &vec![1; missing][..], own].concat(), &info);
        let values = values.broadcast_in(&[&[n], inner].concat(), &info)?;

        let flat = self.reshaped(&[&[mask.len()], inner].concat(), &info);
        let along = flat.chunks().lengths(0).to_vec();
        let mask = mask.raveled(&info).rechunked(&Chunks::from_lengths(vec![along]), &info);
        let mut lengths = flat.chunks().axes().to_vec();
        lengths[0] = values.chunks().lengths(0).to_vec();
        let values = values.rechunked(&Chunks::from_lengths(lengths), &info);
        let set = flat.scattered(&mask, &values, &info);
        Ok(set.reshaped(self.shape(), &info).rechunked(self.chunks(), &info))
    }

    /// The array with these values, along the first axis, where a mask of the first axis holds; the blocks of all three
    /// fit each other along the axes that they share.
    fn scattered(&self, mask: &Array<bool>, values: &Array<A>, info: &LayerInfo) -> Array<A> {
        let counts = mask.counts(info);
        let ends = counts.cumsum_as::<i64>(0);
        let ends = ends.unwrap_or_else(|error| unreachable!("counts have an axis: {error}"));
        let portions = values.portions(&counts, &ends, info);

        let token = Tokenizer::new("set-filtered").feed(self.name()).feed(mask.name()).feed(&portions.name);
        let name = name_of("set-filtered", token.finish());
        let op = kernel_op::<Scattering<A>>();
        let (input, masks, parts) = (self.name().clone(), mask.name().clone(), portions.name.clone());
        let (ends_name, last) = (ends.name().clone(), mask.chunks().lengths(0).len() as u32 - 1);
        let n_values = values.chunks().lengths(0).len() as u32;
        let expected = Value::sized(Expected { values: values.shape()[0] });
        let node = move |index: &[u32]| {
            let portion = |of: u32| Arg::Key(Key::new(&parts, &[&[index[0], of], &index[1..]].concat()));
            let args = [
                Arg::Key(Key::new(&input, index)),
                Arg::Key(Key::new(&masks, &index[..1])),
                Arg::List((0..n_values).map(portion).collect()),
                Arg::Key(Key::new(&ends_name, &[last])),
                Arg::Value(expected.clone()),
            ];
            Node::Task(Task::new(op.clone(), args))
        };
        let inputs = [self.name(), mask.name(), &portions.name, ends.name()];
        let layer = BlockLayer::new(&name, self.chunks(), &inputs, info, node);
        let graphs = [&self.lazy().graph, &mask.lazy().graph, &portions.graph, &ends.lazy().graph];
        let graph = Graph::with_inputs(layer, graphs);
        Array::new(Lazy { name, graph, chunks: Arc::clone(&self.lazy().chunks) })
    }

    /// For each block of a mask and each block of these values, the values that belong to the one and lie in the other.
    fn portions(&self, counts: &Array<i64>, ends: &Array<i64>, info: &LayerInfo) -> Lazy {
        let token = Tokenizer::new("portions").feed(self.name()).feed(counts.name());
        let name = name_of("portions", token.finish());
        let masks = vec![1; counts.chunks().lengths(0).len()];
        let chunks = Chunks::from_lengths([&[masks], self.chunks().axes()].concat());
        let starts = self.chunks().starts(0);
        let op = kernel_op::<Portioning<A>>();
        let (input, of, to) = (self.name().clone(), counts.name().clone(), ends.name().clone());
        let node = move |index: &[u32]| {
            let args = [
                Arg::Key(Key::new(&input, &index[1..])),
                Arg::Key(Key::new(&of, &index[..1])),
                Arg::Key(Key::new(&to, &index[..1])),
                Arg::Value(Value::sized(From { start: starts[index[1] as usize] })),
            ];
            Node::Task(Task::new(op.clone(), args))
        };
        let layer = BlockLayer::new(&name, &chunks, &[self.name(), counts.name(), ends.name()], info, node);
        let graphs = [&self.lazy().graph, &counts.lazy().graph, &ends.lazy().graph];
        Lazy { name, graph: Graph::with_inputs(layer, graphs), chunks: Arc::new(chunks) }
    }
}

/// The number of the first value of a block of values.
#[derive(Serialize, Deserialize)]
struct From {
    start: usize,
}

encoded_payload!(From, |it| size_of_val(it));

/// How many values there are.
#[derive(Serialize, Deserialize)]
struct Expected {
    values: usize,
}

encoded_payload!(Expected, |it| size_of_val(it));

/// The number that a block of one number holds.
fn number(args: &Args<'_>, at: usize) -> Result<usize, OpError> {
    let number = args.get::<Block<i64>>(at)?.view().first().copied().unwrap_or_default();
    usize::try_from(number).map_err(OpError::failed)
}

/// Takes the values of a block that belong to a block of the mask.
struct Portioning<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Portioning<A> {
    const NAME: &'static str = "portions";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let values = args.get::<Block<A>>(0)?.view();
        let (count, end, start) = (number(&args, 1)?, number(&args, 2)?, args.get::<From>(3)?.start);
        let length = values.shape().first().copied().unwrap_or_default();
        let within = |at: usize| at.saturating_sub(start).min(length);
        let taken = Slice::from(within(end.saturating_sub(count))..within(end));
        Ok(Block::new(values.slice_axis(Axis(0), taken).to_owned()).into())
    }
}

/// Puts values where a block of a mask holds, in place if nobody else needs the block.
struct Scattering<A>(PhantomData<fn() -> A>);

impl<A: Element> Kernel for Scattering<A> {
    const NAME: &'static str = "set-filtered";

    fn call(mut args: Args<'_>) -> Result<Value, OpError> {
        let (selected, values) = (number(&args, 3)?, args.get::<Expected>(4)?.values);
        if selected != values {
            return Err(OpError::failed(CountError { selected, values }));
        }
        let mut array = args.take::<Block<A>>(0)?.into_array();
        let mask = args.get::<Block<bool>>(1)?.row_major();
        let portions: &List = args.list(2)?;
        let portions = portions.iter().map(|portion| portion.get::<Block<A>>().map(Block::view));
        let portions = portions.collect::<Result<Vec<ArrayViewD<'_, A>>, _>>();
        let portions = portions.map_err(|source| OpError::Argument { at: 2, source })?;
        if array.ndim() == 1 {
            let places = array.iter_mut().zip(&*mask).filter(|(_, holds)| **holds);
            places.zip(portions.iter().flatten()).for_each(|((place, _), &value)| *place = value);
        } else {
            let values = portions.iter().flat_map(|portion| portion.axis_iter(Axis(0)));
            let places = array.axis_iter_mut(Axis(0)).zip(&*mask).filter(|(_, holds)| **holds);
            places.zip(values).for_each(|((mut place, _), value)| place.assign(&value));
        }
        Ok(Block::new(array).into())
    }
}

/// Values that are not as many as the mask selects.
#[derive(Debug, thiserror::Error)]
#[error("the mask selects {selected} places, and there are {values} values for them")]
struct CountError {
    selected: usize,
    values: usize,
}
