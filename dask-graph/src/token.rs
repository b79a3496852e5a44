//! Tokens: stable hashes over what a piece of work means.
//!
//! The hash is XXH3-128 over an unambiguous encoding of the parts (every part is written with a tag and,
//! where lengths vary, its length), so it is the same on every machine and in every run, and equal work
//! gets equal names. The vectors in the tests of this file pin it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use xxhash_rust::xxh3::xxh3_128;

use crate::key::{Key, Name};

/// A 128-bit hash over what a piece of work means.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(u128);

impl Token {
    /// A token that no other call gives: for work whose meaning cannot be hashed, such as a closure.
    pub fn unique() -> Self {
        static SEED: OnceLock<u128> = OnceLock::new();
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let seed = *SEED.get_or_init(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
            // The address of a stack variable adds what address randomisation gives.
            let here = &raw const now as usize;
            Tokenizer::new("process").feed(&std::process::id()).feed(&now).feed(&here).finish().0
        });
        Tokenizer::new("unique").feed(&seed).feed(&NEXT.fetch_add(1, Ordering::Relaxed)).finish()
    }

    /// The token as a number.
    pub fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Collects the parts of a token.
///
/// ```
/// use dask_graph::{Name, Tokenizer};
///
/// let token = Tokenizer::new("sum").feed(&Name::new("x")).feed(&[0_i64]).finish();
/// let again = Tokenizer::new("sum").feed(&Name::new("x")).feed(&[0_i64]).finish();
/// assert_eq!(token, again);
/// ```
#[derive(Clone)]
pub struct Tokenizer {
    encoded: Vec<u8>,
}

/// Byte slices longer than this enter as their own hash, so that hashing an array does not copy it.
const COPY_LIMIT: usize = 256;

impl Tokenizer {
    /// Begins a token for the operation called `label`.
    pub fn new(label: &str) -> Self {
        let mut new = Self { encoded: Vec::with_capacity(128) };
        new.bytes(b'o', label.as_bytes());
        new
    }

    /// Adds a part.
    #[must_use]
    pub fn feed<T: Tokenize + ?Sized>(mut self, part: &T) -> Self {
        part.tokenize(&mut self);
        self
    }

    /// Adds a part, by reference to the tokenizer.
    pub fn add<T: Tokenize + ?Sized>(&mut self, part: &T) {
        part.tokenize(self);
    }

    /// Adds raw bytes under a tag of the caller's choice; the length is part of what is hashed.
    pub fn bytes(&mut self, tag: u8, bytes: &[u8]) {
        self.encoded.push(tag);
        self.encoded.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        if bytes.len() <= COPY_LIMIT {
            self.encoded.extend_from_slice(bytes);
        } else {
            self.encoded.extend_from_slice(&xxh3_128(bytes).to_le_bytes());
        }
    }

    /// The token of all parts so far.
    pub fn finish(&self) -> Token {
        Token(xxh3_128(&self.encoded))
    }
}

/// What can be a part of a token.
///
/// Equal values must write equal bytes, and unequal values unequal ones.
pub trait Tokenize {
    /// Writes the value's meaning.
    fn tokenize(&self, tokenizer: &mut Tokenizer);
}

macro_rules! tokenize_numbers {
    ($($tag:literal $t:ty),+ $(,)?) => {$(
        impl Tokenize for $t {
            fn tokenize(&self, tokenizer: &mut Tokenizer) {
                tokenizer.encoded.push($tag);
                tokenizer.encoded.extend_from_slice(&self.to_le_bytes());
            }
        }
    )+};
}
tokenize_numbers!(
    1 u8, 2 u16, 3 u32, 4 u64, 5 u128, 6 i8, 7 i16, 8 i32, 9 i64, 10 i128, 11 f32, 12 f64,
);

impl Tokenize for usize {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        (*self as u64).tokenize(tokenizer);
    }
}

impl Tokenize for isize {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        (*self as i64).tokenize(tokenizer);
    }
}

impl Tokenize for bool {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.encoded.extend_from_slice(&[13, u8::from(*self)]);
    }
}

impl Tokenize for char {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.encoded.push(14);
        tokenizer.encoded.extend_from_slice(&u32::from(*self).to_le_bytes());
    }
}

impl Tokenize for str {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.bytes(b's', self.as_bytes());
    }
}

impl Tokenize for String {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        self.as_str().tokenize(tokenizer);
    }
}

impl Tokenize for Path {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.bytes(b'p', self.as_os_str().as_encoded_bytes());
    }
}

impl Tokenize for PathBuf {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        self.as_path().tokenize(tokenizer);
    }
}

