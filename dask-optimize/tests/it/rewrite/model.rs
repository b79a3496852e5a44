//! Terms and rules as plain data, matched and rewritten in the most obvious way: the oracle.

use std::sync::{Arc, LazyLock};

use dask_graph::{Arg, Key, Op, Task, Value, named_op};
use dask_optimize::{Pattern, RewriteRule};
use proptest::prelude::*;
use proptest::sample::Index;

/// A term; with variables, a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Term {
    Var(u8),
    Key(u8),
    Int(i64),
    /// By its bits, which are what literals are compared by.
    Float(u64),
    /// A value of a type without a token: it cannot stand in a pattern.
    Opaque(u8),
    Task(u8, Vec<Term>),
    List(Vec<Term>),
}

use Term::{Float, Int, List, Opaque, Var};

const VARS: [&str; 3] = ["a", "b", "c"];
const KEYS: [&str; 2] = ["x", "y"];
const OPS: [&str; 4] = ["f", "g", "s", "t"];

fn f(_: Value) -> i64 {
    0
}

fn g(_: Value) -> i64 {
    1
}

/// Two functions, made into ops anew each time, and two closures with state, which are one type and two ops.
fn op_of(op: u8) -> Arc<dyn Op> {
    static STATEFUL: LazyLock<[Arc<dyn Op>; 2]> =
        LazyLock::new(|| [2, 3].map(|n| named_op(OPS[n], move |x: i64| x + n as i64)));
    match op {
        0 => named_op(OPS[0], f),
        1 => named_op(OPS[1], g),
        op => STATEFUL[usize::from(op) - 2].clone(),
    }
}

struct Untold(u8);

fn opaque(n: u8) -> Value {
    static VALUES: LazyLock<[Value; 2]> = LazyLock::new(|| [0, 1].map(|n| Value::new(Untold(n))));
    VALUES[usize::from(n)].clone()
}

impl Term {
    pub(crate) fn to_arg(&self) -> Arg {
        match self {
            Var(_) => panic!("a term has no variables"),
            Term::Key(n) => Arg::key(KEYS[usize::from(*n)]),
            Int(n) => Arg::value(*n),
            Float(bits) => Arg::value(f64::from_bits(*bits)),
            Opaque(n) => Arg::Value(opaque(*n)),
            Term::Task(op, args) => Task::new(op_of(*op), args.iter().map(Self::to_arg)).into(),
            List(items) => Arg::list(items.iter().map(Self::to_arg)),
        }
    }

    pub(crate) fn of(arg: &Arg) -> Self {
        let place =
            |names: &[&str], name: &str| names.iter().position(|n| *n == name).expect("one of ours") as u8;
        match arg {
            Arg::Key(key) => Term::Key(place(&KEYS, key.name().as_str())),
            Arg::Value(value) => match (value.downcast_ref(), value.downcast_ref(), value.downcast_ref()) {
                (Some(n), ..) => Int(*n),
                (_, Some(x), _) => Float(f64::to_bits(*x)),
                (.., untold) => Opaque(untold.map(|Untold(n)| *n).expect("one of ours")),
            },
            Arg::Task(task) => {
                Term::Task(place(&OPS, &task.op().name()), task.args().iter().map(Self::of).collect())
            }
            Arg::List(items) => List(items.iter().map(Self::of).collect()),
        }
    }

    pub(crate) fn to_pattern(&self) -> Pattern {
        match self {
            Var(n) => Pattern::var(VARS[usize::from(*n)]),
            Term::Key(n) => Pattern::key(Key::named(KEYS[usize::from(*n)])),
            Int(n) => Pattern::value(*n),
            Float(bits) => Pattern::value(f64::from_bits(*bits)),
            Opaque(_) => panic!("a pattern has no such literals"),
            Term::Task(op, args) => Pattern::task(op_of(*op), args.iter().map(Self::to_pattern)),
            List(items) => Pattern::list(items.iter().map(Self::to_pattern)),
        }
    }

    fn args(&self) -> &[Term] {
        match self {
            Term::Task(_, args) | List(args) => args,
            _ => &[],
        }
    }

    fn with_args(&self, new: Vec<Term>) -> Self {
        match self {
            Term::Task(op, _) => Term::Task(*op, new),
            List(_) => List(new),
            leaf => leaf.clone(),
        }
    }

    /// The number of parts.
    pub(crate) fn size(&self) -> usize {
        1 + self.args().iter().map(Self::size).sum::<usize>()
    }

    /// The term with each variable replaced.
    pub(crate) fn subs(&self, by: &impl Fn(u8) -> Term) -> Self {
        match self {
            Var(n) => by(*n),
            other => other.with_args(other.args().iter().map(|arg| arg.subs(by)).collect()),
        }
    }

