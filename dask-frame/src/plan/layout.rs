//! Operations that say in which partition rows are, and leave the rows and columns what they are.

use std::fmt;
use std::sync::Arc;

use super::node::SortSpec;
use crate::column::Column;

/// Where rows are.
#[derive(Clone, Debug)]
pub(crate) enum Layout {
    /// Rows of equal keys come together in one of `n` partitions.
    Shuffle { on: Vec<Arc<str>>, n: u32 },
    /// Some of the partitions.
    Pick(Vec<u32>),
    /// The last rows, in one partition.
    Tail(usize),
    /// Partitions put together, or cut.
    Pieces(Pieces),
    /// A column is the index from here on, or none is.
    Mark { name: Option<Arc<str>> },
    /// The divisions of the index are not known from here on.
    Forget,
    /// A column is the index, in whose order the rows are, which is checked.
    Sorted { column: Arc<str> },
    /// A column is the index, by whose values rows are put between bounds and into order.
    Divide { column: Arc<str>, bounds: Column },
    /// A column is the index, whose values are between bounds and in order, which is checked.
    Checked { column: Arc<str>, bounds: Column },
    /// Partitions cut and put together between new bounds of the index; the old ones are known.
    Ranges { column: Arc<str>, old: Column, bounds: Column },
}

/// New partitions made of old ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pieces {
    /// How many old ones there are.
    pub(crate) from: u32,
    /// How many new ones there will be.
    pub(crate) to: u32,
}

impl Pieces {
    /// The old partitions of a new one, of which there are fewer.
    pub(crate) fn joined(self, new: u32) -> std::ops::Range<u32> {
        cut(new, self.from, self.to)..cut(new + 1, self.from, self.to)
    }

    /// How many parts an old partition is cut into, of which there are fewer.
    pub(crate) fn parts(self, old: u32) -> u32 {
        cut(old + 1, self.to, self.from) - cut(old, self.to, self.from)
    }

    /// The first old partition of each new one, if none is cut.
    pub(super) fn neighbours(self) -> Option<Vec<u32>> {
        (self.to <= self.from).then(|| (0..self.to).map(|new| self.joined(new).start).collect())
    }
}

/// Where the `at`-th of `parts` about equal parts of `n` begins.
fn cut(at: u32, n: u32, parts: u32) -> u32 {
    (u64::from(at) * u64::from(n) / u64::from(parts)) as u32
}

impl Layout {
    /// The columns by which it goes.
    pub(super) fn columns(&self) -> &[Arc<str>] {
        match self {
            Layout::Shuffle { on, .. } => on,
            Layout::Sorted { column }
            | Layout::Divide { column, .. }
            | Layout::Checked { column, .. }
            | Layout::Ranges { column, .. } => std::slice::from_ref(column),
            Layout::Pick(_) | Layout::Tail(_) | Layout::Pieces(_) | Layout::Mark { .. } | Layout::Forget => {
                &[]
            }
        }
    }

    /// Whether a filter gives the same before as after it. Not before a check, which is of all rows; not where rows
    /// are counted.
    pub(super) fn is_passed_by_filters(&self) -> bool {
        match self {
            Layout::Shuffle { .. }
            | Layout::Pick(_)
            | Layout::Mark { .. }
            | Layout::Forget
            | Layout::Ranges { .. } => true,
            Layout::Pieces(pieces) => pieces.neighbours().is_some(),
            Layout::Tail(_) | Layout::Sorted { .. } | Layout::Divide { .. } | Layout::Checked { .. } => false,
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Layout::Shuffle { on, n } => write!(f, "shuffle on {} into {n} partitions", on.join(", ")),
            Layout::Pick(partitions) => write!(f, "partitions {partitions:?}"),
            Layout::Tail(n) => write!(f, "last {n} rows"),
            Layout::Pieces(pieces) => write!(f, "{} partitions", pieces.to),
            Layout::Mark { name: Some(name) } => write!(f, "index {name}"),
            Layout::Mark { name: None } => write!(f, "no index"),
            Layout::Forget => write!(f, "clear divisions"),
            Layout::Sorted { column } => write!(f, "sorted index {column}"),
            Layout::Divide { column, bounds } => write!(f, "index {column} divided at {bounds:?}"),
            Layout::Checked { column, bounds } => write!(f, "sorted index {column} divided at {bounds:?}"),
            Layout::Ranges { bounds, .. } => write!(f, "repartition at {bounds:?}"),
        }
    }
}

impl SortSpec {
    /// The order of one column, missing values last.
    pub(crate) fn by(column: &Arc<str>) -> Self {
        Self { by: vec![Arc::clone(column)], descending: vec![false], nulls_first: false }
    }
}
