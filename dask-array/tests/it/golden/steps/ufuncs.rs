//! Elementwise functions of one and two operands, and choices.

use dask_array::ndarray::arr1;
use dask_array::{Array, ArrayError, Element, Inexact, Integer, OutOfRange, Tolerance, choose, select};
use serde_json::Value as Json;

use super::super::dynamic::{Dynamic, Typed, with_type};
use super::{Operand, Outcome, Outcomes, fits, number, numeric, plain, promote, real, typed};

pub(super) fn run(op: &str, operands: &[Operand], args: &Json) -> Option<Outcomes> {
    let one = |outcome: Outcome| outcome.map(|array| vec![array]);
    match (op, operands) {
        ("frexp" | "modf", [x]) => Some(split(op, &floats(x.array()))),
        ("divmod", [a, b]) => Some(divmod(a, b)),
        ("select", _) => Some(one(selected(operands, args))),
        ("choose", _) => Some(one(chosen(operands))),
        ("isin", _) => Some(one(is_in(operands, args))),
        ("round", [x]) => Some(one(rounded(&numbers(x.array()), args))),
        (_, [x]) => function(op, x.array()).map(one),
        ("isclose", [a, b]) => Some(one(close(a, b, args))),
        (_, [a, b]) => pair(op, a, b).map(one),
        _ => None,
    }
}

/// Bools as numpy counts them.
fn numbers(x: &Dynamic) -> Dynamic {
    if x.dtype() == "bool" { x.astype("int8").unwrap() } else { x.clone() }
}

/// Bools and integers as floats.
fn floats(x: &Dynamic) -> Dynamic {
    match x.dtype() {
        "float16" | "float32" | "float64" | "complex64" | "complex128" => x.clone(),
        _ => x.astype("float64").unwrap(),
    }
}

fn function(op: &str, x: &Dynamic) -> Option<Outcome> {
    Some(match op {
        "conj" => with_type!(numbers(x), |x, _T| plain(x.conj())),
        "real" => with_type!(x, |x, _T| plain(x.real())),
        "imag" => with_type!(x, |x, _T| plain(x.imag())),
        "iscomplex" => with_type!(x, |x, _T| plain(x.is_complex())),
        "isreal" => with_type!(x, |x, _T| plain(x.is_real())),
        "square" => numeric!(numbers(x), |x, _T| plain(x.square())),
        "reciprocal" => numeric!(numbers(x), |x, _T| plain(x.reciprocal())),
        "positive" => numeric!(x, |x, _T| plain(x.positive())),
        "floor" | "ceil" | "trunc" | "fix" => return Some(whole(op, x)),
        "isneginf" | "isposinf" | "signbit" => return Some(test(op, x)),
        "nan_to_num" if floats(x).dtype() != x.dtype() => Ok(x.clone()),
        "logical_not" => with_type!(x, |x, _T| plain(x.logical_not())),
        _ => match floats(x) {
            Dynamic::F16(x) => return real_function(op, &x),
            Dynamic::F32(x) => return real_function(op, &x),
            Dynamic::F64(x) => return real_function(op, &x),
            Dynamic::C64(x) => return inexact_function(op, &x),
            Dynamic::C128(x) => return inexact_function(op, &x),
            _ => return None,
        },
    })
}

fn whole(op: &str, x: &Dynamic) -> Outcome {
    if x.dtype() == "bool" {
        return Ok(x.clone());
    }
    real!(x, |x, _T| plain(match op {
        "floor" => x.floor(),
        "ceil" => x.ceil(),
        "fix" => x.fix(),
        _ => x.trunc(),
    }))
}

fn test(op: &str, x: &Dynamic) -> Outcome {
    real!(numbers(x), |x, _T| plain(match op {
        "signbit" => x.signbit(),
        "isposinf" => x.is_pos_infinite(),
        _ => x.is_neg_infinite(),
    }))
}

