//! The expression language of the golden cases: functions over JSON values.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A JSON value as an item of a bag: ordered, and hashed and sent as its text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct J(pub(crate) Value);

impl TryFrom<String> for J {
    type Error = serde_json::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        serde_json::from_str(&text).map(Self)
    }
}

impl From<J> for String {
    fn from(J(value): J) -> Self {
        value.to_string()
    }
}

impl PartialEq for J {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for J {}

impl PartialOrd for J {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for J {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

impl Hash for J {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_string().hash(state);
    }
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.as_f64().unwrap().total_cmp(&b.as_f64().unwrap()),
        },
        (Value::Array(a), Value::Array(b)) => {
            let differing = a.iter().zip(b).map(|(a, b)| compare(a, b)).find(|o| o.is_ne());
            differing.unwrap_or(a.len().cmp(&b.len()))
        }
        // Only their being equal or not matters.
        _ => a.to_string().cmp(&b.to_string()),
    }
}

/// The value of an expression, with variables.
pub(crate) fn eval(e: &Value, env: &[(&str, &Value)]) -> Value {
    match e {
        Value::String(name) => {
            let found = env.iter().find(|(n, _)| n == name);
            found.unwrap_or_else(|| panic!("no variable {name}")).1.clone()
        }
        Value::Array(call) => {
            let (name, args) = (call[0].as_str().unwrap(), &call[1..]);
            match name {
                "lit" => args[0].clone(),
                "if" => eval(if truth(&eval(&args[0], env)) { &args[1] } else { &args[2] }, env),
                "and" => {
                    let first = eval(&args[0], env);
                    if truth(&first) { eval(&args[1], env) } else { first }
                }
                "or" => {
                    let first = eval(&args[0], env);
                    if truth(&first) { first } else { eval(&args[1], env) }
                }
                _ => function(name, &args.iter().map(|a| eval(a, env)).collect::<Vec<_>>()),
            }
        }
        constant => constant.clone(),
    }
}

/// What counts as true in Python.
pub(crate) fn truth(v: &Value) -> bool {
    match v {
        Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64() != Some(0.0),
        Value::String(s) => !s.is_empty(),
        Value::Array(a) => !a.is_empty(),
        Value::Object(o) => !o.is_empty(),
    }
}

pub(crate) fn get(container: &Value, key: &Value) -> Value {
    let found = match key {
        Value::String(key) => container.get(key),
        _ => container.get(key.as_u64().unwrap() as usize),
    };
    found.unwrap_or_else(|| panic!("no {key} in {container}")).clone()
}

fn int(v: &Value) -> i64 {
    v.as_i64().unwrap_or_else(|| panic!("{v} is no integer"))
}

fn text(v: &Value) -> &str {
    v.as_str().unwrap_or_else(|| panic!("{v} is no text"))
}

pub(crate) fn list(v: &Value) -> &Vec<Value> {
    v.as_array().unwrap_or_else(|| panic!("{v} is no list"))
}

fn function(name: &str, a: &[Value]) -> Value {
    let order = || compare(&a[0], &a[1]);
    match name {
        "add" => json!(int(&a[0]) + int(&a[1])),
        "sub" => json!(int(&a[0]) - int(&a[1])),
        "mul" => json!(int(&a[0]) * int(&a[1])),
        "mod" => json!(int(&a[0]).rem_euclid(int(&a[1]))),
        "floordiv" => json!(int(&a[0]).div_euclid(int(&a[1]))),
        "neg" => json!(-int(&a[0])),
        "eq" => json!(order().is_eq()),
        "lt" => json!(order().is_lt()),
        "gt" => json!(order().is_gt()),
        "ge" => json!(order().is_ge()),
        "not" => json!(!truth(&a[0])),
        "isnull" => json!(a[0].is_null()),
        "len" => json!(match &a[0] {
            Value::String(s) => s.chars().count(),
            other => list(other).len(),
        }),
        "max" => a.iter().max_by(|a, b| compare(a, b)).unwrap().clone(),
        "sum" => json!(list(&a[0]).iter().map(int).sum::<i64>()),
        "get" => get(&a[0], &a[1]),
        "pluck" => list(&a[0]).iter().map(|v| get(v, &a[1])).collect(),
        "list" => Value::Array(a.to_vec()),
        "union" => {
            let mut all: Vec<J> = list(&a[0]).iter().chain(list(&a[1])).cloned().map(J).collect();
            all.sort();
            all.dedup();
            all.into_iter().map(|j| j.0).collect()
        }
        "char" => json!(text(&a[0]).chars().nth(int(&a[1]) as usize).unwrap().to_string()),
        "json" => serde_json::from_str(text(&a[0])).unwrap(),
        _ => panic!("no function {name}"),
    }
}

/// The functions of whole partitions.
pub(crate) fn of_partition(name: &str, mut items: Vec<Value>) -> Value {
    match name {
        "sum" => json!(items.iter().map(int).sum::<i64>()),
        "max" => items.into_iter().max_by(compare).unwrap(),
        "sorted" => {
            items.sort_by(compare);
            Value::Array(items)
        }
        "reversed" => {
            items.reverse();
            Value::Array(items)
        }
        _ => panic!("no function {name} of partitions"),
    }
}
