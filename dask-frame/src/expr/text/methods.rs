//! The methods of `col("s").str()`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Class, Pattern, TextFunction};
use crate::expr::function::Function;
use crate::expr::{Expr, Node, Operand};

/// The functions of a column of texts, as pandas' `str` accessor; made by [`Expr::str`].
///
/// What is missing stays missing. Positions and lengths count characters (Unicode scalar values), and
/// upper case, digits, letters and the like are what they are to Python.
///
/// # Examples
///
/// ```
/// use dask_frame::{Column, DataFrame, col, regex};
/// use dask_graph::Collection;
///
/// let names = Column::from(vec![Some("Dr. Ann Lee"), None, Some("bob")]);
/// let frame = DataFrame::from_columns([("name", names)], 1)?;
/// let name = col("name");
/// let table = frame
///     .select([
///         name.str().title().alias("title"),
///         name.str().len().alias("len"),
///         name.str().contains(regex(r"^Dr\.")).alias("doctor"),
///         name.str().split(" ").get(-1).alias("last"),
///     ])?
///     .compute_with(&dask_sched_sync::Sync::new())?;
/// assert_eq!(table.to_string(), "\
/// title          len  doctor  last
/// Utf8         Int64  Bool    Utf8
/// -----------  -----  ------  ----
/// Dr. Ann Lee     11  true    Lee
/// null          null  null    null
/// Bob              3  false   bob
/// 3 rows
/// ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct StringMethods(Expr);

/// On which side of a text it is padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PadSide {
    /// In front.
    Left,
    /// Behind.
    Right,
    /// In front and behind.
    Both,
}

impl PadSide {
    pub(super) fn word(self) -> &'static str {
        match self {
            PadSide::Left => "left",
            PadSide::Right => "right",
            PadSide::Both => "both",
        }
    }
}

impl Expr {
    /// Returns the functions of texts.
    pub fn str(&self) -> StringMethods {
        StringMethods(self.clone())
    }
}

