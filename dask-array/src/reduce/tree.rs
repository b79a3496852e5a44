//! The tree of joins, as layers that know only how blocks are grouped.

use std::ops::Range;
use std::sync::Arc;

use dask_graph::{Arg, Key, Layer, LayerInfo, Name, Node, Op, Task};

/// One level of a tree: each task joins the results of a box of blocks of the level before.
pub(crate) struct JoinLayer {
    pub(crate) name: Name,
    pub(crate) input: Name,
    /// Numbers of blocks of the input along its axes.
    pub(crate) n_blocks: Vec<u32>,
    /// Blocks joined along each axis; 1 where the axis is kept.
    pub(crate) group: Vec<u32>,
    /// For each axis, whether its position is left out of the keys of this level.
    pub(crate) dropped: Vec<bool>,
    pub(crate) op: Arc<dyn Op>,
    pub(crate) info: LayerInfo,
}

impl JoinLayer {
    /// Numbers of blocks of this level, before axes are dropped.
    pub(crate) fn n_joined(&self) -> Vec<u32> {
        self.n_blocks.iter().zip(&self.group).map(|(&n, &group)| n.div_ceil(group)).collect()
    }

    /// The axis of the input that is this one of the result, if blocks along it are not joined.
    pub(crate) fn kept(&self, axis: usize) -> Option<usize> {
        let own = (0..self.dropped.len()).filter(|&own| !self.dropped[own]).nth(axis)?;
        (self.group[own] == 1).then_some(own)
    }

    /// The blocks that are joined to the block at this index, along each axis.
    fn ranges(&self, index: &[u32]) -> Option<Vec<Range<u32>>> {
        let mut given = index.iter();
        let mut ranges = Vec::with_capacity(self.n_blocks.len());
        for axis in 0..self.n_blocks.len() {
            let at = if self.dropped[axis] { 0 } else { *given.next()? };
            let from = at.checked_mul(self.group[axis]).filter(|&from| from < self.n_blocks[axis])?;
            ranges.push(from..from.saturating_add(self.group[axis]).min(self.n_blocks[axis]));
        }
        given.next().is_none().then_some(ranges)
    }
}

impl Layer for JoinLayer {
    fn name(&self) -> &Name {
        &self.name
    }

    fn len(&self) -> usize {
        self.n_joined().iter().map(|&n| n as usize).product()
    }

    fn node(&self, key: &Key) -> Option<Node> {
        if key.name() != &self.name {
            return None;
        }
        let ranges = self.ranges(key.index())?;
        let n: Vec<u32> = ranges.iter().map(|range| range.end - range.start).collect();
        let parts = crate::chunks::indices(&n).map(|mut index| {
            for (i, range) in index.iter_mut().zip(&ranges) {
                *i += range.start;
            }
            Arg::Key(Key::new(&self.input, &index))
        });
        Some(Node::Task(Task::new(self.op.clone(), [Arg::List(parts.collect())])))
    }

    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        let n = self.n_joined();
        let kept: Vec<u32> =
            n.iter().zip(&self.dropped).filter(|(_, dropped)| !**dropped).map(|(&n, _)| n).collect();
        Box::new(crate::chunks::indices(&kept).map(|index| Key::new(&self.name, &index)))
    }

    fn inputs(&self) -> Vec<Name> {
        vec![self.input.clone()]
    }

    fn info(&self) -> &LayerInfo {
        &self.info
    }
}
