//! Joining partial results, and finishing the last of them.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, List, Op, OpError, Packer, Payload, Refused, Unpack, Unpacked, Value};
use ndarray::{ArrayD, IxDyn};
use serde::{Deserialize, Serialize};

use super::choice::{self, NOWHERE};
use super::moments::Moments;
use super::paired::Paired;
use super::{Finish, Fold};
use crate::block::Block;
use crate::element::{DType, Element, Real, c64, c128, dispatch, f16};
use crate::program::kernels::Kernels;

/// Joins partial results, and finishes the last of them.
#[derive(Debug)]
pub(crate) struct JoinOp {
    pub(crate) label: Cow<'static, str>,
    pub(crate) fold: Fold,
    /// The type of the partial results.
    pub(crate) dtype: DType,
    /// What the last join does; none for a join within the tree.
    pub(crate) last: Option<Last>,
}

/// The end of a reduction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Last {
    pub(crate) finish: Finish,
    /// The type of the result where `finish` makes one.
    pub(crate) dtype: DType,
    /// The axes that vanish.
    pub(crate) dropped: Arc<[usize]>,
}

impl JoinOp {
    fn blocks<T: Element>(&self, parts: &List) -> Result<Value, OpError> {
        let mut parts = parts.iter().map(|part| part_of::<Block<T>>(part));
        let Some(first) = parts.next() else { return Err(OpError::MissingArgument { at: 0, given: 0 }) };
        // Partial results are shared only in hand-built graphs; a clone of one shares its buffer.
        let mut all = first?.clone().into_array();
        let join = match self.fold {
            Fold::Prod => T::mul,
            Fold::Min => T::least,
            Fold::Max => T::greatest,
            Fold::NanMin => choice::least_number,
            Fold::NanMax => choice::greatest_number,
            _ => T::add,
        };
        for part in parts {
            all.zip_mut_with(&part?.view(), |a, &b| *a = join(*a, b));
        }
        let Some(last) = &self.last else { return Ok(Block::new(all).into()) };
        let all = dropped(all, &last.dropped);
        match last.finish {
            Finish::Mean { count } if self.dtype.is_complex() => {
                let means = all.mapv(|sum| c128::from_scalar(sum.to_scalar()) / count);
                complex_block(means, last.dtype)
            }
            Finish::Mean { count } => {
                let means = all.mapv(|sum| f64::from_scalar(sum.to_scalar()) / count);
                real_block(means, last.dtype)
            }
            Finish::Round => real_block(all.mapv(|number| f64::from_scalar(number.to_scalar())), last.dtype),
            _ => Ok(Block::new(all).into()),
        }
    }

    fn counted(&self, parts: &List) -> Result<Value, OpError> {
        let all = joined(parts, |all: &mut Paired<f64>, part| {
            for (sum, its) in all.values.iter_mut().zip(&part.values) {
                *sum += its;
            }
            for (count, its) in all.numbers.iter_mut().zip(&part.numbers) {
                *count += its;
            }
        })?;
        let Some(last) = &self.last else { return Ok(Value::sized(all)) };
        let means = all.values.iter().zip(&all.numbers).map(|(sum, &count)| sum / count as f64);
        last.reals(means.collect(), &all.shape)
    }

    fn choices<T: Element>(&self, parts: &List, largest: bool, skip_nan: bool) -> Result<Value, OpError> {
        let all = joined(parts, |all: &mut Paired<T>, part| choice::merge(all, part, largest, skip_nan))?;
        let Some(last) = &self.last else { return Ok(Value::sized(all)) };
        if all.numbers.contains(&NOWHERE) {
            return Err(OpError::failed(AllNanError { operation: self.label.to_string() }));
        }
        let array = ArrayD::from_shape_vec(IxDyn(&all.shape), all.numbers).map_err(OpError::failed)?;
        Ok(Block::new(dropped(array, &last.dropped)).into())
    }

    fn moments(&self, parts: &List) -> Result<Value, OpError> {
        let all = joined(parts, Moments::merge)?;
        let Some(last) = &self.last else { return Ok(Value::sized(all)) };
        let skip_nan = matches!(self.fold, Fold::Moments { skip_nan: true, .. });
        let results = (0..all.means.len()).map(|slot| finished(&all, slot, last.finish, skip_nan)).collect();
        last.reals(results, &all.shape)
    }
}

/// The joined parts, first to last.
fn joined<P: Payload + Clone>(parts: &List, join: impl Fn(&mut P, &P)) -> Result<P, OpError> {
    let mut parts = parts.iter().map(part_of::<P>);
    let Some(first) = parts.next() else { return Err(OpError::MissingArgument { at: 0, given: 0 }) };
    let mut all = first?.clone();
    for part in parts {
        join(&mut all, part?);
    }
    Ok(all)
}

