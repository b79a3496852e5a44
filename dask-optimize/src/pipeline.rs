//! Passes one after the other.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use dask_graph::{Graph, Key, PassReport, PrepareError};

use crate::fuse_layers::fuse_layers;
use crate::push_down::push_down;
use crate::recompute::{Recompute, made_again};

/// What a pass may know besides the graph.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Context<'a> {
    /// The wanted keys: the graph that a pass makes holds them with the same values.
    pub keys: &'a [Key],
    /// The bytes of results that may be alive during the run, if there is a limit.
    pub memory_limit: Option<u64>,
}

impl<'a> Context<'a> {
    /// The context of a run for `keys` without a memory limit.
    pub fn new(keys: &'a [Key]) -> Self {
        Self { keys, memory_limit: None }
    }

    /// The same with a memory limit.
    #[must_use]
    pub fn with_memory_limit(self, memory_limit: Option<u64>) -> Self {
        Self { memory_limit, ..self }
    }
}

/// Why a pass made no graph.
pub type PassError = Box<dyn Error + Send + Sync>;

/// A pass: makes another graph that holds the same wanted keys with the same values.
///
/// Every function of this form is a pass.
pub trait Pass: Send + Sync {
    /// Makes the other graph.
    ///
    /// # Errors
    ///
    /// - When the graph is not one: a key is missing, or tasks need each other in a circle.
    fn run(&self, graph: &Graph, context: &Context<'_>) -> Result<Graph, PassError>;
}

impl<F> Pass for F
where
    F: Fn(&Graph, &Context<'_>) -> Result<Graph, PassError> + Send + Sync,
{
    fn run(&self, graph: &Graph, context: &Context<'_>) -> Result<Graph, PassError> {
        self(graph, context)
    }
}

/// What is left to others when something is made again may be moved so that it can be made again, too. One
/// round does nearly always; in random graphs two do.
const MOST_ROUNDS: usize = 4;

/// Passes that run one after the other.
///
/// ```
/// use dask_graph::{Graph, Key, graph};
/// use dask_optimize::{Context, Pipeline, cull_layers};
///
/// let cull = |graph: &Graph, context: &Context<'_>| Ok(cull_layers(graph, context.keys)?);
/// let pipeline = Pipeline::standard().before("fuse_layers", "cull_layers", cull)?.without("recompute")?;
/// assert_eq!(pipeline.names().collect::<Vec<_>>(), ["push_down", "cull_layers", "fuse_layers"]);
///
/// let (graph, passes) = pipeline.explain(&graph! { "x" => 1_i64 }, &Context::new(&[Key::named("x")]))?;
/// assert_eq!((graph.len(), passes.len()), (1, 3));
/// println!("{}", passes[2]); // fuse_layers   1 -> 1 layers, 1 -> 1 tasks   2.1µs
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Pipeline {
    passes: Vec<(Cow<'static, str>, Arc<dyn Pass>)>,
}

/// A pass that is not part of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the pipeline has no pass `{name}`; it has: {}", .known.join(", "))]
pub struct UnknownPass {
    /// The name.
    pub name: String,
    /// The passes that there are.
    pub known: Vec<String>,
}

impl Pipeline {
    /// No passes: graphs stay as they are.
    pub fn new() -> Self {
        Self::default()
    }

    /// What schedulers use: [`push_down`], then [`fuse_layers`], then [`recompute`](crate::recompute()) where the memory would not
    /// do, with the first two once more when it makes something again. No tasks are made.
    pub fn standard() -> Self {
        Self::with_recompute(Recompute::default())
    }

    /// [`standard`](Self::standard) with this choice between making again and keeping.
    pub fn with_recompute(choice: Recompute) -> Self {
        let push = |graph: &Graph, context: &Context<'_>| Ok(push_down(graph, context.keys)?);
        let fuse = |graph: &Graph, context: &Context<'_>| Ok(fuse_layers(graph, context.keys)?);
        let recompute = move |graph: &Graph, context: &Context<'_>| {
            let choice = choice.or_limit(context.memory_limit);
            let mut graph = graph.clone();
            for _ in 0..MOST_ROUNDS {
                let Some(again) = made_again(&graph, context.keys, choice)? else { break };
                // It goes into its consumers; and of what is left to the others, less may be needed.
                graph = fuse_layers(&push_down(&again, context.keys)?, context.keys)?;
            }
            Ok(graph)
        };
        Self::new().then("push_down", push).then("fuse_layers", fuse).then("recompute", recompute)
    }

    /// Adds a pass at the end.
    #[must_use]
    pub fn then(mut self, name: impl Into<Cow<'static, str>>, pass: impl Pass + 'static) -> Self {
        self.passes.push((name.into(), Arc::new(pass)));
        self
    }

    /// Adds a pass before the pass `other`.
    ///
    /// # Errors
    ///
    /// - When there is no pass `other`.
    pub fn before(
        mut self,
        other: &str,
        name: impl Into<Cow<'static, str>>,
        pass: impl Pass + 'static,
    ) -> Result<Self, UnknownPass> {
        self.passes.insert(self.position(other)?, (name.into(), Arc::new(pass)));
        Ok(self)
    }

    /// Takes out the pass `name`.
    ///
    /// # Errors
    ///
    /// - When there is no such pass.
    pub fn without(mut self, name: &str) -> Result<Self, UnknownPass> {
        self.passes.remove(self.position(name)?);
        Ok(self)
    }

    fn position(&self, name: &str) -> Result<usize, UnknownPass> {
        let known = || self.names().map(str::to_owned).collect();
        let position = self.names().position(|known| known == name);
        position.ok_or_else(|| UnknownPass { name: name.to_owned(), known: known() })
    }

    /// The names of the passes, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.passes.iter().map(|(name, _)| &**name)
    }

    /// Runs the passes.
    ///
    /// # Errors
    ///
    /// - When a pass fails. Those over layers fail when a layer is missing, or when layers need each other in a
    ///   circle and so do their tasks, with the [`PlanError`](dask_graph::PlanError) of the graph as it was
    ///   written. Keys that are wanted of a layer and that it has not are found when the plan is made.
    pub fn run(&self, graph: &Graph, context: &Context<'_>) -> Result<Graph, PrepareError> {
        self.passes.iter().try_fold(graph.clone(), |graph, (name, pass)| {
            pass.run(&graph, context).map_err(|source| PrepareError { pass: name.clone(), source })
        })
    }

    /// Runs the passes and says what each of them did.
    ///
    /// # Errors
    ///
    /// - When a pass fails.
    pub fn explain(
        &self,
        graph: &Graph,
        context: &Context<'_>,
    ) -> Result<(Graph, Vec<PassReport>), PrepareError> {
        let mut graph = graph.clone();
        let mut reports = Vec::with_capacity(self.passes.len());
        for (name, pass) in &self.passes {
            let start = Instant::now();
            let after =
                pass.run(&graph, context).map_err(|source| PrepareError { pass: name.clone(), source })?;
            let time = start.elapsed();
            reports.push(PassReport {
                name: name.clone(),
                layers: [&graph, &after].map(|graph| graph.layers().len()),
                tasks: [&graph, &after].map(Graph::len),
                time,
            });
            graph = after;
        }
        Ok((graph, reports))
    }
}