impl Tokenize for SystemTime {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        let (sign, distance) = match self.duration_since(UNIX_EPOCH) {
            Ok(after) => (1_u8, after),
            Err(before) => (0_u8, before.duration()),
        };
        tokenizer.encoded.push(b't');
        (sign, distance.as_nanos()).tokenize(tokenizer);
    }
}

impl Tokenize for Token {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.encoded.push(b'h');
        tokenizer.encoded.extend_from_slice(&self.0.to_le_bytes());
    }
}

impl Tokenize for Name {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.bytes(b'n', self.as_str().as_bytes());
    }
}

impl Tokenize for Key {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.encoded.push(b'k');
        self.name().tokenize(tokenizer);
        self.index().tokenize(tokenizer);
    }
}

impl Tokenize for () {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.encoded.push(0);
    }
}

impl<T: Tokenize> Tokenize for Option<T> {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        match self {
            None => tokenizer.encoded.push(b'-'),
            Some(value) => {
                tokenizer.encoded.push(b'+');
                value.tokenize(tokenizer);
            }
        }
    }
}

impl<T: Tokenize> Tokenize for [T] {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        tokenizer.encoded.push(b'[');
        tokenizer.encoded.extend_from_slice(&(self.len() as u64).to_le_bytes());
        for item in self {
            item.tokenize(tokenizer);
        }
    }
}

impl<T: Tokenize, const N: usize> Tokenize for [T; N] {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        self.as_slice().tokenize(tokenizer);
    }
}

impl<T: Tokenize> Tokenize for Vec<T> {
    fn tokenize(&self, tokenizer: &mut Tokenizer) {
        self.as_slice().tokenize(tokenizer);
    }
}

macro_rules! tokenize_pointers {
    ($($p:ty),+) => {$(
        impl<T: Tokenize + ?Sized> Tokenize for $p {
            fn tokenize(&self, tokenizer: &mut Tokenizer) {
                (**self).tokenize(tokenizer);
            }
        }
    )+};
}
tokenize_pointers!(&T, Box<T>, Arc<T>);

macro_rules! tokenize_tuples {
    ($($n:literal: $($t:ident)+;)+) => {$(
        #[allow(non_snake_case, reason = "the type parameters name the fields")]
        impl<$($t: Tokenize),+> Tokenize for ($($t,)+) {
            fn tokenize(&self, tokenizer: &mut Tokenizer) {
                let ($($t,)+) = self;
                tokenizer.encoded.extend_from_slice(&[b'(', $n]);
                $($t.tokenize(tokenizer);)+
            }
        }
    )+};
}
tokenize_tuples! { 1: A; 2: A B; 3: A B C; 4: A B C D; 5: A B C D E; 6: A B C D E F; }

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_are_pinned() {
        // Computed with Python's xxhash over the encoding written out by hand.
        #[track_caller]
        fn check(token: Token, expected: &str) {
            assert_eq!(token.to_string(), expected);
        }
        check(Tokenizer::new("sum").finish(), "2b952f82c6403b27e61504a257ddb919");
        check(Tokenizer::new("sum").feed(&1_i64).feed("x").finish(), "b94fc712714dfaf57bb4580f64725f2e");
        check(
            Tokenizer::new("sum").feed(&vec![0.5_f64; 3]).feed(&Key::new("x", &[1])).finish(),
            "2c4e56f52cb76eac08c771b1beff4009",
        );
        check(Tokenizer::new("data").feed(&"y".repeat(1000)).finish(), "3653a79245b14ec2d263405d91a1f0e0");
    }

    #[test]
    fn unique_tokens_differ() {
        assert_ne!(Token::unique(), Token::unique());
    }

    proptest! {
        // Parts are told apart from each other: no two different lists of texts run together.
        #[test]
        fn tokens_are_equal_exactly_for_equal_parts(a in proptest::collection::vec("[ab]{0,3}", 0..4), b in proptest::collection::vec("[ab]{0,3}", 0..4)) {
            let token = |parts: &[String]| {
                let mut t = Tokenizer::new("law");
                for part in parts {
                    t.add(part);
                }
                t.finish()
            };
            prop_assert_eq!(token(&a) == token(&b), a == b);
        }

        #[test]
        fn numbers_of_different_types_differ(n in 0_u8..100) {
            let one = Tokenizer::new("law").feed(&n).finish();
            prop_assert_ne!(one, Tokenizer::new("law").feed(&u64::from(n)).finish());
            prop_assert_ne!(one, Tokenizer::new("law").feed(&f64::from(n)).finish());
        }
    }
}
