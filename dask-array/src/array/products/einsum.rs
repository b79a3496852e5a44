//! Sums of products by subscripts.

use std::borrow::Borrow;

use dask_graph::LayerInfo;

use super::contract::{Label, Labelled, contract};
use super::stretched;
use super::subscripts::Subscripts;
use crate::array::{Array, Over};
use crate::element::{DType, Element};
use crate::error::ArrayError;

/// Sums of products of arrays, by subscripts (numpy's `einsum`).
///
/// Each array has a term of letters, one an axis; axes of one letter run together. Letters behind `->` are the axes
/// of the result; the products are summed over all others. Without `->` the result has, in alphabetical order, the
/// letters that stand once. `...` stands for axes that are not named, which broadcast. A letter that stands twice in
/// one term takes the diagonal.
///
/// Three arrays or more are multiplied by pairs, those first that leave the smallest results.
///
/// # Errors
///
/// - When the subscripts cannot be read, or there is not one term with a letter an axis for each array.
/// - When axes of one letter differ in length, unless it is 1.
///
/// # Examples
///
/// ```
/// use dask_array::{Array, einsum, ndarray::{arr1, arr2}};
/// use dask_graph::Collection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let x = Array::from_ndarray(arr2(&[[1, 2], [3, 4]]), 1)?;
/// let scheduler = dask_sched_sync::Sync::new();
/// assert_eq!(einsum("ii", [&x])?.item_with(&scheduler)?, 5);
/// assert_eq!(einsum("ij,ij->j", [&x, &x])?.compute_with(&scheduler)?, arr1(&[10, 20]).into_dyn());
///
/// let error = einsum("ij,jk", [&x]).unwrap_err();
/// assert!(error.to_string().contains("2 terms for 1 arrays"));
/// # Ok(())
/// # }
/// ```
#[track_caller]
pub fn einsum<A: Element>(
    subscripts: &str,
    arrays: impl IntoIterator<Item: Borrow<Array<A>>>,
) -> Result<Array<A>, ArrayError> {
    let info = LayerInfo::here();
    let arrays: Vec<Array<A>> = arrays.into_iter().map(|array| array.borrow().clone()).collect();
    let failed = |reason| ArrayError::Subscripts { subscripts: subscripts.into(), reason };
    let ndims: Vec<usize> = arrays.iter().map(Array::ndim).collect();
    let Subscripts { operands, out } = Subscripts::new(subscripts, &ndims).map_err(failed)?;
    let lengths = lengths(&arrays, &operands).map_err(failed)?;
    let length = |label: Label| lengths.iter().find(|(known, _)| *known == label).map(|(_, n)| *n);
    let mut terms = Vec::new();
    for (array, labels) in arrays.iter().zip(&operands) {
        let (array, labels) = diagonals(array.clone(), labels.clone(), &info).map_err(failed)?;
        terms.push(stretched(&array, labels, length, &info)?);
    }
    while terms.len() > 1 {
        multiply_one_pair(&mut terms, &out, &info)?;
    }
    let Some(last) = terms.pop() else { return Err(ArrayError::NoArrays { operation: "einsum" }) };
    let last = summed(last, |label| out.contains(&label))?;
    let place = |label: &Label| last.labels.iter().position(|own| own == label);
    Ok(last.array.permuted(&out.iter().filter_map(place).collect::<Vec<_>>(), &info))
}

/// How long the axes of each label are; the error is the reason.
fn lengths<A: Element>(arrays: &[Array<A>], operands: &[Vec<Label>]) -> Result<Vec<(Label, usize)>, String> {
    let mut known: Vec<(Label, usize)> = Vec::new();
    for (array, labels) in arrays.iter().zip(operands) {
        for (&n, &label) in array.shape().iter().zip(labels) {
            match known.iter_mut().find(|(of, _)| *of == label) {
                None => known.push((label, n)),
                Some((_, length)) if *length == 1 => *length = n,
                Some((_, length)) if n != 1 && *length != n => {
                    let name = Subscripts::name(label);
                    return Err(format!("axes of `{name}` have lengths {length} and {n}"));
                }
                Some(_) => {}
            }
        }
    }
    Ok(known)
}

