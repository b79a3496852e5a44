//! Layer fusion: `Blockwise` layers go into the layers that use them, before a single task is made.
//!
//! ```text
//! read ── +1 ──╮                      read+1 ──╮
//!              ├── mul ── sum    ⇒             ├─► one layer: sum(mul(+1(read), *2(ones)))
//! ones ── *2 ──╯                      ones*2 ──╯
//! ```
//!
//! A producer is taken in when nobody else needs its blocks and taking it in repeats no work: it was not
//! asked for, its blocks are used by one argument of one layer, and that layer has one block for each of
//! them. Producers whose ops are cheap ([`Op::is_cheap`](dask_graph::Op::is_cheap)) are taken in by every
//! consumer and however often. Blocks that arrive in lists (contracted axes) stay apart. Annotations must be
//! equal.
//!
//! The cost depends on the number of layers, not on the number of blocks. Layers that the wanted keys do not
//! need are left out on the way.

use std::sync::Arc;

use dask_graph::{Axis, BlockArg, Blockwise, Graph, Key, Layer, PlanError};
use rustc_hash::FxHashMap;

use crate::composite::Composite;
use crate::layer_list::{LayerList, few_operations, n_operations};

/// Joins `Blockwise` layers with their producers; the layers that hold `keys` keep their names.
///
/// # Errors
///
/// As [`cull_layers`](crate::cull_layers()).
///
/// # Complexity
///
/// Time O(layers · operations in the largest fused layer), whatever the number of blocks. Layers that hold
/// their tasks in a map are walked once to know their inputs.
pub fn fuse_layers(graph: &Graph, keys: &[Key]) -> Result<Graph, PlanError> {
    Ok(LayerList::of(graph, keys)?.map_or_else(|| graph.clone(), |list| Fusion::new(list).run()))
}

/// The state of one pass over the layers.
struct Fusion {
    list: LayerList,
    /// How many layers take blocks of each layer.
    n_consumers: Vec<usize>,
}

impl Fusion {
    fn new(list: LayerList) -> Self {
        // Consumers that nobody needs are not in the list and do not keep a layer apart.
        Self { n_consumers: list.n_consumers(), list }
    }

    fn run(mut self) -> Graph {
        for n in 0..self.list.layers.len() {
            while let Some(fused) = self.fused_once(n) {
                self.list.replace(n, Arc::new(fused));
            }
        }
        self.list.into_graph()
    }

    /// Layer `n` with one more producer taken in, if there is one.
    fn fused_once(&self, n: usize) -> Option<Blockwise> {
        let consumer = self.list.layers[n].downcast_ref::<Blockwise>()?;
        let joinable = consumer.args().iter().enumerate().filter_map(|(at, arg)| {
            let BlockArg::Blocks { name, axes } = arg else { return None };
            let p = self.list.find(name).filter(|&p| p != n)?;
            let producer = self.list.layers[p].downcast_ref::<Blockwise>()?;
            self.may_fuse(consumer, at, axes, p, producer).then_some((at, axes, producer))
        });
        // The smallest first: those before it are copied.
        let mut joinable: Vec<_> = joinable.collect();
        joinable.sort_by_key(|(_, _, producer)| n_operations(*producer));
        joinable.into_iter().find_map(|(at, axes, producer)| fuse(consumer, at, axes, producer))
    }

    fn may_fuse(
        &self,
        consumer: &Blockwise,
        at: usize,
        axes: &[(Axis, u32)],
        p: usize,
        producer: &Blockwise,
    ) -> bool {
        let same_counts = axes.iter().map(|&(_, n)| n).eq(producer.output().iter().map(|&(_, n)| n));
        let contracted = axes.iter().any(|(axis, _)| consumer.contracted().iter().any(|(c, _)| c == axis));
        let used_once = || {
            let elsewhere = consumer.args().iter().enumerate().any(|(other, arg)| match arg {
                BlockArg::Blocks { name, .. } => other != at && name == producer.name(),
                BlockArg::Whole(key) => key.name() == producer.name(),
                BlockArg::PerBlock { .. } | BlockArg::Literal(_) => false,
            });
            self.n_consumers[p] == 1 && !elsewhere
        };
        same_counts
            && !contracted
            && !self.list.is_wanted(producer.name())
            && producer.info().annotations == consumer.info().annotations
            && few_operations([consumer, producer])
            && (producer.op().is_cheap() || (used_once() && producer.len() == consumer.len()))
    }
}

/// The layer that does the producer's work and the consumer's in one op.
fn fuse(consumer: &Blockwise, at: usize, axes: &[(Axis, u32)], producer: &Blockwise) -> Option<Blockwise> {
    // The producer's axes are called as the consumer calls them; its contracted ones get labels of their own.
    let is_used =
        |label: &Axis| consumer.output().iter().chain(consumer.contracted()).any(|(used, _)| used == label);
    let mut free = (0..=u16::MAX).map(Axis).filter(|label| !is_used(label));
    let mut labels: FxHashMap<Axis, Axis> =
        producer.output().iter().zip(axes).map(|(&(from, _), &(to, _))| (from, to)).collect();
    let mut contracted = consumer.contracted().to_vec();
    for &(axis, n_blocks) in producer.contracted() {
        let label = free.next()?;
        labels.insert(axis, label);
        contracted.push((label, n_blocks));
    }
    let relabelled =
        |axes: &[(Axis, u32)]| axes.iter().map(|(axis, n)| (labels[axis], *n)).collect::<Vec<_>>();
    let from_producer = producer.args().iter().map(|arg| match arg {
        BlockArg::Blocks { name, axes } => BlockArg::Blocks { name: name.clone(), axes: relabelled(axes) },
        BlockArg::PerBlock { axes, value } => {
            BlockArg::PerBlock { axes: relabelled(axes), value: value.clone() }
        }
        other => other.clone(),
    });
    let mut args = consumer.args().to_vec();
    args.splice(at..=at, from_producer);

    let op = Composite::join(consumer.op(), consumer.args().len(), at, producer.op(), producer.args().len());
    let info = (consumer as &dyn Layer).info_with(producer);
    let mut builder = Blockwise::builder(consumer.name(), op, consumer.output()).info(info);
    for (axis, n_blocks) in contracted {
        builder = builder.contract(axis, n_blocks);
    }
    args.into_iter().fold(builder, |builder, arg| builder.arg(arg)).build().ok()
}
