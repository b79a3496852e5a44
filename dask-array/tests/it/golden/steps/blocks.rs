//! Functions on blocks, on blocks with what is around them, on lines and on windows.

use std::collections::BTreeMap;

use dask_array::ndarray::{ArrayD, ArrayViewD, Axis, Slice, Zip, arr1};
use dask_array::{Array, Boundary};
use serde_json::Value as Json;

use super::super::dynamic::Dynamic;
use super::super::text;
use super::{Operand, Outcome, Outcomes, fits, lengths, plain};

pub(super) fn run(op: &str, operands: &[Operand], args: &Json) -> Option<Outcomes> {
    let f = match op {
        "map_blocks" => map_blocks,
        "overlap" | "map_overlap" => overlap,
        "sliding_window_view" => windows,
        "apply_along_axis" => along_axis,
        _ => return None,
    };
    let Dynamic::F64(x) = operands[0].array() else { return Some(Err("an array of another type".into())) };
    Some(f(x, args).map(|array| vec![array]))
}

fn map_blocks(x: &Array<f64>, args: &Json) -> Outcome {
    match text(&args["func"]) {
        "block_sum_spread" => plain(x.map_blocks(|block| ArrayD::from_elem(block.shape(), block.sum()))),
        "cumsum_in_block" => plain(x.map_blocks(|block| {
            let mut sum = 0.0;
            block.mapv(|x| {
                sum += x;
                sum
            })
        })),
        "block_number" => plain(x.map_blocks_with_info(|info, block| {
            let place = info.index.iter().zip(&info.n_blocks);
            let number = place.fold(0, |number, (&at, &n)| number * i64::from(n) + i64::from(at));
            ArrayD::from_elem(block.shape(), number)
        })),
        other => Err(format!("function {other}")),
    }
}

fn by_axis<T>(of: &Json, part: impl Fn(&Json) -> T) -> BTreeMap<isize, T> {
    of.as_object().unwrap().iter().map(|(axis, one)| (axis.parse().unwrap(), part(one))).collect()
}

fn overlap(x: &Array<f64>, args: &Json) -> Outcome {
    let depth = by_axis(&args["depth"], |depth| depth.as_u64().unwrap() as usize);
    let boundary = by_axis(&args["boundary"], |kind| match kind {
        Json::Number(number) => Boundary::Constant(number.as_f64().unwrap()),
        kind => match text(kind) {
            "reflect" => Boundary::Reflect,
            "periodic" => Boundary::Periodic,
            "nearest" => Boundary::Nearest,
            _ => Boundary::None,
        },
    });
    let Some(f) = args["func"].as_str() else { return fits(x.overlap(depth, boundary)) };
    let mut x = x.clone();
    for _ in 0..args["times"].as_u64().unwrap_or(1) {
        let (depth, boundary) = (depth.clone(), boundary.clone());
        x = match f {
            "neighbours" => x.map_overlap(depth, boundary, neighbours).unwrap(),
            "moving_max3" => x.map_overlap(depth, boundary, moving_max3).unwrap(),
            other => return Err(format!("function {other}")),
        };
    }
    plain(x)
}

/// Calls a function with each element that has a neighbour one step further along an axis, and that.
fn with_next(x: &ArrayViewD<'_, f64>, out: &mut ArrayD<f64>, axis: usize, f: fn(&mut f64, f64)) {
    let (axis, n) = (Axis(axis), x.shape()[axis]);
    let [first, last] = [Slice::from(..n.saturating_sub(1)), Slice::from(1.min(n)..)];
    Zip::from(out.slice_axis_mut(axis, last)).and(x.slice_axis(axis, first)).for_each(|out, &x| f(out, x));
    Zip::from(out.slice_axis_mut(axis, first)).and(x.slice_axis(axis, last)).for_each(|out, &x| f(out, x));
}

fn neighbours(x: ArrayViewD<'_, f64>) -> ArrayD<f64> {
    let mut out = x.to_owned();
    (0..x.ndim()).for_each(|axis| with_next(&x, &mut out, axis, |out, x| *out += x));
    out
}

fn moving_max3(x: ArrayViewD<'_, f64>) -> ArrayD<f64> {
    let mut out = x.to_owned();
    with_next(&x, &mut out, x.ndim() - 1, |out, x| *out = out.max(x));
    out
}

fn windows(x: &Array<f64>, args: &Json) -> Outcome {
    let several = |value: &Json| match value {
        Json::Array(_) => lengths(value),
        one => vec![one.as_u64().unwrap() as usize],
    };
    let axes: Vec<usize> =
        if args["axis"].is_null() { (0..x.ndim()).collect() } else { several(&args["axis"]) };
    let windows = axes.into_iter().map(|axis| axis as isize).zip(several(&args["window"]));
    fits(x.sliding_window_view(&windows.collect::<Vec<_>>()))
}

fn along_axis(x: &Array<f64>, args: &Json) -> Outcome {
    let axis = args["axis"].as_i64().unwrap() as isize;
    match text(&args["func"]) {
        "range" => fits(x.apply_along_axis(axis, |line| {
            line.fold(f64::NEG_INFINITY, |a, &b| a.max(b)) - line.fold(f64::INFINITY, |a, &b| a.min(b))
        })),
        "first_last" => fits(x.map_along_axis(axis, 2, |line| arr1(&[line[0], line[line.len() - 1]]))),
        other => Err(format!("function {other}")),
    }
}
