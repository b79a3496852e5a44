//! Push-down: layers that take less of their input, like slices, move before the work on it, down to the reads.
//!
//! ```text
//! read ── +1 ──╮                       read[..5] ── +1 ──╮
//!              ├── add ── [..5]    ⇒                     ├── add
//! ones ── *2 ──╯                       ones[..5] ── *2 ──╯
//! ```
//!
//! A layer says itself how it moves before another ([`Layer::push_into`]); the pass knows no slices. It is
//! asked only where nobody else needs the producer's results, so that no work is done twice, and annotations
//! are equal. What costs next to nothing ([`Op::is_cheap`](dask_graph::Op::is_cheap)) is done anew for every
//! consumer.
//!
//! The successor of what `optimize_slices` in dask's `array/optimization.py` and `Slice._simplify_down` in its
//! array expressions do.

use std::sync::Arc;

use dask_graph::{Blockwise, Graph, Key, Layer, Name, PlanError};
use rustc_hash::FxHashSet;

use crate::layer_list::{LayerList, few_operations, is_all_tasks};

/// Moves layers that take less of their input before the work on it; the layers that hold `keys` keep their
/// names and keys.
///
/// # Errors
///
/// As [`cull_layers`](crate::cull_layers()).
///
/// # Complexity
///
/// Time O(layers and their inputs), whatever the number of blocks, and as much again for each time that a move
/// leaves a layer to the last of its consumers or makes it cheap. Layers that hold their tasks in a map are walked once to know
/// their inputs.
///
/// # Examples
///
/// A layer of one's own that takes every other block of its input:
///
/// ```
/// use std::sync::Arc;
/// use dask_graph::{Axis, BlockArg, Blockwise, Graph, Key, Layer, LayerInfo, Name, Node, op};
/// use dask_optimize::push_down;
///
/// struct Even {
///     name: Name,
///     input: Name,
///     n: u32,
///     info: LayerInfo,
/// }
///
/// impl Layer for Even {
///     fn name(&self) -> &Name {
///         &self.name
///     }
///     fn len(&self) -> usize {
///         self.n as usize
///     }
///     fn node(&self, key: &Key) -> Option<Node> {
///         match key.index() {
///             &[i] if i < self.n => Some(Node::Alias(Key::new(&self.input, &[2 * i]))),
///             _ => None,
///         }
///     }
///     fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
///         Box::new((0..self.n).map(|i| Key::new(&self.name, &[i])))
///     }
///     fn inputs(&self) -> Vec<Name> {
///         vec![self.input.clone()]
///     }
///     fn info(&self) -> &LayerInfo {
///         &self.info
///     }
///     fn push_into(&self, producer: &dyn Layer) -> Option<Vec<Arc<dyn Layer>>> {
///         let producer = producer.downcast_ref::<Blockwise>()?;
///         let [BlockArg::Blocks { name: input, axes }] = producer.args() else { return None };
///         let [(axis, _)] = axes[..] else { return None };
///         let even = Even {
///             name: Name::from_token("even", dask_graph::Tokenizer::new("even").feed(&self.name).finish()),
///             input: input.clone(),
///             n: self.n,
///             info: self.info.clone(),
///         };
///         let layer = Blockwise::builder(&self.name, producer.op().clone(), &[(axis, self.n)])
///             .blocks(&even.name, &[(axis, self.n)])
///             .info((self as &dyn Layer).info_with(producer));
///         Some(vec![Arc::new(even), Arc::new(layer.build().ok()?)])
///     }
/// }
///
/// let x = Blockwise::builder("x", op(|| 1.0_f64), &[(Axis(0), 10)]).build().unwrap();
/// let y = Blockwise::builder("y", op(|x: f64| x + 1.0), &[(Axis(0), 10)]).blocks("x", &[(Axis(0), 10)]);
/// let x = Graph::from_layer(x);
/// let y = Graph::with_inputs(y.build().unwrap(), [&x]);
/// let even = Even { name: "z".into(), input: "y".into(), n: 5, info: LayerInfo::here() };
/// let z = Graph::with_inputs(even, [&y]);
///
/// let pushed = push_down(&z, &[Key::new("z", &[3])])?;
/// let labels: Vec<_> = pushed.layers().iter().map(|layer| layer.name().label().to_owned()).collect();
/// assert_eq!(labels, ["x", "even", "z"]);
/// # Ok::<(), dask_graph::PlanError>(())
/// ```
pub fn push_down(graph: &Graph, keys: &[Key]) -> Result<Graph, PlanError> {
    if is_all_tasks(graph) {
        return Ok(graph.clone());
    }
    let Some(mut list) = LayerList::of(graph, keys)? else { return Ok(graph.clone()) };
    let mut changed = false;
    loop {
        let mut pass = PushDown::new(list);
        changed |= pass.sweep();
        let again = pass.opened_ways();
        list = pass.into_list();
        if !again {
            break;
        }
    }
    Ok(if changed { list.into_graph() } else { graph.clone() })
}

/// The state of one pass over the layers.
struct PushDown {
    /// The layers as they were. Only into these is pushed, so that the pass ends.
    list: LayerList,
    /// What stands in the place of each layer, inputs first; of those that nobody needs any more, nothing.
    places: Vec<Vec<Arc<dyn Layer>>>,
    /// How many layers take results of each layer of the list.
    n_consumers: Vec<usize>,
    /// The same before the pass.
    n_before: Vec<usize>,
    /// The names of the layers that were added.
    added: FxHashSet<Name>,
}

