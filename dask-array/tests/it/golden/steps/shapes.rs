//! Operations on shapes, margins and differences.

use dask_array::{Array, ArrayError, Element, Over, PadMode, PadWidth, Spacing};
use serde_json::Value as Json;

use super::super::dynamic::{Dynamic, Typed, with_type};
use super::{Operand, Outcome, Outcomes, fits, number, plain, typed};

fn integer(value: &Json) -> isize {
    value.as_i64().unwrap() as isize
}

/// A number, or several of them.
fn integers(value: &Json) -> Vec<isize> {
    value.as_array().map_or_else(|| vec![integer(value)], |all| all.iter().map(integer).collect())
}

fn counts(value: &Json) -> Vec<usize> {
    integers(value).iter().map(|n| n.unsigned_abs()).collect()
}

pub(super) fn shaped(op: &str, operands: &[Operand], args: &Json) -> Option<Outcomes> {
    let Some(Operand::Array(x)) = operands.first() else { return None };
    let axis = (!args["axis"].is_null()).then(|| integers(&args["axis"]));
    let one = axis.as_ref().map(|axes| axes[0]);
    let outcome = match op {
        "reshape" if args["merge_chunks"] == false => {
            with_type!(x, |x, _T| fits(x.reshape_unmerged(&integers(&args["shape"]))))
        }
        "reshape" => with_type!(x, |x, _T| fits(x.reshape(&integers(&args["shape"])))),
        "ravel" => with_type!(x, |x, _T| plain(x.ravel())),
        "squeeze_all" => with_type!(x, |x, _T| fits(x.squeeze(..))),
        "squeeze" => with_type!(x, |x, _T| fits(x.squeeze(&axis?[..]))),
        "expand_dims" => with_type!(x, |x, _T| fits(x.expand_dims(&axis?[..]))),
        "swapaxes" => {
            with_type!(x, |x, _T| fits(x.swapaxes(integer(&args["axis1"]), integer(&args["axis2"]))))
        }
        "moveaxis" => {
            let (from, to) = (integers(&args["source"]), integers(&args["destination"]));
            with_type!(x, |x, _T| fits(x.moveaxis(&from[..], &to[..])))
        }
        "rollaxis" => {
            with_type!(x, |x, _T| fits(x.rollaxis(one?, args["start"].as_i64().unwrap_or(0) as isize)))
        }
        "atleast_1d" => with_type!(x, |x, _T| plain(x.atleast_1d())),
        "atleast_2d" => with_type!(x, |x, _T| plain(x.atleast_2d())),
        "atleast_3d" => with_type!(x, |x, _T| plain(x.atleast_3d())),
        "flip" => match axis {
            Some(axes) => with_type!(x, |x, _T| fits(x.flip(&axes[..]))),
            None => with_type!(x, |x, _T| fits(x.flip(..))),
        },
        "flipud" => with_type!(x, |x, _T| fits(x.flipud())),
        "fliplr" => with_type!(x, |x, _T| fits(x.fliplr())),
        "rot90" => {
            let axes = if args["axes"].is_null() { vec![0, 1] } else { integers(&args["axes"]) };
            let k = args["k"].as_i64().unwrap_or(1) as isize;
            with_type!(x, |x, _T| fits(x.rot90(k, [axes[0], axes[1]])))
        }
        "roll" => with_type!(x, |x, _T| fits(rolled(x, &integers(&args["shift"]), axis.as_deref()))),
        "repeat" => with_type!(x, |x, _T| fits(match &args["repeats"] {
            Json::Array(_) => x.repeat(counts(&args["repeats"]), one),
            all => x.repeat(all.as_u64().unwrap() as usize, one),
        })),
        "tile" => with_type!(x, |x, _T| fits(x.tile(&counts(&args["reps"])))),
        "insert" => with_type!(x, |x, T| fits(match &args["at"] {
            Json::Array(_) => x.insert(integers(&args["at"]), number::<T>(&args["value"]), one?),
            at => x.insert(integer(at), number::<T>(&args["value"]), one?),
        })),
        "delete" => with_type!(x, |x, _T| fits(x.delete(integers(&args["at"]), one?))),
        "append" => with_type!(x, |x, T| fits(x.append(typed::<T>(operands[1].array()), one))),
        "pad" => with_type!(x, |x, T| padded::<T>(x, args)),
        "diff" => {
            let (n, axis) = (args["n"].as_u64().unwrap_or(1) as usize, one.unwrap_or(-1));
            with_type!(x, |x, _T| fits(x.diff(n, axis)))
        }
        "ediff1d" => with_type!(x, |x, _T| plain(x.ediff1d())),
        "gradient" => return Some(gradients(x, &args["spacing"], axis)),
        "coarsen" => with_type!(x, |x, _T| coarsened(x, args)),
        "unravel_index" | "ravel_multi_index" => {
            let Dynamic::I64(x) = x else { return Some(Err(format!("{op} of {}", x.dtype()))) };
            let dims = counts(&args["dims"]);
            fits(if op == "unravel_index" { x.unravel_index(&dims) } else { x.ravel_multi_index(&dims) })
        }
        _ => return None,
    };
    Some(outcome.map(|array| vec![array]))
}

