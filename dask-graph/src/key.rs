//! Names and keys: what a graph calls its results.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use crate::token::Token;

/// The name of a collection, a layer or a single result: shared text with its hash.
///
/// Cloning copies a pointer; hashing writes eight bytes, whatever the length of the text.
///
/// ```
/// use dask_graph::Name;
///
/// let name = Name::new("sum-3f2a9c");
/// assert_eq!(name.as_str(), "sum-3f2a9c");
/// assert_eq!(name, Name::from("sum-3f2a9c"));
/// ```
#[derive(Clone)]
pub struct Name(Arc<NameText>);

struct NameText {
    /// Stable hash of `text`, so that comparing and hashing rarely read the text.
    hash: u64,
    text: Box<str>,
}

impl Name {
    /// Makes a name from text.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        let text = text.into();
        Self(Arc::new(NameText { hash: xxh3_64(text.as_bytes()), text }))
    }

    /// Makes the name `label-<32 hexadecimal digits>`: what the work is, and a hash over what it means.
    pub fn from_token(label: &str, token: Token) -> Self {
        Self::new(format!("{label}-{token}"))
    }

    /// The text of the name.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The part before the token, for people: `sum` of `sum-3f2a…`.
    pub fn label(&self) -> &str {
        match self.as_str().rsplit_once('-') {
            Some((label, hex)) if hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()) => label,
            _ => self.as_str(),
        }
    }
}

impl PartialEq for Name {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.hash == other.0.hash && self.0.text == other.0.text)
    }
}

impl Eq for Name {}

impl Hash for Name {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Name {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&Name> for Name {
    fn from(name: &Name) -> Self {
        name.clone()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Number of axes that a block index holds without an allocation of its own.
const INLINE_AXES: usize = 4;

#[derive(Clone)]
enum Index {
    Inline { len: u8, at: [u32; INLINE_AXES] },
    Heap(Arc<[u32]>),
}

impl Borrow<[u32]> for Index {
    fn borrow(&self) -> &[u32] {
        match self {
            Self::Inline { len, at } => &at[..usize::from(*len)],
            Self::Heap(at) => at,
        }
    }
}

/// What a graph calls one result: a name, and a block index for results that are parts of a collection.
///
/// Keys print as in dask and read back from what they print.
///
/// ```
/// use dask_graph::Key;
///
/// let key = Key::new("sum-3f2a9c", &[0, 1]);
/// assert_eq!(key.to_string(), "('sum-3f2a9c', 0, 1)");
/// assert_eq!("('sum-3f2a9c', 0, 1)".parse(), Ok(key));
/// assert_eq!(Key::named("x").to_string(), "x");
/// ```
#[derive(Clone)]
pub struct Key {
    name: Name,
    index: Index,
}

impl Key {
    /// Makes the key of one block or partition of `name`.
    pub fn new(name: impl Into<Name>, index: &[u32]) -> Self {
        let index = if index.len() <= INLINE_AXES {
            let mut at = [0; INLINE_AXES];
            at[..index.len()].copy_from_slice(index);
            Index::Inline { len: index.len() as u8, at }
        } else {
            Index::Heap(index.into())
        };
        Self { name: name.into(), index }
    }

    /// Makes a key without a block index.
    pub fn named(name: impl Into<Name>) -> Self {
        Self { name: name.into(), index: Index::Inline { len: 0, at: [0; INLINE_AXES] } }
    }

    /// The name part.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The block index; empty for a single result.
    pub fn index(&self) -> &[u32] {
        self.index.borrow()
    }
}

impl PartialEq for Key {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        let same_index = match (&self.index, &other.index) {
            // Unused places are 0. Without a loop this is a few instructions.
            (Index::Inline { len, at }, Index::Inline { len: other_len, at: other_at }) => {
                len == other_len && at == other_at
            }
            _ => self.index() == other.index(),
        };
        same_index && self.name == other.name
    }
}

impl Eq for Key {}

impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        for &i in self.index() {
            state.write_u32(i);
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name.cmp(&other.name).then_with(|| self.index().cmp(other.index()))
    }
}

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Self::named(name)
    }
}

impl From<String> for Key {
    fn from(name: String) -> Self {
        Self::named(name)
    }
}

impl From<Name> for Key {
    fn from(name: Name) -> Self {
        Self::named(name)
    }
}

impl From<&Key> for Key {
    fn from(key: &Key) -> Self {
        key.clone()
    }
}

