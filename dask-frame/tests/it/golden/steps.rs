//! The steps of the golden cases, taken with our operations.

mod group;
mod layout;
mod reshape;

use dask_frame::{DataFrame, DataType, How, Merge, ReadCsv, Sort, col, lit, read_csv};
use serde_json::Value as Json;

use super::aggregate::aggregates;
use super::expr::expr;
use super::{Cut, Golden, dir};

/// What a case needs and there is not.
#[derive(Debug)]
pub(super) struct Unsupported(pub(super) String);

pub(super) fn unsupported<T>(what: &str) -> Result<T, Unsupported> {
    Err(Unsupported(what.into()))
}

/// Builds the frame of a case; every mistake in it is ours.
pub(super) fn run_case(golden: &Golden, case: &Json, cut: Cut) -> Result<DataFrame, Unsupported> {
    let inputs = case["inputs"].as_array().expect("inputs");
    let mut results: Vec<DataFrame> = Vec::new();
    for step in case["steps"].as_array().expect("steps") {
        if step["op"] == "read_csv" {
            results.push(read(&inputs[0], &step["args"], cut)?);
            continue;
        }
        let named = |name: &str| match name.split_at(1) {
            ("t", at) => golden.frame(&inputs[at.parse::<usize>().expect("a number")], cut),
            (_, at) => results[at.parse::<usize>().expect("a number")].clone(),
        };
        let taken = match step["in"].as_array() {
            Some(names) => names.iter().map(|name| named(name.as_str().expect("a name"))).collect(),
            None => vec![results.last().cloned().unwrap_or_else(|| named("t0"))],
        };
        results.push(one(step["op"].as_str().expect("an operation"), &step["args"], &taken)?);
    }
    Ok(results.pop().expect("a case has steps"))
}

fn text(json: &Json) -> &str {
    json.as_str().expect("a text")
}

fn strings(json: &Json) -> Vec<String> {
    match json {
        Json::String(one) => vec![one.clone()],
        json => json.as_array().expect("a list").iter().map(|x| x.as_str().expect("a text").into()).collect(),
    }
}

pub(super) fn given(args: &Json, known: &[&str]) -> Result<(), Unsupported> {
    let args = args.as_object().expect("arguments");
    match args.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => unsupported(&format!("no `{name}` argument yet")),
        None => Ok(()),
    }
}

