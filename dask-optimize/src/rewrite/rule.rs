//! Rules: a pattern, and what becomes of the terms that it matches.

use std::fmt;
use std::sync::Arc;

use dask_graph::Arg;
use rustc_hash::FxHashMap;

use super::pattern::{Pattern, Symbol};
use crate::same::same_term;

/// Says what becomes of the terms that a pattern matches.
///
/// Dask: `RewriteRule(lhs, rhs, vars)`. Variables are written as such, so that there is no list of them.
///
/// ```
/// use dask_graph::Arg;
/// use dask_optimize::{RewriteRule, pattern};
///
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
/// fn inc(a: i64) -> i64 {
///     a + 1
/// }
///
/// // The right side as a template.
/// RewriteRule::new(pattern!(add(?a, 1_i64)), pattern!(inc(?a)))?;
///
/// // The right side as a function: literals are added here and now.
/// RewriteRule::with_function(pattern!(add(?a, ?b)), ["a", "b"], |[a, b]| match (a, b) {
///     (Arg::Value(a), Arg::Value(b)) => {
///         Some(Arg::value(a.downcast_ref::<i64>()? + b.downcast_ref::<i64>()?))
///     }
///     _ => None,
/// })?;
///
/// let error = RewriteRule::new(pattern!(add(?a, ?b)), pattern!(inc(?c))).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the right side names the variable c, which the left side add(?a, ?b) does not have; \
///      use one of its variables or add c to it"
/// );
/// # Ok::<(), dask_optimize::RuleError>(())
/// ```
#[derive(Clone)]
pub struct RewriteRule {
    lhs: Pattern,
    rhs: RightSide,
    /// The variables of the left side, numbered by their first appearance.
    vars: Vec<Arc<str>>,
    /// The numbers of the variables in the left side, with repetitions, in order of appearance.
    places: Vec<usize>,
}

#[derive(Clone)]
enum RightSide {
    /// A pattern, and the numbers of its variables as [`Pattern::fill`] wants them.
    Template(Pattern, Vec<usize>),
    /// A function of the terms that the variables stand for.
    Function(Arc<dyn Fn(&[&Arg]) -> Option<Arg> + Send + Sync>),
}

impl RewriteRule {
    /// A rule by which terms that match `lhs` become `rhs`, its variables replaced by what they matched.
    ///
    /// # Errors
    ///
    /// - When `rhs` names a variable that is not in `lhs`.
    pub fn new(lhs: Pattern, rhs: Pattern) -> Result<Self, RuleError> {
        Self::build(lhs, |number| {
            let numbers = rhs.vars().map(|var| number(var)).collect::<Result<_, _>>()?;
            Ok(RightSide::Template(rhs, numbers))
        })
    }

    /// A rule by which terms that match `lhs` become what `rhs` gives for the terms that `vars` matched.
    ///
    /// `None` says that the rule is not for these terms after all: the next match is tried.
    ///
    /// # Errors
    ///
    /// - When one of `vars` is not in `lhs`.
    pub fn with_function<const N: usize>(
        lhs: Pattern,
        vars: [&str; N],
        rhs: impl Fn([&Arg; N]) -> Option<Arg> + Send + Sync + 'static,
    ) -> Result<Self, RuleError> {
        Self::build(lhs, |number| {
            let mut numbers = [0; N];
            for (of, var) in numbers.iter_mut().zip(vars) {
                *of = number(var)?;
            }
            Ok(RightSide::Function(Arc::new(move |terms| rhs(numbers.map(|number| terms[number])))))
        })
    }

    fn build(
        lhs: Pattern,
        rhs: impl FnOnce(&dyn Fn(&str) -> Result<usize, RuleError>) -> Result<RightSide, RuleError>,
    ) -> Result<Self, RuleError> {
        let (mut vars, mut places) = (Vec::new(), Vec::new());
        let mut numbers: FxHashMap<Arc<str>, usize> = FxHashMap::default();
        for symbol in lhs.pre_order() {
            let Symbol::Var(var) = symbol else { continue };
            places.push(*numbers.entry(var.clone()).or_insert_with(|| {
                vars.push(var.clone());
                vars.len() - 1
            }));
        }
        let rhs = rhs(&|var| {
            let unbound = || RuleError::UnboundVariable { variable: var.to_owned(), lhs: format!("{lhs:?}") };
            numbers.get(var).copied().ok_or_else(unbound)
        })?;
        Ok(Self { lhs, rhs, vars, places })
    }

    /// The pattern of the terms that the rule is for.
    pub fn lhs(&self) -> &Pattern {
        &self.lhs
    }

    /// The variables, each once, in order of appearance in the left side.
    pub fn vars(&self) -> impl Iterator<Item = &str> {
        self.vars.iter().map(|var| &**var)
    }

    /// What each variable stands for when `found` stand at the places of the left side's variables; `None`
    /// when one would stand for two different terms.
    pub(super) fn bind<'a>(&self, found: &[&'a Arg]) -> Option<Vec<&'a Arg>> {
        let mut terms: Vec<&Arg> = Vec::with_capacity(self.vars.len());
        for (&var, term) in self.places.iter().zip(found) {
            match terms.get(var) {
                // Numbers are given in order of appearance: this is the next one.
                None => terms.push(term),
                Some(before) if same_term(before, term) => {}
                Some(_) => return None,
            }
        }
        Some(terms)
    }

    /// The right side for the terms that the variables stand for.
    pub(super) fn apply(&self, terms: &[&Arg]) -> Option<Arg> {
        match &self.rhs {
            RightSide::Template(pattern, numbers) => {
                pattern.fill(numbers.iter().map(|&number| terms[number]))
            }
            RightSide::Function(function) => function(terms),
        }
    }
}

impl fmt::Debug for RewriteRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rhs {
            RightSide::Template(rhs, _) => write!(f, "{:?} => {rhs:?}", self.lhs),
            RightSide::Function(_) => write!(f, "{:?} => function", self.lhs),
        }
    }
}

/// A rule that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// The right side names a variable that nothing would be put in the place of.
    #[error(
        "the right side names the variable {variable}, which the left side {lhs} does not have; \
         use one of its variables or add {variable} to it"
    )]
    UnboundVariable {
        /// The variable.
        variable: String,
        /// The left side, as it is written.
        lhs: String,
    },
}
