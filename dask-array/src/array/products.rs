//! Products of arrays: matrices, tensors, sums of products by subscripts.

mod contract;
mod einsum;
mod kron;
mod subscripts;

use dask_graph::LayerInfo;
use ndarray::SliceInfoElem;

use self::contract::{Label, Labelled, contract};
pub use self::einsum::einsum;
use super::Array;
use super::elementwise::{Operands, elementwise};
use super::transpose::axis_of;
use crate::chunks::{ChunkSpec, Chunks};
use crate::element::Element;
use crate::error::ArrayError;
use crate::program::kernels::BinaryOp;

/// Products. Sums are made in the element type: integers wrap around, and of bools `+` is or and `*` is and, as in
/// numpy.
///
/// A block of a result is added up in place, block by block along the axes that vanish; no products are kept to be
/// added later. Blocks of operands that are cut differently are cut to the common refinement first.
impl<A: Element> Array<A> {
    /// The product of matrices (numpy's `matmul`, Python's `@`).
    ///
    /// Axes before the last two count stacks of matrices, and broadcast. An array of one axis is a row on the left, a
    /// column on the right, and that axis vanishes.
    ///
    /// # Errors
    ///
    /// - When an array has no axes.
    /// - When the left matrices do not have as many columns as the right ones have rows.
    /// - When the axes before do not broadcast.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::{Array, ndarray::{arr1, arr2}};
    /// use dask_graph::Collection;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let x = Array::from_ndarray(arr2(&[[1, 2], [3, 4], [5, 6]]), [2, 1])?;
    /// let gram = x.t().matmul(&x)?;
    /// let scheduler = dask_sched_sync::Sync::new();
    /// assert_eq!(gram.compute_with(&scheduler)?, arr2(&[[35, 44], [44, 56]]).into_dyn());
    ///
    /// let v = Array::from_ndarray(arr1(&[1, -1]), -1)?;
    /// assert_eq!(x.matmul(&v)?.compute_with(&scheduler)?, arr1(&[-1, -1, -1]).into_dyn());
    /// assert_eq!(v.dot(&v)?.item_with(&scheduler)?, 2);
    ///
    /// let error = x.matmul(&x).unwrap_err();
    /// assert!(error.to_string().contains("[3, 2] and [3, 2]"));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn matmul(&self, other: &Array<A>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let misfit = |reason| misfit("matmul", self, other, reason);
        if self.ndim() == 0 || other.ndim() == 0 {
            return Err(misfit("an array has no axes; numbers are multiplied by `*`"));
        }
        let (rows, columns) = (self.ndim() > 1, other.ndim() > 1);
        let contracted = other.shape()[other.ndim() - if columns { 2 } else { 1 }];
        if self.shape()[self.ndim() - 1] != contracted {
            return Err(misfit("the last axis of the left must be as long as the last but one of the right"));
        }
        let [left, right] = [self, other].map(|x| x.ndim().saturating_sub(2));
        let n_batch = left.max(right);
        let labels: Vec<Label> = (0..n_batch as Label + 3).collect();
        let [row, gone, column] = [0, 1, 2].map(|at| labels[n_batch + at]);
        let mut of_left = labels[n_batch - left..n_batch].to_vec();
        let mut of_right = labels[n_batch - right..n_batch].to_vec();
        of_left.extend(rows.then_some(row));
        of_left.push(gone);
        of_right.push(gone);
        of_right.extend(columns.then_some(column));
        let mut out = labels[..n_batch].to_vec();
        out.extend(rows.then_some(row));
        out.extend(columns.then_some(column));
        let stacks = super::elementwise::broadcast_shape([&self.shape()[..left], &other.shape()[..right]])?;
        let length = |label: Label| stacks.get(label as usize).copied();
        let a = stretched(self, of_left, length, &info)?;
        let b = stretched(other, of_right, length, &info)?;
        contract(&a, &b, &out, &info)
    }

    /// The dot product (numpy's `dot`): of vectors the sum of products, of matrices their product, and of more axes
    /// the sum over the last axis of `self` and the last but one of `other`, for each combination of the others. With
    /// an array of no axes, elementwise.
    ///
    /// # Errors
    ///
    /// - When these axes are not equally long.
    #[track_caller]
    pub fn dot(&self, other: &Array<A>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        if self.ndim() == 0 || other.ndim() == 0 {
            return product(self, other, &info);
        }
        let last = [self.ndim() - 1];
        let before = [other.ndim().saturating_sub(2)];
        let reason = "the last axis of the left must be as long as the last but one of the right";
        along(self, other, &last, &before, "dot", reason, &info)
    }

    /// The sum of products over the last axes of both (numpy's `inner`), for each combination of the others. With
    /// an array of no axes, elementwise.
    ///
    /// # Errors
    ///
    /// - When the last axes are not equally long.
    #[track_caller]
    pub fn inner(&self, other: &Array<A>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        if self.ndim() == 0 || other.ndim() == 0 {
            return product(self, other, &info);
        }
        let last = |x: &Array<A>| [x.ndim() - 1];
        along(self, other, &last(self), &last(other), "inner", "the last axes must be equally long", &info)
    }

    /// The sum of the products of all elements (numpy's `vdot`), the first conjugated if they are complex. Arrays of
    /// different shapes are raveled.
    ///
    /// # Errors
    ///
    /// - When the arrays have different numbers of elements.
    #[track_caller]
    pub fn vdot(&self, other: &Array<A>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let reason = "there must be as many elements on both sides";
        let conjugate = self.conj();
        if self.ndim() == 0 && other.ndim() == 0 {
            return product(&conjugate, other, &info);
        }
        if self.shape() == other.shape() {
            let all: Vec<usize> = (0..self.ndim()).collect();
            return along(&conjugate, other, &all, &all, "vdot", reason, &info);
        }
        if self.len() != other.len() {
            return Err(misfit("vdot", self, other, reason));
        }
        along(&conjugate.raveled(&info), &other.raveled(&info), &[0], &[0], "vdot", reason, &info)
    }

    /// The products of every element of one array with every element of the other (numpy's `outer`): rows belong to
    /// `self`, columns to `other`. Arrays of more than one axis are raveled.
    ///
    /// # Errors
    ///
    /// - When the result would have more elements than can be counted.
    #[track_caller]
    pub fn outer(&self, other: &Array<A>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        Chunks::new(&[self.len(), other.len()], ChunkSpec::Whole, A::DTYPE)?;
        let [a, b] = [self, other].map(|x| if x.ndim() == 1 { x.clone() } else { x.raveled(&info) });
        tensor(&a, &b, &[], &[], &info)
    }

    /// The sum of products over axes of both, pair by pair (numpy's `tensordot`): the result has the other axes of
    /// `self`, then those of `other`.
    ///
    /// `axes` is a number, of last axes of `self` and first axes of `other`, or a pair of lists of axes.
    ///
    /// # Errors
    ///
    /// - When there are not so many axes, one is out of range or named twice, or the lists differ in length.
    /// - When the axes of a pair are not equally long.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_array::Array;
    ///
    /// let x = Array::<f64>::ones(&[3, 4, 5], 2)?;
    /// let y = Array::<f64>::ones(&[4, 3, 2], 2)?;
    /// assert_eq!(x.tensordot(&y, ([1, 0], [0, 1]))?.shape(), [5, 2]);
    /// assert_eq!(x.tensordot(&y, 0)?.shape(), [3, 4, 5, 4, 3, 2]);
    /// # Ok::<(), dask_array::ArrayError>(())
    /// ```
    #[track_caller]
    pub fn tensordot(&self, other: &Array<A>, axes: impl Into<TensorAxes>) -> Result<Array<A>, ArrayError> {
        let info = LayerInfo::here();
        let reason = "the axes that are summed over must be equally long, pair by pair";
        let (left, right) = match axes.into() {
            TensorAxes::Number(n) if n > self.ndim() || n > other.ndim() => {
                return Err(misfit(
                    "tensordot",
                    self,
                    other,
                    "there are fewer axes than are to be summed over",
                ));
            }
            TensorAxes::Number(n) => ((self.ndim() - n..self.ndim()).collect(), (0..n).collect()),
            TensorAxes::Pairs(left, right) if left.len() != right.len() => {
                return Err(misfit("tensordot", self, other, "the lists of axes are not equally long"));
            }
            TensorAxes::Pairs(left, right) => (distinct(&left, self)?, distinct(&right, other)?),
        };
        along(self, other, &left, &right, "tensordot", reason, &info)
    }
}

