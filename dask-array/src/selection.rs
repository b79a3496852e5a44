//! Basic slices, resolved: which positions of an array are taken, in which order.

mod cut;

use dask_graph::{Tokenize, Tokenizer};
use ndarray::{ArrayViewD, ArrayViewMutD, Axis, Slice, SliceInfoElem};
use serde::{Deserialize, Serialize};

use crate::error::ArrayError;
use crate::kernel::encoded_payload;
use crate::storage::{Region, Span};

pub(crate) use self::cut::{AxisCut, Cut};

/// What is taken along one axis of the array that is sliced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Taken {
    /// One position; the axis vanishes.
    At(usize),
    /// The positions `start, start + step, …`, `len` of them.
    Along { start: usize, step: isize, len: usize },
}

impl Taken {
    /// The positions from `start` on.
    pub(crate) fn range(start: usize, len: usize) -> Self {
        Self::Along { start, step: 1, len }
    }

    /// Takes `then` of what is taken.
    fn then(self, then: Taken) -> Taken {
        let Taken::Along { start, step, .. } = self else { return self };
        let at = |position: usize| start.saturating_add_signed(step.saturating_mul(position as isize));
        match then {
            Taken::At(position) => Taken::At(at(position)),
            Taken::Along { start, step: by, len } => Taken::Along {
                start: if len == 0 { 0 } else { at(start) },
                step: step.saturating_mul(by),
                len,
            },
        }
    }

    /// The positions, in their order.
    pub(crate) fn positions(self) -> impl Iterator<Item = usize> {
        let (start, step, len) = match self {
            Taken::At(at) => (at, 1, 1),
            Taken::Along { start, step, len } => (start, step, len),
        };
        (0..len).map(move |at| start.saturating_add_signed(step.saturating_mul(at as isize)))
    }

    /// The number of positions.
    pub(crate) fn len(self) -> usize {
        match self {
            Taken::At(_) => 1,
            Taken::Along { len, .. } => len,
        }
    }
}

/// An axis of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Out {
    /// This axis of the array that is sliced.
    Of(usize),
    /// A new axis: of length one, or zero where nothing is taken of it.
    New { len: usize },
}

/// A part of an array: what is taken along its axes, and which axes the result has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Selection {
    /// For each axis of the array.
    pub(crate) source: Vec<Taken>,
    /// For each axis of the result.
    pub(crate) out: Vec<Out>,
}

impl Selection {
    /// All of an array.
    pub(crate) fn whole(shape: &[usize]) -> Self {
        Self::ranges(shape.iter().map(|&len| Taken::range(0, len)).collect())
    }

    /// A part of an array all of whose axes stay.
    pub(crate) fn ranges(source: Vec<Taken>) -> Self {
        let out = (0..source.len()).map(Out::Of).collect();
        Self { source, out }
    }

    /// What ndarray's `s![…]` takes of an array of this shape; axes it does not name are taken whole.
    pub(crate) fn new(shape: &[usize], index: &[SliceInfoElem]) -> Result<Self, ArrayError> {
        let mut source = Vec::with_capacity(shape.len());
        let mut out = Vec::with_capacity(shape.len());
        let named = index.iter().filter(|elem| !matches!(elem, SliceInfoElem::NewAxis)).count();
        if named > shape.len() {
            return Err(ArrayError::TooManyIndices { got: named, shape: shape.to_vec() });
        }
        for elem in index {
            let axis = source.len();
            match *elem {
                SliceInfoElem::NewAxis => out.push(Out::New { len: 1 }),
                SliceInfoElem::Index(at) => source.push(Taken::At(position(axis, at, shape[axis])?)),
                SliceInfoElem::Slice { start, end, step } => {
                    source.push(along(axis, shape[axis], start, end, step)?);
                    out.push(Out::Of(axis));
                }
            }
        }
        for (axis, &len) in shape.iter().enumerate().skip(source.len()) {
            source.push(Taken::range(0, len));
            out.push(Out::Of(axis));
        }
        Ok(Self { source, out })
    }