fn rolled<A: Element>(
    x: &Array<A>,
    shifts: &[isize],
    axes: Option<&[isize]>,
) -> Result<Array<A>, ArrayError> {
    match axes {
        None => x.roll(shifts[0], None),
        Some(axes) => {
            let mut pairs = shifts.iter().cycle().zip(axes);
            pairs.try_fold(x.clone(), |x, (&shift, &axis)| x.roll(shift, axis))
        }
    }
}

fn padded<T: Typed>(x: &Array<T>, args: &Json) -> Outcome {
    let pair = |pair: &Json| (counts(pair)[0], counts(pair)[1]);
    let width: PadWidth = match &args["width"] {
        Json::Array(each) if each[0].is_array() => each.iter().map(pair).collect::<Vec<_>>().into(),
        both @ Json::Array(_) => pair(both).into(),
        all => (all.as_u64().unwrap() as usize).into(),
    };
    let name = if args["mode"] == "linear_ramp" { "end_values" } else { "constant_values" };
    // Values of their own for each end of each axis: one end after the other.
    if let Json::Array(values) = &args[name] {
        let widths = match width {
            PadWidth::All(before, behind) => vec![(before, behind); x.ndim()],
            PadWidth::Each(widths) => widths,
        };
        let mut all = x.clone();
        for (axis, (before, behind)) in widths.into_iter().enumerate() {
            let values = if values[0].is_array() { &values[axis] } else { &args[name] };
            for (at, width) in [(0, (before, 0)), (1, (0, behind))] {
                let mut only = vec![(0, 0); x.ndim()];
                only[axis] = width;
                let mode = mode_of(args["mode"].as_str().unwrap(), number::<T>(&values[at]))?;
                all = all.pad(only, mode).map_err(|error| error.to_string())?;
            }
        }
        return plain(all);
    }
    let value = if args[name].is_null() { T::default() } else { number::<T>(&args[name]) };
    fits(x.pad(width, mode_of(args["mode"].as_str().unwrap(), value)?))
}

fn mode_of<T>(mode: &str, value: T) -> Result<PadMode<T>, String> {
    Ok(match mode {
        "constant" => PadMode::Constant(value),
        "edge" => PadMode::Edge,
        "linear_ramp" => PadMode::LinearRamp(value),
        "maximum" => PadMode::Maximum,
        "mean" => PadMode::Mean,
        "median" => PadMode::Median,
        "minimum" => PadMode::Minimum,
        "reflect" => PadMode::Reflect,
        "symmetric" => PadMode::Symmetric,
        "wrap" => PadMode::Wrap,
        "empty" => PadMode::Empty,
        other => return Err(format!("padding by {other}")),
    })
}

/// One output an axis.
fn gradients(x: &Dynamic, spacing: &Json, axes: Option<Vec<isize>>) -> Outcomes {
    let axes = axes.unwrap_or_else(|| (0..x.shape().len() as isize).collect());
    let spacings: Vec<Spacing> = match spacing {
        Json::Null => vec![1.0.into(); axes.len()],
        Json::Array(each) if each.len() == axes.len() => each.iter().map(spacing_of).collect(),
        all => vec![spacing_of(all); axes.len()],
    };
    let mut outputs = Vec::new();
    for (axis, spacing) in axes.into_iter().zip(spacings) {
        outputs.push(match x {
            Dynamic::F32(x) => fits(x.gradient(spacing, axis))?,
            Dynamic::F64(x) => fits(x.gradient(spacing, axis))?,
            Dynamic::I64(x) => fits(x.gradient(spacing, axis))?,
            other => return Err(format!("gradient of {}", other.dtype())),
        });
    }
    Ok(outputs)
}

fn spacing_of(spacing: &Json) -> Spacing {
    match spacing.as_f64() {
        Some(step) => step.into(),
        None => spacing.as_array().unwrap().iter().map(|at| at.as_f64().unwrap()).collect::<Vec<_>>().into(),
    }
}

fn coarsened<A: Typed>(x: &Array<A>, args: &Json) -> Outcome
where
    <A as Element>::Sum: Typed,
    <A as Element>::Float: Typed,
{
    let axes = args["axes"].as_object().unwrap().iter();
    let groups: Vec<(isize, usize)> =
        axes.map(|(axis, n)| (axis.parse().unwrap(), n.as_u64().unwrap() as usize)).collect();
    macro_rules! by {
        ($reduction:expr) => {
            fits(match args["trim_excess"] == true {
                true => x.coarsen_trimmed(&groups, $reduction),
                false => x.coarsen(&groups, $reduction),
            })
        };
    }
    match args["func"].as_str().unwrap() {
        "mean" => by!(|x: &Array<A>, within: Over| x.mean(within)),
        "max" => by!(|x: &Array<A>, within: Over| x.max(within)),
        "min" => by!(|x: &Array<A>, within: Over| x.min(within)),
        "sum" => by!(|x: &Array<A>, within: Over| x.sum(within)),
        other => Err(format!("coarsening by {other}")),
    }
}
