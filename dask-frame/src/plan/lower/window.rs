//! Window functions as tasks.
//!
//! Each partition says by itself what it hands on: its last rows, or a state of all of its rows. A chain of small
//! tasks puts what was handed on together along the partitions, so that a window may span many of them. Then
//! each partition is worked on by itself again.
//!
//! ```text
//! partitions     p0          p1          p2
//!                 │ edge      │ edge      │
//! before  none ───┴──────► ───┴──────►    │
//!                             │           │
//! windows        w0          w1          w2
//! ```

use std::sync::Arc;

use dask_graph::{
    Arg, Blockwise, Graph, Key, LayerInfo, Materialized, Name, Node, Op, Task, Token, Tokenizer, Value,
};

use super::stage::Pending;
use super::{Partitions, ROWS, gather};
use crate::kernel::window::Carry;
use crate::plan::ops::{Carried, EdgeOp, RankOp, StateOp, Step, WindowOp};
use crate::plan::window::WindowSpec;
use crate::schema::Schema;
use crate::table::Table;

pub(super) fn window(
    spec: &Arc<WindowSpec>,
    input: &Schema,
    output: &Schema,
    rows: Pending,
    info: &LayerInfo,
) -> Pending {
    let rows = rows.lowered();
    let token = Tokenizer::new("window").feed(&spec.token()).feed(&rows.name).feed(&rows.n).finish();
    let edge = spec.edge_schema(input);
    let handed_on = |last: bool| {
        let (n, times) = spec.reach(last);
        let reaches = n > 0 || !times.is_empty();
        let op = Arc::new(EdgeOp { schema: edge.clone(), n, times, last });
        let none = Value::sized(Table::empty(edge.clone()));
        let (label, direction) = if last { ("before", Carry::Forward) } else { ("after", Carry::Backward) };
        reaches.then(|| chain(label, token, op, &none, direction, &rows, info))
    };
    let carried = |direction: Carry| {
        let states = spec.state_schema(direction, input, output);
        let (spec, input, output) = (Arc::clone(spec), input.clone(), output.clone());
        (!states.is_empty()).then(|| Arc::new(Carried { spec, direction, input, output, states }))
    };
    let states = |label: &str, carried: &Option<Arc<Carried>>| {
        let carried = carried.as_ref()?;
        let none = Value::sized(carried.none().expect("a state of no rows has a row"));
        let op = Arc::new(StateOp(Arc::clone(carried)));
        Some(chain(label, token, op, &none, carried.direction, &rows, info))
    };
    let (before, after) = (handed_on(true), handed_on(false));
    let (forward, backward) = (carried(Carry::Forward), carried(Carry::Backward));
    let (so_far, to_come) = (states("so-far", &forward), states("to-come", &backward));
    let ranks = ranks(spec, input, output, &rows, info);
    let op = WindowOp {
        spec: Arc::clone(spec),
        edge: edge.clone(),
        before: before.is_some(),
        after: after.is_some(),
        forward,
        backward,
        ranks: ranks.is_some(),
        output: output.clone(),
    };
    let name = Name::from_token("window", token);
    let mut layer = Blockwise::builder(name.clone(), Arc::new(op), &[(ROWS, rows.n)])
        .blocks(rows.name.clone(), &[(ROWS, rows.n)])
        .info(info.clone());
    let mut graphs = vec![&rows.graph];
    for others in [&before, &after, &so_far, &to_come].into_iter().flatten() {
        layer = layer.blocks(others.name.clone(), &[(ROWS, rows.n)]);
        graphs.push(&others.graph);
    }
    if let Some(ranks) = &ranks {
        layer = layer.whole(ranks.key(0));
        graphs.push(&ranks.graph);
    }
    let layer = layer.build().expect("one axis, the same everywhere");
    Pending::after(Partitions { graph: Graph::with_inputs(layer, graphs), name, n: rows.n })
}

/// For each partition what `op` makes of all partitions before it (or behind it): of each by itself, and then of
/// what it made of two.
pub(super) fn chain(
    label: &str,
    token: Token,
    op: Arc<dyn Op>,
    none: &Value,
    direction: Carry,
    rows: &Partitions,
    info: &LayerInfo,
) -> Partitions {
    let single = Name::from_token(&format!("{label}-each"), token);
    let each = Blockwise::builder(single.clone(), Arc::clone(&op), &[(ROWS, rows.n)])
        .blocks(rows.name.clone(), &[(ROWS, rows.n)])
        .info(info.clone())
        .build()
        .expect("one axis, the same everywhere");
    let name = Name::from_token(label, token);
    let mut layer = Materialized::with_info(name.clone(), info.clone());
    for at in 0..rows.n {
        let neighbour = match direction {
            Carry::Forward => at.checked_sub(1),
            Carry::Backward => Some(at + 1).filter(|&next| next < rows.n),
        };
        let node = match neighbour {
            None => Node::from(none.clone()),
            Some(neighbour) => {
                let (far, near) = (Key::new(&name, &[neighbour]), Key::new(&single, &[neighbour]));
                // States come from far to near, rows in their order.
                let backwards = direction == Carry::Backward && label == "after";
                let args = if backwards { [near, far] } else { [far, near] };
                Task::new(Arc::clone(&op), args.map(Arg::key)).into()
            }
        };
        layer.insert(Key::new(&name, &[at]), node);
    }
    let each = Graph::with_inputs(each, [&rows.graph]);
    Partitions { graph: Graph::with_inputs(layer, [&each]), name, n: rows.n }
}

/// The ranks of all rows, if any are asked for, from the columns that are ranked and no others.
fn ranks(
    spec: &Arc<WindowSpec>,
    input: &Schema,
    output: &Schema,
    rows: &Partitions,
    info: &LayerInfo,
) -> Option<Partitions> {
    let ranked = spec.columns.iter().filter(|column| column.is_rank()).collect::<Vec<_>>();
    if ranked.is_empty() {
        return None;
    }
    let ranks = output.select(ranked.iter().map(|column| &*column.name));
    let mut names = ranked.iter().map(|column| &*column.args[0]).collect::<Vec<_>>();
    names.sort_unstable();
    names.dedup();
    let schema = input.select(names.iter().copied());
    let (ranks, schema) =
        (ranks.expect("the columns are there, once each"), schema.expect("the columns are there, once each"));
    let columns = names.iter().map(|name| (Arc::from(*name), crate::expr::col(*name))).collect();
    let token = Tokenizer::new("ranked").feed(&spec.token()).finish();
    let step = Step::Project(columns, schema.clone());
    let columns = Pending::after(rows.clone()).then(step, token, "ranked", info).lowered();
    let op = RankOp { spec: Arc::clone(spec), schema, ranks };
    Some(gather("rank", token, Arc::new(op), &columns, info))
}
