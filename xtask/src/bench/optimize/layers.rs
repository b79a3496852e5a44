//! What does it cost to fuse layers, and does it depend on the number of blocks?
//!
//! A thousand elementwise layers in a chain, and the same as a comb: every second layer of the chain has a
//! producer of its own besides. The baseline makes the plan of a single block of the unfused graph:
//! what is saved for every block.

use super::{Bench, report_each};
use anyhow::{Result, ensure};
use dask_graph::{Axis, Blockwise, BlockwiseBuilder, Graph, Key, Name, Op, op};
use dask_optimize::fuse_layers;
use std::sync::Arc;

pub(in crate::bench) const N_LAYERS: usize = 1000;

/// Measures the fusion of layers of `size` blocks, in nanoseconds for each layer.
pub(super) fn measure(bench: &mut Bench, size: usize) -> Result<()> {
    let n_blocks = u32::try_from(size)?;
    for (shape, graph) in [("chain", chain(n_blocks)?), ("comb", comb(n_blocks)?)] {
        let keys = [last_key()];
        let fused = bench.measure(|| {
            let left = fuse_layers(&graph, &keys)?.layers().len();
            ensure!(left < N_LAYERS / 20, "{shape}: {left} layers are left");
            Ok(left as u64)
        })?;
        let workload = format!("fuse {shape}, {size} blocks");
        report_each(bench, &workload, "dask-optimize", N_LAYERS, "layer", &fused);
        let lowered = bench.measure(|| Ok(graph.lower(&keys)?.len() as u64))?;
        let workload = format!("lower one of {size} blocks, {shape}");
        report_each(bench, &workload, "dask-graph", N_LAYERS, "layer", &lowered);
    }
    Ok(())
}

fn name(label: &str, n: usize) -> Name {
    Name::new(format!("{label}{n}"))
}

fn elementwise(n: usize, op: &Arc<dyn Op>, blocks: (Axis, u32)) -> BlockwiseBuilder {
    let builder = Blockwise::builder(name("x", n), op.clone(), &[blocks]);
    if n == 0 { builder.literal(1.0) } else { builder.blocks(name("x", n - 1), &[blocks]) }
}

/// The first block of the last layer.
pub(in crate::bench) fn last_key() -> Key {
    Key::new(name("x", N_LAYERS - 1), &[0])
}

pub(in crate::bench) fn chain(n_blocks: u32) -> Result<Graph> {
    let (op, blocks) = (op(|x: f64| x + 1.0), (Axis(0), n_blocks));
    (0..N_LAYERS).try_fold(Graph::new(), |below, n| {
        Ok(Graph::with_inputs(elementwise(n, &op, blocks).build()?, [&below]))
    })
}

fn comb(n_blocks: u32) -> Result<Graph> {
    let (inc, add) = (op(|x: f64| x + 1.0), op(|x: f64, y: f64| x + y));
    let blocks = (Axis(0), n_blocks);
    (0..N_LAYERS).try_fold(Graph::new(), |below, n| {
        if n % 2 == 0 {
            return Ok(Graph::with_inputs(elementwise(n, &inc, blocks).build()?, [&below]));
        }
        let tooth = Blockwise::builder(name("tooth", n), inc.clone(), &[blocks]).literal(1.0).build()?;
        let layer = elementwise(n, &add, blocks).blocks(name("tooth", n), &[blocks]).build()?;
        Ok(Graph::with_inputs(layer, [&below, &Graph::from_layer(tooth)]))
    })
}
