//! The golden cases: what dask.bag and plain Python gave.

use std::path::{Path, PathBuf};

use dask_bag::{Bag, Item, Partitions, ReadText};
use dask_graph::{Collection, Scheduler};
use serde_json::{Value, json};

use super::expression::{J, eval, get, list, method, of_partition, truth};
use super::runners::{chain, in_process};

/// Cases whose operations come with a later issue, and these operations.
const LATER: &[(&str, &str)] = &[
    ("groupby-001", "groupby"),
    ("groupby-002", "groupby"),
    ("groupby-003", "groupby"),
    ("join-001", "join"),
    ("join-002", "join"),
    ("join-003", "product"),
    ("partition-003", "repartition"),
    ("partition-004", "repartition"),
    ("accumulate-001", "accumulate"),
    ("accumulate-002", "accumulate"),
];

/// Cases whose answers depend on how the source is cut, which are therefore run on their own cut only.
const AS_CUT: &[&str] = &["reduce-010", "partition-001", "partition-002", "partition-005", "partition-006"];

/// How the source of a case is cut into partitions.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cut {
    /// As the case says.
    Own,
    One,
    /// One item, or 20 bytes of a file (less than a line), a partition.
    Each,
    /// 0, 1, 2, 3, 0, 1, ... items, and an empty partition at the end; files in blocks of 37 bytes.
    Uneven,
}

const CUTS: [Cut; 4] = [Cut::Own, Cut::One, Cut::Each, Cut::Uneven];

#[test]
fn every_case_gives_the_golden_answer() {
    let index = index();
    // The expressions of the cases are captured, so they stay in this process.
    let schedulers = in_process();
    let (mut ran, mut later) = (0, 0);
    for case in list(&index["cases"]) {
        let id = case["id"].as_str().unwrap();
        if let Some((_, op)) = LATER.iter().find(|(later, _)| *later == id) {
            let missing = build(case, Cut::Own).expect_err(id);
            assert_eq!(missing, *op, "{id} stands in the table of later cases for another reason");
            later += 1;
            continue;
        }
        for cut in CUTS {
            if cut != Cut::Own && AS_CUT.contains(&id) {
                continue;
            }
            let built = build(case, cut).unwrap_or_else(|op| panic!("{id} needs {op}: run it or table it"));
            for (name, scheduler) in &schedulers {
                let got = built.compute(&**scheduler);
                check(case, &got, &format!("{id}, {cut:?}, {name}"));
            }
            ran += 1;
        }
    }
    assert_eq!(later, LATER.len(), "the table names cases that are not there");
    assert_eq!(ran, 4 * (73 - LATER.len() - AS_CUT.len()) + AS_CUT.len());
}

