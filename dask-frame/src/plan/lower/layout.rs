//! Where rows are, as tasks.

use std::sync::Arc;

use dask_graph::{
    Arg, Blockwise, Graph, Key, LayerInfo, Materialized, Name, Node, Op, Task, Token, Tokenizer, Value,
};

use super::exchange::{by_hash, by_range};
use super::stage::Pending;
use super::{Partitions, ROWS, aliases, gather, in_memory};
use crate::column::Column;
use crate::plan::divisions::order;
use crate::plan::layout::{Layout, Pieces};
use crate::plan::node::SortSpec;
use crate::plan::ops::{AfterOp, EndsOp, JoinPartsOp, PassOp, PieceOp, RangesOp, Step, TailOp, WithinOp};
use crate::schema::Schema;
use crate::table::Table;

pub(super) fn layout(layout: &Layout, schema: &Schema, input: Pending, info: &LayerInfo) -> Pending {
    match layout {
        Layout::Mark { .. } | Layout::Forget => input,
        Layout::Shuffle { on, n } => {
            let on = schema.fields().iter().filter(|field| on.iter().any(|name| **name == *field.name()));
            let on = on.map(|field| (field.shared_name(), field.dtype())).collect();
            Pending::after(by_hash(&input.lowered(), on, *n, schema, info))
        }
        Layout::Pick(partitions) => {
            let rows = input.lowered();
            let keys = partitions.iter().map(|&at| rows.key(at)).collect::<Vec<_>>();
            Pending::after(aliases("partitions", &keys, [&rows.graph], info))
        }
        Layout::Tail(n) => {
            let n = *n;
            let token = Tokenizer::new("tail").feed(&n).finish();
            let tails = input.then(Step::Tail(n), token, "tail", info).lowered();
            let op = TailOp { n, schema: schema.clone() };
            Pending::after(gather("tail", token, Arc::new(op), &tails, info))
        }
        Layout::Pieces(pieces) => Pending::after(repartition(*pieces, schema, &input.lowered(), info)),
        Layout::Divide { column, bounds } => divide(column, bounds, schema, input, info),
        Layout::Checked { column, bounds } => {
            Pending::after(within(column, bounds, true, &input.lowered(), info))
        }
        Layout::Sorted { column } => Pending::after(sorted(column, &input.lowered(), info)),
        Layout::Ranges { column, old, bounds } => {
            Pending::after(ranges(column, old, bounds, schema, &input.lowered(), info))
        }
    }
}

/// Neighbours put together, or partitions cut.
fn repartition(pieces: Pieces, schema: &Schema, rows: &Partitions, info: &LayerInfo) -> Partitions {
    let token = Tokenizer::new("repartition").feed(&rows.name).feed(&rows.n).feed(&pieces.to).finish();
    let name = Name::from_token("repartition", token);
    let mut layer = Materialized::with_info(name.clone(), info.clone());
    if pieces.to <= pieces.from {
        let op = Arc::new(JoinPartsOp { schema: schema.clone() });
        for new in 0..pieces.to {
            let keys = pieces.joined(new).map(|at| rows.key(at)).collect::<Vec<_>>();
            layer.insert(Key::new(&name, &[new]), Task::new(Arc::clone(&op) as _, [Arg::list(keys)]));
        }
    } else {
        let mut new = 0;
        for old in 0..pieces.from {
            let of = pieces.parts(old);
            for at in 0..of {
                let op = Arc::new(PieceOp { at, of });
                layer.insert(Key::new(&name, &[new]), Task::new(op, [Arg::key(rows.key(old))]));
                new += 1;
            }
        }
    }
    Partitions { graph: Graph::with_inputs(layer, [&rows.graph]), name, n: pieces.to }
}

fn bounds_token(column: &Arc<str>, bounds: &Column) -> Token {
    let bounds = (0..bounds.len()).map(|at| bounds.get(at));
    bounds.fold(Tokenizer::new("bounds").feed(&**column), |token, bound| token.feed(&bound)).finish()
}

/// A table of some of the bounds.
fn bounds_table(column: &Arc<str>, bounds: &Column, rows: &[u32]) -> Value {
    let table = Table::new([(Arc::clone(column), bounds.take(rows))]);
    Value::sized(table.expect("one column is a table"))
}

/// Rows put between bounds, into order, and checked to be there.
fn divide(column: &Arc<str>, bounds: &Column, schema: &Schema, input: Pending, info: &LayerInfo) -> Pending {
    let n = bounds.len() as u32 - 1;
    let spec = Arc::new(SortSpec::by(column));
    let token = bounds_token(column, bounds);
    let inner = bounds_table(column, bounds, &(1..n).collect::<Vec<_>>());
    let boundaries = in_memory(&[inner], token, info);
    let rows = by_range(&input.lowered(), &spec, &boundaries, n, schema, info);
    let rows = within(column, bounds, false, &rows, info);
    Pending::after(rows).then(Step::Sort(spec), token, "sort", info)
}

