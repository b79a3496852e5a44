//! Matching: a walk through the term and the net at once, with a way back.

use std::fmt;
use std::slice;

use dask_graph::Arg;

use super::net::{Net, StateId};
use super::rule::RewriteRule;
use super::set::RuleSet;
use crate::same::args_of;

/// A rule and what its variables stand for.
#[derive(Clone)]
pub struct Match<'a> {
    rule: &'a RewriteRule,
    /// By number of the variable.
    terms: Vec<&'a Arg>,
}

impl<'a> Match<'a> {
    /// The rule.
    pub fn rule(&self) -> &'a RewriteRule {
        self.rule
    }

    /// What a variable stands for; `None` when the rule does not have it.
    pub fn get(&self, var: &str) -> Option<&'a Arg> {
        self.substitution().find_map(|(name, term)| (name == var).then_some(term))
    }

    /// The variables and what they stand for, in order of appearance in the rule's left side.
    pub fn substitution(&self) -> impl Iterator<Item = (&'a str, &'a Arg)> {
        self.rule.vars().zip(self.terms.iter().copied())
    }

    /// What the rule makes of the term; `None` when its function says that it is not for this one.
    pub fn apply(&self) -> Option<Arg> {
        self.rule.apply(&self.terms)
    }
}

impl fmt::Debug for Match<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terms: Vec<_> = self.substitution().collect();
        f.debug_struct("Match").field("rule", self.rule).field("substitution", &terms).finish()
    }
}

/// The matches of one term, the most specific first: see [`RuleSet::iter_matches`].
#[derive(Clone)]
pub struct Matches<'a> {
    rules: &'a RuleSet,
    /// The rules of the state that the walk has come to.
    here: slice::Iter<'a, usize>,
    /// The terms that variables were passed by, in order.
    found: Vec<&'a Arg>,
    /// Where to go on.
    next: Option<Place<'a>>,
    /// Where else to go on, the most specific last.
    others: Vec<Place<'a>>,
    /// The terms that are left of tasks and lists that the walk has gone into. Other ways may refer to any of
    /// them, so they stay.
    outer: Vec<Rest<'a>>,
}

/// A place in the net and in the term.
#[derive(Clone, Copy)]
struct Place<'a> {
    state: StateId,
    rest: Rest<'a>,
    /// How many of `found` were passed before.
    n_found: usize,
    /// The term that a variable stands for if the walk goes on here.
    passed: Option<&'a Arg>,
}

/// The terms that are still to come.
#[derive(Clone, Copy)]
struct Rest<'a> {
    terms: &'a [Arg],
    /// Which of `outer` comes after them.
    then: Option<usize>,
}

impl<'a> Matches<'a> {
    pub(super) fn new(rules: &'a RuleSet, term: &'a Arg) -> Self {
        let rest = Rest { terms: slice::from_ref(term), then: None };
        let start = Place { state: Net::START, rest, n_found: 0, passed: None };
        Self { rules, here: [].iter(), found: vec![], next: Some(start), others: vec![], outer: vec![] }
    }

    /// Goes on to a state that the whole term leads to and gives its rules.
    fn walk(&mut self) -> Option<&'a [usize]> {
        loop {
            let place = self.next.take().or_else(|| self.others.pop())?;
            self.found.truncate(place.n_found);
            self.found.extend(place.passed);
            let state = self.rules.net().state(place.state);
            let Some((term, rest)) = self.split_first(place.rest) else { return Some(state.rules()) };

            let n_found = self.found.len();
            let general = state.variable().map(|state| Place { state, rest, n_found, passed: Some(term) });
            let specific = state.head(term).map(|state| Place {
                state,
                rest: self.enter(term, rest),
                n_found,
                passed: None,
            });
            match specific {
                None => self.next = general,
                Some(_) => {
                    self.next = specific;
                    self.others.extend(general);
                }
            }
        }
    }

    /// The first of the terms to come and the others.
    fn split_first(&self, mut rest: Rest<'a>) -> Option<(&'a Arg, Rest<'a>)> {
        loop {
            if let Some((first, terms)) = rest.terms.split_first() {
                return Some((first, Rest { terms, ..rest }));
            }
            rest = self.outer[rest.then?];
        }
    }

    /// The arguments of `term`, and then `rest`.
    fn enter(&mut self, term: &'a Arg, rest: Rest<'a>) -> Rest<'a> {
        let then = match rest.terms {
            [] => rest.then,
            _ => {
                self.outer.push(rest);
                Some(self.outer.len() - 1)
            }
        };
        Rest { terms: args_of(term), then }
    }
}

impl<'a> Iterator for Matches<'a> {
    type Item = Match<'a>;

    fn next(&mut self) -> Option<Match<'a>> {
        loop {
            for &number in self.here.by_ref() {
                let rule = self.rules.rule(number);
                if let Some(terms) = rule.bind(&self.found) {
                    return Some(Match { rule, terms });
                }
            }
            self.here = self.walk()?.iter();
        }
    }
}
