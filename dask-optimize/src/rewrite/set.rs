//! Sets of rules, and their application to terms.

use std::borrow::Cow;
use std::fmt;

use dask_graph::{Arg, Node, Task};

use super::Strategy;
use super::matches::Matches;
use super::net::Net;
use super::rule::RewriteRule;
use crate::same::{args_of, term_of};

/// Rules that are matched all at once.
///
/// Of the rules that match a term the most specific one is applied: going through the term as it is written,
/// the one that has no variable where the others first have one. Rules that differ in nothing but the names of
/// their variables are equally specific (so are `add(?a, ?b)` and `add(?a, ?a)`): the first added goes first.
///
/// Dask: `RuleSet`. There, numbers of arguments are not compared, a list matches a task that calls `list`, and
/// variables are replaced one after the other, also in what replaced the ones before; not so here.
///
/// ```
/// use dask_graph::{Arg, Task, op};
/// use dask_optimize::{RewriteRule, RuleSet, Strategy, pattern};
///
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
/// fn double(a: i64) -> i64 {
///     2 * a
/// }
///
/// let rules = RuleSet::from_iter([RewriteRule::new(pattern!(add(?a, ?a)), pattern!(double(?a)))?]);
/// let three = || Arg::from(Task::new(op(add), [Arg::value(3_i64), Arg::value(3_i64)]));
/// let term = Arg::from(Task::new(op(add), [three(), three()]));
///
/// let rewritten = rules.rewrite(&term, Strategy::BottomUp);
/// assert_eq!(format!("{rewritten:?}"), "double[double[Value(i64)]]");
/// let rewritten = rules.rewrite(&term, Strategy::TopLevel);
/// assert_eq!(format!("{rewritten:?}"), "double[add[Value(i64), Value(i64)]]");
/// # Ok::<(), dask_optimize::RuleError>(())
/// ```
#[derive(Clone, Default)]
pub struct RuleSet {
    rules: Vec<RewriteRule>,
    net: Net,
}

impl RuleSet {
    /// No rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule.
    ///
    /// # Complexity
    ///
    /// Time O(size of its left side), whatever the number of rules.
    pub fn add(&mut self, rule: RewriteRule) {
        self.net.insert(&rule.lhs().pre_order(), self.rules.len());
        self.rules.push(rule);
    }

    /// The rules, in the order in which they were added.
    pub fn rules(&self) -> &[RewriteRule] {
        &self.rules
    }

    /// All rules that match `term` as a whole and what their variables stand for, the most specific first.
    ///
    /// # Complexity
    ///
    /// The term's parts are looked at once for all rules whose left sides are alike up to there, and not below
    /// variables; where a variable is repeated, what it stands for is compared.
    ///
    /// # Examples
    ///
    /// ```
    /// use dask_graph::{Arg, Task, op};
    /// use dask_optimize::{RewriteRule, RuleSet, pattern};
    ///
    /// fn add(a: i64, b: i64) -> i64 {
    ///     a + b
    /// }
    ///
    /// let rules = RuleSet::from_iter([
    ///     RewriteRule::new(pattern!(add(?a, ?b)), pattern!(add(?b, ?a)))?,
    ///     RewriteRule::new(pattern!(add(?a, 0_i64)), pattern!(?a))?,
    /// ]);
    /// let term = Arg::from(Task::new(op(add), [Arg::key("x"), Arg::value(0_i64)]));
    /// let found: Vec<String> = rules.iter_matches(&term).map(|m| format!("{:?}", m.rule())).collect();
    /// assert_eq!(found, ["add(?a, Value(i64)) => ?a", "add(?a, ?b) => add(?b, ?a)"]);
    /// # Ok::<(), dask_optimize::RuleError>(())
    /// ```
    pub fn iter_matches<'a>(&'a self, term: &'a Arg) -> Matches<'a> {
        Matches::new(self, term)
    }

    /// The term with the rules applied; borrowed when none applies.
    ///
    /// # Complexity
    ///
    /// Time O(parts of the term) for rules of bounded size without repeated variables; parts that no rule
    /// changes are shared with the result.
    pub fn rewrite<'a>(&self, term: &'a Arg, strategy: Strategy) -> Cow<'a, Arg> {
        match strategy {
            Strategy::TopLevel => self.once(Cow::Borrowed(term)),
            Strategy::BottomUp => self.bottom_up(term),
        }
    }

    /// [`rewrite`](Self::rewrite) for what a graph holds under a key.
    pub fn rewrite_node<'a>(&self, node: &'a Node, strategy: Strategy) -> Cow<'a, Node> {
        match self.rewrite(&term_of(node), strategy) {
            Cow::Owned(term) => Cow::Owned(Node::from(term)),
            Cow::Borrowed(_) => Cow::Borrowed(node),
        }
    }

    pub(super) fn net(&self) -> &Net {
        &self.net
    }

    pub(super) fn rule(&self, number: usize) -> &RewriteRule {
        &self.rules[number]
    }

    fn once<'a>(&self, term: Cow<'a, Arg>) -> Cow<'a, Arg> {
        match self.iter_matches(&term).find_map(|found| found.apply()) {
            Some(new) => Cow::Owned(new),
            None => term,
        }
    }

    fn bottom_up<'a>(&self, term: &'a Arg) -> Cow<'a, Arg> {
        let mut path: Vec<Level<'a>> = Vec::new();
        let mut next = term;
        loop {
            if let Some(first) = args_of(next).first() {
                path.push(Level { term: next, n_done: 0, done: vec![] });
                next = first;
                continue;
            }
            let mut done = self.once(Cow::Borrowed(next));
            next = loop {
                let Some(mut level) = path.pop() else { return done };
                level.push(done);
                if let Some(arg) = args_of(level.term).get(level.n_done) {
                    path.push(level);
                    break arg;
                }
                done = self.once(level.rebuilt());
            };
        }
    }
}

/// A task or list some of whose arguments are rewritten.
struct Level<'a> {
    term: &'a Arg,
    n_done: usize,
    /// The arguments that are done; empty while none has changed.
    done: Vec<Arg>,
}

impl<'a> Level<'a> {
    fn push(&mut self, arg: Cow<'a, Arg>) {
        let is_first_change = self.done.is_empty() && matches!(arg, Cow::Owned(_));
        if is_first_change {
            self.done.extend_from_slice(&args_of(self.term)[..self.n_done]);
        }
        if is_first_change || !self.done.is_empty() {
            self.done.push(arg.into_owned());
        }
        self.n_done += 1;
    }

    fn rebuilt(self) -> Cow<'a, Arg> {
        match self.term {
            Arg::Task(task) if !self.done.is_empty() => {
                Cow::Owned(Task::new(task.op().clone(), self.done).into())
            }
            Arg::List(_) if !self.done.is_empty() => Cow::Owned(Arg::list(self.done)),
            unchanged => Cow::Borrowed(unchanged),
        }
    }
}

impl FromIterator<RewriteRule> for RuleSet {
    fn from_iter<I: IntoIterator<Item = RewriteRule>>(rules: I) -> Self {
        let mut new = Self::new();
        new.extend(rules);
        new
    }
}

impl Extend<RewriteRule> for RuleSet {
    fn extend<I: IntoIterator<Item = RewriteRule>>(&mut self, rules: I) {
        rules.into_iter().for_each(|rule| self.add(rule));
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.rules).finish()
    }
}
