//! Stretches of time as tasks.

use std::sync::Arc;

use dask_graph::LayerInfo;

use super::gather;
use super::stage::Pending;
use crate::plan::bins::Bins;
use crate::plan::ops::{FirstTimeOp, Step};

/// Times exchanged for the names of their bins, which are counted from the first time of all partitions.
pub(super) fn bin(bins: &Arc<Bins>, input: Pending, info: &LayerInfo) -> Pending {
    let token = bins.token();
    let rows = input.lowered();
    let least =
        Pending::after(rows.clone()).then(Step::Least(Arc::clone(&bins.column)), token, "least", info);
    let op = FirstTimeOp { column: Arc::clone(&bins.column) };
    let first = gather("first-time", token, Arc::new(op), &least.lowered(), info);
    let mut rows = Pending::after(rows);
    let at = rows.from().n_args() + rows.whole.len();
    rows.whole.push((first.key(0), first.graph.clone()));
    rows.then(Step::Bin(Arc::clone(bins), at), token, "bin", info)
}

/// Bins that no row was in, put between the others.
pub(super) fn fill(bins: &Arc<Bins>, mut groups: Pending, nothing: Pending, info: &LayerInfo) -> Pending {
    let nothing = nothing.lowered();
    let at = groups.from().n_args() + groups.whole.len();
    groups.whole.push((nothing.key(0), nothing.graph.clone()));
    groups.then(Step::FillBins(Arc::clone(bins), at), bins.token(), "fill", info)
}