/// Takes the pair out whose product makes the terms smaller by most (or larger by least), and puts that in.
fn multiply_one_pair<A: Element>(
    terms: &mut Vec<Labelled<A>>,
    out: &[Label],
    info: &LayerInfo,
) -> Result<(), ArrayError> {
    let mut best: Option<(f64, usize, usize)> = None;
    for second in 1..terms.len() {
        for first in 0..second {
            let cost = growth(terms, first, second, out);
            if best.is_none_or(|(least, ..)| cost < least) {
                best = Some((cost, first, second));
            }
        }
    }
    let Some((_, first, second)) = best else { return Ok(()) };
    let (b, a) = (terms.remove(second), terms.remove(first));
    let needed = |label: Label| out.contains(&label) || terms.iter().any(|term| term.labels.contains(&label));
    // What only one of them has and nobody else needs is summed first.
    let a = summed(a, |label| needed(label) || b.labels.contains(&label))?;
    let b = summed(b, |label| needed(label) || a.labels.contains(&label))?;
    let labels: Vec<Label> = match terms.is_empty() {
        true => out.to_vec(),
        false => {
            let of_b = b.labels.iter().filter(|label| !a.labels.contains(label));
            a.labels.iter().chain(of_b).copied().filter(|&label| needed(label)).collect()
        }
    };
    // A letter of length one may be gone from both.
    let labels: Vec<Label> =
        labels.into_iter().filter(|label| a.labels.contains(label) || b.labels.contains(label)).collect();
    let array = contract(&a, &b, &labels, info)?;
    terms.insert(first, Labelled { array, labels });
    Ok(())
}

/// How many elements more the terms have once this pair is multiplied.
fn growth<A: Element>(terms: &[Labelled<A>], first: usize, second: usize, out: &[Label]) -> f64 {
    let (a, b) = (&terms[first], &terms[second]);
    let others = || terms.iter().enumerate().filter(|(at, _)| *at != first && *at != second);
    let needed = |label: &Label| out.contains(label) || others().any(|(_, term)| term.labels.contains(label));
    let of_a = a.labels.iter().zip(a.array.shape());
    let of_b = b.labels.iter().zip(b.array.shape()).filter(|(label, _)| !a.labels.contains(label));
    let made: f64 = of_a.chain(of_b).filter(|(label, _)| needed(label)).map(|(_, &n)| n as f64).product();
    made - a.array.len() as f64 - b.array.len() as f64
}

/// The sum over all axes but those of labels that are kept, in the array's own type.
#[track_caller]
fn summed<A: Element>(term: Labelled<A>, keep: impl Fn(Label) -> bool) -> Result<Labelled<A>, ArrayError> {
    let (kept, gone): (Vec<usize>, Vec<usize>) =
        (0..term.labels.len()).partition(|&axis| keep(term.labels[axis]));
    if gone.is_empty() {
        return Ok(term);
    }
    let gone: Vec<isize> = gone.into_iter().map(|axis| axis as isize).collect();
    let over = Over::from(&gone[..]);
    let array = match A::DTYPE {
        DType::Bool => term.array.any(over)?.astype(),
        _ => term.array.sum(over)?.astype(),
    };
    Ok(Labelled { array, labels: kept.into_iter().map(|axis| term.labels[axis]).collect() })
}

/// Takes diagonals until every label stands once; the error is the reason.
fn diagonals<A: Element>(
    mut array: Array<A>,
    mut labels: Vec<Label>,
    info: &LayerInfo,
) -> Result<(Array<A>, Vec<Label>), String> {
    let twice = |labels: &[Label]| {
        (1..labels.len()).find_map(|second| {
            let first = labels[..second].iter().position(|label| *label == labels[second])?;
            Some((first, second))
        })
    };
    while let Some((first, second)) = twice(&labels) {
        let (n, m) = (array.shape()[first], array.shape()[second]);
        if n != m {
            let name = Subscripts::name(labels[first]);
            return Err(format!("the diagonal of `{name}` is of axes of lengths {n} and {m}"));
        }
        array = array.diagonal_of(0, first, second, info).map_err(|error| error.to_string())?;
        // The diagonal is the last axis.
        let label = labels.remove(second);
        labels.remove(first);
        labels.push(label);
    }
    Ok((array, labels))
}
