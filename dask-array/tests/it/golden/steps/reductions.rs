//! Reductions.

use dask_array::{Array, ArrayError, Element, NormOrder, Number, Over};
use serde_json::Value as Json;

use super::super::dynamic::{Dynamic, Typed, with_type};
use super::{Operand, Outcome, Outcomes, fits, known, numeric, real};

const WITH_ANY_TYPE: &[&str] = &[
    "sum",
    "prod",
    "mean",
    "var",
    "std",
    "min",
    "max",
    "any",
    "all",
    "count_nonzero",
    "nansum",
    "nanprod",
    "nanmean",
    "nanvar",
    "nanstd",
    "nanmin",
    "nanmax",
    "argmin",
    "argmax",
    "nanargmin",
    "nanargmax",
];
const OF_REAL: &[&str] = &["moment", "skew", "kurtosis"];
const OF_NUMBERS: &[&str] = &["ptp", "norm"];

pub(super) fn family(op: &str, operands: &[Operand], args: &Json) -> Option<Outcomes> {
    let outcome = match operands {
        [x, rest @ ..] if op == "average" => average(x.array(), rest, args),
        [x] if WITH_ANY_TYPE.contains(&op) => of_any(op, x.array(), args),
        [x] if OF_REAL.contains(&op) => real!(x.array(), |x, _T| of_real(op, x, args)),
        [x] if OF_NUMBERS.contains(&op) => {
            numeric!(x.array(), |x, _T| of_numbers(op, x, args))
        }
        _ => return None,
    };
    Some(outcome.map(|array| vec![array]))
}

/// The axes and options of a reduction; of the statistics of scipy, the first axis unless said.
pub(super) fn over(op: &str, args: &Json) -> Result<Over, String> {
    let axis = |axis: &Json| axis.as_i64().unwrap() as isize;
    let mut over = match &args["axis"] {
        Json::Null
            if ["skew", "kurtosis"].contains(&op) && !args.as_object().unwrap().contains_key("axis") =>
        {
            Over::from(0)
        }
        Json::Null => Over::from(..),
        Json::Array(axes) => Over::from(&axes.iter().map(axis).collect::<Vec<_>>()[..]),
        one => Over::from(axis(one)),
    };
    if args["keepdims"] == true {
        over = over.keepdims();
    }
    let count = |n: &Json| n.as_u64().unwrap() as u32;
    Ok(match &args["split_every"] {
        Json::Null => over,
        Json::Object(axes) => {
            over.split_every_along(axes.iter().map(|(axis, n)| (axis.parse().unwrap(), count(n))))
        }
        n => over.split_every(count(n)),
    })
}

fn of_any(op: &str, x: &Dynamic, args: &Json) -> Outcome {
    let mut names = vec!["axis", "keepdims", "split_every"];
    match op {
        "sum" | "prod" | "nansum" | "nanprod" => names.push("dtype"),
        "var" | "std" | "nanvar" | "nanstd" => names.push("ddof"),
        _ => {}
    }
    known(args, &names)?;
    let over = over(op, args)?;
    if let Some(dtype) = args["dtype"].as_str() {
        return total_as(op, x, over, dtype);
    }
    with_type!(x, |x, _T| typed(op, x, over, args))
}

fn total_as(op: &str, x: &Dynamic, over: Over, dtype: &str) -> Outcome {
    macro_rules! to {
        ($($name:literal $T:ident),*) => {
            with_type!(x, |x, _T| match (op, dtype) {
                $(
                    ("sum", $name) => fits(x.sum_as::<$T>(over)),
                    ("prod", $name) => fits(x.prod_as::<$T>(over)),
                    ("nansum", $name) => fits(x.nansum_as::<$T>(over)),
                    ("nanprod", $name) => fits(x.nanprod_as::<$T>(over)),
                )*
                _ => Err(format!("{op} as {dtype}")),
            })
        };
    }
    to!("uint8" u8, "int64" i64, "float32" f32, "float64" f64)
}

fn typed<A: Typed>(op: &str, x: &Array<A>, over: Over, args: &Json) -> Outcome
where
    <A as Element>::Sum: Typed,
    <A as Element>::Float: Typed,
    <A as Element>::RealFloat: Typed,
{
    let ddof = args["ddof"].as_f64().unwrap_or(0.0);
    match op {
        "sum" => fits(x.sum(over)),
        "prod" => fits(x.prod(over)),
        "mean" => fits(x.mean(over)),
        "var" => fits(x.var(over, ddof)),
        "std" => fits(x.std(over, ddof)),
        "min" => fits(x.min(over)),
        "max" => fits(x.max(over)),
        "any" => fits(x.any(over)),
        "all" => fits(x.all(over)),
        "count_nonzero" => fits(x.count_nonzero(over)),
        "nansum" => fits(x.nansum(over)),
        "nanprod" => fits(x.nanprod(over)),
        "nanmean" => fits(x.nanmean(over)),
        "nanvar" => fits(x.nanvar(over, ddof)),
        "nanstd" => fits(x.nanstd(over, ddof)),
        "nanmin" => fits(x.nanmin(over)),
        "nanmax" => fits(x.nanmax(over)),
        "argmin" => fits(x.argmin(over)),
        "argmax" => fits(x.argmax(over)),
        "nanargmin" => fits(x.nanargmin(over)),
        _ => fits(x.nanargmax(over)),
    }
}

fn of_real<A: Typed + Element<Real = A>>(op: &str, x: &Array<A>, args: &Json) -> Outcome
where
    <A as Element>::RealFloat: Typed,
{
    known(args, &["axis", "keepdims", "split_every", "order"])?;
    let over = over(op, args)?;
    match op {
        "moment" => fits(x.moment(args["order"].as_u64().unwrap() as u32, over)),
        "skew" => fits(x.skew(over, true)),
        _ => fits(x.kurtosis(over, true, true)),
    }
}

fn of_numbers<A: Number + Typed>(op: &str, x: &Array<A>, args: &Json) -> Outcome
where
    <A as Element>::Float: Typed,
    <A as Element>::RealFloat: Typed,
{
    if op == "ptp" {
        known(args, &["axis", "keepdims"])?;
        return fits(x.ptp(over(op, args)?));
    }
    known(args, &["axis", "keepdims", "ord"])?;
    let order = match &args["ord"] {
        Json::Null => NormOrder::Default,
        Json::String(name) if name == "fro" => NormOrder::Frobenius,
        Json::String(name) => NormOrder::P(name.parse().map_err(|_| format!("norm {name}"))?),
        p => NormOrder::P(p.as_f64().unwrap()),
    };
    fits(x.norm(order, over(op, args)?))
}

fn average(x: &Dynamic, weights: &[Operand], args: &Json) -> Outcome {
    known(args, &["axis"])?;
    let over = over("average", args)?;
    let Some(weights) = weights.first() else { return with_type!(x, |x, _T| fits(x.mean(over))) };
    // Weights of another type are brought to that of the quotient.
    with_type!(x, |x, T| averaged::<T>(x, over, weights.array()))
}

fn averaged<A: Typed>(x: &Array<A>, over: Over, weights: &Dynamic) -> Outcome
where
    <A as Element>::Float: Typed,
    <A as Element>::RealFloat: Typed,
{
    let weights: Result<Array<A::Float>, ArrayError> = with_type!(weights, |w, _W| Ok(w.astype()));
    fits(x.average(over, &weights.unwrap()))
}
