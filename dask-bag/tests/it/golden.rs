//! The golden cases: what dask.bag and plain Python gave, on schedulers of the caller's choice.
//!
//! Functions of the cases are data, which is given to bags as state or goes along with the items: closures that
//! capture it could not leave the process.

use std::path::{Path, PathBuf};

use dask_bag::{Bag, Field, Item, Partitions, ReadText};
use dask_graph::{Collection, Scheduler, make_option_portable, make_pair_portable, make_portable};
use serde_json::{Value, json};

use super::errors::chain;
use super::expression::{J, eval, list, of_partition, truth};

/// Cases whose answers depend on how the source is cut, which are therefore run on their own cut only.
const AS_CUT: &[&str] = &["reduce-010", "partition-001", "partition-002", "partition-005", "partition-006"];

/// How the source of a case is cut into partitions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cut {
    /// As the case says.
    Own,
    One,
    /// One item, or 20 bytes of a file (less than a line), a partition.
    Each,
    /// 0, 1, 2, 3, 0, 1, ... items, and an empty partition at the end; files in blocks of 37 bytes.
    Uneven,
}

impl Cut {
    /// All of them; the first two are a sample.
    pub(crate) const ALL: [Self; 4] = [Self::Own, Self::Uneven, Self::One, Self::Each];
}

