//! Choosing between elements of several arrays.

use std::borrow::Borrow;

use dask_graph::{LayerInfo, Tokenize, Tokenizer};

use super::{Array, Operands, Other, elementwise, feed, mixed};
use crate::element::{DType, Element, Integer};
use crate::error::ArrayError;
use crate::program::Operand;
use crate::program::kernels::{BinaryOp, CompareOp, Kernels};

/// Takes from `a` where `cond` holds and from `b` elsewhere; both may be arrays or numbers.
///
/// # Errors
///
/// - When the shapes do not broadcast.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, ndarray::arr1, where_};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr1(&[1.0, -2.0, 3.0]), 2)?;
/// let positive = where_(&x.gt(0.0)?, &x, 0.0)?;
/// assert_eq!(positive.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[1.0, 0.0, 3.0]).into_dyn());
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn where_<A: Element>(
    cond: &Array<bool>,
    a: impl Other<A>,
    b: impl Other<A>,
) -> Result<Array<A>, ArrayError> {
    chosen(cond, &a, &b, &LayerInfo::here())
}

/// [`where_`] in the name of another operation.
pub(crate) fn chosen<A: Element>(
    cond: &Array<bool>,
    a: &dyn Other<A>,
    b: &dyn Other<A>,
    info: &LayerInfo,
) -> Result<Array<A>, ArrayError> {
    let others = [a, b];
    let (inputs, operands) = mixed(&[cond], &others);
    let params = |token: &mut Tokenizer| others.iter().for_each(|other| feed(token, other.number()));
    elementwise("where", &params, &inputs, info, |program, x| {
        let others = operands(x);
        program.select(A::DTYPE, x[0], others[0], others[1])
    })
}

/// Takes from the choice of the first condition that holds, and `default` where none does: numpy's `select`.
///
/// # Errors
///
/// - When the shapes do not broadcast.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, ndarray::arr1, select};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::arange(0, 6, 1, 4)?;
/// let (small, large) = (x.lt(2)?, x.gt(3)?);
/// let chosen = select([(&small, &-&x), (&large, &(&x * 10))], 0)?;
/// assert_eq!(chosen.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[0, -1, 0, 0, 40, 50]).into_dyn());
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn select<A: Element, O: Other<A>>(
    cases: impl IntoIterator<Item = (impl Borrow<Array<bool>>, O)>,
    default: impl Other<A>,
) -> Result<Array<A>, ArrayError> {
    let (conditions, choices): (Vec<_>, Vec<O>) =
        cases.into_iter().map(|(condition, choice)| (condition.borrow().clone(), choice)).unzip();
    let mut others: Vec<&dyn Other<A>> = vec![&default];
    others.extend(choices.iter().map(|choice| choice as &dyn Other<A>));
    let conditions: Vec<&dyn Operands> = conditions.iter().map(|array: &Array<bool>| array as _).collect();
    let (inputs, operands) = mixed(&conditions, &others);
    if inputs.is_empty() {
        return Err(ArrayError::NoArrays { operation: "select" });
    }
    let params = |token: &mut Tokenizer| {
        conditions.len().tokenize(token);
        others.iter().for_each(|other| feed(token, other.number()));
    };
    elementwise("select", &params, &inputs, &LayerInfo::here(), |program, x| {
        let others = operands(x);
        let cases = x.iter().zip(&others[1..]).rev();
        cases.fold(others[0], |kept, (&condition, &choice)| program.select(A::DTYPE, condition, choice, kept))
    })
}

/// What [`choose`] does with a number that names no choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutOfRange {
    /// The computation fails.
    #[default]
    Raise,
    /// It is counted around: -1 is the last choice, the number of choices is the first.
    Wrap,
    /// It is the first or the last choice.
    Clip,
}

/// Takes each element from the choice that `index` names: numpy's `choose`.
///
/// # Errors
///
/// - When there are no choices.
/// - When the shapes do not broadcast.
/// - When the result is computed: with [`OutOfRange::Raise`], when a number is negative or not below the number of
///   choices.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, OutOfRange, choose, ndarray::arr1};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let index = Array::from_ndarray(arr1(&[1, 0, 1]), 2)?;
/// let (a, b) = (Array::arange(0, 3, 1, 2)?, Array::arange(10, 13, 1, 2)?);
/// let chosen = choose(&index, [&a, &b], OutOfRange::Raise)?;
/// assert_eq!(chosen.compute_with(&dask_sched_sync::Sync::new())?, arr1(&[10, 1, 12]).into_dyn());
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn choose<A: Element, I: Integer>(
    index: &Array<I>,
    choices: impl IntoIterator<Item: Other<A>>,
    out_of_range: OutOfRange,
) -> Result<Array<A>, ArrayError> {
    let choices: Vec<_> = choices.into_iter().collect();
    let others: Vec<&dyn Other<A>> = choices.iter().map(|choice| choice as &dyn Other<A>).collect();
    if others.is_empty() {
        return Err(ArrayError::NoArrays { operation: "choose" });
    }
    let (inputs, operands) = mixed(&[index], &others);
    let params = |token: &mut Tokenizer| {
        (out_of_range as u8).tokenize(token);
        others.iter().for_each(|other| feed(token, other.number()));
    };
    elementwise("choose", &params, &inputs, &LayerInfo::here(), |program, x| {
        let number = |n: usize| Operand::Const(i64::to_scalar(n as i64));
        let n = others.len();
        // Positions are compared as `i64`. Only the upper half of `u64` does not fit, and counts as far out.
        let at = match I::DTYPE {
            DType::U64 => {
                let largest = Operand::Const(u64::to_scalar(i64::MAX as u64));
                program.binary(BinaryOp::Min, DType::U64, x[0], largest)
            }
            _ => x[0],
        };
        let at = program.cast(I::DTYPE, i64::DTYPE, at);
        let at = match out_of_range {
            OutOfRange::Raise => program.bounded(at, n),
            OutOfRange::Wrap => program.binary(BinaryOp::Rem, i64::DTYPE, at, number(n)),
            OutOfRange::Clip => {
                let at = program.binary(BinaryOp::Max, i64::DTYPE, at, number(0));
                program.binary(BinaryOp::Min, i64::DTYPE, at, number(n - 1))
            }
        };
        let choices = operands(x);
        let others = choices[1..].iter().zip(1..);
        others.fold(choices[0], |kept, (&choice, n)| {
            let here = program.compare(CompareOp::Eq, i64::DTYPE, at, number(n));
            program.select(A::DTYPE, here, choice, kept)
        })
    })
}
