//! The text functions of an expression: pandas' `str` accessor.

mod case;
mod class;
mod eval;
mod methods;
mod pattern;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Expr;
use super::function::wrong_type;
use crate::error::FrameError;
use crate::schema::DataType;

pub(super) use class::Class;
pub use methods::{PadSide, Split, StringMethods};
pub use pattern::{Pattern, regex};

/// A function of texts, with its parameters. Positions and widths count characters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum TextFunction {
    Upper,
    Lower,
    Title,
    Capitalize,
    SwapCase,
    CaseFold,
    Length,
    /// Takes characters off the ends; of whitespace if none are given.
    Strip {
        start: bool,
        end: bool,
        characters: Option<Arc<str>>,
    },
    RemovePrefix(Arc<str>),
    RemoveSuffix(Arc<str>),
    StartsWith(Arc<str>),
    EndsWith(Arc<str>),
    Contains(Pattern),
    Match(Pattern),
    FullMatch(Pattern),
    Count(Pattern),
    Replace {
        pattern: Pattern,
        with: Arc<str>,
        most: Option<usize>,
    },
    Extract {
        pattern: Pattern,
        group: usize,
    },
    Find {
        text: Arc<str>,
        last: bool,
    },
    Get(i64),
    Slice {
        start: Option<i64>,
        stop: Option<i64>,
        step: i64,
    },
    SliceReplace {
        start: Option<i64>,
        stop: Option<i64>,
        with: Arc<str>,
    },
    Pad {
        width: usize,
        side: PadSide,
        fill: char,
    },
    ZeroFill(usize),
    Repeat(usize),
    Is(Class),
    /// Splits and takes one part, or all in a list; by runs of whitespace if there is no separator.
    Split {
        separator: Option<Arc<str>>,
        most: Option<usize>,
        from_end: bool,
        part: Option<i64>,
    },
    /// Joins the texts of a row.
    Join(Arc<str>),
}

impl TextFunction {
    fn word(&self) -> &'static str {
        match self {
            TextFunction::Upper => "str.upper",
            TextFunction::Lower => "str.lower",
            TextFunction::Title => "str.title",
            TextFunction::Capitalize => "str.capitalize",
            TextFunction::SwapCase => "str.swapcase",
            TextFunction::CaseFold => "str.casefold",
            TextFunction::Length => "str.len",
            TextFunction::Strip { start: true, end: true, .. } => "str.strip",
            TextFunction::Strip { start: true, .. } => "str.lstrip",
            TextFunction::Strip { .. } => "str.rstrip",
            TextFunction::RemovePrefix(_) => "str.removeprefix",
            TextFunction::RemoveSuffix(_) => "str.removesuffix",
            TextFunction::StartsWith(_) => "str.startswith",
            TextFunction::EndsWith(_) => "str.endswith",
            TextFunction::Contains(_) => "str.contains",
            TextFunction::Match(_) => "str.match",
            TextFunction::FullMatch(_) => "str.fullmatch",
            TextFunction::Count(_) => "str.count",
            TextFunction::Replace { .. } => "str.replace",
            TextFunction::Extract { .. } => "str.extract",
            TextFunction::Find { last: false, .. } => "str.find",
            TextFunction::Find { .. } => "str.rfind",
            TextFunction::Get(_) => "str.get",
            TextFunction::Slice { .. } => "str.slice",
            TextFunction::SliceReplace { .. } => "str.slice_replace",
            TextFunction::Pad { .. } => "str.pad",
            TextFunction::ZeroFill(_) => "str.zfill",
            TextFunction::Repeat(_) => "str.repeat",
            TextFunction::Is(class) => class.word(),
            TextFunction::Split { from_end: false, .. } => "str.split",
            TextFunction::Split { .. } => "str.rsplit",
            TextFunction::Join(_) => "str.cat",
        }
    }

    /// Returns the type of the result, and checks patterns.
    pub(super) fn dtype(&self, args: &[Expr], dtypes: &[DataType]) -> Result<DataType, FrameError> {
        for (arg, got) in args.iter().zip(dtypes) {
            if !got.is_text() {
                return Err(wrong_type(self.word(), arg, got.clone(), "Utf8"));
            }
        }
        match self {
            TextFunction::Contains(pattern)
            | TextFunction::Match(pattern)
            | TextFunction::FullMatch(pattern)
            | TextFunction::Count(pattern) => pattern.check()?,
            TextFunction::Replace { pattern, with, .. } => pattern.check_replacement(with)?,
            TextFunction::Extract { pattern, group } => pattern.check_group(*group)?,
            TextFunction::Slice { step: 0, .. } => {
                let problem = "the step cannot be 0".into();
                return Err(FrameError::BadArgument { operation: "str.slice", problem });
            }
            TextFunction::Split { separator: Some(separator), .. } if separator.is_empty() => {
                let problem = "the separator is empty; leave it out to split by whitespace".into();
                return Err(FrameError::BadArgument { operation: "str.split", problem });
            }
            _ => {}
        }
        Ok(match self {
            TextFunction::Split { part: None, .. } => DataType::list_of(&DataType::Utf8),
            TextFunction::Length | TextFunction::Count(_) | TextFunction::Find { .. } => DataType::Int64,
            TextFunction::StartsWith(_)
            | TextFunction::EndsWith(_)
            | TextFunction::Contains(_)
            | TextFunction::Match(_)
            | TextFunction::FullMatch(_)
            | TextFunction::Is(_) => DataType::Bool,
            _ => DataType::Utf8,
        })
    }
}

impl fmt::Display for TextFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            TextFunction::Strip { characters: Some(text), .. }
            | TextFunction::RemovePrefix(text)
            | TextFunction::RemoveSuffix(text)
            | TextFunction::StartsWith(text)
            | TextFunction::EndsWith(text)
            | TextFunction::Find { text, .. }
            | TextFunction::Join(text) => write!(f, " {text:?}"),
            TextFunction::Contains(pattern)
            | TextFunction::Match(pattern)
            | TextFunction::FullMatch(pattern)
            | TextFunction::Count(pattern) => write!(f, " {pattern}"),
            TextFunction::Replace { pattern, with, .. } => write!(f, " {pattern}, {with:?}"),
            TextFunction::Extract { pattern, group } => write!(f, " {pattern}, {group}"),
            TextFunction::Get(at) => write!(f, " {at}"),
            TextFunction::Slice { start, stop, step } => {
                let bound = |at: &Option<i64>| at.map_or(String::new(), |at| at.to_string());
                write!(f, " {}:{}:{step}", bound(start), bound(stop))
            }
            TextFunction::SliceReplace { start, stop, with } => {
                let bound = |at: &Option<i64>| at.map_or(String::new(), |at| at.to_string());
                write!(f, " {}:{}, {with:?}", bound(start), bound(stop))
            }
            TextFunction::Pad { width, side, fill } => write!(f, " {width}, {}, {fill:?}", side.word()),
            TextFunction::ZeroFill(n) | TextFunction::Repeat(n) => write!(f, " {n}"),
            TextFunction::Split { separator, part, .. } => {
                separator.iter().try_for_each(|separator| write!(f, " {separator:?}"))?;
                let comma = if separator.is_some() { "," } else { "" };
                part.map_or(Ok(()), |part| write!(f, "{comma} {part}"))
            }
            _ => Ok(()),
        }
    }
}
