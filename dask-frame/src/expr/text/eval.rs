//! Text functions computed for a column.

use std::fmt::Write;

use super::pattern::Piece;
use super::{PadSide, TextFunction, case, class};
use crate::column::{BoolBuilder, Column, Utf8Builder, ValueBuilder, View};
use crate::error::EvalError;

impl TextFunction {
    /// Computes the function; the types were checked when it was written. What is missing stays missing.
    pub(in crate::expr) fn eval(&self, args: &[Column]) -> Result<Column, EvalError> {
        let of = &args[0];
        Ok(match self {
            TextFunction::Upper => texts(of, |text, to| to.push_str(&text.to_uppercase())),
            TextFunction::Lower => texts(of, |text, to| to.push_str(&text.to_lowercase())),
            TextFunction::Title => texts(of, case::title),
            TextFunction::Capitalize => texts(of, case::capitalize),
            TextFunction::SwapCase => texts(of, case::swap),
            TextFunction::CaseFold => texts(of, case::fold),
            TextFunction::Length => ints(of, |text| text.chars().count() as i64),
            TextFunction::Strip { start, end, characters } => {
                let strips = |c: char| match characters {
                    Some(characters) => characters.contains(c),
                    None => class::is_space(c),
                };
                parts(of, |text| {
                    let text = if *start { text.trim_start_matches(strips) } else { text };
                    Some(if *end { text.trim_end_matches(strips) } else { text })
                })
            }
            TextFunction::RemovePrefix(prefix) => {
                parts(of, |text| Some(text.strip_prefix(&**prefix).unwrap_or(text)))
            }
            TextFunction::RemoveSuffix(suffix) => {
                parts(of, |text| Some(text.strip_suffix(&**suffix).unwrap_or(text)))
            }
            TextFunction::StartsWith(prefix) => bools(of, |text| text.starts_with(&**prefix)),
            TextFunction::EndsWith(suffix) => bools(of, |text| text.ends_with(&**suffix)),
            TextFunction::Contains(pattern) => match pattern.literal() {
                Some(literal) => {
                    let finder = memchr::memmem::Finder::new(literal);
                    bools(of, |text| finder.find(text.as_bytes()).is_some())
                }
                None => {
                    let regex = pattern.anywhere()?;
                    bools(of, |text| regex.is_match(text))
                }
            },
            TextFunction::Match(pattern) => {
                let regex = pattern.at_start()?;
                bools(of, |text| regex.is_match(text))
            }
            TextFunction::FullMatch(pattern) => {
                let regex = pattern.whole()?;
                bools(of, |text| regex.is_match(text))
            }
            TextFunction::Count(pattern) => {
                let regex = pattern.anywhere()?;
                ints(of, |text| regex.find_iter(text).count() as i64)
            }
            TextFunction::Replace { pattern, with, most } => {
                let most = most.unwrap_or(usize::MAX);
                if let Some(literal) = pattern.literal() {
                    texts(of, |text, to| to.push_str(&text.replacen(literal, with, most)))
                } else {
                    let regex = pattern.anywhere()?;
                    let pieces = pattern.pieces(&regex, with)?;
                    texts(of, |text, to| replace(&regex, &pieces, text, most, to))
                }
            }
            TextFunction::Extract { pattern, group } => {
                let regex = pattern.anywhere()?;
                parts(of, |text| Some(regex.captures(text)?.get(*group)?.as_str()))
            }
            TextFunction::Find { text: wanted, last } => ints(of, |text| {
                let found = if *last { text.rfind(&**wanted) } else { text.find(&**wanted) };
                found.map_or(-1, |at| text[..at].chars().count() as i64)
            }),
            TextFunction::Get(at) => parts(of, |text| {
                let at = match usize::try_from(*at) {
                    Ok(at) => text.char_indices().nth(at),
                    Err(_) => text.char_indices().nth_back(from_end(*at)?),
                };
                at.map(|(at, c)| &text[at..at + c.len_utf8()])
            }),
            TextFunction::Slice { start, stop, step: 1 } => {
                parts(of, |text| Some(&text[between(text, *start, *stop)]))
            }
            TextFunction::Slice { start, stop, step } => {
                texts(of, |text, to| step_through(text, *start, *stop, *step, to))
            }
            TextFunction::SliceReplace { start, stop, with } => texts(of, |text, to| {
                let range = between(text, *start, *stop);
                to.push_str(&text[..range.start]);
                to.push_str(with);
                to.push_str(&text[range.end..]);
            }),
            TextFunction::Pad { width, side, fill } => texts(of, |text, to| {
                let missing = width.saturating_sub(text.chars().count());
                let before = match side {
                    PadSide::Left => missing,
                    PadSide::Right => 0,
                    // As Python's `center`: of an odd number one goes where the width is odd, too.
                    PadSide::Both => missing / 2 + (missing & width & 1),
                };
                to.extend(std::iter::repeat_n(*fill, before));
                to.push_str(text);
                to.extend(std::iter::repeat_n(*fill, missing - before));
            }),
            TextFunction::ZeroFill(width) => texts(of, |text, to| {
                let missing = width.saturating_sub(text.chars().count());
                let sign = text.len() - text.strip_prefix(['+', '-']).unwrap_or(text).len();
                to.push_str(&text[..sign]);
                to.extend(std::iter::repeat_n('0', missing));
                to.push_str(&text[sign..]);
            }),
            TextFunction::Repeat(times) => texts(of, |text, to| (0..*times).for_each(|_| to.push_str(text))),
            TextFunction::Is(class) => bools(of, |text| class.holds(text)),
            TextFunction::Split { separator, most, from_end, part } => {
                let separator = separator.as_deref();
                match *part {
                    Some(part) => parts(of, |text| split(text, separator, *most, *from_end, part)),
                    None => all_parts(of, |text| split_all(text, separator, *most, *from_end)),
                }
            }
            TextFunction::Join(separator) => join(args, separator),
        })
    }
}

