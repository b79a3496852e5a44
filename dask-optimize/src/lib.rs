//! Passes over task graphs: graphs get smaller and cheaper before they run, and results stay the same.
//!
//! A pass is a function from a graph and the wanted keys to a graph that holds the same keys. What is special
//! to a collection is said by its ops ([`Op::absorb`](dask_graph::Op::absorb)), not by a pass, so a
//! stranger's ops are optimised like ours.
//!
//! - [`fuse_layers`] joins `Blockwise` layers with their producers, without making a single task;
//! - [`cull_layers`] leaves out layers that nobody needs;
//! - [`recompute`] makes results again that would have to be kept over a barrier;
//! - [`rewrite`] applies [rules](RewriteRule) to tasks;
//! - [`dependencies`], [`dependents`], [`dependency_dict`], [`functions_of`] and [`equivalent`] say what is in a
//!   graph;
//! - [`Pipeline`] runs passes one after the other; [`Pipeline::standard`] is what schedulers use;
//! - [`Optimized`] is a scheduler that prepares every graph with a pipeline.
//!
//! ```
//! use dask_graph::{Axis, Blockwise, Graph, Key, op};
//! use dask_optimize::fuse_layers;
//!
//! // x ── y ── z, a million blocks each.
//! let i = (Axis(0), 1_000_000);
//! let layer = |name, from| {
//!     Blockwise::builder(name, op(|x: f64| x + 1.0), &[i]).blocks(from, &[i]).build().unwrap()
//! };
//! let x = Blockwise::builder("x", op(|| 0.0_f64), &[i]).build().unwrap();
//! let x = Graph::from_layer(x);
//! let y = Graph::with_inputs(layer("y", "x"), [&x]);
//! let z = Graph::with_inputs(layer("z", "y"), [&y]);
//!
//! let wanted = [Key::new("z", &[7])];
//! assert_eq!(z.lower(&wanted).unwrap().len(), 3);
//! assert_eq!(fuse_layers(&z, &wanted).lower(&wanted).unwrap().len(), 1);
//! ```

mod composite;
mod cull_layers;
mod dependencies;
mod equivalent;
mod functions_of;
mod fuse_layers;
mod layer_list;
mod optimized;
mod pipeline;
mod rebuilt;
mod recompute;
mod rewrite;
mod same;

pub use composite::Composite;
pub use cull_layers::cull_layers;
pub use dependencies::{dependencies, dependency_dict, dependents};
pub use equivalent::equivalent;
pub use functions_of::functions_of;
pub use fuse_layers::fuse_layers;
pub use optimized::Optimized;
pub use pipeline::{Context, Pass, PassError, Pipeline, UnknownPass};
pub use recompute::{Recompute, recompute};
pub use rewrite::{Match, Matches, Pattern, RewriteRule, RuleError, RuleSet, Strategy, rewrite};