fn part_of<P: Payload>(value: &Value) -> Result<&P, OpError> {
    value.get().map_err(|source| OpError::Argument { at: 0, source })
}

/// What the moments of a slot come to.
fn finished(all: &Moments, slot: usize, finish: Finish, skip_nan: bool) -> f64 {
    let (n, mean) = (all.count(slot), all.means[slot]);
    let power =
        |p: usize| all.powers.get(p - 2).and_then(|power| power.get(slot)).copied().unwrap_or(f64::NAN);
    // Of numbers that are all the same but for rounding, as scipy judges it.
    let is_constant = || power(2) / n <= (1e-15 * mean).powi(2);
    match finish {
        Finish::Std { ddof } => variance(power(2), n, ddof, skip_nan).sqrt(),
        Finish::Var { ddof } => variance(power(2), n, ddof, skip_nan),
        Finish::Moment => all.powers.last().map_or(f64::NAN, |power| power[slot] / n),
        Finish::Skew { .. } | Finish::Kurtosis { .. } if is_constant() => f64::NAN,
        Finish::Skew { bias } => {
            let skew = (power(3) / n) / (power(2) / n).powf(1.5);
            if bias || n <= 2.0 { skew } else { skew * ((n - 1.0) * n).sqrt() / (n - 2.0) }
        }
        Finish::Kurtosis { fisher, bias } => {
            let mut kurtosis = (power(4) / n) / (power(2) / n).powi(2);
            if !bias && n > 3.0 {
                let spread = (n * n - 1.0) * kurtosis - 3.0 * (n - 1.0).powi(2);
                kurtosis = spread / ((n - 2.0) * (n - 3.0)) + 3.0;
            }
            if fisher { kurtosis - 3.0 } else { kurtosis }
        }
        _ => mean,
    }
}

/// The variance from the sum of squared distances. Where NaN was left out and nothing remains to divide by, NaN;
/// elsewhere 0/0 and infinity tell that, as in numpy.
fn variance(squares: f64, n: f64, ddof: f64, skip_nan: bool) -> f64 {
    let divisor = n - ddof;
    if divisor < 0.0 || (divisor == 0.0 && skip_nan) { f64::NAN } else { squares / divisor }
}

/// Nothing but NaN where a position was asked for.
#[derive(Debug, thiserror::Error)]
#[error("`{operation}` met only NaN along a reduced axis: there is no position to give")]
struct AllNanError {
    operation: String,
}

impl Last {
    /// The result in its type.
    fn reals(&self, results: Vec<f64>, shape: &[usize]) -> Result<Value, OpError> {
        let array = ArrayD::from_shape_vec(IxDyn(shape), results).map_err(OpError::failed)?;
        real_block(dropped(array, &self.dropped), self.dtype)
    }
}

/// Removes axes, which have length one.
fn dropped<T: Element>(array: ArrayD<T>, axes: &[usize]) -> ArrayD<T> {
    axes.iter().rev().fold(array, |array, &axis| array.index_axis_move(ndarray::Axis(axis), 0))
}

fn real_block(array: ArrayD<f64>, dtype: DType) -> Result<Value, OpError> {
    Ok(match dtype {
        DType::F16 => Block::new(array.mapv(<f16 as Real>::from_f64)).into(),
        DType::F32 => Block::new(array.mapv(f32::from_f64)).into(),
        DType::C64 => Block::new(array.mapv(|x| c64::new(x as f32, 0.0))).into(),
        DType::C128 => Block::new(array.mapv(|x| c128::new(x, 0.0))).into(),
        _ => Block::new(array).into(),
    })
}

fn complex_block(array: ArrayD<c128>, dtype: DType) -> Result<Value, OpError> {
    Ok(match dtype {
        DType::F16 | DType::F32 | DType::F64 => return real_block(array.mapv(|number| number.re), dtype),
        DType::C64 => Block::new(array.mapv(|number| c64::from_scalar(number.to_scalar()))).into(),
        _ => Block::new(array).into(),
    })
}

impl Op for JoinOp {
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.label)
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let parts = args.list(0)?;
        match self.fold {
            Fold::Moments { .. } => self.moments(parts),
            Fold::Counted => self.counted(parts),
            Fold::Choice { largest, skip_nan } => {
                dispatch!(self.dtype, T => self.choices::<T>(parts, largest, skip_nan))
            }
            _ => dispatch!(self.dtype, T => self.blocks::<T>(parts)),
        }
    }

    fn pack(&self, to: &mut Packer) -> Result<Unpack, Refused> {
        to.state(&(&self.label, self.fold, self.dtype, &self.last))?;
        Ok(|from| {
            let (label, fold, dtype, last): (String, _, _, _) = from.state()?;
            Ok(Unpacked::op(JoinOp { label: label.into(), fold, dtype, last }))
        })
    }
}
