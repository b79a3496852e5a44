//! How a file is written: separator, quotes, and which cells count as missing.

use dask_graph::{Tokenize, Tokenizer};
use serde::{Deserialize, Serialize};

use crate::parse;

/// The characters that give a file its structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dialect {
    pub(crate) separator: u8,
    /// The quote character, if cells can be quoted at all.
    pub(crate) quote: Option<u8>,
    /// The character with which lines begin that are passed over, if there are such.
    pub(crate) comment: Option<u8>,
}

/// The cells that pandas reads as missing.
const DEFAULT_NA: [&str; 18] = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan",
];
const LAST_DEFAULT_NA: &str = "null";

/// The texts that stand for a missing value, quoted or not.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub(crate) struct NaValues {
    values: Vec<String>,
    /// For each byte the lengths of the values that begin with it, a bit a length (64 and more in the last):
    /// nearly all cells are told apart by it.
    lengths: [u64; 256],
    empty: bool,
    /// Whether a value could be read as a number, which decides what is looked at first.
    numeric: bool,
}

impl NaValues {
    pub(crate) fn new(defaults: bool, extra: &[String]) -> Self {
        let defaults = DEFAULT_NA.into_iter().chain([LAST_DEFAULT_NA]).filter(|_| defaults).map(String::from);
        let mut values = defaults.chain(extra.iter().cloned()).collect::<Vec<_>>();
        values.sort();
        values.dedup();
        Self::from(values)
    }

    #[inline]
    pub(crate) fn contains(&self, cell: &[u8]) -> bool {
        match cell.first() {
            None => self.empty,
            Some(&byte) => self.lengths[usize::from(byte)] & length_bit(cell) != 0 && self.listed(cell),
        }
    }

    fn listed(&self, cell: &[u8]) -> bool {
        self.values.iter().any(|value| value.as_bytes() == cell)
    }

    /// Returns whether a cell that reads as a value may still count as missing.
    #[inline]
    pub(crate) fn come_first(&self) -> bool {
        self.numeric
    }
}

impl From<Vec<String>> for NaValues {
    fn from(values: Vec<String>) -> Self {
        let mut lengths = [0; 256];
        for value in values.iter().filter(|value| !value.is_empty()) {
            lengths[usize::from(value.as_bytes()[0])] |= length_bit(value.as_bytes());
        }
        let empty = values.iter().any(String::is_empty);
        // NaN reads as a number, but as one that is missing anyway.
        let number = |value: &String| parse::float(value.as_bytes()).is_some_and(|x| !x.is_nan());
        let numeric = values.iter().any(number)
            || values.iter().any(|value| parse::boolean(value.as_bytes()).is_some());
        Self { values, lengths, empty, numeric }
    }
}

impl From<NaValues> for Vec<String> {
    fn from(na: NaValues) -> Self {
        na.values
    }
}

fn length_bit(text: &[u8]) -> u64 {
    1 << text.len().min(63)
}

impl Tokenize for Dialect {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.separator.tokenize(t);
        self.quote.tokenize(t);
        self.comment.tokenize(t);
    }
}

impl Tokenize for NaValues {
    fn tokenize(&self, t: &mut Tokenizer) {
        self.values.tokenize(t);
    }
}
