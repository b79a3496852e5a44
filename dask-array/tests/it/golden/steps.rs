//! What the operations of the golden cases are called here.

mod blocks;
mod creation;
mod cumulative;
#[cfg(feature = "fft")]
mod fft;
mod indexing;
#[cfg(feature = "linalg")]
mod linalg;
mod masks;
mod products;
mod reductions;
mod shapes;
mod statistics;
mod ufuncs;

use dask_array::ndarray::{NewAxis, SliceInfoElem};
use dask_array::{
    Array, ArrayError, Inexact, Number, block, concatenate, dstack, hstack, stack, vstack, where_,
};
use serde_json::Value as Json;

use super::chunks::wishes;
use super::dynamic::{Dynamic, Typed, dtype_of, name_of, with_type};
use super::{lengths, text};

/// What a step gives: one array, of most operations.
type Outcomes = Result<Vec<Dynamic>, String>;
type Outcome = Result<Dynamic, String>;

/// Runs the operations of one family; `None` is the answer to the name of another.
type Family = fn(op: &str, operands: &[Operand], args: &Json) -> Option<Outcomes>;

/// The families, asked in turn.
const FAMILIES: &[Family] = &[
    created,
    joined,
    blocks::run,
    masks::selected,
    ufuncs::run,
    creation::run,
    indexing::indexed,
    shapes::shaped,
    reductions::family,
    cumulative::family,
    statistics::family,
    products::products,
    #[cfg(feature = "fft")]
    fft::transformed,
    #[cfg(feature = "linalg")]
    linalg::factored,
    elementwise,
];

/// Applies the steps of a case; `Err` says what is not covered.
pub(crate) fn run(case: &Json, inputs: &[Dynamic]) -> Outcomes {
    let mut results: Vec<Vec<Dynamic>> = Vec::new();
    let steps = case["steps"].as_array().ok_or("no steps")?;
    for step in steps {
        let operands = step["in"].as_array().unwrap().iter().map(|operand| match operand {
            Json::String(name) => {
                let (of, output) = name[1..].split_once('.').unwrap_or((&name[1..], "0"));
                let [of, output] = [of, output].map(|number| number.parse::<usize>().unwrap());
                let array = if name.starts_with('i') { &inputs[of] } else { &results[of][output] };
                // What comes of a selection is counted where another step takes it.
                Operand::Array(array.counted())
            }
            number => Operand::Number(number.clone()),
        });
        let (op, operands) = (text(&step["op"]), operands.collect::<Vec<_>>());
        let outcome = FAMILIES.iter().find_map(|family| family(op, &operands, &step["args"]));
        results.push(outcome.unwrap_or_else(|| Err(format!("operation {op}")))?);
    }
    results.pop().ok_or_else(|| "no steps".into())
}

#[derive(Clone)]
enum Operand {
    Array(Dynamic),
    Number(Json),
}

impl Operand {
    fn array(&self) -> &Dynamic {
        match self {
            Operand::Array(array) => array,
            Operand::Number(number) => panic!("{number} is no array"),
        }
    }
}

fn created(op: &str, _: &[Operand], args: &Json) -> Option<Outcomes> {
    let known = ["zeros", "ones", "full", "arange"].contains(&op);
    known.then(|| create(op, args).map(|array| vec![array]))
}

fn joined(op: &str, operands: &[Operand], args: &Json) -> Option<Outcomes> {
    let known = ["concatenate", "stack", "vstack", "hstack", "dstack", "block"].contains(&op);
    known.then(|| join(op, operands, args).map(|array| vec![array]))
}

/// Elementwise operations and all else that takes one or two arrays and gives one.
fn elementwise(op: &str, operands: &[Operand], args: &Json) -> Option<Outcomes> {
    let outcome = match operands {
        _ if op == "where" => choose(operands),
        [x] => one(op, x.array(), args),
        [Operand::Number(_), Operand::Number(_)] => Err("numbers only".into()),
        [_, _] => two(op, operands),
        _ => Err(format!("`{op}` of {} operands", operands.len())),
    };
    Some(outcome.map(|array| vec![array]))
}

fn fits<A: Typed>(array: Result<Array<A>, ArrayError>) -> Outcome {
    Ok(A::dynamic(array.unwrap()))
}

