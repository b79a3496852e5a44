//! A collection of one's own, on the graph specification alone: optimised, scheduled and observed like ours.
//!
//! A `Walks` is a number of random walks, cut into blocks. It is some lines of bookkeeping: a graph, a name and a
//! number of blocks; `map` is a `Blockwise` layer, so chains of it are fused into one task a block.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use dask_graph::{
    Axis, Blockwise, Collection, ComputeError, Graph, Key, Name, Token, Value, graph, named_op, op,
};

struct Walks {
    graph: Graph,
    name: Name,
    n_blocks: u32,
}

impl Walks {
    const BLOCK: Axis = Axis(0);

    #[track_caller]
    fn new(n_blocks: u32, steps: u32) -> anyhow::Result<Self> {
        let name = Name::from_token("walks", Token::unique());
        let axes = [(Self::BLOCK, n_blocks)];
        let walk = named_op("walk", move |seed: u32| -> Vec<i64> {
            let mut state = u64::from(seed) + 1;
            let mut at = 0;
            let step = |_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                at += if state >> 63 == 0 { 1 } else { -1 };
                at
            };
            (0..steps).map(step).collect()
        });
        let layer =
            Blockwise::builder(&name, walk, &axes).per_block(&axes, |at| Value::new(at[0])).build()?;
        Ok(Self { graph: Graph::from_layer(layer), name, n_blocks })
    }

    #[track_caller]
    fn map(&self, f: impl Fn(i64) -> i64 + Send + Sync + 'static) -> anyhow::Result<Self> {
        let name = Name::from_token("map", Token::unique());
        let axes = [(Self::BLOCK, self.n_blocks)];
        // The block comes by value: this task is the last to use it, so it is changed in place.
        let each = op(move |mut walk: Vec<i64>| {
            walk.iter_mut().for_each(|at| *at = f(*at));
            walk
        });
        let layer = Blockwise::builder(&name, each, &axes).blocks(&self.name, &axes).build()?;
        Ok(Self { graph: Graph::with_inputs(layer, [&self.graph]), name, n_blocks: self.n_blocks })
    }
}

impl Collection for Walks {
    type Output = Vec<Vec<i64>>;

    fn graph(&self) -> &Graph {
        &self.graph
    }

    fn keys(&self) -> Vec<Key> {
        (0..self.n_blocks).map(|i| Key::new(&self.name, &[i])).collect()
    }

    fn finish(&self, values: Vec<Value>) -> Result<Self::Output, ComputeError> {
        values.into_iter().map(|value| value.into_inner().map_err(ComputeError::finish)).collect()
    }

    fn rebuild(&self, graph: Graph, rename: &dyn Fn(&Name) -> Name) -> Self {
        Self { graph, name: rename(&self.name), n_blocks: self.n_blocks }
    }
}

fn main() -> anyhow::Result<()> {
    dask_sched::init()?;
    let walks = Walks::new(8, 1_000)?.map(|at| at * 2)?.map(i64::abs)?;
    println!("{}", walks.explain()?);

    let farthest: Vec<i64> =
        walks.compute()?.iter().map(|walk| walk.iter().copied().max().unwrap_or(0)).collect();
    println!("farthest from home, by walk: {farthest:?}");

    // It mixes with graphs written by hand: every block has its key.
    let first = Key::new(&walks.name, &[0]);
    let by_hand = graph! { "length" => (|walk: &Vec<i64>| walk.len())(@first) };
    let both = Graph::merge([&walks.graph, &by_hand]);
    let answer = both.get("length", &dask_sched::Threaded::new())?;
    println!("length of the first: {}", answer.flatten()[0].get::<usize>()?);
    Ok(())
}
