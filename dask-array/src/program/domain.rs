//! The index space a program runs over, and how arguments lie in it.
//!
//! Axes along which every operand lies the same way are merged, so that most programs run over one or two
//! axes: `x + y` over one axis of all elements, `x - column_means` over rows of `x`.

/// About how many elements go through a program at a time.
pub(crate) const TILE: usize = 1024;

/// An index space in row-major order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Domain {
    /// Lengths of the axes; at least one axis.
    dims: Vec<usize>,
    len: usize,
}

impl Domain {
    /// Merges the axes of `shape` as far as all `strides` allow, and rewrites the strides to the merged axes.
    ///
    /// ```text
    /// shape [4, 5, 6], strides [30, 6, 1] and [0, 6, 1]   ->   dims [4, 30], strides [30, 1] and [0, 1]
    /// ```
    pub(crate) fn merge(shape: &[usize], strides: &mut [Vec<usize>]) -> Self {
        let mut dims: Vec<usize> = Vec::with_capacity(shape.len().max(1));
        let mut kept: Vec<Vec<usize>> = vec![Vec::with_capacity(shape.len().max(1)); strides.len()];
        for (axis, &n) in shape.iter().enumerate() {
            if n == 1 {
                continue;
            }
            let joins = !dims.is_empty()
                && strides.iter().zip(&kept).all(|(full, kept)| kept.last() == Some(&(full[axis] * n)));
            if joins {
                if let Some(last) = dims.last_mut() {
                    *last *= n;
                }
                for (full, kept) in strides.iter().zip(&mut kept) {
                    if let Some(last) = kept.last_mut() {
                        *last = full[axis];
                    }
                }
            } else {
                dims.push(n);
                for (full, kept) in strides.iter().zip(&mut kept) {
                    kept.push(full[axis]);
                }
            }
        }
        if dims.is_empty() {
            dims.push(1);
            for kept in &mut kept {
                kept.push(0);
            }
        }
        for (full, kept) in strides.iter_mut().zip(kept) {
            *full = kept;
        }
        let len = if shape.contains(&0) { 0 } else { dims.iter().product() };
        Self { dims, len }
    }

    /// Number of elements.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Length of the innermost axis.
    pub(crate) fn line(&self) -> usize {
        self.dims[self.dims.len() - 1]
    }

    /// Elements in a tile: whole lines if they are short, else a piece of one.
    pub(crate) fn tile(&self) -> usize {
        let line = self.line().max(1);
        if line >= TILE { TILE } else { TILE / line * line }
    }

    /// Where the line with number `outer` begins in an operand with these strides.
    pub(crate) fn line_offset(&self, mut outer: usize, strides: &[usize]) -> usize {
        let mut offset = 0;
        for axis in (0..self.dims.len() - 1).rev() {
            offset += outer % self.dims[axis] * strides[axis];
            outer /= self.dims[axis];
        }
        offset
    }

    /// Whether an operand with these strides lies in memory in the order of the domain.
    pub(crate) fn is_flat(&self, strides: &[usize]) -> bool {
        let mut expected = 1;
        self.dims.iter().zip(strides).rev().all(|(&n, &stride)| {
            let fits = stride == expected;
            expected *= n;
            fits
        })
    }
}

/// Strides of an array of this shape in row-major order, 0 along axes of length one.
pub(crate) fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![0; shape.len()];
    let mut step = 1_usize;
    for (stride, &n) in strides.iter_mut().zip(shape).rev() {
        if n != 1 {
            *stride = step;
        }
        step = step.saturating_mul(n);
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merges_what_lies_alike() {
        let mut strides = vec![vec![30, 6, 1], vec![0, 6, 1]];
        let domain = Domain::merge(&[4, 5, 6], &mut strides);
        assert_eq!(domain.dims, [4, 30]);
        assert_eq!(strides, [vec![30, 1], vec![0, 1]]);
        assert!(domain.is_flat(&strides[0]));
        assert!(!domain.is_flat(&strides[1]));
    }

    #[test]
    fn a_number_is_a_line_of_one() {
        let mut strides = vec![vec![]];
        let domain = Domain::merge(&[], &mut strides);
        assert_eq!((domain.len(), domain.line()), (1, 1));
        let mut strides = vec![vec![0, 0]];
        let domain = Domain::merge(&[1, 1], &mut strides);
        assert_eq!((domain.len(), strides[0].len()), (1, 1));
    }

    #[test]
    fn tiles_hold_whole_lines() {
        let of = |shape: &[usize]| {
            let broadcast = (0..shape.len()).map(|axis| usize::from(axis + 1 == shape.len())).collect();
            Domain::merge(shape, &mut [row_major(shape), broadcast]).tile()
        };
        assert_eq!(of(&[50, 10]), 1020);
        assert_eq!(of(&[50, 600]), 600);
        assert_eq!(of(&[50, 5000]), 1024);
    }

    #[test]
    fn offsets_of_lines() {
        let mut strides = vec![row_major(&[3, 4, 5]), vec![5, 0, 1]];
        let domain = Domain::merge(&[3, 4, 5], &mut strides);
        assert_eq!(domain.line_offset(7, &strides[0]), 35);
        assert_eq!(domain.line_offset(7, &strides[1]), 5);
    }
}
