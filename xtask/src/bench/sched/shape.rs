//! The shapes of the graphs, as rules: which earlier tasks a task depends on.

use std::ops::Range;

/// A family of graphs over tasks `0..size`, each depending on earlier ones only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// No dependencies.
    Independent,
    /// Each task depends on the one before.
    Chain,
    /// The first half are leaves; each later task joins the next two that are not joined yet.
    Tree,
    /// Each task depends on three (not always distinct) of the thousand before it.
    Random,
    /// Stages of [`STAGE`] tasks, each depending on all of the stage before.
    Stages,
}

const STAGE: usize = 16;
const WINDOW: usize = 1000;

impl Shape {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Shape::Independent => "independent",
            Shape::Chain => "chain",
            Shape::Tree => "tree",
            Shape::Random => "random",
            Shape::Stages => "stages",
        }
    }

    /// Whether the work splits into halves that do not touch, so that `rayon::join` can do it.
    pub(crate) fn is_divisible(self) -> bool {
        matches!(self, Shape::Independent)
    }

    /// About how many edges there are.
    pub(crate) fn n_edges(self, size: usize) -> usize {
        match self {
            Shape::Independent => 0,
            Shape::Chain | Shape::Tree => size,
            Shape::Random => 3 * size,
            Shape::Stages => STAGE * size,
        }
    }

    /// Appends the distinct tasks that `task` of `size` depends on.
    pub(crate) fn dependencies(self, task: usize, size: usize, into: &mut Vec<u32>) {
        match self {
            Shape::Independent => {}
            Shape::Chain => into.extend(task.checked_sub(1).map(|before| before as u32)),
            Shape::Tree => {
                if let Some(joined) = task.checked_sub(size.div_ceil(2)) {
                    // Of an even number of tasks one is left over, and the last joins only one.
                    let joined = [2 * joined, 2 * joined + 1].into_iter().filter(|&joined| joined < task);
                    into.extend(joined.map(|joined| joined as u32));
                }
            }
            Shape::Random => {
                let begin = into.len();
                for draw in 0..3.min(task) {
                    let back = mix((task * 3 + draw) as u64) % task.min(WINDOW) as u64;
                    let dependency = task as u32 - 1 - back as u32;
                    if !into[begin..].contains(&dependency) {
                        into.push(dependency);
                    }
                }
            }
            Shape::Stages => {
                if let Some(stage_before) = (task / STAGE).checked_sub(1) {
                    into.extend((0..STAGE).map(|i| (stage_before * STAGE + i) as u32));
                }
            }
        }
    }

    /// The tasks on which no other depends.
    pub(crate) fn sinks(self, size: usize) -> Box<dyn Iterator<Item = usize>> {
        match self {
            Shape::Independent => Box::new(0..size),
            Shape::Chain => Box::new(size - 1..size),
            Shape::Tree | Shape::Random | Shape::Stages => {
                let mut is_used = vec![false; size];
                let mut dependencies = Vec::new();
                for task in 0..size {
                    dependencies.clear();
                    self.dependencies(task, size, &mut dependencies);
                    dependencies.iter().for_each(|&dependency| is_used[dependency as usize] = true);
                }
                Box::new((0..size).filter(move |&task| !is_used[task]))
            }
        }
    }
}

/// The edges of one graph, in both directions, in flat arrays.
pub(crate) struct Edges {
    shape: Shape,
    dependencies: Rows,
    dependents: Rows,
}

impl Edges {
    pub(crate) fn new(shape: Shape, size: usize) -> Self {
        let mut dependencies = Rows { ends: vec![0], items: Vec::new() };
        for task in 0..size {
            shape.dependencies(task, size, &mut dependencies.items);
            dependencies.ends.push(dependencies.items.len() as u32);
        }
        let dependents = dependencies.transposed();
        Edges { shape, dependencies, dependents }
    }

    pub(crate) fn size(&self) -> usize {
        self.dependencies.ends.len() - 1
    }

    pub(crate) fn dependencies(&self, task: usize) -> &[u32] {
        self.dependencies.row(task)
    }

    pub(crate) fn dependents(&self, task: usize) -> &[u32] {
        self.dependents.row(task)
    }

    pub(crate) fn sinks(&self) -> Box<dyn Iterator<Item = usize>> {
        self.shape.sinks(self.size())
    }
}

struct Rows {
    ends: Vec<u32>,
    items: Vec<u32>,
}

impl Rows {
    fn row(&self, row: usize) -> &[u32] {
        let range: Range<usize> = self.ends[row] as usize..self.ends[row + 1] as usize;
        &self.items[range]
    }

    fn transposed(&self) -> Rows {
        let n_rows = self.ends.len() - 1;
        let mut ends = vec![0_u32; n_rows + 1];
        self.items.iter().for_each(|&item| ends[item as usize + 1] += 1);
        (0..n_rows).for_each(|row| ends[row + 1] += ends[row]);
        let (mut next, mut items) = (ends.clone(), vec![0; self.items.len()]);
        for row in 0..n_rows {
            for &item in self.row(row) {
                items[next[item as usize] as usize] = row as u32;
                next[item as usize] += 1;
            }
        }
        Rows { ends, items }
    }
}

/// SplitMix64: the same draws on every machine.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Shape; 5] = [Shape::Independent, Shape::Chain, Shape::Tree, Shape::Random, Shape::Stages];

    #[test]
    fn edges_point_back_and_turn_around() {
        for shape in ALL {
            for size in [1, 2, 3, 100, 999] {
                let edges = Edges::new(shape, size);
                for task in 0..size {
                    for &dependency in edges.dependencies(task) {
                        assert!((dependency as usize) < task, "{shape:?} {size}");
                        assert!(edges.dependents(dependency as usize).contains(&(task as u32)));
                    }
                }
                let sinks: Vec<_> = (0..size).filter(|&task| edges.dependents(task).is_empty()).collect();
                assert_eq!(edges.sinks().collect::<Vec<_>>(), sinks, "{shape:?} {size}");
            }
        }
    }
}
