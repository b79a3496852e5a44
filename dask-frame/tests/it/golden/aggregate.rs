//! The aggregates of the golden data.

use dask_frame::{Aggregate, col, size};
use serde_json::Value as Json;

use super::steps::{Unsupported, given, unsupported};

/// Translates a list of aggregates.
pub(super) fn aggregates(aggs: &Json) -> Result<Vec<Aggregate>, Unsupported> {
    aggs.as_array().expect("a list").iter().map(aggregate).collect()
}

fn aggregate(agg: &Json) -> Result<Aggregate, Unsupported> {
    given(agg, &["col", "func", "as", "ddof", "skipna", "other"])?;
    let of = col(agg["col"].as_str().expect("a column"));
    let other = || col(agg["other"].as_str().expect("a column"));
    let ddof = agg["ddof"].as_u64().unwrap_or(1) as u8;
    let aggregate = match agg["func"].as_str().expect("a function") {
        "sum" => of.sum(),
        "prod" => of.prod(),
        "mean" => of.mean(),
        "min" => of.min(),
        "max" => of.max(),
        "any" => of.any(),
        "all" => of.all(),
        "count" => of.count(),
        "size" => size(),
        "first" => of.first(),
        "last" => of.last(),
        "var" => of.var_ddof(ddof),
        "std" => of.std_ddof(ddof),
        "sem" => of.sem_ddof(ddof),
        "skew" => of.skew(),
        "kurtosis" => of.kurt(),
        "median" => of.median(),
        "nunique" => of.nunique(),
        "mode" => of.mode(),
        "idxmin" => of.idxmin(),
        "idxmax" => of.idxmax(),
        "corr" => of.corr(other()),
        "cov" => of.cov_ddof(other(), ddof),
        other => return unsupported(&format!("no `{other}` aggregate yet")),
    };
    let aggregate = aggregate.skip_nulls(agg["skipna"].as_bool().unwrap_or(true));
    Ok(aggregate.alias(agg["as"].as_str().expect("a name")))
}