/// The axes of a [`tensordot`](Array::tensordot): a number (`2`), or a list for each array (`([0, 1], [1, 0])`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TensorAxes {
    /// The last axes of the first array and the first axes of the second.
    Number(usize),
    /// Axes of the first array, and those of the second that go with them.
    Pairs(Vec<isize>, Vec<isize>),
}

impl From<usize> for TensorAxes {
    fn from(n: usize) -> Self {
        Self::Number(n)
    }
}

impl From<(isize, isize)> for TensorAxes {
    fn from((left, right): (isize, isize)) -> Self {
        Self::Pairs(vec![left], vec![right])
    }
}

impl<const M: usize, const N: usize> From<([isize; M], [isize; N])> for TensorAxes {
    fn from((left, right): ([isize; M], [isize; N])) -> Self {
        Self::Pairs(left.to_vec(), right.to_vec())
    }
}

impl From<(&[isize], &[isize])> for TensorAxes {
    fn from((left, right): (&[isize], &[isize])) -> Self {
        Self::Pairs(left.to_vec(), right.to_vec())
    }
}

fn misfit<A: Element>(
    operation: &'static str,
    a: &Array<A>,
    b: &Array<A>,
    reason: &'static str,
) -> ArrayError {
    ArrayError::Product { operation, left: a.shape().to_vec(), right: b.shape().to_vec(), reason }
}