macro_rules! simple {
    ($($(#[$doc:meta])* $name:ident => $function:expr;)*) => {
        impl StringMethods {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> Expr {
                self.with($function)
            }
        )*}
    };
}

simple! {
    /// Maps to upper case.
    upper => TextFunction::Upper;
    /// Maps to lower case.
    lower => TextFunction::Lower;
    /// Begins each word with a capital and maps the rest to lower case.
    title => TextFunction::Title;
    /// Begins the text with a capital and maps the rest to lower case.
    capitalize => TextFunction::Capitalize;
    /// Exchanges upper and lower case.
    swapcase => TextFunction::SwapCase;
    /// Maps to what texts are compared by when case does not matter.
    casefold => TextFunction::CaseFold;
    /// Counts the characters.
    len => TextFunction::Length;
    /// Takes whitespace off both ends.
    strip => TextFunction::Strip { start: true, end: true, characters: None };
    /// Takes whitespace off the start.
    lstrip => TextFunction::Strip { start: true, end: false, characters: None };
    /// Takes whitespace off the end.
    rstrip => TextFunction::Strip { start: false, end: true, characters: None };
    /// Returns whether there are characters and all are letters.
    isalpha => TextFunction::Is(Class::Letters);
    /// Returns whether there are characters and all are letters or numbers.
    isalnum => TextFunction::Is(Class::LettersOrNumbers);
    /// Returns whether there are characters and all are decimal digits.
    isdecimal => TextFunction::Is(Class::Decimals);
    /// Returns whether there are characters and all are digits, superscripts among them.
    isdigit => TextFunction::Is(Class::Digits);
    /// Returns whether there are characters and all stand for numbers, fractions among them.
    isnumeric => TextFunction::Is(Class::Numbers);
    /// Returns whether there are characters and all are whitespace.
    isspace => TextFunction::Is(Class::Spaces);
    /// Returns whether there are characters with a case and all of these are lower case.
    islower => TextFunction::Is(Class::Lower);
    /// Returns whether there are characters with a case and all of these are upper case.
    isupper => TextFunction::Is(Class::Upper);
    /// Returns whether there are words and each begins with a capital and goes on in lower case.
    istitle => TextFunction::Is(Class::Title);
}

impl StringMethods {
    fn with(&self, function: TextFunction) -> Expr {
        Expr::over(Node::Function(Function::Text(function), vec![self.0.clone()]))
    }

    /// Takes any of these characters off both ends.
    #[must_use]
    pub fn strip_chars(&self, characters: impl Into<Arc<str>>) -> Expr {
        self.with(TextFunction::Strip { start: true, end: true, characters: Some(characters.into()) })
    }

    /// Takes any of these characters off the start.
    #[must_use]
    pub fn lstrip_chars(&self, characters: impl Into<Arc<str>>) -> Expr {
        self.with(TextFunction::Strip { start: true, end: false, characters: Some(characters.into()) })
    }

    /// Takes any of these characters off the end.
    #[must_use]
    pub fn rstrip_chars(&self, characters: impl Into<Arc<str>>) -> Expr {
        self.with(TextFunction::Strip { start: false, end: true, characters: Some(characters.into()) })
    }

    /// Takes the prefix away where there is one.
    #[must_use]
    pub fn removeprefix(&self, prefix: impl Into<Arc<str>>) -> Expr {
        self.with(TextFunction::RemovePrefix(prefix.into()))
    }

    /// Takes the suffix away where there is one.
    #[must_use]
    pub fn removesuffix(&self, suffix: impl Into<Arc<str>>) -> Expr {
        self.with(TextFunction::RemoveSuffix(suffix.into()))
    }

    /// Returns whether the text begins with another.
    #[must_use]
    pub fn startswith(&self, prefix: impl Into<Arc<str>>) -> Expr {
        self.with(TextFunction::StartsWith(prefix.into()))
    }

    /// Returns whether the text ends with another.
    #[must_use]
    pub fn endswith(&self, suffix: impl Into<Arc<str>>) -> Expr {
        self.with(TextFunction::EndsWith(suffix.into()))
    }

    /// Returns whether the pattern is found anywhere in the text. A string is looked for as it stands; for a
    /// regular expression, as pandas takes a string for, there is [`regex`](crate::regex).
    #[must_use]
    pub fn contains(&self, pattern: impl Into<Pattern>) -> Expr {
        self.with(TextFunction::Contains(pattern.into()))
    }

    /// Returns whether the text begins with the pattern.
    #[must_use]
    pub fn r#match(&self, pattern: impl Into<Pattern>) -> Expr {
        self.with(TextFunction::Match(pattern.into()))
    }

    /// Returns whether the pattern matches the text from start to end.
    #[must_use]
    pub fn fullmatch(&self, pattern: impl Into<Pattern>) -> Expr {
        self.with(TextFunction::FullMatch(pattern.into()))
    }

    /// Counts how often the pattern is found, without overlap.
    #[must_use]
    pub fn count(&self, pattern: impl Into<Pattern>) -> Expr {
        self.with(TextFunction::Count(pattern.into()))
    }

    /// Replaces each place where the pattern is found. In place of a regular expression, `\\1` and `\\g<name>`
    /// stand for its groups, as in Python.
    #[must_use]
    pub fn replace(&self, pattern: impl Into<Pattern>, with: impl Into<Arc<str>>) -> Expr {
        self.with(TextFunction::Replace { pattern: pattern.into(), with: with.into(), most: None })
    }

    /// [`replace`](StringMethods::replace)s the first `n` places.
    #[must_use]
    pub fn replace_n(&self, pattern: impl Into<Pattern>, with: impl Into<Arc<str>>, n: usize) -> Expr {
        self.with(TextFunction::Replace { pattern: pattern.into(), with: with.into(), most: Some(n) })
    }

    /// Takes what a group of a regular expression matches where it is first found; missing where it is not.
    /// Group 0 is the whole match, the groups in parentheses count from 1.
    #[must_use]
    pub fn extract(&self, pattern: impl Into<Pattern>, group: usize) -> Expr {
        self.with(TextFunction::Extract { pattern: pattern.into(), group })
    }

    /// Returns the position where a text is first found, or -1.
    #[must_use]
    pub fn find(&self, text: impl Into<Arc<str>>) -> Expr {
        self.with(TextFunction::Find { text: text.into(), last: false })
    }

    /// Returns the position where a text is found last, or -1.
    #[must_use]
    pub fn rfind(&self, text: impl Into<Arc<str>>) -> Expr {
        self.with(TextFunction::Find { text: text.into(), last: true })
    }

    /// Takes one character, a negative position counting from the end; missing if there is none.
    #[must_use]
    pub fn get(&self, at: i64) -> Expr {
        self.with(TextFunction::Get(at))
    }

    /// Takes the characters `start..stop`, negative positions counting from the end.
    #[must_use]
    pub fn slice(&self, start: impl Into<Option<i64>>, stop: impl Into<Option<i64>>) -> Expr {
        self.slice_step(start, stop, 1)
    }

    /// Takes each `step`th of the characters `start..stop`, backwards if it is negative: `text[start:stop:step]`
    /// in Python.
    #[must_use]
    pub fn slice_step(&self, start: impl Into<Option<i64>>, stop: impl Into<Option<i64>>, step: i64) -> Expr {
        self.with(TextFunction::Slice { start: start.into(), stop: stop.into(), step })
    }

    /// Puts a text in place of the characters `start..stop`.
    #[must_use]
    pub fn slice_replace(
        &self,
        start: impl Into<Option<i64>>,
        stop: impl Into<Option<i64>>,
        with: impl Into<Arc<str>>,
    ) -> Expr {
        self.with(TextFunction::SliceReplace { start: start.into(), stop: stop.into(), with: with.into() })
    }

    /// Fills up to `width` characters.
    #[must_use]
    pub fn pad(&self, width: usize, side: PadSide, fill: char) -> Expr {
        self.with(TextFunction::Pad { width, side, fill })
    }

    /// Fills up behind the text.
    #[must_use]
    pub fn ljust(&self, width: usize, fill: char) -> Expr {
        self.pad(width, PadSide::Right, fill)
    }

    /// Fills up in front of the text.
    #[must_use]
    pub fn rjust(&self, width: usize, fill: char) -> Expr {
        self.pad(width, PadSide::Left, fill)
    }

    /// Fills up on both sides.
    #[must_use]
    pub fn center(&self, width: usize, fill: char) -> Expr {
        self.pad(width, PadSide::Both, fill)
    }

    /// Fills up with zeros, behind a sign if there is one.
    #[must_use]
    pub fn zfill(&self, width: usize) -> Expr {
        self.with(TextFunction::ZeroFill(width))
    }

    /// Puts the text behind itself, `times` in all.
    #[must_use]
    pub fn repeat(&self, times: usize) -> Expr {
        self.with(TextFunction::Repeat(times))
    }

    /// Splits at a separator; [`Split::get`] takes a part, [`Split::to_list`] all.
    pub fn split(&self, separator: impl Into<Arc<str>>) -> Split {
        Split { of: self.clone(), separator: Some(separator.into()), most: None, from_end: false }
    }

    /// Splits at runs of whitespace, which at the ends does not count.
    pub fn split_whitespace(&self) -> Split {
        Split { of: self.clone(), separator: None, most: None, from_end: false }
    }

    /// Joins the text with others of the same row, a separator between each two; missing if one is.
    #[must_use]
    pub fn cat<O: Into<Operand>>(
        &self,
        others: impl IntoIterator<Item = O>,
        separator: impl Into<Arc<str>>,
    ) -> Expr {
        let others = others.into_iter().map(|other| other.into().into_expr());
        let args = std::iter::once(self.0.clone()).chain(others).collect();
        Expr::over(Node::Function(Function::Text(TextFunction::Join(separator.into())), args))
    }
}

/// A text being split, of which a part is to be taken, or all; made by [`StringMethods::split`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Split {
    of: StringMethods,
    separator: Option<Arc<str>>,
    most: Option<usize>,
    from_end: bool,
}

impl Split {
    /// Splits at the first `n` separators only.
    pub fn at_most(mut self, n: usize) -> Self {
        self.most = Some(n);
        self
    }

    /// Begins at the end, where [`at_most`](Split::at_most) leaves separators unsplit.
    pub fn from_end(mut self) -> Self {
        self.from_end = true;
        self
    }

    /// Takes a part, a negative number counting from the last; missing if there are not so many.
    #[must_use]
    pub fn get(self, part: i64) -> Expr {
        let Self { of, separator, most, from_end } = self;
        of.with(TextFunction::Split { separator, most, from_end, part: Some(part) })
    }

    /// Takes all parts, in a list: pandas' `str.split`. See [`Expr::lists`] and
    /// [`DataFrame::explode`](crate::DataFrame::explode) for what can be done with it.
    #[must_use]
    pub fn to_list(self) -> Expr {
        let Self { of, separator, most, from_end } = self;
        of.with(TextFunction::Split { separator, most, from_end, part: None })
    }
}