impl PushDown {
    fn new(list: LayerList) -> Self {
        let places = list.layers.iter().map(|layer| vec![layer.clone()]).collect();
        let n_consumers = list.n_consumers();
        Self { list, places, n_before: n_consumers.clone(), n_consumers, added: FxHashSet::default() }
    }

    /// Pushes every layer as far as it goes, consumers first; whether one was.
    fn sweep(&mut self) -> bool {
        let mut changed = false;
        for n in (0..self.places.len()).rev() {
            // Its inputs are known: to find those of a map takes a walk over it.
            let known = |layer| (layer, self.list.inputs[n].clone());
            let mut rest: Vec<_> = self.places[n].drain(..).map(known).collect();
            let mut done = Vec::new();
            while let Some((layer, inputs)) = rest.pop() {
                match self.pushed(&*layer, &inputs) {
                    Some(layers) => {
                        changed = true;
                        rest.extend(layers.into_iter().map(|layer| {
                            let inputs = layer.inputs();
                            (layer, inputs)
                        }));
                    }
                    None => done.push(layer),
                }
            }
            done.reverse();
            self.places[n] = done;
        }
        changed
    }

    /// Whether a layer of several consumers can be pushed into only now, when they have been visited before:
    /// it is left to one of them, or costs next to nothing now.
    fn opened_ways(&self) -> bool {
        (0..self.places.len()).any(|n| {
            let is_cheap_now = || {
                let last = self.places[n].last();
                !is_cheap(&*self.list.layers[n]) && last.is_some_and(|last| is_cheap(&**last))
            };
            self.n_before[n] > 1 && (self.n_consumers[n] == 1 || is_cheap_now())
        })
    }

    /// What becomes of a layer that is pushed into one of its inputs, if it can be.
    fn pushed(&mut self, layer: &dyn Layer, inputs: &[Name]) -> Option<Vec<Arc<dyn Layer>>> {
        let layers = inputs.iter().find_map(|name| {
            let p = self.list.find(name).filter(|&p| self.may_push(layer, p))?;
            let layers = layer.push_into(&*self.list.layers[p])?;
            self.keeps_contract(layer, inputs, p, &layers).then_some(layers)
        })?;
        for new in &layers {
            for input in new.inputs().iter().filter_map(|name| self.list.find(name)) {
                self.n_consumers[input] += 1;
            }
            if new.name() != layer.name() {
                self.added.insert(new.name().clone());
            }
        }
        self.release(inputs);
        Some(layers)
    }

    fn may_push(&self, layer: &dyn Layer, p: usize) -> bool {
        let producer = &self.list.layers[p];
        !self.list.is_wanted(producer.name())
            && !producer.has_foreign_names()
            && producer.info().annotations == layer.info().annotations
            && (self.n_consumers[p] == 1 || is_cheap(&**producer))
            && few_operations([layer, &**producer])
    }

    /// Whether `layers` may stand in the place of `layer`: they end with its name, add new names, and take nothing
    /// but what it and its producer took. Otherwise layers could come to need each other in a circle, or be
    /// pushed forever.
    fn keeps_contract(
        &self,
        layer: &dyn Layer,
        inputs: &[Name],
        p: usize,
        layers: &[Arc<dyn Layer>],
    ) -> bool {
        let producer = self.list.layers[p].name();
        let mut known: FxHashSet<Name> = inputs.iter().chain(&self.list.inputs[p]).cloned().collect();
        known.remove(producer);
        let Some((last, added)) = layers.split_last() else { return false };
        let is_new = |name: &Name| self.list.find(name).is_none() && !self.added.contains(name);
        last.name() == layer.name()
            && last.len() == layer.len()
            && added.iter().chain([last]).all(|new| {
                let takes_known = new.inputs().iter().all(|name| known.contains(name));
                known.insert(new.name().clone()) && takes_known
            })
            && added.iter().all(|new| is_new(new.name()))
    }

    /// Lets go of layers of which one consumer less takes results, and of those that only they needed.
    fn release(&mut self, inputs: &[Name]) {
        let mut rest: Vec<usize> = inputs.iter().filter_map(|name| self.list.find(name)).collect();
        while let Some(n) = rest.pop() {
            self.n_consumers[n] -= 1;
            let layer = &self.list.layers[n];
            if self.n_consumers[n] == 0 && !layer.has_foreign_names() && !self.list.is_wanted(layer.name()) {
                // Inputs stand before their consumers, so nothing was pushed into another here yet.
                self.places[n].clear();
                rest.extend(self.list.inputs[n].iter().filter_map(|name| self.list.find(name)));
            }
        }
    }

    fn into_list(self) -> LayerList {
        let mut list = self.list.emptied();
        self.places.into_iter().flatten().for_each(|layer| list.push(layer));
        list
    }
}

/// Whether the layer's work may be done once more.
fn is_cheap(layer: &dyn Layer) -> bool {
    layer.downcast_ref::<Blockwise>().is_some_and(|layer| layer.op().is_cheap())
}
