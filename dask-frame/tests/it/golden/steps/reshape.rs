//! Steps that turn tables.

use dask_frame::{DataFrame, FrameError, Melt, Pivot, Scalar, col};
use dask_sched_sync::Sync;
use serde_json::Value as Json;

use super::{Unsupported, given, strings, text, unsupported};

pub(super) fn melt(args: &Json, frame: &DataFrame) -> Result<Result<DataFrame, FrameError>, Unsupported> {
    given(args, &["id_vars", "value_vars", "var_name", "value_name"])?;
    let mut melt = Melt::ids(strings(&args["id_vars"]));
    if !args["value_vars"].is_null() {
        melt = melt.values(strings(&args["value_vars"]));
    }
    if let Some(name) = args["var_name"].as_str() {
        melt = melt.variable_name(name);
    }
    if let Some(name) = args["value_name"].as_str() {
        melt = melt.value_name(name);
    }
    Ok(frame.melt(melt))
}

fn values(frame: &DataFrame, column: &str) -> Vec<Scalar> {
    frame.values_of_with(column, &Sync::new()).expect("a column that is there")
}

pub(super) fn pivot(args: &Json, frame: &DataFrame) -> Result<Result<DataFrame, FrameError>, Unsupported> {
    given(args, &["index", "columns", "values", "aggfunc"])?;
    let of = col(text(&args["values"]));
    let aggregate = match args["aggfunc"].as_str().expect("a function") {
        "sum" => of.sum(),
        "mean" => of.mean(),
        "count" => of.count(),
        other => return unsupported(&format!("no `{other}` in a pivot yet")),
    };
    let columns = text(&args["columns"]);
    let pivot = Pivot::new(aggregate, columns, values(frame, columns)).index([text(&args["index"])]);
    Ok(frame.pivot_table(pivot))
}

pub(super) fn dummies(args: &Json, frame: &DataFrame) -> Result<Result<DataFrame, FrameError>, Unsupported> {
    given(args, &["columns"])?;
    let columns = strings(&args["columns"]);
    let [column] = &columns[..] else { return unsupported("dummies of several columns") };
    Ok(frame.get_dummies(column.as_str(), values(frame, column)))
}

pub(super) fn explode(args: &Json, frame: &DataFrame) -> Result<DataFrame, FrameError> {
    frame.explode_split(text(&args["column"]), text(&args["sep"]))
}