/// Rows checked to be between bounds, and in order if they should be.
fn within(
    column: &Arc<str>,
    bounds: &Column,
    sorted: bool,
    rows: &Partitions,
    info: &LayerInfo,
) -> Partitions {
    let token =
        Tokenizer::new("within").feed(&bounds_token(column, bounds)).feed(&rows.name).feed(&sorted).finish();
    let name = Name::from_token("divisions", token);
    let mut layer = Materialized::with_info(name.clone(), info.clone());
    for at in 0..rows.n {
        let op = Arc::new(WithinOp { column: Arc::clone(column), is_last: at + 1 == rows.n, sorted });
        let bounds = bounds_table(column, bounds, &[at, at + 1]);
        layer.insert(Key::new(&name, &[at]), Task::new(op, [Arg::key(rows.key(at)), Arg::from(bounds)]));
    }
    Partitions { graph: Graph::with_inputs(layer, [&rows.graph]), name, n: rows.n }
}

/// Rows checked to be in order, within each partition and between them.
fn sorted(column: &Arc<str>, rows: &Partitions, info: &LayerInfo) -> Partitions {
    let token = Tokenizer::new("sorted").feed(&**column).feed(&rows.name).feed(&rows.n).finish();
    let name = |label: &str| Name::from_token(label, token);
    let axis = [(ROWS, rows.n)];
    let op = |op: Arc<dyn Op>, label: &str| Blockwise::builder(name(label), op, &axis).info(info.clone());
    let ends = op(Arc::new(EndsOp { column: Arc::clone(column) }), "ends")
        .blocks(rows.name.clone(), &axis)
        .build()
        .expect("one axis, the same everywhere");
    let ends = Partitions { graph: Graph::with_inputs(ends, [&rows.graph]), name: name("ends"), n: rows.n };
    let so_far = name("so-far");
    let mut chain = Materialized::with_info(so_far.clone(), info.clone());
    let after: Arc<dyn Op> = Arc::new(AfterOp { column: Arc::clone(column) });
    for at in 0..rows.n {
        let key = |at: u32| Arg::key(Key::new(&so_far, &[at]));
        let node = match at {
            0 => Node::Alias(ends.key(0)),
            _ => Task::new(Arc::clone(&after), [key(at - 1), Arg::key(ends.key(at))]).into(),
        };
        chain.insert(Key::new(&so_far, &[at]), node);
    }
    let chain = Graph::with_inputs(chain, [&ends.graph]);
    let passed = op(Arc::new(PassOp), "sorted")
        .blocks(rows.name.clone(), &axis)
        .blocks(so_far, &axis)
        .build()
        .expect("one axis, the same everywhere");
    Partitions { graph: Graph::with_inputs(passed, [&rows.graph, &chain]), name: name("sorted"), n: rows.n }
}

/// New partitions, each of the rows of old ones between two bounds.
fn ranges(
    column: &Arc<str>,
    old: &Column,
    bounds: &Column,
    schema: &Schema,
    rows: &Partitions,
    info: &LayerInfo,
) -> Partitions {
    let token = Tokenizer::new("ranges").feed(&bounds_token(column, bounds)).feed(&rows.name).finish();
    let name = Name::from_token("repartition", token);
    let mut layer = Materialized::with_info(name.clone(), info.clone());
    let n = bounds.len() as u32 - 1;
    for new in 0..n {
        let (first, last) = (new as usize, new as usize + 1);
        // An old partition may hold its end only if it is the last, but to look at one too many is not wrong.
        let overlaps = |at: &u32| {
            let at = *at as usize;
            order(old, at + 1, bounds, first).is_ge() && order(old, at, bounds, last).is_le()
        };
        let keys = (0..rows.n).filter(overlaps).map(|at| rows.key(at)).collect::<Vec<_>>();
        let op = RangesOp { column: Arc::clone(column), is_last: new + 1 == n, schema: schema.clone() };
        let bounds = bounds_table(column, bounds, &[new, new + 1]);
        layer.insert(Key::new(&name, &[new]), Task::new(Arc::new(op), [Arg::list(keys), Arg::from(bounds)]));
    }
    Partitions { graph: Graph::with_inputs(layer, [&rows.graph]), name, n }
}

/// Partitions of one number put together.
pub(super) fn interleaved(inputs: &[Partitions], schema: &Schema, info: &LayerInfo) -> Partitions {
    let token = inputs.iter().fold(Tokenizer::new("interleave"), |token, input| token.feed(&input.name));
    let name = Name::from_token("interleave", token.finish());
    let n = inputs.iter().map(|input| input.n).min().unwrap_or(0);
    let mut layer = Materialized::with_info(name.clone(), info.clone());
    let op: Arc<dyn Op> = Arc::new(JoinPartsOp { schema: schema.clone() });
    for at in 0..n {
        let parts = Arg::list(inputs.iter().map(|input| input.key(at)));
        layer.insert(Key::new(&name, &[at]), Task::new(Arc::clone(&op), [parts]));
    }
    Partitions { graph: Graph::with_inputs(layer, inputs.iter().map(|input| &input.graph)), name, n }
}
