//! Fourier transforms.

use dask_array::fft::{self, Along, AlongAxes, Norm, Transform};
use dask_array::{Array, Element};
use serde_json::Value as Json;

use super::super::dynamic::{Dynamic, Typed, with_type};
use super::{Operand, Outcome, Outcomes, fits, lengths, real};

pub(super) fn transformed(op: &str, operands: &[Operand], args: &Json) -> Option<Outcomes> {
    let known = [
        "fft",
        "ifft",
        "rfft",
        "irfft",
        "hfft",
        "ihfft",
        "fft2",
        "ifft2",
        "rfft2",
        "irfft2",
        "fftn",
        "ifftn",
        "rfftn",
        "irfftn",
        "fftshift",
        "ifftshift",
    ];
    known.contains(&op).then(|| transform(op, operands[0].array(), args).map(|array| vec![array]))
}

fn transform(op: &str, x: &Dynamic, args: &Json) -> Outcome {
    if let "rfft" | "ihfft" | "rfft2" | "rfftn" = op {
        return real!(x, |x, _T| of_real(op, x, args), f16 { Err(format!("{op} of {x}")) });
    }
    with_type!(x, |x, _T| of_any(op, x, args), f16 { Err(format!("{op} of {x}")) })
}

fn of_real<A: Element<Real = A, RealFloat: Transform<Complex: Typed>>>(
    op: &str,
    x: &Array<A>,
    args: &Json,
) -> Outcome {
    match op {
        "rfft" => fits(fft::rfft(x, along(args))),
        "ihfft" => fits(fft::ihfft(x, along(args))),
        _ => fits(fft::rfftn(x, axes(op, args))),
    }
}

fn of_any<A: Typed + Element<RealFloat: Transform<Complex: Typed> + Typed>>(
    op: &str,
    x: &Array<A>,
    args: &Json,
) -> Outcome {
    match op {
        "fft" => fits(fft::fft(x, along(args))),
        "ifft" => fits(fft::ifft(x, along(args))),
        "irfft" => fits(fft::irfft(x, along(args))),
        "hfft" => fits(fft::hfft(x, along(args))),
        "fft2" | "fftn" => fits(fft::fftn(x, axes(op, args))),
        "ifft2" | "ifftn" => fits(fft::ifftn(x, axes(op, args))),
        "irfft2" | "irfftn" => fits(fft::irfftn(x, axes(op, args))),
        "fftshift" => fits(fft::fftshift(x, axes(op, args))),
        _ => fits(fft::ifftshift(x, axes(op, args))),
    }
}

fn norm(args: &Json) -> Norm {
    match args["norm"].as_str() {
        Some("ortho") => Norm::Ortho,
        Some("forward") => Norm::Forward,
        _ => Norm::Backward,
    }
}

fn along(args: &Json) -> Along {
    let along = Along::from(args["axis"].as_i64().unwrap_or(-1) as isize).norm(norm(args));
    args["n"].as_u64().map_or(along, |n| along.n(n as usize))
}

fn axes(op: &str, args: &Json) -> AlongAxes {
    let along = match &args["axes"] {
        Json::Array(axes) => {
            let axes: Vec<isize> = axes.iter().map(|axis| axis.as_i64().unwrap() as isize).collect();
            AlongAxes::from(&axes[..])
        }
        Json::Number(axis) => AlongAxes::from([axis.as_i64().unwrap() as isize]),
        _ if op.ends_with('2') => AlongAxes::from([-2, -1]),
        _ => AlongAxes::from(..),
    };
    let along = along.norm(norm(args));
    if args["s"].is_null() { along } else { along.shape(lengths(&args["s"])) }
}
