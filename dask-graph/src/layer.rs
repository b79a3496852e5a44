//! Layers: many tasks described at once.

mod blockwise;
mod materialized;

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::Arc;

use crate::key::{Key, Name};
use crate::task::Node;

pub use blockwise::{Axis, BlockArg, Blockwise, BlockwiseBuilder, BlockwiseError};
pub use materialized::Materialized;

/// Many tasks described at once.
///
/// A layer gives the task of one key on demand, so a plan asks only for what it needs and a layer need not
/// hold anything per task. [`Materialized`] and [`Blockwise`] are ours; a layer of one's own is as good.
///
/// Equal names mean equal work: two layers of one name in one graph are taken to be the same.
///
/// ```
/// use dask_graph::{Key, Layer, LayerInfo, Name, Node};
///
/// /// The squares of the first `n` numbers, made when they are asked for.
/// struct Squares {
///     name: Name,
///     n: u32,
///     info: LayerInfo,
/// }
///
/// impl Layer for Squares {
///     fn name(&self) -> &Name {
///         &self.name
///     }
///     fn len(&self) -> usize {
///         self.n as usize
///     }
///     fn node(&self, key: &Key) -> Option<Node> {
///         match key.index() {
///             &[i] if i < self.n => Some(Node::data(u64::from(i) * u64::from(i))),
///             _ => None,
///         }
///     }
///     fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
///         Box::new((0..self.n).map(|i| Key::new(&self.name, &[i])))
///     }
///     fn inputs(&self) -> Vec<Name> {
///         vec![]
///     }
///     fn info(&self) -> &LayerInfo {
///         &self.info
///     }
/// }
///
/// let squares = Squares { name: "squares".into(), n: 1 << 30, info: LayerInfo::here() };
/// let graph = dask_graph::Graph::from_layer(squares);
/// let plan = graph.lower(&[Key::new("squares", &[7])]).unwrap();
/// assert_eq!(plan.len(), 1);
/// ```
pub trait Layer: Any + Send + Sync {
    /// The name that its keys carry.
    fn name(&self) -> &Name;

    /// The number of its keys.
    fn len(&self) -> usize;

    /// Whether it has no keys.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it holds under `key`; `None` when the key is not one of its own.
    fn node(&self, key: &Key) -> Option<Node>;

    /// All its keys.
    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_>;

    /// The names of the layers whose results it takes.
    fn inputs(&self) -> Vec<Name>;

    /// Where it was written, how it is to be run, and which operations it stands for.
    fn info(&self) -> &LayerInfo;

    /// Whether it holds keys of other names than its own; only hand-written graphs do.
    fn has_foreign_names(&self) -> bool {
        false
    }

    /// The map that holds the layer's nodes, if it has one: plans are made from it directly, several times as
    /// fast as by asking for one node after the other. The map has the layer's keys and no others.
    fn as_materialized(&self) -> Option<&Materialized> {
        None
    }

    /// Moves this layer's work before that of `producer`, the layer of one of its inputs: what a slice does, so
    /// that only the part that is taken is made.
    ///
    /// ```text
    /// x ── add ── slice     ⇒     x ── slice' ── slice
    /// ```
    ///
    /// The layers that are returned give over the inputs of both what this layer gives over `producer`. Inputs
    /// come first; the last one has this layer's name and keys, and new names are made from this layer's name. They
    /// take results of each other and of what this layer and `producer` take, but none of `producer`. `None`
    /// leaves everything as it is, also when there is nothing left to move.
    ///
    /// Optimisers ask for it only where nobody else needs `producer`, or where its results cost next to nothing.
    fn push_into(&self, _producer: &dyn Layer) -> Option<Vec<Arc<dyn Layer>>> {
        None
    }
}

impl dyn Layer {
    /// The names of the operations that it stands for, first to last: its own unless it is fused.
    pub fn operations(&self) -> &[Name] {
        match &self.info().stands_for[..] {
            [] => std::slice::from_ref(self.name()),
            names => names,
        }
    }

    /// What is said of a layer that does this layer's work and that of `producer` before it.
    pub fn info_with(&self, producer: &dyn Layer) -> LayerInfo {
        let before = producer.operations();
        // A slice that was moved before several producers is one operation.
        let own = self.operations().iter().filter(|name| !before.contains(name));
        LayerInfo { stands_for: before.iter().chain(own).cloned().collect(), ..self.info().clone() }
    }

    /// The layer as the type that it is, if it is a `T`.
    pub fn downcast_ref<T: Layer>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }
}

/// What is said of a layer besides its tasks.
#[derive(Debug, Clone, Default)]
pub struct LayerInfo {
    /// The place in the user's source where the operation was written.
    pub location: Option<&'static Location<'static>>,
    /// How the tasks are to be run.
    pub annotations: Arc<Annotations>,
    /// The names of the operations that a fused layer stands for, first to last; empty for itself alone.
    pub stands_for: Arc<[Name]>,
}

impl LayerInfo {
    /// A layer written at the caller's place.
    #[track_caller]
    pub fn here() -> Self {
        Self { location: Some(Location::caller()), ..Self::default() }
    }

    /// The same with other annotations.
    #[must_use]
    pub fn with_annotations(mut self, annotations: Annotations) -> Self {
        self.annotations = Arc::new(annotations);
        self
    }
}

/// How the tasks of a layer are to be run. Only layers with equal annotations are fused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Annotations {
    /// Ready tasks of higher priority, and what they need, run first; 0 unless set.
    pub priority: i32,
    /// How often a task that failed is run again before its error counts.
    pub retries: u32,
    /// Anything else, for schedulers and tools that know it.
    pub other: BTreeMap<String, String>,
}

/// A layer with other [`LayerInfo`].
pub(crate) struct Relabelled {
    pub(crate) inner: Arc<dyn Layer>,
    pub(crate) info: LayerInfo,
}

impl Layer for Relabelled {
    fn name(&self) -> &Name {
        self.inner.name()
    }

    fn len(&self) -> usize {
        self.inner.len()
    }

    fn node(&self, key: &Key) -> Option<Node> {
        self.inner.node(key)
    }

    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        self.inner.keys()
    }

    fn inputs(&self) -> Vec<Name> {
        self.inner.inputs()
    }

    fn info(&self) -> &LayerInfo {
        &self.info
    }

    fn has_foreign_names(&self) -> bool {
        self.inner.has_foreign_names()
    }

    fn as_materialized(&self) -> Option<&Materialized> {
        self.inner.as_materialized()
    }
}
