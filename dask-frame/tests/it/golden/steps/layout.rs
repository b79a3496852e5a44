//! Steps that say where rows are.

use dask_frame::{AsOf, DataFrame, FrameError, How, Merge, Resample, Scalar};
use serde_json::{Value as Json, json};

use super::super::aggregate::aggregates;
use super::super::tables::column;
use super::{Unsupported, given, strings};

pub(super) fn set_index(args: &Json, frame: &DataFrame) -> Result<DataFrame, FrameError> {
    let column = args["column"].as_str().expect("a column");
    if args["sorted"] == true { frame.set_index_sorted(column) } else { frame.set_index(column) }
}

pub(super) fn loc(args: &Json, frame: &DataFrame) -> Result<DataFrame, FrameError> {
    let label = |json: &Json| match json {
        // Instants, not the days they are in.
        Json::String(text) if args["timestamps"] == true => {
            column("datetime", [Some(text.clone())].into_iter()).get(0)
        }
        Json::String(text) => Scalar::from(text.as_str()),
        number => Scalar::from(number.as_i64().expect("an integer")),
    };
    match (&args["label"], &args["start"], &args["stop"]) {
        (Json::Null, start, Json::Null) => frame.loc_range(label(start)..),
        (Json::Null, start, stop) => frame.loc_range(label(start)..=label(stop)),
        (one, ..) => frame.loc(label(one)),
    }
}

pub(super) fn join(args: &Json, left: &DataFrame, right: &DataFrame) -> Result<DataFrame, FrameError> {
    assert_eq!(args["how"], "inner");
    let suffix = |name: &str| args[name].as_str().expect("a text").to_owned();
    left.merge(right, Merge::on_index().how(How::Inner).suffixes(suffix("lsuffix"), suffix("rsuffix")))
}

pub(super) fn resample(args: &Json, frame: &DataFrame) -> Result<DataFrame, Unsupported> {
    given(args, &["columns", "rule", "func", "label", "closed"])?;
    let resample = Resample::every(args["rule"].as_str().expect("a rule"));
    let resample = if args["label"] == "right" { resample.label_right() } else { resample };
    let resample = if args["closed"] == "right" { resample.closed_right() } else { resample };
    let of = |column: String| json!({"col": column, "func": args["func"], "as": column});
    let aggregates = aggregates(&strings(&args["columns"]).into_iter().map(of).collect())?;
    Ok(frame.resample(resample).and_then(|bins| bins.agg(aggregates)).expect("the case can be resampled"))
}

pub(super) fn merge_asof(args: &Json, left: &DataFrame, right: &DataFrame) -> Result<DataFrame, FrameError> {
    let asof = AsOf::on(args["on"].as_str().expect("a column"));
    left.merge_asof(right, if args["by"].is_null() { asof } else { asof.by(strings(&args["by"])) })
}