fn real_function<A>(op: &str, x: &Array<A>) -> Option<Outcome>
where
    A: Typed + Inexact + Element<Real = A, RealFloat = A>,
{
    Some(plain(match op {
        "cbrt" => x.cbrt(),
        "degrees" | "rad2deg" => x.degrees(),
        "radians" | "deg2rad" => x.radians(),
        _ => return inexact_function(op, x),
    }))
}

fn inexact_function<A>(op: &str, x: &Array<A>) -> Option<Outcome>
where
    A: Typed + Inexact,
    <A as Element>::RealFloat: Typed,
{
    Some(plain(match op {
        "sqrt" => x.sqrt(),
        "exp" => x.exp(),
        "exp2" => x.exp2(),
        "expm1" => x.expm1(),
        "log" => x.log(),
        "log2" => x.log2(),
        "log10" => x.log10(),
        "log1p" => x.log1p(),
        "sin" => x.sin(),
        "cos" => x.cos(),
        "tan" => x.tan(),
        "arcsin" => x.arcsin(),
        "arccos" => x.arccos(),
        "arctan" => x.arctan(),
        "sinh" => x.sinh(),
        "cosh" => x.cosh(),
        "tanh" => x.tanh(),
        "arcsinh" => x.arcsinh(),
        "arccosh" => x.arccosh(),
        "arctanh" => x.arctanh(),
        "sinc" => x.sinc(),
        "rint" => x.rint(),
        "nan_to_num" => x.nan_to_num(Default::default(), None, None),
        "angle" => return Some(plain(x.angle())),
        _ => return None,
    }))
}

fn rounded(x: &Dynamic, args: &Json) -> Outcome {
    let decimals = args["decimals"].as_i64().unwrap_or(0) as i32;
    numeric!(x, |x, _T| plain(x.round(decimals)))
}

fn split(op: &str, x: &Dynamic) -> Outcomes {
    fn of<A: Typed + Element<Real = A, RealFloat = A>>(op: &str, x: &Array<A>) -> Outcomes {
        if op == "modf" {
            let (fract, whole) = x.modf();
            return Ok(vec![A::dynamic(fract), A::dynamic(whole)]);
        }
        let (mantissa, exponent) = x.frexp();
        Ok(vec![A::dynamic(mantissa), Dynamic::I32(exponent)])
    }
    match x {
        Dynamic::F16(x) => of(op, x),
        Dynamic::F32(x) => of(op, x),
        Dynamic::F64(x) => of(op, x),
        other => Err(format!("{op} of {}", other.dtype())),
    }
}

/// Two operands of the type that they have in common, a number as an array of no axes.
fn arrays(a: &Operand, b: &Operand) -> Result<[Dynamic; 2], String> {
    let (a, b) = promote(a, b)?;
    let like = match (&a, &b) {
        (Operand::Array(array), _) | (_, Operand::Array(array)) => array.clone(),
        _ => return Err("numbers only".into()),
    };
    Ok([a, b].map(|operand| match operand {
        Operand::Array(array) => array,
        Operand::Number(value) => with_type!(&like, |x, T| {
            let _ = x;
            T::dynamic(Array::full(&[], number::<T>(&value), -1).unwrap())
        }),
    }))
}

fn divmod(a: &Operand, b: &Operand) -> Outcomes {
    let [a, b] = arrays(a, b)?.map(|x| numbers(&x));
    real!(a, |a, T| {
        let (quotient, remainder) = a.divmod(typed::<T>(&b)).unwrap();
        Ok(vec![T::dynamic(quotient), T::dynamic(remainder)])
    })
}

fn close(a: &Operand, b: &Operand, args: &Json) -> Outcome {
    let [a, b] = arrays(a, b)?;
    let or = Tolerance::default();
    let tolerance = Tolerance {
        rtol: args["rtol"].as_f64().unwrap_or(or.rtol),
        atol: args["atol"].as_f64().unwrap_or(or.atol),
        equal_nan: args["equal_nan"] == true,
    };
    with_type!(a, |a, T| fits(a.is_close(typed::<T>(&b), tolerance)))
}

