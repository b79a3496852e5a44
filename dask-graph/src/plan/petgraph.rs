//! petgraph's visiting traits on plans, so that its algorithms run without a copy.
//!
//! Edges point from a dependency to its dependent, as data flows.
//!
//! ```
//! use dask_graph::{graph, Key, op};
//!
//! let add = op(|a: i64, b: i64| a + b);
//! let graph = graph! { "a" => 1_i64, "b" => 2_i64, "c" => add(@"a", @"b") };
//! let plan = graph.lower(&[Key::named("c")]).unwrap();
//!
//! let order = petgraph::algo::toposort(&plan, None).unwrap();
//! assert_eq!(plan.key(order[2]).to_string(), "c");
//! ```

use petgraph::visit;

use crate::key::Key;
use crate::plan::{NodeId, Plan};

/// An edge of a [`Plan`]: `source` is a dependency of `target`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// The node whose result is taken.
    pub source: NodeId,
    /// The node that takes it.
    pub target: NodeId,
}

impl visit::EdgeRef for Edge {
    type NodeId = NodeId;
    type EdgeId = (NodeId, NodeId);
    type Weight = ();

    fn source(&self) -> NodeId {
        self.source
    }

    fn target(&self) -> NodeId {
        self.target
    }

    fn weight(&self) -> &() {
        &()
    }

    fn id(&self) -> (NodeId, NodeId) {
        (self.source, self.target)
    }
}

impl visit::GraphBase for Plan {
    type NodeId = NodeId;
    type EdgeId = (NodeId, NodeId);
}

impl visit::GraphProp for Plan {
    type EdgeType = petgraph::Directed;
}

impl visit::Data for Plan {
    type NodeWeight = Key;
    type EdgeWeight = ();
}

impl visit::NodeCount for Plan {
    fn node_count(&self) -> usize {
        self.len()
    }
}

impl visit::EdgeCount for Plan {
    fn edge_count(&self) -> usize {
        self.dependents.n_items()
    }
}

impl visit::NodeIndexable for Plan {
    fn node_bound(&self) -> usize {
        self.len()
    }

    fn to_index(&self, node: NodeId) -> usize {
        node.index()
    }

    fn from_index(&self, index: usize) -> NodeId {
        NodeId(index as u32)
    }
}

impl visit::NodeCompactIndexable for Plan {}

impl visit::Visitable for Plan {
    type Map = Vec<bool>;

    fn visit_map(&self) -> Vec<bool> {
        vec![false; self.len()]
    }

    fn reset_map(&self, map: &mut Vec<bool>) {
        map.clear();
        map.resize(self.len(), false);
    }
}

impl visit::VisitMap<NodeId> for Vec<bool> {
    fn visit(&mut self, node: NodeId) -> bool {
        !std::mem::replace(&mut self[node.index()], true)
    }

    fn is_visited(&self, node: &NodeId) -> bool {
        self[node.index()]
    }

    fn unvisit(&mut self, node: NodeId) -> bool {
        std::mem::replace(&mut self[node.index()], false)
    }
}

impl<'a> visit::IntoNodeIdentifiers for &'a Plan {
    type NodeIdentifiers = Box<dyn Iterator<Item = NodeId> + 'a>;

    fn node_identifiers(self) -> Self::NodeIdentifiers {
        Box::new(self.nodes())
    }
}

impl<'a> visit::IntoNodeReferences for &'a Plan {
    type NodeRef = (NodeId, &'a Key);
    type NodeReferences = Box<dyn Iterator<Item = (NodeId, &'a Key)> + 'a>;

    fn node_references(self) -> Self::NodeReferences {
        Box::new(self.nodes().map(move |node| (node, self.key(node))))
    }
}

impl<'a> visit::IntoNeighbors for &'a Plan {
    type Neighbors = std::iter::Copied<std::slice::Iter<'a, NodeId>>;

    fn neighbors(self, node: NodeId) -> Self::Neighbors {
        self.dependents(node).iter().copied()
    }
}

impl<'a> visit::IntoNeighborsDirected for &'a Plan {
    type NeighborsDirected = Box<dyn Iterator<Item = NodeId> + 'a>;

    fn neighbors_directed(self, node: NodeId, direction: petgraph::Direction) -> Self::NeighborsDirected {
        match direction {
            petgraph::Direction::Outgoing => Box::new(self.dependents(node).iter().copied()),
            petgraph::Direction::Incoming => Box::new(self.dependencies(node)),
        }
    }
}

impl<'a> visit::IntoEdges for &'a Plan {
    type Edges = Box<dyn Iterator<Item = Edge> + 'a>;

    fn edges(self, node: NodeId) -> Self::Edges {
        Box::new(self.dependents(node).iter().map(move |&target| Edge { source: node, target }))
    }
}

impl<'a> visit::IntoEdgeReferences for &'a Plan {
    type EdgeRef = Edge;
    type EdgeReferences = Box<dyn Iterator<Item = Edge> + 'a>;

    fn edge_references(self) -> Self::EdgeReferences {
        Box::new(self.nodes().flat_map(move |node| visit::IntoEdges::edges(self, node)))
    }
}
