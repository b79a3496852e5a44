//! Fancy indexing and assignment.

use dask_array::{Ellipsis, Index, Other, Positions};
use serde_json::Value as Json;

use super::super::dynamic::{Dynamic, Typed, with_type};
use super::{Operand, Outcomes, fits, number, range, typed};

pub(super) fn indexed(op: &str, operands: &[Operand], args: &Json) -> Option<Outcomes> {
    let x = operands.first().map(|operand| match operand {
        Operand::Array(array) => Some(array),
        Operand::Number(_) => None,
    })??;
    let axis = args["axis"].as_i64().unwrap_or_default() as isize;
    let outcome = match op {
        "getitem" => {
            let index = index(&args["index"], x.shape());
            with_type!(x, |x, _T| fits(x.index(index)))
        }
        "vindex" => {
            let lists = args["index"].as_array().unwrap().iter();
            let lists: Vec<Positions> = lists.map(|list| integers(&list["list"]).into()).collect();
            with_type!(x, |x, _T| fits(x.vindex(lists)))
        }
        "take" => with_type!(x, |x, _T| fits(x.take(integers(&args["indices"]), axis))),
        "compress" => with_type!(x, |x, _T| fits(x.compress(bools(&args["condition"]), axis))),
        "setitem" => with_type!(x, |x, T| {
            let value = match args["value_operand"].as_u64() {
                Some(at) => Value::<T>::Array(typed::<T>(operands[at as usize].array()).clone()),
                None => Value::Number(number::<T>(&args["value"])),
            };
            fits(match args["index"][0].get("array") {
                Some(at) => {
                    let Dynamic::Bool(mask) = operands[at.as_u64().unwrap() as usize].array() else {
                        panic!("a mask that is no bool")
                    };
                    x.set_where(mask, value)
                }
                None => x.set(index(&args["index"], x.shape()), value),
            })
        }),
        _ => return None,
    };
    Some(outcome.map(|array| vec![array]))
}

/// A number or an array.
enum Value<T: Typed> {
    Number(T),
    Array(dask_array::Array<T>),
}

impl<T: Typed> Other<T> for Value<T> {
    fn array(&self) -> Option<&dask_array::Array<T>> {
        match self {
            Value::Array(array) => Some(array),
            Value::Number(_) => None,
        }
    }

    fn number(&self) -> Option<T> {
        match self {
            Value::Number(number) => Some(*number),
            Value::Array(_) => None,
        }
    }
}

fn integers(list: &Json) -> Vec<i64> {
    list.as_array().unwrap().iter().map(|at| at.as_i64().unwrap()).collect()
}

fn bools(list: &Json) -> Vec<bool> {
    list.as_array().unwrap().iter().map(|holds| holds.as_bool().unwrap()).collect()
}

fn index(index: &Json, shape: &[usize]) -> Vec<Index> {
    let parts = index.as_array().unwrap();
    let named = parts.iter().filter(|part| **part != "newaxis" && **part != "ellipsis").count();
    let mut axis = 0;
    let part = |part: &Json| {
        let at = axis;
        axis += match part.as_str() {
            Some("newaxis") => 0,
            Some(_) => shape.len() - named,
            None => 1,
        };
        match part {
            Json::String(word) if word == "newaxis" => Index::NewAxis,
            Json::String(_) => Ellipsis.into(),
            Json::Number(at) => Index::At(at.as_i64().unwrap() as isize),
            part if part.get("slice").is_some() => range(&part["slice"], shape[at] as isize).into(),
            part if part.get("list").is_some() => integers(&part["list"]).into(),
            part => bools(&part["mask"]).into(),
        }
    };
    parts.iter().map(part).collect()
}
