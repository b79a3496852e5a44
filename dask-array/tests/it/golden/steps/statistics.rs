//! Searching, counting and statistics.

use dask_array::{Array, Bins, Element, Integer, QuantileMethod, Quantiles, Side, histogram2d, union1d};
use serde_json::Value as Json;

use super::super::dynamic::{Dynamic, Typed, with_type};
use super::reductions::over;
use super::{Operand, Outcome, Outcomes, fits, known, number, real, typed};

pub(super) fn family(op: &str, operands: &[Operand], args: &Json) -> Option<Outcomes> {
    let x = || operands[0].array();
    let one = |array: Outcome| Some(array.map(|array| vec![array]));
    match op {
        "searchsorted" => one(searchsorted(x(), operands[1].array(), args)),
        "digitize" => one(real!(x(), |x, T| digitize::<T>(x, args))),
        "bincount" => one(bincount(x(), operands.get(1), args)),
        "histogram" => Some(histogram(x(), operands.get(1), args)),
        "histogram2d" => Some(plane(x(), operands[1].array(), args)),
        "cov" => one(real!(x(), |x, _T| cov(x, args))),
        "corrcoef" => one(real!(x(), |x, _T| fits(x.corrcoef(true)))),
        "trace" => {
            let offset = args["offset"].as_i64().unwrap_or(0) as isize;
            one(with_type!(x(), |x, _T| fits(x.trace(offset, 0, 1))))
        }
        "unique" => Some(unique(x(), args)),
        "union1d" => one(with_type!(x(), |x, T| {
            let other = typed::<T>(operands[1].array());
            Ok(Dynamic::uncounted(union1d(x, other).unwrap()))
        })),
        "topk" => one(with_type!(x(), |x, _T| fits(x.topk(k(args), axis(args))))),
        "argtopk" => one(with_type!(x(), |x, _T| fits(x.argtopk(k(args), axis(args))))),
        "median" | "nanmedian" | "percentile" | "nanpercentile" | "quantile" | "nanquantile" => {
            one(real!(x(), |x, _T| quantile(op, x, args)))
        }
        _ => None,
    }
}

fn unique(x: &Dynamic, args: &Json) -> Outcomes {
    known(args, &["return_index", "return_inverse", "return_counts"])?;
    let wanted = |name: &str| args[name] == true;
    with_type!(x, |x, _T| {
        if !["return_index", "return_inverse", "return_counts"].into_iter().any(wanted) {
            return Ok(vec![Dynamic::uncounted(x.unique())]);
        }
        let all = x.unique_all();
        let mut outputs = vec![Dynamic::uncounted(all.values)];
        outputs.extend(wanted("return_index").then(|| Dynamic::uncounted(all.index)));
        outputs.extend(wanted("return_inverse").then(|| Dynamic::I64(all.inverse)));
        outputs.extend(wanted("return_counts").then(|| Dynamic::uncounted(all.counts)));
        Ok(outputs)
    })
}

fn cov<A: Element<Real = A>>(x: &Array<A>, args: &Json) -> Outcome {
    known(args, &["rowvar", "bias", "ddof"])?;
    let biased = if args["bias"] == true { 0.0 } else { 1.0 };
    fits(x.cov(args["rowvar"] != false, args["ddof"].as_f64().unwrap_or(biased)))
}

fn k(args: &Json) -> isize {
    args["k"].as_i64().unwrap() as isize
}

fn axis(args: &Json) -> isize {
    args["axis"].as_i64().unwrap_or(-1) as isize
}

fn numbers(values: &Json) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn searchsorted(sorted: &Dynamic, values: &Dynamic, args: &Json) -> Outcome {
    known(args, &["side"])?;
    let side = if args["side"] == "right" { Side::Right } else { Side::Left };
    with_type!(sorted, |sorted, T| fits(sorted.searchsorted(typed::<T>(values), side)))
}

fn digitize<A: Typed>(x: &Array<A>, args: &Json) -> Outcome {
    known(args, &["bins", "right"])?;
    let bins: Vec<A> = args["bins"].as_array().unwrap().iter().map(number::<A>).collect();
    fits(x.digitize(&bins, args["right"] == true))
}

fn bincount(x: &Dynamic, weights: Option<&Operand>, args: &Json) -> Outcome {
    known(args, &["minlength"])?;
    match x {
        Dynamic::I64(x) => counted(x, weights, args),
        Dynamic::I32(x) => counted(x, weights, args),
        Dynamic::U8(x) => counted(x, weights, args),
        other => Err(format!("bincount of {}", other.dtype())),
    }
}

