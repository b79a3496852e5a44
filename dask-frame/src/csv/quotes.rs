//! Where records begin, when a quoted cell may hold line feeds and reading begins in the middle of a file.
//!
//! Whether the first line feed of a block ends a record depends on every quote before the block. A block
//! alone gives the *function* from the state before it to the state after it: there are a few states, and
//! all answers cost little more than one pass for quotes. The functions of a file's blocks are computed
//! in parallel and applied one after another, which is exact: no guess that could be wrong.

use serde::{Deserialize, Serialize};

use super::dialect::Dialect;

/// What the bytes so far amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum QuoteState {
    /// A cell begins here.
    CellStart = 0,
    /// Inside a cell that does not begin with a quote, or after the closing quote and text.
    Plain = 1,
    /// Inside quotes.
    Quoted = 2,
    /// After a quote inside quotes: the closing one, or the first of two.
    QuoteInQuoted = 3,
    /// A line begins here, outside of quotes: told from the beginning of a cell only where lines can be comments.
    LineStart = 4,
    /// Inside a line that is passed over, in which quotes mean nothing.
    Comment = 5,
}

use QuoteState::{CellStart, Comment, LineStart, Plain, QuoteInQuoted, Quoted};

/// The state after some bytes, for each state before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Transition([QuoteState; 6]);

impl Transition {
    /// The transition of no bytes at all.
    pub(crate) const IDENTITY: Self = Self([CellStart, Plain, Quoted, QuoteInQuoted, LineStart, Comment]);

    pub(crate) fn apply(self, before: QuoteState) -> QuoteState {
        self.0[before as usize]
    }

    /// Returns the transition of these bytes and then `bytes`.
    pub(crate) fn then(self, bytes: &[u8], dialect: Dialect) -> Self {
        if bytes.is_empty() {
            return self;
        }
        let after = all_states(bytes, dialect);
        Self(self.0.map(|state| after[state as usize]))
    }
}

impl QuoteState {
    /// Returns the state after one more byte.
    #[inline]
    pub(crate) fn step(self, byte: u8, dialect: Dialect) -> Self {
        let quote = dialect.quote == Some(byte);
        match self {
            Quoted if quote => QuoteInQuoted,
            Quoted => Quoted,
            Comment if byte != b'\n' => Comment,
            LineStart if dialect.comment == Some(byte) => Comment,
            CellStart | LineStart | QuoteInQuoted if quote => Quoted,
            _ if byte == b'\n' && dialect.comment.is_some() => LineStart,
            _ if byte == dialect.separator || byte == b'\n' => CellStart,
            _ => Plain,
        }
    }

    /// Returns whether a line feed after this state ends a record.
    #[inline]
    pub(crate) fn is_outside(self) -> bool {
        self != Quoted
    }
}

/// Returns the state after `bytes` for each state before; `bytes` is not empty.
fn all_states(bytes: &[u8], dialect: Dialect) -> [QuoteState; 6] {
    let rest = &bytes[1..];
    let mut known = [None; 6];
    // After one byte at most three states are left, after a common byte two: inside quotes and outside.
    Transition::IDENTITY.0.map(|before| {
        let first = before.step(bytes[0], dialect);
        *known[first as usize].get_or_insert_with(|| run(first, rest, dialect))
    })
}

/// Runs over `bytes`, jumping from quote to quote; where there are comments, byte by byte.
fn run(mut state: QuoteState, bytes: &[u8], dialect: Dialect) -> QuoteState {
    let (Some(quote), None) = (dialect.quote, dialect.comment) else {
        return bytes.iter().fold(state, |state, &byte| state.step(byte, dialect));
    };
    let mut at = 0;
    loop {
        let Some(found) = memchr::memchr(quote, &bytes[at..]) else {
            // What a run without quotes leaves depends on its last byte, and on being inside.
            return match bytes[at..] {
                [] => state,
                [.., last] => match state {
                    Quoted => Quoted,
                    _ => Plain.step(last, dialect),
                },
            };
        };
        let here = at + found;
        if found > 0 && state != Quoted {
            state = Plain.step(bytes[here - 1], dialect);
        }
        state = state.step(quote, dialect);
        at = here + 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(before: QuoteState, bytes: &[u8], dialect: Dialect) -> QuoteState {
        bytes.iter().fold(before, |state, &byte| state.step(byte, dialect))
    }

    proptest! {
        #[test]
        fn jumping_from_quote_to_quote_is_stepping(text in r#"["a,#\n]{0,40}"#, cut in 0usize..40, comments: bool) {
            let dialect = Dialect { separator: b',', quote: Some(b'"'), comment: comments.then_some(b'#') };
            let bytes = text.as_bytes();
            let cut = cut.min(bytes.len());
            let joined = Transition::IDENTITY.then(&bytes[..cut], dialect).then(&bytes[cut..], dialect);
            let possible = |state: &QuoteState| comments || *state != Comment;
            for before in Transition::IDENTITY.0.into_iter().filter(possible) {
                prop_assert_eq!(joined.apply(before), naive(before, bytes, dialect), "{:?} {:?}", before, text);
            }
        }
    }
}
