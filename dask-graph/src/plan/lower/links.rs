//! Where the keys of one map are in others.

use crate::plan::lower::Home;
use crate::plan::lower::index::{LayerIndex, Site};
use crate::tasks::Tasks;

/// Where the keys are that a map refers to and does not hold.
///
/// To find one costs a few misses of the cache, since nodes are not met in the order in which they lie in memory. So
/// when a good part of them has been looked for, all the others are, in their order.
#[derive(Default)]
pub(super) struct Links {
    n_looked_for: usize,
    /// Per number, when there are so many: a home in another map, or none.
    homes: Vec<Option<Home>>,
}

/// When more than one in so many keys of a map was looked for, all are.
const PART: usize = 8;

impl Links {
    /// Where a key is; `None` if that is not known: it has to be looked for.
    #[inline]
    pub(super) fn find(&mut self, index: &LayerIndex<'_>, tasks: &Tasks, number: u32) -> Option<Home> {
        if self.homes.is_empty() {
            self.n_looked_for += 1;
            if self.n_looked_for <= tasks.n_keys() / PART {
                return None;
            }
            self.homes = (0..tasks.n_keys() as u32).map(|number| home(index, tasks, number)).collect();
        }
        self.homes[number as usize]
    }
}

fn home(index: &LayerIndex<'_>, tasks: &Tasks, number: u32) -> Option<Home> {
    if tasks.has_node(number) {
        return None;
    }
    match index.find(tasks.key(number)) {
        Ok(Some(Site::Held { layer, number })) => Some(Home { layer, number }),
        _ => None,
    }
}