/// Computes every case in these cuts on these schedulers; returns how many cases there are, each cut counted.
pub(crate) fn check(schedulers: &[(&str, Box<dyn Scheduler>)], cuts: &[Cut]) -> usize {
    make_portable::<J>();
    make_pair_portable::<J, J>();
    make_option_portable::<(J, J)>();
    let index = index();
    let mut ran = 0;
    for case in list(&index["cases"]) {
        let id = case["id"].as_str().unwrap();
        for &cut in cuts {
            if cut != Cut::Own && AS_CUT.contains(&id) {
                continue;
            }
            let built = build(case, cut).unwrap_or_else(|op| panic!("{id} needs {op}"));
            for (name, scheduler) in schedulers {
                let got = built.compute(&**scheduler);
                compare(case, &got, &format!("{id}, {cut:?}, {name}"));
            }
            ran += 1;
        }
    }
    ran
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

pub(crate) fn index() -> Value {
    let text = std::fs::read_to_string(golden().join("index.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Compares an answer as the case says.
#[track_caller]
fn compare(case: &Value, got: &Value, what: &str) {
    let expected = &case["expected"];
    let sorted = |v: &Value| {
        let mut items: Vec<J> = list(v).iter().cloned().map(J).collect();
        items.sort();
        items
    };
    match case["check"].as_str().unwrap() {
        "list" => assert_eq!(J(got.clone()), J(expected.clone()), "{what}"),
        "multiset" => assert_eq!(sorted(got), sorted(expected), "{what}"),
        // Pairs of a key and a list, both in any order.
        "groups" => {
            let sorted_groups = |groups: &Value| -> Vec<J> {
                let group = |group: &Value| json!([group[0], values(sorted(&group[1]))]);
                sorted(&list(groups).iter().map(group).collect())
            };
            assert_eq!(sorted_groups(got), sorted_groups(expected), "{what}");
        }
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
pub(crate) enum Built {
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
pub(crate) fn build(case: &Value, cut: Cut) -> Result<Built, String> {
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

/// What a function of the step, of this name, makes of one variable, `x`.
fn of_x(step: &J, name: &str, x: &J) -> J {
    J(eval(&step.0[name], &[("x", &x.0)]))
}

/// What a function of the step makes of two variables.
fn of_two(step: &J, name: &str, [a, b]: [&str; 2], left: &J, right: &J) -> J {
    J(eval(&step.0[name], &[(a, &left.0), (b, &right.0)]))
}

/// Joins two results of folds: by a function of its own, if the step has one.
fn combined(step: &J, a: &J, b: &J) -> J {
    match step.0.get("combine") {
        Some(_) => of_two(step, "combine", ["a", "b"], a, b),
        None => of_two(step, "binop", ["acc", "x"], a, b),
    }
}

fn values(items: Vec<J>) -> Vec<Value> {
    items.into_iter().map(|j| j.0).collect()
}

fn apply(bag: &Bag<J>, step: &Value, cut: Cut) -> Result<Built, String> {
    let op = step["op"].as_str().unwrap();
    let bag = match step["split_every"].as_u64() {
        Some(n) => bag.clone().split_every(n as usize),
        None => bag.clone(),
    };
    let state = || J(step.clone());
    // For methods whose functions are given nothing but items.
    let with_step = || bag.map_with(state(), |step, x| (x, step.clone()));
    let initial = || step.get("initial").cloned().map(J);
    let other = || source(&step["other"], cut);
    let integers = || bag.try_map(|j| j.0.as_i64().ok_or(format!("{} is no integer", j.0)));
    let booleans = || bag.map(|j| truth(&j.0));
    let pairs = |bag: Bag<(J, J)>| bag.map(|(a, b)| J(json!([a.0, b.0])));
    Ok(Built::Bag(match op {
        "map" if step.get("other").is_some() => {
            let zipped = bag.zip(&other()).unwrap();
            zipped.map_with(state(), |step, (x, y)| of_two(step, "f", ["x", "y"], &x, &y))
        }
        "map" => bag.map_with(state(), |step, x| of_x(step, "f", &x)),
        "filter" => bag.filter_with(state(), |step, x| truth(&of_x(step, "f", x).0)),
        "remove" => with_step().remove(|(x, step)| truth(&of_x(step, "f", x).0)).map(|(x, _)| x),
        "starmap" => bag.map_with(state(), |step, x| {
            let names = list(&step.0["names"]).iter().map(|n| n.as_str().unwrap());
            J(eval(&step.0["f"], &names.zip(list(&x.0)).collect::<Vec<_>>()))
        }),
        "pluck" => {
            let values = bag.map(|j| j.0);
            let field = |key: &Value| match key {
                Value::String(name) => Field::from(name.as_str()),
                place => Field::from(place.as_u64().unwrap() as usize),
            };
            match (&step["key"], step.get("default")) {
                (Value::Array(keys), None) => values.pluck_many(keys.iter().map(field)).map(|v| J(json!(v))),
                (key, Some(default)) => values.pluck_or(field(key), default.clone()).map(J),
                (key, None) => values.pluck(field(key)).map(J),
            }
        }
        "flatten" => bag.flat_map(|x| list(&x.0).iter().cloned().map(J).collect::<Vec<_>>()),
        "str" => {
            let texts = bag.try_map(|j| j.0.as_str().map(str::to_owned).ok_or(format!("{} is no text", j.0)));
            match (step["method"].as_str().unwrap(), step["args"].as_array().map(Vec::as_slice)) {
                ("strip", None) => texts.str().strip().map(|s| J(json!(s))),
                ("upper", None) => texts.str().upper().map(|s| J(json!(s))),
                ("split", None) => texts.str().split().map(|words| J(json!(words))),
                ("split", Some([by])) => {
                    texts.str().split_by(by.as_str().unwrap()).map(|words| J(json!(words)))
                }
                other => panic!("no method {other:?}"),
            }
        }
        "distinct" if step.get("key").is_none() => bag.distinct(),
        "distinct" => with_step().distinct_by(|(x, step)| of_x(step, "key", x)).map(|(x, _)| x),
        "frequencies" => bag.frequencies().map(|(item, n)| J(json!([item.0, n]))),
        "topk" => {
            let k = step["k"].as_u64().unwrap() as usize;
            match step.get("key") {
                None => bag.topk(k),
                Some(_) => with_step().topk_by_key(k, |(x, step)| of_x(step, "key", x)).map(|(x, _)| x),
            }
        }
        "foldby" => {
            // Without an initial value the first item of a key is where its fold starts.
            let folded = with_step().foldby(
                |(x, step)| of_x(step, "key", x),
                initial().map(|initial| (initial, state())),
                |acc, (x, step)| {
                    let next = acc.map(|(acc, _)| of_two(&step, "binop", ["acc", "x"], &acc, &x));
                    Some((next.unwrap_or(x), step))
                },
                |a, b| match (a, b) {
                    (Some((a, step)), Some((b, _))) => Some((combined(&step, &a, &b), step)),
                    (a, b) => a.or(b),
                },
            );
            folded.map(|(key, acc)| J(json!([key.0, acc.map(|(j, _)| j.0)])))
        }
        "groupby" => {
            let bag = match step["npartitions"].as_u64() {
                Some(n) => with_step().split_out(n as usize),
                None => with_step(),
            };
            let groups = bag.groupby(|(x, step)| of_x(step, "key", x));
            groups.map(|(key, items)| {
                let items: Value = items.into_iter().map(|(x, _)| x.0).collect();
                J(json!([key.0, items]))
            })
        }
        "zip" => pairs(bag.zip(&other()).unwrap()),
        "product" => pairs(bag.product(&other()).unwrap()),
        "join" => {
            let others: Vec<_> = list(&step["other"]).iter().map(|y| (J(y.clone()), state())).collect();
            let on_self = |(x, step): &(J, J)| of_x(step, "on_self", x);
            let joined = with_step().join(others, on_self, |(y, step)| of_x(step, "on_other", y));
            pairs(joined.map(|((y, _), (x, _))| (y, x)))
        }
        "repartition" => bag.repartition(step["npartitions"].as_u64().unwrap() as usize),
        "accumulate" => {
            let binop = |acc: &J, step: &J, x: &J| of_two(step, "binop", ["acc", "x"], acc, x);
            match initial() {
                Some(initial) => with_step()
                    .accumulate_from((initial, state()), move |(acc, _), (x, step)| {
                        (binop(acc, &step, &x), step)
                    }),
                None => with_step().accumulate(move |(acc, _), (x, step)| (binop(acc, &step, &x), step)),
            }
            .map(|(acc, _)| acc)
        }
        "concat" => {
            let others: Vec<_> = list(&step["others"]).iter().map(|s| source(s, cut)).collect();
            bag.concat(&others)
        }
        "unzip" => {
            assert_eq!(step["n"], 2);
            let (a, b) = bag.map(|x| (J(x.0[0].clone()), J(x.0[1].clone()))).unzip();
            return Ok(Built::Several(vec![a, b]));
        }
        "map_partitions" => with_step().map_partitions(|items| {
            let (items, steps): (Vec<J>, Vec<J>) = items.into_iter().unzip();
            // Where there is no item, there is no function either, and all of them give nothing for nothing.
            let made = steps.first().map(|step| of_partition(step.0["f"].as_str().unwrap(), values(items)));
            made.map_or(vec![], |made| list(&made).iter().cloned().map(J).collect())
        }),
        "take" => {
            let n = usize::try_from(step["npartitions"].as_i64().unwrap_or(1)).unwrap_or(usize::MAX);
            bag.head(step["k"].as_u64().unwrap() as usize, n)
        }
        _ => {
            return Ok(Built::Item(match op {
                "fold" => {
                    let binop = |(acc, step): (J, J), (x, _): (J, J)| {
                        (of_two(&step, "binop", ["acc", "x"], &acc, &x), step)
                    };
                    match initial() {
                        Some(initial) => {
                            let combine = |(a, step): (J, J), (b, _): (J, J)| (combined(&step, &a, &b), step);
                            with_step().fold((initial, state()), binop, combine).map(|(all, _)| all)
                        }
                        None => with_step()
                            .reduce(binop)
                            .map(|most| most.map_or(J(Value::Null), |(most, _)| most)),
                    }
                }
                "reduction" => {
                    // Empty partitions have no part in it, as in dask.
                    let of = |name: &str, items: Vec<(J, J)>| {
                        let (items, mut steps): (Vec<J>, Vec<J>) = items.into_iter().unzip();
                        let step = steps.pop()?;
                        Some((J(of_partition(step.0[name].as_str().unwrap(), values(items))), step))
                    };
                    let reduced = with_step().reduction(
                        move |items| of("perpartition", items),
                        move |parts| of("aggregate", parts.into_iter().flatten().collect()),
                    );
                    reduced.map(|r| r.map_or(J(Value::Null), |(r, _)| r))
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