fn known(args: &Json, names: &[&str]) -> Result<(), String> {
    for (name, value) in args.as_object().unwrap() {
        if !names.contains(&name.as_str()) && !value.is_null() {
            return Err(format!("argument {name}"));
        }
    }
    Ok(())
}

fn create(op: &str, args: &Json) -> Outcome {
    let chunks = wishes(&args["chunks"], None);
    if op == "arange" {
        let dtype = text(&args["dtype"]);
        return match dtype {
            "int64" => {
                let of = |name: &str| args[name].as_i64().unwrap();
                fits(Array::arange(of("start"), of("stop"), of("step"), chunks))
            }
            "float64" => {
                let of = |name: &str| args[name].as_f64().unwrap();
                fits(Array::arange(of("start"), of("stop"), of("step"), chunks))
            }
            other => Err(format!("arange of {other}")),
        };
    }
    let shape = lengths(&args["shape"]);
    let value = match op {
        "zeros" => 0.0,
        "ones" => 1.0,
        _ => args["value"].as_f64().unwrap(),
    };
    let full = Array::full(&shape, value, chunks).unwrap();
    Dynamic::F64(full).astype(args["dtype"].as_str().unwrap_or("float64"))
}

fn choose(operands: &[Operand]) -> Outcome {
    let (a, b) = promote(&operands[1], &operands[2])?;
    let Dynamic::Bool(cond) = operands[0].array() else { return Err("a condition that is no bool".into()) };
    match (&a, &b) {
        (Operand::Array(a), Operand::Array(b)) => {
            with_type!(a, |a, T| fits(where_(cond, a, typed::<T>(b))))
        }
        (Operand::Array(a), Operand::Number(b)) => {
            with_type!(a, |a, T| fits(where_(cond, a, number::<T>(b))))
        }
        (Operand::Number(a), Operand::Array(b)) => {
            with_type!(b, |b, T| fits(where_(cond, number::<T>(a), b)))
        }
        _ => Err("numbers only".into()),
    }
}

/// Joins arrays, brought to the type that numpy gives their result.
fn join(op: &str, operands: &[Operand], args: &Json) -> Outcome {
    let dtypes = operands.iter().map(|operand| operand.array().dtype());
    let dtype = dtypes.reduce(common).ok_or("no operands")?;
    let arrays = operands.iter().map(|operand| operand.array().astype(dtype));
    let arrays = arrays.collect::<Result<Vec<_>, _>>()?;
    let axis = args["axis"].as_i64().unwrap_or_default() as isize;
    with_type!(&arrays[0], |first, T| {
        let _ = first;
        let arrays = arrays.iter().map(typed::<T>);
        fits(match op {
            "stack" => stack(arrays, axis),
            "concatenate" => concatenate(arrays, axis),
            "vstack" => vstack(arrays),
            "hstack" => hstack(arrays),
            "dstack" => dstack(arrays),
            _ => {
                let arrays: Vec<_> = arrays.collect();
                let rows = args["layout"].as_array().ok_or("no layout")?.iter();
                block(rows.map(|row| lengths(row).into_iter().map(|at| arrays[at]).collect::<Vec<_>>()))
            }
        })
    })
}

/// A number of a static type, by way of an array.
fn number<T: Typed>(value: &Json) -> T {
    let value = match value {
        Json::Bool(value) => f64::from(u8::from(*value)),
        value => value.as_f64().unwrap(),
    };
    let one = Array::full(&[], value, -1).unwrap().astype::<T>();
    one.item_with(&dask_sched_sync::Sync::new()).unwrap()
}

fn typed<T: Typed>(array: &Dynamic) -> &Array<T> {
    with_type!(array, |array, _S| (array as &dyn std::any::Any).downcast_ref().unwrap())
}

/// Brings two operands to the type that numpy gives their result.
fn promote(a: &Operand, b: &Operand) -> Result<(Operand, Operand), String> {
    let dtype = match (a, b) {
        (Operand::Array(a), Operand::Array(b)) => common(a.dtype(), b.dtype()),
        (Operand::Array(array), Operand::Number(number))
        | (Operand::Number(number), Operand::Array(array)) => match array.dtype() {
            float @ ("float16" | "float32" | "float64" | "complex64" | "complex128") => float,
            _ if number.is_f64() => "float64",
            "bool" => "int64",
            integer => integer,
        },
        _ => "float64",
    };
    let cast = |operand: &Operand| match operand {
        Operand::Array(array) => array.astype(dtype).map(Operand::Array),
        number => Ok(number.clone()),
    };
    Ok((cast(a)?, cast(b)?))
}