/// `("x", 0)`, `("x", 0, 1)`: the tuple notation of dask.
macro_rules! key_from_tuple {
    ($($n:literal: $($i:ident)+;)+) => {$(
        impl<N: Into<Name>> From<(N, $(key_from_tuple!(@u32 $i)),+)> for Key {
            fn from((name, $($i),+): (N, $(key_from_tuple!(@u32 $i)),+)) -> Self {
                Self::new(name, &[$($i),+])
            }
        }
    )+};
    (@u32 $i:ident) => { u32 };
}
key_from_tuple! { 1: i; 2: i j; 3: i j k; 4: i j k l; }

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A bare name that begins like a tuple would read back as one: it prints as a tuple of one.
        if self.index().is_empty() && !self.name.as_str().starts_with('(') {
            return f.write_str(self.name.as_str());
        }
        f.write_str("('")?;
        for c in self.name.as_str().chars() {
            if matches!(c, '\'' | '\\') {
                f.write_str("\\")?;
            }
            fmt::Write::write_char(f, c)?;
        }
        f.write_str("'")?;
        for i in self.index() {
            write!(f, ", {i}")?;
        }
        f.write_str(if self.index().is_empty() { ",)" } else { ")" })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text that is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a key: at byte {at} expected {expected}; keys look like x or ('x', 0, 1)")]
pub struct KeyParseError {
    text: String,
    at: usize,
    expected: &'static str,
}

impl FromStr for Key {
    type Err = KeyParseError;

    fn from_str(text: &str) -> Result<Self, KeyParseError> {
        let Some(inner) = text.strip_prefix('(') else { return Ok(Self::named(text)) };
        let fail = |rest: &str, expected| KeyParseError {
            text: text.to_owned(),
            at: text.len() - rest.len(),
            expected,
        };
        let rest = inner.strip_prefix('\'').ok_or_else(|| fail(inner, "a quoted name"))?;
        let mut name = String::new();
        let mut chars = rest.chars();
        loop {
            match chars.next() {
                Some('\'') => break,
                Some('\\') => name.push(chars.next().ok_or_else(|| fail("", "a character after `\\`"))?),
                Some(c) => name.push(c),
                None => return Err(fail("", "the closing quote")),
            }
        }
        let mut rest = chars.as_str();
        let mut index = Vec::new();
        loop {
            rest = rest.strip_prefix(',').ok_or_else(|| fail(rest, "a comma"))?.trim_start();
            if let Some(end) = rest.strip_prefix(')') {
                // Only a tuple of one ends in a comma.
                let single = index.is_empty() && end.is_empty();
                return if single { Ok(Self::named(name)) } else { Err(fail(end, "the end")) };
            }
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            index.push(rest[..digits].parse().map_err(|_| fail(rest, "a block number below 2^32"))?);
            rest = &rest[digits..];
            if let Some(end) = rest.strip_prefix(')') {
                return if end.is_empty() { Ok(Self::new(name, &index)) } else { Err(fail(end, "the end")) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_is_four_words() {
        assert_eq!(size_of::<Key>(), 32);
    }

    #[test]
    fn texts_that_are_no_keys_say_where() {
        #[track_caller]
        fn check(text: &str, at: usize, expected: &str) {
            let error = text.parse::<Key>().unwrap_err();
            assert_eq!((error.at, error.expected), (at, expected), "{text}");
        }
        check("(x, 1)", 1, "a quoted name");
        check("('x", 3, "the closing quote");
        check("('x')", 4, "a comma");
        check("('x', a)", 6, "a block number below 2^32");
        check("('x', 4294967296)", 6, "a block number below 2^32");
        check("('x', 1) ", 8, "the end");
        check("('x', 1,)", 9, "the end");
    }

    #[test]
    fn labels_drop_the_token() {
        let name = Name::from_token("sum", crate::Tokenizer::new("x").finish());
        assert_eq!(name.label(), "sum");
        assert_eq!(Name::new("flights-2013").label(), "flights-2013");
    }

    proptest! {
        #[test]
        fn keys_round_trip_through_text(name in "\\PC*|[('\\\\,) 0-9]*", index in proptest::collection::vec(any::<u32>(), 0..7)) {
            let key = Key::new(name, &index);
            prop_assert_eq!(key.to_string().parse::<Key>(), Ok(key));
        }
    }
}
