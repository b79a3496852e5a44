//! The exchange of rows between partitions, as tasks.
//!
//! ```text
//!                       ┌─ split 0 ─┐             ┌─ gather 0
//!   open, boundaries ───┼─   ...    ┼── exchange ─┼─   ...
//!                       └─ split n ─┘             └─ gather m
//! ```
//!
//! Each split writes one file with an index, each gather reads its rows out of all files; no more than a partition
//! is in memory at a time. Rows are counted when they are written and when they are read.

use std::sync::Arc;

use dask_graph::{Arg, Blockwise, Graph, Key, LayerInfo, Materialized, Name, Task, Token, Tokenizer, Value};
use dask_graph_shuffle::open_task;

use super::{Partitions, ROWS};
use crate::plan::asof::AsOfSpec;
use crate::plan::node::SortSpec;
use crate::plan::ops::{ExchangeOp, GatherOp, QuantilesOp, SplitBy, SplitOp, n_places};
use crate::plan::tokenized;
use crate::schema::{DataType, Schema};

/// Rows exchanged so that all rows of equal keys are in one of `n` partitions, the same for equal keys of every
/// exchange into `n` partitions by keys of the same types.
///
/// `on` names the key columns and the types to which they are brought before they are hashed: the type in which keys
/// are compared, if those of several frames must come together. A missing key equals a missing key. Rows of one
/// partition come in the order of the partitions they are from, and within these in their order.
///
/// `schema` is that of `rows`, and of the result.
pub(super) fn by_hash(
    rows: &Partitions,
    on: Vec<(Arc<str>, DataType)>,
    n: u32,
    schema: &Schema,
    info: &LayerInfo,
) -> Partitions {
    split_by_hash(rows, on, n, info).gathered(&[], schema, info)
}

/// The rows of two frames, each exchanged [by hash](by_hash) of its own keys into `n` partitions that belong together.
///
/// No partition is gathered before the rows of both are written: else the ready side would come into memory while it
/// waits for the other.
pub(super) fn both_by_hash(
    sides: [(&Partitions, Vec<(Arc<str>, DataType)>, &Schema); 2],
    n: u32,
    info: &LayerInfo,
) -> [Partitions; 2] {
    let [(left, left_on, left_schema), (right, right_on, right_schema)] = sides;
    let (left, right) = (split_by_hash(left, left_on, n, info), split_by_hash(right, right_on, n, info));
    [left.gathered(&[&right], left_schema, info), right.gathered(&[&left], right_schema, info)]
}

/// Values, of floats in a column of which none is missing, taken to their places between the boundaries, and what
/// [finds quantiles](QuantilesOp) in them: a frame of one row.
pub(super) fn quantiles(
    values: &Partitions,
    name: &Arc<str>,
    boundaries: &Partitions,
    op: QuantilesOp,
    info: &LayerInfo,
) -> Partitions {
    let token = Tokenizer::new("values").feed(name).feed(&boundaries.name).finish();
    let by = SplitBy::Value(Arc::clone(name));
    let splits = Splits::new(values, by, token, Some(boundaries), n_places(values.n), info);
    let ranks = tokenized("ranks", op.ranks.iter().map(|(name, rank)| (name, *rank)));
    let token = Tokenizer::new("quantiles").feed(&splits.token).feed(&ranks).finish();
    let name = Name::from_token("quantiles", token);
    let mut layer = Materialized::with_info(name.clone(), info.clone());
    let args = [splits.open.clone(), splits.all.clone(), boundaries.key(0)].map(Arg::key);
    layer.insert(Key::new(&name, &[0]), Task::new(Arc::new(op), args));
    Partitions { graph: Graph::with_inputs(layer, [&splits.graph, &boundaries.graph]), name, n: 1 }
}

fn split_by_hash(rows: &Partitions, on: Vec<(Arc<str>, DataType)>, n: u32, info: &LayerInfo) -> Splits {
    let token = tokenized("on", on.iter().map(|(name, dtype)| (name, dtype.clone())));
    Splits::new(rows, SplitBy::Hash(on), token, None, n, info)
}