/// numpy's common type of two.
fn common(a: &'static str, b: &'static str) -> &'static str {
    name_of(dtype_of(a).promote(dtype_of(b)))
}

/// Runs an expression with `$x` the typed array of real numbers in a [`Dynamic`]; with `f16`, another expression on
/// half precision.
macro_rules! real {
    ($array:expr, |$x:ident, $T:ident| $body:expr) => {
        real!($array, |$x, $T| $body, f16 {
            type $T = dask_array::f16;
            $body
        })
    };
    ($array:expr, |$x:ident, $T:ident| $body:expr, f16 $half:block) => {
        match $array {
            Dynamic::I8($x) => {
                type $T = i8;
                $body
            }
            Dynamic::I16($x) => {
                type $T = i16;
                $body
            }
            Dynamic::I32($x) => {
                type $T = i32;
                $body
            }
            Dynamic::I64($x) => {
                type $T = i64;
                $body
            }
            Dynamic::U8($x) => {
                type $T = u8;
                $body
            }
            Dynamic::U16($x) => {
                type $T = u16;
                $body
            }
            Dynamic::U32($x) => {
                type $T = u32;
                $body
            }
            Dynamic::U64($x) => {
                type $T = u64;
                $body
            }
            Dynamic::F16($x) => $half,
            Dynamic::F32($x) => {
                type $T = f32;
                $body
            }
            Dynamic::F64($x) => {
                type $T = f64;
                $body
            }
            other => Err(format!("of {}", other.dtype())),
        }
    };
}
use real;

/// Runs an expression with `$x` the typed array of real or complex numbers in a [`Dynamic`].
macro_rules! numeric {
    ($array:expr, |$x:ident, $T:ident| $body:expr) => {
        match $array {
            Dynamic::C64($x) => {
                type $T = dask_array::c64;
                $body
            }
            Dynamic::C128($x) => {
                type $T = dask_array::c128;
                $body
            }
            other => real!(other, |$x, $T| $body),
        }
    };
}
use numeric;

macro_rules! bits {
    ($array:expr, |$x:ident, $T:ident| $body:expr) => {
        match $array {
            Dynamic::Bool($x) => {
                type $T = bool;
                $body
            }
            Dynamic::I8($x) => {
                type $T = i8;
                $body
            }
            Dynamic::I32($x) => {
                type $T = i32;
                $body
            }
            Dynamic::I64($x) => {
                type $T = i64;
                $body
            }
            Dynamic::U8($x) => {
                type $T = u8;
                $body
            }
            other => Err(format!("bits of {}", other.dtype())),
        }
    };
}

fn two(op: &str, operands: &[Operand]) -> Outcome {
    if op.starts_with("logical_") {
        let truth = |operand: &Operand| operand.array().astype("bool").map(Operand::Array);
        let [a, b] = [truth(&operands[0])?, truth(&operands[1])?];
        return pair(&op.replace("logical", "bitwise"), &a, &b);
    }
    let (a, b) = promote(&operands[0], &operands[1])?;
    match (&a, op) {
        (Operand::Array(Dynamic::Bool(_)), "add") => pair("bitwise_or", &a, &b),
        (Operand::Array(Dynamic::Bool(_)), "multiply") => pair("bitwise_and", &a, &b),
        _ => pair(op, &a, &b),
    }
}

