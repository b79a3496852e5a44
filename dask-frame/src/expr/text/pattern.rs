//! What is looked for in a text: a piece of text, or a regular expression.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::error::FrameError;

/// What is looked for in a text: the text itself, if made from one, or a regular expression, if made by
/// [`regex()`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pattern {
    text: Arc<str>,
    is_regex: bool,
}

/// Makes a pattern of a regular expression, in the syntax of the
/// [regex crate](https://docs.rs/regex/latest/regex/#syntax): that of Python without look-around and
/// back-references, matched in linear time. `(?i)` in front ignores case.
///
/// Whether it is one is checked where it is used.
#[must_use]
pub fn regex(pattern: impl Into<Arc<str>>) -> Pattern {
    Pattern { text: pattern.into(), is_regex: true }
}

impl<T: Into<Arc<str>>> From<T> for Pattern {
    fn from(text: T) -> Self {
        Self { text: text.into(), is_regex: false }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_regex {
            true => write!(f, "/{}/", self.text),
            false => write!(f, "{:?}", self.text),
        }
    }
}

/// A piece of the text that is put in place of a match.
pub(super) enum Piece {
    Text(String),
    Group(usize),
}

impl Pattern {
    fn source(&self) -> Cow<'_, str> {
        match self.is_regex {
            true => Cow::Borrowed(&self.text),
            false => regex::escape(&self.text).into(),
        }
    }

    /// Returns the text, if the pattern is one.
    pub(super) fn literal(&self) -> Option<&str> {
        (!self.is_regex).then_some(&*self.text)
    }

    fn compile(&self, source: &str) -> Result<Regex, FrameError> {
        Regex::new(source).map_err(|source| {
            let pattern = self.text.to_string();
            FrameError::BadRegex { pattern, source: Box::new(source) }
        })
    }

    pub(super) fn check(&self) -> Result<(), FrameError> {
        self.anywhere().map(drop)
    }

    /// Checks that the expression has a group of this number.
    pub(super) fn check_group(&self, group: usize) -> Result<(), FrameError> {
        let groups = self.anywhere()?.captures_len() - 1;
        if group <= groups {
            return Ok(());
        }
        let problem = format!("{self} has {groups} groups, there is no group {group}");
        Err(FrameError::BadArgument { operation: "str.extract", problem })
    }

    pub(super) fn check_replacement(&self, with: &str) -> Result<(), FrameError> {
        self.pieces(&self.anywhere()?, with).map(drop)
    }

    /// The expression that finds the pattern anywhere in a text.
    pub(super) fn anywhere(&self) -> Result<Regex, FrameError> {
        self.compile(&self.source())
    }

    /// The expression that finds the pattern where the text begins.
    pub(super) fn at_start(&self) -> Result<Regex, FrameError> {
        self.check()?;
        self.compile(&format!(r"\A(?:{})", self.source()))
    }

    /// The expression that the whole text must match.
    pub(super) fn whole(&self) -> Result<Regex, FrameError> {
        self.check()?;
        self.compile(&format!(r"\A(?:{})\z", self.source()))
    }

    /// Reads a replacement as Python writes it: `\1` and `\g<name>` stand for groups, `\\` for a backslash.
    pub(super) fn pieces(&self, regex: &Regex, with: &str) -> Result<Vec<Piece>, FrameError> {
        let refuse = |problem: String| FrameError::BadArgument { operation: "str.replace", problem };
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = with;
        while let Some(at) = rest.find('\\') {
            text.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (name, after) = if digits > 0 {
                rest.split_at(digits.min(2))
            } else if let Some((name, after)) = rest.strip_prefix("g<").and_then(|rest| rest.split_once('>'))
            {
                (name, after)
            } else if let Some(after) = rest.strip_prefix('\\') {
                text.push('\\');
                rest = after;
                continue;
            } else if let Some(after) = rest.strip_prefix('n') {
                text.push('\n');
                rest = after;
                continue;
            } else {
                return Err(refuse(format!(
                    "in the replacement {with:?} a backslash stands before neither a group nor another backslash"
                )));
            };
            let by_number = name.parse::<usize>().ok().filter(|&number| number < regex.captures_len());
            let group = by_number.or_else(|| regex.capture_names().position(|group| group == Some(name)));
            let group = group.ok_or_else(|| refuse(format!("{self} has no group `{name}`")))?;
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Group(group));
            rest = after;
        }
        text.push_str(rest);
        pieces.push(Piece::Text(text));
        Ok(pieces)
    }
}
