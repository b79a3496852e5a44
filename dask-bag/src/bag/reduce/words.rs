//! How often each word of texts occurs.
//!
//! A word takes some ten nanoseconds to count, of which half would go into the ends of lines: to find the next line, to
//! call what looks at it, and to guess wrongly how long its last word is. So the words of lines that are read are those of
//! all the text that lies in the buffer, whose white space is found 64 bytes at a time.

use dask_graph::{Args, OpError, Packer, Refused, UnpackError, Unpacker, Value, make_pair_portable};

use super::Reduction;
use super::counts::{Counts, Texts};
use super::groups::Groups;
use super::joins::Pairwise;
use crate::bag::Bag;
use crate::bag::strings::Strings;
use crate::stream::{Flow, NEXT, Of, Run, Sink, Stream, for_each_lent};

impl<T: AsRef<str> + Clone + Send + Sync + 'static> Strings<'_, T> {
    /// A bag of pairs: each distinct word between white space, and how often it occurs.
    ///
    /// The same as [`split`](Self::split), [`flatten`](Bag::flatten) and [`frequencies`](Bag::frequencies), several
    /// times as fast: no word is made a `String` of its own but the distinct ones, and lines of text are not even cut.
    ///
    /// ```
    /// use dask_bag::{Bag, Partitions};
    /// use dask_graph::Collection;
    ///
    /// let lines = Bag::from_sequence(["to be", "or not to be"], Partitions::count(2));
    /// let counts = lines.str().word_frequencies().compute_with(&dask_sched_sync::Sync::new()).unwrap();
    /// assert_eq!(counts[..2], [("to".into(), 2), ("be".into(), 2)]);
    /// ```
    #[track_caller]
    pub fn word_frequencies(&self) -> Bag<(String, u64)> {
        const LABEL: &str = "word_frequencies";
        make_pair_portable::<String, u64>();
        let (bag, token) = (self.bag, self.bag.token(LABEL));
        if let Some(targets) = bag.split_out {
            let sink = WordFrequencies(Of::<Groups<String, u64>>::default());
            return bag.reduce_split(LABEL, token, sink, |a, b| *a += b, |word, n| Some((word, n)), targets);
        }
        let sink = WordFrequencies(Of::<Texts>::default());
        let reduction = Reduction { label: LABEL, sink, join: Pairwise(Texts::joined), store: Value::sized };
        bag.reduce_to_bag(token, reduction, Texts::into_pairs)
    }
}

/// The sink of `word_frequencies`, into tables of one kind.
struct WordFrequencies<C>(Of<C>);

impl<T: AsRef<str> + 'static, C: Counts<str>> Sink<T> for WordFrequencies<C> {
    type Acc = C;

    fn label(&self) -> Option<&str> {
        Some("word_frequencies")
    }

    fn start(&self) -> C {
        C::default()
    }

    fn push(&self, _: &Run, counts: &mut C, item: T) -> Flow {
        for_each_word(item.as_ref(), |word| counts.count(word));
        NEXT
    }

    fn drain(
        &self,
        stream: &dyn Stream<T>,
        run: &Run,
        args: &mut Args<'_>,
        counts: &mut C,
    ) -> Result<(), OpError> {
        let mut count = |text: &str| for_each_word(text, |word| counts.count(word));
        if stream.drive_text(args, &mut count)? {
            return Ok(());
        }
        for_each_lent(stream, run, args, |item| {
            count(item.as_ref());
            NEXT
        })
    }

    fn finish(&self, counts: C) -> Result<Value, OpError> {
        Ok(Value::sized(counts))
    }

    fn pack(&self, _: &mut Packer) -> Result<(), Refused> {
        Ok(())
    }

    fn unpack(_: &mut Unpacker<'_>) -> Result<Self, UnpackError> {
        Ok(Self(Of::default()))
    }
}

/// Gives each word of `text`, as [`str::split_whitespace`] does.
#[inline]
fn for_each_word(text: &str, mut word: impl FnMut(&str)) {
    let (blocks, rest) = text.as_bytes().as_chunks();
    // The end of the text ends a word, too.
    let mut last = [0; 64];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = b' ';
    let blocks = blocks.iter().chain([&last]);
    let mut start = 0;
    // Whether one of the blocks in which the word lies may hold white space that is not ASCII.
    let mut is_ascii = true;
    for (block, from) in blocks.zip((0..).step_by(64)) {
        let block_is_ascii = block.is_ascii();
        is_ascii &= block_is_ascii;
        let mut ends = white_space(block);
        while ends != 0 {
            let end = from + ends.trailing_zeros() as usize;
            match &text[start..end] {
                "" => {}
                part if is_ascii => word(part),
                part => part.split_whitespace().for_each(&mut word),
            }
            (start, is_ascii) = (end + 1, block_is_ascii);
            ends &= ends - 1;
        }
    }
}

/// A bit for each byte that is white space.
#[inline]
fn white_space(block: &[u8; 64]) -> u64 {
    let is_white = block.map(|byte| u8::from(byte == b' ' || byte.wrapping_sub(b'\t') < 5));
    let eights = is_white.as_chunks().0.iter().rev();
    // Eight bytes that are 0 or 1 become the highest byte of the product.
    eights.fold(0, |bits, eight| {
        bits << 8 | u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_byte_of_white_space_has_its_bit() {
        for at in 0..64 {
            for byte in 0..128 {
                let mut block = [b'x'; 64];
                block[at] = byte;
                let expected = u64::from(char::from(byte).is_whitespace()) << at;
                assert_eq!(white_space(&block), expected, "{byte} at {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn words_are_those_of_the_standard_library(
            text in prop_oneof!["[ab \n]{0,300}", "([a-z]{0,20}[ \t\u{b}\u{85}\u{a0}\u{2003}é]){0,40}", ".{0,200}"],
        ) {
            let mut words = Vec::new();
            for_each_word(&text, |word| words.push(word.to_owned()));
            prop_assert_eq!(words, text.split_whitespace().collect::<Vec<_>>());
        }
    }
}
