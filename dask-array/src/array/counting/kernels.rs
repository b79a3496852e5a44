//! Counting in a block, and adding counts.

use std::borrow::Cow;
use std::marker::PhantomData;

use dask_graph::{Args, OpError, Value};
use ndarray::{ArrayD, IxDyn};
use serde::{Deserialize, Serialize};

use super::bins::{AllBins, Finder};
use crate::block::Block;
use crate::element::{Element, Integer};
use crate::kernel::{Kernel, encoded_payload};
use crate::program::kernels::Kernels;

/// A block's numbers in row-major order.
fn elements<'a, A: Element>(args: &'a Args<'_>, at: usize) -> Result<Cow<'a, [A]>, OpError> {
    Ok(args.get::<Block<A>>(at)?.row_major())
}

/// A row of numbers as a block of one axis, or of two, with `rows` 1.
fn row<W: Element>(numbers: Vec<W>, shape: &[usize]) -> Result<Value, OpError> {
    Ok(Block::new(ArrayD::from_shape_vec(IxDyn(shape), numbers).map_err(OpError::failed)?).into())
}

/// Counts points by bins: takes a block for each axis of the space, one of weights or none, and the bins.
pub(super) struct Binning<A, W>(PhantomData<fn() -> (A, W)>);

impl<A: Element, W: Element> Kernel for Binning<A, W> {
    const NAME: &'static str = "histogram";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let bins = &args.get::<AllBins>(args.len().saturating_sub(1))?.0;
        let n_axes = bins.len();
        let finders = bins.iter().map(Finder::new).collect::<Result<Vec<_>, _>>().map_err(OpError::failed)?;
        let mut counts = vec![W::default(); finders.iter().map(Finder::len).product()];
        let weights = (args.len() > n_axes + 1).then(|| elements::<W>(&args, n_axes)).transpose()?;
        let weight = |i: usize| weights.as_ref().and_then(|weights| weights.get(i)).copied();
        let points = (0..n_axes).map(|axis| elements::<A>(&args, axis)).collect::<Result<Vec<_>, _>>()?;
        let number = |x: A| f64::from_scalar(x.to_scalar());
        if let ([finder], [points], None) = (&finders[..], &points[..], &weights) {
            for &x in points.iter() {
                if let Some(bin) = finder.find(number(x)) {
                    counts[bin] = W::add(counts[bin], W::one());
                }
            }
            let width = counts.len();
            return row(counts, &[1, width]);
        }
        for i in 0..points.first().map_or(0, |points| points.len()) {
            let bin = finders.iter().zip(&points).try_fold(0, |bin, (finder, points)| {
                let own = finder.find(number(*points.get(i)?))?;
                Some(bin * finder.len() + own)
            });
            if let Some(bin) = bin {
                counts[bin] = W::add(counts[bin], weight(i).unwrap_or(W::one()));
            }
        }
        let width = counts.len();
        row(counts, &[1, width])
    }
}

/// How many counts there are.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Length {
    pub(super) at_least: usize,
    pub(super) at_most: usize,
}

encoded_payload!(Length, |it| size_of_val(it));

/// Counts numbers from zero on: takes a block of them, one of weights or none, and how many counts there are.
pub(super) struct Counting<A, W>(PhantomData<fn() -> (A, W)>);

impl<A: Integer, W: Element> Kernel for Counting<A, W> {
    const NAME: &'static str = "bincount";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let length = *args.get::<Length>(args.len().saturating_sub(1))?;
        let numbers = elements::<A>(&args, 0)?;
        let weights = (args.len() > 2).then(|| elements::<W>(&args, 1)).transpose()?;
        if let Some(&negative) = numbers.iter().find(|&&x| x < A::default()) {
            return Err(OpError::failed(NegativeError { number: negative.to_string() }));
        }
        let of = |x: A| u64::from_scalar(x.to_scalar());
        let largest = numbers.iter().map(|&x| of(x)).max();
        let wanted = largest.map_or(0, |x| x.saturating_add(1)).min(length.at_most as u64);
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX).max(length.at_least);
        let mut counts: Vec<W> = Vec::new();
        counts.try_reserve_exact(wanted).map_err(OpError::failed)?;
        counts.resize(wanted, W::default());
        for (i, &x) in numbers.iter().enumerate() {
            let weight = weights.as_ref().and_then(|weights| weights.get(i)).copied();
            if let Some(count) = counts.get_mut(of(x) as usize) {
                *count = W::add(*count, weight.unwrap_or(W::one()));
            }
        }
        // Counts of a known number stand in rows below each other, to be added up.
        if length.at_most < usize::MAX { row(counts, &[1, wanted]) } else { row(counts, &[wanted]) }
    }
}

/// A number that cannot be counted.
#[derive(Debug, thiserror::Error)]
#[error("bincount counts from 0 on, and met {number}")]
struct NegativeError {
    number: String,
}

/// Adds rows of counts, which may be of different lengths.
pub(super) struct Adding<W>(PhantomData<fn() -> W>);

impl<W: Element> Kernel for Adding<W> {
    const NAME: &'static str = "bincount-join";

    fn call(args: Args<'_>) -> Result<Value, OpError> {
        let mut all: Vec<W> = Vec::new();
        for part in args.list(0)? {
            let part: &Block<W> = part.get().map_err(|source| OpError::Argument { at: 0, source })?;
            let own = part.memory_order();
            let shared = all.len().min(own.len());
            for (sum, &count) in all.iter_mut().zip(&*own) {
                *sum = W::add(*sum, count);
            }
            all.extend_from_slice(&own[shared..]);
        }
        let n = all.len();
        row(all, &[n])
    }
}
