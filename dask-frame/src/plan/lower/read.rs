//! What pieces of files need before they are read.

use std::sync::Arc;

use dask_graph::{
    Arg, Blockwise, Graph, Key, LayerInfo, Materialized, Name, Node, Task, Tokenizer, Value, try_named_op,
};

use super::{Partitions, ROWS};
use crate::csv::{QuoteState, Transition};
use crate::plan::ops::TransitionOp;
use crate::source::Source;

/// The state of the quotes before each piece: a chain of small tasks over one scan a piece.
pub(super) fn quote_states(source: &Arc<Source>, info: &LayerInfo) -> Partitions {
    let n = source.pieces().len() as u32;
    let token = Tokenizer::new("quotes").feed(&**source).finish();
    let scans = Name::from_token("scan-quotes", token);
    let pieces = Arc::clone(source);
    let scan = Blockwise::builder(scans.clone(), Arc::new(TransitionOp(Arc::clone(source))), &[(ROWS, n)])
        .per_block(&[(ROWS, n)], move |index| Value::new(pieces.pieces()[index[0] as usize]))
        .info(info.clone())
        .build()
        .expect("one axis, the same everywhere");
    let next = try_named_op("quote-state", |state: &QuoteState, transition: &Transition| {
        Ok::<_, std::convert::Infallible>(transition.apply(*state))
    });
    let name = Name::from_token("quote-state", token);
    let mut layer = Materialized::with_info(name.clone(), info.clone());
    for (at, piece) in (0..n).zip(source.pieces()) {
        let node = match piece.number {
            0 => Node::data(QuoteState::LineStart),
            _ => {
                let before = [Key::new(&name, &[at - 1]), Key::new(&scans, &[at - 1])];
                Task::new(Arc::clone(&next), before.map(Arg::key)).into()
            }
        };
        layer.insert(Key::new(&name, &[at]), node);
    }
    Partitions { graph: Graph::with_inputs(layer, [&Graph::from_layer(scan)]), name, n }
}
