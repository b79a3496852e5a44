//! Why a graph cannot be made into a plan.

use std::fmt;
use std::panic::Location;

use crate::key::Key;
use crate::tasks::TooLarge;

/// A graph that cannot be made into a plan for the wanted keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A key that no layer holds.
    #[error("key {key} is not in the graph{}", Wanted(.wanted_by, .location))]
    MissingKey {
        /// The key.
        key: Key,
        /// The node that wanted it; `None` when the caller asked for it.
        wanted_by: Option<Key>,
        /// Where the layer of that node was written.
        location: Option<&'static Location<'static>>,
    },
    /// Nodes that need each other.
    #[error("the graph has a cycle: {}", Circle(.keys))]
    Cycle {
        /// The keys on the cycle, each needed by the one before; the first is needed by the last.
        keys: Vec<Key>,
    },
    /// Two hand-written layers hold the same key.
    #[error("key {key} stands in two hand-written layers, {} and {}; rename one of them", .layers[0], .layers[1])]
    Ambiguous {
        /// The key.
        key: Key,
        /// The layers' names.
        layers: [crate::Name; 2],
    },
    /// More nodes than 2³⁰, or more code or edges than 32 bits count.
    #[error("the plan would have 2^30 nodes, 2^32 edges, or more; ask for fewer keys or use larger blocks")]
    TooLarge,
}

impl From<TooLarge> for PlanError {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

struct Wanted<'a>(&'a Option<Key>, &'a Option<&'static Location<'static>>);

impl fmt::Display for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("; it was asked for by the caller"),
            Some(by) => {
                write!(f, "; it is an argument of {by}")?;
                self.1.map_or(Ok(()), |at| write!(f, ", written at {at}"))
            }
        }
    }
}

struct Circle<'a>(&'a [Key]);

impl fmt::Display for Circle<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// As many keys of a cycle as a line holds.
        const SHOWN: usize = 12;
        for key in self.0.iter().take(SHOWN) {
            write!(f, "{key} needs ")?;
        }
        if self.0.len() > SHOWN {
            write!(f, "… ({} more) needs ", self.0.len() - SHOWN)?;
        }
        self.0.first().map_or(Ok(()), |first| write!(f, "{first}"))
    }
}
