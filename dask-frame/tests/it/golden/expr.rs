//! The expressions of the golden data, said in ours.

use dask_frame::{DataType, Expr, PadSide, Scalar, col, duration, lit, regex, timestamp, when};
use serde_json::Value as Json;

use super::steps::{Unsupported, unsupported};

/// Translates an expression.
///
/// Where pandas' columns answer a comparison with a missing value by false (`ne`: true), ours answer by a
/// missing value; `fill_null` says the difference.
pub(super) fn expr(json: &Json) -> Result<Expr, Unsupported> {
    let call = match json {
        Json::String(name) => return Ok(col(name.as_str())),
        Json::Array(call) => call,
        constant => return Ok(lit(scalar(constant)?)),
    };
    let name = call[0].as_str().expect("a call begins with its name");
    let arg = |at: usize| expr(&call[at]);
    Ok(match name {
        "lit" => lit(call[1].as_str().expect("a text")),
        "add" => arg(1)? + arg(2)?,
        "sub" => arg(1)? - arg(2)?,
        "mul" => arg(1)? * arg(2)?,
        "div" => arg(1)? / arg(2)?,
        "floordiv" => arg(1)?.floor_div(arg(2)?),
        "mod" => arg(1)? % arg(2)?,
        "pow" => arg(1)?.pow(arg(2)?),
        "neg" => -arg(1)?,
        "abs" => arg(1)?.abs(),
        "eq" => arg(1)?.eq(arg(2)?).fill_null(false),
        "ne" => arg(1)?.ne(arg(2)?).fill_null(true),
        "lt" => arg(1)?.lt(arg(2)?).fill_null(false),
        "le" => arg(1)?.le(arg(2)?).fill_null(false),
        "gt" => arg(1)?.gt(arg(2)?).fill_null(false),
        "ge" => arg(1)?.ge(arg(2)?).fill_null(false),
        "and" => arg(1)?.and(arg(2)?),
        "or" => arg(1)?.or(arg(2)?),
        "not" => arg(1)?.not(),
        "isna" => arg(1)?.is_null(),
        "notna" => arg(1)?.is_not_null(),
        "fillna" | "combine_first" => arg(1)?.fill_null(arg(2)?),
        "where" if call.len() > 3 => when(arg(2)?).then(arg(1)?).otherwise(arg(3)?),
        "where" => when(arg(2)?).then(arg(1)?).otherwise_null(),
        "mask" if call.len() > 3 => when(arg(2)?.not()).then(arg(1)?).otherwise(arg(3)?),
        "isin" => {
            let list = call[2].as_array().expect("a list");
            let values = list[1..].iter().map(|value| match value {
                Json::Array(lit) => scalar(&lit[1]),
                value => scalar(value),
            });
            arg(1)?.is_in(values.collect::<Result<Vec<_>, _>>()?)
        }
        "between" => {
            let inclusive = call.get(4).map_or("both", |lit| lit[1].as_str().unwrap_or_default());
            let value = arg(1)?;
            match inclusive {
                "both" => value.between(arg(2)?, arg(3)?).fill_null(false),
                "left" => value.ge(arg(2)?).and(value.lt(arg(3)?)).fill_null(false),
                other => return unsupported(&format!("between with inclusive {other}")),
            }
        }
        "clip" => arg(1)?.clip(arg(2)?, arg(3)?),
        "astype" => match call[2][1].as_str().expect("a type") {
            "int64" => arg(1)?.cast(DataType::Int64),
            "float64" => arg(1)?.cast(DataType::Float64),
            "str" => arg(1)?.cast(DataType::Utf8),
            "bool" => arg(1)?.cast(DataType::Bool),
            other => return unsupported(&format!("cast to {other}")),
        },
        // Pairs of key and value; what is not listed becomes missing, or stays as it is.
        "map" | "replace" => {
            let value = arg(1)?;
            let pairs = call[2].as_array().expect("a dictionary");
            let mut chosen = if name == "replace" { Some(value.clone()) } else { None };
            for pair in pairs[1..].chunks(2).rev() {
                let (key, to) = (expr(&pair[0])?, expr(&pair[1])?);
                let then = when(value.eq(key)).then(to);
                chosen = Some(match chosen {
                    Some(chosen) => then.otherwise(chosen),
                    None => then.otherwise_null(),
                });
            }
            chosen.expect("a dictionary has a pair")
        }
        "timestamp" => timestamp(call[1][1].as_str().expect("a time")).expect("a time"),
        "cumsum" => arg(1)?.cum_sum(),
        "cumprod" => arg(1)?.cum_prod(),
        "cummin" => arg(1)?.cum_min(),
        "cummax" => arg(1)?.cum_max(),
        "shift" => arg(1)?.shift(call[2].as_i64().expect("a number")),
        "diff" => arg(1)?.diff(call.get(2).map_or(1, |n| n.as_i64().expect("a number"))),
        "ffill" => arg(1)?.ffill(),
        "bfill" => arg(1)?.bfill(),
        "round" => arg(1)?.round(call[2].as_i64().expect("a number") as i32),
        "timedelta" => duration(call[1][1].as_str().expect("a duration")).expect("a duration"),
        "to_datetime" => arg(1)?.cast(DataType::Timestamp),
        "to_numeric" => arg(1)?.try_cast(DataType::Float64),
        text if text.starts_with("dt.") => return date_function(&text[3..], call),
        text if text.starts_with("str.") => return text_function(&text[4..], call),
        other => return unsupported(&format!("no `{other}` expression yet")),
    })
}