    /// Takes `then` of the result of `self`.
    pub(crate) fn then(&self, then: &Selection) -> Selection {
        let mut source = self.source.clone();
        for (&out, &taken) in self.out.iter().zip(&then.source) {
            if let Out::Of(axis) = out {
                source[axis] = source[axis].then(taken);
            }
        }
        Selection { source, out: out_of_both(&self.out, &then.out, |axis| then.source[axis].len()) }
    }

    /// What is taken, if all axes are kept, in their order and direction.
    pub(crate) fn region(&self) -> Option<Region> {
        let is_plain = self.out.len() == self.source.len()
            && self.out.iter().enumerate().all(|(at, out)| *out == Out::Of(at));
        let span = |taken: &Taken| match *taken {
            Taken::Along { start, step, len } if step > 0 => {
                Some(Span { start, len, step: step.unsigned_abs() })
            }
            _ => None,
        };
        let axes = self.source.iter().map(span).collect::<Option<_>>()?;
        is_plain.then_some(Region { axes })
    }

    /// The part of an array in memory.
    ///
    /// # Errors
    ///
    /// - When it does not lie within the array.
    pub(crate) fn of<'a, A>(&self, array: ArrayViewD<'a, A>) -> Result<ArrayViewD<'a, A>, ArrayError> {
        let elems = self.elems();
        if self.source.len() != array.ndim() {
            return Err(ArrayError::TooManyIndices { got: self.source.len(), shape: array.shape().to_vec() });
        }
        Self::new(array.shape(), &elems)?;
        let mut part = array.slice_move(elems.as_slice());
        for (axis, _) in self.out.iter().enumerate().filter(|(_, out)| **out == Out::New { len: 0 }) {
            part.slice_axis_inplace(Axis(axis), Slice::from(0..0));
        }
        Ok(part)
    }

    /// The part of an array in memory, to write to; of new axes of length zero, one.
    ///
    /// # Errors
    ///
    /// - When it does not lie within the array.
    pub(crate) fn of_mut<'a, A>(
        &self,
        array: ArrayViewMutD<'a, A>,
    ) -> Result<ArrayViewMutD<'a, A>, ArrayError> {
        let elems = self.elems();
        if self.source.len() != array.ndim() {
            return Err(ArrayError::TooManyIndices { got: self.source.len(), shape: array.shape().to_vec() });
        }
        Self::new(array.shape(), &elems)?;
        Ok(array.slice_move(elems.as_slice()))
    }

    /// As it is written in ndarray's `s![…]`, new axes of length one.
    fn elems(&self) -> Vec<SliceInfoElem> {
        let mut elems = Vec::with_capacity(self.source.len());
        let mut next = 0;
        for out in &self.out {
            match *out {
                Out::New { .. } => elems.push(SliceInfoElem::NewAxis),
                // Axes before the one that comes next vanish.
                Out::Of(axis) => {
                    elems.extend(self.source[next..=axis].iter().copied().map(elem));
                    next = axis + 1;
                }
            }
        }
        elems.extend(self.source[next..].iter().copied().map(elem));
        elems
    }
}

encoded_payload!(Selection, |it| size_of_val(&*it.source) + size_of_val(&*it.out));

impl Tokenize for Selection {
    fn tokenize(&self, t: &mut Tokenizer) {
        for out in &self.out {
            match out {
                Out::Of(axis) => (0_u8, axis).tokenize(t),
                Out::New { len } => (1_u8, len).tokenize(t),
            }
        }
        self.out.len().tokenize(t);
        for taken in &self.source {
            match taken {
                Taken::At(at) => (0_u8, at, 0_isize, 1_usize).tokenize(t),
                Taken::Along { start, step, len } => (1_u8, start, step, len).tokenize(t),
            }
        }
    }
}

/// The axes of the result of two slices one after the other, the second of which takes so many positions along
/// the axes of the first's result.
fn out_of_both(first: &[Out], second: &[Out], len: impl Fn(usize) -> usize) -> Vec<Out> {
    let out = |&out: &Out| match out {
        Out::Of(axis) => match first[axis] {
            Out::New { .. } => Out::New { len: len(axis) },
            of @ Out::Of(_) => of,
        },
        new @ Out::New { .. } => new,
    };
    second.iter().map(out).collect()
}

