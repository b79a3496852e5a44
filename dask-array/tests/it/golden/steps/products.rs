//! Products.

use dask_array::einsum;
use serde_json::Value as Json;

use super::super::dynamic::{Dynamic, with_type};
use super::super::text;
use super::{Operand, Outcome, Outcomes, common, fits, typed};

pub(super) fn products(op: &str, operands: &[Operand], args: &Json) -> Option<Outcomes> {
    let known = ["matmul", "dot", "inner", "vdot", "outer", "kron", "tensordot", "einsum"];
    known.contains(&op).then(|| product(op, operands, args).map(|array| vec![array]))
}

/// The operands, brought to the type that numpy gives their product.
pub(super) fn promoted(operands: &[Operand]) -> Result<Vec<Dynamic>, String> {
    let dtypes = operands.iter().map(|operand| operand.array().dtype());
    let dtype = dtypes.reduce(common).ok_or("no operands")?;
    operands.iter().map(|operand| operand.array().astype(dtype)).collect()
}

fn product(op: &str, operands: &[Operand], args: &Json) -> Outcome {
    let arrays = promoted(operands)?;
    with_type!(&arrays[0], |a, T| {
        if op == "einsum" {
            return fits(einsum(text(&args["subscripts"]), arrays.iter().map(typed::<T>)));
        }
        let b = typed::<T>(&arrays[1]);
        fits(match op {
            "matmul" => a.matmul(b),
            "dot" => a.dot(b),
            "inner" => a.inner(b),
            "vdot" => a.vdot(b),
            "outer" => a.outer(b),
            "kron" => a.kron(b),
            _ => match &args["axes"] {
                Json::Array(axes) => {
                    let list = |axes: &Json| -> Vec<isize> {
                        let axis = |axis: &Json| axis.as_i64().unwrap() as isize;
                        axes.as_array()
                            .map_or_else(|| vec![axis(axes)], |axes| axes.iter().map(axis).collect())
                    };
                    a.tensordot(b, (&list(&axes[0])[..], &list(&axes[1])[..]))
                }
                n => a.tensordot(b, n.as_u64().unwrap_or(2) as usize),
            },
        })
    })
}
