//! Matrices and grids out of nothing, and diagonals.

use dask_array::{Array, Indexing, broadcast_arrays, meshgrid, meshgrid_sparse};
use serde_json::Value as Json;

use super::super::chunks::wishes;
use super::super::dynamic::{Dynamic, Typed, with_type};
use super::super::lengths;
use super::{Operand, Outcome, Outcomes, common, fits, real, typed};

pub(super) fn run(op: &str, operands: &[Operand], args: &Json) -> Option<Outcomes> {
    let one = |outcome: Outcome| outcome.map(|array| vec![array]);
    Some(match op {
        "linspace" | "indices" => one(numbers(op, args)),
        "eye" | "tri" => one(matrix(op, args)),
        "fftfreq" | "rfftfreq" => one(frequencies(op, args)),
        "diag" | "diagonal" | "tril" | "triu" => one(part(op, operands[0].array(), args)),
        "meshgrid" | "broadcast_arrays" => several(op, operands, args),
        _ => return None,
    })
}

/// An array of the type that is asked for, whatever else.
fn of_type(args: &Json) -> Result<Dynamic, String> {
    let default = if args["shape"].is_array() { "int64" } else { "float64" };
    Dynamic::Bool(Array::zeros(&[], -1).unwrap()).astype(args["dtype"].as_str().unwrap_or(default))
}

fn numbers(op: &str, args: &Json) -> Outcome {
    let chunks = wishes(&args["chunks"], None);
    real!(of_type(args)?, |like, T| {
        let _ = like;
        if op == "indices" {
            return fits(Array::<T>::indices(&lengths(&args["shape"]), chunks));
        }
        let [start, stop] = ["start", "stop"].map(|name| args[name].as_f64().unwrap());
        let num = args["num"].as_u64().unwrap_or(50) as usize;
        fits(match args["endpoint"].as_bool() {
            Some(false) => Array::<T>::linspace_open(start, stop, num, chunks),
            _ => Array::<T>::linspace(start, stop, num, chunks),
        })
    })
}

fn matrix(op: &str, args: &Json) -> Outcome {
    let chunks = wishes(&args["chunks"], None);
    let n = args["n"].as_u64().unwrap() as usize;
    let m = args["m"].as_u64().map_or(n, |m| m as usize);
    let k = args["k"].as_i64().unwrap_or(0) as isize;
    with_type!(of_type(args)?, |like, T| {
        let _ = like;
        fits(if op == "eye" { Array::<T>::eye(n, m, k, chunks) } else { Array::<T>::tri(n, m, k, chunks) })
    })
}

fn frequencies(op: &str, args: &Json) -> Outcome {
    let chunks = wishes(&args["chunks"], None);
    let (n, d) = (args["n"].as_u64().unwrap() as usize, args["d"].as_f64().unwrap_or(1.0));
    fits(if op == "fftfreq" { Array::fftfreq(n, d, chunks) } else { Array::rfftfreq(n, d, chunks) })
}

fn part(op: &str, x: &Dynamic, args: &Json) -> Outcome {
    let of = |name: &str, default: i64| args[name].as_i64().unwrap_or(default) as isize;
    let k = of("k", 0);
    with_type!(x, |x, _T| fits(match op {
        "diag" => x.diag(k),
        "tril" => x.tril(k),
        "triu" => x.triu(k),
        _ => x.diagonal(of("offset", 0), of("axis1", 0), of("axis2", 1)),
    }))
}

fn several(op: &str, operands: &[Operand], args: &Json) -> Outcomes {
    let dtypes: Vec<&'static str> = operands.iter().map(|operand| operand.array().dtype()).collect();
    let dtype = dtypes.iter().copied().reduce(common).ok_or("no operands")?;
    let arrays = operands.iter().map(|operand| operand.array().astype(dtype));
    let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
    let indexing = match args["indexing"].as_str() {
        Some("ij") => Indexing::Ij,
        _ => Indexing::Xy,
    };
    let results = with_type!(&arrays[0], |first, T| {
        let _ = first;
        let arrays = arrays.iter().map(typed::<T>);
        let results = match op {
            "broadcast_arrays" => broadcast_arrays(arrays),
            _ if args["sparse"] == true => meshgrid_sparse(arrays, indexing),
            _ => meshgrid(arrays, indexing),
        };
        results.unwrap().into_iter().map(T::dynamic).collect::<Vec<_>>()
    });
    // Each keeps its own type.
    results.iter().zip(dtypes).map(|(array, dtype)| array.astype(dtype)).collect()
}
