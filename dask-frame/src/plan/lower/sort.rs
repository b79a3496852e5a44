//! Orders as tasks.

use std::sync::Arc;

use dask_graph::{LayerInfo, Tokenizer};

use super::exchange::by_range;
use super::stage::Pending;
use super::{Partitions, gather};
use crate::plan::node::SortSpec;
use crate::plan::ops::{BoundariesOp, LimitOp, Step, sample_schema};
use crate::schema::Schema;

/// As many partitions as there were, each before the next: a sample of each tells where to cut.
pub(super) fn sort(spec: &Arc<SortSpec>, schema: &Schema, input: Pending, info: &LayerInfo) -> Pending {
    let token = spec.token();
    if input.n() == 1 {
        return input.then(Step::Sort(Arc::clone(spec)), token, "sort", info);
    }
    let rows = input.lowered();
    let ranges = by_range(&rows, spec, &boundaries(spec, schema, &rows, info), rows.n, schema, info);
    Pending::after(ranges).then(Step::Sort(Arc::clone(spec)), token, "sort", info)
}

/// A table of where to cut an order into as many partitions of about equally many rows, by a sample of each.
pub(super) fn boundaries(
    spec: &Arc<SortSpec>,
    schema: &Schema,
    rows: &Partitions,
    info: &LayerInfo,
) -> Partitions {
    let samples = sample_schema(spec, schema);
    let sample = Step::Sample(Arc::clone(spec), samples.clone());
    let sampled = Pending::after(rows.clone()).then(sample, spec.token(), "sample", info).lowered();
    let op = BoundariesOp { spec: Arc::clone(spec), samples, n: rows.n };
    gather("boundaries", spec.token(), Arc::new(op), &sampled, info)
}

/// The first rows of each partition, then of those.
pub(super) fn top(
    spec: &Arc<SortSpec>,
    n: usize,
    schema: Schema,
    input: Pending,
    info: &LayerInfo,
) -> Pending {
    let token = Tokenizer::new("top").feed(&spec.token()).feed(&n).finish();
    let firsts = input.then(Step::Top(Arc::clone(spec), n), token, "top", info).lowered();
    let op = LimitOp { n, sort: Some(Arc::clone(spec)), schema };
    Pending::after(gather("limit", token, Arc::new(op), &firsts, info))
}
