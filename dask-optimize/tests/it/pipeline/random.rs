//! Random graphs of layers: `Blockwise` ones of several kinds of ops, rows that move down, maps of tasks, and
//! hand-written layers between them.

use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{
    Annotations, Arg, Args, Axis, Blockwise, BlockwiseBuilder, Graph, Key, Layer, LayerInfo, Materialized,
    Node, Op, OpError, Task, Value,
};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::it::row::Row;
use crate::it::task_passes::random::flat;

const I: Axis = Axis(0);
const K: Axis = Axis(2);

/// What a layer is made of.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Read,
    Create,
    Map(Work),
    Add,
    /// Each block of one with all blocks of another.
    Contract,
    /// A part of one.
    Slice,
    /// A part of one and all of another.
    Join,
    /// Sums of several blocks, in a map of tasks.
    Sums,
    /// A hand-written layer, and what takes a result of it.
    HandWritten,
}

#[derive(Debug, Clone)]
struct Step {
    kind: Kind,
    inputs: [Index; 2],
    /// The layers that are named instead, if the graph need not be sound.
    wild: [Index; 2],
    range: (f64, f64),
    is_annotated: bool,
}

/// A graph before its layers have names.
#[derive(Debug, Clone)]
pub(crate) struct Drawn {
    steps: Vec<Step>,
    wanted: Vec<(Index, Index)>,
}

pub(crate) fn drawn() -> impl Strategy<Value = Drawn> {
    drawn_up_to(19)
}

/// Graphs of so many operations at most.
pub(crate) fn drawn_up_to(most: usize) -> impl Strategy<Value = Drawn> {
    let kind = prop_oneof![
        2 => Just(Kind::Read),
        1 => Just(Kind::Create),
        3 => prop_oneof![Just(Work::Impure), Just(Work::Pure), Just(Work::Cheap)].prop_map(Kind::Map),
        3 => Just(Kind::Add),
        2 => Just(Kind::Contract),
        2 => Just(Kind::Slice),
        1 => Just(Kind::Join),
        1 => Just(Kind::Sums),
        1 => Just(Kind::HandWritten),
    ];
    let step = (kind, any::<[Index; 2]>(), any::<[Index; 2]>(), (0.0..1.0, 0.0..1.0), 0..8_u8).prop_map(
        |(kind, inputs, wild, range, annotated)| Step {
            kind,
            inputs,
            wild,
            range,
            is_annotated: annotated == 0,
        },
    );
    let wanted = prop::collection::vec(any::<(Index, Index)>(), 1..4);
    (prop::collection::vec(step, 1..=most), wanted).prop_map(|(steps, wanted)| Drawn { steps, wanted })
}

/// Which graphs are made.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// Layers take what earlier ones have.
    Sound,
    /// Layers take anything, also of themselves, of later ones and of such as there are none.
    Any,
}

/// How a graph is written down.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Naming {
    /// Each layer over its inputs, with names in their order.
    Linked,
    /// Last layers first, none over another, with names in the other order.
    Backwards,
}

impl Naming {
    fn name(self, at: usize) -> String {
        match self {
            Self::Linked => format!("n{at:04}"),
            Self::Backwards => format!("m{:04}", 9999 - at),
        }
    }
}

impl Drawn {
    /// The graph and the wanted keys.
    pub(crate) fn graph(&self, form: Form, naming: Naming) -> (Graph, Vec<Key>) {
        let n_steps = self.steps.len();
        let mut n_blocks: Vec<u32> = Vec::new();
        let mut graphs: Vec<Graph> = Vec::new();
        for (at, step) in self.steps.iter().enumerate() {
            let inputs = step.inputs.map(|index| index.index(at.max(1)));
            let named = |which: usize| match (form, step.wild[which].index(24 + n_steps)) {
                // Few are wild, or no graph would have a plan; one further is missing.
                (Form::Any, wild) if wild <= n_steps => naming.name(wild),
                _ => naming.name(inputs[which]),
            };
            let (layers, n) = match inputs.map(|input| n_blocks.get(input).copied()) {
                [Some(n), Some(m)] => step.layers(&naming.name(at), &[(&named(0), n), (&named(1), m)]),
                _ => step.source(&naming.name(at)),
            };
            n_blocks.push(n);
            let below: Vec<Graph> = match (form, naming) {
                (Form::Sound, Naming::Linked) => {
                    inputs.iter().filter_map(|&n| graphs.get(n).cloned()).collect()
                }
                _ => Vec::new(),
            };
            graphs.push(layers.into_iter().fold(Graph::merge(&below), |below, layer| match naming {
                Naming::Linked => Graph::with_shared(layer, [&below]),
                Naming::Backwards => Graph::merge([&Graph::with_shared(layer, []), &below]),
            }));
        }
        if naming == Naming::Backwards {
            graphs.reverse();
        }
        let key = |(layer, block): &(Index, Index)| {
            let layer = layer.index(n_steps);
            let outside = usize::from(form == Form::Any && block.index(20) == 0);
            Key::new(naming.name(layer), &[block.index(n_blocks[layer] as usize + outside) as u32])
        };
        (Graph::merge(&graphs), self.wanted.iter().map(key).collect())
    }
}

