//! What a node does, as code for a stack machine.

use crate::plan::NodeId;

/// One step of a node's work. Nested tasks and lists are written out in postfix order, so that running them
/// needs a stack of values and no recursion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// Push the result of a node, which this node uses again later in its code.
    Again(NodeId),
    /// Push the result of a node for the last time in this node's code.
    Last(NodeId),
    /// Push a literal.
    Literal(u32),
    /// Replace the topmost values by a list of them.
    List(u32),
    /// Replace the topmost values by what the op makes of them.
    Call { op: u32, n_args: u32 },
}

impl Code {
    /// Whether the step does more than fetching.
    pub(crate) fn does_work(&self) -> bool {
        matches!(self, Self::List(_) | Self::Call { .. })
    }
}
