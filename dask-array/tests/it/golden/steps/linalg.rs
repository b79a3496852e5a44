//! Factorisations of matrices, and what is solved by them.

use dask_array::Array;
use dask_array::linalg::{self, Assume, Field};
use serde_json::Value as Json;

use super::super::dynamic::{Dynamic, Typed};
use super::{Operand, Outcomes, typed};

pub(super) fn factored(op: &str, operands: &[Operand], args: &Json) -> Option<Outcomes> {
    let known = ["qr", "svd", "lu", "cholesky", "solve", "solve_triangular", "inv", "lstsq"];
    if !known.contains(&op) {
        return None;
    }
    // As numpy does, of integers in double precision.
    let double = operands.iter().all(|operand| operand.array().dtype() != "float32");
    let arrays: Result<Vec<Dynamic>, String> = operands
        .iter()
        .map(|operand| operand.array().astype(if double { "float64" } else { "float32" }))
        .collect();
    Some(arrays.and_then(
        |arrays| if double { run::<f64>(op, &arrays, args) } else { run::<f32>(op, &arrays, args) },
    ))
}

fn run<A: Field + Typed>(op: &str, arrays: &[Dynamic], args: &Json) -> Outcomes
where
    A::RealFloat: Typed,
{
    let (a, b) = (typed::<A>(&arrays[0]), || typed::<A>(&arrays[1]));
    let lower = args["lower"] == true;
    let dynamic = |array: Array<A>| A::dynamic(array);
    Ok(match op {
        "qr" => {
            let (q, r) = linalg::qr(a).unwrap();
            vec![dynamic(q), dynamic(r)]
        }
        "svd" => {
            let (u, s, vh) = linalg::svd(a).unwrap();
            vec![dynamic(u), <A::RealFloat as Typed>::dynamic(s), dynamic(vh)]
        }
        "lu" => {
            let (p, l, u) = linalg::lu(a).unwrap();
            vec![dynamic(p), dynamic(l), dynamic(u)]
        }
        "cholesky" => vec![dynamic(linalg::cholesky(a, lower).unwrap())],
        "solve" => {
            let assume = match &args["assume_a"] {
                Json::Null => Assume::General,
                assume if assume == "gen" => Assume::General,
                assume if assume == "pos" => Assume::PositiveDefinite,
                other => return Err(format!("assume_a {other}")),
            };
            vec![dynamic(linalg::solve(a, b(), assume).unwrap())]
        }
        "solve_triangular" => vec![dynamic(linalg::solve_triangular(a, b(), lower).unwrap())],
        "inv" => vec![dynamic(linalg::inv(a).unwrap())],
        _ => vec![dynamic(linalg::lstsq(a, b()).unwrap().solution)],
    })
}
