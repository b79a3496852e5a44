//! Points: in which blocks they lie, and what blocks of them are gathered from.

use std::ops::Range;

use super::gather::{Gather, Part, Places};
use crate::chunks::Chunks;

/// Points of an array: positions along neighbouring axes.
pub(super) struct Points {
    pub(super) axes: Vec<usize>,
    /// For each axis, the positions of all points.
    pub(super) along: Vec<Vec<usize>>,
}

/// In which blocks points lie, and where in them.
pub(super) struct Located {
    /// The numbers of blocks along the axes of the points.
    n_blocks: Vec<u32>,
    /// For each point, the number of its block among all along these axes.
    pub(super) source: Vec<u64>,
    /// For each point, where it lies in its block, in row-major order.
    offset: Vec<usize>,
}

impl Points {
    pub(super) fn len(&self) -> usize {
        self.along.first().map_or(0, Vec::len)
    }

    pub(super) fn located(&self, chunks: &Chunks) -> Located {
        let (mut source, mut offset) = (vec![0_u64; self.len()], vec![0_usize; self.len()]);
        for (&axis, along) in self.axes.iter().zip(&self.along) {
            let starts = chunks.starts(axis);
            let n_blocks = (starts.len() - 1) as u64;
            for ((source, offset), &at) in source.iter_mut().zip(&mut offset).zip(along) {
                let block = starts.partition_point(|&start| start <= at) - 1;
                *source = *source * n_blocks + block as u64;
                *offset = *offset * (starts[block + 1] - starts[block]) + at - starts[block];
            }
        }
        let n_blocks = self.axes.iter().map(|&axis| chunks.lengths(axis).len() as u32).collect();
        Located { n_blocks, source, offset }
    }
}

impl Located {
    /// The points in another order.
    pub(super) fn reordered(&self, order: &[usize]) -> Self {
        let source = order.iter().map(|&at| self.source[at]).collect();
        let offset = order.iter().map(|&at| self.offset[at]).collect();
        Self { n_blocks: self.n_blocks.clone(), source, offset }
    }

    /// What is gathered for each block of points, which end at these.
    pub(super) fn grouped(&self, starts: &[usize]) -> Vec<Pick> {
        starts.windows(2).map(|bounds| self.pick(bounds[0]..bounds[1])).collect()
    }

    fn pick(&self, range: Range<usize>) -> Pick {
        let len = range.len();
        let mut order: Vec<usize> = range.clone().collect();
        order.sort_by_key(|&at| self.source[at]);
        let mut sources = Vec::new();
        let mut parts = Vec::new();
        for group in order.chunk_by(|&a, &b| self.source[a] == self.source[b]) {
            sources.push(self.block(self.source[group[0]]));
            parts.push(Part {
                from: Places::new(group.iter().map(|&at| self.offset[at])),
                to: Places::new(group.iter().map(|&at| at - range.start)),
            });
        }
        if sources.is_empty() {
            // Nothing of the first block, which tells the lengths of the other axes.
            sources.push(vec![0; self.n_blocks.len()]);
            parts.push(Part { from: Places::Run(0..0), to: Places::Run(0..0) });
        }
        Pick { sources, gather: Gather { len, parts } }
    }

    /// The index of a block along the axes of the points.
    fn block(&self, mut number: u64) -> Vec<u32> {
        let mut index = vec![0; self.n_blocks.len()];
        for (at, &n) in index.iter_mut().zip(&self.n_blocks).rev() {
            *at = (number % u64::from(n)) as u32;
            number /= u64::from(n);
        }
        index
    }
}

/// What a block of points is gathered from.
pub(super) struct Pick {
    /// Indices of blocks along the axes of the points.
    pub(super) sources: Vec<Vec<u32>>,
    pub(super) gather: Gather,
}
