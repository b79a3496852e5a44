//! Recompute or keep: a result needed before and after a barrier is made twice where keeping it would take too
//! much memory.
//!
//! ```text
//! x ──┬── sum ── mean ──╮            x  ── sum ── mean ──╮
//!     │                 ├── sub  ⇒                       ├── sub
//!     ╰─────────────────╯            x' ─────────────────╯
//! ```
//!
//! No block of `x - x.mean()` can be made before all blocks of `x` have been summed: either every block of `x` is
//! held until then, or it is made again. Layer fusion then puts `x'` into `sub`, so that one block after the other
//! is made, used and let go of.

use std::sync::Arc;

use dask_graph::{Arg, Axis, BlockArg, Blockwise, Graph, Key, Layer, Name, Node, Op, PlanError, Tokenizer};
use rustc_hash::FxHashSet;

use crate::layer_list::{LayerList, is_all_tasks};
use crate::rebuilt::rebuilt;

/// When results are made again instead of kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recompute {
    /// Never: they are kept.
    Never,
    /// Wherever it can be done.
    Always,
    /// Where the results that would be kept are expected to take more than so many bytes, and making them
    /// again reads at most twice as many bytes as would be kept: to spill them would cost as much.
    WhenOver(u64),
    /// As [`WhenOver`](Self::WhenOver) half of the run's memory limit; of `memory` where the run has none; and
    /// [`Never`](Self::Never) where that is not known either.
    Auto {
        /// The bytes of memory that the machine has.
        memory: Option<u64>,
    },
}

impl Default for Recompute {
    fn default() -> Self {
        Self::Auto { memory: None }
    }
}

impl Recompute {
    /// What is meant in a run with this memory limit.
    #[must_use]
    pub fn or_limit(self, memory_limit: Option<u64>) -> Self {
        match self {
            Self::Auto { memory } => {
                memory_limit.or(memory).map_or(Self::Never, |bytes| Self::WhenOver(bytes / 2))
            }
            chosen => chosen,
        }
    }

    /// So many bytes may be kept.
    fn threshold(self) -> u64 {
        match self {
            Self::Always => 0,
            Self::WhenOver(bytes) => bytes,
            Self::Never | Self::Auto { .. } => u64::MAX,
        }
    }

    fn is_for(self, cost: Cost) -> bool {
        match self {
            Self::Never | Self::Auto { .. } => false,
            Self::Always => true,
            Self::WhenOver(bytes) => cost.held > bytes && cost.read <= cost.held.saturating_mul(2),
        }
    }
}

/// What keeping costs, and what making again costs.
#[derive(Debug, Clone, Copy)]
struct Cost {
    /// Bytes of the results that would be kept.
    held: u64,
    /// Bytes that would be read or created once more.
    read: u64,
}

/// Makes results again that would have to be kept over a barrier.
///
/// Only `Blockwise` layers of pure ops ([`Op::is_pure`](dask_graph::Op::is_pure)) are made again, back to where
/// their data comes from. Sizes are what producers expect ([`Op::output_nbytes`](dask_graph::Op::output_nbytes))
/// of their first block; other blocks are taken to be as large as the largest block that they are made of.
///
/// # Errors
///
/// As [`cull_layers`](crate::cull_layers()).
///
/// # Complexity
///
/// Time O(layers), and for each layer that takes results that are large enough, O(layers) and the tasks between
/// one of its blocks and as many blocks of the results as are too many.
pub fn recompute(graph: &Graph, keys: &[Key], choice: Recompute) -> Result<Graph, PlanError> {
    Ok(made_again(graph, keys, choice)?.unwrap_or_else(|| graph.clone()))
}