fn one(op: &str, args: &Json, frames: &[DataFrame]) -> Result<DataFrame, Unsupported> {
    let frame = &frames[0];
    let done = match op {
        "select" => frame.select(strings(&args["columns"])),
        "drop" => frame.drop(strings(&args["columns"])),
        "rename" => {
            let names = args["columns"].as_object().expect("names");
            frame.rename(names.iter().map(|(old, new)| (old, new.as_str().expect("a name"))))
        }
        "assign" | "project" => {
            let columns = args["columns"].as_object().expect("columns");
            let mut frame = frame.clone();
            for (name, json) in columns {
                frame = frame.with_column(name.as_str(), expr(json)?).expect("a column");
            }
            match op {
                "project" => frame.select(columns.keys().cloned()),
                _ => Ok(frame),
            }
        }
        "query" => frame.query(args["text"].as_str().expect("a text")),
        "filter" => frame.filter(expr(&args["expr"])?),
        "astype" => {
            let columns = args["columns"].as_object().expect("columns");
            let cast = columns.iter().map(|(name, dtype)| {
                let dtype = match dtype.as_str().expect("a type") {
                    "float64" => DataType::Float64,
                    "int64" => DataType::Int64,
                    "int8" => DataType::Int8,
                    other => return unsupported(&format!("cast to {other}")),
                };
                Ok((name.as_str(), col(name.as_str()).cast(dtype)))
            });
            frame.with_columns(cast.collect::<Result<Vec<_>, _>>()?)
        }
        "as_category" => {
            let names = strings(&args["columns"]);
            frame.with_columns(
                names.iter().map(|name| (name.as_str(), col(name.as_str()).cast(DataType::CATEGORICAL))),
            )
        }
        "head" => Ok(frame.limit(args["n"].as_u64().expect("a number") as usize)),
        "nlargest" => frame.nlargest(args["n"].as_u64().expect("a number") as usize, text(&args["columns"])),
        "nsmallest" => {
            frame.nsmallest(args["n"].as_u64().expect("a number") as usize, text(&args["columns"]))
        }
        "sort_values" => sort(args, frame),
        "tail" => Ok(frame.limit_last(args["n"].as_u64().expect("a number") as usize)),
        "set_index" => layout::set_index(args, frame),
        "loc" => layout::loc(args, frame),
        "resample" => return layout::resample(args, frame),
        "reset_index" => Ok(frame.reset_index()),
        "merge" => return merge(args, frame, &frames[1]),
        "merge_asof" => layout::merge_asof(args, frame, &frames[1]),
        "join" => layout::join(args, frame, &frames[1]),
        "concat" => return concat(args, frames),
        "groupby" => group::groupby(args, frame)?,
        "groupby_column" => group::column(args, frame)?,
        "aggregate" => frame.agg(aggregates(&args["aggs"])?),
        "value_counts" => return group::value_counts(args, frame),
        "unique" => frame.unique(text(&args["column"])),
        "drop_duplicates" => group::drop_duplicates(args, frame)?,
        "count_all" | "nunique_all" => group::counts(op, args, frame),
        "describe" => frame.select(strings(&args["columns"])).and_then(|frame| frame.describe()),
        "quantile" => group::quantile(args, frame),
        "corr" => frame.select(strings(&args["columns"])).and_then(|frame| frame.corr()),
        "cov" => frame.select(strings(&args["columns"])).and_then(|frame| frame.cov()),
        "melt" => reshape::melt(args, frame)?,
        "pivot_table" => reshape::pivot(args, frame)?,
        "get_dummies" => reshape::dummies(args, frame)?,
        "explode" => reshape::explode(args, frame),
        "fillna" => {
            let values = args["value"].as_object().expect("values");
            let filled = values.iter().map(|(name, value)| {
                let value = match value {
                    Json::String(text) => lit(text.as_str()),
                    number => lit(number.as_f64().expect("a number")),
                };
                (name.as_str(), col(name.as_str()).fill_null(value))
            });
            frame.with_columns(filled)
        }
        "dropna" => {
            given(args, &["subset", "how", "thresh"])?;
            match (args["how"].as_str(), args["thresh"].as_u64()) {
                (Some("all"), _) => return Ok(frame.drop_nulls_below(1).expect("columns")),
                (_, Some(n)) => return Ok(frame.drop_nulls_below(n as usize).expect("columns")),
                _ => {}
            }
            frame.drop_nulls(if args["subset"].is_null() { vec![] } else { strings(&args["subset"]) })
        }
        "ffill" => Ok(frame.ffill()),
        "bfill" => Ok(frame.bfill()),
        "rolling" => return rolling(args, frame),
        "isna" => frame.select(frame.schema().names().map(|name| col(name).is_null())),
        other => return unsupported(&format!("no `{other}` yet")),
    };
    Ok(done.unwrap_or_else(|error| panic!("{op} {args}: {error}")))
}