/// Translates a function of times.
fn date_function(name: &str, call: &[Json]) -> Result<Expr, Unsupported> {
    let of = expr(&call[1])?.dt();
    let text = || call[2][1].as_str().expect("a text");
    Ok(match name {
        "year" => of.year(),
        "month" => of.month(),
        "day" => of.day(),
        "hour" => of.hour(),
        "minute" => of.minute(),
        "second" => of.second(),
        "microsecond" => of.microsecond(),
        "dayofweek" => of.dayofweek(),
        "quarter" => of.quarter(),
        "dayofyear" => of.dayofyear(),
        "days_in_month" => of.days_in_month(),
        // To pandas what is missing is not the end of a month.
        "is_leap_year" => of.is_leap_year().fill_null(false),
        "is_month_end" => of.is_month_end().fill_null(false),
        "floor" => of.floor(text()).expect("a duration"),
        "ceil" => of.ceil(text()).expect("a duration"),
        "round" => of.round(text()).expect("a duration"),
        "normalize" => of.normalize(),
        "strftime" => of.strftime(text()),
        "day_name" => of.day_name(),
        "month_name" => of.month_name(),
        other => return unsupported(&format!("no `dt.{other}` expression yet")),
    })
}

/// Translates a function of texts; the options, by name, come last.
fn text_function(name: &str, call: &[Json]) -> Result<Expr, Unsupported> {
    let of = expr(&call[1])?.str();
    let text = || call[2][1].as_str().expect("a text");
    let int = |at: usize| call.get(at).and_then(Json::as_i64);
    let option = |name: &str| call.last().and_then(|options| options.get(name));
    let pattern = |text: &str, is_regex: bool| if is_regex { regex(text) } else { text.into() };
    let is_regex = |default: bool| option("regex").map_or(default, |option| option == true);
    Ok(match name {
        "upper" => of.upper(),
        "lower" => of.lower(),
        "title" => of.title(),
        "swapcase" => of.swapcase(),
        "casefold" => of.casefold(),
        "len" => of.len(),
        "strip" => of.strip(),
        "contains" => of.contains(pattern(text(), is_regex(true))),
        "match" => of.r#match(regex(text())),
        "count" => of.count(regex(text())),
        "replace" => of.replace(pattern(text(), is_regex(false)), call[3][1].as_str().expect("a text")),
        "startswith" => of.startswith(text()),
        "endswith" => of.endswith(text()),
        "find" => of.find(text()),
        "slice" => of.slice(int(2), int(3)),
        "get" => of.get(int(2).expect("a number")),
        "isdigit" => of.isdigit(),
        "isupper" => of.isupper(),
        "zfill" => of.zfill(int(2).expect("a number") as usize),
        "repeat" => of.repeat(int(2).expect("a number") as usize),
        "pad" => {
            let fill = option("fillchar").and_then(Json::as_str).and_then(|fill| fill.chars().next());
            of.pad(int(2).expect("a number") as usize, PadSide::Left, fill.expect("a character"))
        }
        other => return unsupported(&format!("no `str.{other}` expression yet")),
    })
}

fn scalar(json: &Json) -> Result<Scalar, Unsupported> {
    match json {
        Json::Bool(x) => Ok(Scalar::from(*x)),
        Json::String(x) => Ok(Scalar::from(x.as_str())),
        Json::Number(x) if x.is_i64() => Ok(Scalar::from(x.as_i64().expect("an integer"))),
        Json::Number(x) => Ok(Scalar::from(x.as_f64().expect("a number"))),
        other => unsupported(&format!("constant {other}")),
    }
}
