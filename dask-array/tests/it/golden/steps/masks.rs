//! Selection by masks, and positions of what is not zero.

use dask_array::{Array, extract};
use serde_json::Value as Json;

use super::super::dynamic::{Dynamic, with_type};
use super::{Operand, Outcomes, fits};

pub(super) fn selected(op: &str, operands: &[Operand], args: &Json) -> Option<Outcomes> {
    let x = operands.first()?;
    Some(Ok(match op {
        "getitem" if args["index"][0].get("array").is_some() => {
            if let Dynamic::I64(positions) = operands[1].array() {
                return Some(
                    with_type!(x.array(), |x, _T| fits(x.take_array(positions, 0))).map(|x| vec![x]),
                );
            }
            let mask = mask(&operands[1]);
            vec![with_type!(x.array(), |x, _T| Dynamic::uncounted(x.filter(mask).unwrap()))]
        }
        "extract" => {
            let array = operands[1].array();
            vec![with_type!(array, |array, _T| Dynamic::uncounted(extract(mask(x), array).unwrap()))]
        }
        "argwhere" => vec![with_type!(x.array(), |x, _T| Dynamic::uncounted(x.argwhere()))],
        "flatnonzero" => vec![with_type!(x.array(), |x, _T| Dynamic::uncounted(x.flatnonzero()))],
        "nonzero" => with_type!(x.array(), |x, _T| x.nonzero().into_iter().map(Dynamic::uncounted).collect()),
        _ => return None,
    }))
}

fn mask(operand: &Operand) -> &Array<bool> {
    match operand.array() {
        Dynamic::Bool(mask) => mask,
        other => panic!("{} is no mask", other.dtype()),
    }
}
