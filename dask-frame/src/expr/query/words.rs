//! The words of a query.

use crate::error::FrameError;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Word {
    Name(String),
    Int(i64),
    Float(f64),
    Text(String),
    Sign(&'static str),
    End,
}

/// A word and where it begins, in characters from 1.
pub(super) type Placed = (Word, usize);

/// Longer signs come first.
const SIGNS: [&str; 24] = [
    "**", "//", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", ",", "&", "|",
    "~", "=", ".", "@",
];

pub(super) fn problem(text: &str, position: usize, problem: impl Into<String>) -> FrameError {
    FrameError::BadQuery { text: text.into(), position, problem: problem.into() }
}

/// Cuts a query into words, of which the last is the end.
pub(super) fn words(text: &str) -> Result<Vec<Placed>, FrameError> {
    let mut words = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let at = text[..text.len() - rest.len()].chars().count() + 1;
        let Some(first) = rest.chars().next() else {
            words.push((Word::End, at));
            return Ok(words);
        };
        let (word, length) = match first {
            '\'' | '"' | '`' => {
                let (inside, length) = quoted(rest, first)
                    .ok_or_else(|| problem(text, at, format!("{first} is opened here and never closed")))?;
                (if first == '`' { Word::Name(inside) } else { Word::Text(inside) }, length)
            }
            _ if first.is_alphabetic() || first == '_' => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                (Word::Name(rest[..end].into()), end)
            }
            _ if first.is_ascii_digit()
                || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) =>
            {
                number(rest).ok_or_else(|| problem(text, at, "this is no number of 64 bits"))?
            }
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => (Word::Sign(sign), sign.len()),
                None => return Err(problem(text, at, format!("`{first}` means nothing here"))),
            },
        };
        words.push((word, at));
        rest = &rest[length..];
    }
}

/// Reads up to the closing quote; a backslash takes away the meaning of the next character.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut inside = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            _ if c == quote => return Some((inside, at + 1)),
            '\\' if quote != '`' => match characters.next()?.1 {
                'n' => inside.push('\n'),
                't' => inside.push('\t'),
                other => inside.push(other),
            },
            _ => inside.push(c),
        }
    }
    None
}

fn number(text: &str) -> Option<(Word, usize)> {
    let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mut end = digits(text);
    let mut whole = true;
    if text[end..].starts_with('.') {
        whole = false;
        end += 1;
        end += digits(&text[end..]);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let exponent = digits(&text[end + 1 + sign..]);
        if exponent > 0 {
            whole = false;
            end += 1 + sign + exponent;
        }
    }
    let word = match whole {
        true => Word::Int(text[..end].parse().ok()?),
        false => Word::Float(text[..end].parse().ok()?),
    };
    Some((word, end))
}