/// Calls `f` with each text, or `None` where it is missing.
fn each<'a>(of: &'a Column, mut f: impl FnMut(Option<&'a str>)) {
    let View::Utf8(texts) = of.view() else { unreachable!("the argument was checked to be Utf8") };
    match of.validity() {
        None => (0..of.len()).for_each(|row| f(Some(texts.get(row)))),
        Some(valid) => (0..of.len()).for_each(|row| f(valid.get(row).then(|| texts.get(row)))),
    }
}

/// Writes a text for each text.
fn texts(of: &Column, mut write: impl FnMut(&str, &mut String)) -> Column {
    let mut builder = Utf8Builder::with_capacity(of.len());
    let mut buffer = String::new();
    each(of, |text| match text {
        None => builder.push_null(),
        Some(text) => {
            buffer.clear();
            write(text, &mut buffer);
            builder.push(buffer.as_bytes());
        }
    });
    builder.finish().expect("a str is UTF-8")
}

/// Takes a part of each text, or nothing.
fn parts(of: &Column, part: impl Fn(&str) -> Option<&str>) -> Column {
    let mut builder = Utf8Builder::with_capacity(of.len());
    each(of, |text| builder.push_option(text.and_then(&part)));
    builder.finish().expect("a str is UTF-8")
}

fn all_parts(of: &Column, split: impl Fn(&str) -> Vec<&str>) -> Column {
    let mut builder = Utf8Builder::with_capacity(of.len());
    let mut lengths = Vec::with_capacity(of.len());
    each(of, |text| {
        let parts = text.map(&split);
        lengths.push(parts.as_ref().map(Vec::len));
        parts.into_iter().flatten().for_each(|part| builder.push(part.as_bytes()));
    });
    Column::of_lists(&lengths, builder.finish().expect("a str is UTF-8"))
}

fn ints(of: &Column, f: impl Fn(&str) -> i64) -> Column {
    let mut builder = ValueBuilder::with_capacity(of.len());
    each(of, |text| builder.push_option(text.map(&f)));
    builder.finish_i64()
}