    fn matches(&self, term: &Term, found: &mut Substitution) -> bool {
        if let Var(n) = self {
            return match found.iter().find(|(var, _)| var == n) {
                Some((_, before)) => before == term,
                None => {
                    found.push((*n, term.clone()));
                    true
                }
            };
        }
        let args = || self.args().iter().zip(term.args());
        self.with_args(vec![]) == term.with_args(vec![])
            && self.args().len() == term.args().len()
            && args().all(|(pattern, term)| pattern.matches(term, found))
    }

    /// For each part of a pattern whether it is a variable, in the order in which it is written.
    fn generality(&self) -> Vec<bool> {
        let args = self.args().iter().flat_map(Self::generality);
        std::iter::once(matches!(self, Var(_))).chain(args).collect()
    }

    fn vars(&self) -> Vec<u8> {
        match self {
            Var(n) => vec![*n],
            other => other.args().iter().flat_map(Self::vars).collect(),
        }
    }
}

/// Variables in order of appearance, and what they stand for.
pub(crate) type Substitution = Vec<(u8, Term)>;

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) lhs: Term,
    pub(crate) rhs: Term,
}

impl Rule {
    pub(crate) fn to_rule(&self) -> RewriteRule {
        RewriteRule::new(self.lhs.to_pattern(), self.rhs.to_pattern()).expect("its variables are bound")
    }

    fn apply(&self, found: &Substitution) -> Term {
        let stands_for =
            |n| found.iter().find(|(var, _)| *var == n).map(|(_, term)| term.clone()).expect("it is bound");
        self.rhs.subs(&stands_for)
    }
}

/// Tries each rule in turn; the numbers of those that match, the most specific first.
pub(crate) fn matches(rules: &[Rule], term: &Term) -> Vec<(usize, Substitution)> {
    let mut all: Vec<_> = rules
        .iter()
        .enumerate()
        .filter_map(|(n, rule)| {
            let mut found = vec![];
            rule.lhs.matches(term, &mut found).then_some((n, found))
        })
        .collect();
    all.sort_by_key(|(n, _)| rules[*n].lhs.generality());
    all
}

pub(crate) fn top_level(rules: &[Rule], term: &Term) -> Term {
    match matches(rules, term).first() {
        Some((n, found)) => rules[*n].apply(found),
        None => term.clone(),
    }
}

pub(crate) fn bottom_up(rules: &[Rule], term: &Term) -> Term {
    top_level(rules, &term.with_args(term.args().iter().map(|arg| bottom_up(rules, arg)).collect()))
}

/// How a name printed by the library reads here.
pub(crate) fn var_of(name: &str) -> u8 {
    VARS.iter().position(|var| *var == name).expect("one of ours") as u8
}

/// Terms over few symbols, so that they are often alike.
fn nested(leaf: impl Strategy<Value = Term> + 'static) -> impl Strategy<Value = Term> {
    leaf.prop_recursive(3, 12, 3, |inner| {
        let args = prop::collection::vec(inner, 0..3);
        prop_oneof![
            4 => (0..OPS.len() as u8, args.clone()).prop_map(|(op, args)| Term::Task(op, args)),
            1 => args.prop_map(List),
        ]
    })
}

fn literal() -> impl Strategy<Value = Term> {
    let floats = prop::sample::select(vec![0.0, -0.0, f64::NAN]);
    prop_oneof![
        (0..2_u8).prop_map(Term::Key),
        (0..2_i64).prop_map(Int),
        floats.prop_map(|x: f64| Float(x.to_bits()))
    ]
}

pub(crate) fn terms() -> impl Strategy<Value = Term> {
    nested(prop_oneof![4 => literal(), 1 => (0..2_u8).prop_map(Opaque)])
}

pub(crate) fn rules() -> impl Strategy<Value = Vec<Rule>> {
    let patterns = || nested(prop_oneof![literal(), (0..VARS.len() as u8).prop_map(Var)]);
    let bound = |(lhs, rhs): (Term, Term)| {
        let vars = lhs.vars();
        let rhs = rhs.subs(&|n| match vars.get(usize::from(n) % vars.len().max(1)) {
            Some(&var) => Var(var),
            None => Int(1),
        });
        Rule { lhs, rhs }
    };
    prop::collection::vec((patterns(), patterns()).prop_map(bound), 0..6)
}

/// Random terms, and terms that a rule was made for.
pub(crate) fn rules_and_terms() -> impl Strategy<Value = (Vec<Rule>, Vec<Term>)> {
    (rules(), terms(), any::<Index>(), prop::collection::vec(terms(), VARS.len())).prop_map(
        |(rules, term, rule, fill)| {
            let mut all = vec![term];
            if !rules.is_empty() {
                all.push(rule.get(&rules).lhs.subs(&|n| fill[usize::from(n)].clone()));
                all.push(Term::Task(0, all.clone()));
            }
            (rules, all)
        },
    )
}
