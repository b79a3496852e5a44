//! Functions of the user for whole partitions, as tasks.

use std::sync::Arc;

use dask_graph::{Blockwise, Graph, LayerInfo, Name, Tokenizer, Value};

use super::stage::Pending;
use super::window::chain;
use super::{Partitions, ROWS};
use crate::kernel::window::Carry;
use crate::plan::node::MapSpec;
use crate::plan::ops::{EdgeOp, MapOp};
use crate::schema::Schema;
use crate::table::Table;

pub(super) fn map(spec: &MapSpec, input: &Schema, rows: Pending, info: &LayerInfo) -> Pending {
    let rows = rows.lowered();
    let token = Tokenizer::new("map").feed(&spec.token).feed(&rows.name).feed(&rows.n).finish();
    let handed_on = |last: bool| {
        let n = if last { spec.before } else { spec.after };
        let op = Arc::new(EdgeOp { schema: input.clone(), n, times: Vec::new(), last });
        let none = Value::sized(Table::empty(input.clone()));
        let (label, direction) = if last { ("before", Carry::Forward) } else { ("after", Carry::Backward) };
        (n > 0).then(|| chain(label, token, op, &none, direction, &rows, info))
    };
    let (before, after) = (handed_on(true), handed_on(false));
    let op = MapOp {
        function: Arc::clone(&spec.function),
        input: input.clone(),
        output: spec.schema.clone(),
        before: before.is_some(),
        after: after.is_some(),
    };
    let name = Name::from_token("map-partitions", token);
    let mut layer = Blockwise::builder(name.clone(), Arc::new(op), &[(ROWS, rows.n)])
        .blocks(rows.name.clone(), &[(ROWS, rows.n)])
        .info(info.clone());
    let mut graphs = vec![&rows.graph];
    for others in [&before, &after].into_iter().flatten() {
        layer = layer.blocks(others.name.clone(), &[(ROWS, rows.n)]);
        graphs.push(&others.graph);
    }
    let layer = layer.build().expect("one axis, the same everywhere");
    Pending::after(Partitions { graph: Graph::with_inputs(layer, graphs), name, n: rows.n })
}