/// [`recompute`], `None` when there is nothing to be made again.
pub(crate) fn made_again(graph: &Graph, keys: &[Key], choice: Recompute) -> Result<Option<Graph>, PlanError> {
    if matches!(choice, Recompute::Never | Recompute::Auto { .. }) || is_all_tasks(graph) {
        return Ok(None);
    }
    let Some(list) = LayerList::of(graph, keys)? else { return Ok(None) };
    let mut pass = Recomputation { choice, done: list.emptied(), sizes: Vec::new(), changed: false };
    for layer in &list.layers {
        let consumer = match layer.downcast_ref::<Blockwise>() {
            Some(consumer) => pass.with_inputs_again(consumer).map(|new| Arc::new(new) as Arc<dyn Layer>),
            None => None,
        };
        pass.push(consumer.unwrap_or_else(|| layer.clone()));
    }
    Ok(pass.changed.then(|| pass.done.into_graph()))
}

struct Recomputation {
    choice: Recompute,
    /// The layers that are done with, inputs first.
    done: LayerList,
    /// Expected bytes of each layer's blocks, all together.
    sizes: Vec<u64>,
    changed: bool,
}

/// The layers that would be made again for one argument, the argument's own first.
struct Chain {
    layers: Vec<usize>,
    read: u64,
}

impl Recomputation {
    fn push(&mut self, layer: Arc<dyn Layer>) {
        self.sizes.push(self.size_of(&*layer));
        self.done.push(layer);
    }

    /// The expected bytes of all blocks of a layer whose inputs are done.
    fn size_of(&self, layer: &dyn Layer) -> u64 {
        let first = layer.keys().next().and_then(|first| layer.node(&first));
        let asked = |of: fn(&dyn Op, &[Arg]) -> Option<u64>| match &first {
            Some(Node::Task(task)) => of(&**task.op(), task.args()),
            _ => None,
        };
        let block_of = |n: usize| self.sizes[n] / (self.done.layers[n].len() as u64).max(1);
        let largest_input = || {
            let inputs = layer.inputs().into_iter().filter_map(|name| self.done.find(&name)).map(block_of);
            inputs.chain(asked(<dyn Op>::working_nbytes)).max().unwrap_or(0)
        };
        asked(<dyn Op>::output_nbytes).unwrap_or_else(largest_input).saturating_mul(layer.len() as u64)
    }

    /// The consumer with those inputs made again for it that would be kept over a barrier.
    fn with_inputs_again(&mut self, consumer: &Blockwise) -> Option<Blockwise> {
        let mut args = consumer.args().to_vec();
        let mut changed = false;
        for (at, arg) in args.iter_mut().enumerate() {
            let BlockArg::Blocks { name, axes } = arg else { continue };
            let Some(first) = self.done.find(name) else { continue };
            if is_list(consumer, axes) || self.sizes[first] <= self.choice.threshold() {
                continue;
            }
            let Some(chain) = self.chain(first, consumer.len()) else { continue };
            let Some(kept) = self.kept(&chain, consumer, at) else { continue };
            if !self.choice.is_for(Cost { held: self.sizes[kept], read: chain.read }) {
                continue;
            }
            let axes = axes.clone();
            *arg = BlockArg::Blocks { name: self.again(&chain, consumer.name()), axes };
            changed = true;
        }
        self.changed |= changed;
        changed.then(|| rebuilt(consumer, consumer.name(), args))?
    }

    /// The layers behind `first` that would have to be made again with it; `None` when that cannot be done.
    fn chain(&self, first: usize, n_blocks: usize) -> Option<Chain> {
        // What is small beside the argument is not worth making again.
        let small = self.sizes[first] / 8;
        let mut chain = Chain { layers: vec![first], read: 0 };
        // What is cheap is made again by fusion anyway, but not what it is made of.
        let mut is_cheap = true;
        let mut next = 0;
        while let Some(&n) = chain.layers.get(next) {
            next += 1;
            let layer = self.done.layers[n].downcast_ref::<Blockwise>()?;
            let takes_large_list = || {
                layer.args().iter().any(|arg| match arg {
                    BlockArg::Blocks { name, axes } if is_list(layer, axes) => {
                        self.done.find(name).is_some_and(|input| self.sizes[input] > small)
                    }
                    _ => false,
                })
            };
            if !layer.op().is_pure() || layer.len() != n_blocks || takes_large_list() {
                return None;
            }
            is_cheap &= layer.op().is_cheap();
            if layer.op().is_producer() {
                chain.read = chain.read.saturating_add(self.sizes[n]);
            }
            for input in self.done.inputs[n].iter().filter_map(|name| self.done.find(name)) {
                if self.sizes[input] > small && !chain.layers.contains(&input) {
                    chain.layers.push(input);
                }
            }
        }
        (!is_cheap).then_some(chain)
    }

