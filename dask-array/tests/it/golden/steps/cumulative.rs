//! Cumulative operations.

use dask_array::{Along, Array, Element};
use serde_json::Value as Json;

use super::super::dynamic::{Dynamic, Typed, with_type};
use super::{Operand, Outcome, Outcomes, fits, known};

pub(super) fn family(op: &str, operands: &[Operand], args: &Json) -> Option<Outcomes> {
    if !["cumsum", "cumprod", "nancumsum", "nancumprod"].contains(&op) {
        return None;
    }
    Some(accumulated(op, operands[0].array(), args).map(|array| vec![array]))
}

fn accumulated(op: &str, x: &Dynamic, args: &Json) -> Outcome {
    known(args, &["axis", "dtype", "method"])?;
    let mut along = match &args["axis"] {
        Json::Null => Along::from(..),
        axis => Along::from(axis.as_i64().unwrap() as isize),
    };
    if args["method"] == "blelloch" {
        along = along.blelloch();
    }
    match args["dtype"].as_str() {
        None => with_type!(x, |x, _T| typed(op, x, along)),
        Some("uint8") => with_type!(x, |x, _T| fits(x.cumsum_as::<u8>(along))),
        Some("float64") if op == "cumsum" => with_type!(x, |x, _T| fits(x.cumsum_as::<f64>(along))),
        Some(dtype) => Err(format!("{op} as {dtype}")),
    }
}

fn typed<A: Typed>(op: &str, x: &Array<A>, along: Along) -> Outcome
where
    <A as Element>::Sum: Typed,
{
    match op {
        "cumsum" => fits(x.cumsum(along)),
        "cumprod" => fits(x.cumprod(along)),
        "nancumsum" => fits(x.nancumsum(along)),
        _ => fits(x.nancumprod(along)),
    }
}