fn pair(op: &str, a: &Operand, b: &Operand) -> Option<Outcome> {
    const KNOWN: &[&str] = &[
        "fmod",
        "fmin",
        "fmax",
        "arctan2",
        "hypot",
        "logaddexp",
        "logaddexp2",
        "copysign",
        "nextafter",
        "ldexp",
        "float_power",
        "left_shift",
        "right_shift",
        "logical_and",
        "logical_or",
        "logical_xor",
    ];
    KNOWN.contains(&op).then(|| known_pair(op, a, b))
}

fn known_pair(op: &str, a: &Operand, b: &Operand) -> Outcome {
    if op == "ldexp" {
        let Dynamic::I64(exponents) = (match b {
            Operand::Array(array) => array.astype("int64")?,
            Operand::Number(value) => Dynamic::I64(Array::full(&[], number(value), -1).unwrap()),
        }) else {
            return Err("exponents".into());
        };
        return match floats(a.array()) {
            Dynamic::F16(x) => fits(x.ldexp(exponents)),
            Dynamic::F32(x) => fits(x.ldexp(exponents)),
            Dynamic::F64(x) => fits(x.ldexp(exponents)),
            other => Err(format!("ldexp of {}", other.dtype())),
        };
    }
    let [a, b] = arrays(a, b)?;
    match op {
        "fmin" | "fmax" => with_type!(&a, |a, T| {
            let b = typed::<T>(&b);
            fits(if op == "fmin" { a.fmin(b) } else { a.fmax(b) })
        }),
        "logical_and" => with_type!(&a, |a, T| fits(a.logical_and(typed::<T>(&b)))),
        "logical_or" => with_type!(&a, |a, T| fits(a.logical_or(typed::<T>(&b)))),
        "logical_xor" => with_type!(&a, |a, T| fits(a.logical_xor(typed::<T>(&b)))),
        "fmod" => {
            let b = numbers(&b);
            real!(numbers(&a), |a, T| fits(a.fmod(typed::<T>(&b))))
        }
        "float_power" if a.dtype().starts_with("complex") => {
            match (a.astype("complex128")?, b.astype("complex128")?) {
                (Dynamic::C128(a), Dynamic::C128(b)) => fits(a.power(b)),
                _ => unreachable!(),
            }
        }
        "float_power" => with_real(&a, &b, |a, b| a.float_power(b), |a, b| a.float_power(b)),
        "left_shift" | "right_shift" => shifted(op, &numbers(&a), &numbers(&b)),
        _ => match (floats(&a), floats(&b)) {
            (Dynamic::F16(a), Dynamic::F16(b)) => fits(in_floats(op, &a, &b)),
            (Dynamic::F32(a), Dynamic::F32(b)) => fits(in_floats(op, &a, &b)),
            (Dynamic::F64(a), Dynamic::F64(b)) => fits(in_floats(op, &a, &b)),
            (other, _) => Err(format!("{op} of {}", other.dtype())),
        },
    }
}

fn with_real(
    a: &Dynamic,
    b: &Dynamic,
    narrow: impl Fn(&Array<f32>, &Array<f32>) -> Result<Array<f64>, ArrayError>,
    wide: impl Fn(&Array<f64>, &Array<f64>) -> Result<Array<f64>, ArrayError>,
) -> Outcome {
    match (floats(a), floats(b)) {
        (Dynamic::F16(a), Dynamic::F16(b)) => fits(a.float_power(&b)),
        (Dynamic::F32(a), Dynamic::F32(b)) => fits(narrow(&a, &b)),
        (Dynamic::F64(a), Dynamic::F64(b)) => fits(wide(&a, &b)),
        (other, _) => Err(format!("of {}", other.dtype())),
    }
}

