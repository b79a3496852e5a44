//! Fusion of chains and of small trees: tasks that only one task needs become part of it.
//!
//! ```text
//! load-0 ── inc-0 ──╮
//!                   ├── add-0 ──╮               add-0' ──╮
//! load-1 ── inc-1 ──╯           │                        │
//!                               ├── sum     ⇒            ├── sum
//! load-2 ── inc-2 ──╮           │                        │
//!                   ├── add-1 ──╯               add-1' ──╯
//! load-3 ── inc-3 ──╯
//! ```
//!
//! Fewer, larger tasks cost less to schedule but leave less to be done at once, so how wide a fused tree may be
//! is limited.

mod group;

use dask_graph::{Graph, Key, PlanError, TaskGraph};

use crate::remove_aliases::resolve;
use crate::splice::splice;

use group::Groups;

/// How much [`fuse`] may put into one task; the parameters of dask's function of that name.
///
/// ```
/// use dask_optimize::FuseLimits;
///
/// // Binary trees of tasks become one task for every two levels.
/// let limits = FuseLimits::new(2.0).max_height(1);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FuseLimits {
    ave_width: f64,
    max_width: f64,
    max_height: u32,
    max_depth_new_edges: f64,
}

impl FuseLimits {
    /// Fuses trees of at most so many tasks for each level; 1 fuses chains only, less than 1 nothing.
    ///
    /// The other limits follow from it: `max_width` is 1.5 + a·ln(a + 1) and `max_depth_new_edges` 1.5·a, with a
    /// for the average width; `max_height` is no limit.
    pub fn new(ave_width: f64) -> Self {
        Self {
            ave_width,
            max_width: 1.5 + ave_width * (ave_width + 1.0).ln(),
            max_height: u32::MAX,
            max_depth_new_edges: 1.5 * ave_width,
        }
    }

    /// Fuses trees only where at most so many tasks could run at once.
    #[must_use]
    pub fn max_width(mut self, max_width: f64) -> Self {
        self.max_width = max_width;
        self
    }

    /// Fuses onto trees of at most so many levels, chains counting as one level.
    #[must_use]
    pub fn max_height(mut self, max_height: u32) -> Self {
        self.max_height = max_height;
        self
    }

    /// Fuses onto trees of so many levels or more only what needs nothing that the tree does not need too.
    #[must_use]
    pub fn max_depth_new_edges(mut self, max_depth_new_edges: f64) -> Self {
        self.max_depth_new_edges = max_depth_new_edges;
        self
    }
}

/// An average width of 1.
impl Default for FuseLimits {
    fn default() -> Self {
        Self::new(1.0)
    }
}

/// Joins tasks with the tasks of which they are the only user, within `limits`; dask's `fuse`.
///
/// The keys of `keys` are never swallowed but may swallow. A fused task has the key of the last of its tasks and
/// [stands for](TaskGraph::stands_for) all of them; dask joins their names to a new key instead. Tasks of layers
/// that are annotated differently stay apart.
///
/// Where dask weighs only the tasks of the graph, this weighs nested tasks and lists too, as if they had been
/// fused before: so to fuse again changes nothing. Values that are used once, and aliases, are no tasks: they go
/// in whatever the limits, even when these allow no fusion.
///
/// # Errors
///
/// - When one of `keys`, or a key that they need, is in no layer, or in two hand-written ones.
/// - When needed tasks need each other in a circle.
/// - When there is more code than 32 bits count.
///
/// # Complexity
///
/// Time and space O(needed tasks + their arguments).
///
/// # Examples
///
/// ```
/// use dask_graph::{Key, graph, named_op};
/// use dask_optimize::{FuseLimits, fuse};
///
/// let load = named_op("load", |x: i64| x);
/// let add = named_op("add", |a: i64, b: i64| a + b);
/// let graph = graph! { "x" => load(1_i64), "y" => load(2_i64), "z" => add(@"x", @"y") };
/// let z = [Key::named("z")];
/// assert_eq!(fuse(&graph, &z, &FuseLimits::default())?.len(), 3);
///
/// let fused = fuse(&graph, &z, &FuseLimits::new(2.0))?;
/// assert_eq!(fused.len(), 1);
/// let plan = fused.lower(&z)?;
/// assert_eq!(plan.stands_for(plan.outputs()[0]), ["x", "y", "z"]);
/// # Ok::<(), dask_graph::PlanError>(())
/// ```
pub fn fuse(graph: &Graph, keys: &[Key], limits: &FuseLimits) -> Result<Graph, PlanError> {
    let mut tasks = graph.tasks(keys)?;
    fuse_tasks(&mut tasks, limits)?;
    Ok(tasks.into_graph())
}

/// [`fuse`] on the dense form.
///
/// # Errors
///
/// - When tasks need each other in a circle, or there is more code than 32 bits count.
pub fn fuse_tasks(tasks: &mut TaskGraph, limits: &FuseLimits) -> Result<(), PlanError> {
    let uses = resolve(tasks)?;
    let goes_in = Groups::new(tasks, &uses, limits).decide();
    splice(tasks, &uses, |_, number, _| goes_in[number as usize])
}
