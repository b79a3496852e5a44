//! What a node does, as code for a stack machine.
//!
//! Nested tasks and lists are written out in postfix order, so that running them needs a stack of values and
//! no recursion. A step is one word of four bytes, two for a call, and every word says itself what it is:
//!
//! | bits | word |
//! |---|---|
//! | `00` + 30 | `Again`: push the result of a node, which this code uses again later |
//! | `01` + 30 | `Last`: push the result of a node for the last time in this code |
//! | `10` + 30 | `Literal`: push a literal |
//! | `1100` + 28 | `List`: replace so many topmost values by a list of them |
//! | `1101` + 28 | `Call`: replace the topmost values by what this op makes of them ... |
//! | `1110` + 28 | ... and how many these are |

mod assemble;

pub(crate) use assemble::{Assembler, assemble};

/// Numbers of nodes and literals are below this.
pub(crate) const MAX_LEAF: u32 = 1 << 30;

/// Numbers of ops and lengths of lists are below this.
pub(crate) const MAX_WORK: u32 = 1 << 28;

const LAST: u32 = 0b01 << 30;
const LITERAL: u32 = 0b10 << 30;
const WORK: u32 = 0b11 << 30;
const CALL: u32 = WORK | 0b01 << 28;
const N_ARGS: u32 = WORK | 0b10 << 28;

/// One step of a node's work, for a machine with a stack of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Push the result of the node of this number.
    Again(u32),
    /// The same, for the last time in this node's work: only in plans.
    Last(u32),
    /// Push the literal of this number.
    Literal(u32),
    /// Replace so many topmost values by a list of them.
    List(u32),
    /// Replace the topmost values by what the op makes of them.
    Call {
        /// The op's number.
        op: u32,
        /// How many values it takes.
        n_args: u32,
    },
}

impl Step {
    /// Appends the step; `None` when a number is too large to be written.
    #[inline]
    pub(crate) fn write(self, code: &mut Vec<u32>) -> Option<()> {
        let leaf = |tag: u32, number: u32| (number < MAX_LEAF).then_some(tag | number);
        let work = |tag: u32, number: u32| (number < MAX_WORK).then_some(tag | number);
        let word = match self {
            Self::Again(node) => leaf(0, node)?,
            Self::Last(node) => leaf(LAST, node)?,
            Self::Literal(literal) => leaf(LITERAL, literal)?,
            Self::List(n) => work(WORK, n)?,
            Self::Call { op, n_args } => {
                code.push(work(CALL, op)?);
                work(N_ARGS, n_args)?
            }
        };
        code.push(word);
        Some(())
    }
}

/// The steps of a piece of code, first to last.
#[inline]
pub(crate) fn steps(code: &[u32]) -> impl Iterator<Item = Step> + Clone {
    let mut words = code.iter();
    std::iter::from_fn(move || {
        let &word = words.next()?;
        Some(match word & WORK {
            0 => Step::Again(word),
            LAST => Step::Last(word & !WORK),
            LITERAL => Step::Literal(word & !WORK),
            _ if word & CALL == CALL => {
                Step::Call { op: word & (MAX_WORK - 1), n_args: words.next()? & (MAX_WORK - 1) }
            }
            _ => Step::List(word & (MAX_WORK - 1)),
        })
    })
}

/// A word by what it names; code is copied word by word where names become others.
pub(crate) enum Word {
    /// A node, whether it is used for the last time or not.
    Node(u32),
    Literal(u32),
    Op(u32),
    /// Nothing: it counts.
    Count,
}

impl Word {
    #[inline]
    pub(crate) fn of(word: u32) -> Self {
        match word & WORK {
            0 | LAST => Self::Node(word & !WORK),
            LITERAL => Self::Literal(word & !WORK),
            _ if word & CALL == CALL => Self::Op(word & (MAX_WORK - 1)),
            _ => Self::Count,
        }
    }
}

/// The word that pushes a literal of a number below [`MAX_LEAF`].
#[inline]
pub(crate) fn literal(number: u32) -> u32 {
    LITERAL | number
}

/// The word that calls an op of a number below [`MAX_WORK`].
#[inline]
pub(crate) fn call(op: u32) -> u32 {
    CALL | op
}

/// The node that a word pushes, not marked as its last use.
#[inline]
pub(crate) fn node_of(word: u32) -> Option<u32> {
    (word < LAST).then_some(word)
}

/// Whether a word pushes a literal.
pub(crate) fn is_literal(word: u32) -> bool {
    word & WORK == LITERAL
}

/// The word that pushes a node for the last time.
pub(crate) fn last(node: u32) -> u32 {
    LAST | node
}

/// The distinct nodes that finished code uses, in the order of their last use.
#[inline]
pub(crate) fn dependencies(code: &[u32]) -> impl Iterator<Item = u32> + Clone {
    code.iter().filter(|&word| word & WORK == LAST).map(|word| word & !WORK)
}

/// The word with the node that it pushes, if it pushes one, replaced.
#[inline]
pub(crate) fn renumbered(word: u32, new: impl FnOnce(u32) -> u32) -> u32 {
    if word < LITERAL { (word & WORK) | new(word & !WORK) } else { word }
}

/// Whether the code does more than fetching.
#[inline]
pub(crate) fn does_work(code: &[u32]) -> bool {
    code.last().is_some_and(|word| word & WORK == WORK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_step() -> impl Strategy<Value = Step> {
        let (leaf, work) = (0..MAX_LEAF, 0..MAX_WORK);
        prop_oneof![
            leaf.clone().prop_map(Step::Again),
            leaf.clone().prop_map(Step::Last),
            leaf.prop_map(Step::Literal),
            work.clone().prop_map(Step::List),
            (work.clone(), work).prop_map(|(op, n_args)| Step::Call { op, n_args }),
        ]
    }

    proptest! {
        #[test]
        fn steps_come_back(written in proptest::collection::vec(any_step(), 0..20)) {
            let mut code = Vec::new();
            for step in &written {
                step.write(&mut code).expect("numbers in range");
            }
            prop_assert_eq!(steps(&code).collect::<Vec<_>>(), written.clone());
            let last = written.iter().filter_map(|step| match step { Step::Last(node) => Some(*node), _ => None });
            prop_assert!(dependencies(&code).eq(last));
            let works = matches!(written.last(), Some(Step::List(_) | Step::Call { .. }));
            prop_assert_eq!(does_work(&code), works);
        }
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        for step in [
            Step::Again(MAX_LEAF),
            Step::Literal(u32::MAX),
            Step::List(MAX_WORK),
            Step::Call { op: MAX_WORK, n_args: 0 },
        ] {
            assert_eq!(step.write(&mut Vec::new()), None, "{step:?}");
        }
    }
}