impl Step {
    fn info(&self) -> LayerInfo {
        let retries = u32::from(self.is_annotated);
        LayerInfo::default().with_annotations(Annotations { retries, ..Annotations::default() })
    }

    /// The layer without inputs, and how many blocks it has.
    fn source(&self, name: &str) -> (Vec<Arc<dyn Layer>>, u32) {
        let n = 1 + (5.0 * self.range.0) as u32;
        let work = if matches!(self.kind, Kind::Create) { Work::Cheap } else { Work::Read };
        let layer = self.blockwise(name, work, n).per_block(&[(I, n)], |at| Value::new(i64::from(at[0])));
        (vec![built(layer)], n)
    }

    fn blockwise(&self, name: &str, work: Work, n: u32) -> BlockwiseBuilder {
        Blockwise::builder(name, Arc::new(work), &[(I, n)]).info(self.info())
    }

    /// The layer, with what comes with it below, over these inputs of so many blocks; and its own blocks.
    fn layers(&self, name: &str, inputs: &[(&str, u32); 2]) -> (Vec<Arc<dyn Layer>>, u32) {
        let &[(a, n), (b, m)] = inputs;
        let len = 1 + (f64::from(n - 1) * self.range.0) as u32;
        let start = (f64::from(n - len + 1) * self.range.1) as u32;
        let part = (a.into(), start, len);
        let row = |parts| Arc::new(Row { name: name.into(), parts, info: self.info() }) as Arc<dyn Layer>;
        match self.kind {
            Kind::Read | Kind::Create => self.source(name),
            Kind::Map(work) => (vec![built(self.blockwise(name, work, n).blocks(a, &[(I, n)]))], n),
            Kind::Add if n == m || n == 1 || m == 1 => {
                let layer = self.blockwise(name, Work::Pure, n.max(m));
                (vec![built(layer.blocks(a, &[(I, n)]).blocks(b, &[(I, m)]))], n.max(m))
            }
            Kind::Contract => {
                let layer = self.blockwise(name, Work::Pure, m).contract(K, n);
                (vec![built(layer.blocks(b, &[(I, m)]).blocks(a, &[(K, n)]))], m)
            }
            // Joined to what was joined, layers would double.
            Kind::Join if n + m <= 32 => (vec![row(vec![part, (b.into(), 0, m)])], len + m),
            Kind::Add | Kind::Slice | Kind::Join => (vec![row(vec![part])], len),
            Kind::Sums => {
                let mut layer = Materialized::with_info(name, self.info());
                let task = |args: Vec<Arg>| Task::new(Arc::new(Work::Pure), args);
                for out in 0..n.div_ceil(2) {
                    let items = (2 * out..(2 * out + 2).min(n)).map(|i| Arg::key((a, i)));
                    layer.insert(
                        (name, out),
                        task(vec![Arg::list(items), task(vec![Arg::key((b, 0))]).into()]),
                    );
                }
                (vec![Arc::new(layer)], n.div_ceil(2))
            }
            Kind::HandWritten => {
                let key = Key::named(format!("{name}-key"));
                let mut layer = Materialized::with_info(format!("{name}-hand"), self.info());
                layer.insert(&key, Node::Alias(Key::new(a, &[n - 1])));
                let over = self.blockwise(name, Work::Pure, m).whole(key).blocks(b, &[(I, m)]);
                (vec![Arc::new(layer), built(over)], m)
            }
        }
    }
}

fn built(layer: BlockwiseBuilder) -> Arc<dyn Layer> {
    Arc::new(layer.build().expect("axes fit"))
}

/// A number of all arguments, in one of four manners.
#[derive(Debug, Clone, Copy)]
enum Work {
    Read,
    Impure,
    Pure,
    Cheap,
}

impl Op for Work {
    fn name(&self) -> Cow<'_, str> {
        format!("{self:?}").into()
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let numbers = (0..args.len()).map(|at| args.value(at).map(flat)).collect::<Result<Vec<_>, _>>()?;
        let sum = |sum: i64, number| sum.wrapping_mul(31).wrapping_add(number);
        Ok(Value::new(numbers.into_iter().fold(*self as i64 + 3, sum)))
    }

    fn is_producer(&self) -> bool {
        matches!(self, Self::Read)
    }

    fn is_pure(&self) -> bool {
        !matches!(self, Self::Impure)
    }

    fn is_cheap(&self) -> bool {
        matches!(self, Self::Cheap)
    }

    fn output_nbytes(&self, _: &[Arg]) -> Option<u64> {
        matches!(self, Self::Read).then_some(500)
    }
}