    /// The layer of the chain that would be kept, because one block of the consumer needs so many blocks of it
    /// by way of its other arguments.
    fn kept(&self, chain: &Chain, consumer: &Blockwise, at: usize) -> Option<usize> {
        let leads_there = self.leading_to(chain);
        // Of running totals, the last block needs most.
        let last: Vec<u32> = consumer.output().iter().map(|&(_, n)| n.saturating_sub(1)).collect();
        let Some(Node::Task(task)) = consumer.node(&Key::new(consumer.name(), &last)) else { return None };
        let others = task.args().iter().enumerate().filter(|&(other, _)| other != at);
        let mut rest: Vec<Key> = others.flat_map(|(_, arg)| Node::from(arg.clone()).dependencies()).collect();
        let mut seen: FxHashSet<Key> = FxHashSet::default();
        let mut held = vec![0_u64; chain.layers.len()];
        while let Some(key) = rest.pop() {
            let Some(n) = self.done.find(key.name()) else { continue };
            let place = chain.layers.iter().position(|&of| of == n);
            if (place.is_none() && !leads_there[n]) || !seen.insert(key.clone()) {
                continue;
            }
            let layer = &self.done.layers[n];
            let Some(place) = place else {
                rest.extend(layer.node(&key).iter().flat_map(Node::dependencies));
                continue;
            };
            let block = self.sizes[n] / (layer.len() as u64).max(1);
            held[place] = held[place].saturating_add(block);
            // One block is held by any task that takes it.
            if held[place] > self.choice.threshold().max(block) {
                return Some(n);
            }
        }
        None
    }

    /// Per layer: whether it needs a layer of the chain.
    fn leading_to(&self, chain: &Chain) -> Vec<bool> {
        let mut leads: Vec<bool> = vec![false; self.done.layers.len()];
        let from = chain.layers.iter().copied().min().unwrap_or(0);
        for n in from..leads.len() {
            let inputs = self.done.inputs[n].iter().filter_map(|name| self.done.find(name));
            leads[n] = inputs.into_iter().any(|input| leads[input] || chain.layers.contains(&input));
        }
        leads
    }

    /// Adds the layers of a chain once more, for `consumer`; returns the new name of the first.
    fn again(&mut self, chain: &Chain, consumer: &Name) -> Name {
        let new_name = |name: &Name| {
            Name::from_token(name.label(), Tokenizer::new("recompute").feed(name).feed(consumer).finish())
        };
        let names: FxHashSet<Name> =
            chain.layers.iter().map(|&n| self.done.layers[n].name().clone()).collect();
        // Layers stand with their inputs first.
        let mut layers = chain.layers.clone();
        layers.sort_unstable();
        for n in layers {
            let layer = self.done.layers[n].clone();
            let Some(blockwise) = layer.downcast_ref::<Blockwise>() else { continue };
            let name = new_name(blockwise.name());
            if self.done.find(&name).is_some() {
                continue;
            }
            let args = blockwise.args().iter().map(|arg| match arg {
                BlockArg::Blocks { name, axes } if names.contains(name) => {
                    BlockArg::Blocks { name: new_name(name), axes: axes.clone() }
                }
                BlockArg::Whole(key) if names.contains(key.name()) => {
                    BlockArg::Whole(Key::new(new_name(key.name()), key.index()))
                }
                other => other.clone(),
            });
            if let Some(again) = rebuilt(blockwise, &name, args.collect()) {
                self.push(Arc::new(again));
            }
        }
        new_name(self.done.layers[chain.layers[0]].name())
    }
}

/// Whether these blocks come as a list: then they are held at once, however often they are made.
fn is_list(layer: &Blockwise, axes: &[(Axis, u32)]) -> bool {
    axes.iter().any(|axis| layer.contracted().contains(axis))
}
