//! Which nodes the keys of maps are.

use crate::plan::lower::Home;
use crate::plan::lower::index::{LayerIndex, Site};
use crate::tasks::Tasks;

/// The nodes of the keys that maps have numbered.
///
/// A map refers to keys that it does not hold. To find one in another map costs a few misses of the cache, since nodes
/// are not met in the order in which they lie in memory. So when a good part of them has been looked for, all the
/// others are, in their order.
pub(super) struct Met {
    /// Where each map's numbers begin in `nodes`.
    starts: Vec<usize>,
    /// Per key: one more than its node; `LINK` and where here the map is that holds it; or 0, so that memory is only
    /// touched where it is used.
    nodes: Vec<u32>,
    /// Per map: how many of its keys had to be looked for.
    n_looked_for: Vec<usize>,
}

/// What is known of a key that a map refers to.
pub(super) enum Known {
    Node(u32),
    /// It is not met yet, and another map holds it.
    Home(Home),
    Nothing,
}

/// Nodes are below half of this.
const LINK: u32 = 1 << 31;

/// When more than one in so many keys of a map was looked for, all are: each costs much less then.
const PART: usize = 32;

impl Met {
    /// Nothing, of maps that have numbered so many keys each.
    pub(super) fn new(counts: impl Iterator<Item = usize>) -> Self {
        let mut total = 0;
        let mut begin = |count| {
            total += count;
            total - count
        };
        let starts: Vec<usize> = counts.map(&mut begin).collect();
        Self { n_looked_for: vec![0; starts.len()], starts, nodes: vec![0; total] }
    }

    #[inline]
    pub(super) fn get(&self, map: u32, number: u32) -> Known {
        match self.nodes[self.place(map, number)] {
            0 => Known::Nothing,
            link if link >= LINK => {
                let place = (link - LINK) as usize;
                self.nodes[place].checked_sub(1).map_or_else(|| Known::Home(self.home(place)), Known::Node)
            }
            node => Known::Node(node - 1),
        }
    }

    #[inline]
    pub(super) fn set(&mut self, map: u32, number: u32, node: u32) {
        let place = self.place(map, number);
        self.nodes[place] = node + 1;
    }

    /// Says that a key of a map has to be looked for; returns whether its home is known now.
    pub(super) fn look_for(&mut self, index: &LayerIndex<'_>, map: u32, tasks: &Tasks) -> bool {
        let n_looked_for = &mut self.n_looked_for[map as usize];
        *n_looked_for += 1;
        let is_time = *n_looked_for == tasks.n_keys() / PART + 1;
        if is_time {
            self.link(index, map, tasks);
        }
        is_time
    }

    fn link(&mut self, index: &LayerIndex<'_>, map: u32, tasks: &Tasks) {
        for number in 0..tasks.n_keys() as u32 {
            let place = self.place(map, number);
            if self.nodes[place] == 0
                && !tasks.has_node(number)
                && let Ok(Some(Site::Held { layer, number })) = index.find(tasks.key(number))
                && let Ok(home) = u32::try_from(self.place(layer, number))
                && home < LINK
            {
                self.nodes[place] = LINK | home;
            }
        }
    }

    #[inline]
    fn place(&self, map: u32, number: u32) -> usize {
        self.starts[map as usize] + number as usize
    }

    fn home(&self, place: usize) -> Home {
        let layer = self.starts.partition_point(|&start| start <= place) - 1;
        Home { layer: layer as u32, number: (place - self.starts[layer]) as u32 }
    }
}