fn in_floats<A: Inexact + Element<Real = A, RealFloat = A>>(
    op: &str,
    a: &Array<A>,
    b: &Array<A>,
) -> Result<Array<A>, ArrayError> {
    match op {
        "arctan2" => a.arctan2(b),
        "hypot" => a.hypot(b),
        "logaddexp" => a.logaddexp(b),
        "logaddexp2" => a.logaddexp2(b),
        "copysign" => a.copysign(b),
        _ => a.nextafter(b),
    }
}

fn shifted(op: &str, a: &Dynamic, b: &Dynamic) -> Outcome {
    fn of<A: Integer + Typed>(op: &str, a: &Array<A>, b: &Dynamic) -> Outcome {
        let b = typed::<A>(b);
        fits(if op == "left_shift" { a.left_shift(b) } else { a.right_shift(b) })
    }
    match a {
        Dynamic::I8(a) => of(op, a, b),
        Dynamic::I16(a) => of(op, a, b),
        Dynamic::I32(a) => of(op, a, b),
        Dynamic::I64(a) => of(op, a, b),
        Dynamic::U8(a) => of(op, a, b),
        Dynamic::U16(a) => of(op, a, b),
        Dynamic::U32(a) => of(op, a, b),
        Dynamic::U64(a) => of(op, a, b),
        other => Err(format!("{op} of {}", other.dtype())),
    }
}

/// Choices of one type.
fn alike(choices: &[Operand]) -> Result<Vec<Dynamic>, String> {
    let first = choices.first().ok_or("no choices")?;
    let common = choices.iter().try_fold(first.clone(), |all, other| match (&all, other) {
        (Operand::Number(_), Operand::Number(_)) => Ok(all),
        _ => arrays(&all, other).map(|[all, _]| Operand::Array(all)),
    })?;
    choices.iter().map(|choice| arrays(choice, &common).map(|[choice, _]| choice)).collect()
}

fn selected(operands: &[Operand], args: &Json) -> Outcome {
    let (conditions, choices) = operands.split_at(operands.len() / 2);
    let default = Operand::Number(if args["default"].is_null() { 0.into() } else { args["default"].clone() });
    let mut choices = choices.to_vec();
    choices.push(default);
    let choices = alike(&choices)?;
    let conditions = conditions.iter().map(|condition| match condition.array() {
        Dynamic::Bool(condition) => Ok(condition),
        other => Err(format!("a condition of {}", other.dtype())),
    });
    let conditions = conditions.collect::<Result<Vec<_>, _>>()?;
    with_type!(&choices[0], |first, T| {
        let _ = first;
        let typed: Vec<&Array<T>> = choices.iter().map(typed::<T>).collect();
        let (default, choices) = typed.split_last().unwrap();
        fits(select(conditions.into_iter().zip(choices.iter().copied()), *default))
    })
}

fn is_in(operands: &[Operand], args: &Json) -> Outcome {
    let list = |values: &Vec<Json>| {
        let numbers: Vec<f64> = values.iter().map(|value| value.as_f64().unwrap()).collect();
        let numbers = Dynamic::F64(Array::from_ndarray(arr1(&numbers), 2).unwrap());
        if values.iter().all(Json::is_i64) { numbers.astype("int64") } else { Ok(numbers) }
    };
    let values = match (&operands[1..], args["values"].as_array()) {
        ([values], _) => values.array().clone(),
        (_, Some(values)) => list(values)?,
        _ => return Err("isin without values".into()),
    };
    let [x, values] = arrays(&operands[0], &Operand::Array(values))?;
    let found = with_type!(x, |x, T| x.is_in(typed::<T>(&values)));
    plain(if args["invert"] == true { !found } else { found })
}

fn chosen(operands: &[Operand]) -> Outcome {
    let Dynamic::I64(index) = operands[0].array().astype("int64")? else { unreachable!() };
    let choices = alike(&operands[1..])?;
    with_type!(&choices[0], |first, T| {
        let _ = first;
        fits(choose(&index, choices.iter().map(typed::<T>), OutOfRange::Raise))
    })
}
