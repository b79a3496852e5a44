//! Passes over task graphs: graphs get smaller and cheaper before they run, and results stay the same.
//!
//! A pass is a function from a graph and the wanted keys to a graph that holds the same keys. What is special
//! to a collection is said by its ops and layers ([`Op::absorb`](dask_graph::Op::absorb),
//! [`Layer::push_into`](dask_graph::Layer::push_into)), not by a pass, so a stranger's are optimised like ours.
//!
//! - [`fuse_layers`] joins `Blockwise` layers with their producers, without making a single task;
//! - [`push_down`] moves slices and the like before the work that they take a part of;
//! - [`cull_layers`] leaves out layers that nobody needs;
//! - [`recompute`] makes results again that would have to be kept over a barrier;
//! - [`rewrite`] applies [rules](RewriteRule) to tasks;
//! - [`cull`], [`inline`], [`inline_constants`], [`inline_functions`], [`remove_aliases`], [`fuse_linear`],
//!   [`fuse`] and [`merge_equal`] work on tasks, whatever layers they come from;
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
//! assert_eq!(z.lower(&wanted)?.len(), 3);
//! assert_eq!(fuse_layers(&z, &wanted)?.lower(&wanted)?.len(), 1);
//! # Ok::<(), dask_graph::PlanError>(())
//! ```
//!
//! What holds of all of them on random graphs, sound ones and others, is tested in `tests/it`; the fuzz campaign
//! is `tests/it/fuzz.rs`, moderate unless `PROPTEST_CASES` and `DASK_GRAPH_SIZE` ask for more.
//!
//! Each pass over tasks has a second form on [`TaskGraph`](dask_graph::TaskGraph), so that several of them make
//! the way there and back once:
//!
//! ```
//! use dask_graph::{Key, graph, named_op};
//! use dask_optimize::{FuseLimits, fuse_tasks, merge_equal_tasks};
//!
//! let inc = named_op("inc", |x: i64| x + 1);
//! let add = named_op("add", |a: i64, b: i64| a + b);
//! let graph = graph! { "a" => inc(1_i64), "b" => inc(1_i64), "c" => add(@"a", @"b"), "d" => inc(@"c") };
//!
//! let mut tasks = graph.tasks(&[Key::named("d")])?;
//! merge_equal_tasks(&mut tasks, |_| true)?; // b is a
//! fuse_tasks(&mut tasks, &FuseLimits::default())?; // c goes into d
//! let graph = tasks.into_graph();
//! assert_eq!(graph.len(), 2);
//! # Ok::<(), dask_graph::PlanError>(())
//! ```

#![forbid(unsafe_code)]

mod composite;
mod cull;
mod cull_layers;
mod dependencies;
mod equivalent;
mod functions_of;
mod fuse;
mod fuse_layers;
mod fuse_linear;
mod inline;
mod inline_functions;
mod layer_list;
mod merge_equal;
mod optimized;
mod pipeline;
mod push_down;
mod rebuilt;
mod recompute;
mod remove_aliases;
mod rewrite;
mod same;
mod splice;
mod uses;

pub use composite::Composite;
pub use cull::{cull, cull_tasks};
pub use cull_layers::cull_layers;
pub use dependencies::{dependencies, dependency_dict, dependents};
pub use equivalent::equivalent;
pub use functions_of::functions_of;
pub use fuse::{FuseLimits, fuse, fuse_tasks};
pub use fuse_layers::fuse_layers;
pub use fuse_linear::{fuse_linear, fuse_linear_tasks};
pub use inline::{inline, inline_constants, inline_constants_tasks, inline_tasks};
pub use inline_functions::{inline_functions, inline_functions_tasks};
pub use merge_equal::{merge_equal, merge_equal_tasks};
pub use optimized::Optimized;
pub use pipeline::{Context, Pass, PassError, Pipeline, UnknownPass};
pub use push_down::push_down;
pub use recompute::{Recompute, recompute};
pub use remove_aliases::{remove_aliases, remove_aliases_tasks};
pub use rewrite::{Match, Matches, Pattern, RewriteRule, RuleError, RuleSet, Strategy, rewrite};
pub use splice::MAX_REPEATED_STEPS;
