//! Basic slices, resolved: which positions of an array are taken, in which order.

use dask_graph::{Tokenize, Tokenizer};
use ndarray::SliceInfoElem;

use crate::error::ArrayError;

/// What is taken along one axis of the array that is sliced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// One position; the axis vanishes.
    At(usize),
    /// The positions `start, start + step, …`, `len` of them.
    Along { start: usize, step: isize, len: usize },
}

/// A part of an array: what is taken along its axes, and which axes the result has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    /// For each axis of the array.
    pub(crate) source: Vec<Taken>,
    /// For each axis of the result, the axis of the array it comes from; none for a new axis of length one.
    pub(crate) out: Vec<Option<usize>>,
}

impl Selection {
    /// All of an array.
    pub(crate) fn whole(shape: &[usize]) -> Self {
        Self {
            source: shape.iter().map(|&len| Taken::Along { start: 0, step: 1, len }).collect(),
            out: (0..shape.len()).map(Some).collect(),
        }
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
                SliceInfoElem::NewAxis => out.push(None),
                SliceInfoElem::Index(at) => source.push(Taken::At(position(axis, at, shape[axis])?)),
                SliceInfoElem::Slice { start, end, step } => {
                    source.push(along(axis, shape[axis], start, end, step)?);
                    out.push(Some(axis));
                }
            }
        }
        for (axis, &len) in shape.iter().enumerate().skip(source.len()) {
            source.push(Taken::Along { start: 0, step: 1, len });
            out.push(Some(axis));
        }
        Ok(Self { source, out })
    }

    /// Takes `then` of the result of `self`.
    pub(crate) fn then(&self, then: &Selection) -> Selection {
        let mut source = self.source.clone();
        for (out, taken) in then.source.iter().enumerate() {
            let Some(axis) = self.out[out] else { continue };
            let Taken::Along { start, step, .. } = self.source[axis] else { continue };
            let at = |position: usize| start.saturating_add_signed(step.saturating_mul(position as isize));
            source[axis] = match *taken {
                Taken::At(position) => Taken::At(at(position)),
                Taken::Along { start, step: by, len } => Taken::Along {
                    start: if len == 0 { 0 } else { at(start) },
                    step: step.saturating_mul(by),
                    len,
                },
            };
        }
        let out = then.out.iter().map(|out| out.and_then(|out| self.out[out])).collect();
        Selection { source, out }
    }

    /// Calls `each` with the axes of the result and of the array in the order in which a slice names them: a
    /// new axis as `(out, none)`, a vanishing axis as `(none, taken)`, any other as `(out, taken)`.
    pub(crate) fn for_each_in_order(&self, mut each: impl FnMut(Option<usize>, Option<Taken>)) {
        let mut next = 0;
        for (out, axis) in self.out.iter().enumerate() {
            if let Some(axis) = *axis {
                for &vanishing in &self.source[next..axis] {
                    each(None, Some(vanishing));
                }
                each(Some(out), Some(self.source[axis]));
                next = axis + 1;
            } else {
                each(Some(out), None);
            }
        }
        for &vanishing in &self.source[next..] {
            each(None, Some(vanishing));
        }
    }
}

impl Tokenize for Selection {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.out.tokenize(t);
        for taken in &self.source {
            match taken {
                Taken::At(at) => (0_u8, at, 0_isize, 1_usize).tokenize(t),
                Taken::Along { start, step, len } => (1_u8, start, step, len).tokenize(t),
            }
        }
    }
}

fn position(axis: usize, index: isize, length: usize) -> Result<usize, ArrayError> {
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

/// The blocks of an axis with these bounds that hold the positions `start, start + step, …` (`len` of them), in
/// the order in which they come: the block, the place of its first taken element in it, and how many it holds.
///
/// No positions at all are taken of block 0, so that an empty axis has a block too.
pub(crate) fn cut(starts: &[usize], start: usize, step: isize, len: usize) -> Vec<(u32, usize, usize)> {
    if len == 0 {
        return vec![(0, 0, 0)];
    }
    let mut pieces = Vec::new();
    let (mut at, mut left) = (start, len);
    while left > 0 {
        let block = starts.partition_point(|&from| from <= at).saturating_sub(1);
        let room = if step > 0 { starts[block + 1] - 1 - at } else { at - starts[block] };
        let n = (room / step.unsigned_abs() + 1).min(left);
        pieces.push((block as u32, at - starts[block], n));
        left -= n;
        at = at.saturating_add_signed(step.saturating_mul(n as isize));
    }
    pieces
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
        assert_eq!(both.out, [None, Some(0)]);
    }

    #[test]
    fn cuts_follow_the_order_of_the_slice() {
        assert_eq!(cut(&[0, 5, 10, 12], 1, 3, 4), [(0, 1, 2), (1, 2, 1), (2, 0, 1)]);
        assert_eq!(cut(&[0, 5, 10, 12], 11, -4, 3), [(2, 1, 1), (1, 2, 1), (0, 3, 1)]);
        assert_eq!(cut(&[0, 5], 0, 1, 0), [(0, 0, 0)]);
        // A block that no step lands in does not exist.
        assert_eq!(cut(&[0, 2, 4, 6], 1, 4, 2), [(0, 1, 1), (2, 1, 1)]);
        // Blocks of length zero are passed over.
        assert_eq!(cut(&[0, 0, 2, 2, 3], 0, 1, 3), [(1, 0, 2), (3, 0, 1)]);
    }
}