fn pair(op: &str, a: &Operand, b: &Operand) -> Outcome {
    let Operand::Array(left) = a else {
        // A number on the left: as an array of no axes.
        let one = with_type!(b.array(), |x, T| {
            let _ = x;
            T::dynamic(
                Array::full(
                    &[],
                    number::<T>(match a {
                        Operand::Number(value) => value,
                        Operand::Array(_) => unreachable!(),
                    }),
                    -1,
                )
                .unwrap(),
            )
        });
        return pair(op, &Operand::Array(one), b);
    };
    macro_rules! other {
        ($T:ident, |$b:ident| $body:expr) => {
            match b {
                Operand::Array(b) => {
                    let $b = typed::<$T>(b);
                    fits($body)
                }
                Operand::Number(b) => {
                    let $b = number::<$T>(b);
                    fits($body)
                }
            }
        };
    }
    match op {
        "equal" => with_type!(left, |x, T| other!(T, |b| x.eq(b))),
        "not_equal" => with_type!(left, |x, T| other!(T, |b| x.ne(b))),
        "less" => with_type!(left, |x, T| other!(T, |b| x.lt(b))),
        "less_equal" => with_type!(left, |x, T| other!(T, |b| x.le(b))),
        "greater" => with_type!(left, |x, T| other!(T, |b| x.gt(b))),
        "greater_equal" => with_type!(left, |x, T| other!(T, |b| x.ge(b))),
        "maximum" => with_type!(left, |x, T| other!(T, |b| x.maximum(b))),
        "minimum" => with_type!(left, |x, T| other!(T, |b| x.minimum(b))),
        "add" => numeric!(left, |x, T| other!(T, |b| x.try_add(b))),
        "subtract" => numeric!(left, |x, T| other!(T, |b| x.try_sub(b))),
        "multiply" => numeric!(left, |x, T| other!(T, |b| x.try_mul(b))),
        "divide" | "true_divide" => numeric!(left, |x, T| other!(T, |b| x.try_div(b))),
        "floor_divide" => real!(left, |x, T| other!(T, |b| x.floor_divide(b))),
        "mod" | "remainder" => real!(left, |x, T| other!(T, |b| x.remainder(b))),
        "power" => numeric!(left, |x, T| other!(T, |b| x.power(b))),
        "bitwise_and" => bits!(left, |x, T| other!(T, |b| x.try_and(b))),
        "bitwise_or" => bits!(left, |x, T| other!(T, |b| x.try_or(b))),
        "bitwise_xor" => bits!(left, |x, T| other!(T, |b| x.try_xor(b))),
        other => Err(format!("operation {other}")),
    }
}

fn plain<A: Typed>(array: Array<A>) -> Outcome {
    Ok(A::dynamic(array))
}

fn negated<A: Number + Typed>(x: &Array<A>) -> Outcome {
    plain(-x)
}

fn like(op: &str, x: &Dynamic, args: &Json) -> Outcome {
    let value = match op {
        "zeros_like" => 0.0,
        "ones_like" => 1.0,
        _ => args["value"].as_f64().unwrap(),
    };
    let full = Array::full(x.shape(), value, x.chunks().to_vec()).unwrap();
    Dynamic::F64(full).astype(args["dtype"].as_str().unwrap_or(x.dtype()))
}

