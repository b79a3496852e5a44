//! A part of a stored array.

use ndarray::{ArrayViewD, Slice, SliceInfoElem};

/// The positions `start, start + step, …` (`len` of them) along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first position.
    pub start: usize,
    /// How many positions.
    pub len: usize,
    /// From one position to the next; at least 1.
    pub step: usize,
}

impl Span {
    /// The positions of a whole axis.
    pub fn whole(len: usize) -> Self {
        Self { start: 0, len, step: 1 }
    }

    /// The range from the first to the last position, which has `(len - 1) * step + 1` elements.
    pub fn bounds(&self) -> std::ops::Range<usize> {
        match self.len {
            0 => self.start..self.start,
            n => self.start..self.start + (n - 1) * self.step + 1,
        }
    }

    /// The positions that lie in a range, counted from its beginning on, and how many of the span come before them.
    /// Nothing if there are none.
    pub(super) fn within(&self, from: usize, to: usize) -> Option<(Span, usize)> {
        let before = from.saturating_sub(self.start).div_ceil(self.step);
        let start = self.start + before.checked_mul(self.step)?;
        if before >= self.len || start >= to {
            return None;
        }
        let len = (self.len - before).min((to - start).div_ceil(self.step));
        Some((Span { start: start - from, len, step: self.step }, before))
    }

    /// Whether there are no gaps between the positions.
    pub fn is_dense(&self) -> bool {
        self.step == 1 || self.len <= 1
    }
}

/// A part of a stored array: a [`Span`] along each axis.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Region {
    /// The spans, one an axis.
    pub axes: Vec<Span>,
}

impl Region {
    /// The shape of the part.
    pub fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|span| span.len).collect()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.axes.iter().map(|span| span.len).product()
    }

    /// Whether the part has no elements.
    pub fn is_empty(&self) -> bool {
        self.axes.iter().any(|span| span.len == 0)
    }

    /// The part of an array in memory.
    ///
    /// # Panics
    ///
    /// When the region lies outside of the array.
    pub fn of<'a, A>(&self, mut array: ArrayViewD<'a, A>) -> ArrayViewD<'a, A> {
        array.slice_collapse(self.elems().as_slice());
        array
    }

    /// As it is written in ndarray's `s![…]`.
    pub(crate) fn elems(&self) -> Vec<SliceInfoElem> {
        let elem = |span: &Span| {
            let bounds = span.bounds();
            Slice::new(bounds.start as isize, Some(bounds.end as isize), span.step.max(1) as isize).into()
        };
        self.axes.iter().map(elem).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array1;

    #[test]
    fn ranges_divide_a_span() {
        for (start, len, step) in [(0, 10, 1), (3, 4, 2), (1, 3, 7), (5, 0, 1), (19, 1, 5)] {
            let span = Span { start, len, step };
            let all: Vec<usize> = (0..len).map(|i| start + i * step).collect();
            for width in 1..8 {
                let mut found = Vec::new();
                for from in (0..30).step_by(width) {
                    let Some((part, before)) = span.within(from, from + width) else { continue };
                    assert_eq!((part.step, before), (step, found.len()));
                    found.extend((0..part.len).map(|i| from + part.start + i * step));
                }
                assert_eq!(found, all, "{span:?} in ranges of {width}");
            }
        }
    }

    #[test]
    fn a_span_takes_every_step_th() {
        let x = Array1::from_iter(0..10).into_dyn();
        let of = |start, len, step| {
            let region = Region { axes: vec![Span { start, len, step }] };
            region.of(x.view()).iter().copied().collect::<Vec<i32>>()
        };
        assert_eq!(of(1, 3, 4), [1, 5, 9]);
        assert!(of(3, 0, 2).is_empty());
        assert_eq!(of(9, 1, 7), [9]);
    }
}
