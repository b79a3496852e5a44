//! The golden graphs: small graphs with the values that dask computes for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::function::named_op;
use crate::graph::Graph;
use crate::key::Key;
use crate::layer::Materialized;
use crate::op::Op;
use crate::plan::PlanError;
use crate::scheduler::{RunOptions, Scheduler};
use crate::task::{Arg, Node, Task};
use crate::testing::Make;
use crate::testing::naive::{Naive, bits};
use crate::value::{List, Value};

/// One line a case: `name | key = node; … | key=value …`.
const TEXT: &str = include_str!("golden.txt");

/// A graph and what dask says of it.
#[derive(Debug, Clone)]
pub struct GoldenCase {
    /// The case's name.
    pub name: &'static str,
    /// The graph.
    pub graph: Graph,
    /// The keys that nothing depends on, or that the answer names.
    pub keys: Vec<Key>,
    /// The values of `keys`, where the case has them, or the error: `cycle` or `missing`.
    pub answer: Result<Option<Vec<f64>>, &'static str>,
}

/// All golden cases.
pub fn golden_cases() -> Vec<GoldenCase> {
    TEXT.lines().map(case).collect()
}

pub(super) fn give_their_values(make: &Make<'_>) {
    let scheduler = make();
    for case in golden_cases() {
        let name = case.name;
        let plan = match (case.graph.lower(&case.keys), &case.answer) {
            (Ok(plan), Ok(_)) => plan,
            (Err(PlanError::Cycle { .. }), Err("cycle"))
            | (Err(PlanError::MissingKey { .. }), Err("missing")) => {
                continue;
            }
            (planned, _) => panic!("{name}: lowering gave {planned:?}"),
        };
        let run = |scheduler: &dyn Scheduler| {
            let values = scheduler.run(&plan, &RunOptions::new());
            values.unwrap_or_else(|error| panic!("{name}: {error}")).iter().map(bits).collect::<Vec<_>>()
        };
        let got = run(&*scheduler);
        assert_eq!(got, run(&Naive), "{name}: the plan in order gives other values");
        if let Ok(Some(expected)) = case.answer {
            let expected: Vec<_> = expected.iter().map(|number| vec![number.to_bits()]).collect();
            assert_eq!(got, expected, "{name}: dask gives other values");
        }
    }
}

fn case(line: &'static str) -> GoldenCase {
    let mut parts = line.split(" | ").map(str::trim);
    let mut part = || parts.next().unwrap_or_else(|| panic!("a golden case has three parts: {line}"));
    let (name, nodes, answer) = (part(), part(), part());
    let nodes: BTreeMap<&str, Node> = nodes
        .split("; ")
        .map(|node| {
            let (key, text) = node.split_once(" = ").unwrap_or_else(|| panic!("{name}: no node: {node}"));
            (key, Node::from(Parser { rest: text }.arg()))
        })
        .collect();
    let (keys, answer) = if let Some(error) = answer.strip_prefix("error ") {
        let (kind, key) = error.split_once(' ').unwrap_or((error, ""));
        (vec![Key::named(key)], Err(kind))
    } else if answer.is_empty() {
        (sinks(&nodes), Ok(None))
    } else {
        let number = |text: &str| text.parse::<f64>().unwrap_or_else(|_| panic!("{name}: no number: {text}"));
        let pairs = answer.split(' ').filter_map(|pair| pair.split_once('='));
        let (keys, values) = pairs.map(|(key, value)| (Key::named(key), number(value))).unzip();
        (keys, Ok(Some(values)))
    };
    let mut layer = Materialized::new("golden");
    for (key, node) in nodes {
        layer.insert(key, node);
    }
    GoldenCase { name, graph: Graph::from_layer(layer), keys, answer }
}

fn sinks(nodes: &BTreeMap<&str, Node>) -> Vec<Key> {
    let mut used = Vec::new();
    nodes.values().for_each(|node| used.extend(node.dependencies()));
    nodes.keys().map(|&key| Key::named(key)).filter(|key| !used.contains(key)).collect()
}

/// Reads an argument: `1`, `x`, `inc(x)`, `[x, 2]`.
struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn arg(&mut self) -> Arg {
        if self.eat('[') {
            return Arg::List(self.args(']').into_iter().collect());
        }
        let word = self.word();
        if self.eat('(') {
            return Task::new(golden_function(word), self.args(')')).into();
        }
        word.parse::<f64>().map_or_else(|_| Arg::key(word), Arg::value)
    }

    fn args(&mut self, end: char) -> Vec<Arg> {
        let mut args = Vec::new();
        while !self.eat(end) {
            args.push(self.arg());
            self.eat(',');
            self.rest = self.rest.trim_start();
        }
        args
    }

    fn word(&mut self) -> &'a str {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        assert!(end > 0, "a word is missing before {:?}", self.rest);
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn eat(&mut self, c: char) -> bool {
        let eaten = self.rest.strip_prefix(c);
        self.rest = eaten.unwrap_or(self.rest);
        eaten.is_some()
    }
}

fn number(value: &Value) -> f64 {
    *value.get().unwrap_or_else(|error| panic!("golden graphs compute numbers: {error}"))
}

/// The functions of the golden graphs; all numbers are `f64`.
///
/// # Panics
///
/// - When there is no such function.
pub fn golden_function(name: &str) -> Arc<dyn Op> {
    match name {
        "inc" => named_op("inc", |x: f64| x + 1.0),
        "dec" => named_op("dec", |x: f64| x - 1.0),
        "double" => named_op("double", |x: f64| 2.0 * x),
        "neg" => named_op("neg", |x: f64| -x),
        "add" => named_op("add", |a: f64, b: f64| a + b),
        "sub" => named_op("sub", |a: f64, b: f64| a - b),
        "mul" => named_op("mul", |a: f64, b: f64| a * b),
        "add3" => named_op("add3", |a: f64, b: f64, c: f64| a + b + c),
        "maximum" => named_op("maximum", |a: f64, b: f64| a.max(b)),
        "total" => named_op("total", |list: &List| list.iter().map(number).sum::<f64>()),
        "pair" => named_op("pair", |a: Value, b: Value| List(vec![a, b])),
        "first" => named_op("first", |list: &List| number(&list.0[0])),
        "const" => named_op("const", |x: f64| x),
        other => panic!("the golden graphs know no function {other}"),
    }
}
