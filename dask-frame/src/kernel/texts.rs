//! Short texts as one number each.
//!
//! A text of up to 15 bytes and its length fit into 128 bits: then two texts are compared without following either to
//! where its letters are. Names and codes, by which rows are grouped most often, are that short.

use std::ops::Range;

use arrow2::array::Utf8Array;

use crate::hash;

/// A number that holds a short text and its length.
pub(super) trait Packed: Copy + Eq {
    /// The most bytes of a text: one less than a power of two.
    const LONGEST: usize;

    /// Puts together the first bytes of what `letters` holds, and `len`, which is at most [`LONGEST`](Self::LONGEST).
    fn new(letters: [u8; 16], len: usize) -> Self;

    fn hash(self) -> u64;

    /// The number of a text, unless it is too long.
    fn of(text: &str) -> Option<Self> {
        let mut letters = [0; 16];
        letters
            .get_mut(..text.len())
            .filter(|_| text.len() <= Self::LONGEST)?
            .copy_from_slice(text.as_bytes());
        Some(Self::new(letters, text.len()))
    }
}

impl Packed for u64 {
    const LONGEST: usize = 7;

    fn new(letters: [u8; 16], len: usize) -> Self {
        let all = u128::from_le_bytes(letters) as u64;
        all & ((1 << (8 * len)) - 1) | (len as u64) << 56
    }

    fn hash(self) -> u64 {
        hash::word(self)
    }
}

impl Packed for u128 {
    const LONGEST: usize = 15;

    fn new(letters: [u8; 16], len: usize) -> Self {
        u128::from_le_bytes(letters) & ((1 << (8 * len)) - 1) | (len as u128) << 120
    }

    fn hash(self) -> u64 {
        hash::two_words(self)
    }
}

/// Returns whether all texts, missing or not, are short enough for a number.
pub(super) fn are_short<P: Packed>(texts: &Utf8Array<i64>) -> bool {
    let ends = texts.offsets().as_slice();
    let lengths = ends[1..].iter().zip(ends).map(|(end, start)| end - start);
    // The longest is one less than a power of two, so that all of them together have no bit that one has not. That is
    // quicker to find than the greatest.
    lengths.fold(0, |together, length| together | length) as usize <= P::LONGEST
}

/// Returns the numbers of some rows, the same for the same texts, none of which is longer than [`Packed::LONGEST`].
pub(super) fn packed<P: Packed>(
    texts: &Utf8Array<i64>,
    rows: Range<usize>,
) -> impl DoubleEndedIterator<Item = P> + ExactSizeIterator {
    let (letters, ends) = (texts.values().as_slice(), &texts.offsets().as_slice()[rows.start..=rows.end]);
    let texts = ends.iter().zip(&ends[1..]);
    texts.map(|(&start, &end)| pack(letters, start as usize, end as usize).expect("no text is longer"))
}

/// Returns the number of a row, the same for the same texts; nothing if its text is too long.
pub(super) fn short<P: Packed>(texts: &Utf8Array<i64>) -> impl Fn(usize) -> Option<P> {
    let (letters, offsets) = (texts.values().as_slice(), texts.offsets().as_slice());
    move |row| pack(letters, offsets[row] as usize, offsets[row + 1] as usize)
}

/// Returns the number of the text from `start` to `end`.
///
/// Always inlined: a number of 128 bits that is handed over through memory is written by halves and read as a whole, for
/// which the processor waits.
#[inline(always)]
fn pack<P: Packed>(letters: &[u8], start: usize, end: usize) -> Option<P> {
    let len = end - start;
    if len > P::LONGEST {
        return None;
    }
    let first = match letters[start..].first_chunk() {
        Some(&chunk) => chunk,
        // Within the last 16 bytes of the column.
        None => {
            let mut first = [0; 16];
            first[..len].copy_from_slice(&letters[start..end]);
            first
        }
    };
    Some(P::new(first, len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::{Column, Strs, View};
    use proptest::prelude::*;

    fn check<P: Packed + std::fmt::Debug>(texts: &[String], start: usize) {
        let column = Column::from(texts.to_vec());
        let column = column.slice(start, texts.len() - start);
        let View::Utf8(Strs::Own(array)) = column.view() else { panic!("texts") };
        assert!(are_short::<P>(array));
        let numbers: Vec<P> = packed(array, 0..array.len()).collect();
        for (text, number) in texts[start..].iter().zip(&numbers) {
            assert_eq!(P::of(text), Some(*number), "{text:?}");
        }
        for (a, x) in texts[start..].iter().zip(&numbers) {
            for (b, y) in texts[start..].iter().zip(&numbers) {
                assert_eq!(a == b, x == y, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn long_texts_have_no_number() {
        let texts = Column::from(
            ["1234567", "12345678", "123456789012345", "1234567890123456"].map(String::from).to_vec(),
        );
        let View::Utf8(Strs::Own(texts)) = texts.view() else { panic!("texts") };
        let has = [true, true, true, false];
        assert!(!are_short::<u64>(texts) && !are_short::<u128>(texts));
        assert!(
            are_short::<u128>(&texts.clone().sliced(0, 3)) && !are_short::<u64>(&texts.clone().sliced(0, 2))
        );
        assert!(
            are_short::<u64>(&texts.clone().sliced(0, 1)) && are_short::<u64>(&texts.clone().sliced(0, 0))
        );
        for (row, has) in has.into_iter().enumerate() {
            assert_eq!(short::<u64>(texts)(row).is_some(), row == 0);
            assert_eq!(short::<u128>(texts)(row).is_some(), has);
            assert_eq!(<u64 as Packed>::of(texts.value(row)), short(texts)(row));
            assert_eq!(<u128 as Packed>::of(texts.value(row)), short(texts)(row));
        }
    }

    proptest! {
        /// Zeros at the end, too, are letters.
        #[test]
        fn numbers_are_equal_where_texts_are(
            short in prop::collection::vec("[a\0]{0,7}", 1..30),
            long in prop::collection::vec("[ab]?[a\0]{0,14}", 1..30),
            start: prop::sample::Index,
        ) {
            check::<u64>(&short, start.index(short.len()));
            check::<u128>(&short, start.index(short.len()));
            check::<u128>(&long, start.index(long.len()));
        }
    }
}