fn rolling(args: &Json, frame: &DataFrame) -> Result<DataFrame, Unsupported> {
    given(args, &["columns", "window", "func", "min_periods", "center"])?;
    // A window of time goes by the index.
    let by = frame.schema().names().next().expect("a column").to_owned();
    let names = strings(&args["columns"]);
    let columns = names.iter().map(|name| {
        let of = col(name.as_str());
        let rolling = match args["window"].as_u64() {
            Some(n) => of.rolling(n),
            None => {
                let time = args["window"].as_str().expect("a duration");
                of.rolling_by(by.as_str(), time).expect("a duration")
            }
        };
        let rolling = match args["min_periods"].as_u64() {
            Some(n) => rolling.min_periods(n as usize),
            None => rolling,
        };
        let rolling = if args["center"] == true { rolling.center() } else { rolling };
        Ok(match args["func"].as_str().expect("a function") {
            "mean" => rolling.mean(),
            "sum" => rolling.sum(),
            "max" => rolling.max(),
            "min" => rolling.min(),
            "std" => rolling.std(),
            "median" => rolling.median(),
            "count" => rolling.count(),
            other => return unsupported(&format!("no rolling `{other}` yet")),
        }
        .alias(name.as_str()))
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let index = args["window"].is_string().then(|| col(by.as_str()));
    Ok(frame.select(index.into_iter().chain(columns)).expect("columns that are there"))
}

fn sort(args: &Json, frame: &DataFrame) -> Result<DataFrame, dask_frame::FrameError> {
    let mut by = strings(&args["by"]).into_iter().enumerate();
    let descending = |at: usize| match &args["ascending"] {
        Json::Array(each) => each[at] == false,
        one => one == false,
    };
    let turned = |sort: Sort, at| if descending(at) { sort.descending() } else { sort };
    let (at, first) = by.next().expect("a column");
    let sort = by.fold(turned(Sort::by(first), at), |sort, (at, name)| turned(sort.then_by(name), at));
    frame.sort_values(if args["na_position"] == "first" { sort.nulls_first() } else { sort })
}

fn merge(args: &Json, left: &DataFrame, right: &DataFrame) -> Result<DataFrame, Unsupported> {
    given(args, &["on", "left_on", "right_on", "how", "suffixes", "indicator"])?;
    let merge = match args["on"].is_null() {
        false => Merge::on(strings(&args["on"])),
        true => Merge::on_pairs(strings(&args["left_on"]).into_iter().zip(strings(&args["right_on"]))),
    };
    let merge = merge.how(match args["how"].as_str().unwrap_or("inner") {
        "inner" => How::Inner,
        "left" => How::Left,
        "right" => How::Right,
        "outer" => How::Outer,
        other => return unsupported(&format!("no `{other}` join yet")),
    });
    let merge = match args["suffixes"].as_array() {
        Some(suffixes) => {
            merge.suffixes(suffixes[0].as_str().expect("a text"), suffixes[1].as_str().expect("a text"))
        }
        None => merge,
    };
    let merge = if args["indicator"] == true { merge.indicator("_merge") } else { merge };
    Ok(left.merge(right, merge).expect("the case can be joined"))
}

fn concat(args: &Json, frames: &[DataFrame]) -> Result<DataFrame, Unsupported> {
    given(args, &["join"])?;
    let all = if args["join"] == "inner" {
        DataFrame::concat_inner(frames)
    } else {
        DataFrame::concat_outer(frames)
    };
    Ok(all.expect("frames that can be put together"))
}

fn read(input: &Json, args: &Json, cut: Cut) -> Result<DataFrame, Unsupported> {
    given(args, &["sep", "header", "names", "usecols", "dtype", "na_values", "skiprows"])?;
    let file = dir().join("in").join(input["text"].as_str().expect("a file"));
    let mut read: ReadCsv = read_csv(file.to_str().expect("a path of ours"));
    if let Some(sep) = args["sep"].as_str() {
        read = read.separator(sep.as_bytes()[0]);
    }
    if args.get("header").is_some_and(Json::is_null) {
        read = read.header(false);
    }
    if !args["names"].is_null() {
        read = read.names(strings(&args["names"]));
    }
    if !args["usecols"].is_null() {
        read = read.columns(strings(&args["usecols"]));
    }
    for (name, dtype) in args["dtype"].as_object().into_iter().flatten() {
        read = read.dtype(
            name,
            match dtype.as_str().expect("a type") {
                "float64" => DataType::Float64,
                "int64" => DataType::Int64,
                "str" => DataType::Utf8,
                other => return unsupported(&format!("no type {other} yet")),
            },
        );
    }
    for line in args["skiprows"].as_array().into_iter().flatten() {
        read = read.skip_lines([line.as_u64().expect("a number")]);
    }
    for text in args["na_values"].as_array().into_iter().flatten() {
        read = read.na_value(text.as_str().expect("a text"));
    }
    let blocksize = match cut {
        Cut::Given => input["blocksize"].as_u64().unwrap_or(u64::MAX),
        Cut::One => u64::MAX,
        Cut::Rows => 1,
        Cut::Uneven => 7,
        Cut::Empties => 3,
    };
    Ok(read.blocksize(blocksize).open().expect("the file can be read"))
}