fn distinct<A: Element>(axes: &[isize], array: &Array<A>) -> Result<Vec<usize>, ArrayError> {
    let found = axes.iter().map(|&axis| axis_of(axis, array.shape())).collect::<Result<Vec<_>, _>>()?;
    if (1..found.len()).any(|at| found[..at].contains(&found[at])) {
        return Err(ArrayError::Axes { axes: axes.to_vec(), ndim: array.ndim() });
    }
    Ok(found)
}

/// The elementwise product.
fn product<A: Element>(a: &Array<A>, b: &Array<A>, info: &LayerInfo) -> Result<Array<A>, ArrayError> {
    let operands: [&dyn Operands; 2] = [a, b];
    elementwise("multiply", &|_| {}, &operands, info, |program, x| {
        program.binary(BinaryOp::Mul, A::DTYPE, x[0], x[1])
    })
}

/// The sum of products over pairs of axes.
fn along<A: Element>(
    a: &Array<A>,
    b: &Array<A>,
    left: &[usize],
    right: &[usize],
    operation: &'static str,
    reason: &'static str,
    info: &LayerInfo,
) -> Result<Array<A>, ArrayError> {
    if left.iter().zip(right).any(|(&of_a, &of_b)| a.shape()[of_a] != b.shape()[of_b]) {
        return Err(misfit(operation, a, b, reason));
    }
    tensor(a, b, left, right, info)
}

fn tensor<A: Element>(
    a: &Array<A>,
    b: &Array<A>,
    left: &[usize],
    right: &[usize],
    info: &LayerInfo,
) -> Result<Array<A>, ArrayError> {
    let labels: Vec<Label> = (0..a.ndim() as Label).collect();
    let mut of_b: Vec<Label> = (0..b.ndim() as Label).map(|axis| axis + a.ndim() as Label).collect();
    for (&of_left, &of_right) in left.iter().zip(right) {
        of_b[of_right] = labels[of_left];
    }
    let alone = labels.iter().filter(|label| !of_b.contains(label));
    let out: Vec<Label> = alone.chain(of_b.iter().filter(|label| !labels.contains(label))).copied().collect();
    let a = Labelled { array: a.clone(), labels };
    contract(&a, &Labelled { array: b.clone(), labels: of_b }, &out, info)
}

/// An operand without the axes of length one that are broadcast: `length` says how long a label is, if it is
/// one of those that broadcast.
fn stretched<A: Element>(
    array: &Array<A>,
    labels: Vec<Label>,
    length: impl Fn(Label) -> Option<usize>,
    info: &LayerInfo,
) -> Result<Labelled<A>, ArrayError> {
    let is_stretched =
        |(&n, &label): (&usize, &Label)| n == 1 && length(label).is_some_and(|length| length != 1);
    let stretched: Vec<bool> = array.shape().iter().zip(&labels).map(is_stretched).collect();
    let elem = |&stretched: &bool| if stretched { SliceInfoElem::Index(0) } else { (..).into() };
    let array = array.sliced(&stretched.iter().map(elem).collect::<Vec<_>>(), info)?;
    let kept = labels.into_iter().zip(stretched).filter(|(_, stretched)| !stretched);
    Ok(Labelled { array, labels: kept.map(|(label, _)| label).collect() })
}