/// Rows exchanged so that each of the new partitions comes before the next in an order: the boundaries, a table of
/// the columns of the order with a row for each partition but the last, are the first rows of all partitions but the
/// first. Each partition is made of sorted runs, in the order of the partitions that they are from.
pub(super) fn by_range(
    rows: &Partitions,
    sort: &Arc<SortSpec>,
    boundaries: &Partitions,
    n: u32,
    schema: &Schema,
    info: &LayerInfo,
) -> Partitions {
    let token = Tokenizer::new("range").feed(&sort.token()).feed(&boundaries.name).finish();
    let by = SplitBy::Range(Arc::clone(sort));
    Splits::new(rows, by, token, Some(boundaries), n, info).gathered(&[], schema, info)
}

/// The right side of a join with the nearest row, exchanged into as many ranges of its key as it has partitions. No range
/// is gathered: whoever looks into one takes the directory and all that was exchanged.
pub(super) fn in_ranges(
    rows: &Partitions,
    spec: &Arc<AsOfSpec>,
    boundaries: &Partitions,
    info: &LayerInfo,
) -> Splits {
    let token = Tokenizer::new("nearest").feed(&spec.token()).feed(&boundaries.name).finish();
    Splits::new(rows, SplitBy::AsOf(Arc::clone(spec)), token, Some(boundaries), rows.n, info)
}

/// Rows split and written, each partition by itself.
pub(super) struct Splits {
    token: Token,
    pub(super) graph: Graph,
    /// The directory of the files.
    pub(super) open: Key,
    /// What is in them, and in memory.
    pub(super) all: Key,
    n: u32,
}

impl Splits {
    fn new(
        rows: &Partitions,
        by: SplitBy,
        token: Token,
        boundaries: Option<&Partitions>,
        n: u32,
        info: &LayerInfo,
    ) -> Self {
        let token = Tokenizer::new("exchange").feed(&token).feed(&rows.name).feed(&rows.n).feed(&n).finish();
        let name = |label: &str| Name::from_token(label, token);
        let open = name("open");
        let opened = open_task(&open);
        let mut split = Blockwise::builder(name("split"), Arc::new(SplitOp { by, n }), &[(ROWS, rows.n)])
            .blocks(rows.name.clone(), &[(ROWS, rows.n)])
            .whole(Key::named(&open))
            .info(info.clone());
        if let Some(boundaries) = boundaries {
            split = split.whole(boundaries.key(0));
        }
        let split = split.build().expect("a split has one axis, and all its arguments have it or none");
        let mut inputs = vec![&rows.graph, &opened];
        inputs.extend(boundaries.map(|boundaries| &boundaries.graph));
        let splits = Partitions { graph: Graph::with_inputs(split, inputs), name: name("split"), n: rows.n };
        let exchange = name("exchange");
        let mut layer = Materialized::with_info(exchange.clone(), info.clone());
        layer.insert(Key::named(&exchange), Task::new(Arc::new(ExchangeOp { n }), [splits.list()]));
        let graph = Graph::with_inputs(layer, [&splits.graph, &opened]);
        Self { token, graph, open: Key::named(&open), all: Key::named(&exchange), n }
    }

    /// Returns the new partitions, of which none is gathered before what is in `others` is written, too.
    fn gathered(&self, others: &[&Splits], schema: &Schema, info: &LayerInfo) -> Partitions {
        let token = others
            .iter()
            .fold(Tokenizer::new("gather").feed(&self.token), |token, other| token.feed(&other.token));
        let name = Name::from_token("gather", token.finish());
        let axis = [(ROWS, self.n)];
        let gather = Blockwise::builder(name.clone(), Arc::new(GatherOp { schema: schema.clone() }), &axis)
            .whole(self.open.clone())
            .whole(self.all.clone())
            .per_block(&axis, |index| Value::new(index[0]))
            .info(info.clone());
        let gather = others.iter().fold(gather, |gather, other| gather.whole(other.all.clone()));
        let gather = gather.build().expect("a gather has one axis, and all its arguments have it or none");
        let graphs = [self].into_iter().chain(others.iter().copied()).map(|of| &of.graph);
        Partitions { graph: Graph::with_inputs(gather, graphs), name, n: self.n }
    }
}
