//! The shapes as graphs of ours: held task by task, and made on demand.

use super::shape::Shape;
use dask_graph::{
    Arg, Args, Graph, Key, Layer, LayerInfo, Materialized, Name, Node, Op, OpError, Packer, Refused, Task,
    Unpack, Unpacked, Value,
};
use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

const NAME: &str = "task";

/// Results stay below this, so that their sum is that of small integers.
const MODULUS: u64 = 1_000_003;

/// What every task computes, on every system.
pub(crate) fn step(inputs: impl IntoIterator<Item = u64>) -> u64 {
    inputs.into_iter().fold(1, |sum, input| sum + input) % MODULUS
}

/// The key of a task.
pub(crate) fn key(task: usize) -> Key {
    static NAME: LazyLock<Name> = LazyLock::new(|| Name::new(self::NAME));
    Key::new(&*NAME, &[task as u32])
}

/// The graph as a map that holds every task.
pub(crate) fn materialized(shape: Shape, size: usize) -> Graph {
    let op: Arc<dyn Op> = Arc::new(Step);
    let mut layer = Materialized::new(NAME);
    layer.reserve(size);
    for task in 0..size {
        layer.insert(key(task), node(shape, size, task, &op));
    }
    Graph::from_layer(layer)
}

/// The graph as a rule that makes a task when it is asked for.
pub(crate) fn on_demand(shape: Shape, size: usize) -> Graph {
    let (name, info) = (Name::new(NAME), LayerInfo::here());
    Graph::from_layer(Rule { shape, size, name, info, op: Arc::new(Step) })
}

fn node(shape: Shape, size: usize, task: usize, op: &Arc<dyn Op>) -> Node {
    let mut dependencies = Vec::new();
    shape.dependencies(task, size, &mut dependencies);
    Task::new(op.clone(), dependencies.iter().map(|&task| Arg::Key(key(task as usize)))).into()
}

struct Step;

impl Op for Step {
    fn name(&self) -> Cow<'_, str> {
        "step".into()
    }

    fn pack(&self, _: &mut Packer) -> Result<Unpack, Refused> {
        Ok(|_| Ok(Unpacked::op(Step)))
    }

    fn call(&self, args: Args<'_>) -> Result<Value, OpError> {
        let mut inputs = [0; 16];
        if args.len() <= inputs.len() {
            for (at, input) in inputs[..args.len()].iter_mut().enumerate() {
                *input = *args.get::<u64>(at)?;
            }
            return Ok(Value::new(step(inputs[..args.len()].iter().copied())));
        }
        let inputs = (0..args.len()).map(|at| args.get::<u64>(at).copied()).collect::<Result<Vec<_>, _>>()?;
        Ok(Value::new(step(inputs)))
    }
}

struct Rule {
    shape: Shape,
    size: usize,
    name: Name,
    info: LayerInfo,
    op: Arc<dyn Op>,
}

impl Layer for Rule {
    fn name(&self) -> &Name {
        &self.name
    }

    fn len(&self) -> usize {
        self.size
    }

    fn node(&self, key: &Key) -> Option<Node> {
        let &[task] = key.index() else { return None };
        let task = task as usize;
        (*key.name() == self.name && task < self.size).then(|| node(self.shape, self.size, task, &self.op))
    }

    fn keys(&self) -> Box<dyn Iterator<Item = Key> + '_> {
        Box::new((0..self.size).map(key))
    }

    fn inputs(&self) -> Vec<Name> {
        Vec::new()
    }

    fn info(&self) -> &LayerInfo {
        &self.info
    }
}
