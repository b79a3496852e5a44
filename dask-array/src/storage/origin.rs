//! Arrays to which nothing was done yet: of these, slices and other chunks are made anew instead of cut out of
//! blocks, so that less is read.

use std::sync::Arc;

use dask_graph::{Graph, LayerInfo, Tokenize, Tokenizer, Value};

use super::source::{BlockSource, ReadOp};
use crate::array::{Array, Lazy, blockwise, built, label, name_of};
use crate::chunks::Chunks;
use crate::element::Element;
use crate::selection::{Selection, Taken};

/// Where the elements of an array come from.
pub(crate) enum Origin<A> {
    /// A part of a stored array.
    Stored { source: Arc<dyn BlockSource<A>>, selection: Arc<Selection> },
    /// One number everywhere.
    Full(A),
}

impl<A: Clone> Clone for Origin<A> {
    fn clone(&self) -> Self {
        match self {
            Origin::Stored { source, selection } => {
                Origin::Stored { source: source.clone(), selection: selection.clone() }
            }
            Origin::Full(number) => Origin::Full(number.clone()),
        }
    }
}

impl<A: Element> Origin<A> {
    /// The array of this origin with these chunks.
    pub(crate) fn array(self, chunks: Chunks, info: &LayerInfo) -> Array<A> {
        match self {
            Origin::Stored { source, selection } => stored(source, selection, chunks, info),
            Origin::Full(number) => Array::full_cut(number, chunks, info),
        }
    }
}

fn stored<A: Element>(
    source: Arc<dyn BlockSource<A>>,
    selection: Arc<Selection>,
    chunks: Chunks,
    info: &LayerInfo,
) -> Array<A> {
    let mut token = Tokenizer::new("stored").feed(&source.token()).feed(&chunks);
    A::DTYPE.tokenize(&mut token);
    selection.tokenize(&mut token);
    let name = name_of(source.label(), token.finish());
    let op = Arc::new(ReadOp { source: source.clone() });
    let starts: Vec<Vec<usize>> = (0..chunks.ndim()).map(|axis| chunks.starts(axis)).collect();
    let of = selection.clone();
    let part = move |index: &[u32]| Value::sized(part(&of, &starts, index));
    let axes: Vec<_> = (0..chunks.ndim()).map(label).zip(chunks.n_blocks()).collect();
    let layer = built(blockwise(&name, op, &chunks, info).per_block(&axes, part));
    let lazy = Lazy { name, graph: Graph::from_layer(layer), chunks: Arc::new(chunks) };
    Array::with_origin(lazy, Origin::Stored { source, selection })
}

/// What has to be read for the block at `index`.
fn part(selection: &Selection, starts: &[Vec<usize>], index: &[u32]) -> Selection {
    let block = index.iter().zip(starts).map(|(&i, starts)| {
        let (from, to) = (starts[i as usize], starts[i as usize + 1]);
        Taken::range(from, to - from)
    });
    selection.then(&Selection::ranges(block.collect()))
}