fn counted<A: Integer>(x: &Array<A>, weights: Option<&Operand>, args: &Json) -> Outcome {
    let minlength = args["minlength"].as_u64().unwrap_or(0) as usize;
    let Some(weights) = weights else { return Ok(Dynamic::uncounted(x.bincount(minlength).unwrap())) };
    let Dynamic::F64(weights) = weights.array().astype("float64")? else { unreachable!() };
    Ok(Dynamic::uncounted(x.bincount_weighted(&weights, minlength).unwrap()))
}

/// Bins as numpy is given them.
fn bins(bins: &Json, range: &Json) -> Result<Bins, String> {
    match (bins, range) {
        (Json::Array(_), _) => Ok(numbers(bins).into()),
        (count, Json::Array(range)) => {
            let of = |at: usize| range[at].as_f64().unwrap();
            Ok(Bins::even(count.as_u64().unwrap() as usize, of(0), of(1)))
        }
        _ => Err("bins without a range".into()),
    }
}

fn histogram(x: &Dynamic, weights: Option<&Operand>, args: &Json) -> Outcomes {
    known(args, &["bins", "range", "density"])?;
    let bins = bins(&args["bins"], &args["range"])?;
    let is_density = args["density"] == true;
    real!(x, |x, _T| Ok(match weights {
        None if is_density => both(x.histogram_density(bins, None)),
        None => both(x.histogram(bins)),
        Some(weights) if is_density => both(x.histogram_density(bins, Some(typed(weights.array())))),
        Some(weights) => both(x.histogram_weighted(bins, typed::<f64>(weights.array()))),
    }))
}

fn both<W: Typed>(histogram: Result<(Array<W>, Array<f64>), dask_array::ArrayError>) -> Vec<Dynamic> {
    let (counts, edges) = histogram.unwrap();
    vec![W::dynamic(counts), Dynamic::F64(edges)]
}

fn plane(x: &Dynamic, y: &Dynamic, args: &Json) -> Outcomes {
    known(args, &["bins", "range"])?;
    let of = |at: usize| match &args["bins"] {
        Json::Array(all) => bins(&all[at], &args["range"][at]),
        one => bins(one, &args["range"][at]),
    };
    let bins = [of(0)?, of(1)?];
    real!(x, |x, T| {
        let (counts, x_edges, y_edges) = histogram2d(x, typed::<T>(y), &bins, false, None).unwrap();
        Ok([counts, x_edges, y_edges].map(Dynamic::F64).to_vec())
    })
}

fn method(name: &str) -> Result<QuantileMethod, String> {
    Ok(match name {
        "inverted_cdf" => QuantileMethod::InvertedCdf,
        "averaged_inverted_cdf" => QuantileMethod::AveragedInvertedCdf,
        "closest_observation" => QuantileMethod::ClosestObservation,
        "interpolated_inverted_cdf" => QuantileMethod::InterpolatedInvertedCdf,
        "hazen" => QuantileMethod::Hazen,
        "weibull" => QuantileMethod::Weibull,
        "linear" => QuantileMethod::Linear,
        "median_unbiased" => QuantileMethod::MedianUnbiased,
        "normal_unbiased" => QuantileMethod::NormalUnbiased,
        "lower" => QuantileMethod::Lower,
        "higher" => QuantileMethod::Higher,
        "midpoint" => QuantileMethod::Midpoint,
        "nearest" => QuantileMethod::Nearest,
        other => return Err(format!("method {other}")),
    })
}

fn quantile<A: Typed + Element<Real = A>>(op: &str, x: &Array<A>, args: &Json) -> Outcome
where
    <A as Element>::RealFloat: Typed,
{
    known(args, &["axis", "keepdims", "q", "method"])?;
    let over = over(op, args)?;
    match op {
        "median" => return fits(x.median(over)),
        "nanmedian" => return fits(x.nanmedian(over)),
        _ => {}
    }
    let method = method(args["method"].as_str().unwrap_or("linear"))?;
    let q = match &args["q"] {
        Json::Array(_) => Quantiles::Many(numbers(&args["q"])),
        q => Quantiles::One(q.as_f64().unwrap()),
    };
    match op {
        "percentile" => fits(x.percentile(q, over, method)),
        "nanpercentile" => fits(x.nanpercentile(q, over, method)),
        "quantile" => fits(x.quantile(q, over, method)),
        _ => fits(x.nanquantile(q, over, method)),
    }
}