#[test]
fn sources_are_cut_as_dask_cuts_them() {
    let index = index();
    let mut ran = 0;
    for case in list(&index["cases"]).iter().filter(|case| case["group"] == "source") {
        let Ok(Built::Bag(bag)) = build(case, Cut::Own) else { panic!("{case}") };
        let sizes = bag.map_partitions(|items| [json!(items.len())]);
        let got = sizes.compute_with(&dask_sched_sync::Sync::new()).unwrap();
        assert_eq!(Value::Array(got), case["dask_partitions"], "{}", case["id"]);
        ran += 1;
    }
    assert_eq!(ran, 6);
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn index() -> Value {
    let text = std::fs::read_to_string(golden().join("index.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Compares an answer as the case says.
#[track_caller]
fn check(case: &Value, got: &Value, what: &str) {
    let expected = &case["expected"];
    let sorted = |v: &Value| {
        let mut items: Vec<J> = list(v).iter().cloned().map(J).collect();
        items.sort();
        items
    };
    match case["check"].as_str().unwrap() {
        "list" => assert_eq!(J(got.clone()), J(expected.clone()), "{what}"),
        "multiset" => assert_eq!(sorted(got), sorted(expected), "{what}"),
        "close" => {
            let (got, expected) = (got.as_f64().unwrap(), expected.as_f64().unwrap());
            let rtol = case["rtol"].as_f64().unwrap();
            assert!((got - expected).abs() <= rtol * expected.abs(), "{what}: {got}, {expected}");
        }
        other => panic!("{what}: no check {other}"),
    }
}

/// The collection that a case ends in.
#[derive(Debug)]
enum Built {
    Bag(Bag<J>),
    Item(Item<J>),
    Several(Vec<Bag<J>>),
}

impl Built {
    fn compute(&self, scheduler: &dyn Scheduler) -> Value {
        let items = |bag: &Bag<J>| -> Value {
            let items = bag.compute_with(scheduler).unwrap_or_else(|e| panic!("{}", chain(&e)));
            items.into_iter().map(|j| j.0).collect()
        };
        match self {
            Self::Bag(bag) => items(bag),
            Self::Item(item) => item.compute_with(scheduler).unwrap_or_else(|e| panic!("{}", chain(&e))).0,
            Self::Several(bags) => bags.iter().map(items).collect(),
        }
    }
}

/// Builds a case; the error is the name of an operation that is not there.
fn build(case: &Value, cut: Cut) -> Result<Built, String> {
    let mut built = Built::Bag(source(&case["source"], cut));
    for step in list(&case["steps"]) {
        let Built::Bag(bag) = built else { panic!("{} goes on after its result", case["id"]) };
        built = apply(&bag, step, cut)?;
    }
    Ok(built)
}

fn source(source: &Value, cut: Cut) -> Bag<J> {
    let count = |field: &str| source[field].as_u64().map(|n| n as usize);
    if let Some(file) = source["file"].as_str() {
        let extension = if file == "accounts" { "jsonl" } else { "txt" };
        let path = golden().join("in").join(format!("{file}.{extension}"));
        let text = ReadText::files([path]).keep_line_ends(true);
        let text = match (cut, count("blocksize")) {
            (Cut::Own, Some(n)) => text.blocksize(n as u64),
            (Cut::Each, _) => text.blocksize(20),
            (Cut::Uneven, _) => text.blocksize(37),
            _ => text,
        };
        let lines = text.lines().unwrap();
        return match source["json"].as_bool() {
            Some(true) => lines.try_map(|line| serde_json::from_str(&line).map(J)),
            _ => lines.map(|line| J(json!(line))),
        };
    }
    let n = count("npartitions");
    if let Some(end) = source["range"].as_u64() {
        let cut = match cut {
            Cut::Own => Partitions::count(n.unwrap()),
            Cut::One => Partitions::count(1),
            Cut::Each => Partitions::size(1),
            Cut::Uneven => Partitions::size(3),
        };
        return Bag::range(end, cut).map(|n| J(json!(n)));
    }
    let items: Vec<J> = list(&source["sequence"]).iter().cloned().map(J).collect();
    match (cut, n) {
        (Cut::Own, Some(n)) => Bag::from_sequence(items, Partitions::count(n)),
        (Cut::Own, None) => Bag::from_sequence(items, Partitions::size(count("partition_size").unwrap())),
        (Cut::One, _) => Bag::from_sequence(items, Partitions::count(1)),
        (Cut::Each, _) => Bag::from_sequence(items, Partitions::size(1)),
        (Cut::Uneven, _) => {
            let mut items = items.into_iter().peekable();
            let mut parts = Vec::new();
            while items.peek().is_some() {
                parts.push(items.by_ref().take(parts.len() % 4).collect());
            }
            parts.push(Vec::new());
            Bag::from_partitions(parts)
        }
    }
}

/// A function of one variable, `x`.
fn of_x(e: &Value) -> impl Fn(&J) -> Value + Send + Sync + Clone + 'static {
    let e = e.clone();
    move |x| eval(&e, &[("x", &x.0)])
}

/// A function of two variables.
fn of_two(e: &Value, a: &'static str, b: &'static str) -> impl Fn(J, J) -> J + Send + Sync + Clone + 'static {
    let e = e.clone();
    move |left, right| J(eval(&e, &[(a, &left.0), (b, &right.0)]))
}

fn apply(bag: &Bag<J>, step: &Value, cut: Cut) -> Result<Built, String> {
    let op = step["op"].as_str().unwrap();
    let bag = match step["split_every"].as_u64() {
        Some(n) => bag.clone().split_every(n as usize),
        None => bag.clone(),
    };
    let expression = |name: &str| step.get(name).cloned();
    let other = || source(&step["other"], cut);
    let integers = || bag.try_map(|j| j.0.as_i64().ok_or(format!("{} is no integer", j.0)));
    let booleans = || bag.map(|j| truth(&j.0));
    let pairs = |bag: Bag<(J, J)>| bag.map(|(a, b)| J(json!([a.0, b.0])));
    Ok(Built::Bag(match op {
        "map" if step.get("other").is_some() => {
            let f = of_two(&step["f"], "x", "y");
            bag.zip(&other()).unwrap().map(move |(x, y)| f(x, y))
        }
        "map" => {
            let f = of_x(&step["f"]);
            bag.map(move |x| J(f(&x)))
        }
        "filter" => {
            let f = of_x(&step["f"]);
            bag.filter(move |x| truth(&f(x)))
        }
        "remove" => {
            let f = of_x(&step["f"]);
            bag.remove(move |x| truth(&f(x)))
        }
        "starmap" => {
            let (f, names) = (step["f"].clone(), list(&step["names"]).clone());
            bag.map(move |x| {
                let env: Vec<_> = names.iter().map(|n| n.as_str().unwrap()).zip(list(&x.0)).collect();
                J(eval(&f, &env))
            })
        }
        "pluck" => {
            let (key, default) = (step["key"].clone(), expression("default"));
            bag.map(move |x| {
                let one = |key: &Value| match (&default, key) {
                    (Some(default), Value::String(name)) => x.0.get(name).unwrap_or(default).clone(),
                    _ => get(&x.0, key),
                };
                J(key.as_array().map_or_else(|| one(&key), |keys| keys.iter().map(one).collect()))
            })
        }
        "flatten" => bag.flat_map(|x| list(&x.0).iter().cloned().map(J).collect::<Vec<_>>()),
        "str" => {
            let name = step["method"].as_str().unwrap().to_owned();
            let args = step["args"].as_array().cloned().unwrap_or_default();
            bag.map(move |x| J(method(&name, &x.0, &args)))
        }
        "distinct" if step.get("key").is_none() => bag.distinct(),
        "distinct" => {
            let key = of_x(&step["key"]);
            bag.distinct_by(move |x| J(key(x)))
        }
        "frequencies" => bag.frequencies().map(|(item, n)| J(json!([item.0, n]))),
        "topk" => {
            let k = step["k"].as_u64().unwrap() as usize;
            match expression("key") {
                None => bag.topk(k),
                Some(key) => {
                    let key = of_x(&key);
                    bag.topk_by_key(k, move |x| J(key(x)))
                }
            }
        }
        "foldby" => {
            let key = of_x(&step["key"]);
            let binop = of_two(&step["binop"], "acc", "x");
            let combine = match expression("combine") {
                Some(e) => of_two(&e, "a", "b"),
                None => of_two(&step["binop"], "acc", "x"),
            };
            // Without an initial value the first item of a key is where its fold starts.
            let folded = bag.foldby(
                move |x| J(key(x)),
                expression("initial").map(J),
                move |acc, x| Some(acc.map_or_else(|| x.clone(), |acc| binop(acc, x.clone()))),
                move |a, b| match (a, b) {
                    (Some(a), Some(b)) => Some(combine(a, b)),
                    (a, b) => a.or(b),
                },
            );
            folded.map(|(key, acc)| J(json!([key.0, acc.map(|j| j.0)])))
        }
        "zip" => pairs(bag.zip(&other()).unwrap()),
        "concat" => {
            let others: Vec<_> = list(&step["others"]).iter().map(|s| source(s, cut)).collect();
            bag.concat(&others)
        }
        "unzip" => {
            assert_eq!(step["n"], 2);
            let (a, b) = bag.map(|x| (J(x.0[0].clone()), J(x.0[1].clone()))).unzip();
            return Ok(Built::Several(vec![a, b]));
        }
        "map_partitions" => {
            let name = step["f"].as_str().unwrap().to_owned();
            bag.map_partitions(move |items| {
                let made = of_partition(&name, items.into_iter().map(|j| j.0).collect());
                list(&made).iter().cloned().map(J).collect::<Vec<_>>()
            })
        }
        "take" => {
            let n = usize::try_from(step["npartitions"].as_i64().unwrap_or(1)).unwrap_or(usize::MAX);
            bag.head(step["k"].as_u64().unwrap() as usize, n)
        }
        _ => {
            return Ok(Built::Item(match op {
                "fold" => {
                    let binop = of_two(&step["binop"], "acc", "x");
                    match (expression("initial"), expression("combine")) {
                        (Some(init), Some(combine)) => bag.fold(J(init), binop, of_two(&combine, "a", "b")),
                        (Some(init), None) => bag.fold(J(init), binop.clone(), binop),
                        (None, _) => bag.reduce(binop).map(|most| most.unwrap_or(J(Value::Null))),
                    }
                }
                "reduction" => {
                    let of = |name: &str| step[name].as_str().unwrap().to_owned();
                    let (per, aggregate) = (of("perpartition"), of("aggregate"));
                    // Empty partitions have no part in it, as in dask.
                    let reduced = bag.reduction(
                        move |items| {
                            let items: Vec<Value> = items.into_iter().map(|j| j.0).collect();
                            (!items.is_empty()).then(|| J(of_partition(&per, items)))
                        },
                        move |parts| {
                            let parts: Vec<Value> = parts.into_iter().flatten().map(|j| j.0).collect();
                            (!parts.is_empty()).then(|| J(of_partition(&aggregate, parts)))
                        },
                    );
                    reduced.map(|r| r.unwrap_or(J(Value::Null)))
                }
                "sum" => integers().sum().map(|n| J(json!(n))),
                "min" => bag.min().map(|m| m.unwrap_or(J(Value::Null))),
                "max" => bag.max().map(|m| m.unwrap_or(J(Value::Null))),
                "any" => booleans().any().map(|b| J(json!(b))),
                "all" => booleans().all().map(|b| J(json!(b))),
                "count" => bag.count().map(|n| J(json!(n))),
                "mean" => integers().mean().map(|m| J(json!(m))),
                "var" => integers().var(step["ddof"].as_u64().unwrap_or(0)).map(|m| J(json!(m))),
                "std" => integers().std(step["ddof"].as_u64().unwrap_or(0)).map(|m| J(json!(m))),
                other => return Err(other.to_owned()),
            }));
        }
    }))
}