/// What is taken along one axis, as an ndarray index.
fn elem(taken: Taken) -> SliceInfoElem {
    match taken {
        Taken::At(at) => SliceInfoElem::Index(at as isize),
        Taken::Along { start, step, len } => {
            let reach = len.saturating_sub(1) * step.unsigned_abs();
            let from = if step > 0 { start } else { start.saturating_sub(reach) };
            let to = if len == 0 { from } else { from + reach + 1 };
            SliceInfoElem::Slice { start: from as isize, end: Some(to as isize), step }
        }
    }
}

/// A position, which may count from the end of its axis.
pub(crate) fn position(axis: usize, index: isize, length: usize) -> Result<usize, ArrayError> {
    let at = if index < 0 { length.checked_add_signed(index) } else { Some(index.unsigned_abs()) };
    at.filter(|&at| at < length).ok_or(ArrayError::IndexOutOfRange { axis, index, length })
}

/// A range as ndarray means it: the elements from `start` to `end`, and of these with a negative step every
/// so many from the last on.
fn along(
    axis: usize,
    length: usize,
    start: isize,
    end: Option<isize>,
    step: isize,
) -> Result<Taken, ArrayError> {
    let bound = |index: isize| {
        let at = if index < 0 { length.checked_add_signed(index) } else { Some(index.unsigned_abs()) };
        at.filter(|&at| at <= length).ok_or(ArrayError::IndexOutOfRange { axis, index, length })
    };
    let from = bound(start)?;
    let to = end.map_or(Ok(length), bound)?;
    if from > to {
        return Err(ArrayError::BackwardSlice { axis, start: from, end: to, length });
    }
    if step == 0 {
        return Err(ArrayError::ZeroStep { axis });
    }
    let len = (to - from).div_ceil(step.unsigned_abs());
    let start = match (len, step > 0) {
        (0, _) => 0,
        (_, true) => from,
        (_, false) => to - 1,
    };
    Ok(Taken::Along { start, step, len })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SliceIndex;
    use ndarray::{NewAxis, Slice};

    #[test]
    fn mistakes_name_axis_index_and_length() {
        let error = |shape: &[usize], index: &dyn SliceIndex| {
            Selection::new(shape, &index.elems()).unwrap_err().to_string()
        };
        assert_eq!(error(&[3, 4], &(.., 4)), "index 4 is out of range for axis 1 with length 4");
        assert_eq!(error(&[3], &(-4,)), "index -4 is out of range for axis 0 with length 3");
        assert_eq!(error(&[3], &(..5,)), "index 5 is out of range for axis 0 with length 3");
        assert!(error(&[3], &[Slice::new(2, Some(1), 1).into()]).contains("ends before it begins"));
        assert!(error(&[3], &(0, 0)).starts_with("2 indices"));
        let zero = SliceInfoElem::Slice { start: 0, end: None, step: 0 };
        assert!(error(&[3], &[zero]).contains("step 0"));
    }

    #[test]
    fn a_slice_of_a_slice_is_a_slice() {
        let new = |shape: &[usize], index: &dyn SliceIndex| Selection::new(shape, &index.elems()).unwrap();
        let first = new(&[20, 5], &(Slice::new(2, Some(19), -3), 1));
        assert_eq!(first.source[0], Taken::Along { start: 18, step: -3, len: 6 });
        let second = new(&[6], &(NewAxis, Slice::new(1, None, 2)));
        let both = first.then(&second);
        assert_eq!(both.source, [Taken::Along { start: 15, step: -6, len: 3 }, Taken::At(1)]);
        assert_eq!(both.out, [Out::New { len: 1 }, Out::Of(0)]);
        // Nothing is taken of a new axis.
        let none = both.then(&new(&[1, 3], &(0..0, 1)));
        assert_eq!(none.source[0], Taken::At(9));
        assert_eq!(none.out, [Out::New { len: 0 }]);
        let x = ndarray::Array2::<i32>::zeros((20, 5)).into_dyn();
        assert_eq!(none.of(x.view()).unwrap().shape(), [0]);
        assert!(none.of(x.slice_each_axis(|_| (..5).into())).is_err());
    }
}
