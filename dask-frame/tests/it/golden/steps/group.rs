//! Steps about groups, different rows and statistics.

use dask_frame::{DataFrame, FrameError, Keep, Melt, Scan, ValueCounts, col};
use dask_sched_sync::Sync;
use serde_json::Value as Json;

use super::{Unsupported, given, strings, text, unsupported};
use crate::it::golden::aggregate::aggregates;

pub(super) fn groupby(args: &Json, frame: &DataFrame) -> Result<Result<DataFrame, FrameError>, Unsupported> {
    given(args, &["by", "aggs", "dropna", "sort", "split_out", "split_every", "observed"])?;
    let mut frame = frame.clone();
    // Where categories without rows are groups, they have to be known.
    let observed = args["observed"] != false;
    for key in strings(&args["by"]).iter().filter(|_| !observed) {
        frame = frame.as_known_with(key.as_str(), &Sync::new()).expect("a column of categories");
    }
    let grouped = frame.group_by(strings(&args["by"])).observed(observed);
    let grouped = if args["dropna"] == false { grouped.keep_nulls() } else { grouped };
    let grouped = if args["sort"] == false { grouped.unsorted() } else { grouped };
    Ok(grouped.agg(aggregates(&args["aggs"])?))
}

pub(super) fn column(args: &Json, frame: &DataFrame) -> Result<Result<DataFrame, FrameError>, Unsupported> {
    given(args, &["by", "col", "func", "as"])?;
    let grouped = frame.group_by(strings(&args["by"]));
    let (of, name) = (text(&args["col"]), text(&args["as"]));
    Ok(match args["func"].as_str().expect("a function") {
        "cumsum" => grouped.scan([(name, Scan::cumsum(of))]),
        "cumprod" => grouped.scan([(name, Scan::cumprod(of))]),
        "cumcount" => grouped.scan([(name, Scan::cumcount())]),
        "shift" => grouped.scan([(name, Scan::shift(of, 1))]),
        "transform:mean" => grouped.transform([col(of).mean().alias(name)]),
        other => return unsupported(&format!("no `{other}` in groups yet")),
    })
}

pub(super) fn value_counts(args: &Json, frame: &DataFrame) -> Result<DataFrame, Unsupported> {
    given(args, &["column", "dropna", "normalize"])?;
    let counts = ValueCounts::of(text(&args["column"]));
    let counts = if args["dropna"] == false { counts.keep_nulls() } else { counts };
    let counts = if args["normalize"] == true { counts.normalize() } else { counts };
    let counted = frame.value_counts(counts).expect("a column that is there");
    let name = if args["normalize"] == true { "proportion" } else { "count" };
    Ok(counted.rename([(name, "n")]).expect("the count is there"))
}

pub(super) fn drop_duplicates(
    args: &Json,
    frame: &DataFrame,
) -> Result<Result<DataFrame, FrameError>, Unsupported> {
    given(args, &["subset", "keep"])?;
    let keep = match args["keep"].as_str().unwrap_or("first") {
        "first" => Keep::First,
        "last" => Keep::Last,
        other => return unsupported(&format!("keep {other}")),
    };
    let subset = if args["subset"].is_null() { vec![] } else { strings(&args["subset"]) };
    Ok(frame.drop_duplicates(subset, keep))
}

pub(super) fn quantile(args: &Json, frame: &DataFrame) -> Result<DataFrame, FrameError> {
    let ranks = args["q"].as_array().expect("ranks").iter().map(|q| q.as_f64().expect("a rank"));
    frame.quantile(text(&args["column"]), ranks)
}

/// A row of counts, laid out as a row a column.
pub(super) fn counts(op: &str, args: &Json, frame: &DataFrame) -> Result<DataFrame, FrameError> {
    let frame = frame.select(strings(&args["columns"]))?;
    let row = if op == "count_all" { frame.count()? } else { frame.nunique()? };
    row.melt(Melt::ids([] as [&str; 0]).variable_name("column"))
}
