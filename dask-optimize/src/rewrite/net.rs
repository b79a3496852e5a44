//! The discrimination net: the left sides of all rules, joined where they begin alike.
//!
//! The net of `add(?, 1)`, `add(?, ?)` and `add(inc(?), inc(?))`, where a variable is `?` whatever its name:
//!
//! ```text
//! add/2 ── inc/1 ── ? ── inc/1 ── ?     rule 2
//!   ╰───── ? ────── 1                   rule 0
//!          ╰─────── ?                   rule 1
//! ```
//!
//! A term is walked through it in the order in which it is written, so its parts are looked at once for all
//! rules that begin alike. (J. Christian, "Flatterms, discrimination nets, and fast term rewriting", Journal of
//! Automated Reasoning 10, 1993.)

use dask_graph::{Arg, Key, Task, Token};
use rustc_hash::FxHashMap;

use super::literal::{Literal, LiteralType};
use super::pattern::Symbol;
use crate::same::OpId;

/// The number of a state of a [`Net`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct StateId(usize);

/// The left sides of rules, whose numbers are the caller's.
#[derive(Clone)]
pub(super) struct Net {
    states: Vec<State>,
}

/// What may come next, and where it leads.
#[derive(Clone, Default)]
pub(super) struct State {
    /// Ops with their numbers of arguments.
    tasks: FxHashMap<(OpId, usize), StateId>,
    /// Lists by their lengths.
    lists: FxHashMap<usize, StateId>,
    keys: FxHashMap<Key, StateId>,
    /// Literals, type by type.
    literals: Vec<(LiteralType, FxHashMap<Token, StateId>)>,
    /// Any term.
    variable: Option<StateId>,
    /// The rules whose left sides end here, in the order in which they were added.
    rules: Vec<usize>,
}

impl Net {
    pub(super) const START: StateId = StateId(0);

    pub(super) fn state(&self, id: StateId) -> &State {
        &self.states[id.0]
    }

    /// Adds the left side of `rule`.
    pub(super) fn insert(&mut self, lhs: &[&Symbol], rule: usize) {
        let mut at = Self::START;
        for symbol in lhs {
            let new = StateId(self.states.len());
            at = self.states[at.0].follow_or(symbol, new);
            if at == new {
                self.states.push(State::default());
            }
        }
        self.states[at.0].rules.push(rule);
    }
}

impl Default for Net {
    fn default() -> Self {
        Self { states: vec![State::default()] }
    }
}

impl State {
    pub(super) fn rules(&self) -> &[usize] {
        &self.rules
    }

    /// Where any term leads.
    pub(super) fn variable(&self) -> Option<StateId> {
        self.variable
    }

    /// Where the head of this term leads: its op and number of arguments, its length, itself.
    pub(super) fn head(&self, term: &Arg) -> Option<StateId> {
        match term {
            Arg::Key(key) => self.keys.get(key).copied(),
            Arg::Value(value) => {
                self.literals.iter().find_map(|(of, to)| to.get(&(of.token)(value)?).copied())
            }
            Arg::Task(task) => self.task(task),
            Arg::List(items) => self.lists.get(&items.len()).copied(),
        }
    }

    fn task(&self, task: &Task) -> Option<StateId> {
        let under = |op| self.tasks.get(&(op, task.args().len())).copied();
        under(OpId::of_object(task.op()))
            .or_else(|| under(OpId::of_type(task.op())).filter(|_| task.op().is_stateless()))
    }

    /// Where `symbol` leads, which is to `new` when it has led nowhere so far.
    fn follow_or(&mut self, symbol: &Symbol, new: StateId) -> StateId {
        match symbol {
            Symbol::Var(_) => *self.variable.get_or_insert(new),
            Symbol::Key(key) => *self.keys.entry(key.clone()).or_insert(new),
            Symbol::List(n) => *self.lists.entry(*n).or_insert(new),
            Symbol::Task(op, n) => *self.tasks.entry((OpId::of(op), *n)).or_insert(new),
            Symbol::Value(Literal { token, of, .. }) => {
                let at = self.literals.iter().position(|(other, _)| other.id == of.id).unwrap_or_else(|| {
                    self.literals.push((*of, FxHashMap::default()));
                    self.literals.len() - 1
                });
                *self.literals[at].1.entry(*token).or_insert(new)
            }
        }
    }
}
