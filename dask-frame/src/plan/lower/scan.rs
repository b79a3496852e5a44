//! Scans as tasks: a seed a partition, seeds joined from one partition to the next, and each partition scanned behind
//! the seed of all before it.

use std::sync::Arc;

use dask_graph::{Arg, Blockwise, Graph, Key, LayerInfo, Materialized, Name, Node, Task, Tokenizer, Value};

use super::{Partitions, ROWS};
use crate::plan::ops::{JoinSeedsOp, ScanOp, SeedOp};
use crate::plan::scan::ScanSpec;
use crate::schema::Schema;
use crate::table::Table;

pub(super) fn scan(
    spec: &Arc<ScanSpec>,
    (input, schema): (&Schema, Schema),
    rows: &Partitions,
    info: &LayerInfo,
) -> Partitions {
    let token = Tokenizer::new("scan").feed(&spec.token()).feed(&rows.name).feed(&rows.n).finish();
    let seed_schema = spec.seed_schema(input);
    let n = rows.n;
    let seeds = Name::from_token("seed", token);
    let op = Arc::new(SeedOp { spec: Arc::clone(spec), schema: seed_schema.clone() });
    let layer = Blockwise::builder(seeds.clone(), op, &[(ROWS, n)])
        .blocks(rows.name.clone(), &[(ROWS, n)])
        .info(info.clone())
        .build()
        .expect("one axis, the same everywhere");
    let graph = Graph::with_inputs(layer, [&rows.graph]);
    let before = Name::from_token("seed-before", token);
    let join = Arc::new(JoinSeedsOp { spec: Arc::clone(spec), schema: seed_schema.clone() });
    let mut chain = Materialized::with_info(before.clone(), info.clone());
    let mut order = (0..n).collect::<Vec<_>>();
    if spec.scan.backward {
        order.reverse();
    }
    if let Some(&first) = order.first() {
        chain
            .insert(Key::new(&before, &[first]), Node::from(Value::sized(Table::empty(seed_schema.clone()))));
    }
    for (at, next) in order.iter().zip(order.iter().skip(1)) {
        let both = vec![Key::new(&before, &[*at]), Key::new(&seeds, &[*at])];
        chain.insert(Key::new(&before, &[*next]), Task::new(Arc::clone(&join) as _, [Arg::list(both)]));
    }
    let chain = Graph::with_inputs(chain, [&graph]);
    let name = Name::from_token("scan", token);
    let op = Arc::new(ScanOp { spec: Arc::clone(spec), seeds: seed_schema, schema });
    let layer = Blockwise::builder(name.clone(), op, &[(ROWS, n)])
        .blocks(rows.name.clone(), &[(ROWS, n)])
        .blocks(before, &[(ROWS, n)])
        .info(info.clone())
        .build()
        .expect("one axis, the same everywhere");
    Partitions { graph: Graph::with_inputs(layer, [&rows.graph, &chain]), name, n }
}