fn bools(of: &Column, f: impl Fn(&str) -> bool) -> Column {
    let mut builder = BoolBuilder::default();
    each(of, |text| builder.push_option(text.map(&f)));
    builder.finish()
}

fn replace(regex: &regex::Regex, pieces: &[Piece], text: &str, most: usize, to: &mut String) {
    let mut after = 0;
    for found in regex.captures_iter(text).take(most) {
        let whole = found.get_match();
        to.push_str(&text[after..whole.start()]);
        for piece in pieces {
            match piece {
                Piece::Text(text) => to.push_str(text),
                Piece::Group(group) => to.push_str(found.get(*group).map_or("", |group| group.as_str())),
            }
        }
        after = whole.end();
    }
    to.push_str(&text[after..]);
}

/// How many characters stand behind the one that a negative position means.
fn from_end(at: i64) -> Option<usize> {
    usize::try_from(at.checked_neg()? - 1).ok()
}

/// The bytes of the characters `start..stop`, which count from the end where they are negative.
fn between(text: &str, start: Option<i64>, stop: Option<i64>) -> std::ops::Range<usize> {
    let byte = |at: i64| match usize::try_from(at) {
        Ok(at) => text.char_indices().nth(at).map_or(text.len(), |(at, _)| at),
        Err(_) => from_end(at).and_then(|at| text.char_indices().nth_back(at)).map_or(0, |(at, _)| at),
    };
    let (start, stop) = (start.map_or(0, byte), stop.map_or(text.len(), byte));
    start..stop.max(start)
}

/// Writes each `step`th of the characters `start..stop`, backwards if it is negative, as Python slices.
fn step_through(text: &str, start: Option<i64>, stop: Option<i64>, step: i64, to: &mut String) {
    let characters = text.chars().collect::<Vec<_>>();
    let len = characters.len() as i64;
    let (first, last) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let place = |at: i64| if at < 0 { at.saturating_add(len) } else { at }.clamp(first, last);
    let (mut at, stop) = match step > 0 {
        true => (start.map_or(0, place), stop.map_or(len, place)),
        false => (start.map_or(len - 1, place), stop.map_or(-1, place)),
    };
    while if step > 0 { at < stop } else { at > stop } {
        to.push(characters[at as usize]);
        at = at.saturating_add(step);
    }
}

/// Splits as Python does, at most `most` times, and returns one of the parts.
fn split<'a>(
    text: &'a str,
    separator: Option<&str>,
    most: Option<usize>,
    rest_first: bool,
    part: i64,
) -> Option<&'a str> {
    fn pick<'a>(mut parts: impl DoubleEndedIterator<Item = &'a str>, part: i64) -> Option<&'a str> {
        match usize::try_from(part) {
            Ok(part) => parts.nth(part),
            Err(_) => parts.nth_back(from_end(part)?),
        }
    }
    match (separator, most) {
        (None, None) => pick(text.split(class::is_space).filter(|part| !part.is_empty()), part),
        // A separator that is a text cannot be searched from both ends.
        _ => pick(split_all(text, separator, most, rest_first).into_iter(), part),
    }
}

/// Splits as Python does, at most `most` times.
fn split_all<'a>(
    text: &'a str,
    separator: Option<&str>,
    most: Option<usize>,
    rest_first: bool,
) -> Vec<&'a str> {
    let n = most.map_or(usize::MAX, |most| most.saturating_add(1));
    match separator {
        None => words(text, n, rest_first),
        Some(separator) if most.is_none() => text.split(separator).collect(),
        Some(separator) if rest_first => {
            let mut parts = text.rsplitn(n, separator).collect::<Vec<_>>();
            parts.reverse();
            parts
        }
        Some(separator) => text.splitn(n, separator).collect(),
    }
}