fn one(op: &str, x: &Dynamic, args: &Json) -> Outcome {
    match op {
        "zeros_like" | "ones_like" | "full_like" => return like(op, x, args),
        "astype" => return x.astype(text(&args["dtype"])),
        "getitem" => {
            let index = index(&args["index"], x.shape())?;
            return with_type!(x, |x, _T| fits(x.slice(index)));
        }
        "transpose" => {
            return with_type!(x, |x, _T| match args["axes"].as_array() {
                None => plain(x.t()),
                Some(axes) => {
                    let axes: Vec<isize> = axes.iter().map(|axis| axis.as_i64().unwrap() as isize).collect();
                    fits(x.transpose(&axes))
                }
            });
        }
        "rechunk" => {
            let chunks = wishes(&args["chunks"], None);
            return with_type!(x, |x, _T| fits(x.rechunk(chunks)));
        }
        "broadcast_to" => {
            return with_type!(x, |x, _T| fits(x.broadcast_to(&lengths(&args["shape"]))));
        }
        "clip" => return numeric!(x, |x, T| clip::<T>(x, args)),
        _ => {}
    }
    match op {
        "negative" => numeric!(x, |x, _T| negated(x)),
        "absolute" => numeric!(x, |x, _T| plain(x.abs())),
        "square" => numeric!(x, |x, _T| plain(x.square())),
        "sign" => numeric!(x, |x, _T| plain(x.sign())),
        "floor" => real!(x, |x, _T| plain(x.floor())),
        "ceil" => real!(x, |x, _T| plain(x.ceil())),
        "rint" => numeric!(x, |x, _T| plain(x.rint())),
        "trunc" => real!(x, |x, _T| plain(x.trunc())),
        "reciprocal" => match x {
            Dynamic::F32(x) => reciprocal(x),
            Dynamic::F64(x) => reciprocal(x),
            Dynamic::C64(x) => reciprocal(x),
            Dynamic::C128(x) => reciprocal(x),
            _ => Err("reciprocal of integers".into()),
        },
        "sqrt" => with_type!(x, |x, _T| plain(x.sqrt())),
        "exp" => with_type!(x, |x, _T| plain(x.exp())),
        "expm1" => with_type!(x, |x, _T| plain(x.expm1())),
        "log" => with_type!(x, |x, _T| plain(x.log())),
        "log1p" => with_type!(x, |x, _T| plain(x.log1p())),
        "sin" => with_type!(x, |x, _T| plain(x.sin())),
        "cos" => with_type!(x, |x, _T| plain(x.cos())),
        "tan" => with_type!(x, |x, _T| plain(x.tan())),
        "tanh" => with_type!(x, |x, _T| plain(x.tanh())),
        "conj" => with_type!(x, |x, _T| plain(x.conj())),
        "real" => with_type!(x, |x, _T| plain(x.real())),
        "imag" => with_type!(x, |x, _T| plain(x.imag())),
        "isnan" => with_type!(x, |x, _T| plain(x.is_nan())),
        "isinf" => with_type!(x, |x, _T| plain(x.is_infinite())),
        "isfinite" => with_type!(x, |x, _T| plain(x.is_finite())),
        "invert" => bits!(x, |x, _T| plain(!x)),
        "logical_not" => match x.astype("bool")? {
            Dynamic::Bool(x) => plain(!x),
            _ => unreachable!(),
        },
        other => Err(format!("operation {other}")),
    }
}

fn reciprocal<A: Inexact + Typed>(x: &Array<A>) -> Outcome {
    plain(x.reciprocal())
}

fn clip<T: Number + Typed>(x: &Array<T>, args: &Json) -> Outcome {
    let bound = |name: &str| (!args[name].is_null()).then(|| number::<T>(&args[name]));
    plain(x.clip(bound("min"), bound("max")))
}

/// A Python index as ndarray writes it. Python cuts bounds that lie outside, ndarray refuses them.
fn index(index: &Json, shape: &[usize]) -> Result<Vec<SliceInfoElem>, String> {
    let parts = index.as_array().unwrap();
    let is_axis = |part: &&Json| *part != "newaxis" && *part != "ellipsis";
    let named = parts.iter().filter(is_axis).count();
    let mut elems = Vec::new();
    let mut axis = 0;
    for part in parts {
        match part {
            Json::String(word) if word == "newaxis" => elems.push(NewAxis.into()),
            Json::String(_) => {
                for _ in named..shape.len() {
                    elems.push((..).into());
                    axis += 1;
                }
            }
            Json::Number(at) => {
                elems.push(SliceInfoElem::Index(at.as_i64().unwrap() as isize));
                axis += 1;
            }
            Json::Object(slice) if slice.contains_key("slice") => {
                elems.push(range(&slice["slice"], shape[axis] as isize));
                axis += 1;
            }
            other => return Err(format!("index {other}")),
        }
    }
    Ok(elems)
}

/// Python's rules for `start:stop:step`.
fn range(slice: &Json, n: isize) -> SliceInfoElem {
    let part = |at: usize| slice[at].as_i64().map(|x| x as isize);
    let step = part(2).unwrap_or(1);
    let bound = |given: Option<isize>, default: isize| {
        let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
        given.map_or(default, |x| (if x < 0 { x + n } else { x }).clamp(low, high))
    };
    if step > 0 {
        let (start, stop) = (bound(part(0), 0), bound(part(1), n));
        return SliceInfoElem::Slice { start, end: Some(stop.max(start)), step };
    }
    // Down from `start` to just above `stop` is the range from there up to `start`, backwards.
    let (start, stop) = (bound(part(0), n - 1), bound(part(1), -1));
    SliceInfoElem::Slice { start: (stop + 1).min(start + 1), end: Some(start + 1), step }
}
