//! An op of one's own that fuses: it says itself what becomes of two of it, one after the other.
//!
//! Layer fusion asks the consumer's op to absorb the producer's (`Op::absorb`). Ops that do not know each other are
//! called one after the other within one task; an `Affine` after an `Affine` is one `Affine`: one pass over the
//! block.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::any::Any;
use std::borrow::Cow;
use std::sync::Arc;

use dask_graph::{Args, Axis, Blockwise, Graph, Key, Op, OpError, Plan, Value, named_op};
use dask_optimize::fuse_layers;

/// `scale * x + shift` for every number of a block.
struct Affine {
    scale: i64,
    shift: i64,
}

impl Op for Affine {
    fn name(&self) -> Cow<'_, str> {
        format!("{}x{:+}", self.scale, self.shift).into()
    }

    fn call(&self, mut args: Args<'_>) -> Result<Value, OpError> {
        let mut block: Vec<i64> = args.take(0)?; // the buffer itself: nobody else uses it
        block.iter_mut().for_each(|x| *x = self.scale * *x + self.shift);
        Ok(Value::new(block))
    }

    fn absorb(&self, _at: usize, producer: &Arc<dyn Op>, _n_args: usize) -> Option<Arc<dyn Op>> {
        let first = (&**producer as &dyn Any).downcast_ref::<Affine>()?;
        let (scale, shift) = (self.scale * first.scale, self.scale * first.shift + self.shift);
        Some(Arc::new(Affine { scale, shift }))
    }
}

const BLOCKS: [(Axis, u32); 1] = [(Axis(0), 8)];

fn then(graph: &Graph, from: &str, name: &str, scale: i64, shift: i64) -> anyhow::Result<Graph> {
    let op = Arc::new(Affine { scale, shift });
    let layer = Blockwise::builder(name, op, &BLOCKS).blocks(from, &BLOCKS).build()?;
    Ok(Graph::with_inputs(layer, [graph]))
}

fn main() -> anyhow::Result<()> {
    let count = named_op("count", |block: u32| -> Vec<i64> {
        (0..1000).map(|i| i64::from(1000 * block + i)).collect()
    });
    let numbers =
        Blockwise::builder("numbers", count, &BLOCKS).per_block(&BLOCKS, |at| Value::new(at[0])).build()?;
    let x = Graph::from_layer(numbers);
    let y = then(&x, "numbers", "tripled", 3, 0)?;
    let y = then(&y, "tripled", "moved", 1, -100)?;
    let y = then(&y, "moved", "result", -2, 7)?;

    let keys: Vec<Key> = (0..BLOCKS[0].1).map(|i| Key::new("result", &[i])).collect();
    let fused = fuse_layers(&y, &keys)?;
    let tasks =
        |plan: &Plan| format!("{} tasks, the last is {}", plan.len(), plan.op_name(plan.outputs()[0]));
    println!("before: {}", tasks(&y.lower(&keys)?));
    println!("after:  {}", tasks(&fused.lower(&keys)?));

    let scheduler = dask_sched::Threaded::new();
    for (name, graph) in [("before", &y), ("after", &fused)] {
        let answer = graph.get(keys[1].clone(), &scheduler)?;
        println!("{name}: {:?}", &answer.flatten()[0].get::<Vec<i64>>()?[..4]);
    }
    Ok(())
}