/// Splits by runs of whitespace into at most `n` parts, the last of which (the first, if `rest_first`) is
/// what is left.
fn words<'a>(text: &'a str, n: usize, rest_first: bool) -> Vec<&'a str> {
    let begin = |text: &'a str| match rest_first {
        true => text.trim_end_matches(class::is_space),
        false => text.trim_start_matches(class::is_space),
    };
    let mut parts = Vec::new();
    let mut rest = begin(text);
    while !rest.is_empty() {
        let end = if rest_first { rest.rfind(class::is_space) } else { rest.find(class::is_space) };
        let Some(end) = end.filter(|_| parts.len() + 1 < n) else {
            parts.push(rest);
            break;
        };
        let (before, after) = rest.split_at(end);
        parts.push(if rest_first { after.trim_start_matches(class::is_space) } else { before });
        rest = begin(if rest_first { before } else { after });
    }
    if rest_first {
        parts.reverse();
    }
    parts
}

fn join(columns: &[Column], separator: &str) -> Column {
    let rows = columns.first().map_or(0, Column::len);
    let mut builder = Utf8Builder::with_capacity(rows);
    let views = columns.iter().map(|column| match column.view() {
        View::Utf8(texts) => texts,
        _ => unreachable!("the arguments were checked to be Utf8"),
    });
    let views = views.collect::<Vec<_>>();
    let mut buffer = String::new();
    for row in 0..rows {
        if columns.iter().any(|column| column.is_null(row)) {
            builder.push_null();
            continue;
        }
        buffer.clear();
        for (at, texts) in views.iter().enumerate() {
            let _ = write!(buffer, "{}{}", if at > 0 { separator } else { "" }, texts.get(row));
        }
        builder.push(buffer.as_bytes());
    }
    builder.finish().expect("a str is UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn sliced(start: Option<i64>, stop: Option<i64>, step: i64, expected: &str) {
        let slice = TextFunction::Slice { start, stop, step };
        let got = slice.eval(&[Column::from(vec!["aéіöu"])]).unwrap();
        assert_eq!(got, Column::from(vec![expected]), "{slice}");
    }

    /// The answers are Python's.
    #[test]
    fn slices_are_pythons() {
        sliced(Some(1), Some(3), 1, "éі");
        sliced(Some(-3), None, 1, "іöu");
        sliced(Some(-9), Some(-3), 1, "aé");
        sliced(Some(3), Some(1), 1, "");
        sliced(Some(9), None, 1, "");
        sliced(None, None, -1, "uöіéa");
        sliced(Some(-2), Some(0), -2, "öé");
        sliced(None, Some(9), 2, "aіu");
        sliced(Some(9), Some(i64::MIN), -3, "ué");
        sliced(Some(i64::MIN), None, i64::MAX, "a");
    }

    #[track_caller]
    fn parts_of(text: &str, separator: Option<&str>, most: Option<usize>, from_end: bool, expected: &[&str]) {
        let part = |at| split(text, separator, most, from_end, at);
        let got = (0..).map_while(part).collect::<Vec<_>>();
        assert_eq!(got, expected);
        assert_eq!(split_all(text, separator, most, from_end), expected);
        let backwards = (1..).map_while(|at: i64| part(-at)).collect::<Vec<_>>();
        assert!(backwards.iter().rev().eq(expected), "{backwards:?}");
    }

    /// The answers are Python's.
    #[test]
    fn splits_are_pythons() {
        parts_of("a,b,,c", Some(","), None, false, &["a", "b", "", "c"]);
        parts_of("a,b,,c", Some(","), Some(1), false, &["a", "b,,c"]);
        parts_of("a,b,,c", Some(","), Some(1), true, &["a,b,", "c"]);
        parts_of("", Some(","), None, false, &[""]);
        parts_of(" a  b c ", None, None, false, &["a", "b", "c"]);
        parts_of(" a  b c ", None, Some(1), false, &["a", "b c "]);
        parts_of(" a  b c ", None, Some(1), true, &[" a  b", "c"]);
        parts_of("  ", None, None, false, &[]);
        parts_of("  ", None, Some(1), false, &[]);
    }
}
